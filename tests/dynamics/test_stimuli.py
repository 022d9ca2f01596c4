"""Stimuli: neurolib's waveforms, windows, targets, sums, seeds and timing."""

import numpy as np
import pytest

from skneuro.dynamics import Hopf
from skneuro.dynamics.stimuli import (
    Concatenation,
    Exponential,
    LinearRamp,
    OrnsteinUhlenbeck,
    Rectified,
    Sinusoid,
    Square,
    Step,
    Sum,
    Wiener,
    Zero,
)

# Arguments, duration in ms at 1 ms, and the first values that neurolib gives. It rounds
# each part of its rectified stimulus up and cuts off what is too long, so that its
# 10 ms are the first 10 of 12.
NEUROLIB = {
    "step": (Step(1.0), 10.0, [1, 1, 1, 1]),
    "step_win": (Step(1.0, start=3.0, end=6.0), 10.0, [0, 0, 0, 1, 1, 1, 0]),
    "sin": (Sinusoid(1.0, 100.0), 10.0, [0.5877852523, 0.9510565163]),
    "sin_dc": (Sinusoid(1.0, 100.0, 1.0, start=2.0), 10.0, [0, 0, 1.5877852523]),
    "square": (Square(1.0, 100.0), 10.0, [1, 1, 1, 1, -1, -1, -1, -1, -1, 1]),
    "ramp": (LinearRamp(2.0, 4.0, start=3.0), 10.0, [0, 0, 0, 0.5, 1, 1.5, 2]),
    "rise": (Exponential(1.0, 10 / 30), 10.0, [0.9502129316]),
    "decay": (
        Exponential(1.0, 2.0, "decay", start=2.0, end=8.0),
        10.0,
        [0, 0, 0.6065306597, 0.3678794412],
    ),
    "rect": (Rectified(1.0), 12.0, [-1.0, -0.0820849986]),
    "conc": (
        Concatenation((Step(1.0), Step(2.0)), ratios=(3, 7)),
        10.0,
        [1, 1, 1, 2, 2, 2],
    ),
}


@pytest.mark.parametrize("case", NEUROLIB)
def test_waveforms_are_those_of_neurolib(case, shared_data):
    stimulus, duration, _ = NEUROLIB[case]
    with np.load(shared_data / "neurolib" / "golden_small.npz") as golden:
        expected = golden[f"stim.{case}"]
    got = stimulus.to_array(1, duration, 1.0)[:, : expected.shape[1]]
    np.testing.assert_allclose(got, expected, rtol=0, atol=1e-15)


@pytest.mark.parametrize("case", NEUROLIB)
def test_waveforms_begin_as_written_here(case):
    stimulus, duration, expected = NEUROLIB[case]
    got = stimulus.to_array(1, duration, 1.0)[0, : len(expected)]
    np.testing.assert_allclose(got, expected, atol=1e-10)


def test_wiener_increments_of_a_seed_are_those_of_neurolib():
    noise = Wiener(random_state=42).to_array(2, 10.0, 0.1)
    np.testing.assert_allclose(noise[:, 53], [0.193429, 0.073445], atol=1e-6)


def test_splines_pass_through_the_samples_as_in_neurolib():
    noise = Wiener(random_state=42)
    spline = noise.to_spline(2, 10.0, 0.1)
    np.testing.assert_allclose(spline(5.3), [-0.214062, -0.215043], atol=1e-6)
    times = 0.1 * np.arange(1, 101)
    np.testing.assert_allclose(
        spline(times), noise.to_array(2, 10.0, 0.1), rtol=1e-12, atol=1e-14
    )


def test_splines_of_smooth_waves_are_close_to_them():
    wave = Sinusoid(1.0, frequency=10.0, at=[1])
    errors = []
    for dt in (2.0, 1.0, 0.5):
        spline = wave.to_spline(3, 100.0, dt)
        t = np.linspace(20.0, 80.0, 777)
        exact = np.sin(2 * np.pi * 0.01 * t)
        errors.append(np.abs(spline(t)[1] - exact).max())
        assert not spline(t)[[0, 2]].any()
        slope = spline.derivative()(t)[1]
        np.testing.assert_allclose(
            slope, 0.02 * np.pi * np.cos(0.02 * np.pi * t), atol=3e-3 * dt
        )
    # slopes of parabolas are of second order, so values are of third
    assert errors[0] < 2e-4
    assert errors[1] < errors[0] / 7
    assert errors[2] < errors[1] / 7


