"""Wilson-Cowan nodes against their fixed points and limits."""

import numpy as np
import pytest
from scipy.optimize import root
from scipy.special import expit

from skneuro.dynamics import WilsonCowan


def fixed_point(exc_input, network, guess):
    """Solve the stationary equations with the default constants."""

    def rates(state):
        exc, inh = state
        s_exc = expit(1.5 * ((16 + network) * exc - 12 * inh + exc_input - 3))
        s_inh = expit(1.5 * (15 * exc - 3 * inh - 3))
        return [(1 - exc) * s_exc - exc, (1 - inh) * s_inh - inh]

    found = root(rates, guess, tol=1e-14).x
    assert np.abs(rates(found)).max() < 1e-14
    return found


def test_rest_solves_the_stationary_equations():
    exc, inh = fixed_point(0.0, 0.0, [0.02, 0.02])
    series = WilsonCowan(duration=500.0, random_state=0).simulate()
    np.testing.assert_allclose(series["exc"][0, -1], exc, rtol=1e-12)
    np.testing.assert_allclose(series["inh"][0, -1], inh, rtol=1e-12)
    np.testing.assert_allclose([exc, inh], [0.0112253675, 0.0131267411], rtol=1e-8)


def test_a_uniform_network_has_the_fixed_point_of_one_node_that_excites_itself(
    make_network,
):
    weights, lengths = make_network(7, density=1.0)
    np.fill_diagonal(weights, 0.0)
    weights /= weights.sum(axis=1, keepdims=True)
    for exc_input, guess in ((0.0, [0.01, 0.01]), (3.0, [0.45, 0.45])):
        exc, inh = fixed_point(exc_input, 2.0, guess)
        series = WilsonCowan(
            weights, lengths, coupling=2.0, exc_input=exc_input, duration=1500.0,
            initial_state={"exc": exc + 1e-3, "inh": inh},
        ).simulate()  # fmt: skip
        np.testing.assert_allclose(series["exc"][:, -1], exc, rtol=1e-12)
        np.testing.assert_allclose(series["inh"][:, -1], inh, rtol=1e-12)


def test_input_of_the_middle_range_gives_a_limit_cycle():
    exc = WilsonCowan(exc_input=1.2, duration=500.0, random_state=0).simulate()["exc"]
    late = exc.values[0, 2500:]
    assert np.ptp(late) > 0.2
    turns = np.flatnonzero(np.diff(np.sign(late - late.mean())) > 0)
    periods = np.diff(turns) * 0.1
    assert len(periods) > 5
    assert np.ptp(periods) <= 0.1 + 1e-9  # one step


@pytest.mark.parametrize("sigma", [0.5, 50.0])
def test_noise_cannot_leave_the_bounds(sigma):
    series = WilsonCowan(
        duration=200.0, sigma=sigma, exc_input=1.0, random_state=0
    ).simulate()
    for variable in ("exc", "inh"):
        values = series[variable].values
        assert values.min() >= 0.0
        assert values.max() <= 1.0
    assert series["exc"].min() == 0.0  # it does reach them
    assert series["exc"].max() == 1.0 or sigma < 1


def test_an_absurd_drive_saturates_and_stays_finite():
    series = WilsonCowan(duration=50.0, exc_input=1e300, inh_input=-1e300).simulate()
    np.testing.assert_allclose(series["exc"][0, -1], 0.5, rtol=1e-8)  # E = 1 - E
    np.testing.assert_allclose(series["inh"][0, -1], 0.0, atol=1e-5)
