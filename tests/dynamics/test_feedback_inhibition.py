"""Each node's inhibition brings it to its target rate."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skneuro.datasets import make_connectome
from skneuro.dynamics import (
    ALN,
    FeedbackInhibitionControl,
    Hopf,
    Kuramoto,
    SubSample,
    WilsonCowan,
    WongWang,
)


def make_network(n_nodes=12, coupling=0.8, **kwargs):
    brain = make_connectome(n_nodes, random_state=0)
    settings = {"duration": 4000.0, "dt": 0.5, "random_state": 0} | kwargs
    return WongWang(
        brain.connectivity, brain.tract_lengths, coupling=coupling, **settings
    )


def test_target_rate_is_that_of_the_published_current():
    # a I - b at 0.026 nA below the threshold b / a, through the response of Deco 2014
    below = -0.026 * 0.31
    expected = 1000 * below / (1 - np.exp(-160.0 * below))
    default = FeedbackInhibitionControl().target_rate
    assert default == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("sigma", [0.0, 0.005])
@pytest.mark.parametrize("coupling", [0.3, 0.8])
def test_every_node_fires_at_the_target(coupling, sigma):
    network = make_network(coupling=coupling, sigma=sigma)
    X = np.zeros((1, 12))
    free = network.fit_transform(X)[..., 2000:].mean(axis=-1)[0]
    balanced = FeedbackInhibitionControl(network, tol=0.02).fit(X)
    assert np.ptp(free) > 0.5
    # simulated anew, without the estimator
    one = clone(network).set_params(j_inh=balanced.inhibition_)
    one.random_state = balanced.simulator_.random_state
    rates = one.fit_transform(X)[..., 2000:].mean(axis=-1)[0]
    np.testing.assert_allclose(rates, 3.0631, atol=0.02)
    np.testing.assert_allclose(balanced.rates_, rates, atol=1e-9)
    assert balanced.n_iter_ <= 12


def test_inhibition_grows_in_proportion_to_the_input():
    network = make_network(24, coupling=0.8, duration=6000.0, conduction_speed=np.inf)
    balanced = FeedbackInhibitionControl(network, tol=1e-3, transient=3000.0)
    balanced.fit(np.zeros((1, 24)))
    # all nodes send the same, so J s_I = const + K J_NMDA s_E * strength
    strength = balanced.simulator_.connectivity_.sum(axis=1)
    fit = np.polyfit(strength, balanced.inhibition_, 1)
    np.testing.assert_allclose(
        np.polyval(fit, strength), balanced.inhibition_, atol=2e-3
    )
    assert fit[0] > 0.1


def test_each_node_can_have_its_own_target():
    target = np.linspace(2.0, 8.0, 6)
    network = make_network(6)
    balanced = FeedbackInhibitionControl(network, target_rate=target).fit(
        np.zeros((1, 6))
    )
    np.testing.assert_allclose(balanced.rates_, target, atol=0.1)


def test_transform_is_the_balanced_simulator():
    network = make_network(4, monitor=SubSample(10.0), record="s_exc")
    X = np.full((2, 4), 0.01)
    balanced = FeedbackInhibitionControl(network)
    out = balanced.fit_transform(X)
    assert out.shape == (2, 4, 400)
    np.testing.assert_array_equal(out, balanced.simulator_.transform(X))
    assert network.j_inh == 1.0


def test_a_drive_over_time_is_balanced_too():
    network = make_network(3, duration=None, stimulus_interval=500.0)
    X = 0.02 * np.random.default_rng(0).standard_normal((2, 3, 6))
    balanced = FeedbackInhibitionControl(network, transient=500.0).fit(X)
    np.testing.assert_allclose(balanced.rates_, 3.0631, atol=0.1)


def test_other_models_can_be_balanced():
    brain = make_connectome(6, random_state=0)
    model = WilsonCowan(
        brain.connectivity, exc_input=0.5, coupling=1.0, duration=1000.0, random_state=0
    )
    balanced = FeedbackInhibitionControl(
        model,
        target_rate=0.05,
        tol=1e-3,
        parameter="c_inhexc",
        rate="exc",
        transient=500.0,
    ).fit(np.zeros((1, 6)))
    np.testing.assert_allclose(balanced.rates_, 0.05, atol=1e-3)


def test_a_model_that_sees_its_own_past_and_squared_weights_can_be_balanced():
    brain = make_connectome(3, random_state=0)
    model = ALN(
        brain.connectivity,
        brain.tract_lengths,
        exc_input=2.0,
        inh_input=1.0,
        duration=1500.0,
        random_state=0,
    )
    balanced = FeedbackInhibitionControl(
        model, target_rate=30.0, parameter="j_inhexc", rate="rate_exc"
    ).fit(np.zeros((1, 3)))
    assert balanced.errors_[0] > 3.0
    assert balanced.n_iter_ == 2  # the fixed point of the equations is the network's
    np.testing.assert_allclose(balanced.rates_, 30.0, atol=0.1)


def test_too_few_simulations_warn():
    control = FeedbackInhibitionControl(make_network(4), tol=1e-6, max_iter=2)
    with pytest.warns(ConvergenceWarning, match=r"off the target after 2 simulations"):
        control.fit(np.zeros((1, 4)))
    assert control.n_iter_ == len(control.errors_) == 2


@pytest.mark.parametrize(
    ("model", "kwargs", "message"),
    [
        (Hopf(), {}, r"parameter='j_inh' and rate='r_exc' with Hopf"),
        (Kuramoto(), {"parameter": "coupling", "rate": "theta"}, "see each other's"),
        (WongWang(), {"transient": 1000.0}, r"runs for 1000 ms; expected less"),
        (WongWang(), {"target_rate": [3.0, -1.0]}, "target_rate must be larger"),
        (WongWang(), {"target_rate": [3.0] * 3}, r"target_rate has shape \(3,\)"),
    ],
)
def test_what_cannot_be_balanced_says_so(model, kwargs, message):
    kwargs = {"transient": 10.0} | kwargs
    with pytest.raises(ValueError, match=message):
        FeedbackInhibitionControl(model, **kwargs).fit(np.zeros((1, 2)))
