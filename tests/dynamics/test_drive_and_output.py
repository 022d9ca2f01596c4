"""Which step sees which input, and what simulate returns."""

import numpy as np
import pandas as pd
import pytest
import xarray

from skneuro.dynamics import Bold, Hopf, SubSample, WilsonCowan, simulate_batch


def relay_of(model, n_nodes=2, **settings):
    return model(np.zeros((n_nodes, n_nodes)), duration=None, **settings)


@pytest.mark.parametrize("method", ["euler", "heun"])
@pytest.mark.parametrize("n_samples", [1, 3, 11])
def test_step_k_sees_column_k(relay, method, n_samples):
    X = np.random.default_rng(0).uniform(size=(n_samples, 2, 37))
    seen = relay_of(relay, method=method).fit_transform(X)
    if method == "euler":
        np.testing.assert_allclose(seen, X, rtol=1e-14)
    else:  # the mean of the rates before and after, which is zero, moves half the way
        before = seen[..., :-1]
        np.testing.assert_allclose(seen[..., 1:], (before + X[..., 1:]) / 2, rtol=1e-14)


def test_columns_are_held_for_the_stimulus_interval(relay):
    X = np.random.default_rng(0).uniform(size=(2, 2, 6))
    held = relay_of(relay, stimulus_interval=0.7).fit_transform(X)
    np.testing.assert_allclose(held, np.repeat(X, 7, axis=2), rtol=1e-14)
    # a duration that agrees may be said as well
    same = relay_of(relay, stimulus_interval=0.7).set_params(duration=4.2)
    np.testing.assert_array_equal(same.fit_transform(X), held)


@pytest.mark.parametrize("inputs", [("x",), ("y",), ("x", "y"), ("y", "x")])
def test_channels_go_to_the_ports_in_order(relay, inputs):
    X = np.random.default_rng(0).uniform(size=(1, 2 * len(inputs), 9))
    simulator = relay_of(relay, inputs=inputs, x_input=10.0, y_input=20.0)
    series = simulator.simulate(X)
    for port, constant in (("x", 10.0), ("y", 20.0)):
        part = np.zeros((2, 9))
        if port in inputs:
            at = 2 * inputs.index(port)
            part = X[0, at : at + 2]
        np.testing.assert_allclose(series[port][0], constant + part, rtol=1e-13)


@pytest.mark.parametrize("model", [Hopf, WilsonCowan])
@pytest.mark.parametrize("both", [False, True])
def test_two_d_drive_is_constant_and_adds_to_the_inputs(model, both, make_network):
    weights, lengths = make_network(3)
    ports = model.ports if both else model.ports[:1]
    X = np.random.default_rng(0).uniform(size=(2, 3 * len(ports)))
    settings = {"duration": 10.0, "inputs": ports, "random_state": 0}
    settings |= {f"{port}_input": [0.1, 0.0, -0.2] for port in ports}
    constant = model(weights, lengths, **settings).fit_transform(X)
    series = np.repeat(X[..., None], 100, axis=2)
    varying = model(weights, lengths, **settings).fit_transform(series)
    np.testing.assert_allclose(constant, varying, rtol=1e-11)
    for k in range(2):
        parts = np.split(X[k], len(ports))
        inputs = {
            f"{port}_input": np.add([0.1, 0.0, -0.2], part)
            for port, part in zip(ports, parts, strict=True)
        }
        alone = model(weights, lengths, **settings | inputs).simulate()
        np.testing.assert_array_equal(alone[model.output], constant[k])


def test_samples_do_not_see_each_other(make_network):
    weights, lengths = make_network(4)
    X = np.random.default_rng(0).uniform(size=(5, 4, 50))
    simulator = Hopf(weights, lengths, duration=None, sigma=0.1, random_state=0).fit(X)
    together = simulator.transform(X)
    for k in range(5):
        np.testing.assert_array_equal(simulator.transform(X[k : k + 1])[0], together[k])


