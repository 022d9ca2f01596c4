"""Images of connectivity show the numbers, on colours that suit them."""

import itertools

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.colors import LogNorm

from skneuro.metrics import FunctionalConnectivity, functional_connectivity
from skneuro.plotting import plot_connectivity_matrix


@pytest.fixture
def fc():
    X = np.random.default_rng(0).standard_normal((6, 50)).cumsum(axis=1)
    return functional_connectivity(X)


@pytest.fixture
def weights():
    return np.random.default_rng(0).lognormal(sigma=2, size=(6, 6))


def shown(ax):
    """Values of the image; masked where it is blank."""
    return ax.images[0].get_array()


def texts(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_correlations_are_shown_symmetric_around_zero(fc):
    ax = plot_connectivity_matrix(fc)
    off_diagonal = ~np.eye(6, dtype=bool)
    np.testing.assert_array_equal(shown(ax)[off_diagonal], fc[off_diagonal])
    low, high = ax.images[0].get_clim()
    assert high == -low == np.abs(fc[off_diagonal]).max()
    assert ax.images[0].get_cmap().name == "RdBu_r"
    assert ax.child_axes[0].get_ylabel() == "Correlation"


def test_correlations_without_negative_ones_still_center_at_zero():
    ax = plot_connectivity_matrix([[1, 0.2, 0.3], [0.2, 1, 0.4], [0.3, 0.4, 1]])
    assert ax.images[0].get_clim() == (-0.4, 0.4)


def test_diagonal_without_information_is_blank(fc, weights):
    np.testing.assert_array_equal(
        np.ma.getmaskarray(shown(plot_connectivity_matrix(fc))), np.eye(6, dtype=bool)
    )
    assert not np.ma.getmaskarray(shown(plot_connectivity_matrix(weights))).any()


def test_weights_start_at_zero(weights):
    np.fill_diagonal(weights, 0)
    ax = plot_connectivity_matrix(weights)
    assert ax.images[0].get_clim() == (0, weights.max())
    assert ax.images[0].get_cmap().name == "viridis"
    assert ax.child_axes[0].get_ylabel() == "Connectivity"


def test_logarithmic_colours_leave_missing_links_blank(weights):
    weights[0, 1] = 0
    ax = plot_connectivity_matrix(weights, log=True)
    assert isinstance(ax.images[0].norm, LogNorm)
    assert np.ma.getmaskarray(shown(ax))[0, 1]
    assert np.ma.getmaskarray(shown(ax)).sum() == 1
    off_diagonal = weights[~np.eye(6, dtype=bool)]
    np.testing.assert_allclose(
        ax.images[0].get_clim(),
        (off_diagonal[off_diagonal > 0].min(), off_diagonal.max()),
    )


@pytest.mark.parametrize(
    ("limits", "expected", "cmap"),
    [
        ({"vmax": 0.5}, (-0.5, 0.5), "RdBu_r"),
        ({"vmin": -0.7}, (-0.7, 0.7), "RdBu_r"),
        ({"vmin": -1, "vmax": 0.5}, (-1, 0.5), "RdBu_r"),
        ({"vmin": 0, "vmax": 1}, (0, 1), "viridis"),
    ],
)
def test_limits_of_the_user_win(limits, expected, cmap, fc):
    ax = plot_connectivity_matrix(fc, **limits)
    assert ax.images[0].get_clim() == expected
    assert ax.images[0].get_cmap().name == cmap


def test_colours_of_the_user_win(fc):
    ax = plot_connectivity_matrix(fc, cmap="PuOr", colorbar_label="Fisher z")
    assert ax.images[0].get_cmap().name == "PuOr"
    assert ax.child_axes[0].get_ylabel() == "Fisher z"
    assert plot_connectivity_matrix(fc, colorbar=False).child_axes == []


def test_node_pairs_become_a_matrix(fc):
    X = np.random.default_rng(0).standard_normal((1, 6, 50)).cumsum(axis=-1)
    pairs = FunctionalConnectivity().fit_transform(X)[0]
    np.testing.assert_array_equal(
        shown(plot_connectivity_matrix(pairs)), shown(plot_connectivity_matrix(fc))
    )


def test_few_labels_are_all_shown(fc):
    names = ["V1", "V2", "V4", "MT", "IT", "FEF"]
    ax = plot_connectivity_matrix(fc, labels=names)
    assert texts(ax.xaxis) == texts(ax.yaxis) == names
    np.testing.assert_array_equal(ax.get_yticks(), np.arange(6))


def test_many_labels_are_thinned_evenly_and_stay_at_their_nodes(make_axes):
    names = [f"node{i}" for i in range(90)]
    ax = plot_connectivity_matrix(np.eye(90), labels=names, ax=make_axes())
    ticks = ax.get_yticks()
    assert 8 <= len(ticks) <= 30
    assert len(set(np.diff(ticks))) == 1
    assert texts(ax.yaxis) == [names[int(i)] for i in ticks]
    ax.figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_yticklabels()]
    for above, below in itertools.pairwise(boxes):
        assert above.y0 >= below.y1 - 1  # no overlap


