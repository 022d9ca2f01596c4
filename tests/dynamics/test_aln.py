"""The ALN model: neurolib's runs, published states, tables of one's own."""

import pickle

import numpy as np
import pytest
from scipy.signal import welch
from sklearn.base import clone
from sklearn.utils import Bunch

from skneuro.compat import drive_from_neurolib, from_neurolib
from skneuro.dynamics import (
    ALN,
    NetworkSimulator,
    SubSample,
    WilsonCowan,
    aln_transfer,
    simulate_batch,
)
from skneuro.exceptions import SimulationError

WEIGHTS = np.array([[0.0, 0.5, 0.2], [1.0, 0.0, 0.3], [0.4, 0.1, 0.0]])
LENGTHS = np.array([[0.0, 10.0, 25.0], [12.0, 0.0, 8.0], [30.0, 5.0, 0.0]])  # mm
STIMULUS = 0.3 * np.outer([1.0, 0.0, -1.0], np.sin(2 * np.pi * np.arange(500) / 100))
NODES = np.array([1.0, 1.5, 2.0])
SMALL_CASE = {
    "duration": 50.0,
    "dt": 0.1,
    "signalV": 20.0,
    "a": 15.0,
    "b": 40.0,
    "mue_ext_mean": 2.0,
    "mui_ext_mean": 0.5,
    "mue_ou": 2.0,
    "mui_ou": 0.5,
    "ext_exc_current": STIMULUS,
    "ext_exc_rate": 0.002,  # kHz
    "mufe_init": 1.0 * NODES,
    "mufi_init": 0.5 * NODES,
    "seem_init": 0.1 * NODES,
    "seim_init": 0.2 * NODES,
    "siem_init": 0.15 * NODES,
    "siim_init": 0.25 * NODES,
    "seev_init": 1e-4 * NODES,
    "seiv_init": 2e-4 * NODES,
    "siev_init": 3e-4 * NODES,
    "siiv_init": 4e-4 * NODES,
    "rates_exc_init": [[1.0], [2.0], [3.0]],
    "rates_inh_init": [[4.0], [5.0], [6.0]],
    "IA_init": [[10.0], [20.0], [30.0]],
}
OURS = {"rates_exc": "rate_exc", "rates_inh": "rate_inh", "IA": "adaptation"}
FINAL = {
    "mufe": "mu_exc",
    "mufi": "mu_inh",
    "seem": "s_excexc",
    "siem": "s_excinh",
    "seim": "s_inhexc",
    "siim": "s_inhinh",
    "seev": "var_excexc",
    "siev": "var_excinh",
    "seiv": "var_inhexc",
    "siiv": "var_inhinh",
}


@pytest.fixture
def neurolib_table(shared_data):
    return shared_data / "neurolib" / "quantities_cascade.h5"


def run_small_case(**settings):
    simulator = from_neurolib("aln", SMALL_CASE, WEIGHTS, LENGTHS)
    X = drive_from_neurolib("aln", SMALL_CASE, n_nodes=3)
    return simulator.set_params(**settings).simulate(X).isel(sample=0)


# -- runs of neurolib ----------------------------------------------------------------


def test_small_network_ends_where_neurolib_does():
    # with the shipped table, whose time constants are finer than neurolib's
    end = run_small_case().isel(time=-1)
    rates = [8.001659598, 10.37728, 10.00870705]  # Hz
    adaptation = [134.8108629, 140.2902655, 139.1993486]  # pA
    np.testing.assert_allclose(end["rate_exc"], rates, rtol=2e-3)
    np.testing.assert_allclose(end["adaptation"], adaptation, rtol=2e-4)


def test_small_network_equals_neurolib(golden, neurolib_table):
    series = run_small_case(transfer=neurolib_table)
    np.testing.assert_allclose(series["time"], golden["aln.t"], rtol=1e-12)
    for theirs, ours in OURS.items():
        np.testing.assert_allclose(series[ours], golden[f"aln.{theirs}"], rtol=1e-10)
    for theirs, ours in FINAL.items():
        np.testing.assert_allclose(
            series[ours][:, -1], golden[f"aln.final_{theirs}"], rtol=1e-10
        )


