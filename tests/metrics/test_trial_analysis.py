"""Analyses of trials find what was put in."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

from skneuro.datasets import make_spatial_navigation
from skneuro.metrics import (
    choice_accuracy,
    condition_average,
    cross_temporal_decoding,
    fit_chronometric,
    fit_psychometric,
    map_correlation,
    masked_rmse,
    pca_trajectories,
    place_cells,
    psychometric_function,
    rate_maps,
    response_times,
    selectivity_index,
    sign_accuracy,
    spatial_information,
    targeted_axes,
    trial_choices,
)


def test_choices_are_read_at_the_last_scored_step():
    output = np.zeros((3, 2, 4))
    output[0, 1, 2] = output[1, 0, 3] = 1
    mask = np.array([[1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 0, 0]], bool)
    assert trial_choices(output, mask=mask).tolist() == [1, 0, -1]
    assert trial_choices(output, threshold=0.5).tolist() == [1, 0, -1]
    assert choice_accuracy([1, 1, 0], output, mask=mask) == pytest.approx(1 / 3)
    steps = np.array([[0, 0, 2, 0], [0, 0, 0, 1], [0, 0, 0, 0]])
    assert choice_accuracy([2, 1, -1], steps, mask=mask) == 1


def test_response_times_count_from_the_onset():
    output = np.zeros((3, 2, 10))
    output[0, 1, 5:] = output[1, 0, 1] = 1
    times = response_times(output, threshold=0.5, dt=20.0, start=[2, 2, 0])
    np.testing.assert_array_equal(times, [80.0, np.nan, np.nan])


def test_errors_and_signs_count_masked_steps_only():
    true, wrong = np.ones((1, 2, 3)), np.ones((1, 2, 3))
    wrong[0, 0] = [-1, -1, 1]
    mask = [[False, True, True]]
    assert masked_rmse(true, wrong, mask=mask) == 1.0
    assert sign_accuracy(true, wrong, mask=mask) == 0.75
    with pytest.raises(ValueError, match="mask has no True step"):
        masked_rmse(true, wrong, mask=np.zeros((1, 3)))
    with pytest.raises(ValueError, match=r"mask has shape \(1, 2\), but y_true has"):
        masked_rmse(true, wrong, mask=np.ones((1, 2)))


def test_conditions_with_missing_values_are_left_out():
    X = np.arange(6.0)[:, None, None] * np.ones((6, 1, 2))
    table = pd.DataFrame(
        {"side": ["l", "r", "l", None, "r", "r"], "coherence": [1, 1, 1, 1, 2, 2.0]}
    )
    averages, found = condition_average(X, table)
    np.testing.assert_array_equal(averages[:, 0, 0], [1, 1, 4.5])
    assert found.to_dict("list") == {
        "side": ["l", "r", "r"],
        "coherence": [1, 1, 2],
        "n_trials": [2, 1, 2],
    }


def test_principal_components_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    X = np.einsum("ij,njt->nit", rng.standard_normal((8, 8)), rng.random((30, 8, 5)))
    found = pca_trajectories(X, n_components=3)
    points = X.swapaxes(1, 2).reshape(-1, 8)
    reference = PCA(3).fit(points)
    signs = np.sign((reference.components_ * found.components).sum(axis=1))
    np.testing.assert_allclose(
        found.components, signs[:, None] * reference.components_, atol=1e-9
    )
    np.testing.assert_allclose(
        found.explained_variance_ratio, reference.explained_variance_ratio_
    )
    np.testing.assert_allclose(
        found.trajectories.swapaxes(1, 2).reshape(-1, 3),
        reference.transform(points) * signs,
        atol=1e-9,
    )


def test_targeted_axes_find_what_units_encode():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "choice": rng.choice([-1.0, 1.0], 400),
            "motion": rng.choice([-10.0, -3.0, 3.0, 10.0], 400),
        }
    )
    encoding = np.linalg.qr(rng.standard_normal((30, 2)))[0]
    ramp = np.linspace(0, 1, 12)
    X = 0.3 * rng.standard_normal((400, 30, 12))
    X += np.einsum("u,n,t->nut", encoding[:, 0], 2 * table.choice, ramp)
    X += np.einsum("u,n,t->nut", encoding[:, 1], 0.2 * table.motion, ramp[::-1])
    averages, _ = condition_average(X, table)
    table.loc[0, "choice"] = np.nan
    found = targeted_axes(X, table, averages=averages, n_components=4)
    assert found.peak_steps[0] > 8 and found.peak_steps[1] < 3
    np.testing.assert_allclose(found.axes @ found.axes.T, np.eye(2), atol=1e-12)
    for i in range(2):  # scaled by the deviation of each unit
        wanted = encoding[:, i] / found.scale
        overlap = abs(found.axes[i] @ wanted) / np.linalg.norm(wanted)
        assert overlap > 0.9
    along = found.projections[1:, 0, -1]
    assert np.corrcoef(along, table.choice[1:])[0, 1] > 0.95
    with pytest.raises(ValueError, match="linearly dependent"):
        targeted_axes(X, table.assign(copy=2 * table.motion))


def test_selectivity_is_d_prime():
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1, -1], 2000)
    X = rng.standard_normal((6000, 2, 1))
    X[labels == 1, 1] += 1.5
    np.testing.assert_allclose(selectivity_index(X, labels), [0, 1.5], atol=0.1)
    with pytest.raises(ValueError, match="labels has 3 kinds"):
        selectivity_index(X, labels + 5)


@pytest.mark.parametrize(("bias", "width"), [(0.0, 2.0), (-3.0, 6.0), (1.0, 20.0)])
def test_psychometric_fit_recovers_bias_and_threshold(bias, width):
    rng = np.random.default_rng(0)
    x = rng.choice([-16, -8, -4, -2, -1, 1, 2, 4, 8, 16], 20_000).astype(float)
    choices = rng.uniform(size=x.size) < norm.cdf((x - bias) / width)
    fit = fit_psychometric(x, choices)
    assert fit.location == pytest.approx(bias, abs=0.05 * width + 0.05)
    assert fit.scale == pytest.approx(width, rel=0.1)
    assert fit.n_trials.sum() == x.size
    predicted = psychometric_function(
        fit.stimulus, location=fit.location, scale=fit.scale
    )
    np.testing.assert_allclose(predicted, fit.fraction, atol=0.04)


def test_lapses_and_weibull_curves_are_recovered():
    rng = np.random.default_rng(1)
    x = rng.choice([-8.0, -4, -2, 0, 2, 4, 8], 20_000)
    p = psychometric_function(x, location=0.5, scale=2.0, guess=0.1, lapse=0.05)
    fit = fit_psychometric(x, rng.uniform(size=x.size) < p, guess="fit", lapse="fit")
    np.testing.assert_allclose([fit.guess, fit.lapse], [0.1, 0.05], atol=0.02)
    assert fit.scale == pytest.approx(2.0, rel=0.15)
    x = rng.choice([1.0, 2, 4, 8, 16], 20_000)
    p = psychometric_function(x, location=5.0, scale=1.4, guess=0.5, kind="weibull")
    fit = fit_psychometric(x, rng.uniform(size=x.size) < p, kind="weibull")
    np.testing.assert_allclose([fit.location, fit.scale], [5, 1.4], rtol=0.08)


def test_missing_choices_are_left_out_of_the_fit():
    x = np.array([-1.0, 1, -1, 1, np.nan, 1])
    fit = fit_psychometric(x, [0, 1, 0, 1, 1, -1])
    assert fit.n_trials.tolist() == [2, 2]
    assert fit.scale == pytest.approx(2 / 1000, rel=1e-3) or fit.scale < 1
    with pytest.raises(ValueError, match="expected 0 and 1"):
        fit_psychometric(x, [0, 1, 0, 1, 1, 2])
    with pytest.raises(ValueError, match="stimulus has 1 levels"):
        fit_psychometric([1.0, 1.0], [0, 1])


def test_chronometric_fit_recovers_the_bound():
    rng = np.random.default_rng(0)
    x = np.tile([-16.0, -8, -4, -2, -1, 1, 2, 4, 8, 16], 400)
    drift = 0.01 * np.abs(x)
    times = 18 / drift * np.tanh(18 * drift) + 300 + 30 * rng.standard_normal(x.size)
    fit = fit_chronometric(x, times)
    assert fit.bound == pytest.approx(18, rel=0.05)
    assert fit.sensitivity == pytest.approx(0.01, rel=0.1)
    assert fit.residual_time == pytest.approx(300, abs=10)
    assert fit.strength.tolist() == [1, 2, 4, 8, 16]
    np.testing.assert_allclose(fit.predicted, fit.mean, atol=6)
    with pytest.raises(ValueError, match="strength has 2 levels"):
        fit_chronometric([1, 2, 2], [3.0, 4.0, 5.0])


def test_a_changing_code_decodes_on_the_diagonal_only():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 120)
    X = 0.5 * rng.standard_normal((120, 6, 6))
    for t in range(3):
        X[:, t, t] += 3 * y  # another unit at each time
    X[:, 5, 3:] += 3 * y[:, None]  # the same unit
    decoded = cross_temporal_decoding(X, y, cv=4)
    assert np.diag(decoded.scores).min() > 0.95
    assert decoded.scores[3:, 3:].min() > 0.95
    off = decoded.scores[:3, :3][~np.eye(3, dtype=bool)]
    assert off.max() < 0.7
    assert decoded.chance == pytest.approx(max(y.mean(), 1 - y.mean()))


def test_regressors_decode_too():
    rng = np.random.default_rng(0)
    y = rng.uniform(size=60)
    X = 0.05 * rng.standard_normal((60, 3, 5))
    X[:, 0] += y[:, None]
    decoded = cross_temporal_decoding(X, y, estimator=LinearRegression(), every=2)
    assert decoded.steps.tolist() == [0, 2, 4]
    assert decoded.scores.min() > 0.8 and decoded.chance == 0


def test_rate_maps_are_means_over_visits():
    rng = np.random.default_rng(0)
    positions = rng.uniform(size=(10, 2, 200)) * [[30], [20]]
    rates = np.stack([positions[:, 0] // 5, np.ones((10, 200))], axis=1)
    maps, occupancy = rate_maps(rates, positions, arena=(30, 30), bin_size=5.0)
    assert maps.shape == (2, 6, 6)
    np.testing.assert_allclose(maps[0, 0], [0, 1, 2, 3, 4, 5])
    assert np.isnan(maps[:, occupancy == 0]).all()
    assert occupancy.sum() == pytest.approx(1)
    smooth, _ = rate_maps(rates, positions, arena=(30, 30), bin_size=5.0, smoothing=5.0)
    np.testing.assert_allclose(smooth[1][occupancy > 0], 1)  # no dark rim
    with pytest.raises(ValueError, match=r"expected to lie between 0 and arena=\[9"):
        rate_maps(rates, positions, arena=(9, 30))


@pytest.mark.parametrize("share", [0.5, 0.25, 0.1])
def test_information_of_a_unit_that_fires_in_part_of_the_arena(share):
    rates = np.zeros((1, 10, 10))
    rates.ravel()[: int(100 * share)] = 3.0
    bits = spatial_information(rates, np.ones((10, 10)))
    assert bits[0] == pytest.approx(-np.log2(share))
    assert spatial_information(np.ones((1, 10, 10)), np.ones((10, 10)))[0] == 0
    with pytest.raises(ValueError, match="none below 0"):
        spatial_information(-rates, np.ones((10, 10)))


def test_place_cells_are_told_from_cells_that_only_change_slowly():
    task = make_spatial_navigation(
        1500, n_cells=1, n_paths=30, motion="fast", random_state=0
    )
    at = task.positions
    rng = np.random.default_rng(0)
    centres = rng.uniform(20, 80, (8, 2))
    apart = at[:, None] - centres[:, :, None]
    places = np.exp(-(apart**2).sum(axis=2) / (2 * 12**2))
    slow = rng.standard_normal((1500, 12, 20)).cumsum(axis=2)
    rates = np.concatenate([places, np.exp(0.3 * slow)], axis=1)
    found = place_cells(rates, at, arena=(100, 100), bin_size=5.0, random_state=0)
    assert found.is_place_cell[:8].all()
    assert found.is_place_cell[8:].mean() <= 0.17
    assert (found.n_fields[:8] == 1).mean() >= 0.7
    area = np.pi * 2 * np.log(2) * 12**2  # of a Gaussian above half of its peak
    np.testing.assert_allclose(found.field_size[:8], area, rtol=0.35)
    again = place_cells(rates, at, arena=(100, 100), bin_size=5.0, random_state=0)
    pd.testing.assert_frame_equal(found, again)


def test_map_correlation_leaves_out_what_was_not_visited():
    rng = np.random.default_rng(0)
    a = rng.random((3, 5, 5))
    b = a.copy()
    b[1] = rng.random((5, 5))
    b[2] = 1.0
    a[:, 0, 0] = np.nan
    found = map_correlation(a, b)
    assert found[0] == pytest.approx(1)
    valid = np.isfinite(a[1])
    assert found[1] == pytest.approx(np.corrcoef(a[1][valid], b[1][valid])[0, 1])
    assert np.isnan(found[2])
