"""Order of convergence of the schemes, with delays and drive."""

import numpy as np
import pytest
from engine_models import OSCILLATOR, RATES, advance
from scipy.integrate import solve_ivp

from skneuro.engine import Equations, sigmoid
from skneuro.engine._jobs import (
    Job,
    Network,
    Population,
    Projection,
    SimulationState,
    Tap,
)

N_NODES, DURATION = 5, 12.8  # ms
STEPS = DURATION / np.array([64, 128, 256, 512])  # ms
DELAYS = np.array([0.0, 0.8, 1.6, 4.0])  # ms, multiples of every step
NUMBERS = {
    "growth": 0.2,
    "frequency": np.linspace(0.4, 0.7, N_NODES),
    "gain": 0.3,
    "input_x": 0.0,
    "input_y": 0.1,
    "noise_mean_x": 0.0,
    "noise_rate_x": 0.0,
    "noise_step_x": 0.0,
}
START = {"x": np.linspace(0.5, -0.3, N_NODES), "y": np.linspace(-0.2, 0.6, N_NODES)}


def draw_weights(kind):
    rng = np.random.default_rng(9)
    weights = rng.normal(scale=0.5, size=(N_NODES, N_NODES))
    delays = rng.choice(DELAYS, size=(N_NODES, N_NODES))
    return weights, delays * (kind == "delayed")


def drive(t):
    """Smooth input of each node, shape (n_nodes, n_times)."""
    return 0.3 * np.sin(np.outer(np.linspace(0.5, 1.5, N_NODES), t))


def series(kind, dt, *, method, sampled_at):
    """x at the coarsest grid times, for a drive that is held during each step."""
    weights, delays = draw_weights(kind)
    to, start = np.indices(weights.shape).reshape(2, -1)
    lag = 1 + np.rint(delays.ravel() / dt).astype(int)
    edges = Projection((0, "near"), (0, "x"), to, start, lag, weights.ravel())
    network = Network((Population(OSCILLATOR, N_NODES),), (edges,))
    n_steps = round(DURATION / dt)
    held = {"x": drive((np.arange(n_steps) + sampled_at) * dt)}
    state = SimulationState(
        0, [START], [{"x": np.zeros(N_NODES)}], [{"x": START["x"][:, None]}]
    )
    job = Job([{"dt": dt, **NUMBERS}], state, drive=[held])
    interval = round(STEPS[0] / dt)
    (x,), _, _ = advance(
        network, job, n_steps, taps=[Tap(0, "x", interval)], method=method
    )
    return x


@pytest.fixture(scope="module")
def exact():
    """x of the network without delays, by an adaptive scheme of order 8."""
    weights, _ = draw_weights("undelayed")

    def rate(t, state):
        x, y = state.reshape(2, N_NODES)
        growth = NUMBERS["growth"] - x * x - y * y
        coupling = NUMBERS["gain"] * (weights @ x)
        return np.concatenate(
            [
                growth * x - NUMBERS["frequency"] * y + coupling + drive(t)[:, 0],
                growth * y + NUMBERS["frequency"] * x + NUMBERS["input_y"],
            ]
        )

    times = STEPS[0] * np.arange(1, 65)
    solution = solve_ivp(
        rate,
        (0, times[-1]),
        np.concatenate([START["x"], START["y"]]),
        method="DOP853",
        t_eval=times,
        rtol=1e-12,
        atol=1e-13,
    )
    return {"undelayed": solution.y[:N_NODES]}


@pytest.mark.parametrize("kind", ["undelayed", "delayed"])
@pytest.mark.parametrize(
    ("method", "sampled_at", "order"),
    [
        ("euler", 0.0, 1),
        ("heun", 0.5, 2),  # the middle of a step stands for the step
        ("heun", 0.0, 1),  # its beginning does not
    ],
)
def test_order_of_convergence(kind, method, sampled_at, order, exact):
    if kind == "delayed" and kind not in exact:
        # Error of the finest run: a 64th of that of the finest one under test.
        exact[kind] = series(kind, STEPS[-1] / 8, method="heun", sampled_at=0.5)
    errors = [
        np.abs(series(kind, dt, method=method, sampled_at=sampled_at) - exact[kind])
        for dt in STEPS
    ]
    errors = [e.max() for e in errors]
    slope = np.polyfit(np.log(STEPS), np.log(errors), 1)[0]
    assert slope == pytest.approx(order, abs=0.1), errors
    assert errors[-1] < (2e-2 if order == 1 else 2e-4)


def test_heun_evaluates_algebraic_variables_at_the_start_of_a_step():
    # The rate is assigned once per step, from the values at its beginning.
    equations = Equations(
        "TestAlgebraic",
        lambda x, net, drive, noise, p: {"v": -x.v, "rate": sigmoid(x.v)},
        states=("v",),
        algebraic=("rate",),
    )
    network = Network((Population(equations, 1),))
    state = SimulationState(0, [{"v": np.ones(1), "rate": np.zeros(1)}], [{}], [{}])
    (v, rate), _, _ = advance(
        network,
        Job([{"dt": 0.1}], state),
        20,
        taps=[Tap(0, "v"), Tap(0, "rate")],
        method="heun",
    )
    factor = 1 - 0.1 + 0.5 * 0.1**2
    np.testing.assert_allclose(v[0], factor ** np.arange(1, 21), rtol=1e-14)
    before = np.append(1.0, v[0, :-1])
    np.testing.assert_allclose(rate[0], sigmoid(before), rtol=1e-14)


def test_noise_is_an_ornstein_uhlenbeck_process():
    dt, tau, sigma, mean = 0.1, 5.0, 0.3, 0.7
    network = Network((Population(RATES, 200),))
    numbers = {"slope": 1.0, "tau": 1.0, "dt": dt, "input_v": 0.0}
    for name in ("v", "w"):
        numbers |= {
            f"noise_mean_{name}": mean,
            f"noise_rate_{name}": dt / tau,
            f"noise_step_{name}": sigma * np.sqrt(dt),
        }
    zero, start = np.zeros(200), np.full(200, mean)
    state = SimulationState(
        0,
        [{"v": zero, "w": zero, "rate": zero}],
        [{"v": start, "w": start}],
        [{"rate": zero[:, None], "v": zero[:, None]}],
    )
    taps = [Tap(0, "noise.v"), Tap(0, "noise.w")]
    z, _, _ = advance(network, Job([numbers], state, seed=5), 6000, taps=taps)
    z = np.concatenate(z)[:, 500:] - mean
    deviation = sigma * np.sqrt(tau / (2 - dt / tau))
    n_independent = z.size * dt / (2 * tau)
    assert abs(z.mean()) < 4 * deviation / np.sqrt(n_independent)
    assert z.std() == pytest.approx(deviation, rel=4 / np.sqrt(2 * n_independent))
    for lag in (1, 25, 50, 100):
        correlation = np.mean(z[:, lag:] * z[:, :-lag]) / z.var()
        assert correlation == pytest.approx((1 - dt / tau) ** lag, abs=0.03)
