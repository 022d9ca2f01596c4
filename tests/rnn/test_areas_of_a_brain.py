"""Networks as areas of a whole-brain network."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skneuro.datasets import make_connectome, make_context_integration
from skneuro.dynamics import WilsonCowan
from skneuro.rnn import CTRNNRegressor, area_labels, area_means

AREAS = area_labels(12, 3)


@pytest.fixture
def task():
    return make_context_integration(6, stimulus=200.0, random_state=0)


def test_areas_of_a_network_drive_the_nodes_of_a_simulator(task):
    net = CTRNNRegressor(12, ei_ratio=0.75, max_epochs=1, random_state=0)
    net.fit(task.X, task.y, mask=task.mask)
    brain = make_connectome(n_nodes=3, random_state=0)
    simulator = WilsonCowan(
        brain.connectivity,
        brain.tract_lengths,
        inputs=("exc",),
        stimulus_interval=net.dt,
        duration=None,
        random_state=0,
    )
    average = FunctionTransformer(area_means, kw_args={"areas": AREAS})
    pipeline = make_pipeline(FrozenEstimator(net), average, simulator)
    activity = clone(pipeline).fit_transform(task.X)
    drive = area_means(net.transform(task.X), AREAS)
    assert drive.shape == (6, 3, task.X.shape[2])
    np.testing.assert_array_equal(activity, clone(simulator).fit_transform(drive))
    silent = clone(simulator).fit_transform(np.zeros_like(drive))
    assert np.abs(activity - silent).max() > 1e-3


def test_a_network_reads_the_nodes_of_a_simulator(task):
    brain = make_connectome(n_nodes=4, random_state=0)
    simulator = WilsonCowan(
        brain.connectivity, brain.tract_lengths, duration=100.0, random_state=0
    )
    drive = np.random.default_rng(0).uniform(0, 2, (10, 4))
    net = CTRNNRegressor(8, dt=simulator.dt, tau=10.0, max_epochs=1, random_state=0)
    pipeline = make_pipeline(simulator, net).fit(drive, drive.mean(axis=1))
    assert pipeline.predict(drive).shape == (10,)
    assert net.n_features_in_ == simulator.transform(drive).shape[1]


def test_means_of_areas():
    rates = np.random.default_rng(0).uniform(size=(2, 5, 7)).astype(np.float32)
    means = area_means(rates, [1, 0, 1, -1, 1])
    assert means.dtype == np.float32
    np.testing.assert_allclose(means[:, 0], rates[:, 1])
    np.testing.assert_allclose(means[:, 1], rates[:, [0, 2, 4]].mean(axis=1))
    for areas, message in (
        ([0, 1], r"areas has shape \(2,\) and rates"),
        ([0, 0, 2, 2, 2], r"areas \[1\] have no units"),
        ([-1] * 5, "have no units"),
    ):
        with pytest.raises(ValueError, match=message):
            area_means(rates, areas)