@pytest.mark.parametrize("case", ["aln_single", "aln_network"])
def test_whole_run_equals_neurolib(case, reference_runs, gw_network, neurolib_table):
    about, initial, expected = reference_runs[case]
    network = gw_network if about["network"] else (None, None)
    params = {**about["params"], **initial}
    simulator = from_neurolib("aln", params, *network)
    monitor = SubSample(about["every"] * params["dt"])
    series = simulator.set_params(transfer=neurolib_table, monitor=monitor).simulate()
    for theirs, ours in OURS.items():
        np.testing.assert_allclose(series[ours], expected[theirs], rtol=1e-9)


def ornstein_uhlenbeck(xi, mean):
    """Noise that neurolib's steps see, from its normal numbers."""
    z, series = np.full(len(xi), mean), []
    for column in xi.T:
        series.append(z)
        z = z + (mean - z) * 0.1 / 5 + 0.01 * np.sqrt(0.1) * column
    return np.transpose(series)


def test_seeded_noise_of_neurolib_passed_as_drive(golden, neurolib_table):
    # noise adds where a current does, so neurolib's own stream can be passed in
    seeded = np.random.RandomState(42)
    scales = {
        "mufe": 3, "mufi": 3, "seem": 0.5, "seim": 0.5, "seev": 0.001, "seiv": 0.001,
        "siim": 0.5, "siem": 0.5, "siiv": 0.01, "siev": 0.01,
    }  # fmt: skip
    params = {
        f"{n}_init": scale * seeded.uniform(0, 1, 3) for n, scale in scales.items()
    }
    for name, scale in (("rates_exc", 0.01), ("rates_inh", 0.01), ("IA", 200.0)):
        params[f"{name}_init"] = scale * seeded.uniform(0, 1, (3, 1))
    assert params["mufe_init"][0] == pytest.approx(1.1236203565)
    params |= {"duration": 50.0, "mue_ou": 0.0, "mui_ou": 0.0}
    params |= {"mue_ext_mean": 0.0, "mui_ext_mean": 0.0}
    simulator = from_neurolib("aln", params, WEIGHTS, LENGTHS)
    seeded = np.random.RandomState(42)
    noise = [
        ornstein_uhlenbeck(seeded.standard_normal((3, 500)), mean)
        for mean in (0.4, 0.3)
    ]
    simulator.set_params(transfer=neurolib_table, inputs=("exc", "inh"))
    series = simulator.simulate(np.concatenate(noise)[None])
    for theirs, ours in OURS.items():
        np.testing.assert_allclose(
            series[ours][0], golden[f"seed42_aln.{theirs}"], rtol=1e-10, atol=1e-14
        )


def test_tables_in_the_parameters_of_neurolib_are_taken(golden, neurolib_table):
    h5py = pytest.importorskip("h5py")
    names = {
        "Irange": "mu_vals",
        "sigmarange": "sigma_vals",
        "precalc_r": "r_ss",
        "precalc_V": "V_mean_ss",
        "precalc_tau_mu": "tau_mu_exp",
        "precalc_tau_sigma": "tau_sigma_exp",
    }
    with h5py.File(neurolib_table) as file:
        tables = {ours: file[theirs][()] for ours, theirs in names.items()}
    simulator = from_neurolib("aln", SMALL_CASE | tables, WEIGHTS, LENGTHS)
    X = drive_from_neurolib("aln", SMALL_CASE | tables, n_nodes=3)
    series = simulator.simulate(X).isel(sample=0)
    np.testing.assert_allclose(series["rate_exc"], golden["aln.rates_exc"], rtol=1e-10)


def test_looked_up_values_are_those_of_neurolib(golden, neurolib_table):
    from skneuro.dynamics._aln_tables import read_transfer

    sigma, mu = golden["table.probe_sigma_mu"].T  # some of them outside the table
    values = np.transpose(read_transfer(neurolib_table)(mu, sigma))
    np.testing.assert_allclose(
        values, golden["table.r_V_taumu_tausigma"], rtol=1e-10, atol=1e-14
    )
    grid = np.meshgrid(golden["table.mu"], golden["table.sigma"], indexing="ij")
    names = ("r", "V", "tau_mu", "tau_sigma")
    for values, name in zip(read_transfer(neurolib_table)(*grid), names, strict=True):
        expected = golden[f"table.precalc_{name}"]
        np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-12)
    known = read_transfer(None)(1.7, 3.2)  # kHz, mV, ms; ours
    np.testing.assert_allclose(known[:2], [0.0506995312, -58.7465165], rtol=1e-8)
    assert known[2] == pytest.approx(1.215, abs=0.02)


