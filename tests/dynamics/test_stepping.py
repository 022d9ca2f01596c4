"""A simulation that is stepped from outside is the same simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skneuro.dynamics import (
    FitzHughNagumo,
    Hopf,
    Kuramoto,
    NetworkSimulator,
    ReducedWongWang,
    Stepper,
    WilsonCowan,
    WongWang,
)
from skneuro.exceptions import SimulationError


def make_simulator(model=Hopf, n_nodes=5, longest=60.0, seed=0, **kwargs):
    rng = np.random.default_rng(seed)
    shape = (n_nodes, n_nodes)
    weights = rng.uniform(0, 1 / n_nodes, shape)
    kwargs = {"sigma": 0.05, "duration": None, "random_state": seed} | kwargs
    return model(weights, rng.uniform(0, longest, shape), **kwargs)


@settings(max_examples=settings().max_examples // 4)
@given(
    model=st.sampled_from([Hopf, WilsonCowan, FitzHughNagumo]),
    n_nodes=st.sampled_from([1, 2, 5, 17, 40]),
    method=st.sampled_from(["euler", "heun"]),
    dtype=st.sampled_from(["float64", "float32"]),
    longest=st.sampled_from([0.0, 4.0, 30.0, 250.0]),
    pieces=st.lists(st.sampled_from([1, 1, 2, 3, 7, 16, 40]), min_size=3, max_size=40),
    n_samples=st.sampled_from([None, 1, 3, 8]),
)
def test_calls_equal_one_run(model, n_nodes, method, dtype, longest, pieces, n_samples):
    simulator = make_simulator(
        model, n_nodes, longest, method=method, dtype=dtype, independent_noise=True
    )
    rng = np.random.default_rng(0)
    columns = 0.1 * rng.standard_normal((len(pieces), n_samples or 1, n_nodes))
    X = np.repeat(columns, pieces, axis=0).transpose(1, 2, 0)
    whole = simulator.fit_transform(X)[..., np.cumsum(pieces) - 1]
    stepper = Stepper(simulator, n_samples)
    steps = [
        stepper.step(column[0] if n_samples is None else column, n_steps)
        for column, n_steps in zip(columns, pieces, strict=True)
    ]
    found = np.stack(steps, axis=-1)
    np.testing.assert_array_equal(found if n_samples else found[None], whole)


@pytest.mark.parametrize("n_samples", [None, 3])
def test_states_go_over_to_simulate_and_back(n_samples):
    simulator = make_simulator()
    X = 0.1 * np.random.default_rng(1).standard_normal((n_samples or 1, 5, 90))
    whole = simulator.fit_transform(X)
    first = simulator.simulate(X[..., :23])
    stepper = Stepper(simulator, n_samples, continue_from=simulator.state_)
    assert stepper.time == pytest.approx(2.3)
    middle = [
        stepper.step(X[0, :, k] if n_samples is None else X[..., k])
        for k in range(23, 50)
    ]
    last = simulator.simulate(X[..., 50:], continue_from=stepper.state_)
    middle = np.stack(middle, axis=-1)
    parts = [first["x"], middle if n_samples else middle[None], last["x"]]
    np.testing.assert_array_equal(np.concatenate(parts, axis=-1), whole)


def test_a_closed_loop_equals_its_drive_played_back():
    simulator = make_simulator(n_nodes=4, inputs=("x", "y"))
    stepper = Stepper(simulator)
    x, drives, outputs = np.zeros(4), [], []
    for _ in range(200):
        drives.append(np.concatenate([-0.3 * x, 0.1 * x]))
        x = stepper.step(drives[-1])
        outputs.append(x)
    played = simulator.fit_transform(np.stack(drives, axis=-1)[None])[0]
    np.testing.assert_array_equal(played, np.stack(outputs, axis=-1))


def test_feedback_holds_an_unstable_node():
    node = Hopf(a=0.1, initial_state={"x": 0.3, "y": 0.0}, random_state=0)
    loop = Stepper(node)
    x = np.array([0.3])
    for _ in range(4000):
        x = loop.step(-0.35 * x)  # the real part of both eigenvalues falls to -0.075
    assert abs(x[0]) < 1e-6
    free = Stepper(node)
    assert max(abs(free.step(None, 10)[0]) for _ in range(400)) > 0.3


@pytest.mark.parametrize("model", [WongWang, ReducedWongWang, Kuramoto])
def test_every_variable_can_be_read(model):
    simulator = make_simulator(model, duration=2.0)
    series = simulator.simulate()
    stepper = Stepper(simulator)
    stepper.step(n_steps=20)
    for name, values in stepper.read().items():
        np.testing.assert_array_equal(values, series[name].values[:, -1])
    assert stepper.names == (simulator.output,)


@pytest.mark.parametrize("n_samples", [None, 2, 9])
def test_networks_of_several_models_are_stepped_too(n_samples):
    weights = np.random.default_rng(0).uniform(0, 0.2, (5, 5))
    network = NetworkSimulator(
        [
            ("hopf", Hopf(sigma=0.05, inputs=("y", "x"))),
            ("cortex", WilsonCowan(inputs=("exc",))),
        ],
        weights,
        delays=0.7,
        n_nodes=(2, 3),
        duration=None,
        random_state=0,
    )
    X = 0.1 * np.random.default_rng(1).standard_normal((n_samples or 1, 7, 60))
    whole = network.fit_transform(X)
    stepper = Stepper(network, n_samples)
    found = [
        stepper.step(X[0, :, k] if n_samples is None else X[..., k]) for k in range(60)
    ]
    found = np.stack(found, axis=-1)
    np.testing.assert_array_equal(found if n_samples else found[None], whole)
    assert stepper.names == ("hopf__x", "cortex__exc")
    assert stepper.read()["cortex__inh"].shape[-1] == 3


def test_record_says_what_a_step_returns():
    simulator = make_simulator(record=("y", "x"), n_nodes=3)
    stepper = Stepper(simulator, 2)
    out = stepper.step(0.1)
    values = stepper.read()
    np.testing.assert_array_equal(out, np.hstack([values["y"], values["x"]]))
    assert out.shape == (2, 6)


def test_the_simulator_stays_as_it_was():
    simulator = make_simulator(duration=5.0)
    before = simulator.fit(np.zeros((1, 5))).get_params()
    Stepper(simulator).step()
    assert simulator.get_params() == before
    assert simulator.transform(np.zeros((1, 5))).shape == (1, 5, 50)


def test_diverging_steps_say_so():
    stepper = Stepper(make_simulator(FitzHughNagumo, dt=5.0), 3)
    with pytest.raises(SimulationError, match=r"FitzHughNagumo diverged at .* sample"):
        for _ in range(100):
            stepper.step([[0.0], [9.0], [0.0]])


@pytest.mark.parametrize(
    ("drive", "message"),
    [
        (np.zeros(4), r"drive has shape \(4,\) .* real numbers of shape \(5,\)"),
        (1j, "dtype complex128, expected real numbers"),
        ("a lot", r"expected real numbers of shape \(5,\)"),
        (np.full(5, np.nan), "drive holds NaN"),
        ([0.0, 0.0, -np.inf, 0.0, np.inf], "drive holds NaN"),
    ],
)
def test_wrong_drives_say_so(drive, message):
    with pytest.raises(ValueError, match=message):
        Stepper(make_simulator()).step(drive)


def test_wrong_states_say_so():
    with pytest.raises(TypeError, match="expected a list of states"):
        Stepper(make_simulator(), continue_from=3)
    states = Stepper(make_simulator()).state_
    with pytest.raises(ValueError, match="1 states for 2 samples"):
        Stepper(make_simulator(), 2, continue_from=states)


@pytest.mark.parametrize(
    ("n_steps", "error"),
    [(2.0, TypeError), ("2", TypeError), (None, TypeError), (-1, ValueError)],
)
def test_wrong_numbers_of_steps_say_so(n_steps, error):
    stepper = Stepper(make_simulator())
    with pytest.raises(error, match="n_steps is"):
        stepper.step(0.1, n_steps)
    assert stepper.time == 0.0
    np.testing.assert_array_equal(stepper.step(0.1, np.int64(3)), stepper.step(0.1, 0))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3,), TypeError, "expected an instance of a simulator"),
        ((Hopf,), TypeError, "expected an instance of a simulator"),
        ((Hopf(), 0), ValueError, "n_samples is 0, expected 1 or more"),
        ((Hopf(), 1.5), TypeError, "n_samples is 1.5, expected an integer"),
    ],
)
def test_what_cannot_be_stepped_says_so(arguments, error, message):
    with pytest.raises(error, match=message):
        Stepper(*arguments)
