"""Images and histograms of weights show what they are given."""

import numpy as np
import pytest

from skneuro.plotting import plot_weight_distribution, plot_weights


def test_colours_are_symmetric_about_zero():
    ax = plot_weights([[0.0, 2.0], [-3.0, 1.0]])
    assert ax.images[0].get_clim() == (-3.0, 3.0)
    np.testing.assert_array_equal(ax.images[0].get_array(), [[0, 2], [-3, 1]])


@pytest.mark.parametrize(
    ("shape", "labels"),
    [
        ((4, 4), ("From unit", "To unit")),
        ((4, 2), ("From input", "To unit")),
        ((2, 4), ("From unit", "To output")),
    ],
)
def test_axes_say_what_connects(shape, labels):
    ax = plot_weights(np.ones(shape), colorbar=False)
    assert (ax.get_xlabel(), ax.get_ylabel()) == labels
    assert len(ax.figure.axes) == 1


def test_lines_lie_between_areas():
    ax = plot_weights(np.eye(5), areas=[0, 0, 1, 1, 1])
    borders = [line.get_xydata().T for line in ax.lines]
    assert [set(borders[0][1]), set(borders[1][0])] == [{1.5}, {1.5}]
    assert len(plot_weights(np.ones((5, 2)), areas=[0, 0, 1, 1, 2]).lines) == 2


def test_zeros_are_counted_only_if_asked():
    weights = [0.0, 0.0, 1.0, -1.0]
    for absent, number in ((False, 2), (True, 4)):
        ax = plot_weight_distribution(weights, bins=5, absent=absent)
        assert sum(bar.get_height() for bar in ax.patches) == number


def test_weights_that_make_no_picture_are_refused():
    with pytest.raises(ValueError, match=r"recurrent_weights_\[0\]"):
        plot_weights([1.0, 2.0])
    with pytest.raises(ValueError, match="areas"):
        plot_weights(np.eye(3), areas=[0, 1])
    with pytest.raises(ValueError, match="NaN or infinity"):
        plot_weights([[np.nan]])
    with pytest.raises(ValueError, match="Pass absent=True"):
        plot_weight_distribution([0.0])
