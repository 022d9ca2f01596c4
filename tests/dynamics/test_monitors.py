"""What leaves a simulation: every step, samples, means, and their times."""

import numpy as np
import pytest
from sklearn.model_selection import ParameterGrid

from skneuro.dynamics import Bold, Hopf, Raw, SubSample, TemporalAverage, WilsonCowan


@pytest.fixture(params=[Hopf, WilsonCowan])
def simulator(request, make_network):
    weights, lengths = make_network(5)
    return request.param(weights, lengths, duration=60.0, sigma=0.1, random_state=0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_samples_are_those_of_every_step(simulator, dtype):
    raw = simulator.set_params(dtype=dtype).simulate()
    sampled = simulator.set_params(monitor=SubSample(1.5)).simulate()
    np.testing.assert_allclose(sampled["time"], 1.5 * np.arange(1, 41))
    for variable in raw:
        assert sampled[variable].dtype == dtype
        np.testing.assert_array_equal(sampled[variable], raw[variable][:, 14::15])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_means_are_those_of_every_step(simulator, dtype):
    raw = simulator.set_params(dtype=dtype).simulate()
    averaged = simulator.set_params(monitor=TemporalAverage(2.0)).simulate()
    np.testing.assert_allclose(averaged["time"], 2.0 * np.arange(1, 31))
    for variable in raw:
        assert averaged[variable].dtype == dtype
        expected = raw[variable].values.reshape(5, 30, 20).mean(axis=-1, dtype=float)
        np.testing.assert_allclose(
            averaged[variable], expected, rtol=1e-13 if dtype == "float64" else 1e-6
        )


def test_an_interval_of_one_step_is_every_step(simulator):
    raw = simulator.simulate()
    for monitor in (Raw(), SubSample(0.1), TemporalAverage(0.1)):
        same = simulator.set_params(monitor=monitor).simulate()
        assert same.identical(raw)


def test_the_rest_of_an_interval_is_not_recorded(simulator):
    simulator.set_params(monitor=SubSample(7.0))
    assert simulator.simulate()["time"].values.tolist() == pytest.approx(
        [7.0 * k for k in range(1, 9)]
    )


def test_record_chooses_variables_and_their_order():
    hopf = Hopf(duration=5.0, random_state=0)
    X = np.zeros((2, 3))
    series = hopf.fit(X).simulate(X)
    both = hopf.set_params(record=("y", "x")).fit_transform(X)
    np.testing.assert_array_equal(both[:, :3], series["y"])
    np.testing.assert_array_equal(both[:, 3:], series["x"])
    assert list(hopf.simulate(X)) == ["y", "x"]
    one = hopf.set_params(record="y").fit_transform(X)
    np.testing.assert_array_equal(one, series["y"])
    np.testing.assert_array_equal(
        hopf.set_params(record=None).fit_transform(X), series["x"]
    )


def test_bold_is_one_variable_whatever_is_recorded():
    hopf = Hopf(duration=300.0, monitor=Bold(t_r=0.1), random_state=0)
    series = hopf.simulate()
    assert list(series) == ["bold"]
    np.testing.assert_allclose(series["time"], [100.0, 200.0, 300.0])
    recorded = hopf.set_params(record="y").simulate()
    np.testing.assert_array_equal(recorded["bold"], series["bold"])


def test_progress_is_shown_on_request_only(capfd):
    hopf = Hopf(duration=5.0, random_state=0)
    hopf.fit_transform([[0.0]])
    assert capfd.readouterr() == ("", "")
    hopf.set_params(verbose=True).fit_transform([[0.0]])
    out, err = capfd.readouterr()
    assert out == ""
    assert "Hopf: 100%" in err


def test_settings_of_a_monitor_can_be_searched():
    hopf = Hopf(duration=20.0, monitor=SubSample(1.0))
    for params in ParameterGrid({"monitor__interval": [0.5, 2.0]}):
        out = hopf.set_params(**params).fit_transform([[0.0]])
        assert out.shape == (1, 1, round(20.0 / params["monitor__interval"]))
    with pytest.raises(ValueError, match="parameter 'intervall'"):
        hopf.set_params(monitor__intervall=1.0)
