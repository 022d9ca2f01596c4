"""Functional connectivity, its dynamics, spectra, synchrony and encoding scores."""

from skneuro.metrics._comparison import fc_correlation, fcd_distance
from skneuro.metrics._connectivity import (
    FunctionalConnectivity,
    functional_connectivity,
)
from skneuro.metrics._connectivity_dynamics import (
    FunctionalConnectivityDynamics,
    functional_connectivity_dynamics,
)
from skneuro.metrics._encoding import (
    encoding_scores,
    noise_ceiling,
    noise_ceiling_snr,
)
from skneuro.metrics._pairs import connectivity_to_vector, vector_to_connectivity
from skneuro.metrics._spectra import power_spectrum
from skneuro.metrics._synchrony import kuramoto_order

__all__ = [
    "FunctionalConnectivity",
    "FunctionalConnectivityDynamics",
    "connectivity_to_vector",
    "encoding_scores",
    "fc_correlation",
    "fcd_distance",
    "functional_connectivity",
    "functional_connectivity_dynamics",
    "kuramoto_order",
    "noise_ceiling",
    "noise_ceiling_snr",
    "power_spectrum",
    "vector_to_connectivity",
]
