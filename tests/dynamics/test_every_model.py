"""What holds for every model, and for a network of all of them."""

import pickle

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.base import clone

import skneuro.dynamics
from skneuro.dynamics import BaseSimulator, NetworkSimulator, simulate_batch
from skneuro.exceptions import SimulationError

MODELS = {
    name: value
    for name in skneuro.dynamics.__all__
    if isinstance(value := getattr(skneuro.dynamics, name), type)
    and issubclass(value, BaseSimulator)
    and value.parameters
}
N_NODES, N_STEPS, DT = 5, 60, 0.01
RNG = np.random.default_rng(0)
WEIGHTS = RNG.uniform(0.0, 0.2, (N_NODES, N_NODES))
LENGTHS = RNG.uniform(0.0, 8.0, (N_NODES, N_NODES))  # mm, up to 40 steps
DRIVE = RNG.uniform(0.0, 0.1, (2, N_NODES, N_STEPS))


def make_model(name, **settings):
    settings = {"sigma": 0.01, "duration": N_STEPS * DT, "dt": DT} | settings
    return MODELS[name](WEIGHTS, LENGTHS, random_state=0, **settings)


def make_network(**settings):
    """One node of every model, each seen by the next at its first port."""
    nodes = [(name.lower(), model(sigma=0.01)) for name, model in MODELS.items()]
    names = list(MODELS)
    pairs = {}
    for name, following in zip(names, names[1:] + names[:1], strict=True):
        source = MODELS[name].output
        port = MODELS[following].ports[0]
        pairs[f"{name.lower()}__{source}", f"{following.lower()}__{port}"] = 0.01
    settings = {"duration": N_STEPS * DT, "dt": DT, "random_state": 0} | settings
    return NetworkSimulator(nodes, pairs, delays=0.17, **settings)


def make(name, **settings):
    return (
        make_network(**settings) if name == "network" else make_model(name, **settings)
    )


def drive_of(name):
    if name == "network":
        return np.random.default_rng(1).uniform(0.0, 0.1, (2, len(MODELS), N_STEPS))
    return DRIVE


EACH = pytest.mark.parametrize("name", [*MODELS, "network"])


@EACH
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_alone_equals_in_a_batch_of_37(name, n_jobs):
    simulator, X = make(name), drive_of(name)
    parameter = "hopf__a" if name == "network" else _number(name)
    value = simulator.get_params()[parameter]
    sets = [{parameter: f * value} for f in np.linspace(0.9, 1.1, 37)]
    together = simulate_batch(simulator, sets, X, n_jobs=n_jobs)
    assert together.shape[0] == 37
    assert np.ptp(together, axis=0).max() > 0
    for k in (0, 7, 8, 31, 32, 36):  # places in a vector, and in the last one
        alone = pickle.loads(pickle.dumps(clone(simulator).set_params(**sets[k])))
        alone = alone.set_params(n_jobs=3 - n_jobs).fit(X)
        expected = together[k]
        np.testing.assert_array_equal(alone.transform(X), expected)
        np.testing.assert_array_equal(alone.transform(X[1:])[0], expected[1])


def _number(name):
    """Name of a parameter that is no word, table, switch, delay or zero."""
    model = MODELS[name]
    return next(
        key
        for key, value in model.parameters.items()
        if isinstance(value, float) and value and not key.startswith("delay")
    )


@EACH
@pytest.mark.parametrize(
    ("method", "dtype"),
    [("euler", "float64"), ("heun", "float64"), ("euler", "float32")],
)
@settings(max_examples=4)
@given(cuts=st.lists(st.integers(1, N_STEPS - 1), min_size=1, max_size=5))
@example(cuts=[23, 24])
def test_pieces_give_the_bits_of_whole_runs_also_pickled(name, method, dtype, cuts):
    simulator, X = make(name, method=method, dtype=dtype), drive_of(name)
    whole = simulator.simulate(X)
    states, pieces, done = None, [], 0
    for end in (*sorted(set(cuts)), N_STEPS):
        simulator.set_params(duration=(end - done) * DT)
        simulator, states = pickle.loads(pickle.dumps((simulator, states)))
        piece = simulator.simulate(X[..., done:end], continue_from=states)
        pieces.append(piece)
        states, done = simulator.state_, end
    for variable in whole:
        joined = np.concatenate([p[variable].values for p in pieces], axis=-1)
        np.testing.assert_array_equal(joined, whole[variable], err_msg=variable)


@EACH
def test_nothing_but_an_error_leaves_the_finite_numbers(name):
    simulator = make(name, duration=5.0)
    huge = {"*__sigma": 1e308} if name == "network" else {"sigma": 1e308}
    with pytest.raises(SimulationError, match="is not finite"):
        simulator.set_params(**huge).simulate()


