"""The step of a network is that of the trained module."""

import numpy as np
import pytest

from skneuro.metrics import find_fixed_points
from skneuro.rnn import CTRNNRegressor, network_step
from skneuro.rnn._simulate import RATES


@pytest.fixture
def signals():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(6, 2, 25)).astype(np.float32)
    return X, X[:, :1].cumsum(axis=2) / 10


@pytest.mark.parametrize("activation", sorted(RATES))
def test_steps_follow_the_network(activation, signals):
    net = CTRNNRegressor(
        7,
        activation=activation,
        tau=np.linspace(50, 200, 7),
        ei_ratio=0.7,
        recurrent_bias=0.3,
        spectral_radius=0.5,
        max_epochs=1,
        random_state=0,
    ).fit(*signals)
    net = net.lesion([2])
    step, jacobian, rate = network_step(net)
    v = np.zeros((6, 7))
    rates = net.transform(signals[0])
    for k in range(25):
        v = step(v, signals[0][:, :, k])
        np.testing.assert_allclose(rate(v), rates[:, :, k], rtol=1e-4, atol=1e-5)
    v = np.random.default_rng(1).uniform(0.2, 1, (3, 7))
    found = jacobian(v, signals[0][:3, :, 0])
    for j in range(7):
        above, below = v.copy(), v.copy()
        above[:, j] += 1e-6
        below[:, j] -= 1e-6
        x = signals[0][:3, :, 0]
        numeric = (step(above, x) - step(below, x)) / 2e-6
        np.testing.assert_allclose(found[:, :, j], numeric, atol=1e-7)


def test_fixed_points_are_where_the_network_stays(signals):
    net = CTRNNRegressor(
        9, activation="tanh", spectral_radius=0.9, max_epochs=1, random_state=0
    ).fit(*signals)
    step, jacobian, rate = network_step(net)
    x = np.array([0.3, 0.8])
    found = find_fixed_points(step, np.zeros((1, 9)), x, jacobian=jacobian)
    assert found.fixed.all() and found.stable.all()
    constant = np.tile(x[None, :, None], (1, 1, 800)).astype(np.float32)
    last = net.transform(constant)[:, :, -1]
    np.testing.assert_allclose(rate(found.points), last, atol=1e-4)


def test_stacks_and_callables_are_refused(signals):
    stack = CTRNNRegressor((4, 3), max_epochs=1, random_state=0).fit(*signals)
    with pytest.raises(ValueError, match="net has 2 stacked layers"):
        network_step(stack)