def test_a_network_delivers_weighted_values_after_their_delay(relay):
    # x of node 0 reaches node 1 after 3 steps with weight 2 and node 2 after 0 with 0.5
    weights = np.array([[9.0, 0, 0], [2.0, 9.0, 0], [0.5, 0, 9.0]])
    lengths = np.array([[500.0, 0, 0], [6.0, 0, 0], [0.0, 0, 0]])  # mm; 2 mm per step
    X = np.zeros((1, 3, 30))
    X[0, 0] = np.random.default_rng(0).uniform(size=30)
    simulator = relay(weights, lengths, duration=None, coupling=[1.0, 10.0, 1.0])
    x = simulator.fit_transform(X)[0]
    np.testing.assert_allclose(x[0], X[0, 0], rtol=1e-14)
    np.testing.assert_allclose(x[1, 4:], 20.0 * x[0, :-4], rtol=1e-12)
    np.testing.assert_allclose(x[2, 1:], 0.5 * x[0, :-1], rtol=1e-12)


def test_the_past_may_be_given(relay):
    # the last column is the state now; node 1 sees node 0 with 3 steps of delay
    weights, lengths = [[0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [6.0, 0.0]]
    past = np.array([[1.0, 2.0, 3.0, 4.0, 5.0], [0.0] * 5])
    simulator = relay(weights, lengths, duration=0.6, initial_state={"x": past})
    x = simulator.simulate()["x"].values
    np.testing.assert_allclose(x[1], [2.0, 3.0, 4.0, 5.0, 0.0, 0.0], atol=1e-12)
    # where too little is known, the oldest value is taken for the time before
    simulator.set_params(initial_state={"x": past[:, -2:]})
    x = simulator.simulate()["x"].values
    np.testing.assert_allclose(x[1], [4.0, 4.0, 4.0, 5.0, 0.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("speed", [5.0, 20.0, np.inf])
def test_conduction_speed_scales_delays(relay, speed):
    weights, lengths = [[0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [6.0, 0.0]]
    X = np.zeros((1, 2, 40))
    X[0, 0, 0] = 1.0
    x = relay(weights, lengths, duration=None, conduction_speed=speed).fit_transform(X)
    arrival = 1 + round(6.0 / speed / 0.1)
    assert x[0, 1].argmax() == arrival
    np.testing.assert_allclose(x[0, 1].sum(), 1.0)


@pytest.mark.parametrize("table", [False, True])
def test_simulate_returns_labelled_series(make_network, table):
    names = ["left", "right", "middle"]
    weights, lengths = make_network(3)
    settings = {"labels": names}
    if table:
        weights = pd.DataFrame(weights, index=names, columns=names)
        settings = {}
    simulator = WilsonCowan(weights, lengths, duration=5.0, random_state=0, **settings)
    series = simulator.simulate()
    assert isinstance(series, xarray.Dataset)
    assert list(series) == ["exc", "inh"]
    assert series["exc"].dims == ("node", "time")
    assert series["node"].values.tolist() == names
    assert series["time"].attrs["units"] == "ms"
    np.testing.assert_allclose(series["time"], 0.1 * np.arange(1, 51))
    assert series.attrs["model"] == "WilsonCowan"
    assert "units" in series["exc"].attrs
    X = np.zeros((2, 3))
    samples = simulator.fit(X).simulate(X)
    assert samples["exc"].dims == ("sample", "node", "time")
    assert samples["exc"].shape == (2, 3, 50)
    np.testing.assert_array_equal(samples["exc"].sel(sample=1), series["exc"])


def test_units_of_a_model_are_in_the_attributes(relay):
    class WithUnits(relay):
        units = {"x": "mV"}  # noqa: RUF012

    series = WithUnits(duration=1.0).simulate()
    assert series["x"].attrs["units"] == "mV"
    assert series["y"].attrs["units"] == ""


def test_times_go_on_where_the_last_run_ended(make_network):
    weights, lengths = make_network(3)
    simulator = Hopf(
        weights, lengths, duration=10.0, monitor=SubSample(4.0), random_state=0
    )
    times = [simulator.simulate()["time"].values]
    for _ in range(2):
        series = simulator.simulate(continue_from=simulator.state_)
        times.append(series["time"].values)
    np.testing.assert_allclose(np.concatenate(times), [4, 8, 12, 16, 20, 24, 28])


@pytest.mark.parametrize("model", [Hopf, WilsonCowan])
def test_each_node_may_have_its_own_value_of_every_parameter(model):
    # nodes 1 to 3 hear node 0, which hears nobody and has the same value in all runs
    weights = np.zeros((4, 4))
    weights[1:, 0] = [1.0, 0.5, 2.0]
    lengths = 10.0 * weights
    common = {"duration": 20.0, "random_state": 0, "sigma": 0.05}
    names = [n for n in model.parameters if n not in model.options]
    assert len(names) >= 5
    for name in [*names, "sigma", "tau_noise", "noise_mean"]:
        usual = {**common, **model.parameters}.get(name, {"tau_noise": 5.0}.get(name))
        usual = 0.0 if usual is None else usual
        values = usual * np.array([1.0, 1.0, 1.1, 0.7]) + 0.01 * np.arange(4)
        own = model(weights, lengths, **{**common, name: values}).simulate()
        for node in range(4):
            same = {**common, name: np.array([values[0], *[values[node]] * 3])}
            scalar = model(weights, lengths, **same).simulate()
            for variable in own:
                np.testing.assert_array_equal(
                    own[variable][[0, node]], scalar[variable][[0, node]], err_msg=name
                )
        uncoupled = {**common, name: values}
        own = model(np.zeros((4, 4)), **uncoupled).simulate()
        for node in range(4):
            alone = model(np.zeros((4, 4)), **{**common, name: float(values[node])})
            series = alone.simulate()
            for variable in own:
                np.testing.assert_array_equal(
                    own[variable][node], series[variable][node], err_msg=name
                )


def test_words_choose_what_the_equations_see(make_network):
    weights, lengths = make_network(4)
    hopf = Hopf(weights, lengths, duration=20.0, random_state=0)
    diffusive = hopf.fit_transform(np.zeros((1, 4)))
    additive = hopf.set_params(coupling_kind="additive").fit_transform(np.zeros((1, 4)))
    assert np.abs(diffusive - additive).max() > 0.01
    mixed = simulate_batch(
        hopf, [{"coupling_kind": kind} for kind in ("diffusive", "additive")] * 4
    )
    np.testing.assert_array_equal(mixed[0], diffusive[0])
    np.testing.assert_array_equal(mixed[5], additive[0])


def test_changed_parameters_take_effect(make_network):
    weights, lengths = make_network(4)
    hopf = Hopf(weights, lengths, duration=10.0, random_state=0)
    hopf.simulate()
    changed = {"coupling": 3.0, "dt": 0.05, "duration": 8.0, "random_state": 1}
    again = hopf.set_params(**changed).simulate()
    fresh = Hopf(weights, lengths, **changed).simulate()
    assert again.identical(fresh)
    again = hopf.set_params(monitor=Bold(t_r=0.004)).simulate()
    assert list(again) == ["bold"]
    hopf.set_params(monitor__t_r=0.002)
    assert hopf.simulate().sizes["time"] == 4
    # threads and messages are no part of the simulation
    hopf.fit(np.zeros((2, 4))).set_params(n_jobs=2, verbose=False)
    assert hopf.transform(np.zeros((2, 4))).shape == (2, 4, 4)


def test_batch_stacks_what_fits_together(make_network):
    weights, lengths = make_network(3)
    hopf = Hopf(weights, lengths, duration=5.0, random_state=0)
    X = np.zeros((2, 3))
    assert simulate_batch(hopf, [{"a": 0.1}, {"a": 0.2}]).shape == (2, 3, 50)
    assert simulate_batch(hopf, [{"a": 0.1}, {"a": 0.2}], X).shape == (2, 2, 3, 50)
    both = simulate_batch(hopf, [{"record": "x"}, {"record": "y"}])
    assert both.shape == (2, 3, 50)
    mixed = simulate_batch(hopf, [{"duration": 1.0}, {"duration": 2.0}], X)
    assert [m.shape for m in mixed] == [(2, 3, 10), (2, 3, 20)]
    kinds = simulate_batch(hopf, [{"dtype": "float64"}, {"dtype": "float32"}])
    assert [k.dtype for k in kinds] == [np.float64, np.float32]
    assert "coupling" in hopf.get_params()
    assert not hasattr(hopf, "state_")  # what was passed is not changed
