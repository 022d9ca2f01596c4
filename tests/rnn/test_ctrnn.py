"""Estimators: what they learn, masks of steps, lesions, NumPy, stacks, penalties."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.model_selection import cross_val_score
from skorch.callbacks import EarlyStopping
from skorch.dataset import ValidSplit

from skneuro.rnn import CTRNNClassifier, CTRNNRegressor, PopulationKL

SMALL = {"n_hidden": 16, "max_epochs": 2, "batch_size": 16, "random_state": 0}


def trials(n=48, n_times=10):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 2, n_times))
    return X, X.cumsum(axis=2)[:, :1] / 4


def test_choices_are_learned_and_read_at_the_last_step_that_counts():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 1, 15)) + rng.choice([-1, 1], (300, 1, 1))
    labels = np.where(X[:, 0, :8].mean(axis=1) > 0, "right", "left")
    X[:, :, 12:] = -5.0  # what comes after the choice would spoil it
    mask = np.zeros((300, 15))
    mask[:, 8:12] = 1
    net = CTRNNClassifier(
        n_hidden=30, ei_ratio=0.8, lr=0.01, max_epochs=15, random_state=0
    ).fit(X, labels, mask=mask)
    assert net.score(X, labels, mask=mask) > 0.9
    proba = net.predict_proba(X, mask=mask)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    with config_context(enable_metadata_routing=True):
        routed = net.set_fit_request(mask=True).set_score_request(mask=True)
        scores = cross_val_score(routed, X, labels, cv=2, params={"mask": mask})
    assert scores.min() > 0.8


def test_labels_per_step():
    X, y = trials()
    labels = (y[:, 0] > 0).astype(int)
    net = CTRNNClassifier(n_hidden=16, lr=0.02, max_epochs=20, random_state=0)
    net.fit(X, labels)
    assert net.predict(X).shape == labels.shape
    assert net.predict_proba(X).shape == (48, 2, 10)
    assert net.score(X, labels) > 0.75


def test_steps_that_do_not_count_have_no_influence():
    X, y = trials()
    mask = np.ones((48, 10))
    mask[:, 5:] = 0
    spoiled = y.copy()
    spoiled[:, :, 5:] = 1e3
    missing = y.copy()
    missing[:, :, 5:] = np.nan
    nets = [
        CTRNNRegressor(**SMALL).fit(X, target, mask=m)
        for target, m in ((y, mask), (spoiled, mask), (missing, None))
    ]
    expected = nets[0].predict(X)
    for net in nets[1:]:
        np.testing.assert_allclose(net.predict(X), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"activation": "tanh", "tau": np.linspace(40, 120, 16)},
        {
            "n_hidden": (8, 8),
            "activation": ["sigmoid", "softplus"],
            "feedforward_delay": 20.0,
            "feedback_delay": 60.0,
            "readout": "all",
        },
    ],
)
def test_numpy_gives_the_same_rates(options):
    X, y = trials()
    net = CTRNNRegressor(**{**SMALL, **options}).fit(X, y)
    simulation = net.simulate(X)
    np.testing.assert_allclose(simulation.rates, net.transform(X), atol=2e-5)
    np.testing.assert_allclose(simulation.outputs, net.predict(X), atol=2e-5)


def test_small_steps_converge_and_noise_does_not_depend_on_them():
    X, y = trials(n_times=40)
    net = CTRNNRegressor(**SMALL, preact_noise=0.2, activation="linear").fit(X, y)
    exact = net.simulate(X, 0.25).rates[:, :, 79::80]
    errors = [
        np.abs(
            net.simulate(X, dt).rates[:, :, int(20 / dt) - 1 :: int(20 / dt)] - exact
        )
        for dt in (20.0, 10.0, 5.0)
    ]
    sizes = [error.max() for error in errors]
    assert sizes[1] < 0.65 * sizes[0] and sizes[2] < 0.65 * sizes[1]
    alone = CTRNNRegressor(
        **SMALL, preact_noise=0.2, activation="linear", recurrent_weights="zero"
    ).fit(X, y)
    zero = np.zeros((200, 2, 40))
    spread = [
        alone.simulate(zero, dt, noise=True, random_state=0).rates[:, :, -1].std()
        for dt in (20.0, 5.0)
    ]
    np.testing.assert_allclose(spread, 0.2, rtol=0.1)


# stationary standard deviation of states over sigma, of units without connections
SPREAD = {
    "song": lambda a: np.sqrt(2 / (2 - a)),
    "nn4n": lambda a: np.sqrt(a / (2 - a)),
    "raw": lambda a: 1 / np.sqrt(a * (2 - a)),
}


@pytest.mark.parametrize("dt", [5.0, 20.0])
@pytest.mark.parametrize("convention", SPREAD)
def test_noise_of_states_has_the_spread_of_its_convention(convention, dt):
    options = {
        "n_hidden": 40,
        "dt": dt,
        "activation": "linear",
        "recurrent_weights": "zero",
        "noise_convention": convention,
        "noise_at_predict": True,
        "random_state": 0,
    }
    n_times = round(1500 / dt)  # 15 time constants
    silence = np.zeros((128, 1, n_times))
    net = CTRNNRegressor(**options, preact_noise=0.3).begin(1, 1)
    late = net.transform(silence)[:, :, n_times // 2 :]
    expected = 0.3 * SPREAD[convention](dt / 100)
    assert late.std() == pytest.approx(expected, rel=0.02)
    same = net.simulate(silence[:, :, : n_times // 2 + 1], noise=True, random_state=0)
    assert same.rates[:, :, -1].std() == pytest.approx(expected, rel=0.05)
    # noise of rates is not carried in states
    net = CTRNNRegressor(**options, postact_noise=0.3).begin(1, 1)
    assert net.transform(silence).std() == pytest.approx(0.3, rel=0.02)


def test_lesioned_units_are_silent_and_unheard():
    X, y = trials()
    net = CTRNNRegressor(**SMALL, activation="sigmoid").fit(X, y)
    lesioned = net.lesion([0, 3])
    rates = lesioned.transform(X)
    assert (rates[:, [0, 3]] == 0).all()
    assert np.abs(rates[:, 1] - net.transform(X)[:, 1]).max() > 0
    assert (net.transform(X)[:, 0] != 0).any()  # the original is as it was
    np.testing.assert_allclose(lesioned.simulate(X).rates, rates, atol=1e-5)
    np.testing.assert_array_equal(
        net.lesion(np.arange(16) < 1).predict(X), net.lesion([0]).predict(X)
    )
    with pytest.raises(ValueError, match="expected indices from 0 to 15"):
        net.lesion([16])


def test_predictions_do_not_depend_on_other_trials():
    X, y = trials()
    net = CTRNNRegressor(**SMALL).fit(X, y)
    np.testing.assert_array_equal(net.predict(X)[5:6], net.predict(X[5:6]))


@pytest.mark.parametrize(
    "penalties",
    [
        {"rate_l2": 100.0},
        {"mean_rate_l1": 100.0},
        {"omega": 2.0, "recurrent_l1": 0.1},
        {"areas": (PopulationKL([0, 1], [2, 3]), 0.1)},
        {"hebbian": 10.0, "rate_entropy": 1.0, "rate_sd": 1.0, "rate_change": 1.0},
    ],
)
def test_penalties_change_what_is_learned(penalties):
    X, y = trials()
    plain = CTRNNRegressor(**SMALL, lr=0.01).fit(X, y)
    penalised = CTRNNRegressor(**SMALL, lr=0.01, penalties=penalties).fit(X, y)
    assert np.abs(plain.predict(X) - penalised.predict(X)).max() > 1e-4
    if "rate_l2" in penalties:
        assert (penalised.transform(X) ** 2).mean() < (plain.transform(X) ** 2).mean()


def test_unknown_penalties_are_named():
    X, y = trials()
    names = r"penalties has .fr.; expected one of feedback_l1"
    with pytest.raises(ValueError, match=names):
        CTRNNRegressor(**SMALL, penalties={"fr": 1.0}).fit(X, y)


def test_callbacks_of_skorch_stop_training():
    X, y = trials()
    net = CTRNNRegressor(
        n_hidden=8,
        max_epochs=50,
        callbacks=[("stop", EarlyStopping(patience=2, threshold=10.0))],
        train_split=ValidSplit(3),
        random_state=0,
    ).fit(X, y)
    assert len(net.history_) < 10


@pytest.mark.parametrize(
    ("X", "y", "options", "message"),
    [
        ((8, 2, 5), (8, 1, 4), {}, "y has 4 steps, but X has 5"),
        ((8, 2, 5, 1), (8,), {}, "X has 4 axes, expected 3"),
        ((8, 2, 5), (8,), {"tau": [50.0, 60.0]}, r"tau has shape \(2,\)"),
        ((8, 2, 5), (8,), {"ei_mask": [1, -1]}, r"ei_mask has shape \(2,\)"),
        ((8, 2, 5), (8,), {"input_mask": np.ones((2, 16))}, "input_mask has shape"),
        ((8, 2, 5), (8,), {"feedback_delay": 30.0}, "feedback_delay is 30, expected"),
    ],
)
def test_errors_say_what_was_expected(X, y, options, message):
    with pytest.raises(ValueError, match=message):
        CTRNNRegressor(**{**SMALL, **options}).fit(np.ones(X), np.ones(y))


def test_masks_of_the_wrong_shape_are_refused():
    X, y = trials()
    with pytest.raises(ValueError, match=r"mask has shape \(48, 9\), expected"):
        CTRNNRegressor(**SMALL).fit(X, y, mask=np.ones((48, 9)))
    with pytest.raises(ValueError, match="negative or non-finite"):
        CTRNNRegressor(**SMALL).fit(X, y, mask=-np.ones((48, 10)))


def test_balanced_start_has_the_spectral_radius_of_song():
    X, y = trials()
    net = CTRNNRegressor(
        n_hidden=50, ei_ratio=0.8, lr=1e-30, max_epochs=1, random_state=0
    ).fit(X, y)
    weights = net.recurrent_weights_
    assert np.abs(np.linalg.eigvals(weights)).max() == pytest.approx(1.5, rel=1e-3)
    np.testing.assert_allclose(weights.sum(axis=1), 0, atol=1e-5)
    assert (np.diag(weights) == 0).all()
