"""Plots of behaviour, state space and place show what they are given."""

import numpy as np
import pytest
from sklearn.utils import Bunch

from skneuro.datasets import make_context_integration, make_perceptual_decision
from skneuro.metrics import (
    cross_temporal_decoding,
    find_fixed_points,
    fit_chronometric,
    fit_psychometric,
)
from skneuro.plotting import (
    plot_chronometric,
    plot_cross_temporal_decoding,
    plot_eigenvalues,
    plot_fixed_points,
    plot_psychometric,
    plot_rate_maps,
    plot_trajectories,
    plot_trial,
)


@pytest.fixture
def found():
    def step(h):  # two units, each with rest at 0 and at two other states
        return 0.9 * h + 0.1 * np.tanh(2 * h)

    starts = np.random.default_rng(0).uniform(-1, 1, (60, 2))
    return find_fixed_points(step, starts)


def test_psychometric_points_and_curve():
    x = np.repeat([-2.0, -1, 1, 2], 50)
    choices = np.tile(np.arange(50) < 10, 4) ^ (x > 0)
    fit = fit_psychometric(x, choices)
    ax = plot_psychometric(fit, label="net", xlabel="Coherence (%)")
    points = ax.containers[0][0]
    np.testing.assert_allclose(points.get_xdata(), [-2, -1, 1, 2])
    np.testing.assert_allclose(points.get_ydata(), [0.2, 0.2, 0.8, 0.8])
    assert ax.get_legend().get_texts()[0].get_text() == "net"
    plot_psychometric(fit, ax=ax)  # a second network keeps the label
    assert ax.get_xlabel() == "Coherence (%)"


def test_weibull_curves_show_the_fraction_correct():
    rng = np.random.default_rng(0)
    x = np.repeat([1.0, 4.0, 16.0], 40)
    fit = fit_psychometric(x, rng.uniform(size=120) < 0.8, kind="weibull")
    ax = plot_psychometric(fit)
    assert ax.get_ylabel() == "Fraction correct"
    assert ax.get_ylim()[0] == 0.45


def test_chronometric_curve_passes_its_points():
    fit = fit_chronometric([1, 2, 4, 8, 16.0], [700, 690, 640, 520, 410.0])
    ax = plot_chronometric(fit)
    assert ax.get_xscale() == "log"
    curve = ax.lines[-1]
    at = np.interp(fit.strength, curve.get_xdata(), curve.get_ydata())
    np.testing.assert_allclose(at, fit.predicted, rtol=1e-3)


def test_trial_has_a_row_per_signal_and_shades_what_counts():
    task = make_context_integration(10, catch_prob=0.0, random_state=0)
    ax = plot_trial(task, 3, output=task.y[3])
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == task.input_names + task.output_names
    assert len(ax.lines) >= 2
    drawn = {text.get_text() for text in ax.texts}
    assert {"stimulus", "decision"} <= drawn
    shaded = [p for p in ax.patches if p.get_zorder() == 0]
    assert len(shaded) == 2  # fixation and decision
    with pytest.raises(IndexError, match="trial is 10, but the task has 10"):
        plot_trial(task, 10)
    with pytest.raises(ValueError, match=r"output has shape \(2, 3\)"):
        plot_trial(task, 0, output=np.zeros((2, 3)))


def test_shorter_trials_end_earlier():
    task = make_perceptual_decision(22, random_state=0)
    short = int(np.flatnonzero(~task.conditions.catch)[0])
    assert plot_trial(task, short).get_xlim() == (0, 1200)


def test_trajectories_keep_their_order_and_colours():
    paths = np.random.default_rng(0).standard_normal((3, 4, 10)).cumsum(axis=2)
    paths[2, :, 6:] = np.nan
    ax = plot_trajectories(paths, values=[-2, 0, 1], dims=(1, 3))
    lines = [line for line in ax.lines if len(line.get_xdata()) > 1]
    np.testing.assert_array_equal(lines[0].get_xdata(), paths[0, 1])
    np.testing.assert_array_equal(lines[2].get_ydata(), paths[2, 3, :6])
    assert ax.get_ylabel() == "Dimension 4"
    ax = plot_trajectories(paths, labels=["a", "b", "a"])
    assert len(ax.get_legend().get_texts()) == 2
    with pytest.raises(ValueError, match="values has 2 entries"):
        plot_trajectories(paths, values=[1, 2])
    with pytest.raises(ValueError, match=r"trajectories has shape \(3, 4\)"):
        plot_trajectories(paths[:, :, 0])


def test_trajectories_in_three_dimensions():
    from matplotlib import pyplot as plt

    ax = plt.figure().add_subplot(projection="3d")
    paths = np.random.default_rng(0).standard_normal((2, 3, 5))
    assert plot_trajectories(paths, dims=(0, 1, 2), ax=ax) is ax
    assert ax.get_zlabel() == "Dimension 3"


def test_fixed_points_are_filled_where_stable(found):
    ax = plot_fixed_points(found, np.eye(2), modes=1)
    shown = {line.get_label(): line for line in ax.lines}
    assert len(shown["stable"].get_xdata()) == 4
    assert len(shown["unstable"].get_xdata()) == 5
    np.testing.assert_allclose(np.abs(shown["stable"].get_ydata()), 0.9575, atol=1e-3)
    with pytest.raises(ValueError, match=r"components has shape \(3, 3\)"):
        plot_fixed_points(found, np.eye(3))


def test_no_fixed_points_leave_the_axes_empty():
    empty = Bunch(
        points=np.zeros((0, 2)),
        fixed=np.zeros(0, bool),
        stable=np.zeros(0, bool),
        jacobians=np.zeros((0, 2, 2)),
    )
    assert plot_fixed_points(empty, np.eye(2)).get_legend() is None


def test_eigenvalues_of_a_matrix_or_as_they_are():
    matrix = np.random.default_rng(0).standard_normal((20, 20))
    values = np.linalg.eigvals(matrix)
    for given in (matrix, values):
        ax = plot_eigenvalues(given, label="weights")
        np.testing.assert_allclose(ax.lines[-1].get_xdata(), values.real)
    with pytest.raises(ValueError, match=r"matrix has shape \(2, 3\)"):
        plot_eigenvalues(np.zeros((2, 3)))


def test_decoding_image_has_times():
    X = np.random.default_rng(0).standard_normal((20, 2, 5))
    decoded = cross_temporal_decoding(X, np.arange(20) % 2, every=2)
    ax = plot_cross_temporal_decoding(decoded, dt=10.0)
    (image,) = ax.images
    np.testing.assert_array_equal(image.get_array(), decoded.scores)
    assert image.get_extent() == [0, 60, 0, 60]


def test_rate_maps_stand_beside_each_other():
    maps = np.random.default_rng(0).random((5, 4, 8))
    maps[0, 0, 0] = np.nan
    ax = plot_rate_maps(maps, titles=list("abcde"), n_columns=3)
    assert len(ax.images) == 5
    lefts = [image.get_extent()[0] for image in ax.images]
    np.testing.assert_allclose(lefts, [0, 1.12, 2.24, 0, 1.12])
    assert ax.images[3].get_extent()[2] < ax.images[0].get_extent()[2]
    common = plot_rate_maps(maps, normalize=False)
    assert {image.norm.vmax for image in common.images} == {np.nanmax(maps)}
    with pytest.raises(ValueError, match="titles has 2 entries"):
        plot_rate_maps(maps, titles=["a", "b"])
