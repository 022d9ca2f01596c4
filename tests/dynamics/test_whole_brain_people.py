"""The whole chain against theory, and against five people's measured connectivity."""

import numpy as np
import pytest
from scipy.linalg import solve_continuous_lyapunov, solve_discrete_lyapunov
from sklearn.model_selection import GridSearchCV, LeaveOneOut

from skneuro.datasets import fetch_connectome, make_connectome
from skneuro.dynamics import Hopf, SubSample, WholeBrainRegressor
from skneuro.metrics import connectivity_to_vector, fc_correlation

# Rates of the linear Hopf network, in 1/ms: -0.02 per s, as in the reference of Hopf.
A, COUPLING, FREQUENCY = -2e-5, 2e-3, 2 * np.pi * 0.05e-3


def jacobian(weights, *, frequency, coupling=COUPLING):
    """Linear Hopf network about rest, states x then y, in 1/ms."""
    weights = weights - np.diag(np.diag(weights))
    turn = frequency * np.eye(len(weights))
    decay = A * np.eye(len(weights))
    network = coupling * (weights - np.diag(weights.sum(axis=1)))
    return np.block([[decay + network, -turn], [turn, decay]])


def correlations(covariance):
    """Node pairs of x in the covariance of x and y."""
    n = len(covariance) // 2
    scale = np.sqrt(np.diag(covariance)[:n])
    return connectivity_to_vector(covariance[:n, :n] / np.outer(scale, scale))


def exact_fc(weights, *, dt=None, frequency=FREQUENCY, coupling=COUPLING):
    """Functional connectivity of the linear network, or of its Euler scheme."""
    matrix = jacobian(weights, frequency=frequency, coupling=coupling)
    if dt is None:
        return correlations(solve_continuous_lyapunov(matrix, -np.eye(len(matrix))))
    step = np.eye(len(matrix)) + dt * matrix
    return correlations(solve_discrete_lyapunov(step, dt * np.eye(len(matrix))))


def make_model(*, hours, seed=0, **params):
    """Noise-driven linear Hopf network, x taken as BOLD with a volume every 2 s."""
    hopf = Hopf(
        a=A,
        frequency=FREQUENCY,
        coupling=COUPLING,
        sigma=1e-6,  # far below what the cubic term sees
        tau_noise=0.0,
        dt=50.0,
        duration=hours * 3_600_000.0,
        monitor=SubSample(interval=2000.0),
        initial_state={"x": 0.0, "y": 0.0},
        random_state=seed,
    )
    return WholeBrainRegressor(hopf.set_params(**params), transient=200_000.0, n_jobs=2)


def test_simulation_converges_to_the_exact_fc():
    brains = [make_connectome(n_nodes=20, random_state=i) for i in range(4)]
    X = np.stack([brain.connectivity / brain.connectivity.max() for brain in brains])
    exact = np.stack([exact_fc(weights, dt=50.0) for weights in X])
    errors = []
    for hours in (1.0, 16.0):
        predicted = make_model(hours=hours).fit(X, exact).predict(X)
        errors.append(np.sqrt(np.mean((predicted - exact) ** 2)))
    assert errors[1] < 0.03
    # sampling error falls with the square root of the duration
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.35)


def test_noise_that_the_cubic_term_sees_moves_the_fc():
    weights = make_connectome(n_nodes=20, random_state=0).connectivity
    X = (weights / weights.max())[None]
    exact = exact_fc(X[0], dt=50.0)[None]
    small, large = (
        make_model(hours=8.0, sigma=sigma).fit(X, exact).predict(X)
        for sigma in (1e-6, 1e-4)
    )
    assert np.abs(small - exact).mean() < 0.03
    assert large.mean() < small.mean() - 0.1  # as if further below the bifurcation


# -- five people ---------------------------------------------------------------------

SUBJECTS = ["NAP_001", "NAP_002", "NAP_007", "NAP_009", "NAP_013"]
# Correlation with each one's functional connectivity, when checked; structure has its
# zeros at the smallest positive weight before the logarithm.
LOG_STRUCTURE = [0.448, 0.418, 0.465, 0.383, 0.340]
MEAN_OF_OTHERS = [0.656, 0.730, 0.770, 0.621, 0.627]
EXACT_AT_REST = [0.651, 0.544, 0.642, 0.532, 0.544]  # frequency 0
COUPLINGS = [1e-3, 2e-3, 4e-3]  # 1/ms


@pytest.fixture
def gw(shared_data, monkeypatch):
    """The five gw subjects; tractography knows no direction, so both are averaged."""
    monkeypatch.setenv("SKNEURO_MIRROR", str(shared_data))
    people = fetch_connectome("gw")
    assert people.subjects.tolist() == SUBJECTS
    X = people.subject_connectivity
    return (X + X.swapaxes(1, 2)) / 2, people.subject_fc


def test_references_that_need_no_simulation(gw):
    X, fc = gw
    weights = connectivity_to_vector(X)
    smallest = np.where(weights > 0, weights, np.inf).min(axis=1, keepdims=True)
    log = np.log(np.maximum(weights, smallest))
    np.testing.assert_allclose(fc_correlation(log, fc), LOG_STRUCTURE, atol=1e-3)
    assert fc_correlation(weights, fc).mean() == pytest.approx(0.26, abs=5e-3)
    others = [np.delete(fc, k, axis=0).mean(axis=0) for k in range(5)]
    np.testing.assert_allclose(fc_correlation(others, fc), MEAN_OF_OTHERS, atol=1e-3)
    exact = [exact_fc(weights, frequency=0.0) for weights in X]
    scores = fc_correlation(exact, fc)
    np.testing.assert_allclose(scores, EXACT_AT_REST, atol=1e-3)
    assert scores.mean() == pytest.approx(0.58, abs=5e-3)


def test_simulated_people_are_those_of_theory(gw):
    X, fc = gw
    exact = np.stack([exact_fc(weights, dt=50.0) for weights in X])
    model = make_model(hours=4.0).fit(X, fc)
    agreement = fc_correlation(model.predict(X), exact)
    assert agreement.min() > 0.97
    np.testing.assert_allclose(
        model.per_subject_scores(X, fc), fc_correlation(exact, fc), atol=0.025
    )


@pytest.mark.parametrize("seed", range(3))
def test_held_out_people_are_predicted_better_than_by_structure(gw, seed):
    X, fc = gw
    search = GridSearchCV(
        make_model(hours=3.0, seed=seed),
        {"simulator__coupling": COUPLINGS},
        cv=LeaveOneOut(),
    ).fit(X, fc)
    scores = np.array(
        [search.cv_results_[f"split{k}_test_score"] for k in range(5)]
    )  # (n_subjects, n_couplings)
    # nothing is learned but the coupling, so choosing it without one subject and
    # scoring that subject is nested cross-validation
    held_out = [
        scores[k, np.delete(scores, k, axis=0).mean(axis=0).argmax()] for k in range(5)
    ]
    assert np.mean(held_out) > 0.55
    assert (held_out > np.array(LOG_STRUCTURE)).all()
