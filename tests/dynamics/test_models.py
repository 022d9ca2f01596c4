"""The models beyond Hopf and Wilson-Cowan: neurolib's runs and published behaviour."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import welch

from skneuro.compat import drive_from_neurolib, from_neurolib
from skneuro.dynamics import (
    FitzHughNagumo,
    JansenRit,
    Kuramoto,
    MontbrioPazoRoxin,
    ReducedWongWang,
    SubSample,
    WongWang,
    simulate_batch,
)
from skneuro.metrics import kuramoto_order

WEIGHTS = np.array([[0.0, 0.5, 0.2], [1.0, 0.0, 0.3], [0.4, 0.1, 0.0]])
LENGTHS = np.array([[0.0, 10.0, 25.0], [12.0, 0.0, 8.0], [30.0, 5.0, 0.0]])  # mm
STIMULUS = 0.3 * np.outer([1.0, 0.0, -1.0], np.sin(2 * np.pi * np.arange(500) / 100))
COLUMN = [[0.01], [0.02], [0.03]], [[0.04], [0.03], [0.02]]
FHN = {"x_ext": STIMULUS + 0.8, "xs_init": COLUMN[0], "ys_init": COLUMN[1]}
SMALL_CASES = {
    "fhn_diffusive": ("fhn", {**FHN, "coupling": "diffusive"}, {}),
    "fhn_additive": ("fhn", {**FHN, "coupling": "additive"}, {}),
    "ww": (
        "ww",
        {"ses_init": COLUMN[0], "sis_init": COLUMN[1]},
        {"se": ("s_exc", 1), "si": ("s_inh", 1), "r_exc": ("r_exc", 1e-3)},
    ),
    "kuramoto_nodelay": (
        "kuramoto",
        {"theta_init": [[0.1], [2.0], [4.0]], "omega": [0.1, 0.2, 0.15]},
        {},
    ),
}


def run_small_case(case):
    name, params, _ = SMALL_CASES[case]
    params = {"duration": 50.0, "dt": 0.1, "signalV": 20.0, **params}
    lengths = None if case == "kuramoto_nodelay" else LENGTHS
    simulator = from_neurolib(name, params, WEIGHTS, lengths)
    if name == "fhn":
        X = drive_from_neurolib(name, params, n_nodes=3)
        return simulator.simulate(X).isel(sample=0)
    return simulator.simulate()


@pytest.mark.parametrize(
    ("case", "variable", "at_50_ms"),
    [
        ("fhn_diffusive", "x", [0.1243236584, 0.2229153161, 0.6687698346]),
        ("ww", "r_exc", [2.278475669, 2.58541413, 2.30001981]),  # Hz
        ("kuramoto_nodelay", "theta", [0.3673740023, 0.4540096873, 0.4251150594]),
    ],
)
def test_small_network_ends_where_neurolib_does(case, variable, at_50_ms):
    end = run_small_case(case)[variable].isel(time=-1)
    np.testing.assert_allclose(end, at_50_ms, rtol=1e-8)


@pytest.mark.parametrize("case", SMALL_CASES)
def test_small_network_equals_neurolib(case, golden):
    series = run_small_case(case)
    names = SMALL_CASES[case][2] or {v: (v, 1) for v in series}
    for theirs, (ours, factor) in names.items():
        np.testing.assert_allclose(
            factor * series[ours], golden[f"{case}.{theirs}"], rtol=1e-10, atol=1e-14
        )


@pytest.mark.parametrize(
    "case", ["fhn_single", "fhn_network", "ww_single", "ww_network", "kuramoto_network"]
)
def test_whole_run_equals_neurolib(case, reference_runs, gw_network):
    about, initial, expected = reference_runs[case]
    weights, lengths = gw_network if about["network"] else (None, None)
    if about["model"] == "kuramoto":
        lengths = None
    params = {**about["params"], **initial}
    simulator = from_neurolib(about["model"], params, weights, lengths)
    monitor = SubSample(about["every"] * params["dt"])
    series = simulator.set_params(monitor=monitor).simulate()
    names = {"se": "s_exc", "si": "s_inh"}
    for theirs, values in expected.items():
        ours = series[names.get(theirs, theirs)].values
        if theirs.startswith("r_"):
            ours = ours * 1e-3  # Hz to kHz
        if theirs == "theta":  # on a circle, 0 and 2 pi are neighbours
            error = np.abs(np.angle(np.exp(1j * (ours - values))))
            assert error.max() < 1e-9
        else:
            np.testing.assert_allclose(ours, values, rtol=1e-9, atol=1e-12)


def test_fitzhugh_nagumo_oscillates_between_two_inputs():
    inputs = [0.6, 0.9, 1.2, 1.5]
    node = FitzHughNagumo(duration=3000.0, random_state=0, monitor=SubSample(1.0))
    x = simulate_batch(node, [{"x_input": i} for i in inputs])[:, 0, 1500:]
    amplitude = x.max(axis=1) - x.min(axis=1)
    np.testing.assert_array_equal(amplitude > 0.5, [False, True, True, False])
    assert (amplitude[[0, 3]] < 1e-6).all()


def test_delays_of_kuramoto_are_in_milliseconds():
    # neurolib takes whole milliseconds for steps; here a sum in each step, by hand
    frequency, theta = np.array([0.1, 0.2, 0.15]), np.array([0.1, 2.0, 4.0])
    network = Kuramoto(
        WEIGHTS,
        LENGTHS,
        coupling=0.5,
        frequency=frequency,
        duration=30.0,
        initial_state={"theta": theta},
    )
    steps = np.rint(LENGTHS / 20.0 / 0.1).astype(int)
    past = [theta] * (steps.max() + 1)  # latest first
    expected = []
    for _ in range(300):
        seen = np.array(past)[steps, np.arange(3)]
        pull = (WEIGHTS * np.sin(seen - past[0][:, None])).sum(axis=1)
        past.insert(0, past[0] + 0.1 * (frequency + 0.5 / 3 * pull))
        expected.append(past[0] % (2 * np.pi))
    theta = network.simulate()["theta"]
    np.testing.assert_allclose(theta, np.transpose(expected), rtol=1e-12)
    alone = Kuramoto(frequency=0.1, duration=30.0, initial_state={"theta": 0.1})
    assert np.abs(theta[0] - alone.simulate()["theta"][0]).max() > 0.1


def test_kuramoto_synchronises_beyond_the_critical_coupling():
    # All-to-all, Lorentzian frequencies of half-width g: critical coupling 2 g, and an
    # order of sqrt(1 - 2 g / K) beyond it (Kuramoto 1984).
    n_nodes, width = 400, 0.01  # rad/ms
    quantiles = (np.arange(n_nodes) + 0.5) / n_nodes
    frequency = 0.25 + width * np.tan(np.pi * (quantiles - 0.5))
    ratios = np.array([0.5, 1.5, 2.0, 4.0])
    network = Kuramoto(
        np.ones((n_nodes, n_nodes)),
        frequency=frequency,
        duration=2000.0,
        random_state=0,
        monitor=SubSample(5.0),
    )
    phases = simulate_batch(network, [{"coupling": 2 * width * r} for r in ratios])
    order = kuramoto_order(phases, method="phase")[:, 200:].mean(axis=1)
    assert order[0] < 0.15
    np.testing.assert_allclose(order[1:], np.sqrt(1 - 1 / ratios[1:]), atol=0.05)


def test_jansen_rit_makes_an_alpha_rhythm():
    eeg = JansenRit(duration=5000.0, random_state=0).simulate()["eeg"].values[0, 10000:]
    frequency, power = welch(eeg - eeg.mean(), fs=10_000.0, nperseg=20_000)
    assert 8 <= frequency[power.argmax()] <= 12
    assert 1 < eeg.max() - eeg.min() < 10  # mV


def test_a_steep_response_starts_without_a_warning():
    # the rate that others see at the start is computed before the run
    column = JansenRit([[0.0, 1.0], [1.0, 0.0]], slope=500.0, duration=5.0)
    start = {"y1": 0.0, "y2": 10.0}
    eeg = column.set_params(initial_state=start, random_state=0).simulate()["eeg"]
    assert np.isfinite(eeg).all()


@pytest.mark.parametrize(
    ("node", "low", "high"),
    [
        (ReducedWongWang(w=1.0, exc_input=0.32), {"s": 0.01}, {"s": 0.9}),
        (
            WongWang(w_excexc=3.0, exc_input=0.3, inh_input=0.3),
            {"s_exc": 0.01, "s_inh": 0.05},
            {"s_exc": 0.9, "s_inh": 0.05},
        ),
        (
            MontbrioPazoRoxin(dt=0.01),
            {"r": 80.0, "v": -2.0},
            {"r": 1200.0, "v": -0.3},
        ),
    ],
)
def test_node_is_bistable(node, low, high):
    duration = 100.0 if isinstance(node, MontbrioPazoRoxin) else 8000.0
    node.set_params(duration=duration, monitor=SubSample(1.0))
    ends = simulate_batch(node, [{"initial_state": s} for s in (low, high)])[:, 0]
    assert ends[1, -1] > 3 * ends[0, -1]
    assert np.ptp(ends[:, -20:], axis=1).max() < 0.01 * ends[1, -1]  # both rest


def test_montbrio_pazo_roxin_rests_where_its_equations_vanish():
    node = MontbrioPazoRoxin(
        dt=0.01, duration=200.0, initial_state={"r": 1200.0, "v": -0.3}
    )
    end = node.simulate().isel(time=-1, node=0)
    rate, v = 1e-3 * float(end["r"]), float(end["v"])
    assert 1 / np.pi + 2 * rate * v == pytest.approx(0, abs=1e-3)
    assert v**2 - 5 + 15 * rate - (np.pi * rate) ** 2 == pytest.approx(0, abs=1e-2)


@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_wong_wang_never_leaves_its_bounds(data):
    params = {
        name: data.draw(st.floats(0.2 * value, 5 * value), label=name)
        for name, value in WongWang.parameters.items()
    }
    # at the removable singularity of the response
    if data.draw(st.booleans(), label="singular"):
        params["exc_input"] = params["b_exc"] / params["a_exc"] / params["w_exc"]
    series = WongWang(
        WEIGHTS, LENGTHS, **params, sigma=0.1, duration=100.0, random_state=0
    ).simulate()
    for variable in series.values():
        assert np.isfinite(variable).all()
    for name in ("s_exc", "s_inh"):
        assert series[name].min() >= 0
        assert series[name].max() <= 1