def test_splines_of_sums_are_sums_of_splines():
    first, second = Step(1.0, start=3.0), Sinusoid(0.5, frequency=40.0)
    joined = (first + second).to_spline(1, 20.0, 1.0)
    t = np.linspace(1.0, 20.0, 99)
    apart = first.to_spline(1, 20.0, 1.0)(t) + second.to_spline(1, 20.0, 1.0)(t)
    np.testing.assert_allclose(joined(t), apart, atol=1e-14)


def test_a_single_sample_makes_no_spline():
    with pytest.raises(ValueError, match="at least two; pass a smaller dt"):
        Step(1.0).to_spline(1, 1.0, 1.0)


@pytest.mark.parametrize("kind", [Wiener, OrnsteinUhlenbeck])
def test_noise_is_seeded_and_leaves_the_global_generator_alone(kind):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    noise = kind(random_state=3)
    first = noise.to_array(2, 50.0, 0.1)
    assert (np.random.get_state()[1] == before).all()  # noqa: NPY002
    np.testing.assert_array_equal(noise.to_array(2, 50.0, 0.1), first)
    assert not np.allclose(kind(random_state=4).to_array(2, 50.0, 0.1), first)
    assert abs(np.corrcoef(first)[0, 1]) < 0.5


def test_ornstein_uhlenbeck_is_stationary_from_its_first_sample():
    noise = OrnsteinUhlenbeck(2.0, sigma=0.3, tau=8.0, random_state=0)
    x = noise.to_array(20_000, 10.0, 0.5)
    expected = 0.3 * np.sqrt(8.0 / (2.0 - 0.5 / 8.0))
    np.testing.assert_allclose(x.std(axis=0), expected, rtol=0.03)
    np.testing.assert_allclose(x.mean(axis=0), 2.0, atol=0.03)
    lagged = np.mean((x[:, 0] - 2.0) * (x[:, 16] - 2.0)) / expected**2
    assert abs(lagged - (1 - 0.5 / 8.0) ** 16) < 0.03


def test_wiener_variance_is_that_of_the_step():
    x = Wiener(2.0, random_state=0).to_array(100, 100.0, 0.1)
    np.testing.assert_allclose(x.var(), 4.0 * 0.1, rtol=0.02)


@pytest.mark.parametrize(
    "stimulus",
    [
        Step(2.0, start=1.0, end=2.5),
        Square(2.0, 400.0, start=1.0, end=2.5),
        Exponential(2.0, tau=3.0, start=1.0, end=2.5),
        Rectified(2.0, start=1.0, end=2.5),
        OrnsteinUhlenbeck(9.0, random_state=0, start=1.0, end=2.5),
    ],
    ids=lambda s: type(s).__name__,
)
def test_nothing_outside_the_window(stimulus):
    x = stimulus.to_array(3, 5.0, 0.1)
    assert x.shape == (3, 50)
    assert not x[:, :10].any()
    assert not x[:, 25:].any()
    assert x[:, 10:25].any(axis=1).all()


def test_waveform_starts_with_its_window():
    late = Sinusoid(1.0, 50.0, start=3.0).to_array(1, 10.0, 0.1)
    np.testing.assert_array_equal(
        late[:, 30:], Sinusoid(1.0, 50.0).to_array(1, 7.0, 0.1)
    )


def test_sine_has_the_mean_of_its_offset():
    x = Sinusoid(3.0, 20.0, offset=0.7).to_array(1, 500.0, 0.1)
    assert abs(x.mean() - 0.7) < 1e-12


def test_plus_adds_and_ampersand_follows():
    a, b, c = Step(1.0), Step(2.0, start=1.0), Step(4.0, at=0)
    total = a + b + c
    assert total == Sum((a, b, c))
    np.testing.assert_array_equal(
        total.to_array(2, 3.0, 1.0), [[5.0, 7.0, 7.0], [1.0, 3.0, 3.0]]
    )
    assert sum([a, b, c]) == total
    row = a & (Zero() & a + a)
    assert len(row.stimuli) == 3
    np.testing.assert_array_equal(row.to_array(1, 6.0, 1.0), [[1, 1, 0, 0, 2, 2]])
    uneven = Concatenation((a, b), ratios=(1, 2)) & c  # keeps its inner ratios
    np.testing.assert_array_equal(uneven.to_array(1, 6.0, 1.0), [[1, 0, 2, 4, 4, 4]])


