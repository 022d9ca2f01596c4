"""The order of both schemes, measured through the public simulators."""

import numpy as np
import pytest

from skneuro.dynamics import Hopf, WilsonCowan

MODELS = {
    "hopf": (Hopf, {"initial_state": {"x": 0.3, "y": -0.1}}),
    "hopf_additive": (
        Hopf,
        {"initial_state": {"x": 0.3, "y": -0.1}, "coupling_kind": "additive"},
    ),
    "wilson_cowan": (
        WilsonCowan,
        {"initial_state": {"exc": 0.1, "inh": 0.2}, "exc_input": 1.0},
    ),
}
# Delays that every step divides, so that kinks of the past fall between steps.
STEPS = 0.2 / np.array([4, 8, 16, 32])


def final_state(case, dt, method, *, delayed):
    rng = np.random.default_rng(0)
    model, settings = MODELS[case]
    weights = 0.3 * rng.uniform(size=(5, 5))
    lengths = 20.0 * 0.2 * rng.integers(0, 20, size=(5, 5)) * delayed
    series = model(
        weights, lengths, dt=dt, duration=20.0, method=method, **settings
    ).simulate()
    return np.concatenate([series[v][:, -1] for v in series])


@pytest.mark.parametrize("delayed", [False, True])
@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("heun", 2)])
@pytest.mark.parametrize("case", MODELS)
def test_error_falls_with_the_order_of_the_scheme(case, method, order, delayed):
    exact = final_state(case, 0.2 / 512, "heun", delayed=delayed)
    error = [
        np.abs(final_state(case, dt, method, delayed=delayed) - exact).max()
        for dt in STEPS
    ]
    slope = np.polyfit(np.log(STEPS), np.log(error), 1)[0]
    assert abs(slope - order) < 0.1


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("heun", 2)])
def test_a_series_as_drive_keeps_the_order(method, order):
    # the drive is piecewise constant, the same for all steps
    def each_ms(dt, method):
        per_ms = round(1.0 / dt)
        held = np.repeat(np.sin(np.arange(20.0)), per_ms)[None, None]
        simulator = Hopf(
            duration=None, dt=dt, method=method, initial_state={"x": 0.1, "y": 0.0}
        )
        return simulator.fit_transform(held)[0, 0, per_ms - 1 :: per_ms]

    exact = each_ms(0.2 / 512, "heun")
    error = [np.abs(each_ms(dt, method) - exact).max() for dt in STEPS]
    slope = np.polyfit(np.log(STEPS), np.log(error), 1)[0]
    assert abs(slope - order) < 0.1
