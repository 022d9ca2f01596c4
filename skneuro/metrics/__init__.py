"""Functional connectivity, its dynamics, spectra, synchrony and encoding scores."""

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
from skneuro.metrics._pairs import connectivity_to_vector, vector_to_connectivity
from skneuro.metrics._spectra import power_spectrum
from skneuro.metrics._synchrony import kuramoto_order

__all__ = [
    "FunctionalConnectivity",
    "FunctionalConnectivityDynamics",
    "choice_accuracy",
    "connectivity_to_vector",
    "fc_correlation",
    "fcd_distance",
    "functional_connectivity",
    "functional_connectivity_dynamics",
    "kuramoto_order",
    "masked_rmse",
    "power_spectrum",
    "response_times",
    "sign_accuracy",
    "trial_choices",
    "vector_to_connectivity",
]
