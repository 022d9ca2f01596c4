"""Noise-free runs of neurolib, and its seeded noise where it can be passed in."""

from dataclasses import replace

import numpy as np
import pytest

from skneuro.compat import drive_from_neurolib, from_neurolib
from skneuro.dynamics import SubSample, WongWang

# The small network of the golden arrays.
WEIGHTS = np.array([[0.0, 0.5, 0.2], [1.0, 0.0, 0.3], [0.4, 0.1, 0.0]])
LENGTHS = np.array([[0.0, 10.0, 25.0], [12.0, 0.0, 8.0], [30.0, 5.0, 0.0]])  # mm
STIMULUS = 0.3 * np.outer([1.0, 0.0, -1.0], np.sin(2 * np.pi * np.arange(500) / 100))
SMALL_CASES = {
    "hopf_diffusive": (
        "hopf",
        {
            "coupling": "diffusive",
            "x_ext": STIMULUS,
            "xs_init": [[0.1], [-0.2], [0.3]],
            "ys_init": [[0.05], [0.1], [-0.1]],
        },
    ),
    "hopf_additive": (
        "hopf",
        {
            "coupling": "additive",
            "x_ext": STIMULUS,
            "xs_init": [[0.1], [-0.2], [0.3]],
            "ys_init": [[0.05], [0.1], [-0.1]],
        },
    ),
    "wc": (
        "wc",
        {
            "exc_ext": STIMULUS,
            "exc_ext_baseline": 0.7,
            "exc_init": [[0.01], [0.02], [0.03]],
            "inh_init": [[0.04], [0.03], [0.02]],
        },
    ),
}


def run_small_case(case):
    name, params = SMALL_CASES[case]
    params = {"duration": 50.0, "dt": 0.1, "signalV": 20.0, **params}
    simulator = from_neurolib(name, params, WEIGHTS, LENGTHS)
    return simulator.simulate(drive_from_neurolib(name, params, n_nodes=3)).isel(
        sample=0
    )


@pytest.mark.parametrize(
    ("case", "variable", "at_50_ms"),
    [
        ("hopf_diffusive", "x", [-0.5178721459, -0.4167483101, 0.2168525405]),
        ("wc", "exc", [0.05069488371, 0.05652039958, 0.1246177823]),
    ],
)
def test_driven_network_ends_where_neurolib_does(case, variable, at_50_ms):
    end = run_small_case(case)[variable].isel(time=-1)
    np.testing.assert_allclose(end, at_50_ms, rtol=1e-9)  # ten digits


@pytest.mark.parametrize("case", SMALL_CASES)
def test_driven_network_equals_neurolib(case, golden):
    np.testing.assert_array_equal(golden["C"], WEIGHTS)
    np.testing.assert_array_equal(golden["D"], LENGTHS)
    np.testing.assert_allclose(golden["U"], STIMULUS, atol=1e-16)
    series = run_small_case(case)
    np.testing.assert_allclose(series["time"], golden[f"{case}.t"], rtol=1e-12)
    for variable in series:
        expected = golden[f"{case}.{variable}"]
        np.testing.assert_allclose(series[variable], expected, rtol=1e-10, atol=1e-14)


def run_reference_case(about, initial, network, **settings):
    params = {**about["params"], **initial}
    weights, lengths = network if about["network"] else (None, None)
    simulator = from_neurolib(about["model"], params, weights, lengths)
    monitor = SubSample(about["every"] * params["dt"])
    return simulator.set_params(monitor=monitor, **settings).simulate()


def relative_error(values, expected):
    """Largest error of each time, relative to the largest value of the run."""
    return np.abs(values - expected).max(axis=0) / np.abs(expected).max()


@pytest.mark.parametrize(
    "case",
    ["hopf_single", "hopf_network", "hopf_network_additive", "wc_single"],
)
def test_whole_run_equals_neurolib(case, reference_runs, gw_network):
    about, initial, expected = reference_runs[case]
    series = run_reference_case(about, initial, gw_network)
    assert set(series) == set(expected)
    for variable, values in expected.items():
        ours = series[variable].values
        assert relative_error(ours, values).max() < 1e-12
        np.testing.assert_allclose(ours, values, rtol=1e-9, atol=1e-12)