def test_parameters_of_neurolib_are_taken_over():
    params = {
        "c_gl": 0.1, "Ke_gl": 200.0, "Ke": 700.0, "Ki": 100.0, "cee": 0.21, "cie": 0.22,
        "cei": 0.23, "cii": 0.24, "Jee_max": 2.1, "Jie_max": 2.2, "Jei_max": -2.3,
        "Jii_max": -2.4, "tau_se": 2.5, "tau_si": 5.5, "de": 3.0, "di": 1.0,
        "sigmae_ext": 1.1, "sigmai_ext": 1.2, "a": 1.0, "b": 2.0, "EA": -75.0,
        "tauA": 100.0, "C": 210.0, "gL": 11.0, "filter_sigma": 1, "ext_exc_rate": 0.003,
        "ext_inh_rate": 0.004, "ext_inh_current": 0.6, "sigma_ou": 0.1, "warn": 0,
        "distr_delay": 0, "Vr": -70.0,
    }  # fmt: skip
    simulator = from_neurolib("aln", params)
    found = simulator.get_params()
    expected = {
        "coupling": 0.1, "n_syn_network": 200.0, "n_syn_exc": 700.0, "n_syn_inh": 100.0,
        "c_excexc": 0.21, "c_excinh": 0.22, "c_inhexc": 0.23, "c_inhinh": 0.24,
        "j_excexc": 2.1, "j_excinh": 2.2, "j_inhexc": -2.3, "j_inhinh": -2.4,
        "tau_syn_exc": 2.5, "tau_syn_inh": 5.5, "delay_exc": 3.0, "delay_inh": 1.0,
        "sigma_ext_exc": 1.1, "sigma_ext_inh": 1.2, "a": 1.0, "b": 2.0,
        "e_adaptation": -75.0, "tau_adaptation": 100.0, "capacitance": 210.0,
        "g_leak": 11.0, "filter_sigma": True, "exc_rate_input": 3.0,
        "inh_rate_input": 4.0, "exc_input": 0.0, "inh_input": 0.6, "sigma": 0.1,
        "transfer": None, "noise_mean": {"exc": 0.4, "inh": 0.3},
        "initial_state": {"exc_noise": 0.4, "inh_noise": 0.3},
    }  # fmt: skip
    assert {name: found[name] for name in expected} == expected
    given = {*expected, "connectivity", "duration", "inputs", "labels", "transfer_inh"}
    assert set(ALN.parameters) <= given
    with pytest.raises(ValueError, match="distr_delay=1 has no counterpart"):
        from_neurolib("aln", {"distr_delay": 1})


# -- published behaviour -------------------------------------------------------------


def settle(points, **settings):
    """Rates at the end of a second, arrived at from below and from above.

    The input comes back from 2 mV/ms less, and more, within some 150 ms.
    """
    ramp = 2.0 * np.exp(-np.arange(1500) / 150.0)
    node = ALN(
        duration=None,
        stimulus_interval=1.0,
        monitor=SubSample(1.0),
        random_state=0,
        **settings,
    )
    sets = [{"exc_input": exc, "inh_input": inh} for exc, inh in points]
    rates = simulate_batch(node, sets, np.stack([-ramp, ramp])[:, None])
    return rates[:, :, 0, 1000:]  # (n_points, 2, n_times)


def test_states_without_adaptation_are_where_they_were_published():
    # doi:10.1371/journal.pcbi.1007822, figure 2: points A1, A2, A3 in mV/ms, and
    # beyond them the up state
    down, cycle, bistable, up = settle(
        [(1.2, 1.2), (1.3, 0.5), (2.05, 1.7), (3.0, 1.0)]
    )
    for rest in (down, bistable, up):
        assert np.ptp(rest, axis=1).max() < 0.5
    assert down.max() < 1
    assert up.min() > 40
    assert bistable[0].max() < 1
    assert bistable[1].min() > 20
    assert (np.ptp(cycle, axis=1) > 30).all()
    frequency, power = welch(cycle, fs=1000.0, nperseg=500)
    assert (np.abs(frequency[power.argmax(axis=1)] - 24) < 6).all()  # Hz


