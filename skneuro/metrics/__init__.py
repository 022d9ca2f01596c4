"""Connectivity, spectra, synchrony, and what networks that solve tasks do and know."""

from skneuro.metrics._choices import (
    choice_accuracy,
    masked_rmse,
    response_times,
    sign_accuracy,
    trial_choices,
)
from skneuro.metrics._comparison import fc_correlation, fcd_distance
from skneuro.metrics._connectivity import (
    FunctionalConnectivity,
    functional_connectivity,
)
from skneuro.metrics._connectivity_dynamics import (
    FunctionalConnectivityDynamics,
    functional_connectivity_dynamics,
)
from skneuro.metrics._decoding import cross_temporal_decoding
from skneuro.metrics._encoding import (
    encoding_scores,
    noise_ceiling,
    noise_ceiling_snr,
)
from skneuro.metrics._envelopes import envelope_connectivity
from skneuro.metrics._fixed_points import find_fixed_points
from skneuro.metrics._noise_correction import cc_abs, cc_max, cc_norm
from skneuro.metrics._pairs import connectivity_to_vector, vector_to_connectivity
from skneuro.metrics._psychometrics import (
    fit_chronometric,
    fit_psychometric,
    psychometric_function,
)
from skneuro.metrics._rate_maps import (
    map_correlation,
    place_cells,
    rate_maps,
    spatial_information,
)
from skneuro.metrics._signals import AnalyticSignal, BandPassFilter, Resampler
from skneuro.metrics._spectra import coherence, power_spectrum
from skneuro.metrics._synchrony import kuramoto_order, metastability
from skneuro.metrics._trajectories import (
    condition_average,
    pca_trajectories,
    selectivity_index,
    targeted_axes,
)

__all__ = [
    "AnalyticSignal",
    "BandPassFilter",
    "FunctionalConnectivity",
    "FunctionalConnectivityDynamics",
    "Resampler",
    "cc_abs",
    "cc_max",
    "cc_norm",
    "choice_accuracy",
    "coherence",
    "condition_average",
    "connectivity_to_vector",
    "cross_temporal_decoding",
    "encoding_scores",
    "envelope_connectivity",
    "fc_correlation",
    "fcd_distance",
    "find_fixed_points",
    "fit_chronometric",
    "fit_psychometric",
    "functional_connectivity",
    "functional_connectivity_dynamics",
    "kuramoto_order",
    "map_correlation",
    "masked_rmse",
    "metastability",
    "noise_ceiling",
    "noise_ceiling_snr",
    "pca_trajectories",
    "place_cells",
    "power_spectrum",
    "psychometric_function",
    "rate_maps",
    "response_times",
    "selectivity_index",
    "sign_accuracy",
    "spatial_information",
    "targeted_axes",
    "trial_choices",
    "vector_to_connectivity",
]