def wilson_cowan_loop(weights, delays, exc, inh, *, coupling, exc_input, n_steps, dt):
    """Written from the equations; returns every tenth value of E."""
    n_nodes = len(weights)
    nodes = np.arange(n_nodes)
    past = np.tile(exc, (delays.max() + 1, 1))  # latest first
    series = []
    for k in range(n_steps):
        delayed = weights * past[delays, nodes]
        net = coupling * delayed.sum(axis=1)
        s_exc = 1 / (1 + np.exp(-1.5 * (16 * exc - 12 * inh + net + exc_input - 3)))
        s_inh = 1 / (1 + np.exp(-1.5 * (15 * exc - 3 * inh - 3)))
        exc, inh = (
            np.clip(exc + dt * ((1 - exc) * s_exc - exc) / 2.5, 0, 1),
            np.clip(inh + dt * ((1 - inh) * s_inh - inh) / 3.75, 0, 1),
        )
        past = np.roll(past, 1, axis=0)
        past[0] = exc
        if k % 10 == 9:
            series.append(exc)
    return np.transpose(series)


def test_chaotic_network_is_closer_to_the_exact_solution_than_neurolib(
    reference_runs, gw_network
):
    # Neighbouring trajectories part by a factor of ten each 40 ms, so the reference is
    # itself 1e-9 off after 200 ms and 1e-5 after 500: nothing but its own rounding
    # errors could agree with it further.
    about, initial, expected = reference_runs["wc_network"]
    series = run_reference_case(about, initial, gw_network)
    for variable, values in expected.items():
        apart = relative_error(series[variable].values, values)
        assert apart[:100].max() < 1e-11
        assert apart[:150].max() < 1e-9

    if np.finfo(np.longdouble).eps > 1e-18:
        pytest.skip("numpy has no number type of more than 64 bits here")
    number = np.longdouble
    weights, lengths = (m - np.diag(np.diag(m)) for m in gw_network)
    exact = wilson_cowan_loop(
        weights.astype(number),
        np.rint(lengths / 20.0 / 0.1).astype(int),
        initial["exc_init"][:, 0].astype(number),
        initial["inh_init"][:, 0].astype(number),
        coupling=number(about["params"]["K_gl"]),
        exc_input=number(about["params"]["exc_ext"]),
        n_steps=about["n_steps"],
        dt=number(0.1),
    )
    assert exact.dtype == number
    ours, theirs = (
        np.maximum.accumulate(relative_error(values, exact))
        for values in (series["exc"].values, expected["exc"])
    )
    assert theirs[150] < 1e-9 < theirs[200]
    assert (ours[100:] < theirs[100:]).all()
    assert ours[-1] < 1e-5


@pytest.mark.parametrize("lanes", [1, 8])
def test_batches_equal_neurolib(lanes, reference_runs, gw_network):
    from skneuro.dynamics import simulate_batch

    about, initial, expected = reference_runs["hopf_network"]
    params = {**about["params"], **initial}
    simulator = from_neurolib("hopf", params, *gw_network)
    simulator.set_params(monitor=SubSample(1.0))
    series = simulate_batch(simulator, [{"a": params["a"]}] * lanes)
    for one in series:
        assert relative_error(one, expected["x"]).max() < 1e-12


def ornstein_uhlenbeck(xi, *, sigma, tau, dt):
    """Noise that neurolib's steps see, from its normal numbers."""
    z = np.zeros(len(xi))
    series = []
    for column in xi.T:
        series.append(z)
        z = z + (0.0 - z) * dt / tau + sigma * np.sqrt(dt) * column
    return np.transpose(series)