def test_regions_lie_as_in_the_published_diagram():
    # with more inhibition the cycle gives way to the bistable region, which widens
    exc = np.linspace(0.0, 4.0, 21)
    rates = settle([(e, i) for i in (0.4, 3.2) for e in exc])
    rates = rates.reshape(2, 21, 2, -1)
    cycles = (np.ptp(rates, axis=-1) > 5).all(axis=-1)
    split = np.abs(np.diff(rates.mean(axis=-1), axis=-1))[..., 0] > 5
    weak, strong = 0, 1  # inhibition
    assert (np.flatnonzero(cycles[weak]) == np.arange(3, 7)).all()
    assert not split[weak].any()
    assert not cycles[strong].any()
    assert (np.flatnonzero(split[strong]) == np.arange(11, 15)).all()
    for level, first, last in ((rates[weak], 3, 6), (rates[strong], 11, 14)):
        assert level[:first].max() < 5  # Hz, down
        assert level[last + 1 :].min() > 10  # up


def test_adaptation_makes_the_bistable_region_oscillate_slowly():
    # the same figure, points B3 (slow cycle of excitation and adaptation) and B4 (down)
    node = ALN(duration=4000.0, a=15.0, b=40.0, monitor=SubSample(1.0), random_state=0)
    points = [
        {"exc_input": 4.0, "inh_input": 1.8},
        {"exc_input": 3.8, "inh_input": 2.0},
    ]
    cycle, rest = simulate_batch(node, points)[:, 0, 2000:]
    assert cycle.max() > 20
    assert cycle.min() < 1
    frequency, power = welch(cycle, fs=1000.0, nperseg=2000)
    assert 1 < frequency[power.argmax()] < 5  # Hz
    assert np.ptp(rest) < 0.1
    assert rest.max() < 1


# -- the same bits however it is run -------------------------------------------------


@pytest.mark.parametrize("filter_sigma", [False, True])
def test_runs_are_the_same_in_pieces_and_batches(filter_sigma):
    rng = np.random.default_rng(0)
    weights = rng.uniform(size=(5, 5))
    simulator = ALN(
        weights,
        rng.uniform(0, 100, size=(5, 5)),
        exc_input=rng.uniform(1.0, 2.0, size=5),
        delay_exc=rng.uniform(0.0, 6.0, size=5),
        filter_sigma=filter_sigma,
        sigma=0.1,
        duration=30.0,
        inputs=ALN.ports,
        random_state=0,
    )
    X = rng.uniform(0, 1, size=(3, 20, 300))
    whole = simulator.fit(X).simulate(X)
    assert len(np.unique(whole["rate_exc"][:, :, -1])) == 15
    states, joined = None, []
    for piece in (X[..., :77], X[..., 77:90], X[..., 90:]):
        simulator.set_params(duration=0.1 * piece.shape[-1])
        simulator, states = pickle.loads(pickle.dumps((simulator, states)))
        joined.append(simulator.simulate(piece, continue_from=states))
        states = simulator.state_
    for variable in whole:
        series = np.concatenate([part[variable] for part in joined], axis=-1)
        np.testing.assert_array_equal(series, whole[variable])
    simulator.set_params(duration=30.0, n_jobs=2)
    batch = simulate_batch(simulator, [{"coupling": c} for c in (0.1, 0.3)] * 5, X)
    np.testing.assert_array_equal(batch[7], whole["rate_exc"])


def test_every_parameter_may_differ_by_node():
    changed = {
        name: np.array([value, 1.02 * value, 0.98 * value + 0.01])
        for name, value in ALN.parameters.items()
        if isinstance(value, float)
    }
    node = ALN(np.zeros((3, 3)), duration=30.0, initial_state={"adaptation": 0.0})
    first = node.set_params(**changed, random_state=0).simulate()
    start = {v: float(first[v][1, 0]) for v in first}
    together = node.set_params(initial_state=start).simulate()
    for k in range(3):
        one = {name: float(value[k]) for name, value in changed.items()}
        alone = ALN(duration=30.0, initial_state=start, **one).simulate()
        for variable in alone:
            np.testing.assert_allclose(
                together[variable][k], alone[variable][0], rtol=1e-12, atol=1e-15
            )


def test_float32_stays_near_float64():
    simulator = ALN(
        WEIGHTS, LENGTHS, exc_input=1.5, sigma=0.05, duration=50.0, random_state=0
    )
    exact = simulator.simulate()
    single = simulator.set_params(dtype="float32").simulate()
    for variable in exact:
        scale = np.abs(exact[variable]).max()
        assert np.abs(single[variable] - exact[variable]).max() < 1e-3 * scale


