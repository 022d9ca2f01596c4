"""Functions that take arrays and an Axes and return the Axes."""

from skneuro.plotting._connectivity import plot_connectivity_matrix
from skneuro.plotting._encoding import plot_encoding_accuracy, plot_receptive_fields
from skneuro.plotting._spectrum import plot_power_spectrum
from skneuro.plotting._surface import plot_on_fsaverage
from skneuro.plotting._timeseries import plot_timeseries

__all__ = [
    "plot_connectivity_matrix",
    "plot_encoding_accuracy",
    "plot_on_fsaverage",
    "plot_power_spectrum",
    "plot_receptive_fields",
    "plot_timeseries",
]
