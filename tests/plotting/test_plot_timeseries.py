"""Stacks of time series keep values, order, times and scale."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from skneuro.plotting import plot_timeseries
from skneuro.plotting._timeseries import round_down


@pytest.fixture
def X():
    return np.random.default_rng(0).standard_normal((4, 100)) + 7


def node_lines(ax, n_nodes):
    """Data of the nodes' lines; a scale bar may follow them."""
    return np.array([line.get_ydata() for line in ax.lines[:n_nodes]])


def texts(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_stack_shows_each_node_around_its_baseline_first_on_top(X):
    ax = plot_timeseries(X, offset=5, labels=["V1", "V2", "V4", "MT"])
    baselines = np.array([15, 10, 5, 0])
    expected = X - X.mean(axis=1, keepdims=True) + baselines[:, None]
    np.testing.assert_allclose(node_lines(ax, 4), expected)
    np.testing.assert_array_equal(ax.get_yticks(), baselines)
    assert texts(ax.yaxis) == ["V1", "V2", "V4", "MT"]
    low, high = ax.get_ylim()
    assert low <= expected.min()
    assert high >= expected.max()


def test_offset_is_the_median_range(X):
    X[0] *= 50  # one loud node does not flatten the others
    ax = plot_timeseries(X)
    np.testing.assert_allclose(-np.diff(ax.get_yticks()), np.median(np.ptp(X, axis=1)))
    assert ax.get_ylabel() == "Node"
    assert texts(ax.yaxis) == ["0", "1", "2", "3"]


def test_zero_offset_draws_the_values_themselves(X):
    names = ["V1", "V2", "V4", "MT"]
    ax = plot_timeseries(X, offset=0, labels=names, unit="Hz")
    np.testing.assert_array_equal(node_lines(ax, 4), X)
    assert len(ax.lines) == 4
    assert ax.get_ylabel() == "Activity (Hz)"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == names


def test_one_node_has_an_ordinary_axis(X):
    ax = plot_timeseries(X[0])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), X[0])
    assert ax.get_ylabel() == "Activity"
    assert ax.get_legend() is None


@pytest.mark.parametrize(
    ("options", "last", "label"),
    [
        ({}, 99, "Time point"),
        ({"dt": 0.1}, 9.9, "Time (ms)"),
        ({"dt": 1000.0}, 99.0, "Time (s)"),
        ({"t_r": 2.0}, 198.0, "Time (s)"),
        ({"times": np.linspace(50, 149, 100)}, 149, "Time (ms)"),
        ({"times": np.linspace(0, 20_000, 100)}, 20, "Time (s)"),
    ],
)
def test_time_axis_has_a_unit(options, last, label, X):
    ax = plot_timeseries(X, **options)
    assert ax.lines[0].get_xdata()[-1] == pytest.approx(last)
    assert ax.get_xlabel() == label
    assert ax.get_xlim()[1] == pytest.approx(last)


def test_scale_bar_has_the_length_that_it_says(X):
    ax = plot_timeseries(X, offset=5, unit="mV")
    bar = ax.lines[-1].get_ydata()
    (text,) = ax.texts
    number, unit = text.get_text().split()
    assert unit == "mV"
    assert bar[1] - bar[0] == pytest.approx(float(number))
    low, high = ax.get_ylim()
    assert 0.05 < (bar[1] - bar[0]) / (high - low) < 0.2


@pytest.mark.parametrize(
    ("x", "expected"),
    [(1, 1), (1.9, 1), (4.9, 2), (73, 50), (0.0021, 0.002), (1e-5, 1e-5)],
)
def test_scale_bars_are_round(x, expected):
    assert round_down(x) == pytest.approx(expected)


def test_data_frame_has_a_column_per_node(X):
    times = np.arange(100) * 0.5
    ax = plot_timeseries(pd.DataFrame(X.T, index=times, columns=["a", "b", "c", "d"]))
    assert texts(ax.yaxis) == ["a", "b", "c", "d"]
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), times)
    assert ax.get_xlabel() == "Time (ms)"
    assert plot_timeseries(pd.DataFrame(X.T)).get_xlabel() == "Time point"


@pytest.mark.parametrize(
    "dims", [("node", "time"), ("time", "node"), ("sample", "node", "time")]
)
def test_data_array_brings_names_times_and_unit(dims, X):
    times = np.arange(100) * 0.5
    values = {2: X if dims[0] == "node" else X.T, 3: X[None]}[len(dims)]
    array = xr.DataArray(
        values,
        dims=dims,
        coords={"node": ["a", "b", "c", "d"], "time": times},
        attrs={"units": "Hz"},
    )
    ax = plot_timeseries(array, offset=0)
    np.testing.assert_array_equal(node_lines(ax, 4), X)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), times)
    assert ax.get_ylabel() == "Activity (Hz)"


def test_many_labels_are_thinned(make_axes):
    ax = plot_timeseries(np.random.default_rng(0).random((90, 20)), ax=make_axes())
    assert 8 <= len(ax.get_yticks()) <= 30
    assert len(ax.lines) == 91
    first, second = (int(text) for text in texts(ax.yaxis)[:2])
    step = ax.get_yticks()[0] - ax.get_yticks()[1]
    baselines = ax.get_yticks()[0] / 89  # the top node is the 90th from below
    assert step == pytest.approx((second - first) * baselines)


def test_colours_of_the_user_win(X):
    ax = plot_timeseries(X, color=["red", "green", "blue", "black"])
    assert [line.get_color() for line in ax.lines[:4]] == [
        "red",
        "green",
        "blue",
        "black",
    ]
    assert plot_timeseries(X, color="tab:blue").lines[3].get_color() == "tab:blue"


def test_constant_signals_can_be_shown():
    ax = plot_timeseries(np.ones((3, 10)))
    np.testing.assert_array_equal(ax.get_yticks(), [2, 1, 0])


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((2, 3, 4), {}, r"X has shape \(2, 3, 4\).*X\[0\]"),
        ((2, 0), {}, r"X has shape \(2, 0\)"),
        ((2, 5), {"dt": 1.0, "t_r": 1.0}, "dt and t_r are given; expected one of"),
        ((2, 5), {"times": [1, 2]}, r"times has shape \(2,\), but X has 5"),
        ((2, 5), {"labels": ["a"]}, "labels has 1 entries, but there are 2"),
        ((2, 5), {"color": ["red"]}, "color has 1 entries, but there are 2"),
        ((2, 5), {"offset": -1.0}, "offset=-1; expected 0 or more"),
    ],
)
def test_what_cannot_be_shown_says_so(shape, options, message):
    with pytest.raises(ValueError, match=message):
        plot_timeseries(np.zeros(shape), **options)