def test_groups_of_a_network_are_nodes_of_one_simulator(small_table):
    settings = {"duration": 30.0, "random_state": 0}
    start = {v: sum(ALN.initial[v]) / 2 for v in (*ALN.states, *ALN.algebraic)}
    node = ALN(exc_input=1.5, delay_inh=1.0, initial_state=start)
    whole = clone(node).set_params(
        connectivity=WEIGHTS, tract_lengths=LENGTHS, **settings
    )
    expected = whole.simulate()
    network = NetworkSimulator(
        [("a", node), ("b", node)], WEIGHTS, LENGTHS, n_nodes=[1, 2], **settings
    )
    series = network.simulate()
    for variable in expected:
        joined = [series[f"{g}__{variable}"] for g in ("a", "b")]
        np.testing.assert_allclose(
            np.concatenate(joined), expected[variable], rtol=1e-12, atol=1e-15
        )
    # each group has its own table and delays; a rate goes to another model
    mixed = NetworkSimulator(
        [("a", clone(node)), ("wc", WilsonCowan())],
        {("a__rate_inh", "wc__net"): 0.1, ("wc__exc", "a__exc_rate"): 50.0},
        **settings,
    )
    sets = [{}, {"a__transfer": small_table}, {"a__delay_exc": 0.0}]
    rates = simulate_batch(mixed, [*sets, {"a__filter_sigma": True}])
    assert len({one.tobytes() for one in rates}) == 4
    with pytest.raises(ValueError, match=r"a: transfer lacks \['sigma'"):
        mixed.set_params(a__transfer={"mu": [0, 1]}).simulate()


@pytest.mark.parametrize("record", ["rate_exc", "adaptation"])
def test_what_is_not_a_number_leaves_as_an_error(record):
    # clipped variances and the edges of the table cannot hide it
    node = ALN(duration=5.0, exc_rate_input=1e308, record=record, random_state=0)
    with pytest.raises(SimulationError, match="ALN diverged at t = "):
        node.simulate()
    sets = [{"exc_rate_input": rate} for rate in (0.0, 1e308, 0.0)]
    with pytest.warns(UserWarning, match="parameter set 1"):
        series = simulate_batch(node, sets, on_divergence="warn")
    assert np.isnan(series[1]).all()
    assert np.isfinite(series[[0, 2]]).all()


# -- delays, filter, tables ----------------------------------------------------------


def test_delays_inside_a_node_are_waited_for():
    # a kick of the rate is felt by the synapses after the delay, not before
    def synapses(**delays):
        node = ALN(duration=10.0, random_state=0, **delays)
        past = {"rate_exc": 0.0, "rate_inh": 0.0, "mu_exc": 0.5, "mu_inh": 0.5}
        quiet = node.set_params(initial_state=past).simulate()
        past = {**past, "rate_exc": 50.0, "rate_inh": 50.0}
        past = {n: [[0.0, v]] if n.startswith("rate") else v for n, v in past.items()}
        kicked = node.set_params(initial_state=past).simulate()
        return [
            int(np.argmax(np.abs(kicked[name][0] - quiet[name][0]).values > 1e-9))
            for name in ("s_excexc", "s_excinh", "s_inhexc", "s_inhinh")
        ]

    assert synapses(delay_exc=4.0, delay_inh=2.0) == [40, 40, 20, 20]
    assert synapses(delay_exc=0.0, delay_inh=0.34) == [0, 0, 3, 3]
    with pytest.raises(ValueError, match="delay_exc must not be negative, got -1"):
        ALN(delay_exc=-1.0).simulate()
    with pytest.raises(ValueError, match="delay_inh makes the longest delay 1e"):
        ALN(delay_inh=1e12).simulate()


def test_filtered_sigma_follows_with_its_response_time():
    # after a step of the external sigma, no spikes: an exponential of tau_sigma
    flat = {
        "mu": [0.0, 1.0],
        "sigma": [1.0, 3.0],
        "rate": np.zeros((2, 2)),
        "voltage": np.full((2, 2), -60.0),
        "tau": np.ones((2, 2)),
        "tau_sigma": np.full((2, 2), 7.0),
    }
    silent = dict.fromkeys((*ALN.states, "rate_exc", "rate_inh"), 0.0)
    start = silent | {"sigma_exc": 1.0, "sigma_inh": 2.0}
    node = ALN(transfer=flat, sigma_ext_exc=2.0, sigma_ext_inh=[2.0], duration=40.0)
    node.set_params(initial_state=start)
    at_once = node.simulate()
    assert (at_once["sigma_exc"] == 2.0).all()
    filtered = node.set_params(filter_sigma=True).simulate()
    expected = 2.0 - (1 - 0.1 / 7.0) ** np.arange(1, 401)
    np.testing.assert_allclose(filtered["sigma_exc"][0], expected, rtol=1e-12)
    assert (filtered["sigma_inh"] == 2.0).all()
    instant = flat | {"tau_sigma": np.zeros((2, 2))}  # counts as dt
    filtered = node.set_params(transfer=instant).simulate()
    np.testing.assert_allclose(filtered["sigma_exc"][0], 2.0, rtol=1e-15)


