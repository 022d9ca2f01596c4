"""Balloon-Windkessel against neurolib, its own equations and closed forms."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from skneuro.dynamics import (
    BalloonWindkessel,
    Bold,
    Hopf,
    Raw,
    WilsonCowan,
    simulate_batch,
)

ONES = dict.fromkeys(("signal", "flow", "volume", "deoxyhemoglobin"), 1.0)
CONSTANTS = {
    "oxygen_extraction": 0.34,
    "grubb_exponent": 0.32,
    "signal_decay": 0.65,
    "flow_elimination": 0.41,
    "transit_time": 0.98,
    "blood_volume": 0.02,
}


def test_bold_equals_neurolib(shared_data):
    with np.load(shared_data / "neurolib" / "bold.npz") as arrays:
        activity, expected = arrays["activity"], arrays["bold"]
        interval = float(arrays["every"] * arrays["dt_ms"]) / 1000  # s
    balloon = BalloonWindkessel(t_r=interval, dt=1.0, initial_state=ONES)
    bold = balloon.fit_transform(activity[None])[0]
    np.testing.assert_allclose(bold, expected, rtol=1e-10)


def test_bold_of_a_block_of_activity_equals_neurolib(golden):
    activity = np.zeros((1, 2, 60_000))
    activity[:, 0] = 10.0
    activity[:, 1, 10_000:20_000] = 30.0
    balloon = BalloonWindkessel(t_r=0.0001, dt=0.1, initial_state=ONES).fit(activity)
    bold, (state,) = balloon.simulate(activity, return_state=True)
    np.testing.assert_allclose(
        bold[0, :, ::1000], golden["bold.B_every_1000"], rtol=1e-10
    )
    # neurolib's volumes are the samples 1, 20001, 40001
    np.testing.assert_allclose(
        bold[0, :, 1::20_000], golden["bold.sampled_2s"], rtol=1e-10
    )
    names = ("signal", "flow", "deoxyhemoglobin", "volume")
    final = [state.variables[0][name] for name in names]
    np.testing.assert_allclose(final, golden["bold.final_XFQV"], rtol=1e-10)


def test_no_activity_is_rest():
    bold = BalloonWindkessel(t_r=0.5, dt=1.0).fit_transform(np.zeros((1, 2, 20_000)))
    np.testing.assert_array_equal(bold, 0.0)


@pytest.mark.parametrize("activity", [0.05, 0.3, 2.0])
def test_constant_activity_has_its_steady_state(activity):
    # s = 0, f = 1 + z / gamma, v = f^alpha, q = v (1 - (1 - rho)^(1/f)) / rho
    rho, alpha, gamma = 0.34, 0.32, 0.41
    flow = 1 + activity / gamma
    volume = flow**alpha
    deoxyhemoglobin = volume * (1 - (1 - rho) ** (1 / flow)) / rho
    expected = 0.02 * (
        7 * rho * (1 - deoxyhemoglobin)
        + 2 * (1 - deoxyhemoglobin / volume)
        + (2 * rho - 0.2) * (1 - volume)
    )
    balloon = BalloonWindkessel(t_r=1.0, dt=2.0, duration=150_000.0)
    bold = balloon.fit_transform([[activity, 0.0]])[0, :, -1]
    np.testing.assert_allclose(bold, [expected, 0.0], rtol=1e-10)
    weighted = BalloonWindkessel(
        t_r=1.0, dt=2.0, duration=150_000.0, signal_weights=[0.0, 0.0, 1.0]
    ).fit_transform([[activity]])
    np.testing.assert_allclose(weighted[0, 0, -1], 0.02 * (1 - volume), rtol=1e-10)


def balloon_rates(t, state, c, activity):
    signal, flow, volume, deoxyhemoglobin = state
    outflow = volume ** (1 / c["grubb_exponent"])
    extracted = 1 - (1 - c["oxygen_extraction"]) ** (1 / flow)
    return [
        activity(t) - c["signal_decay"] * signal - c["flow_elimination"] * (flow - 1),
        signal,
        (flow - outflow) / c["transit_time"],
        (flow * extracted / c["oxygen_extraction"] - deoxyhemoglobin * outflow / volume)
        / c["transit_time"],
    ]


def impulse_response(**changed):
    """Exact response to one second of activity, each 0.1 s up to 30 s."""
    c = {**CONSTANTS, **changed}
    times = np.arange(1, 301) / 10
    state, parts = [0.0, 1.0, 1.0, 1.0], []
    for begin, end, level in ((0.0, 1.0, 1.0), (1.0, 30.0, 0.0)):
        inside = times[(times > begin) & (times <= end)]
        solution = solve_ivp(
            balloon_rates, (begin, end), state, t_eval=inside, rtol=1e-10, atol=1e-12,
            args=(c, lambda t, level=level: level),
        )  # fmt: skip
        parts.append(solution.y)
        state = solution.y[:, -1]
    _, _, v, q = np.concatenate(parts, axis=1)
    rho = c["oxygen_extraction"]
    signal = 7 * rho * (1 - q) + 2 * (1 - q / v) + (2 * rho - 0.2) * (1 - v)
    return c["blood_volume"] * signal


def simulated_impulse_response(dt, **changed):
    activity = np.zeros((1, 1, round(30_000 / dt)))
    activity[..., : round(1000 / dt)] = 1.0
    balloon = BalloonWindkessel(t_r=0.1, dt=dt, **changed)
    return balloon.fit_transform(activity)[0, 0]


def test_impulse_response_has_the_shape_of_the_canonical_one():
    bold = simulated_impulse_response(1.0)
    peak = bold.argmax()
    assert 3.0 <= (peak + 1) * 0.1 <= 4.0  # s
    assert 0.02 < bold[peak] < 0.04
    undershoot = bold[peak:].argmin() + peak
    assert 8.0 <= (undershoot + 1) * 0.1 <= 12.0
    assert -0.3 < bold[undershoot] / bold[peak] < -0.1
    assert abs(bold[-1]) < 0.02 * bold[peak]


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"transit_time": 1.5, "grubb_exponent": 0.2},
        {"signal_decay": 1.2, "flow_elimination": 0.6},
        {"oxygen_extraction": 0.6, "blood_volume": 0.04},
    ],
    ids=str,
)
def test_impulse_response_converges_to_the_differential_equations(changed):
    exact = impulse_response(**changed)
    error = [
        np.abs(simulated_impulse_response(dt, **changed) - exact).max()
        for dt in (4.0, 2.0, 1.0)
    ]
    assert error[-1] < 2e-3 * np.abs(exact).max()
    np.testing.assert_allclose(np.divide(error[:-1], error[1:]), 2.0, rtol=0.05)


def make_activity(n_nodes, n_times, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(0.0, 1.0, size=(2, n_nodes, n_times))


def test_regions_have_their_own_constants():
    X = make_activity(3, 4000)
    own = {
        name: value * np.array([1.0, 0.8, 1.3])[: np.size(X[0, :, 0])]
        for name, value in CONSTANTS.items()
    }
    together = BalloonWindkessel(t_r=0.5, dt=1.0, **own).fit_transform(X)
    for node in range(3):
        alone = BalloonWindkessel(
            t_r=0.5, dt=1.0, **{name: value[node] for name, value in own.items()}
        ).fit_transform(X)
        np.testing.assert_array_equal(together[:, node], alone[:, node])


def test_regions_have_their_own_constants_beside_a_simulation(make_network):
    weights, lengths = make_network(3)
    simulator = WilsonCowan(
        weights, lengths, duration=2000.0, sigma=0.1, random_state=0
    )
    own = {name: value * np.array([1.0, 0.8, 1.3]) for name, value in CONSTANTS.items()}
    X = np.zeros((1, 3))
    together = simulator.set_params(monitor=Bold(t_r=0.5, **own)).fit_transform(X)
    for node in range(3):
        one = {name: value[node] for name, value in own.items()}
        alone = simulator.set_params(monitor=Bold(t_r=0.5, **one)).fit_transform(X)
        np.testing.assert_array_equal(together[:, node], alone[:, node])


@pytest.mark.parametrize("cuts", [(1,), (999, 1000, 1001), (7, 1234, 2500, 3999)])
def test_pieces_with_carried_state_are_one_recording(cuts):
    X = make_activity(3, 4000)
    balloon = BalloonWindkessel(t_r=0.25, dt=1.0).fit(X)
    whole = balloon.transform(X)
    states, pieces = None, []
    for piece in np.split(X, cuts, axis=2):
        bold, states = balloon.simulate(piece, continue_from=states, return_state=True)
        pieces.append(bold)
    np.testing.assert_array_equal(np.concatenate(pieces, axis=2), whole)


MODELS = {
    "hopf": (Hopf, {"a": 0.05, "sigma": 0.05}, "x", 1.0, 4.0),
    "wilson_cowan": (WilsonCowan, {"exc_input": 1.0, "sigma": 0.1}, "exc", 0.0, 50.0),
}


@pytest.mark.parametrize("initial", [None, {"signal": 1.0, "volume": [1.0, 1.1, 1.2]}])
@pytest.mark.parametrize("case", MODELS)
def test_bold_beside_a_simulation_equals_the_transformer(case, initial, make_network):
    model, settings, variable, offset, gain = MODELS[case]
    weights, lengths = make_network(3)
    simulator = model(weights, lengths, duration=3000.0, random_state=0, **settings)
    X = np.zeros((1, 3))
    activity = simulator.set_params(monitor=Raw(), record=variable).fit_transform(X)
    expected = BalloonWindkessel(t_r=0.5, dt=0.1, initial_state=initial).fit_transform(
        gain * (activity + offset)
    )
    bold = simulator.set_params(
        monitor=Bold(t_r=0.5, initial_state=initial)
    ).fit_transform(X)
    assert bold.shape == (1, 3, 6)
    np.testing.assert_allclose(bold, expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("case", MODELS)
def test_a_coarser_step_of_the_haemodynamics_changes_little(case, make_network):
    model, settings, *_ = MODELS[case]
    weights, lengths = make_network(3)
    simulator = model(weights, lengths, duration=20_000.0, random_state=0, **settings)
    fine = simulator.set_params(monitor=Bold(t_r=1.0)).simulate()["bold"]
    coarse = simulator.set_params(monitor=Bold(t_r=1.0, dt=1.0)).simulate()["bold"]
    assert np.abs(coarse - fine).max() < 1e-3 * np.abs(fine).max()
    late = np.abs(coarse - fine)[:, 10:].max()
    assert late < 1e-5


def test_the_coarser_step_sees_means_over_it():
    simulator = Hopf(duration=1000.0, sigma=0.1, random_state=0)
    x = simulator.fit_transform([[0.0, 0.0]])
    means = x.reshape(1, 2, 200, 50).mean(axis=-1)
    expected = BalloonWindkessel(t_r=0.1, dt=5.0).fit_transform(4 * (means + 1))
    bold = simulator.set_params(monitor=Bold(t_r=0.1, dt=5.0)).fit_transform([[0, 0]])
    np.testing.assert_allclose(bold, expected, rtol=1e-12)


def test_each_set_of_a_sweep_has_its_own_constants():
    simulator = Hopf(duration=2000.0, monitor=Bold(t_r=0.5), random_state=0)
    sets = [
        {"monitor__blood_volume": 0.02},
        {"monitor__blood_volume": 0.04},
        {"monitor__oxygen_extraction": 0.5},
    ]
    together = simulate_batch(simulator, sets)
    for params, bold in zip(sets, together, strict=True):
        np.testing.assert_array_equal(simulate_batch(simulator, [params])[0], bold)
    np.testing.assert_allclose(together[1], 2 * together[0], rtol=1e-14)
    assert np.abs(together[2] - together[0]).max() > 1e-3
    assert simulator.monitor.blood_volume == 0.02  # what was passed is not changed


def test_two_d_activity_is_constant_over_the_duration():
    balloon = BalloonWindkessel(t_r=0.5, dt=1.0, duration=3000.0)
    levels = np.array([[0.1, 0.5], [1.0, 0.0]])
    series = np.repeat(levels[..., None], 3000, axis=2)
    np.testing.assert_allclose(
        balloon.fit_transform(levels), balloon.fit_transform(series), rtol=1e-13
    )
