"""What all plots share."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib import pyplot as plt

from skneuro.plotting import (
    plot_connectivity_matrix,
    plot_encoding_accuracy,
    plot_power_spectrum,
    plot_receptive_fields,
    plot_timeseries,
)

CALLS = {
    "plot_connectivity_matrix": lambda **ax: plot_connectivity_matrix(np.eye(3), **ax),
    "plot_timeseries": lambda **ax: plot_timeseries(np.arange(6.0).reshape(2, 3), **ax),
    "plot_power_spectrum": lambda **ax: plot_power_spectrum([0, 1], [0.0, 1.0], **ax),
    "plot_encoding_accuracy": lambda **ax: plot_encoding_accuracy([1.0, 2, 4], **ax),
    "plot_receptive_fields": lambda **ax: plot_receptive_fields([[0, 0]], 0.1, **ax),
}
each_plot = pytest.mark.parametrize("name", CALLS)


@each_plot
def test_given_axes_are_used_and_returned(name, make_axes):
    ax = make_axes()
    assert CALLS[name](ax=ax) is ax
    assert plt.get_fignums() == [ax.figure.number]


@each_plot
def test_without_axes_a_figure_is_opened(name):
    ax = CALLS[name]()
    assert ax.figure in [plt.figure(number) for number in plt.get_fignums()]


@each_plot
def test_missing_matplotlib_says_how_to_get_it(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=rf'{name} needs mat.* "skneuro\[plot\]"'):
        CALLS[name]()


@each_plot
def test_nothing_sticks_out_of_the_figure(name, make_axes):
    ax = CALLS[name]()
    ax.figure.canvas.draw()
    box = ax.get_tightbbox()
    width, height = ax.figure.bbox.size
    assert box.x0 >= -1
    assert box.y0 >= -1
    assert box.x1 <= width + 1
    assert box.y1 <= height + 1


def test_import_does_not_load_matplotlib():
    code = "import sys, skneuro.plotting; print('matplotlib' in sys.modules)"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.strip() == "False"
