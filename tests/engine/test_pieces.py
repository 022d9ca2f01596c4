"""Whole or in pieces, alone or side by side: the same bits."""

import pickle

import engine_reference
import numpy as np
import pytest
from engine_models import advance, draw_job, draw_network
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skneuro.dynamics import Hopf, WilsonCowan
from skneuro.engine import Equations, _backend
from skneuro.engine._jobs import Job, Network, Observer, Projection, Tap
from skneuro.engine._run import Run

TAPS = [
    Tap(0, "x"),
    Tap(0, "y"),
    Tap(0, "noise.x"),
    Tap(1, "rate", 3),
    Tap(1, "v", 4, averages=True),
    Tap(0, "x", 7, averages=True),
]
LEAK = Equations(
    "TestLeak",
    lambda x, net, drive, noise, p: {"trace": (p.gain * net.seen - x.trace) / p.tau},
    states=("trace",),
    inputs=("seen",),
    parameters=("gain", "tau"),
)
SIZES = (11, 6, 0)
# Populations of one node have numbers and records of their own.
OTHER_SIZES = [(1, 6, 0), (4, 1, 0), (1, 1, 0)]


def make_observers(sizes):
    by_node = {"gain": np.arange(float(sizes[1])), "tau": 2.0, "dt": 0.5}
    return [
        Observer(LEAK, 0, "x", {"gain": 1.0, "tau": 4.0, "dt": 0.1}, {"trace": 0.2},
                 1, ("trace",), 2),
        Observer(LEAK, 1, "w", by_node, {"trace": 0.0}, 5, ("trace",), 15),
    ]  # fmt: skip


OBSERVERS = make_observers(SIZES)


def draw_setting(seed, *, n_steps, driven, longest=40, sizes=SIZES):
    rng = np.random.default_rng(seed)
    network = draw_network(rng, sizes, density=0.5, longest=longest)
    return network, rng, n_steps if driven else None


def in_pieces(network, job, pieces, **options):
    """Recordings of a run that is stored and continued after each piece."""
    parts, state, done = [], job.state, 0
    for n_steps in pieces:
        drive = job.drive and [
            {port: series[:, done : done + n_steps] for port, series in group.items()}
            for group in job.drive
        ]
        part = Job(job.parameters, state, job.seed, job.simulation, drive)
        recorded, observed, state = advance(network, part, n_steps, **options)
        state = pickle.loads(pickle.dumps(state))
        parts.append([*recorded, *observed])
        done += n_steps
    joined = [np.concatenate(series, axis=1) for series in zip(*parts, strict=True)]
    return joined, state


def assert_same_state(one, other):
    for name in ("variables", "noise", "history"):
        for a, b in zip(getattr(one, name), getattr(other, name), strict=True):
            assert a.keys() == b.keys()
            for key in a:
                np.testing.assert_array_equal(a[key], b[key])
    assert one.step == other.step


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 1000),
    method=st.sampled_from(["euler", "heun"]),
    pieces=st.lists(st.integers(1, 40), min_size=2, max_size=8),
    driven=st.booleans(),
    longest=st.sampled_from([0, 3, 60]),
    sizes=st.sampled_from([SIZES, *OTHER_SIZES]),
)
@example(0, "euler", [1] * 50, True, 20, SIZES)
@example(0, "heun", [1] * 50, True, 20, SIZES)
@example(1, "euler", [300, 7, 400], False, 60, SIZES)
@example(1, "heun", [7, 600, 100], False, 60, SIZES)
@example(2, "euler", [1, 7, 300, 9], False, 60, (1, 1, 0))
def test_pieces_make_the_same_run(seed, method, pieces, driven, longest, sizes):
    n_steps = sum(pieces)
    network, rng, drive = draw_setting(
        seed, n_steps=n_steps, driven=driven, longest=longest, sizes=sizes
    )
    job = draw_job(rng, network, drive=drive)
    options = {"taps": TAPS, "observers": make_observers(sizes), "method": method}
    recorded, observed, state = advance(network, job, n_steps, **options)
    parts, last_state = in_pieces(network, job, pieces, **options)
    for whole, joined in zip([*recorded, *observed], parts, strict=True):
        np.testing.assert_array_equal(whole, joined)
    assert_same_state(state, last_state)


@pytest.mark.skipif(not _backend.VECTORS, reason="this processor has no vectors")
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 1000),
    dtype=st.sampled_from(["float64", "float32"]),
    n_jobs=st.integers(2, 16),
    n_steps=st.sampled_from([3, 64, 330]),
    first_step=st.sampled_from([0, 1, 6]),
    driven=st.booleans(),
    longest=st.sampled_from([0, 3, 60]),
    sizes=st.sampled_from([SIZES, *OTHER_SIZES]),
)
def test_lanes_hold_the_bits_of_single_runs(
    seed, dtype, n_jobs, n_steps, first_step, driven, longest, sizes
):
    network, rng, drive = draw_setting(
        seed, n_steps=n_steps, driven=driven, longest=longest, sizes=sizes
    )
    jobs = []
    for simulation in range(min(n_jobs, 8 if dtype == "float64" else 16)):
        by_node = bool(rng.integers(2))
        job = draw_job(
            rng, network, by_node=by_node, drive=drive, simulation=simulation
        )
        job.state.step = first_step
        jobs.append(job)
    options = {"taps": TAPS, "observers": make_observers(sizes), "dtype": dtype}
    run = Run(network, jobs, drive_start=first_step, **options)
    assert run.lanes > 1
    recorded, observed = run.advance(n_steps)
    states = run.final_states()
    for k, job in enumerate(jobs):
        series, traces, state = advance(network, job, n_steps, **options)
        for lane, alone in zip([*recorded, *observed], [*series, *traces], strict=True):
            np.testing.assert_array_equal(lane[k], alone)
        assert_same_state(states[k], state)


