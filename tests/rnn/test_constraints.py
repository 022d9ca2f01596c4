"""Constraints hold exactly after training, copying, searching and on disk."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from skneuro.rnn import CTRNNClassifier, CTRNNRegressor, multi_area_ei_mask

N = 20
MASK, SIGNS, AREAS = multi_area_ei_mask(N, 2, connectivity=(0.5, 0.3), random_state=0)
PLASTICITY = np.random.default_rng(1).choice([0.0, 0.5, 1.0], size=(N, N))
FROZEN_INPUT = np.zeros((N, 3))


def trials(n=40):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((n, 3, 8))
    return X, X.cumsum(axis=2)[:, :2] / 4


def net(cls=CTRNNRegressor, **changes):
    options = {
        "n_hidden": N,
        "ei_mask": SIGNS,
        "recurrent_mask": MASK != 0,
        "recurrent_plasticity": PLASTICITY,
        "input_plasticity": FROZEN_INPUT,
        "lr": 0.05,
        "max_epochs": 3,
        "batch_size": 10,
        "random_state": 0,
    }
    return cls(**{**options, **changes})


def initial_weights(model, X, y):
    """Weights before the first step: those after steps of no size."""
    model = clone(model).set_params(lr=1e-30, optimizer="sgd", optimizer_params=None)
    return model.fit(X, y)


def assert_constraints(model, X, y):
    before = initial_weights(model, X, y)
    weights = model.recurrent_weights_
    assert (weights[MASK == 0] == 0).all()
    assert (weights[:, SIGNS > 0] >= 0).all()
    assert (weights[:, SIGNS < 0] <= 0).all()
    assert (model.output_weights_[:, SIGNS < 0] == 0).all()
    assert (model.output_weights_ >= 0).all()
    np.testing.assert_array_equal(model.input_weights_, before.input_weights_)
    frozen = PLASTICITY == 0
    np.testing.assert_array_equal(weights[frozen], before.recurrent_weights_[frozen])
    assert (weights[~frozen] != before.recurrent_weights_[~frozen]).any()


@pytest.mark.parametrize("constraint", ["project", "rectify", "abs"])
@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        ("sgd", {"momentum": 0.9, "weight_decay": 0.1}),
        ("adam", {}),
        ("adamw", {"weight_decay": 0.5}),
        ("rmsprop", {}),
        (torch.optim.LBFGS, {"max_iter": 3}),
    ],
)
def test_constraints_hold_after_training(optimizer, options, constraint):
    X, y = trials()
    model = net(optimizer=optimizer, optimizer_params=options, constraint=constraint)
    model.fit(X, y)
    assert_constraints(model, X, y)


class Watch(Callback):
    """Checks Dale's law and sparsity after every single step."""

    def __init__(self):
        self.seen = 0

    def on_batch_end(self, net, training=False, **kwargs):
        weights = net.module_.layers[0].recurrent_weight().detach().numpy()
        assert (weights[MASK == 0] == 0).all()
        assert (weights * SIGNS >= 0).all()
        self.seen += training


def test_constraints_hold_after_every_step():
    X, y = trials()
    watch = Watch()
    net(callbacks=[("watch", watch)], optimizer="adam").fit(X, y)
    assert watch.seen == 3 * 4


@pytest.mark.parametrize(("size", "clip"), [(np.inf, None), (1e30, 1.0), (1e12, 1.0)])
def test_recurrent_weights_shrink_where_gradients_explode(size, clip):
    X, y = trials()
    model = net(
        ei_mask=None,
        recurrent_plasticity=None,
        optimizer="sgd",
        max_epochs=1,
        gradient_clip=clip,
        batch_size=40,
    )
    # what makes the loss explode is a penalty, since targets have to be finite
    model.set_params(penalties={"huge": (lambda rates, _: size * rates.sum(), 1.0)})
    before = model.begin(3, 2)
    before = before.recurrent_weights_, before.output_weights_
    model.fit(X, y)
    np.testing.assert_allclose(
        model.recurrent_weights_, before[0] * (1 - 0.05 * 0.02), rtol=1e-6
    )
    np.testing.assert_array_equal(model.output_weights_, before[1])


def test_half_plastic_weights_move_half_as_far():
    X, y = trials()
    options = {"optimizer": "sgd", "max_epochs": 1, "batch_size": 40}
    options |= {"ei_mask": None, "gradient_clip": None}
    whole = net(recurrent_plasticity=np.ones((N, N)), **options).fit(X, y)
    half = net(recurrent_plasticity=np.full((N, N), 0.5), **options).fit(X, y)
    before = initial_weights(whole, X, y).recurrent_weights_
    np.testing.assert_allclose(
        half.recurrent_weights_ - before,
        (whole.recurrent_weights_ - before) / 2,
        atol=1e-7,
    )