def test_nodes_are_filtered_each_for_itself():
    settings = {"filter_sigma": True, "duration": 50.0, "random_state": 0}
    inputs = np.array([0.5, 1.5])
    start = {v: sum(ALN.initial[v]) / 2 for v in (*ALN.states, *ALN.algebraic)}
    settings["initial_state"] = start
    both = ALN(np.zeros((2, 2)), exc_input=inputs, **settings).simulate()
    for k in range(2):
        alone = ALN(exc_input=inputs[k], **settings).simulate()
        np.testing.assert_allclose(both["sigma_exc"][k], alone["sigma_exc"][0])
    assert np.abs(np.diff(both["sigma_exc"][:, -1])) > 0.01


@pytest.fixture(scope="module")
def small_table():
    return aln_transfer([-1.0, 1.0, 3.0], [1.0, 2.0, 3.0], dv=0.1)


def test_inhibitory_neurons_may_have_a_table_of_their_own(small_table):
    # each population alone sees its own table only
    apart = ALN(
        duration=20.0, exc_input=1.5, inh_input=1.2, c_inhexc=0.0, c_excinh=0.0,
        random_state=0,
    )  # fmt: skip
    usual = apart.simulate()
    other = apart.set_params(transfer=small_table).simulate()
    mixed = apart.set_params(transfer=None, transfer_inh=small_table).simulate()
    np.testing.assert_array_equal(mixed["rate_exc"], usual["rate_exc"])
    np.testing.assert_array_equal(mixed["rate_inh"], other["rate_inh"])
    assert np.abs(other["rate_inh"] - usual["rate_inh"]).max() > 0.1

    together = ALN(duration=20.0, exc_input=1.5, random_state=0, transfer=small_table)
    same = together.simulate()["rate_exc"]
    named = together.set_params(transfer_inh=small_table).simulate()["rate_exc"]
    np.testing.assert_array_equal(named, same)
    with pytest.raises(ValueError, match=r"transfer_inh: transfer lacks \['sigma'"):
        together.set_params(transfer_inh={"mu": [0, 1]}).simulate()
    lacking = {n: v for n, v in small_table.items() if n != "tau_sigma"}
    together.set_params(transfer_inh=lacking, filter_sigma=True)
    with pytest.raises(ValueError, match="filter_sigma=True needs 'tau_sigma'"):
        together.simulate()


def test_tables_come_as_dict_and_file(small_table, tmp_path):
    h5py = pytest.importorskip("h5py")
    arrays = {n: v for n, v in small_table.items() if n != "neuron"}
    np.savez(tmp_path / "own.npz", **arrays)
    names = (
        "mu_vals",
        "sigma_vals",
        "r_ss",
        "V_mean_ss",
        "tau_mu_exp",
        "tau_sigma_exp",
    )
    ours = ("mu", "sigma", "rate", "voltage", "tau", "tau_sigma")
    with h5py.File(tmp_path / "own.h5", "w") as file:
        for theirs, name in zip(names, ours, strict=True):
            file[theirs] = arrays[name]
    node = ALN(duration=20.0, exc_input=1.5, random_state=0)
    usual = node.simulate()["rate_exc"]
    runs = [
        node.set_params(transfer=transfer).simulate()["rate_exc"]
        for transfer in (small_table, tmp_path / "own.npz", str(tmp_path / "own.h5"))
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])
    assert np.abs(runs[0] - usual).max() > 1.0
    both = simulate_batch(
        node, [{"transfer": None}, {"transfer": small_table}, {"delay_exc": 0.0}]
    )[:, 0]
    np.testing.assert_array_equal(both[0], usual[0])
    np.testing.assert_array_equal(both[1], runs[0][0])
    assert np.abs(both[2] - runs[0][0]).max() > 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"tau": None},
            r"transfer lacks \['tau'\], expected what aln_transfer returns",
        ),
        (
            {"rate": np.zeros((2, 3))},
            r"rate of transfer has shape \(2, 3\), expected \(3",
        ),
        ({"rate": -np.ones((3, 3))}, "rate of transfer has values from -1 to -1"),
        (
            {"voltage": np.full((3, 3), np.nan)},
            "voltage of transfer has values from nan",
        ),
        ({"tau": np.zeros((3, 3))}, "tau of transfer is 0 at some inputs"),
        ({"mu": [0.0, 1.0, 3.0]}, "mu of transfer is not equidistant"),
    ],
)
def test_wrong_tables_are_explained(small_table, change, message):
    with pytest.raises(ValueError, match=message):
        ALN(transfer=Bunch(**small_table | change)).simulate()