@EACH
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_a_number_does_not_come_in(name, value):
    X = drive_of(name).copy()
    X[1, -1, -1] = value
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        make(name).fit(X)
    parameter = "hopf__a" if name == "network" else _number(name)
    with pytest.raises(ValueError, match=r"finite|range .* Got (nan|inf)"):
        make(name).set_params(**{parameter: value}).simulate()
    vector = np.full(len(X[0]) if name != "network" else 1, value)
    with pytest.raises(ValueError, match=r"finite|infinity|NaN|positive"):
        make(name).set_params(**{parameter: vector}).simulate()


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=12)
@given(data=st.data())
def test_any_parameters_give_numbers_or_an_error(name, data):
    exponents = st.floats(-3.0, 3.0)
    parameters = {
        key: value * 10.0 ** data.draw(exponents, label=key)
        for key, value in numbers_of(name).items()
    }
    parameters |= {k: v for k, v in SHORT_DELAYS.items() if k in parameters}
    simulator = make_model(name, **parameters, duration=10.0, dt=0.1)
    try:
        series = simulator.simulate()
    except SimulationError as error:
        assert error.time > 0
        return
    for variable in series.values():
        assert np.isfinite(variable).all()


# Shorter than the runs of these tests, so that a change of it matters.
SHORT_DELAYS = {"delay_exc": 0.1, "delay_inh": 0.1}  # ms


def numbers_of(name):
    """Parameters of a model that are numbers, moved from values that do nothing."""
    numbers = {k: v for k, v in MODELS[name].parameters.items() if type(v) is float}
    numbers |= {k: v for k, v in SHORT_DELAYS.items() if k in numbers}
    return {k: v or 0.01 for k, v in numbers.items()}


def start_of(name):
    """A start that is the same however a simulator is made."""
    rng = np.random.default_rng(2)
    model, start = MODELS[name], {}
    for variable in (*model.states, *model.algebraic):
        low, high = model.initial.get(variable, (0.0, 1.0))
        start[variable] = rng.uniform(low, high, N_NODES)
    return start


def make_last_listen(name, **settings):
    """Nodes of which the last one sees all others."""
    weights = np.zeros((N_NODES, N_NODES))
    weights[-1, :-1] = 0.5
    settings = {"duration": N_STEPS * DT, "dt": DT, "random_state": 0} | settings
    return MODELS[name](weights, initial_state=start_of(name), **settings)


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_takes_one_value_per_node(name):
    factors = 1 + 0.01 * np.arange(N_NODES)
    vectors = {k: v * factors for k, v in numbers_of(name).items()}
    series = make_last_listen(name, **vectors).simulate()
    for k in (0, N_NODES - 2):  # these see nobody, so they run as if alone
        start = {v: float(x[k]) for v, x in start_of(name).items()}
        alone = MODELS[name](
            duration=N_STEPS * DT,
            dt=DT,
            initial_state=start,
            **{p: float(v[k]) for p, v in vectors.items()},
        )
        for variable, values in alone.simulate().items():
            got = series[variable][k]
            np.testing.assert_allclose(got, values[0], rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("name", MODELS)
def test_each_parameter_of_a_node_moves_that_node_only(name):
    vectors = {k: np.full(N_NODES, v) for k, v in numbers_of(name).items()}
    sets = [{}]
    for parameter, values in vectors.items():
        changed = values.copy()
        changed[-1] += 0.05 * max(abs(changed[-1]), 1.0)
        sets.append({parameter: changed})
    model = MODELS[name]
    record = (*model.states, *model.algebraic)
    settings = {"coupling_kind": "diffusive"} if "coupling_kind" in vectors else {}
    simulator = make_last_listen(name, record=record, **vectors, **settings)
    first, *others = simulate_batch(simulator, sets)
    shape = (len(record), N_NODES, N_STEPS)
    for parameter, series in zip(vectors, others, strict=True):
        moved = (series != first).reshape(shape).any(axis=(0, 2))
        assert moved.tolist() == [False] * (N_NODES - 1) + [True], parameter


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_of_a_group_takes_one_value_per_node(name):
    vectors = {k: v * (1 + 0.01 * np.arange(5)) for k, v in numbers_of(name).items()}
    expected = make_last_listen(name, **vectors).simulate()
    group = make_last_listen(name, **vectors)
    group.set_params(duration=1000.0, dt=0.1, random_state=None)  # the network's
    network = NetworkSimulator(
        [("other", skneuro.dynamics.Hopf()), ("group", group)],
        n_nodes=(1, N_NODES),
        duration=N_STEPS * DT,
        dt=DT,
        random_state=0,
    )
    series = network.simulate()
    for variable, values in expected.items():
        np.testing.assert_array_equal(series[f"group__{variable}"], values)


def test_a_model_in_a_network_is_that_model():
    network = make_network().set_params(connectivity=None, delays=None)
    series = network.simulate()
    for name, model in MODELS.items():
        for variable in (*model.states, *model.algebraic):
            assert np.isfinite(series[f"{name.lower()}__{variable}"]).all()
    start = {
        name: {
            variable: network._members[g]._start.variables[0][variable]
            for variable in (*model.states, *model.algebraic)
        }
        for g, (name, model) in enumerate(MODELS.items())
    }
    for name, model in MODELS.items():
        alone = model(
            duration=N_STEPS * DT, dt=DT, random_state=0, initial_state=start[name]
        ).simulate()
        silent = clone(network).set_params(
            **{"*__sigma": 0.0, f"{name.lower()}__initial_state": start[name]}
        )
        together = silent.simulate()
        for variable in alone:
            np.testing.assert_array_equal(
                together[f"{name.lower()}__{variable}"], alone[variable]
            )
