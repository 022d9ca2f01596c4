"""A run gives the same bits however it is run: alone, batched, in pieces, elsewhere."""

import hashlib
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from joblib import Parallel, delayed
from sklearn.base import clone

from skneuro.dynamics import (
    ALN,
    Bold,
    Hopf,
    SubSample,
    TemporalAverage,
    ThalamicNode,
    WilsonCowan,
    _batch,
    simulate_batch,
)

MONITORS = {
    "raw": "raw",
    "sample": SubSample(0.7),
    "mean": TemporalAverage(1.1),
    "bold": Bold(t_r=0.0013),
    "bold_coarse": Bold(t_r=0.002, dt=0.5),
}


@st.composite
def simulators(draw, methods=("euler", "heun"), max_steps=150):
    """Networks of three models, with and without noise, delays, drive."""
    model = draw(st.sampled_from([Hopf, WilsonCowan, ALN]))
    n_nodes = draw(st.sampled_from([1, 2, 3, 5, 8, 13, 24, 100]))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    shape = (n_nodes, n_nodes)
    weights = rng.uniform(0, 2 / n_nodes, size=shape)
    weights *= rng.uniform(size=shape) < draw(st.sampled_from([0.1, 0.5, 1.0]))
    longest = draw(st.sampled_from([0.0, 4.0, 20.0, 60.0, 250.0]))  # 2 mm per step
    settings = {
        "sigma": draw(st.sampled_from([0.0, 0.1])),
        "tau_noise": draw(st.sampled_from([0.0, 5.0])),
        "method": draw(st.sampled_from(methods)),
        "dtype": draw(st.sampled_from(["float64", "float64", "float32"])),
        "duration": draw(st.integers(1, max_steps)) * 0.1,
        "random_state": draw(st.integers(0, 1000)),
    }
    if draw(st.booleans()):  # a parameter per node
        settings["coupling"] = rng.uniform(0.1, 1.0, size=n_nodes)
    return model(weights, rng.uniform(0, longest, size=shape), **settings)


def n_steps_of(simulator):
    return round(simulator.duration / simulator.dt)


def make_drive(simulator, kind, n_samples=1):
    """No drive, a constant, or a series per step."""
    n_nodes = len(simulator.connectivity)
    rng = np.random.default_rng(0)
    if kind == "none":
        return np.zeros((n_samples, n_nodes))
    if kind == "constant":
        return rng.uniform(size=(n_samples, n_nodes))
    return rng.uniform(size=(n_samples, n_nodes, n_steps_of(simulator)))


drives = st.sampled_from(["none", "constant", "series"])


