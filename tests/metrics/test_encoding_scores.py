"""Noise ceilings and scores of encoding models."""

import numpy as np
import pytest

from skneuro.metrics import encoding_scores, noise_ceiling, noise_ceiling_snr


def make_trials(n_stimuli, n_repeats, noise, seed=0):
    rng = np.random.default_rng(seed)
    groups = rng.permutation(np.repeat(np.arange(n_stimuli), n_repeats))
    signal = rng.normal(size=(n_stimuli, len(noise)))
    trials = signal[groups] + noise * rng.normal(size=(len(groups), len(noise)))
    return signal, trials, groups


def test_ratio_of_signal_and_noise_is_found():
    noise = np.array([0.5, 1.0, 2.0])
    _, trials, groups = make_trials(4000, 3, noise)
    np.testing.assert_allclose(noise_ceiling_snr(trials, groups), 1 / noise, rtol=0.1)


def test_unequal_repeats_are_weighted_by_their_freedom():
    responses = np.array([1.0, 3.0, 0.0, 1.0, 5.0, 9.0])
    groups = ["a", "a", "b", "b", "b", "c"]
    within = (2 * 1 + np.square([2.0, 1, 3]).sum()) / 3
    total = responses.var(ddof=1)
    expected = np.sqrt((total - within) / within)
    assert noise_ceiling_snr(responses, groups) == pytest.approx(expected)


def test_no_signal_no_noise_and_nothing():
    responses = np.array([[0, 1, 2.0], [1, 1, 2], [0, 5, 2], [1, 5, 2]])
    snr = noise_ceiling_snr(responses, [0, 0, 1, 1])
    assert snr[0] == 0
    assert np.isinf(snr[1])
    assert np.isnan(snr[2])


def test_trailing_axes_are_kept():
    _, trials, groups = make_trials(5, 2, np.ones(6))
    shaped = noise_ceiling_snr(trials.reshape(10, 2, 3), groups)
    np.testing.assert_allclose(shaped.ravel(), noise_ceiling_snr(trials, groups))


def test_without_repeats_there_is_no_noise_estimate():
    with pytest.raises(ValueError, match="3 stimuli, each once"):
        noise_ceiling_snr(np.ones((3, 2)), [0, 1, 2])


def test_ceiling_limits_a_perfect_model():
    noise, n_repeats = np.array([1.0, 2.0]), 3
    signal, trials, groups = make_trials(4000, n_repeats, noise)
    mean = np.stack([trials[groups == i].mean(axis=0) for i in range(4000)])
    ceiling = noise_ceiling(1 / noise, n_repeats)
    scores = encoding_scores(mean, signal, ceiling=ceiling)
    np.testing.assert_allclose(scores.r2, ceiling, atol=0.03)
    np.testing.assert_allclose(scores.explained_variance, 100, atol=6)


def test_ceilings_of_nsd():
    # 284 stimuli of NSD-synthetic: 236 twice, 32 four, 8 eight and 8 ten times
    counts = np.repeat([2, 4, 8, 10], [236, 32, 8, 8])
    noise = (236 / 2 + 32 / 4 + 8 / 8 + 8 / 10) / 284
    assert noise_ceiling(0.7, counts) == pytest.approx(0.49 / (0.49 + noise))
    np.testing.assert_allclose(noise_ceiling([0, np.inf, 1.0], 1), [0, 1, 0.5])
    assert np.isnan(noise_ceiling(np.nan))


@pytest.mark.parametrize(
    ("arguments", "match"),
    [((-1.0, 1), "ncsnr is -1"), ((1.0, [2, 0]), "n_repeats holds numbers below 1")],
)
def test_impossible_ceilings(arguments, match):
    with pytest.raises(ValueError, match=match):
        noise_ceiling(*arguments)


def test_scores_are_correlations_of_each_target():
    rng = np.random.default_rng(0)
    y, p = rng.normal(size=(2, 30, 4, 5))
    y[:, 0, 0] = 3  # does not vary
    scores = encoding_scores(y, p)
    expected = [
        [np.corrcoef(y[:, i, j], p[:, i, j])[0, 1] for j in range(5)]
        for i in range(1, 4)
    ]
    np.testing.assert_allclose(scores.correlation[1:], expected)
    assert scores.correlation[0, 0] == 0
    np.testing.assert_allclose(scores.r2, np.maximum(scores.correlation, 0) ** 2)
    assert scores.explained_variance is None


def test_low_and_zero_ceilings():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(20, 3))
    p = y + 0.5 * rng.normal(size=(20, 3))
    p[:, 2] = -y[:, 2]
    ceiling = [0.0, 0.05, 0.0]
    ours = encoding_scores(y, p, ceiling=ceiling, min_ceiling=0.1)
    assert np.isnan(ours.explained_variance).all()
    berg = encoding_scores(y, p, ceiling=ceiling, zero_ceiling="berg")
    np.testing.assert_array_equal(berg.explained_variance, [100, 100, 0])


@pytest.mark.parametrize("shape", [(5, 3), (4, 2), (4,)])
def test_shapes_must_agree(shape):
    with pytest.raises(ValueError, match="expected equal shapes"):
        encoding_scores(np.ones((4, 3)), np.ones(shape))
