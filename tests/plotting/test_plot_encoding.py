"""Receptive fields and accuracy of encoding models."""

import numpy as np
import pytest
from matplotlib.collections import EllipseCollection

from skneuro.plotting import (
    plot_encoding_accuracy,
    plot_on_fsaverage,
    plot_receptive_fields,
)
from skneuro.plotting._surface import _on_fsaverage5

CENTERS = [[0.2, 0.1], [-0.3, 0.0], [0.0, -0.4]]


def test_circles_lie_at_the_centres_with_their_sizes_and_values():
    ax = plot_receptive_fields(CENTERS, [0.05, 0.1, 0.2], values=[1.0, np.nan, 3.0])
    (circles,) = (c for c in ax.collections if isinstance(c, EllipseCollection))
    np.testing.assert_allclose(circles.get_offsets(), [CENTERS[0], CENTERS[2]])
    np.testing.assert_allclose(circles.get_widths(), [0.1, 0.4])
    np.testing.assert_allclose(circles.get_array(), [1, 3])
    assert ax.get_xlim() == (-0.5, 0.5)


def test_images_lie_behind_the_fields_in_the_unit_of_width():
    ax = plot_receptive_fields(CENTERS, 0.1, image=np.zeros((4, 8, 3)), width=8.4)
    assert ax.images[0].get_extent() == [-4.2, 4.2, -2.1, 2.1]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([[0, 0, 0]], 0.1), r"centers has shape \(1, 3\)"),
        ((CENTERS, [0.1, 0.2]), r"sizes has shape \(2,\), but there are 3 targets"),
    ],
)
def test_one_centre_and_size_per_target(arguments, match):
    with pytest.raises(ValueError, match=match):
        plot_receptive_fields(*arguments)


def test_groups_keep_their_order_and_show_medians_and_ceilings():
    accuracy = [1.0, 3.0, 5.0, 10.0, np.nan, 20.0]
    groups = ["V2", "V2", "V2", "V1", "V1", "V1"]
    ax = plot_encoding_accuracy(accuracy, groups=groups, noise_ceiling=[30.0] * 6)
    names = [label.get_text() for label in ax.get_xticklabels()]
    assert names == ["V2\nn = 3", "V1\nn = 2"]
    medians = [
        tuple(line.get_xydata()[0]) for line in ax.lines if len(line.get_xdata()) == 1
    ]
    assert medians == [(0, 3), (1, 15)]
    assert [bar.get_height() for bar in ax.patches] == [30, 30]


def test_points_against_their_ceiling():
    ax = plot_encoding_accuracy([1.0, 2.0], noise_ceiling=[3.0, 4.0])
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[3, 1], [4, 2]])


def test_empty_and_constant_groups_are_drawn():
    ax = plot_encoding_accuracy([np.nan, 2, 2], groups=["a", "b", "b"])
    assert [t.get_text() for t in ax.get_xticklabels()] == ["a\nn = 0", "b\nn = 2"]


def test_groups_of_another_number_are_refused():
    with pytest.raises(ValueError, match="groups has 1 entries"):
        plot_encoding_accuracy([1.0, 2.0], groups=["a"])


def test_surfaces_show_the_vertices_of_fsaverage5():
    values = np.arange(163_842.0)
    np.testing.assert_array_equal(_on_fsaverage5(values, None), values[:10_242])
    np.testing.assert_array_equal(
        _on_fsaverage5(values[:10_242], None), values[:10_242]
    )
    shown = _on_fsaverage5(np.array([1.0, 2.0, 3.0]), [7, 100_000, 10_241])
    assert np.isfinite(shown).sum() == 2
    assert (shown[7], shown[10_241]) == (1, 3)


def test_a_surface_is_drawn_on_given_axes():
    pytest.importorskip("nilearn")
    from matplotlib import pyplot as plt

    _, ax = plt.subplots(subplot_kw={"projection": "3d"})
    values = np.linspace(0, 1, 10_242)
    assert plot_on_fsaverage(values, hemisphere="right", ax=ax, label="r2") is ax
    assert ax.get_title() == "r2"
    (mesh,) = (c for c in ax.collections if type(c).__name__ == "Poly3DCollection")
    assert len(np.unique(mesh.get_facecolor(), axis=0)) > 50


@pytest.mark.parametrize(
    ("values", "arguments", "match"),
    [
        (np.zeros((2, 5)), {}, r"shape \(2, 5\); expected \(n_vertices,\)"),
        (np.zeros(5), {}, "5 values; expected 163842"),
        (np.zeros(2), {"vertex": [1, 163_842]}, "0 to 163841"),
        (np.zeros(2), {"vertex": [1.5, 2.0]}, "dtype float64"),
        (np.zeros(1), {"vertex": [20_000]}, "no value lies"),
        (np.zeros(1), {"vertex": [2], "hemisphere": "both"}, "hemisphere is 'both'"),
    ],
)
def test_values_that_do_not_fit_the_surface(values, arguments, match):
    pytest.importorskip("nilearn")
    with pytest.raises(ValueError, match=match):
        plot_on_fsaverage(values, **arguments)
