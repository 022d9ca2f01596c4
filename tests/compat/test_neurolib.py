"""What from_neurolib makes of neurolib's parameters; tests/dynamics compares runs."""

import subprocess
import sys

import numpy as np
import pytest

from skneuro.compat import drive_from_neurolib, from_neurolib
from skneuro.dynamics import Hopf, WilsonCowan

WEIGHTS = np.array([[0.0, 1.0], [0.5, 0.0]])
LENGTHS = np.array([[0.0, 30.0], [40.0, 0.0]])  # mm
# As neurolib's models have them, for two nodes.
HOPF = {
    "name": "hopf",
    "description": "",
    "seed": 7,
    "dt": 0.1,
    "duration": 20.0,
    "N": 2,
    "Cmat": WEIGHTS,
    "lengthMat": LENGTHS,
    "signalV": 10.0,
    "K_gl": 0.7,
    "coupling": "additive",
    "tau_ou": 4.0,
    "sigma_ou": 0.02,
    "x_ou_mean": 0.1,
    "y_ou_mean": -0.1,
    "x_ou": np.array([0.01, 0.02]),
    "y_ou": np.array([0.03, 0.04]),
    "a": 0.2,
    "w": 0.3,
    "xs_init": np.array([[0.1], [0.2]]),
    "ys_init": np.array([[0.3], [0.4]]),
    "x_ext": np.zeros(2),
    "y_ext": np.array([[0.05], [0.06]]),
}
WC = {
    "exc_init": np.array([[0.1], [0.2]]),
    "inh_init": np.array([[0.3], [0.4]]),
    "exc_ext_baseline": 0.5,
    "exc_ext": 0.25,
    "inh_ext_baseline": 0.1,
    "inh_ext": [0.2],
    "tau_exc": 2.0,
    "tau_inh": 3.0,
    "a_exc": 1.2,
    "a_inh": 1.3,
    "mu_exc": 2.8,
    "mu_inh": 2.9,
    "c_excexc": 15.0,
    "c_excinh": 14.0,
    "c_inhexc": 11.0,
    "c_inhinh": 2.0,
}


def assert_parameters(simulator, **expected):
    found = simulator.get_params()
    for name, value in expected.items():
        if isinstance(value, dict):
            assert found[name].keys() == value.keys()
            for key, entry in value.items():
                np.testing.assert_array_equal(found[name][key], entry)
        else:
            np.testing.assert_array_equal(found[name], value, err_msg=name)


def test_every_parameter_of_hopf_is_taken_over():
    simulator = from_neurolib("hopf", HOPF)
    assert type(simulator) is Hopf
    assert_parameters(
        simulator,
        connectivity=WEIGHTS,
        tract_lengths=LENGTHS,
        conduction_speed=10.0,
        coupling=0.7,
        coupling_kind="additive",
        a=0.2,
        frequency=0.3,
        tau_noise=4.0,
        sigma=0.02,
        noise_mean={"x": 0.1, "y": -0.1},
        random_state=7,
        dt=0.1,
        duration=20.0,
        x_input=0.0,
        y_input=[0.05, 0.06],
        inputs=("x",),
        initial_state={
            "x": HOPF["xs_init"],
            "y": HOPF["ys_init"],
            "x_noise": HOPF["x_ou"],
            "y_noise": HOPF["y_ou"],
        },
    )
    series = simulator.simulate()
    assert series["x"].shape == (2, 200)
    # x + dt ((a - x^2 - y^2) x - w y + K C x + noise), by hand
    first = 0.1 + 0.1 * (0.1 * (0.2 - 0.1) - 0.3 * 0.3 + 0.7 * 0.2 + 0.01)
    np.testing.assert_allclose(series["x"][0, 0], first, rtol=1e-14)