def test_labels_come_from_data_frames_and_data_arrays(fc):
    names = ["V1", "V2", "V4", "MT", "IT", "FEF"]
    frame = pd.DataFrame(fc, index=names, columns=names)
    array = xr.DataArray(fc, coords={"node": names, "source": names})
    for labelled in (frame, array):
        ax = plot_connectivity_matrix(labelled)
        assert texts(ax.yaxis) == names
        np.testing.assert_array_equal(shown(ax).data, fc)


def test_groups_sort_the_nodes_and_are_parted_by_lines(fc):
    ax = plot_connectivity_matrix(fc, groups=["left", "right"] * 3)
    order = [0, 2, 4, 1, 3, 5]
    np.testing.assert_array_equal(shown(ax).data, fc[np.ix_(order, order)])
    assert texts(ax.xaxis) == texts(ax.yaxis) == ["left", "right"]
    np.testing.assert_array_equal(ax.get_xticks(), [1, 4])
    horizontal, vertical = ax.lines
    np.testing.assert_array_equal(horizontal.get_ydata(), [2.5, 2.5])
    np.testing.assert_array_equal(vertical.get_xdata(), [2.5, 2.5])


def test_directed_connectivity_says_from_and_to(fc, weights):
    directed = plot_connectivity_matrix(weights)
    assert (directed.get_xlabel(), directed.get_ylabel()) == ("From node", "To node")
    assert plot_connectivity_matrix(fc).get_xlabel() == "Node"


def test_missing_values_are_blank(fc):
    fc[0, 1] = fc[1, 0] = np.nan
    ax = plot_connectivity_matrix(fc)
    assert np.ma.getmaskarray(shown(ax))[0, 1]
    assert np.isfinite(ax.images[0].get_clim()).all()


@pytest.mark.parametrize("log", [False, True])
def test_equal_entries_have_limits_that_differ(log):
    low, high = (
        plot_connectivity_matrix(np.full((3, 3), 2.0), log=log).images[0].get_clim()
    )
    assert low < high


def test_independent_nodes_can_be_shown():
    assert plot_connectivity_matrix(np.eye(4)).images[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("connectivity", "options", "message"),
    [
        (np.zeros((2, 3)), {}, r"connectivity has shape \(2, 3\)"),
        (np.zeros((2, 3, 3)), {}, r"Select one sample: connectivity\[0\]"),
        (np.zeros(4), {}, "vector has 4 columns"),
        (np.eye(3), {"labels": ["a"]}, "labels has 1 entries, but there are 3 nodes"),
        (np.eye(3), {"groups": ["a"]}, "groups has 1 entries"),
        (np.zeros((3, 3)), {"log": True}, "no entry to show.*log=False"),
        (np.full((3, 3), np.nan), {}, "no entry to show.*NaN"),
    ],
)
def test_what_cannot_be_shown_says_so(connectivity, options, message):
    with pytest.raises(ValueError, match=message):
        plot_connectivity_matrix(connectivity, **options)
