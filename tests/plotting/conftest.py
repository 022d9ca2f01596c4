"""Figures are drawn in memory and in full."""

import matplotlib as mpl
import pytest

mpl.use("Agg")


@pytest.fixture(autouse=True)
def drawn_figures(closed_figures):
    """Draw every figure that a test opened: some errors appear only then."""
    from matplotlib import pyplot as plt

    yield
    for number in plt.get_fignums():
        plt.figure(number).canvas.draw()


@pytest.fixture
def make_axes():
    """Factory of Axes of a given size, in inches."""
    from matplotlib import pyplot as plt

    def make(width=4.0, height=4.0):
        return plt.subplots(figsize=(width, height), layout="constrained")[1]

    return make
