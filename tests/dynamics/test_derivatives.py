"""Derivatives of every model, and its torch form beside the compiled kernels."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

import skneuro.dynamics
from skneuro.dynamics import (
    ALN,
    BaseSimulator,
    Hopf,
    differentiate_step,
)
from skneuro.dynamics._derivatives import numeric_parameters

MODELS = {
    name: value
    for name in skneuro.dynamics.__all__
    if isinstance(value := getattr(skneuro.dynamics, name), type)
    and issubclass(value, BaseSimulator)
    and value.parameters
} | {"ALN, sigma filtered": partial(ALN, filter_sigma=True)}
N_NODES = 3


def make_network(n_nodes):
    rng = np.random.default_rng(1)
    weights = rng.uniform(0.1, 1.0, (n_nodes, n_nodes))
    weights *= rng.random((n_nodes, n_nodes)) < 0.5
    return weights, rng.uniform(1.0, 60.0, (n_nodes, n_nodes))


class Noted:
    """A table that notes where between its grid lines it is looked up."""

    def __init__(self, table):
        self.table, self.places = table, []

    def __call__(self, y, x):
        t = self.table
        self.places += [((y - t.y0) / t.dy) % 1, ((x - t.x0) / t.dx) % 1]
        return t(y, x)


def random_point(simulator, rng):
    """Random variables, sums, drives and noise, well inside the bounds.

    Tables are looked up near the middle of their cells: at grid lines their derivative
    jumps.
    """
    if not simulator.tables:
        return random_points(simulator, rng, N_NODES)
    points = random_points(simulator, rng, 5000)
    numbers = {k: np.ravel(v)[0] for k, v in simulator._numbers.items()}
    equations = simulator._equations()
    constants = equations.constants
    noted = {k: Noted(constants[k]) for k in simulator.tables}
    equations.function(
        *(SimpleNamespace(**points[g]) for g in ("x", "net", "drive", "noise")),
        SimpleNamespace(**numbers | constants | noted),
    )
    places = np.array([place for n in noted.values() for place in n.places])
    found = np.flatnonzero((np.abs(places - 0.5) < 0.2).all(axis=0))[:N_NODES]
    assert len(places) >= 2
    assert len(found) == N_NODES
    return {g: {k: v[found] for k, v in p.items()} for g, p in points.items()}


def random_points(simulator, rng, size):
    def between(low, high):
        return rng.uniform(low, high, size)

    x = {}
    for name in (*simulator.states, *simulator.algebraic):
        low, high = simulator.initial.get(name, (-1.0, 1.0))
        low, high = (low, high) if high > low else (low - 0.1, high + 0.1)
        margin = 0.1 * (high - low)
        x[name] = between(low + margin, high - margin)
    return {
        "x": x,
        "net": {
            name: between(0.1, 0.5)
            for name in (*simulator.coupling_inputs, *simulator.self_inputs)
        },
        "drive": {name: between(-0.1, 0.1) for name in simulator.ports},
        "noise": {name: between(-0.1, 0.1) for name in simulator.noise},
    }


def loss(simulator, point, numbers, bars):
    """Sum of the variables after a step, weighted; one value per node."""
    equations = simulator._equations()
    drive = {k: numbers[f"input_{k}"] + v for k, v in point["drive"].items()}
    new, _ = equations.euler_step(
        SimpleNamespace(**point["x"]),
        SimpleNamespace(**point["net"]),
        SimpleNamespace(**drive),
        SimpleNamespace(**point["noise"]),
        SimpleNamespace(**dict.fromkeys(equations.noise, 0.0)),
        SimpleNamespace(**numbers),
    )
    return sum(bars[name] * getattr(new, name) for name in bars)


def check_against_differences(got, function, value, name):
    """Compare with five-point differences per node, to 1e-6 and their rounding."""
    h = 1e-3 * np.maximum(np.abs(value), 1e-2)
    steps = [function(value + k * h) for k in (-2, -1, 1, 2)]
    expected = (steps[0] - 8 * steps[1] + 8 * steps[2] - steps[3]) / (12 * h)
    rounding = 8 * np.finfo(float).eps * np.abs(steps).max(axis=0) / h
    error = np.abs(got - expected)
    assert (error <= 1e-6 * np.abs(expected) + rounding).all(), (name, got, expected)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", MODELS)
def test_derivatives_of_a_step_equal_central_differences(name, seed):
    rng = np.random.default_rng(seed)
    simulator = MODELS[name](make_network(N_NODES)[0], random_state=0)
    simulator._fit_if_needed(None, keep_noise=False)
    point = random_point(simulator, rng)
    bars = {v: rng.normal(size=N_NODES) for v in point["x"]}
    numbers = {
        k: np.broadcast_to(np.asarray(v, float), (N_NODES,))
        for k, v in simulator._numbers.items()
    }
    got = differentiate_step(
        simulator,
        bars,
        point["x"],
        point["net"],
        drive=point["drive"],
        noise=point["noise"],
    )
    checked = 0
    for group in ("x", "net", "drive", "noise"):
        for leaf, value in point[group].items():

            def moved(v, group=group, leaf=leaf):
                changed = point | {group: point[group] | {leaf: v}}
                return loss(simulator, changed, numbers, bars)

            check_against_differences(got[group][leaf], moved, value, leaf)
            checked += 1
    for parameter, derivative in got["parameters"].items():
        port = parameter.removesuffix("_input")
        is_input = port != parameter and port in simulator.ports
        number = f"input_{port}" if is_input else parameter

        def moved(v, number=number):
            return loss(simulator, point, numbers | {number: v}, bars)

        check_against_differences(derivative, moved, numbers[number], parameter)
        checked += 1
    no_numbers = {"delay_exc", "delay_inh", "transfer", "filter_sigma"}
    no_numbers |= simulator.options.keys()
    assert checked >= len(point["x"]) + len(simulator.parameters.keys() - no_numbers)


def test_derivatives_name_what_is_unknown():
    with pytest.raises(ValueError, match=r"bars names \['z'\]"):
        differentiate_step(Hopf(), {"z": 1.0}, {"x": 0.0, "y": 0.0})
    with pytest.raises(ValueError, match=r"x lacks \['y'\]"):
        differentiate_step(Hopf(), {"x": 1.0}, {"x": 0.0})


@pytest.mark.torch
@pytest.mark.parametrize("name", MODELS)
def test_torch_form_repeats_the_compiled_kernel(name):
    pytest.importorskip("torch")
    from skneuro.dynamics import simulate_torch

    weights, lengths = make_network(6)
    model = MODELS[name]
    simulator = model(
        weights,
        lengths,
        coupling=0.05,
        duration=200.0,
        dt=0.1,
        sigma=1e-3,
        independent_noise=True,
        random_state=0,
    )
    port = simulator.ports[0]
    rng = np.random.default_rng(0)
    X = 0.05 * rng.normal(size=(2, 6, 2000))
    expected = simulator.simulate(X)
    got = simulate_torch(simulator, X)
    assert set(got) == set(expected)
    for variable, series in got.items():
        values = expected[variable].values
        scale = max(1.0, np.abs(values).max())
        difference = np.abs(series.numpy() - values).max() / scale
        assert difference < 1e-10, (variable, port, difference)
    assert np.abs(np.diff(values, axis=0)).max() > 0


@pytest.mark.torch
@pytest.mark.parametrize("name", MODELS)
def test_autograd_equals_finite_differences(name):
    torch = pytest.importorskip("torch")
    from skneuro.dynamics import simulate_torch

    weights, lengths = make_network(4)
    simulator = MODELS[name](
        weights, lengths, coupling=0.1, duration=10.0, sigma=1e-3, random_state=0
    )
    rng = np.random.default_rng(3)
    X = 0.1 * rng.normal(size=(2, 4, 100))
    start = {"connectivity": simulator.fit(X).connectivity_}
    for parameter in numeric_parameters(type(simulator)):
        value = np.ravel(getattr(simulator, parameter))
        is_drive = parameter.removesuffix("_input") in simulator.inputs
        start[parameter] = np.broadcast_to(value, (2, 4) if is_drive else (4,))
    times = torch.linspace(0.0, 1.0, 100, dtype=torch.float64)

    def objective(drive, values):
        series = simulate_torch(simulator, drive, parameters=values)
        value = series[simulator.output]
        if simulator.output in simulator.periods:  # 0 and 2 pi are the same phase
            value = torch.sin(value)
        return (times * value**2).sum()

    def leaf(value):
        return torch.tensor(value, dtype=torch.float64, requires_grad=True)

    leaves = {name: leaf(value) for name, value in start.items()}
    drive = leaf(X)
    value = objective(drive, leaves)
    value.backward()

    everything = {"X": X} | start
    gradients = {k: (leaves | {"X": drive})[k].grad for k in everything}
    for names in (["X"], ["connectivity"], [*start], [*everything]):
        directions = {
            k: rng.normal(size=v.shape) * np.maximum(np.abs(v), 0.01)
            for k, v in everything.items()
            if k in names
        }

        def along(t, directions=directions):
            moved = {k: everything[k] + t * d for k, d in directions.items()}
            with torch.no_grad():
                at = torch.tensor(moved.pop("X", X))
                return objective(at, start | moved).item()

        got = sum((gradients[k].numpy() * d).sum() for k, d in directions.items())
        # a millionth of the loss: few looked-up values cross a grid line
        h = min(1e-6 * abs(value.item() / got), 1.0)
        steps = [along(k * h) for k in (-2, -1, 1, 2)]
        expected = (steps[0] - 8 * steps[1] + 8 * steps[2] - steps[3]) / (12 * h)
        np.testing.assert_allclose(got, expected, rtol=1e-6, err_msg=str(names))
        assert expected != 0


@pytest.mark.torch
def test_constant_drives_and_held_columns_are_those_of_transform():
    torch = pytest.importorskip("torch")
    from skneuro.dynamics import simulate_torch

    weights, lengths = make_network(3)
    settings = {"dt": 0.1, "coupling": 0.1, "random_state": 0, "record": "x"}
    held = Hopf(weights, lengths, duration=None, stimulus_interval=0.5, **settings)
    X = np.random.default_rng(0).normal(size=(2, 3, 20))
    constant = Hopf(weights, lengths, duration=5.0, **settings)
    for simulator, drive in ((held, X), (constant, X[..., 0])):
        expected = simulator.fit_transform(drive)
        got = simulate_torch(simulator, torch.tensor(drive))["x"].numpy()
        np.testing.assert_allclose(got, expected, atol=1e-13)


@pytest.mark.torch
def test_torch_form_says_what_it_cannot_do():
    pytest.importorskip("torch")
    from skneuro.dynamics import simulate_torch

    with pytest.raises(ValueError, match="Euler's scheme only"):
        simulate_torch(Hopf(method="heun"))
    with pytest.raises(ValueError, match=r"parameters names \['b'\]"):
        simulate_torch(Hopf(), parameters={"b": 1.0})
    with pytest.raises(ValueError, match="connectivity has shape"):
        simulate_torch(Hopf(), parameters={"connectivity": np.ones((2, 2))})
