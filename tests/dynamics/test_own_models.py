"""Models that users write: what a class declares is what is simulated."""

from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import clone

from skneuro.dynamics import BaseSimulator, Hopf, simulate_batch
from skneuro.engine import Table, exp


def test_a_subclass_may_change_the_equations_only():
    class Slower(Hopf):
        @staticmethod
        def equations(x, net, drive, noise, p):
            rates = Hopf.equations(x, net, drive, noise, p)
            return {name: 0.5 * rate for name, rate in rates.items()}

    settings = {"duration": 50.0, "random_state": 0}
    Hopf(**settings).simulate()  # has its kernel now
    slower = Slower(dt=0.1, **settings).simulate()
    by_half = Hopf(dt=0.05, duration=25.0, random_state=0).simulate()
    np.testing.assert_allclose(slower["x"], by_half["x"], rtol=1e-10, atol=1e-12)


def test_a_subclass_may_change_declarations_only():
    class Clipped(Hopf):
        bounds: ClassVar[dict] = {"x": (-0.1, 0.15)}
        initial: ClassVar[dict] = {"x": (0.1, 0.1), "y": (0.0, 0.0)}

    x = Clipped(duration=100.0).simulate()["x"].values
    assert x.min() == -0.1
    assert x.max() == 0.15
    assert Hopf(duration=100.0).simulate()["x"].max() > 0.3


class Adaptive(BaseSimulator):
    """A rate that is assigned, not integrated, and adapts; seen with a gain."""

    parameters: ClassVar[dict] = {
        "tau": 10.0,
        "gain": 2.0,
        "kind": "gentle",
        "x_input": 1.0,
    }
    positive = ("tau",)
    options: ClassVar[dict] = {
        "kind": {"gentle": {"slope": 1.0}, "steep": {"slope": 4.0}}
    }
    states = ("x",)
    algebraic = ("rate",)
    ports = ("x",)
    coupling_inputs: ClassVar[dict] = {"net": "sent"}
    initial: ClassVar[dict] = {"x": (0.5, 0.5)}
    output = "rate"
    units: ClassVar[dict] = {"rate": "Hz"}

    @staticmethod
    def sources(x, p):
        return {"sent": p.gain * x.rate}

    @staticmethod
    def equations(x, net, drive, noise, p):
        rate = 1 / (1 + exp(-p.slope * x.x))
        return {"x": (-x.x - x.rate + net.net + drive.x) / p.tau, "rate": rate}


def adaptive_loop(weights, delays, *, gain, slope, n_steps, dt=0.1, tau=10.0):
    n = len(weights)
    x, rate = np.full(n, 0.5), np.zeros(n)
    sent = [gain * rate] * (delays.max() + 1)  # latest first
    series = []
    for _ in range(n_steps):
        net = (weights * np.array(sent)[delays, np.arange(n)]).sum(axis=1)
        x, rate = x + dt * (-x - rate + net + 1.0) / tau, 1 / (1 + np.exp(-slope * x))
        sent = [gain * rate, *sent[:-1]]
        series.append(rate)
    return np.transpose(series)


@pytest.mark.parametrize("kind", ["gentle", "steep"])
def test_algebraic_variables_and_sources_of_ones_own(kind):
    rng = np.random.default_rng(0)
    weights = rng.uniform(size=(3, 3)) * (1 - np.eye(3))
    delays = rng.integers(0, 30, size=(3, 3)) * (1 - np.eye(3, dtype=int))
    gain = np.array([2.0, 0.5, -1.0])
    model = Adaptive(weights, 2.0 * delays, gain=gain, kind=kind, duration=30.0)
    series = model.simulate()
    expected = adaptive_loop(
        weights, delays, gain=gain, slope=Adaptive.options["kind"][kind]["slope"],
        n_steps=300,
    )  # fmt: skip
    np.testing.assert_allclose(series["rate"], expected, rtol=1e-12)
    assert series["rate"].attrs["units"] == "Hz"
    again = clone(model).fit_transform([[0.0] * 3])
    np.testing.assert_array_equal(again[0], series["rate"])
    batch = simulate_batch(model, [{"tau": 10.0}] * 8)
    np.testing.assert_array_equal(batch[3], series["rate"])


class Remembering(BaseSimulator):
    """Sums of squared weights, a node's own past, a table and a switch."""

    parameters: ClassVar[dict] = {
        "own_delay": 0.0,
        "response": None,
        "inverted": False,
        "x_input": 1.0,
    }
    states = ("x",)
    ports = ("x",)
    coupling_inputs: ClassVar[dict] = {"net": "x", "net_cubed": "x"}
    weight_powers: ClassVar[dict] = {"net_cubed": 3}
    self_inputs: ClassVar[dict] = {"own": ("x", "own_delay")}
    tables: ClassVar[dict] = {
        "response": lambda gain: Table(
            (gain or {"gain": 1.0})["gain"]
            * np.mgrid[-1:2, -1:2].sum(axis=0)[..., None],
            x=(-1.0, 1.0),
            y=(-1.0, 1.0),
        )
    }
    initial: ClassVar[dict] = {"x": (-0.2, 0.2)}

    @staticmethod
    def equations(x, net, drive, noise, p):
        own = -net.own if p.inverted else net.own
        [response] = p.response(0.1 * own, 0.1 * drive.x)
        network = net.net - p.net_cubed_strength * net.net_cubed
        return {"x": (response - x.x + 0.2 * network) / 10.0}


