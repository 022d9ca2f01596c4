"""Penalties on some units and some weights, and what they do in training."""

import numpy as np
import pytest
import torch

from skneuro.rnn import (
    CTRNNRegressor,
    MeanRateLevel,
    RateChange,
    RateEntropy,
    RateLevel,
    RateSpread,
    WeightLevel,
)

SMALL = {"n_hidden": 16, "max_epochs": 10, "lr": 0.01, "random_state": 0}
AREA = np.arange(16) < 8


def signals():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((48, 2, 10))
    return X, X.cumsum(axis=2)[:, :1] / 4


@pytest.mark.parametrize(
    "penalty", [RateLevel, MeanRateLevel, RateSpread, RateEntropy, RateChange]
)
def test_penalties_of_an_area_see_its_units_only(penalty):
    rates = torch.rand(3, 5, 7)
    chosen = penalty()(rates[:, [1, 3]])
    for units in ([1, 3], np.array([False, True, False, True, False])):
        torch.testing.assert_close(penalty(units=units)(rates), chosen)
    for units in ([5], [-1], [], np.zeros(5, bool), np.ones(4, bool)):
        with pytest.raises(ValueError, match="do not fit 5 units; expected indices"):
            penalty(units=units)(rates)


def test_one_area_can_be_made_quiet():
    X, y = signals()
    plain = CTRNNRegressor(**SMALL).fit(X, y)
    quiet = CTRNNRegressor(
        **SMALL, penalties={"first area": (RateLevel(units=AREA), 100.0)}
    ).fit(X, y)
    before, after = plain.transform(X) ** 2, quiet.transform(X) ** 2
    assert after[:, AREA].mean() < 0.3 * before[:, AREA].mean()
    assert after[:, ~AREA].mean() > 0.5 * before[:, ~AREA].mean()


def test_weights_between_areas_can_be_made_small():
    X, y = signals()
    between = AREA[:, None] != AREA
    plain = CTRNNRegressor(**SMALL).fit(X, y)
    sparse = CTRNNRegressor(
        **SMALL, penalties={"between": (WeightLevel(order="sum", mask=between), 0.1)}
    ).fit(X, y)
    assert (
        np.abs(sparse.recurrent_weights_[between]).mean()
        < 0.8 * np.abs(plain.recurrent_weights_[between]).mean()
    )
    with pytest.raises(ValueError, match=r"expected \(16, 16\), one row per target"):
        CTRNNRegressor(
            **SMALL, penalties={"b": (WeightLevel(mask=np.ones((2, 2))), 1.0)}
        ).fit(X, y)


@pytest.mark.parametrize("order", ["l1", "l2", "sum", "norm"])
def test_sizes_of_weights_add_up_over_layers(order):
    X, _ = signals()
    net = CTRNNRegressor((5, 4), feedback_delay=20.0, random_state=0).begin(2, 1)
    sizes = {
        "l1": lambda w: np.abs(w).mean(),
        "l2": lambda w: (w**2).mean(),
        "sum": lambda w: np.abs(w).sum(),
        "norm": lambda w: np.linalg.norm(w),
    }
    layers = net.net_.module_.layers
    back = layers[0].feedback_weight().detach().numpy()
    expected = {
        "input": sum(map(sizes[order], net.input_weights_)),
        "recurrent": sum(map(sizes[order], net.recurrent_weights_)),
        "output": sizes[order](net.output_weights_),
        "feedback": sizes[order](back),
    }
    for part, value in expected.items():
        found = WeightLevel(part, order)(None, net.net_.module_).item()
        assert found == pytest.approx(value, rel=1e-5)
    named = {f"{part}_{order}": 0.1 for part in expected}
    loss = {}
    for penalties in (None, named):
        net = CTRNNRegressor(
            (5, 4), feedback_delay=20.0, penalties=penalties, lr=1e-9, random_state=0
        ).set_params(max_epochs=1)
        loss[bool(penalties)] = net.fit(X, signals()[1]).history_[0]["train_loss"]
    difference = loss[True] - loss[False]
    assert difference == pytest.approx(0.1 * sum(expected.values()), rel=1e-3)


def test_omega_agrees_with_its_definition():
    from skneuro.rnn import VanishingGradient

    rng = np.random.default_rng(0)
    delta = rng.standard_normal((6, 3, 4))
    delta[4, 1] = 0.0  # does not count
    slopes, recurrent = rng.uniform(size=(6, 3, 4)), rng.standard_normal((4, 4))
    alpha = np.array([0.1, 0.2, 0.3, 0.4])
    terms = []
    for t in range(5):
        for k in range(3):
            later = delta[t + 1, k]
            if (later**2).sum() > 0:
                back = (1 - alpha) * later
                back = back + recurrent.T @ (alpha * later) * slopes[t, k]
                terms.append(((back**2).sum() / (later**2).sum() - 1) ** 2)
    found = VanishingGradient()(
        torch.zeros(6, 3, 4), *map(torch.as_tensor, (delta, slopes, recurrent, alpha))
    )
    assert len(terms) == 14
    assert found.item() == pytest.approx(np.mean(terms), rel=1e-6)
