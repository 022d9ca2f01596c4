"""What holds for every model, and for a network of all of them."""

import pickle

import numpy as np
import pytest
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
def test_batches_and_threads_give_the_bits_of_single_runs(name):
    simulator, X = make(name), drive_of(name)
    parameter = "hopf__a" if name == "network" else _number(name)
    value = simulator.get_params()[parameter]
    sets = [{parameter: f * value} for f in np.linspace(0.9, 1.1, 9)]
    together = simulate_batch(simulator, sets, X, n_jobs=2)
    for k in (0, 8):
        alone = clone(simulator).set_params(**sets[k]).fit_transform(X)
        np.testing.assert_array_equal(together[k], alone)
    assert np.ptp(together, axis=0).max() > 0


def _number(name):
    """Name of a parameter that is no word, table, switch, delay or zero."""
    model = MODELS[name]
    return next(
        key
        for key, value in model.parameters.items()
        if isinstance(value, float) and value and not key.startswith("delay")
    )


@EACH
@pytest.mark.parametrize("method", ["euler", "heun"])
def test_pieces_give_the_bits_of_whole_runs_also_pickled(name, method):
    simulator, X = make(name, method=method), drive_of(name)
    whole = simulator.simulate(X)
    states, pieces, done = None, [], 0
    for length in (23, 1, 36):
        simulator.set_params(duration=length * DT)
        simulator, states = pickle.loads(pickle.dumps((simulator, states)))
        piece = simulator.simulate(X[..., done : done + length], continue_from=states)
        pieces.append(piece)
        states, done = simulator.state_, done + length
    for variable in whole:
        joined = np.concatenate([p[variable].values for p in pieces], axis=-1)
        np.testing.assert_array_equal(joined, whole[variable], err_msg=variable)


@EACH
def test_nothing_but_an_error_leaves_the_finite_numbers(name):
    simulator = make(name, duration=5.0)
    huge = {"*__sigma": 1e308} if name == "network" else {"sigma": 1e308}
    with pytest.raises(SimulationError, match="is not finite"):
        simulator.set_params(**huge).simulate()


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_takes_one_value_per_node(name):
    model = MODELS[name]
    expected = make_model(name).fit_transform(DRIVE)
    per_node = {
        key: np.full(N_NODES, value)
        for key, value in model.parameters.items()
        if isinstance(value, float)
    }
    got = make_model(name, **per_node).fit_transform(DRIVE)
    np.testing.assert_array_equal(got, expected)
    for key in per_node:
        different = np.full(N_NODES, model.parameters[key])
        different[-1] += 1e-3 * max(abs(different[-1]), 1.0)
        make_model(name, **{key: different}).fit(DRIVE)


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
