"""A model of 30 lines, the one of the user guide, inherits all the rest."""

import pickle
from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skneuro.dynamics import (
    BalloonWindkessel,
    BaseSimulator,
    Bold,
    NetworkSimulator,
    WilsonCowan,
    differentiate_step,
    simulate_batch,
)
from skneuro.metrics import FunctionalConnectivity


class VanDerPol(BaseSimulator):
    """Simulate van der Pol oscillators: 2-D X is a constant drive, 3-D X a series."""

    parameters: ClassVar[dict] = {
        "damping": 0.02,
        "frequency": 0.06,
        "coupling": 1e-3,
        "y_input": 0.0,
    }
    positive = ("frequency",)
    states = ("x", "y")
    noise = ports = ("y",)
    coupling_inputs: ClassVar[dict] = {"net": "x"}
    initial: ClassVar[dict] = {"x": (-2.0, 2.0), "y": (-0.1, 0.1)}
    output = "x"
    bold_input = ("x", 2.0, 1.0)

    @staticmethod
    def equations(x, net, drive, noise, p):
        growth = p.damping * (1.0 - x.x * x.x) * x.y
        network = p.coupling * (net.net - p.net_strength * x.x)
        force = network + drive.y + noise.y
        return {"x": x.y, "y": growth - p.frequency * p.frequency * x.x + force}


def make_oscillators(**settings):
    rng = np.random.default_rng(0)
    weights, lengths = rng.uniform(0, 1, (5, 5)), rng.uniform(0, 80, (5, 5))
    settings = {"sigma": 1e-3, "duration": 30.0, "random_state": 0} | settings
    return VanDerPol(weights, lengths, **settings)


@parametrize_with_checks([VanDerPol(duration=1.0, random_state=0)])
def test_scikit_learn_contract_of_an_own_model(estimator, check):
    check(estimator)


def test_delays_and_noise_are_those_of_a_plain_loop():
    model = make_oscillators(sigma=0.0, tau_noise=0.0, initial_state={"x": 1.0, "y": 0})
    series = model.simulate()
    weights = model.connectivity_
    lags = np.rint(np.asarray(model.tract_lengths) / 20.0 / 0.1).astype(int)
    past, y = [np.ones(5)], np.zeros(5)
    for k in range(300):
        x = past[-1]
        net = np.zeros(5)
        for i, j in np.argwhere(weights):
            net[i] += weights[i, j] * past[max(k - lags[i, j], 0)][j]
        force = 1e-3 * (net - weights.sum(axis=1) * x)
        past.append(x + 0.1 * y)
        y = y + 0.1 * (0.02 * (1 - x * x) * y - 0.06**2 * x + force)
    expected = np.transpose(past[1:])
    np.testing.assert_allclose(series["x"], expected, rtol=1e-11, atol=1e-13)

    # white noise into free particles: the variance of y grows with sigma^2 t
    free = VanDerPol(
        damping=0.0, frequency=1e-6, sigma=0.5, tau_noise=0.0, duration=20.0,
        random_state=0, record="y", initial_state={"x": 0, "y": 0},
    )  # fmt: skip
    ends = free.fit_transform(np.zeros((1, 4000)))[0, :, -1]
    assert ends.var() == pytest.approx(0.25 * 20.0, rel=0.1)


def test_lanes_pieces_and_pickles_give_the_same_bits():
    model = make_oscillators()
    sets = [{"damping": d} for d in np.linspace(0.0, 0.1, 11)]
    together = simulate_batch(model, sets)
    X = np.zeros((1, 5))
    for k in (0, 10):
        alone = clone(model).set_params(**sets[k]).fit_transform(X)[0]
        np.testing.assert_array_equal(together[k], alone)
    whole = model.simulate()["x"].values
    first = model.set_params(duration=12.3).simulate()["x"].values
    state = pickle.loads(pickle.dumps(model.state_))
    rest = model.set_params(duration=17.7).simulate(continue_from=state)["x"].values
    np.testing.assert_array_equal(np.concatenate([first, rest], axis=-1), whole)


def test_bold_follows_the_declared_activity():
    model = make_oscillators(duration=100.0)
    x = model.simulate()["x"].values
    expected = BalloonWindkessel(t_r=0.01, dt=0.1).fit_transform(x[None] + 2.0)
    bold = model.set_params(monitor=Bold(t_r=0.01)).simulate()["bold"]
    np.testing.assert_allclose(bold, expected[0], rtol=1e-9, atol=1e-15)


def test_gradient_of_a_step_equals_differences():
    model = make_oscillators()
    x = {"x": np.linspace(-2, 2, 5), "y": np.linspace(0.1, -0.1, 5)}
    got = differentiate_step(model, {"y": np.ones(5)}, x)
    # y + dt (d (1 - x^2) y - w^2 x - k s x), by hand
    strength = model.connectivity_.sum(axis=1)
    by_x = 0.1 * (-2 * 0.02 * x["x"] * x["y"] - 0.06**2 - 1e-3 * strength)
    np.testing.assert_allclose(got["x"]["x"], by_x, rtol=1e-12)
    by_damping = 0.1 * (1 - x["x"] ** 2) * x["y"]
    np.testing.assert_allclose(got["parameters"]["damping"], by_damping, rtol=1e-12)


@pytest.mark.torch
def test_torch_form_gives_gradients_through_runs():
    torch = pytest.importorskip("torch")
    from skneuro.dynamics import simulate_torch

    model = make_oscillators(duration=10.0)

    def loss(damping):
        series = simulate_torch(model, parameters={"damping": damping})["x"]
        return series.square().mean()

    damping = torch.tensor(0.02, dtype=torch.float64, requires_grad=True)
    loss(damping).backward()
    with torch.no_grad():
        h = 1e-4
        ends = [loss(torch.tensor(0.02 + s, dtype=torch.float64)) for s in (h, -h)]
    expected = float(ends[0] - ends[1]) / (2 * h)
    assert float(damping.grad) == pytest.approx(expected, rel=1e-6)
    compiled = model.simulate()["x"].values
    with torch.no_grad():
        series = simulate_torch(model)["x"][0].numpy()
    np.testing.assert_allclose(series, compiled, rtol=1e-10, atol=1e-12)


def test_own_models_join_pipelines_and_networks():
    chain = make_pipeline(make_oscillators(), FunctionalConnectivity())
    assert chain.fit_transform(np.zeros((2, 5))).shape == (2, 10)
    network = NetworkSimulator(
        [("own", VanDerPol()), ("cortex", WilsonCowan())],
        {("own__x", "cortex__net"): 0.5, ("cortex__exc", "own__y"): 0.01},
        delays=2.0,
        duration=30.0,
        random_state=0,
    )
    series = network.simulate()
    alone = network.set_params(connectivity=None, delays=None).simulate()
    for name in ("own__x", "cortex__exc"):
        assert np.abs(series[name] - alone[name]).max() > 1e-6