def test_every_parameter_of_wilson_cowan_is_taken_over():
    simulator = from_neurolib("wc", WC, WEIGHTS, LENGTHS)
    assert type(simulator) is WilsonCowan
    assert_parameters(
        simulator,
        connectivity=WEIGHTS,
        tract_lengths=LENGTHS,
        tau_exc=2.0,
        tau_inh=3.0,
        a_exc=1.2,
        a_inh=1.3,
        mu_exc=2.8,
        mu_inh=2.9,
        c_excexc=15.0,
        c_excinh=14.0,
        c_inhexc=11.0,
        c_inhinh=2.0,
        exc_input=0.75,
        inh_input=0.1 + 0.2,
        initial_state={
            "exc": WC["exc_init"],
            "inh": WC["inh_init"],
            "exc_noise": 0.0,
            "inh_noise": 0.0,
        },
        noise_mean={"exc": 0.0, "inh": 0.0},
    )


@pytest.mark.parametrize(("name", "model"), [("hopf", Hopf), ("wc", WilsonCowan)])
def test_what_is_left_out_has_the_default_of_neurolib(name, model):
    simulator = from_neurolib(name, {})
    ours = model()
    for parameter in model.parameters:
        assert getattr(simulator, parameter) == getattr(ours, parameter)
    assert_parameters(
        simulator,
        connectivity=[[0.0]],
        conduction_speed=20.0,
        tau_noise=5.0,
        sigma=0.0,
        dt=0.1,
        duration=2000.0,
        random_state=None,
    )
    # noise starts at zero there, also where its mean is not
    process = model.noise[0]
    mean = {"x": "x_ou_mean", "exc": "exc_ou_mean"}[process]
    moved = from_neurolib(name, {mean: 0.3})
    assert moved.initial_state[f"{process}_noise"] == 0.0
    assert moved.noise_mean[process] == 0.3


@pytest.mark.parametrize("speed", [0, 0.0, -1.0])
def test_no_speed_is_no_delay(speed):
    simulator = from_neurolib("hopf", {**HOPF, "signalV": speed})
    assert simulator.conduction_speed == np.inf
    prompt = Hopf(**{**simulator.get_params(), "tract_lengths": None})
    assert simulator.simulate().identical(prompt.simulate())


def test_given_networks_replace_those_of_the_parameters():
    params = {k: v for k, v in HOPF.items() if k not in ("Cmat", "lengthMat")}
    simulator = from_neurolib("hopf", params, 2 * WEIGHTS)
    assert_parameters(simulator, connectivity=2 * WEIGHTS, tract_lengths=None)
    simulator = from_neurolib("hopf", HOPF, 2 * WEIGHTS)
    assert_parameters(simulator, connectivity=2 * WEIGHTS, tract_lengths=LENGTHS)


def test_durations_are_rounded_up_to_steps():
    assert from_neurolib("hopf", {"duration": 0.25}).duration == pytest.approx(0.3)
    assert from_neurolib("hopf", {"duration": 0.7}).duration == pytest.approx(0.7)
    steps = [
        round(from_neurolib("hopf", {"duration": d, "dt": dt}).duration / dt)
        for dt in (0.5, 0.2, 0.1, 0.05, 0.01)
        for d in (1.0, 3.0, 22.0, 100.0)
    ]
    assert steps == [
        round(d / dt)
        for dt in (0.5, 0.2, 0.1, 0.05, 0.01)
        for d in (1.0, 3.0, 22.0, 100.0)
    ]