@pytest.mark.skipif(not _backend.VECTORS, reason="this processor has no vectors")
@pytest.mark.parametrize("lag", [1, 2, 3, 5, 11, 40])
def test_lanes_of_a_single_node_that_hears_itself(lag, normals):
    rng = np.random.default_rng(lag)
    network = draw_network(rng, (1, 0, 0), density=0.0)
    here = np.array([0])
    edge = Projection((0, "near"), (0, "x"), here, here, here + lag, np.full(1, 0.8))
    network = Network(network.populations, (edge,))
    jobs = [draw_job(rng, network, simulation=k, n_columns=5) for k in range(3)]
    (x, y), _ = Run(network, jobs, taps=TAPS[:2]).advance(60)
    for k, job in enumerate(jobs):
        (reference,) = engine_reference.simulate(network, job, 60, normals)
        np.testing.assert_allclose(x[k], reference["x"], atol=1e-12)
        np.testing.assert_allclose(y[k], reference["y"], atol=1e-12)


def test_observers_see_what_taps_record():
    network, rng, _ = draw_setting(4, n_steps=90, driven=False)
    job = draw_job(rng, network)
    (x, w), traces, state = advance(
        network, job, 90, taps=[Tap(0, "x"), Tap(1, "w")], observers=OBSERVERS
    )
    for series, trace, observer in zip((x, w), traces, OBSERVERS, strict=True):
        p, every = observer.parameters, observer.update_interval
        seen = series.reshape(len(series), -1, every).mean(axis=-1)
        value, expected = np.full(len(seen), observer.initial["trace"]), []
        for column in seen.T:
            value = value + p["dt"] * (p["gain"] * column - value) / p["tau"]
            expected.append(value)
        expected = np.array(expected).T[:, observer.record_interval // every - 1 ::
                                        observer.record_interval // every]  # fmt: skip
        np.testing.assert_allclose(trace, expected, atol=1e-14)
    assert len(state.observed) == 2


def test_mean_of_an_interval_that_was_not_seen_whole_is_nan():
    network, rng, _ = draw_setting(5, n_steps=0, driven=False)
    job = draw_job(rng, network)
    every_step, means = [Tap(0, "x")], [Tap(0, "x", 10, averages=True)]
    _, _, state = advance(network, job, 13, taps=every_step)
    job.state = state
    (x, mean), _, _ = advance(network, job, 27, taps=[*every_step, *means])
    assert np.isnan(mean[:, 0]).all()
    np.testing.assert_allclose(mean[:, 1], x[:, 7:17].mean(axis=1), rtol=1e-13)


@pytest.mark.parametrize("method", ["euler", "heun"])
def test_a_run_goes_on_with_other_settings(method):
    simulator = Hopf(np.ones((3, 3)), duration=1.3, sigma=0.1, method=method)
    simulator.set_params(random_state=0, record="x").simulate()
    whole = simulator.set_params(duration=2.6, record=("x", "y")).simulate()
    simulator.set_params(duration=1.3, record="x").simulate()
    rest = simulator.set_params(record=("x", "y")).simulate(
        continue_from=simulator.state_
    )
    np.testing.assert_array_equal(rest["y"], whole["y"][:, 13:])
    simulator.set_params(record="x").simulate()
    single = simulator.set_params(dtype="float32", record=("x", "y")).simulate(
        continue_from=simulator.state_
    )
    np.testing.assert_allclose(single["y"], rest["y"], atol=1e-5)


def test_sums_carried_by_heun_equal_those_made_again():
    network, rng, _ = draw_setting(6, n_steps=0, driven=False)
    job = draw_job(rng, network)
    _, _, state = advance(network, job, 45, taps=TAPS, method="heun")
    job.state = state
    carried, _, _ = advance(network, job, 20, taps=TAPS[:3], method="heun")
    state.carry = None
    made_again, _, _ = advance(network, job, 20, taps=TAPS[:3], method="heun")
    for a, b in zip(carried, made_again, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("model", [Hopf, WilsonCowan])
def test_simulators_drop_self_loops(model):
    weights = np.random.default_rng(0).uniform(size=(5, 5))
    lengths = np.full((5, 5), 30.0)
    hollow = weights * (1 - np.eye(5))
    one, other = (
        model(w, lengths, duration=5.0, random_state=0).simulate().to_array()
        for w in (weights, hollow)
    )
    np.testing.assert_array_equal(one, other)