def test_regions_are_reached_by_name():
    labels = np.array(["Insula_R", "Insula_L", "Cuneus_L"])
    x = Step(1.0, at=["Insula_L"]).to_array(3, 2.0, 1.0, labels=labels)
    np.testing.assert_array_equal(x.sum(axis=1), [0, 2, 0])
    both = Step(1.0, at="Insula_L") + Step(3.0, at=["Insula_R", "Cuneus_L"])
    x = both.to_array(3, 2.0, 1.0, labels=labels)
    np.testing.assert_array_equal(x[:, 0], [3, 1, 3])


def test_a_node_has_the_same_noise_whichever_others_are_reached():
    one = OrnsteinUhlenbeck(random_state=0, at=2).to_array(3, 5.0, 0.1)
    every = OrnsteinUhlenbeck(random_state=0).to_array(3, 5.0, 0.1)
    np.testing.assert_array_equal(one[2], every[2])
    assert not one[:2].any()


def test_step_k_of_a_simulation_receives_sample_k():
    stimulus = Step(0.5, start=0.3, end=0.5, at="b")
    drive = stimulus.to_array(2, 1.0, 0.1, labels=["a", "b"])
    rest = {"x": 0.0, "y": 0.0}
    hopf = Hopf(duration=None, dt=0.1, initial_state=rest, labels=["a", "b"])
    x = hopf.fit_transform(drive[None])[0]
    assert not x[0].any()
    assert not x[1, :3].any()
    np.testing.assert_allclose(x[1, 3], 0.1 * 0.5, rtol=1e-14)
    free = x[1, 4:] - x[1, 3:-1]
    assert free[0] > 0.04
    assert abs(free[1:]).max() < 0.03


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Step("a"), ValueError, "'amplitude' parameter of Step"),
        (lambda: Step(start=-1.0), ValueError, "'start' parameter"),
        (lambda: Step(start=2.0, end=1.0), ValueError, "not after start"),
        (lambda: Exponential(kind="up"), ValueError, "'kind' parameter"),
        (lambda: OrnsteinUhlenbeck(tau=0.0), ValueError, "'tau' parameter"),
        (lambda: Sum((Step(), 1.0)), TypeError, "expected stimuli"),
        (lambda: Concatenation((Step(),), ratios=(1, 2)), ValueError, "ratios="),
        (lambda: Concatenation((Step(),), ratios="a"), ValueError, "ratios='a'"),
        (lambda: Concatenation((Step(),), ratios=1), ValueError, "ratios=1,"),
        (lambda: Concatenation((Step(),), ratios=(0,)), ValueError, "ratios="),
        (lambda: Step() + 1.0, TypeError, "unsupported operand"),
        (lambda: 1.0 + Step(), TypeError, "unsupported operand"),
    ],
)
def test_wrong_values_are_refused_when_made(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("stimulus", "arguments", "message"),
    [
        (Step(start=10.0), {}, "not before the end"),
        (Step(start=0.55), {}, "start of Step is 0.55, expected a multiple"),
        (Step(), {"duration": 1.05}, "duration is 1.05"),
        (Step(), {"n_nodes": 0}, "at least one node"),
        (Step(), {"duration": float("nan")}, "duration=nan"),
        (Step(), {"duration": -1.0}, "positive times"),
        (Step(), {"dt": float("inf")}, "dt=inf"),
        (Step(at=[]), {}, "at is empty"),
        (Step(), {"labels": ["a"]}, "labels has 1 names"),
        (Step(at="b"), {}, "have no names"),
        (Step(at="c"), {"labels": ["a", "b"]}, "the name of 0 nodes"),
        (Step(at=2), {}, "number from 0 to 1"),
        (OrnsteinUhlenbeck(tau=0.01), {}, "shorter than dt"),
        (Step() & Step() & Step(), {"duration": 0.2}, "too few"),
    ],
)
def test_what_does_not_fit_the_simulation_is_refused(stimulus, arguments, message):
    settings = {"n_nodes": 2, "duration": 1.0, "dt": 0.1} | arguments
    with pytest.raises(ValueError, match=message):
        stimulus.to_array(**settings)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [((2.0, 1.0, 0.1), "n_nodes"), ((2, "1", 0.1), "duration"), ((2, 1.0, None), "dt")],
)
def test_other_types_are_refused(arguments, name):
    with pytest.raises(TypeError, match=f"{name} is"):
        Step().to_array(*arguments)