def neurolib_input(value, n_nodes, n_steps, history):
    """What neurolib reads in each step, by its own rules (spec §1.6)."""
    array = np.atleast_1d(value)
    if array.ndim == 1:
        array = np.tile(array, (n_nodes, 1))
    length = history + n_steps
    array = np.tile(array, (n_nodes // len(array) + 1, length // array.shape[1] + 1))
    buffer = array[:n_nodes, -length:]
    return np.stack([buffer[:, history + k - 1] for k in range(n_steps)], axis=1)


@pytest.mark.parametrize("history", [1, 7, 100])
@pytest.mark.parametrize(
    "shape",
    [(30,), (31,), (7,), (100,), (3,), (3, 30), (3, 31), (2, 30), (1, 11), (5, 9)],
)
def test_drive_is_what_neurolib_reads(shape, history):
    series = np.random.default_rng(0).uniform(size=shape)
    X = drive_from_neurolib("hopf", {"duration": 3.0, "x_ext": series}, n_nodes=3)
    assert X.shape == (1, 3, 30)
    np.testing.assert_array_equal(X[0], neurolib_input(series, 3, 30, history))


def test_inputs_of_as_many_columns_as_steps_come_one_step_late():
    X = drive_from_neurolib("hopf", {"duration": 0.5, "x_ext": np.arange(5.0)})
    assert X.tolist() == [[[4.0, 0.0, 1.0, 2.0, 3.0]]]
    X = drive_from_neurolib("hopf", {"duration": 0.5, "x_ext": np.arange(6.0)})
    assert X.tolist() == [[[0.0, 1.0, 2.0, 3.0, 4.0]]]


def test_a_changing_input_is_passed_as_drive():
    params = {**HOPF, "sigma_ou": 0.0, "y_ext": np.sin(np.arange(200.0))}
    simulator = from_neurolib("hopf", params)
    assert simulator.inputs == ("y",)
    assert simulator.duration is None
    with pytest.raises(ValueError, match="duration=None needs 3-D X"):
        simulator.simulate()  # nobody forgets the drive
    X = drive_from_neurolib("hopf", params)
    assert X.shape == (1, 2, 200)
    assert simulator.simulate(X)["x"].shape == (1, 2, 200)
    both = {**params, "x_ext": np.cos(np.arange(200.0))}
    assert from_neurolib("hopf", both).inputs == ("x", "y")
    np.testing.assert_array_equal(drive_from_neurolib("hopf", both)[:, 2:], X)


def test_a_baseline_adds_to_a_changing_input():
    params = {**WC, "duration": 5.0, "exc_ext": np.sin(np.arange(50.0))}
    simulator = from_neurolib("wc", params, WEIGHTS)
    assert simulator.exc_input == 0.5
    X = drive_from_neurolib("wc", params, n_nodes=2)
    np.testing.assert_array_equal(X[0, 0], np.roll(params["exc_ext"], 1))


def test_a_vector_as_long_as_the_nodes_is_a_series_as_in_neurolib():
    params = {"duration": 0.4, "x_ext": np.array([1.0, 2.0])}
    X = drive_from_neurolib("hopf", params, n_nodes=2)
    np.testing.assert_array_equal(X[0], [[2.0, 1.0, 2.0, 1.0]] * 2)
    per_node = {"duration": 0.4, "x_ext": np.array([[1.0], [2.0]])}
    simulator = from_neurolib("hopf", per_node, WEIGHTS)
    assert simulator.x_input.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("hopff", {}, r"name='hopff', expected one of \['aln', 'fhn', 'hopf'"),
        (
            "hopf",
            {"K_gll": 1.0},
            r"hopf does not have: 'K_gll' \(did you mean 'K_gl'\?",
        ),
        ("wc", {"w": 0.1}, "wc does not have: 'w'"),
        ("hopf", {"qqq": 1, "xs_ini": 1}, r"'qqq', 'xs_ini' \(did you mean 'xs_init'"),
        (
            "hopf",
            {"sampling_dt": 1.0},
            r"sampling_dt=1.0 has no counterpart.*SubSample",
        ),
        ("hopf", {"N": 3}, r"N=3 nodes, but no Cmat; pass weights of shape \(3, 3\)"),
        ("hopf", {"N": 3, "Cmat": WEIGHTS}, "weights has 2 rows, but params has N=3"),
        ("hopf", {"x_ext": np.zeros((2, 2, 2))}, r"x_ext has shape \(2, 2, 2\)"),
    ],
)
def test_parameters_without_a_meaning_are_refused(name, params, message):
    with pytest.raises(ValueError, match=message):
        from_neurolib(name, params)


def test_there_is_no_drive_without_a_changing_input():
    with pytest.raises(ValueError, match="no input in params changes over time"):
        drive_from_neurolib("hopf", HOPF)
    assert from_neurolib("hopf", {"sampling_dt": None}).sigma == 0.0


def test_importing_compat_is_light():
    code = "import sys, skneuro.compat; print({'numba', 'torch'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
