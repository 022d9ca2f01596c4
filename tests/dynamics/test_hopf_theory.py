"""Hopf nodes against closed forms: limit cycle, rest, stationary covariance."""

from typing import ClassVar

import numpy as np
import pytest
from scipy.linalg import solve_continuous_lyapunov, solve_discrete_lyapunov

from skneuro.dynamics import Hopf, SubSample


def run(**parameters):
    series = Hopf(**parameters).simulate()
    return series["x"].values + 1j * series["y"].values  # (n_nodes, n_times)


@pytest.mark.parametrize("dt", [0.1, 0.01])
def test_limit_cycle_of_the_euler_scheme(dt):
    # z' = z + dt (a - |z|^2 + i w) z keeps |z| and turns z by a constant angle where
    # (1 + dt (a - r^2))^2 + (dt w)^2 = 1
    a, w = np.array([0.05, 0.25, 1.0]), np.array([0.1, 0.2, 0.3])
    z = run(
        connectivity=np.zeros((3, 3)), a=a, frequency=w, dt=dt, duration=600.0,
        initial_state={"x": 0.2, "y": 0.1},
    )  # fmt: skip
    radius = np.sqrt(a + (1 - np.sqrt(1 - (dt * w) ** 2)) / dt)
    np.testing.assert_allclose(np.abs(z[:, -1]), radius, rtol=1e-12)
    turn = np.angle(z[:, -1] / z[:, -2])
    np.testing.assert_allclose(turn, np.arcsin(dt * w), rtol=1e-9)


def test_amplitude_is_the_square_root_of_a_and_frequency_is_w():
    a, w = np.array([0.05, 0.25, 1.0]), np.array([0.1, 0.2, 0.3])
    z = run(
        connectivity=np.zeros((3, 3)), a=a, frequency=w, dt=0.05, duration=600.0,
        method="heun", initial_state={"x": 0.2, "y": 0.1},
    )  # fmt: skip
    np.testing.assert_allclose(np.abs(z[:, -1]), np.sqrt(a), rtol=1e-4)
    angle = np.unwrap(np.angle(z[:, 6000:]), axis=1)
    speed = (angle[:, -1] - angle[:, 0]) / ((angle.shape[1] - 1) * 0.05)
    np.testing.assert_allclose(speed, w, rtol=1e-4)


def test_below_the_bifurcation_nodes_come_to_rest():
    z = run(a=-0.1, duration=500.0, dt=0.1, initial_state={"x": 1.0, "y": 1.0})
    decay = np.abs(z[0, 4000] / z[0, 3000])  # in 100 ms
    assert np.abs(z[0, -1]) < 1e-20
    step = np.abs(1 + 0.1 * (-0.1 + 0.2j))  # of the Euler scheme, linear near rest
    np.testing.assert_allclose(decay, step**1000, rtol=1e-9)


def test_additive_coupling_lacks_the_diffusive_term(make_network):
    # with growth lowered by the strength of each node they differ in nothing
    weights, lengths = make_network(6)
    strength = (weights - np.diag(np.diag(weights))).sum(axis=1)
    settings = {
        "connectivity": weights, "tract_lengths": lengths, "duration": 50.0, "dt": 0.1,
        "coupling": 0.3, "random_state": 0,
    }  # fmt: skip
    diffusive = run(**settings)

    class Shifted(Hopf):
        parameters: ClassVar[dict] = {**Hopf.parameters, "shift": 0.0}

        @staticmethod
        def equations(x, net, drive, noise, p):
            rates = Hopf.equations(x, net, drive, noise, p)
            return {"x": rates["x"] - p.shift * x.x, "y": rates["y"]}

    shifted = Shifted(
        **settings, coupling_kind="additive", shift=0.3 * strength
    ).simulate()
    np.testing.assert_allclose(shifted["x"], diffusive.real, rtol=1e-9, atol=1e-12)