def test_wrong_files_are_explained(small_table, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none\.npz'.*there is no such file"):
        ALN(transfer=tmp_path / "none.npz").simulate()
    (tmp_path / "text.npz").write_text("mu, sigma")
    with pytest.raises(ValueError, match="neither an npz nor an HDF5 file"):
        ALN(transfer=tmp_path / "text.npz").simulate()
    np.savez(tmp_path / "part.npz", mu=[0.0, 1.0])
    with pytest.raises(ValueError, match=r"part\.npz' lacks \['sigma', 'rate'"):
        ALN(transfer=tmp_path / "part.npz").simulate()
    with pytest.raises(ValueError, match="filter_sigma=True needs 'tau_sigma'"):
        ALN(transfer={**small_table, "tau_sigma": None}, filter_sigma=True).simulate()
    with pytest.raises(ValueError, match="'transfer' parameter of ALN must be"):
        ALN(transfer=1.0).simulate()


# -- the table that ships ------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    from importlib.resources import files

    path = files("skneuro.dynamics") / "data" / "aln_transfer.npz"
    assert path.stat().st_size < 1_500_000
    with np.load(path) as arrays:
        return dict(arrays)


def test_shipped_table_has_known_values(shipped):
    # of neurolib's table: kHz, mV, ms; rows mu, columns sigma
    assert shipped["rate"].shape == (350, 64)
    np.testing.assert_allclose(shipped["mu"][[0, -1]], [-1.0, 7.0])
    np.testing.assert_allclose(shipped["sigma"][[0, -1]], [0.5, 5.0])
    points = [87, 174], [21, 21]
    np.testing.assert_allclose(
        shipped["rate"][points], [0.025415032935, 0.088488714334], rtol=1e-9
    )
    np.testing.assert_allclose(
        shipped["voltage"][points], [-57.567696400625, -56.875632218891], atol=1e-8
    )
    np.testing.assert_allclose(shipped["tau"][points], [2.451, 0.501], atol=0.02)


def test_shipped_table_equals_that_of_neurolib(shipped, neurolib_table):
    h5py = pytest.importorskip("h5py")
    with h5py.File(neurolib_table) as file:
        np.testing.assert_allclose(
            shipped["mu"], file["mu_vals"], rtol=1e-12, atol=1e-12
        )
        np.testing.assert_allclose(shipped["sigma"], file["sigma_vals"], rtol=1e-12)
        names = ("r_ss", "V_mean_ss", "tau_mu_exp", "tau_sigma_exp")
        rate, voltage, tau, tau_sigma = (file[name][()] for name in names)
    firing = rate > 1e-6
    assert firing.mean() > 0.5
    np.testing.assert_allclose(shipped["rate"][firing], rate[firing], rtol=1e-6)
    np.testing.assert_allclose(shipped["voltage"], voltage, atol=1e-4)
    np.testing.assert_allclose(shipped["tau"], tau, atol=0.02)
    # theirs is relative to a difference quotient, which is rough near its zeros
    error = np.abs(shipped["tau_sigma"] - tau_sigma)[firing]
    assert np.quantile(error, 0.98) < 0.02


def test_shipped_table_is_what_its_script_computes(shipped):
    rows, columns = slice(60, 260, 199), slice(10, 60, 49)
    again = aln_transfer(
        shipped["mu"][rows], shipped["sigma"][columns], compat="neurolib"
    )
    for name in ("rate", "voltage", "tau", "tau_sigma"):
        np.testing.assert_allclose(
            again[name], shipped[name][rows, columns], rtol=1e-9, atol=1e-5
        )