def remembering_loop(weights, delays, own_delay, *, gain, sign, start, n_steps=300):
    """The same, from the definition."""
    n, x = len(weights), start
    past = [x] * (max(delays.max(), own_delay.max()) + 1)  # latest first
    cubed, nodes, series = weights**3, np.arange(len(weights)), []
    for _ in range(n_steps):
        arrived = np.array(past)[delays, nodes]
        network = (weights * arrived).sum(axis=1)
        network = network - cubed.sum(axis=1) * (cubed * arrived).sum(axis=1)
        own = np.array(past)[own_delay, np.arange(n)]
        response = gain * (sign * 0.1 * own + 0.1)
        x = x + 0.1 * (response - x + 0.2 * network) / 10.0
        past = [x, *past[:-1]]
        series.append(x)
    return np.transpose(series)


@pytest.mark.parametrize(("gain", "sign"), [(1.0, 1.0), (3.0, 1.0), (3.0, -1.0)])
def test_squared_weights_own_past_tables_and_switches(gain, sign):
    rng = np.random.default_rng(0)
    weights = rng.uniform(size=(3, 3)) * (1 - np.eye(3))
    delays = rng.integers(0, 30, size=(3, 3)) * (1 - np.eye(3, dtype=int))
    own_delay = np.array([0, 7, 45])
    settings = {"response": {"gain": gain}, "inverted": sign < 0}
    settings["own_delay"] = 0.1 * own_delay
    start = np.array([0.1, -0.3, 0.2])
    model = Remembering(
        weights, 2.0 * delays, duration=30.0, initial_state={"x": start}
    )
    series = clone(model).set_params(**settings).simulate()
    expected = remembering_loop(
        weights, delays, own_delay, gain=gain, sign=sign, start=start
    )
    np.testing.assert_allclose(series["x"], expected, rtol=1e-12)
    others = [{"own_delay": 1.0}, {"inverted": True}, {"response": {"gain": 2.0}}]
    batch = simulate_batch(model, [settings, *others, settings])
    np.testing.assert_array_equal(batch[0], series["x"])
    np.testing.assert_array_equal(batch[4], series["x"])
    assert len({one.tobytes() for one in batch}) == 4
    torch = pytest.importorskip("torch")
    from skneuro.dynamics import simulate_torch

    again = simulate_torch(
        model.set_params(**settings), parameters={"connectivity": torch.tensor(weights)}
    )
    np.testing.assert_allclose(again["x"][0].numpy(), expected, rtol=1e-12)


def make_class(**declarations):
    usual = {
        "parameters": {"a": 1.0, "x_input": 0.0},
        "states": ("x",),
        "ports": ("x",),
        "equations": staticmethod(lambda x, net, drive, noise, p: {"x": drive.x}),
    }
    return type("Mine", (BaseSimulator,), usual | declarations)


@pytest.mark.parametrize(
    ("declarations", "message"),
    [
        ({"ports": ("x", "y")}, r"Mine.parameters lacks \['y_input'\]"),
        (
            {"parameters": {"x_input": 0.0, "dt": 1.0}},
            r"has \['dt'\], names of settings",
        ),
        ({"positive": ("b",)}, r"Mine.positive names \['b'\], expected some of \['a'"),
        ({"options": {"b": {}}}, r"Mine.options names \['b'\]"),
        ({"bounds": {"y": (0, 1)}}, r"Mine.bounds names \['y'\], expected .*\['x'\]"),
        ({"initial": {"y": (0, 1)}}, r"Mine.initial names \['y'\]"),
        ({"output": "y"}, r"Mine.output names \['y'\]"),
        ({"coupling_inputs": {"net": "y"}}, r"Mine.coupling_inputs names \['y'\]"),
        ({"bold_input": ("y", 0.0, 1.0)}, r"Mine.bold_input names \['y'\]"),
        ({"self_inputs": {"own": ("y", "a")}}, r"Mine.self_inputs names \['y'\]"),
        ({"self_inputs": {"own": ("x", "b")}}, r"Mine.self_inputs names \['b'\]"),
        ({"weight_powers": {"net": 2}}, r"Mine.weight_powers names \['net'\]"),
        ({"tables": {"b": Table}}, r"Mine.tables names \['b'\]"),
        (
            {"self_inputs": {"n": ("x", "a")}, "coupling_inputs": {"n": "x"}},
            r"Mine has \['n'\] in coupling_inputs and in self_inputs",
        ),
    ],
)
def test_declarations_that_do_not_fit_are_refused(declarations, message):
    with pytest.raises(TypeError, match=message):
        make_class(**declarations)


def test_equations_that_lack_a_state_are_refused():
    model = make_class(
        states=("x", "y"),
        equations=staticmethod(lambda x, net, drive, noise, p: {"x": drive.x}),
    )
    with pytest.raises(ValueError, match=r"equations of Mine returned \['x'\]"):
        model(duration=1.0).simulate()


def test_a_model_without_bold_input_says_so():
    from skneuro.dynamics import Bold

    with pytest.raises(ValueError, match="Mine declares no bold_input"):
        make_class()(duration=10.0, monitor=Bold(t_r=0.01)).simulate()


def test_branches_in_equations_are_refused():
    model = make_class(
        equations=staticmethod(
            lambda x, net, drive, noise, p: {"x": drive.x if x.x > 0 else 0.0}
        )
    )
    with pytest.raises(TypeError, match=r"write where\(condition, a, b\)"):
        model(duration=1.0).simulate()