def linear_step(weights, lags, *, a, w, coupling, sigma, tau, dt):
    """Matrices of one step of the linear network, s' = A s + B xi.

    The state holds x, y, both noise processes and, for each step of delay, older x.
    """
    n, oldest = len(weights), lags.max()
    size = (4 + oldest) * n
    x, y, noise_x, noise_y = (slice(i * n, (i + 1) * n) for i in range(4))
    older = [x, *(slice((3 + d) * n, (4 + d) * n) for d in range(1, oldest + 1))]
    A, B = np.zeros((size, size)), np.zeros((size, 2 * n))
    eye = np.eye(n)
    A[x, x] = A[y, y] = (1 + dt * a) * eye
    A[x, x] -= dt * coupling * np.diag(weights.sum(axis=1))
    for d in range(oldest + 1):
        A[x, older[d]] += dt * coupling * np.where(lags == d, weights, 0.0)
    A[x, y], A[y, x] = -dt * w * eye, dt * w * eye
    A[x, noise_x] = A[y, noise_y] = dt * eye
    A[noise_x, noise_x] = A[noise_y, noise_y] = (1 - dt / tau) * eye
    for d in range(1, oldest + 1):
        A[older[d], older[d - 1]] = eye
    B[noise_x, :n] = B[noise_y, n:] = sigma * np.sqrt(dt) * eye
    return A, B


def standard_error(A, P, n_samples, every):
    """Standard deviation of each sample covariance of a stationary linear process."""
    step = np.linalg.matrix_power(A, every)
    variance, C = np.outer(np.diag(P), np.diag(P)) + P * P.T, P
    for _ in range(n_samples):
        C = step @ C
        d = np.diag(C)
        term = np.outer(d, d) + C * C.T
        variance = variance + 2 * term
        if np.abs(term).max() < 1e-9 * np.abs(variance).max():
            break
    return np.sqrt(variance / n_samples)


def test_covariance_of_a_linear_network_solves_the_lyapunov_equation():
    # far below the amplitude where the cubic term matters
    rng = np.random.default_rng(0)
    n, dt = 5, 0.1
    numbers = {"a": -0.1, "w": 0.2, "coupling": 0.3, "sigma": 1e-4, "tau": 5.0}
    weights = rng.uniform(size=(n, n)) * (1 - np.eye(n))
    lags = rng.integers(0, 4, size=(n, n)) * (1 - np.eye(n, dtype=int))
    simulator = Hopf(
        weights,
        lags * 20.0 * dt,  # mm, at 20 m/s
        a=numbers["a"], frequency=numbers["w"], coupling=numbers["coupling"],
        sigma=numbers["sigma"], tau_noise=numbers["tau"], dt=dt, duration=600_000.0,
        monitor=SubSample(1.0), initial_state={"x": 0.0, "y": 0.0}, random_state=0,
    )  # fmt: skip
    series = simulator.simulate().isel(time=slice(500, None))
    samples = np.concatenate([series["x"], series["y"]])
    A, B = linear_step(weights, lags, dt=dt, **numbers)
    P = solve_discrete_lyapunov(A, B @ B.T)
    found = samples @ samples.T / samples.shape[1]
    error = standard_error(A, P, samples.shape[1], every=10)[: 2 * n, : 2 * n]
    deviation = (found - P[: 2 * n, : 2 * n]) / error
    assert np.abs(deviation).max() < 4.5
    assert 0.3 < np.sqrt(np.mean(deviation**2)) < 1.7
    # the test can tell a network from another one
    other, _ = linear_step(weights.T, lags.T, dt=dt, **numbers)
    wrong = solve_discrete_lyapunov(other, B @ B.T)[: 2 * n, : 2 * n]
    assert np.abs((found - wrong) / error).max() > 10

    # and the limit of small steps, without delays, is the continuous equation
    A, B = linear_step(weights, 0 * lags, dt=1e-4, **numbers)
    continuous = solve_continuous_lyapunov((A - np.eye(len(A))) / 1e-4, -B @ B.T / 1e-4)
    np.testing.assert_allclose(
        solve_discrete_lyapunov(A, B @ B.T), continuous, atol=1e-4 * continuous.max()
    )
    near = P[: 2 * n, : 2 * n] - continuous[: 2 * n, : 2 * n]
    assert np.abs(near).max() < 0.15 * np.abs(continuous).max()
