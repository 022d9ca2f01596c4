"""The integrator against a slow one whose correctness can be seen."""

import engine_reference
import numpy as np
import pytest
from engine_models import (
    MODELS,
    PHASES,
    TURN,
    advance,
    draw_job,
    draw_network,
    draw_state,
    single_nodes,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st

from skneuro.engine import Equations
from skneuro.engine._jobs import (
    Job,
    Network,
    Population,
    Projection,
    SimulationState,
    Tap,
)


def every_row(network):
    """Taps of all variables and noise processes."""
    return [
        Tap(g, name)
        for g, p in enumerate(network.populations)
        for name in (
            *p.equations.variables,
            *(f"noise.{name}" for name in p.equations.noise),
        )
    ]


def assert_same_series(network, taps, recorded, reference, tolerance):
    for tap, got in zip(taps, recorded, strict=True):
        difference = np.abs(got - reference[tap.population][tap.variable])
        equations = network.populations[tap.population].equations
        if tap.variable in equations.periods:  # the ends of a circle are one point
            difference = np.minimum(difference, TURN - difference)
        assert difference.max() < tolerance, tap


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    sizes=st.one_of(
        st.tuples(*[st.integers(0, 40)] * len(MODELS)).filter(any),
        st.sampled_from([(1, 0, 0), (0, 1, 0), (0, 0, 1), (8, 16, 0), (40, 0, 40)]),
    ),
    density=st.sampled_from([0.0, 0.05, 0.4, 1.0]),
    longest=st.sampled_from([0, 1, 5, 20, 60]),
    method=st.sampled_from(["euler", "heun"]),
    n_steps=st.sampled_from([1, 15, 16, 33, 120]),
    first_step=st.sampled_from([0, 0, 1, 16, 29]),
    n_columns=st.sampled_from([1, 7, 100]),
    hold=st.sampled_from([None, 1, 3]),
    sigma=st.sampled_from([0.0, 0.1]),
    by_node=st.booleans(),
)
@example(  # many sources: far edges are summed tile by tile; histories are moved
    seed=1,
    sizes=(40, 40, 21),
    density=0.4,
    longest=60,
    method="euler",
    n_steps=500,
    first_step=0,
    n_columns=1,
    hold=None,
    sigma=0.1,
    by_node=True,
)
@example(
    seed=2,
    sizes=(11, 3, 2),
    density=0.4,
    longest=60,
    method="heun",
    n_steps=500,
    first_step=5,
    n_columns=7,
    hold=3,
    sigma=0.1,
    by_node=True,
)
def test_networks_equal_the_slow_reference(
    normals,
    seed,
    sizes,
    density,
    longest,
    method,
    n_steps,
    first_step,
    n_columns,
    hold,
    sigma,
    by_node,
):
    rng = np.random.default_rng(seed)
    network = draw_network(rng, sizes, density=density, longest=longest)
    job = draw_job(
        rng,
        network,
        sigma=sigma,
        by_node=by_node,
        n_columns=n_columns,
        drive=None if hold is None else -(-n_steps // hold),
    )
    job.state.step = first_step
    taps = every_row(network)
    recorded, _, state = advance(
        network, job, n_steps, taps=taps, method=method, hold=hold or 1
    )
    reference = engine_reference.simulate(
        network, job, n_steps, normals, method=method, hold=hold or 1
    )
    # Rounding grows with time in networks that are chaotic.
    tolerance = 1e-12 if n_steps <= 120 else 1e-9
    assert_same_series(network, taps, recorded, reference, tolerance)
    assert state.step == first_step + n_steps
    for tap, series in zip(taps, recorded, strict=True):
        kind, name = (
            (state.noise, tap.variable.removeprefix("noise."))
            if tap.variable.startswith("noise.")
            else (state.variables, tap.variable)
        )
        np.testing.assert_array_equal(kind[tap.population][name], series[:, -1])


@pytest.mark.parametrize("method", ["euler", "heun"])
def test_float32_is_close_to_float64(normals, method):
    rng = np.random.default_rng(3)
    network = draw_network(rng, (19, 5, 0), density=0.4, longest=40)
    job = draw_job(rng, network, drive=100)
    taps = every_row(network)
    recorded, _, _ = advance(
        network, job, 100, taps=taps, method=method, dtype="float32"
    )
    assert {r.dtype for r in recorded} == {np.dtype("float32")}
    reference = engine_reference.simulate(network, job, 100, normals, method=method)
    assert_same_series(network, taps, recorded, reference, 2e-5)


@pytest.mark.parametrize("interval", [2, 3, 16, 50])
@pytest.mark.parametrize("averages", [False, True])
def test_samples_are_taken_at_multiples_of_their_interval(interval, averages):
    rng = np.random.default_rng(5)
    network = draw_network(rng, (9, 3, 0))
    job = draw_job(rng, network)
    every_step = [Tap(0, "x"), Tap(1, "rate"), Tap(1, "noise.w")]
    taps = [t._replace(interval=interval, averages=averages) for t in every_step]
    recorded, _, _ = advance(network, job, 107, taps=[*every_step, *taps])
    n = 107 // interval
    for full, got in zip(recorded[:3], recorded[3:], strict=True):
        parts = full[:, : n * interval].reshape(len(full), n, interval)
        if averages:
            np.testing.assert_allclose(got, parts.mean(axis=-1), atol=1e-14)
        else:
            np.testing.assert_array_equal(got, parts[..., -1])


def test_bounds_hold_and_are_reached():
    rng = np.random.default_rng(6)
    network = draw_network(rng, (0, 30, 0), density=1.0)
    taps = [Tap(0, "v"), Tap(0, "w")]
    job = draw_job(rng, network, sigma=3.0)
    (v, w), _, _ = advance(network, job, 300, taps=taps)
    assert (v.min(), v.max()) == (0.0, 0.6)
    assert w.min() == -0.1
    assert w.max() > 1.0


@pytest.mark.parametrize("omega", [0.9, -0.9])
def test_phases_stay_on_their_circle(omega):
    network = single_nodes(PHASES, 3)
    job = draw_job(np.random.default_rng(0), network, sigma=0.0, by_node=False)
    job.parameters[0] |= {"omega": omega, "input_theta": 0.0, "noise_mean_theta": 0.0}
    job.state.noise[0]["theta"] = np.zeros(3)
    start = job.state.variables[0]["theta"]
    (theta,), _, _ = advance(network, job, 1000, taps=[Tap(0, "theta")])
    assert theta.min() >= -1e-15
    assert theta.max() <= TURN
    unwrapped = start[:, None] + omega * 0.1 * np.arange(1, 1001)
    distance = (theta - unwrapped + np.pi) % TURN - np.pi
    np.testing.assert_allclose(distance, 0, atol=1e-11)


def brake(x, net, drive, noise, p):
    return {"v": x.v * x.v - net.brake * x.v, "brake": 0.0}


BRAKE = Equations(
    "TestBrake", brake, states=("v", "brake"), inputs=("brake",), sources=("brake",)
)


@pytest.mark.parametrize("lag", [1, 3])
@pytest.mark.parametrize("method", ["euler", "heun"])
def test_padding_cannot_diverge_where_its_node_does_not(lag, method):
    # Without its input from the network v would overflow within twelve steps.
    network = Network(
        (Population(BRAKE, 2),),
        (
            Projection(
                (0, "brake"),
                (0, "brake"),
                np.array([0, 1]),
                np.array([1, 0]),
                np.full(2, lag),
                np.ones(2),
            ),
        ),
    )
    ten = np.full(2, 10.0)
    state = SimulationState(
        0, [{"v": ten, "brake": ten}], [{}], [{"brake": ten[:, None]}]
    )
    job = Job([{"dt": 0.1}], state)
    (v,), _, _ = advance(network, job, 60, taps=[Tap(0, "v")], method=method)
    np.testing.assert_array_equal(v, 10.0)


def test_self_edges_of_the_engine_are_edges_like_others():
    equations = Equations(
        "TestSelf",
        lambda x, net, drive, noise, p: {"v": net.sum - x.v},
        states=("v",),
        inputs=("sum",),
        sources=("v",),
    )
    here = np.array([0])
    projection = Projection((0, "sum"), (0, "v"), here, here, here + 1, np.ones(1))
    network = Network((Population(equations, 1),), (projection,))
    state = SimulationState(0, [{"v": np.ones(1)}], [{}], [{"v": np.ones((1, 1))}])
    (v,), _, _ = advance(network, Job([{"dt": 0.5}], state), 10, taps=[Tap(0, "v")])
    np.testing.assert_array_equal(v, 1.0)


def test_past_that_is_longer_than_the_longest_lag_is_cut():
    rng = np.random.default_rng(8)
    network = draw_network(rng, (6, 0, 0), longest=9)
    job = draw_job(rng, network, n_columns=network.max_lag)
    longer = draw_state(rng, network, 300).history[0]["x"]
    longer[:, -network.max_lag :] = job.state.history[0]["x"]
    taps = every_row(network)
    exact, _, _ = advance(network, job, 50, taps=taps)
    job.state.history = [{"x": longer}]
    cut, _, _ = advance(network, job, 50, taps=taps)
    for a, b in zip(exact, cut, strict=True):
        np.testing.assert_array_equal(a, b)
