"""Bad input: each is refused with its name, what was expected, what came."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from skneuro.dynamics import (
    BalloonWindkessel,
    Bold,
    Hopf,
    JansenRit,
    SubSample,
    TemporalAverage,
    WilsonCowan,
    simulate_batch,
)

WEIGHTS = np.array([[0.0, 1.0, 0.5], [0.2, 0.0, 0.1], [1.0, 0.3, 0.0]])
LENGTHS = 10.0 * (1 - np.eye(3))
NAN = np.where(np.eye(3, k=1) > 0, np.nan, WEIGHTS)


def table(matrix, rows, columns):
    return pd.DataFrame(matrix, index=rows, columns=columns)


@pytest.mark.parametrize("model", [Hopf, WilsonCowan])
@pytest.mark.parametrize(
    ("network", "message"),
    [
        ([WEIGHTS[:2]], r"connectivity has shape \(2, 3\), expected \(n_nodes, n_node"),
        ([WEIGHTS[0]], r"connectivity has shape \(3,\), expected"),
        ([np.zeros((3, 3, 3))], r"connectivity has shape \(3, 3, 3\)"),
        ([np.zeros((0, 0))], r"connectivity has shape \(0, 0\)"),
        ([NAN], r"connectivity\[0, 1\] is nan, expected finite"),
        ([[["a", "b"], ["c", "d"]]], "connectivity is no matrix of numbers: could not"),
        ([[[0.0, 1.0], [2.0]]], "connectivity is no matrix of numbers: setting an"),
        ([WEIGHTS * 1j], "connectivity is no matrix of numbers: it is complex"),
        ([WEIGHTS, LENGTHS + 0j], "tract_lengths is no matrix of numbers: it is comp"),
        ([np.inf * WEIGHTS.clip(1)], r"connectivity\[0, 0\] is inf, expected finite"),
        ([WEIGHTS, -LENGTHS], r"tract_lengths\[0, 1\] is -10 mm, expected .* at least"),
        ([WEIGHTS, NAN], r"tract_lengths\[0, 1\] is nan"),
        (
            [WEIGHTS, LENGTHS[:2, :2]],
            r"tract_lengths has shape \(2, 2\), but there are 3 nodes; expected \(3, 3",
        ),
        (
            [table(WEIGHTS, list("abc"), list("acb"))],
            r"connectivity has the rows \[a, b, c\], but the columns \[a, c, b\]",
        ),
        (
            [
                table(WEIGHTS, list("abc"), list("abc")),
                table(LENGTHS, list("bac"), list("bac")),
            ],
            r"tract_lengths has the nodes \[b, a, c\], but connectivity has \[a, b, c",
        ),
    ],
)
def test_networks_that_make_no_sense(model, network, message):
    with pytest.raises(ValueError, match=message):
        model(*network, duration=1.0).simulate()


def test_the_diagonal_is_ignored():
    bare = Hopf(WEIGHTS, LENGTHS, duration=5.0, random_state=0).simulate()
    odd = Hopf(
        WEIGHTS + 7 * np.eye(3), LENGTHS - np.eye(3), duration=5.0, random_state=0
    )
    assert odd.simulate().identical(bare)
    np.testing.assert_array_equal(odd.connectivity_, WEIGHTS)


def test_sparse_weights_are_taken():
    dense = Hopf(WEIGHTS, LENGTHS, duration=5.0, random_state=0).simulate()
    sparse = Hopf(csr_array(WEIGHTS), LENGTHS, duration=5.0, random_state=0)
    assert sparse.simulate().identical(dense)
    sparse.set_params(connectivity=csr_array(2 * WEIGHTS))
    assert not sparse.simulate().identical(dense)
    sparse.set_params(connectivity=csr_array(WEIGHTS))
    assert sparse.simulate().identical(dense)


def test_names_of_a_table_may_be_on_the_columns_only():
    weights = pd.DataFrame(WEIGHTS, columns=list("abc"))
    nodes = Hopf(weights, duration=1.0).simulate()["node"]
    assert nodes.values.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"duration": 0}, r"'duration' parameter of Hopf must be .*\(0.0, inf\)"),
        ({"duration": -5.0}, r"'duration' parameter .* Got -5.0"),
        ({"duration": np.nan}, "'duration' parameter"),
        ({"duration": np.inf}, "'duration' parameter"),
        ({"dt": 0.0}, "'dt' parameter"),
        ({"dt": -0.1}, "'dt' parameter"),
        ({"duration": 1e6 + 0.05}, "is 1000000.05, .* the nearest is 1000000"),
        ({"dt": 0.3}, r"duration is 1, expected a multiple of dt=0.3; the nearest is"),
        ({"duration": 0.04}, r"duration is 0.04, expected a multiple of dt=0.1"),
        ({"a": [0.1, 0.2, 0.3j]}, "a is .* expected a number or an array of shape"),
        ({"a": np.ones(3) * 1j}, "a is .* expected a number or an array of shape"),
        ({"stimulus_interval": 0.25}, "stimulus_interval is 0.25, expected a multiple"),
        (
            {"monitor": SubSample(0.25)},
            "interval of the monitor is 0.25, expected a mu",
        ),
        ({"monitor": TemporalAverage(0.01)}, "interval of the monitor is 0.01"),
        ({"monitor": SubSample(-1.0)}, "'interval' parameter of SubSample must be"),
        ({"monitor": Bold(t_r=0.00015)}, "t_r in ms is 0.15, expected a multiple of"),
        ({"monitor": Bold(t_r=0.001, dt=0.25)}, "dt of the monitor is 0.25, expected"),
        ({"monitor": Bold(t_r=0.001, dt=0.3)}, "t_r in ms is 1, expected a multiple"),
        ({"monitor": Bold(t_r=0.0)}, "'t_r' parameter of Bold must be"),
        ({"monitor": "bold"}, r"'monitor' parameter of Hopf must be .*\{'raw'\}"),
        ({"monitor": Bold(0.001, transit_time=[1.0, 1.0])}, r"transit_time has shape"),
        (
            {"monitor": Bold(0.001, transit_time=[1.0, 0.0, 1])},
            "transit_time must be l",
        ),
        ({"monitor": Bold(0.001, oxygen_extraction=[1.2] * 3)}, "between 0 and 1"),
        ({"monitor": Bold(0.001, signal_weights=[1, 2])}, "expected three finite num"),
        ({"monitor": Bold(0.001, initial_state={"v": 1.0})}, "initial_state names 'v'"),
        ({"monitor": Bold(0.001, initial_state={"flow": 0.0})}, r"\['flow'\] must be"),
        ({"method": "rk4"}, "'method' parameter of Hopf"),
        ({"dtype": "float16"}, "'dtype' parameter of Hopf"),
        ({"on_divergence": "ignore"}, "'on_divergence' parameter"),
        ({"coupling_kind": "multiplicative"}, "'coupling_kind' parameter of Hopf"),
        ({"conduction_speed": 0.0}, "'conduction_speed' parameter"),
        ({"conduction_speed": 1e-9}, "makes the longest delay 1e.10 ms, .* too long"),
        ({"inputs": ("x", "z")}, r"inputs=\('x', 'z'\), expected .* of \('x', 'y'\)"),
        ({"inputs": ()}, r"inputs=\(\), expected one or several"),
        ({"inputs": ("x", "x")}, "each once"),
        ({"record": "z"}, r"record='z', expected one or several of \('x', 'y'\)"),
        ({"record": ("x", "x")}, r"record=\('x', 'x'\), expected .* each once"),
        ({"record": ()}, r"record=\(\), expected"),
        ({"labels": ["a", "b"]}, r"labels has shape \(2,\), expected \(3,\)"),
        ({"a": [0.1, 0.2]}, r"a has shape \(2,\), expected .*\(3,\)"),
        ({"a": np.zeros((3, 3))}, r"a has shape \(3, 3\)"),
        ({"a": np.nan}, "a must be finite, got nan"),
        ({"frequency": [0.1, np.inf, 0.1]}, "frequency must be finite"),
        ({"a": ["0.1", "x", "y"]}, r"a is \['0.1', 'x', 'y'\], expected a number or"),
        ({"coupling": "strong"}, "'coupling' parameter of Hopf"),
        ({"sigma": -0.1}, "'sigma' parameter of Hopf"),
        ({"sigma": [0.1, -0.1, 0.1]}, "sigma must not be negative"),
        ({"sigma": [0.1]}, r"sigma has shape \(1,\), expected .*\(3,\)"),
        ({"sigma": {"z": 0.1}}, r"sigma names \['z'\], expected some of \('x', 'y'\)"),
        ({"tau_noise": {"z": 0.1}}, r"tau_noise names \['z'\]"),
        ({"noise_mean": {"x": "a"}}, r"noise_mean is 'a', expected a number"),
        ({"tau_noise": 0.05}, "tau_noise=0.05 ms is shorter than dt=0.1 ms; pass 0"),
        ({"initial_state": {"z": 0.0}}, r"names 'z', expected some of \['x', 'y', 'x_"),
        (
            {"initial_state": {"x": [0.0, 0.0]}},
            r"initial_state\['x'\] has shape \(2,\)",
        ),
        (
            {"initial_state": {"x": np.zeros((2, 5))}},
            r"has shape \(2, 5\), expected .*n_c",
        ),
        ({"initial_state": {"x": np.nan}}, r"initial_state\['x'\] must be finite"),
        ({"initial_state": {"x": NAN}}, r"initial_state\['x'\] must be finite"),
        (
            {"initial_state": {"x_noise": [0.0]}},
            r"initial_state\['x_noise'\] has shape",
        ),
    ],
    ids=str,
)
def test_settings_that_make_no_sense(settings, message):
    simulator = Hopf(WEIGHTS, LENGTHS, **{"duration": 1.0, **settings})
    with pytest.raises(ValueError, match=message):
        simulator.fit(np.zeros((1, 3)))
    with pytest.raises(ValueError, match=message):
        simulator.simulate()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tau_exc": 0.0}, "'tau_exc' parameter of WilsonCowan must be"),
        ({"tau_inh": [1.0, 0.0, 2.0]}, "tau_inh must be larger than 0"),
        (
            {"initial_state": {"exc": [0.1, 0.2, 1.5]}},
            r"initial_state\['exc'\] holds values from 0.1 to 1.5, expected .*\(0.0, 1",
        ),
    ],
    ids=str,
)
def test_values_outside_the_domain_of_a_model(settings, message):
    with pytest.raises(ValueError, match=message):
        WilsonCowan(WEIGHTS, duration=1.0, **settings).simulate()


@pytest.mark.parametrize(
    ("X", "settings", "message"),
    [
        (np.zeros((2, 4)), {}, r"\(3, 3\), but X drives 4 channels; expected 3: one"),
        (np.zeros((2, 3)), {"inputs": ("x", "y")}, "has 3 channels, expected a mult"),
        (np.zeros((2, 4)), {"inputs": ("x", "y")}, "X drives 4 channels; expected 6"),
        (np.zeros((1, 3, 7)), {}, "7 columns of 0.1 ms, which is 0.7 ms, but du"),
        (
            np.zeros((1, 3, 7)),
            {"stimulus_interval": 0.2},
            "7 columns of 0.2 ms, which is 1.4 ms, but duration=1 ms; expected",
        ),
        (np.zeros((1, 3)), {"duration": None}, r"duration=None needs 3-D X .* got a c"),
        (np.zeros((1, 3, 0)), {"duration": None}, "with at least one time"),
        (np.zeros((1, 3, 10, 1)), {}, r"X has shape \(1, 3, 10, 1\), expected"),
        (np.full((1, 3), np.nan), {}, "X contains NaN"),
        (np.full((1, 3, 10), np.inf), {}, "X contains infinity"),
        (np.zeros((0, 3)), {}, "0 sample"),
        (np.zeros((1, 3)), {"monitor": SubSample(2.0)}, "duration is 1 ms, but SubSam"),
        (np.zeros((1, 3)), {"monitor": Bold()}, "its first sample at 2000 ms, so"),
        (
            pd.DataFrame([[0.0] * 3], columns=list("bac")),
            {"labels": list("abc")},
            r"X has the columns \[b, a, c\], but the nodes are \[a, b, c\]",
        ),
    ],
    ids=lambda value: str(getattr(value, "shape", value))[:40],
)  # fmt: skip
def test_drives_that_do_not_fit(X, settings, message):
    simulator = Hopf(WEIGHTS, LENGTHS, **{"duration": 1.0, **settings})
    with pytest.raises(ValueError, match=message):
        simulator.fit_transform(X)
    with pytest.raises(ValueError, match=message):
        simulate_batch(simulator, [{"a": 0.1}, {"a": 0.2}], X)
    if "monitor" not in settings:  # pieces of a run may be shorter than an interval
        with pytest.raises(ValueError, match=message):
            simulator.simulate(X)


def test_a_run_without_drive_needs_a_duration():
    with pytest.raises(ValueError, match="pass duration in ms"):
        Hopf(duration=None).simulate()


def test_the_number_of_nodes_cannot_change_after_fit():
    simulator = Hopf(WEIGHTS, duration=1.0).fit(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="X has 4 features, but Hopf is expecting 3"):
        simulator.transform(np.zeros((1, 4)))


def test_transform_does_not_mix_old_and_new_parameters():
    simulator = Hopf(WEIGHTS, duration=1.0).fit(np.zeros((1, 3)))
    for changed in ({"dt": 0.05}, {"a": 0.1}, {"connectivity": 2 * WEIGHTS}):
        (name,) = changed
        before = simulator.get_params()[name]
        simulator.set_params(**changed)
        with pytest.raises(ValueError, match=f"{name} changed after fit; call fit"):
            simulator.transform(np.zeros((1, 3)))
        simulator.set_params(**{name: before})
        assert simulator.transform(np.zeros((1, 3))).shape == (1, 3, 10)
    simulator.set_params(connectivity=WEIGHTS.copy())  # another array, the same values
    assert simulator.transform(np.zeros((1, 3))).shape == (1, 3, 10)


def states_of(model=Hopf, weights=WEIGHTS, lengths=None, X=None, **settings):
    simulator = model(weights, lengths, **{"duration": 1.0, **settings})
    if X is not None:
        simulator.fit(X)
    simulator.simulate(X)
    return simulator.state_


@pytest.mark.parametrize(
    ("make_states", "settings", "error", "message"),
    [
        (lambda: states_of()[0], {}, TypeError, "is a SimulationState, expected a"),
        (lambda: [None], {}, TypeError, "is a list, expected a list of states"),
        (lambda: states_of() * 2, {}, ValueError, "has 2 states for 1 samples"),
        (lambda: states_of(WilsonCowan), {}, ValueError, "another model"),
        (
            lambda: states_of(weights=WEIGHTS[:2, :2]),
            {},
            ValueError,
            r"holds the variables \[\{'x': \(2,\)",
        ),
        (
            lambda: states_of(),
            {"tract_lengths": LENGTHS},
            ValueError,
            "remembers 0 steps of the past, but the longest delay is 5 steps",
        ),
        (lambda: states_of(dt=0.2), {}, ValueError, "with dt=0.2 ms, but dt=0.1 ms"),
        (
            lambda: states_of(),
            {"monitor": TemporalAverage(0.7)},
            ValueError,
            "ends at 1 ms, in the middle of an interval of 0.7 ms",
        ),
        (
            lambda: states_of(monitor=Bold(t_r=0.001)),
            {"monitor": Bold(t_r=0.03, dt=0.3)},
            ValueError,
            "in the middle of an interval of 0.3 ms",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_states_that_do_not_fit(make_states, settings, error, message):
    simulator = Hopf(WEIGHTS, **{"duration": 1.0, **settings})
    with pytest.raises(error, match=message):
        simulator.simulate(continue_from=make_states())


def test_states_of_nodes_alone_do_not_start_a_network():
    alone = JansenRit(np.zeros((3, 3)), duration=1.0, random_state=0)
    alone.simulate()
    assert alone.state_[0].history == [{}]  # nobody sees their firing rates
    joined = JansenRit(WEIGHTS, duration=1.0, random_state=0)
    with pytest.raises(ValueError, match="nodes that did not see each other"):
        joined.simulate(continue_from=alone.state_)


def test_states_of_different_times_do_not_go_together():
    X = np.zeros((2, 3))
    simulator = Hopf(WEIGHTS, duration=1.0).fit(X)
    simulator.simulate(X)
    one = simulator.state_
    simulator.simulate(X, continue_from=one)
    with pytest.raises(ValueError, match=r"states after \[10, 20\] steps"):
        simulator.simulate(X, continue_from=[one[0], simulator.state_[1]])


def test_a_monitor_may_begin_at_a_multiple_of_its_interval():
    # a transient without haemodynamics, then BOLD from rest
    simulator = Hopf(WEIGHTS, duration=20.0, sigma=0.1, random_state=0)
    activity = simulator.set_params(duration=60.0).simulate()["x"].values[:, 200:]
    simulator.set_params(duration=20.0).simulate()
    simulator.set_params(duration=40.0, monitor=Bold(t_r=0.01, dt=0.5))
    bold = simulator.simulate(continue_from=simulator.state_)["bold"]
    np.testing.assert_allclose(bold["time"], [30.0, 40.0, 50.0, 60.0])
    means = activity.reshape(3, 80, 5).mean(axis=-1)
    balloon = BalloonWindkessel(t_r=0.01, dt=0.5)
    np.testing.assert_allclose(
        bold, balloon.fit_transform(4 * (means[None] + 1))[0], rtol=1e-12, atol=1e-16
    )


@pytest.mark.parametrize(
    ("param_list", "error", "message"),
    [
        ([], ValueError, "param_list is empty"),
        ({"a": [0.1, 0.2]}, TypeError, r"param_list\[0\] is 'a', expected a dict"),
        ([{"a": 0.1}, {"aa": 0.1}], ValueError, r"\[1\] names 'aa', .* Hopf, such as"),
        ([{"qqq": 0.1}], ValueError, r"\[0\] names 'qqq', .* one of \['conn"),
        ([{"a": [0.1, 0.2]}], ValueError, r"a has shape \(2,\)"),
        ([{"a": 0.1}, {"dt": 0.3}], ValueError, "expected a multiple of dt=0.3"),
        ([{"a": 0.1}, {"sigma": -1.0}], ValueError, "'sigma' parameter of Hopf"),
        ([{"a": 0.1}, {"a": "x"}], ValueError, "'a' parameter of Hopf"),
    ],
)
def test_batches_that_make_no_sense(param_list, error, message):
    with pytest.raises(error, match=message):
        simulate_batch(Hopf(WEIGHTS, duration=1.0), param_list)


def test_batches_know_two_ways_to_diverge():
    with pytest.raises(ValueError, match="on_divergence='hide', expected"):
        simulate_batch(Hopf(duration=1.0), [{"a": 0.1}], on_divergence="hide")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"t_r": 0.0015}, "t_r in ms is 1.5, expected a multiple of dt=1"),
        ({"t_r": 0.0}, "'t_r' parameter of BalloonWindkessel"),
        ({"transit_time": [1.0, 1.0]}, r"transit_time has shape \(2,\), expected"),
        ({"grubb_exponent": [0.3, -0.1, 0.3]}, "grubb_exponent must be larger than 0"),
        ({"signal_decay": [np.nan] * 3}, "signal_decay must be finite"),
        ({"oxygen_extraction": 1.0}, "'oxygen_extraction' parameter"),
        (
            {"signal_weights": [1.0, 2.0]},
            "expected three finite numbers, k1, k2 and k3",
        ),
        ({"initial_state": {"v": 1.0}}, "initial_state names 'v', expected some of"),
        ({"initial_state": {"volume": [1, 1]}}, r"initial_state\['volume'\] has shape"),
        (
            {"initial_state": {"volume": 0.0}},
            "must be larger than 0, got 0.0; 1 is rest",
        ),
        ({"t_r": 1.0}, "X lasts less than t_r=1 s, so there is no volume"),
    ],
    ids=str,
)
def test_haemodynamics_that_make_no_sense(settings, message):
    balloon = BalloonWindkessel(**{"t_r": 0.01, "dt": 1.0, **settings})
    with pytest.raises(ValueError, match=message):
        balloon.fit_transform(np.zeros((1, 3, 50)))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros((1, 3, 0)), "with at least one time"),
        (np.zeros((1, 3, 5, 2)), r"X has shape \(1, 3, 5, 2\)"),
        (np.full((1, 3, 5), np.nan), "X contains NaN"),
    ],
)
def test_activity_that_makes_no_sense(X, message):
    with pytest.raises(ValueError, match=message):
        BalloonWindkessel(t_r=0.001, dt=1.0).fit(X)


def test_states_of_the_haemodynamics_must_fit():
    X = np.zeros((1, 3, 50))
    balloon = BalloonWindkessel(t_r=0.01, dt=1.0).fit(X)
    _, states = balloon.simulate(X, return_state=True)
    with pytest.raises(ValueError, match="2 states for 1 samples"):
        balloon.simulate(X, continue_from=states * 2)
    with pytest.raises(ValueError, match="another number of nodes"):
        balloon.fit(X[:, :2]).simulate(X[:, :2], continue_from=states)


def test_messages_are_short_for_large_networks():
    names = [f"region {i}" for i in range(200)]
    weights = table(np.zeros((200, 200)), names, names[::-1])
    with pytest.raises(ValueError, match=re.escape("...]")) as caught:
        Hopf(weights, duration=1.0).simulate()
    assert len(str(caught.value)) < 400