@settings(max_examples=2 * settings().max_examples // 3)  # each one runs 43
@given(simulator=simulators(), drive=drives, data=st.data())
def test_alone_equals_in_a_batch_of_37(simulator, drive, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    n_nodes = len(simulator.connectivity)
    name = "a" if isinstance(simulator, Hopf) else "exc_input"
    sets = [
        {
            "coupling": float(rng.uniform(0, 1)),
            name: rng.uniform(0, 0.5, size=n_nodes) if k % 3 else 0.1,
            "random_state": int(rng.integers(0, 5)),
            "sigma": 0.1 * (k % 2),
        }
        for k in range(37)
    ]
    monitor = data.draw(st.sampled_from(["raw", "mean"]))
    if n_steps_of(simulator) >= 11:
        simulator.set_params(monitor=MONITORS[monitor])
    X = None if drive == "none" else make_drive(simulator, drive, n_samples=2)
    n_jobs = data.draw(st.sampled_from([1, 2]))
    together = simulate_batch(simulator, sets, X, n_jobs=n_jobs)
    X = np.zeros((1, n_nodes)) if X is None else X
    for k in rng.choice(37, size=6, replace=False):
        alone = simulator.set_params(**sets[k]).fit_transform(X)
        alone = alone[0] if together.ndim == 3 else alone
        np.testing.assert_array_equal(together[k], alone)


def cut(simulator, n_steps, cuts):
    """Lengths of the pieces that some places cut a run into."""
    places = sorted({0, n_steps, *(c for c in cuts if 0 < c < n_steps)})
    return np.diff(places)


def run_pieces(simulator, X, pieces, *, pickled=False):
    """Simulate piece by piece; return the joined series and the last states."""
    states, series, done = None, [], 0
    for length in pieces:
        part = X if X.ndim == 2 else X[..., done : done + length]
        simulator.set_params(duration=float(length * simulator.dt))
        if pickled:
            simulator, states = pickle.loads(pickle.dumps((simulator, states)))
        series.append(simulator.simulate(part, continue_from=states))
        states, done = simulator.state_, done + length
    joined = {
        v: np.concatenate([s[v].values for s in series], axis=-1) for v in series[0]
    }
    joined["time"] = np.concatenate([s["time"].values for s in series])
    return joined, states


@given(
    simulator=simulators(),
    drive=drives,
    monitor=st.sampled_from(sorted(MONITORS)),
    cuts=st.lists(st.integers(1, 149), max_size=5),
    pickled=st.booleans(),
)
def test_whole_equals_in_pieces(simulator, drive, monitor, cuts, pickled):
    simulator.set_params(monitor=MONITORS[monitor])
    X = make_drive(simulator, drive, n_samples=2)
    whole = simulator.fit(X).simulate(X)
    end = simulator.state_
    pieces = cut(simulator, n_steps_of(simulator), cuts)
    joined, states = run_pieces(simulator, X, pieces, pickled=pickled)
    for variable in whole:
        np.testing.assert_array_equal(joined[variable], whole[variable])
    np.testing.assert_allclose(joined["time"], whole["time"], rtol=1e-12)
    for one, other in zip(states, end, strict=True):
        assert one.step == other.step
        for kind in ("variables", "noise", "history", "observed"):
            for mine, theirs in zip(
                getattr(one, kind), getattr(other, kind), strict=True
            ):
                for name in theirs:
                    np.testing.assert_array_equal(mine[name], theirs[name])


@given(simulator=simulators(), drive=drives, own_noise=st.booleans())
def test_any_number_of_threads(simulator, drive, own_noise):
    simulator.set_params(independent_noise=own_noise)
    X = make_drive(simulator, drive, n_samples=11)
    one = simulator.set_params(n_jobs=1).fit(X).transform(X)
    two = simulator.set_params(n_jobs=2).transform(X)
    np.testing.assert_array_equal(one, two)
    if not own_noise:
        np.testing.assert_array_equal(simulator.transform(X[3:4])[0], one[3])


@given(simulator=simulators(max_steps=60), drive=drives)
def test_the_same_after_pickling(simulator, drive):
    X = make_drive(simulator, drive)
    before = simulator.fit(X).transform(X)
    after = pickle.loads(pickle.dumps(simulator))
    np.testing.assert_array_equal(after.transform(X), before)
    assert after.simulate(X).identical(simulator.simulate(X))


@given(simulator=simulators(methods=("euler",), max_steps=80))
@example(
    simulator=Hopf(
        np.ones((3, 3)), np.full((3, 3), 7.0), sigma=0.1, duration=8.0, random_state=0
    )
)
def test_simulate_equals_transform(simulator):
    X = make_drive(simulator, "constant", n_samples=2)
    out = simulator.fit(X).transform(X)
    series = simulator.simulate(X)
    np.testing.assert_array_equal(series[simulator.output], out)


@pytest.mark.parametrize("model", [Hopf, WilsonCowan])
def test_an_unseeded_run_goes_on_with_its_own_noise(model, make_network):
    weights, lengths = make_network(3)
    simulator = model(weights, lengths, sigma=0.1, duration=5.0)
    simulator.simulate()
    states = simulator.state_
    longer = simulator.set_params(duration=7.0).simulate(continue_from=states)
    again = simulator.simulate(continue_from=states)
    assert again.identical(longer)
    changed = simulator.set_params(duration=3.0).simulate(continue_from=states)
    assert changed.identical(longer.isel(time=slice(30)))


def long_run(model, **settings):
    """One run of 70 000 steps, which the engine takes in two calls."""
    rng = np.random.default_rng(0)
    weights, lengths = rng.uniform(size=(4, 4)), rng.uniform(0, 60, size=(4, 4))
    return model(
        weights, lengths, sigma=0.05, duration=7000.0, random_state=0, **settings
    )


@pytest.mark.parametrize("model", [Hopf, WilsonCowan])
def test_long_runs_are_seamless(model):
    simulator = long_run(model)
    X = np.zeros((1, 4))
    whole = simulator.fit(X).simulate(X)
    assert simulator.state_[0].step == 70_000
    joined, _ = run_pieces(simulator, X, [33_333, 36_667])
    for variable in whole:
        assert np.isfinite(whole[variable]).all()
        np.testing.assert_array_equal(joined[variable], whole[variable])


def test_float32_stays_near_float64_with_the_same_noise():
    rng = np.random.default_rng(0)
    weights, lengths = rng.uniform(size=(10, 10)), rng.uniform(0, 60, size=(10, 10))
    for model in (Hopf, WilsonCowan):
        simulator = model(weights, lengths, sigma=0.01, duration=20.0, random_state=0)
        exact = simulator.simulate()
        single = simulator.set_params(dtype="float32").simulate()
        for variable in exact:
            assert single[variable].dtype == np.float32
            assert np.abs(single[variable] - exact[variable]).max() < 1e-4


def _fit_transform(simulator, X):
    return simulator.fit_transform(X)


@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("model", [Hopf, WilsonCowan])
def test_joblib_backends(backend, model):
    simulator = long_run(model).set_params(duration=50.0)
    X = np.random.default_rng(0).uniform(size=(3, 4))
    expected = simulator.fit_transform(X)
    results = Parallel(n_jobs=2, backend=backend)(
        delayed(_fit_transform)(simulator, X) for _ in range(2)
    )
    for result in results:
        np.testing.assert_array_equal(result, expected)


_DIGEST = """
import hashlib, numpy as np
from skneuro.dynamics import Hopf, WilsonCowan
rng = np.random.default_rng(0)
weights, lengths = rng.uniform(size=(6, 6)), rng.uniform(0, 60, size=(6, 6))
digest = hashlib.sha256()
for model in (Hopf, WilsonCowan):
    simulator = model(weights, lengths, sigma=0.1, duration=20.0, random_state=7)
    digest.update(simulator.fit_transform(np.zeros((2, 6))).tobytes())
print(digest.hexdigest())
"""


def test_a_seed_means_the_same_in_another_process():
    outputs = set()
    for seed in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", _DIGEST],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        outputs.add(done.stdout.strip())
    rng = np.random.default_rng(0)
    weights, lengths = rng.uniform(size=(6, 6)), rng.uniform(0, 60, size=(6, 6))
    digest = hashlib.sha256()
    for model in (Hopf, WilsonCowan):
        simulator = model(weights, lengths, sigma=0.1, duration=20.0, random_state=7)
        digest.update(simulator.fit_transform(np.zeros((2, 6))).tobytes())
    assert outputs == {digest.hexdigest()}


@pytest.fixture
def lanes_of_runs(monkeypatch):
    """Lanes of every run that is set up."""
    found = []

    class Spy(_batch.Run):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            found.append(self.lanes)

    monkeypatch.setattr(_batch, "Run", Spy)
    return found


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("monitor", ["raw", TemporalAverage(1.1), Bold(t_r=0.0013)])
@pytest.mark.parametrize("n_nodes", [1, 3])
def test_nodes_without_edges_share_longer_lanes(dtype, monitor, n_nodes, lanes_of_runs):
    node = WilsonCowan(
        np.zeros((n_nodes, n_nodes)), sigma=0.1, duration=9.0, monitor=monitor
    )
    node.set_params(dtype=dtype, on_divergence="warn")
    sets = [{"mu_exc": 3.0 + 0.01 * k, "random_state": k} for k in range(37)]
    sets[20]["tau_exc"] = np.linspace(2.0, 3.0, n_nodes)
    together = simulate_batch(node, sets)
    if _batch.VECTORS:
        width = _batch.LANES[_batch.DTYPE_NAMES[dtype]]
        assert max(lanes_of_runs) == width * min(-(-37 // width), 8 // n_nodes)
    for k in (0, 19, 20, 36):
        alone = simulate_batch(node, [sets[k]])
        np.testing.assert_array_equal(together[k], alone[0])
    np.testing.assert_array_equal(simulate_batch(node, sets, n_jobs=2), together)


def test_a_diverging_node_leaves_the_other_lanes_alone(lanes_of_runs):
    node = Hopf(duration=200.0, on_divergence="warn")
    sets = [{"random_state": k} for k in range(40)]
    sets[33]["initial_state"] = {"x": 1e3, "y": 0.0}
    with pytest.warns(UserWarning, match="diverged"):
        together = simulate_batch(node, sets)
    assert np.isnan(together[33]).all()
    for k in (0, 32, 34, 39):
        np.testing.assert_array_equal(together[k], simulate_batch(node, [sets[k]])[0])


@pytest.mark.parametrize("model", [WilsonCowan, ThalamicNode])
def test_each_set_is_that_of_a_fit_of_its_own(model):
    # sets are fitted by what differs from the first one
    first = model.states[0]
    low, high = model.initial[first]
    value = (low + high) / 2 + 0.01
    param_list = [
        {"random_state": 3, "sigma": 0.02},
        {},
        {"sigma": {model.noise[0]: 0.05}},
        {"noise_mean": 0.01},
        {"tau_noise": 2.0},
        {"random_state": 5},
        {"initial_state": {first: value}},
        {"initial_state": {first: np.linspace(low, high, 8).reshape(2, 4)}},
        {"coupling": [0.3, 0.4]},
        {model.noise[1] + "_input": 0.2, "random_state": 3},
    ]
    simulator = model(
        [[0.0, 0.2], [0.1, 0.0]],
        [[0.0, 8.0], [8.0, 0.0]],
        duration=4.0,
        dt=0.05,
        sigma=0.01,
        random_state=0,
    )
    together = simulate_batch(simulator, param_list)
    for params, series in zip(param_list, together, strict=True):
        alone = clone(simulator).set_params(**params).fit(np.zeros((1, 2)))
        drive = np.zeros((1, alone.n_features_in_))
        np.testing.assert_array_equal(alone.fit(drive).transform(drive)[0], series)
    assert len({series.tobytes() for series in together}) == len(param_list)


def test_sets_are_checked_as_if_alone():
    simulator = WilsonCowan(duration=4.0)
    for params, message in (
        ({"sigma": -1.0}, "sigma"),
        ({"tau_exc": 0.0}, "tau_exc"),
        ({"random_state": "x"}, "random_state"),
        ({"coupling": np.nan}, "coupling must be finite"),
        ({"noise_mean": "x"}, "noise_mean"),
        ({"initial_state": {"exc": 2.0}}, "within the bounds"),
    ):
        with pytest.raises(ValueError, match=message):
            simulate_batch(simulator, [{"coupling": 0.1}, params])