def test_copies_files_and_searches_keep_constraints(tmp_path):
    X, y = trials()
    model = net(optimizer="adamw").fit(X, y)
    model.save(tmp_path / "net.safetensors")
    copies = [
        clone(model).fit(X, y),
        pickle.loads(pickle.dumps(model)),
        CTRNNRegressor.load(tmp_path / "net.safetensors"),
    ]
    for copy in copies:
        assert_constraints(copy, X, y)
        np.testing.assert_array_equal(copy.predict(X), model.predict(X))
        np.testing.assert_array_equal(copy.transform(X), model.transform(X))
    search = GridSearchCV(net(), {"optimizer": ["sgd", "adam"]}, cv=2).fit(X, y)
    assert_constraints(search.best_estimator_, X, y)


def test_unpickled_networks_go_on_learning_under_constraints():
    X, y = trials()
    model = pickle.loads(pickle.dumps(net(warm_start=True).fit(X, y)))
    before = model.recurrent_weights_
    model.fit(X, y)
    assert (model.recurrent_weights_ != before).any()
    assert_constraints(model, X, y)
    assert model.partial_fit(X, y).n_fits_ == 2


def test_files_of_the_other_class_are_refused(tmp_path):
    X, y = trials()
    labels = (y[:, 0, -1] > 0).astype(int)
    net(CTRNNClassifier).fit(X, labels).save(tmp_path / "net")
    with pytest.raises(ValueError, match=r"holds 'CTRNNClassifier', expected"):
        CTRNNRegressor.load(tmp_path / "net")
    loaded = CTRNNClassifier.load(tmp_path / "net")
    assert loaded.predict(X).shape == (40,)


def test_free_units_may_have_both_signs():
    X, y = trials()
    signs = np.r_[np.ones(10), np.zeros(10)]
    for constraint in ("project", "rectify", "abs"):
        model = net(ei_mask=signs, constraint=constraint).fit(X, y)
        weights = model.recurrent_weights_
        assert (weights[:, :10] >= 0).all()
        assert (weights[:, 10:] < 0).any() and (weights[:, 10:] > 0).any()


def test_learned_time_constants_stay_in_their_bounds():
    X, y = trials()
    tau = np.linspace(50.0, 150.0, N)
    model = net(tau=tau, learn_tau=True, tau_bounds=(30.0, 200.0), lr=0.5).fit(X, y)
    assert (model.tau_ > 30.0).all() and (model.tau_ < 200.0).all()
    assert np.abs(model.tau_ - tau).max() > 1.0
    fixed = net(tau=tau).fit(X, y)
    np.testing.assert_allclose(fixed.tau_, tau, rtol=1e-6)
    with pytest.raises(ValueError, match="tau has 10 ms, expected at least dt=20"):
        net(tau=10.0).fit(X, y)


def test_feedback_obeys_mask_signs_and_plasticity():
    X, y = trials()
    rng = np.random.default_rng(0)
    mask, frozen = rng.uniform(size=(2, 8, 6)) < 0.5
    options = {
        "n_hidden": (8, 6),
        "feedback_delay": 40.0,
        "ei_ratio": 0.7,
        "feedback_mask": mask,
        "feedback_plasticity": ~frozen,
        "feedback_weights": rng.uniform(-0.3, 0.3, (8, 6)),
        "optimizer": "adamw",
        "lr": 0.05,
        "max_epochs": 3,
        "random_state": 0,
    }
    signs = np.array([1, 1, 1, 1, -1, -1])  # 0.7 of six units, rounded down
    before = CTRNNRegressor(**options).begin(3, 2).net_.module_
    before = before.layers[0].feedback_weight().detach().numpy()
    for constraint in ("project", "rectify", "abs"):
        model = CTRNNRegressor(**options, constraint=constraint).fit(X, y)
        weights = model.net_.module_.layers[0].feedback_weight().detach().numpy()
        assert (weights[~mask] == 0).all()
        assert (weights * signs >= 0).all()
        np.testing.assert_allclose(weights[frozen], before[frozen], atol=1e-7)
        assert (weights[~frozen & mask] != before[~frozen & mask]).any()
    with pytest.raises(ValueError, match=r"feedback_mask is given, but feedback_delay"):
        CTRNNRegressor(**{**options, "feedback_delay": None}).fit(X, y)
    with pytest.raises(ValueError, match=r"feedback_mask has shape \(6, 8\), expected"):
        CTRNNRegressor(**{**options, "feedback_mask": mask.T}).fit(X, y)