def test_seeded_noise_of_neurolib_passed_as_drive(golden):
    # Hopf's noise adds where a drive does, so neurolib's own stream can be passed in
    seeded = np.random.RandomState(42)
    initial = {
        name: 0.5 * seeded.uniform(-1.0, 1.0, (3, 1)) for name in ("xs_init", "ys_init")
    }
    params = {"duration": 50.0, "dt": 0.1, **initial}
    simulator = from_neurolib("hopf", params, golden["C"], golden["D"])
    seeded = np.random.RandomState(42)
    noise = [
        ornstein_uhlenbeck(seeded.standard_normal((3, 500)), sigma=0.01, tau=5, dt=0.1)
        for _ in range(2)
    ]
    simulator.set_params(inputs=("x", "y"))
    series = simulator.simulate(np.concatenate(noise)[None])
    for variable in ("x", "y"):
        np.testing.assert_allclose(
            series[variable][0], golden[f"seed42_hopf.{variable}"], rtol=1e-10
        )


class UnboundedWongWang(WongWang):
    """Gating variables that noise may carry out of [0, 1], as in neurolib."""

    bounds = {}  # noqa: RUF012


SEEDED = {
    "fhn": ("fhn", ("xs_init", "ys_init"), {"x": "x", "y": "y"}),
    "wc": ("wc", ("exc_init", "inh_init"), {"exc": "exc", "inh": "inh"}),
    "wongwang": ("ww", ("ses_init", "sis_init"), {"s_exc": "se", "s_inh": "si"}),
}


@pytest.mark.parametrize("case", SEEDED)
def test_seeded_noise_of_neurolib_set_step_by_step(golden, case):
    # the state of the noise is part of the state, so a run can be given any noise
    name, initial_names, variables = SEEDED[case]
    seeded = np.random.RandomState(42)
    params = {"duration": 0.1, "dt": 0.1}
    params |= {key: 0.05 * seeded.uniform(0, 1, (3, 1)) for key in initial_names}
    simulator = from_neurolib(name, params, golden["C"], golden["D"])
    if case == "wongwang":
        simulator = UnboundedWongWang(**simulator.get_params(deep=False))
    seeded = np.random.RandomState(42)
    noise = [
        ornstein_uhlenbeck(seeded.standard_normal((3, 500)), sigma=0.01, tau=5, dt=0.1)
        for _ in range(2)
    ]
    state, got = None, {ours: [] for ours in variables}
    for column in np.stack(noise).transpose(2, 0, 1):
        if state is not None:
            processes = dict(zip(state.noise[0], column, strict=True))
            state = [replace(state, noise=[processes])]
        series = simulator.simulate(continue_from=state)
        (state,) = simulator.state_
        for ours, values in got.items():
            values.append(np.ravel(series[ours]))
    for ours, theirs in variables.items():
        np.testing.assert_allclose(
            np.transpose(got[ours]), golden[f"seed42_{case}.{theirs}"], rtol=1e-10
        )
    if case == "wongwang":
        assert np.min(got["s_exc"]) < 0


def test_delays_of_half_a_step_round_as_in_neurolib():
    # 53.5 mm at 10 m/s are 53 steps of 0.1 ms: 53.5 / 10 / 0.1 lies below 53.5
    from skneuro.dynamics import Hopf

    lengths = np.array([[0.0, 0.0], [53.5, 0.0]])
    weights = np.array([[0.0, 0.0], [1.0, 0.0]])
    hopf = Hopf(weights, lengths, conduction_speed=10.0, duration=10.0, random_state=0)
    x = hopf.set_params(
        initial_state={"x": [0.1, 0.0], "y": 0.0}, coupling_kind="additive", coupling=1
    ).simulate()["x"]
    alone = Hopf(duration=10.0, initial_state={"x": 0.1, "y": 0.0}).simulate()["x"]
    seen = 0.1 * np.ones(100)  # what node 1 sees: first the past, then node 0
    seen[54:] = alone[0, : 100 - 54]
    driven = Hopf(
        duration=None, initial_state={"x": 0.0, "y": 0.0}, random_state=0
    ).simulate(seen[None, None])["x"]
    np.testing.assert_allclose(x[1], driven[0, 0], rtol=1e-12)
