"""Functions that take arrays and an Axes and return the Axes."""

from skneuro.plotting._behavior import plot_chronometric, plot_psychometric, plot_trial
from skneuro.plotting._brain import animate_activity, plot_on_brain
from skneuro.plotting._connectivity import plot_connectivity_matrix
from skneuro.plotting._encoding import plot_encoding_accuracy, plot_receptive_fields
from skneuro.plotting._movie import plot_frames, save_movie
from skneuro.plotting._rate_maps import plot_rate_maps
from skneuro.plotting._spectrum import plot_power_spectrum
from skneuro.plotting._state_space import (
    plot_cross_temporal_decoding,
    plot_eigenvalues,
    plot_fixed_points,
    plot_trajectories,
)
from skneuro.plotting._surface import plot_on_fsaverage
from skneuro.plotting._timeseries import plot_timeseries
from skneuro.plotting._tuning import plot_direction_tuning
from skneuro.plotting._weights import plot_weight_distribution, plot_weights

__all__ = [
    "animate_activity",
    "plot_chronometric",
    "plot_connectivity_matrix",
    "plot_cross_temporal_decoding",
    "plot_direction_tuning",
    "plot_eigenvalues",
    "plot_encoding_accuracy",
    "plot_fixed_points",
    "plot_frames",
    "plot_on_brain",
    "plot_on_fsaverage",
    "plot_power_spectrum",
    "plot_psychometric",
    "plot_rate_maps",
    "plot_receptive_fields",
    "plot_timeseries",
    "plot_trajectories",
    "plot_trial",
    "plot_weight_distribution",
    "plot_weights",
    "save_movie",
]
