"""Runs that leave the finite numbers are errors, or NaN where they happened."""

import pickle

import numpy as np
import pytest

from skneuro.dynamics import (
    BalloonWindkessel,
    Bold,
    Hopf,
    SubSample,
    TemporalAverage,
    WilsonCowan,
    simulate_batch,
)
from skneuro.exceptions import SimulationError

LABELS = ["a", "b", "c", "d"]
# The sum of node c overflows, and infinity times a coupling of zero is not a number.
OVERFLOWING = {
    "connectivity": [[0] * 4, [0] * 4, [1.7e308, -1.7e308, 0, 1.7e308], [0] * 4],
    "initial_state": {"exc": [1.0, 0.0, 0.5, 1.0], "inh": 0.1},
    "labels": LABELS,
}


@pytest.mark.parametrize("method", ["euler", "heun"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_error_names_time_node_and_variable(method, dtype, make_network):
    weights, lengths = make_network(4, longest=60.0)
    drive = np.zeros((1, 4, 100))
    drive[0, 2, 57] = 1e30
    simulator = Hopf(
        weights, lengths, labels=LABELS, duration=10.0, random_state=0, dtype=dtype,
        method=method,
    )  # fmt: skip
    with pytest.raises(SimulationError, match="Hopf diverged at t = ") as caught:
        simulator.fit(drive).transform(drive)
    error = caught.value
    assert "x of node c is not finite" in str(error)
    assert "Reduce dt=0.1" in str(error)
    assert (error.node, error.variable, error.simulation) == ("c", "x", 0)
    assert 5.8 <= error.time <= 6.4  # a cube or two after the kick
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.node, again.time) == (str(error), "c", error.time)


def test_the_error_of_simulate_is_the_same(make_network):
    weights, lengths = make_network(4)
    simulator = Hopf(weights, lengths, a=500.0, duration=100.0, random_state=0)
    with pytest.raises(SimulationError, match="Hopf diverged") as caught:
        simulator.simulate()
    assert caught.value.time < 5.0


@pytest.mark.parametrize("sigma", [0.0, 0.01])
@pytest.mark.parametrize("record", [None, "inh"])
def test_clipping_cannot_hide_what_is_not_a_number(sigma, record):
    # both states of Wilson-Cowan are clipped to [0, 1] in every step
    simulator = WilsonCowan(
        coupling=0.0, duration=10.0, sigma=sigma, random_state=0,
        record=record, monitor=SubSample(5.0), **OVERFLOWING,
    )  # fmt: skip
    with pytest.raises(SimulationError, match="exc of node c is not finite") as caught:
        simulator.simulate()
    assert caught.value.time <= 0.2


def test_clipping_cannot_hide_infinite_noise():
    simulator = WilsonCowan(np.zeros((4, 4)), sigma=1e308, duration=5.0, random_state=0)
    with pytest.raises(SimulationError, match="WilsonCowan diverged"):
        simulator.fit_transform(np.zeros((1, 4)))


def test_clipping_in_a_batch_cannot_hide_it_either():
    simulator = WilsonCowan(duration=5.0, random_state=0, **OVERFLOWING)
    sets = [{"coupling": 1.0} for _ in range(11)]
    sets[5] = {"coupling": 0.0}
    with pytest.warns(UserWarning, match=r"parameter set 5.*exc of node c"):
        series = simulate_batch(simulator, sets, on_divergence="warn")
    assert np.isnan(series[5]).all()
    assert np.isfinite(np.delete(series, 5, axis=0)).all()


MONITORS = {
    "raw": "raw",
    "sample": SubSample(0.5),
    "mean": TemporalAverage(0.5),
    "bold": Bold(t_r=0.005),
}


@pytest.mark.parametrize("kick", [6.0, 9.0, 13.0, 20.0, 100.0])
@pytest.mark.parametrize("monitor", MONITORS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_set_that_diverges_leaves_the_others_alone(
    monitor, kick, dtype, make_network
):
    # the strength of the kick moves the time of the failure across blocks of steps
    if dtype == "float32":
        kick = min(kick, 30.0)
    weights, lengths = make_network(4)
    simulator = Hopf(
        weights, lengths, duration=20.0, sigma=0.01, random_state=0, dtype=dtype,
        monitor=MONITORS[monitor],
    )  # fmt: skip
    sets = [{"a": 0.05 * k} for k in range(19)]
    sets[3] = {"a": 0.1, "x_input": 10.0**kick}
    sets[11] = {"a": 900.0}
    with pytest.warns(UserWarning, match="Its values are NaN") as caught:
        together = simulate_batch(simulator, sets, on_divergence="warn")
    assert [str(w.message).count("parameter set") for w in caught] == [1, 1]
    for k, params in enumerate(sets):
        if k in (3, 11):
            assert np.isnan(together[k]).all()
        else:
            alone = simulate_batch(simulator, [params])[0]
            np.testing.assert_array_equal(together[k], alone)
    # shuffled, the same sets fail
    order = np.random.default_rng(0).permutation(19)
    with pytest.warns(UserWarning, match="Its values are NaN"):
        shuffled = simulate_batch(
            simulator, [sets[k] for k in order], on_divergence="warn", n_jobs=2
        )
    np.testing.assert_array_equal(shuffled, together[order])


def test_a_batch_names_the_set_that_diverged(make_network):
    weights, lengths = make_network(4)
    simulator = Hopf(weights, lengths, labels=LABELS, duration=50.0, random_state=0)
    sets = [{"a": 0.1}, {"a": 800.0}, {"a": 0.2}]
    with pytest.raises(
        SimulationError, match=r"parameter set 1, \{'a': 800.0\}: "
    ) as e:
        simulate_batch(simulator, sets)
    assert e.value.simulation == 1
    assert e.value.node in LABELS
    # as the simulator says, unless the call says otherwise
    simulator.set_params(on_divergence="warn")
    with pytest.warns(UserWarning, match="parameter set 1"):
        series = simulate_batch(simulator, sets)
    assert np.isnan(series[1]).all()
    with pytest.raises(SimulationError):
        simulate_batch(simulator, sets, on_divergence="raise")


@pytest.mark.parametrize("n_samples", [3, 20])
def test_a_sample_that_diverges_is_nan_if_asked_for(n_samples, make_network):
    weights, lengths = make_network(4)
    X = np.random.default_rng(0).uniform(size=(n_samples, 4))
    fine = Hopf(weights, lengths, duration=20.0, random_state=0)
    expected = fine.fit_transform(X)
    X[1, 2] = 1e8
    simulator = fine.set_params(on_divergence="warn").fit(X)
    with pytest.warns(UserWarning, match="sample 1: x of node 2 is not finite"):
        out = simulator.transform(X)
    assert np.isnan(out[1]).all()
    rest = np.arange(n_samples) != 1
    np.testing.assert_array_equal(out[rest], expected[rest])
    with pytest.warns(UserWarning, match="sample 1"):
        series = simulator.simulate(X)
    assert np.isnan(series["x"][1]).all()
    assert np.isnan(series["y"][1]).all()
    np.testing.assert_array_equal(series["x"][rest], expected[rest])
    with pytest.raises(SimulationError) as caught:
        simulator.set_params(on_divergence="raise").transform(X)
    assert caught.value.simulation == 1


def test_nodes_that_only_their_network_holds_do_not_diverge(relay):
    # the second node would grow without the first; vectors are wider than two nodes
    class Held(relay):
        @staticmethod
        def equations(x, net, drive, noise, p):
            return {"x": p.step * x.x + net.net + drive.x, "y": 0.0 * x.y}

    simulator = Held(
        [[0.0, 1.0], [-1.0, 0.0]], step=[-2.0, 0.1], duration=3000.0, dtype="float32",
        initial_state={"x": 0.5, "y": 0.0}, monitor=SubSample(1000.0),
    )  # fmt: skip
    assert np.abs(simulator.simulate()["x"][:, -1]).max() < 1e-10


def test_haemodynamics_that_diverge_say_so():
    X = np.zeros((1, 2, 500))
    X[0, 1, 100:] = 1e4  # outflow of a balloon so large is stiff
    balloon = BalloonWindkessel(t_r=1.0, dt=50.0)
    with pytest.raises(SimulationError, match=r"BalloonWindkessel diverged .* node 1"):
        balloon.fit_transform(X)
    fine = np.repeat(X, 100, axis=2)
    assert np.isfinite(balloon.set_params(dt=0.5).fit_transform(fine)).all()
