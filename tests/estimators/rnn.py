"""Estimators of skneuro.rnn."""

import numpy as np

from skneuro.rnn import CTRNNClassifier, CTRNNRegressor

SMALL = {"n_hidden": 12, "duration": 100.0, "lr": 0.02, "max_epochs": 40}
ESTIMATORS = [
    CTRNNRegressor(**SMALL),
    CTRNNClassifier(**SMALL, ei_ratio=0.75, penalties={"rate_l2": 1e-4}),
]


def make_choices():
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(12, 9))
    return X, np.where(X[:, 0] > 0.5, "right", "left")


DATA = {"CTRNNClassifier": make_choices}
EXPECTED_FAILED_CHECKS = {}
