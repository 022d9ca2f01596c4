"""Fixed points of networks whose fixed points are known."""

import numpy as np
import pytest
from scipy.optimize import brentq

from skneuro.metrics import find_fixed_points


def make_network(weights, inputs, alpha, rate=np.tanh):
    """Step of a rate network, v + alpha * (-v + W f(v) + U x)."""

    def step(v, x):
        return (1 - alpha) * v + alpha * (rate(v) @ weights.T + x @ inputs.T)

    def jacobian(v, x):
        slope = 1 - np.tanh(v) ** 2
        return (1 - alpha) * np.eye(len(weights)) + alpha * weights * slope[:, None, :]

    return step, jacobian


@pytest.mark.parametrize("given", [True, False])
def test_two_units_that_inhibit_each_other(given):
    # v1 = -w tanh(v2), v2 = -w tanh(v1): the origin and, for w > 1, two more, v1 = -v2
    w, alpha = 2.0, 0.2
    weights = np.array([[0.0, -w], [-w, 0.0]])
    step, jacobian = make_network(weights, np.zeros((2, 1)), alpha)
    starts = np.random.default_rng(0).uniform(-3, 3, (50, 2))
    found = find_fixed_points(
        step, starts, [0.0], jacobian=jacobian if given else None, dt=20.0
    )
    a = brentq(lambda v: v - w * np.tanh(v), 0.1, 10)
    order = found.points[:, 0].argsort()
    np.testing.assert_allclose(
        found.points[order], [[-a, a], [0, 0], [a, -a]], atol=1e-6
    )
    np.testing.assert_array_equal(found.stable[order], [True, False, True])
    assert (found.q <= 1e-12).all() and found.fixed.all()
    gain = w * np.array([1 - np.tanh(a) ** 2, 1.0, 1 - np.tanh(a) ** 2])[:, None]
    expected = 1 - alpha + alpha * gain * [1, -1]
    np.testing.assert_allclose(found.eigenvalues[order], expected, atol=1e-6)
    np.testing.assert_allclose(
        found.time_constants[order], -20.0 / np.log(np.abs(expected)), rtol=1e-4
    )


def test_linear_network_rests_at_the_solution_of_its_equations():
    rng = np.random.default_rng(1)
    weights = rng.standard_normal((20, 20)) * 0.5 / np.sqrt(20)
    inputs, x = rng.standard_normal((20, 3)), rng.standard_normal((5, 3))
    step, _ = make_network(weights, inputs, 0.1, rate=lambda v: v)
    found = find_fixed_points(step, rng.standard_normal((5, 20)), x, max_distance=None)
    expected = np.linalg.solve(np.eye(20) - weights, inputs @ x.T).T
    np.testing.assert_allclose(found.points, expected[found.starts], atol=1e-6)
    np.testing.assert_array_equal(found.x, x[found.starts])
    spectrum = 0.9 + 0.1 * np.linalg.eigvals(weights)
    np.testing.assert_allclose(
        np.sort(np.abs(found.eigenvalues[0])), np.sort(np.abs(spectrum)), atol=1e-7
    )


def test_relu_network_of_excitation_and_inhibition():
    # e = w_ee e - w_ei i + x, i = w_ie e: one active fixed point, e = x / (1 - 1.5 + 2)
    weights = np.array([[1.5, -1.0], [2.0, 0.0]])
    step, _ = make_network(
        weights, np.array([[1.0], [0.0]]), 0.1, rate=lambda v: np.maximum(v, 0)
    )
    found = find_fixed_points(step, np.random.default_rng(0).uniform(0, 3, (9, 2)), [3])
    np.testing.assert_allclose(found.points, [[2.0, 4.0]], atol=1e-6)
    assert found.stable[0]
    assert np.abs(found.eigenvalues[0].imag).max() > 0.05  # it spirals in


def test_line_attractor_has_one_eigenvalue_of_one():
    direction = np.array([0.6, 0.8])
    weights = np.outer(direction, direction)
    step, _ = make_network(weights, np.zeros((2, 1)), 0.2, rate=lambda v: v)
    starts = np.random.default_rng(0).uniform(-1, 1, (20, 2))
    found = find_fixed_points(step, starts, [0.0])
    assert len(found.points) > 15
    across = found.points - np.outer(found.points @ direction, direction)
    np.testing.assert_allclose(across, 0, atol=1e-5)
    np.testing.assert_allclose(found.eigenvalues, [[1.0, 0.8]] * len(found.points))


def test_the_ghost_of_a_lost_fixed_point_is_slow_and_not_fixed():
    def step(h):  # dh/dt = 0.01 + h**2 has a minimum at 0 and no zero
        return h + 0.1 * (0.01 + h**2)

    starts = np.array([[-0.5], [-0.3], [0.2]])
    assert len(find_fixed_points(step, starts).points) == 0
    found = find_fixed_points(step, starts, slow_tol=1e-5, unique_tol=0.02)
    np.testing.assert_allclose(found.points, [[0.0]], atol=0.01)
    assert not found.fixed[0]
    assert found.q[0] == pytest.approx(0.5 * 0.001**2, rel=0.01)


def test_far_points_are_left_out():
    def step(h):
        return h + 0.1 * h * (h - 100)  # rests at 0 and at 100

    starts = np.array([[-1.0], [1.0], [99.5], [0.5], [-0.5], [0.2], [0.1], [0.3]])
    near = np.delete(starts, 2, axis=0)
    assert len(find_fixed_points(step, starts, max_distance=None).points) == 2
    np.testing.assert_allclose(find_fixed_points(step, near).points, 0, atol=1e-5)


def test_what_does_not_fit_says_so():
    starts = np.zeros((4, 2))
    with pytest.raises(ValueError, match=r"x has shape \(3, 1\), but there are 4 star"):
        find_fixed_points(lambda h, x: h, starts, np.zeros((3, 1)))
    with pytest.raises(ValueError, match="expected finite states of that shape"):
        find_fixed_points(lambda h: h[:, :1], starts)
