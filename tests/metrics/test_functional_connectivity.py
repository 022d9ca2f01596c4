"""Functional connectivity against closed forms, neurolib, and slow loops."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy.signal import lfilter
from sklearn.base import clone
from sklearn.covariance import ledoit_wolf, oas
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skneuro.metrics import (
    FunctionalConnectivity,
    connectivity_to_vector,
    functional_connectivity,
)
from skneuro.metrics import _correlation as kernels
from skneuro.utils._param_validation import InvalidParameterError

# neurolib's fc() of the random walks, strict upper triangle row by row
NEUROLIB_FC = [
    -0.23104397483489408,
    0.3862910041062206,
    -0.5860163823639507,
    -0.4027802955046452,
    -0.5140444572662776,
    -0.09413651702315587,
    0.6099807933616125,
    -0.05034837374858933,
    -0.6869739001865031,
    -0.1873448276089537,
]


def pearson_by_loops(x):
    n_nodes, n_times = x.shape
    r = np.zeros((n_nodes, n_nodes))
    for i in range(n_nodes):
        for j in range(n_nodes):
            a = x[i] - sum(x[i]) / n_times
            b = x[j] - sum(x[j]) / n_times
            r[i, j] = sum(a * b) / (sum(a * a) * sum(b * b)) ** 0.5
    return r


def partial_by_regression(x, i, j):
    """Correlate what is left of i and j after regression on all others."""
    others = np.delete(x, [i, j], axis=0)
    design = np.vstack([others, np.ones(x.shape[1])]).T
    left = [x[k] - design @ np.linalg.lstsq(design, x[k])[0] for k in (i, j)]
    return np.corrcoef(left)[0, 1]


def test_equals_neurolib(random_walks):
    vector = FunctionalConnectivity().fit_transform(random_walks[None])
    np.testing.assert_allclose(vector[0], NEUROLIB_FC, rtol=0, atol=1e-12)


def test_equals_golden_matrix(random_walks, golden):
    np.testing.assert_array_equal(golden["func.ts"], random_walks)
    fc = functional_connectivity(golden["func.ts"])
    np.testing.assert_allclose(fc, golden["func.fc"], rtol=0, atol=1e-10)


def test_equals_loops_over_pairs():
    X = np.random.default_rng(0).standard_normal((3, 7, 40))
    expected = np.stack([pearson_by_loops(x) for x in X])
    np.testing.assert_allclose(functional_connectivity(X), expected, atol=1e-13)


def test_covariance_of_known_gaussian(make_gaussian, make_covariance):
    covariance = make_covariance(6)
    fc = functional_connectivity(make_gaussian(covariance), kind="covariance")
    np.testing.assert_allclose(fc, covariance, rtol=0, atol=1e-12)


def test_correlation_of_known_gaussian(make_gaussian, make_covariance):
    covariance = make_covariance(6)
    std = np.sqrt(np.diag(covariance))
    fc = functional_connectivity(make_gaussian(covariance))
    np.testing.assert_allclose(fc, covariance / np.outer(std, std), atol=1e-12)


def test_partial_correlation_of_known_gaussian(make_gaussian, make_covariance):
    covariance = make_covariance(6)
    precision = np.linalg.inv(covariance)
    scale = np.sqrt(np.diag(precision))
    expected = -precision / np.outer(scale, scale)
    np.fill_diagonal(expected, 1)
    x = make_gaussian(covariance)
    fc = functional_connectivity(x, kind="partial", shrinkage=None)
    np.testing.assert_allclose(fc, expected, rtol=0, atol=1e-12)
    assert fc[1, 4] == pytest.approx(partial_by_regression(x, 1, 4), abs=1e-12)


def test_partial_correlation_of_a_chain_is_zero_between_its_ends(make_gaussian):
    # a -> b -> c: a and c correlate, but not once b is known
    chain = np.array([[1.0, 0.8, 0.64], [0.8, 1.0, 0.8], [0.64, 0.8, 1.0]])
    x = make_gaussian(chain)
    partial = functional_connectivity(x, kind="partial", shrinkage=None)
    assert functional_connectivity(x)[0, 2] == pytest.approx(0.64)
    assert partial[0, 2] == pytest.approx(0, abs=1e-12)


def test_autoregressive_processes_with_shared_noise():
    # stationary correlation of two AR(1) with noise correlated by rho
    rho, a, b = 0.6, 0.9, 0.5
    expected = rho * np.sqrt((1 - a**2) * (1 - b**2)) / (1 - a * b)
    noise = np.random.default_rng(0).standard_normal((2, 400_000))
    noise[1] = rho * noise[0] + np.sqrt(1 - rho**2) * noise[1]
    x = np.stack([lfilter([1], [1, -c], e) for c, e in zip((a, b), noise, strict=True)])
    assert functional_connectivity(x)[0, 1] == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("shrinkage", "estimate"),
    [
        ("ledoit_wolf", lambda x: ledoit_wolf(x, assume_centered=True)[0]),
        ("oas", lambda x: oas(x, assume_centered=True)[0]),
        (0.3, lambda x: 0.7 * np.corrcoef(x.T) + 0.3 * np.eye(x.shape[1])),
    ],
)
def test_shrunk_partial_correlation_inverts_the_shrunk_correlation(shrinkage, estimate):
    x = np.random.default_rng(0).standard_normal((8, 20)).cumsum(axis=1)
    z = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    precision = np.linalg.inv(estimate(z.T))
    scale = np.sqrt(np.diag(precision))
    expected = -precision / np.outer(scale, scale)
    np.fill_diagonal(expected, 1)
    fc = functional_connectivity(x, kind="partial", shrinkage=shrinkage)
    np.testing.assert_allclose(fc, expected, atol=1e-10)


def test_full_shrinkage_leaves_no_partial_correlation(random_walks):
    fc = functional_connectivity(random_walks, kind="partial", shrinkage=1)
    np.testing.assert_allclose(fc, np.eye(5), atol=1e-12)


def test_partial_correlation_without_enough_time_points_says_so():
    x = np.random.default_rng(0).standard_normal((10, 8))
    with pytest.raises(ValueError, match=r"10 nodes over 8 time points.*ledoit_wolf"):
        functional_connectivity(x, kind="partial", shrinkage=None)
    fc = functional_connectivity(x, kind="partial")
    assert np.abs(fc[~np.eye(10, dtype=bool)]).max() < 1


def test_partial_correlation_of_dependent_nodes_says_so(random_walks):
    x = np.vstack([random_walks, random_walks.sum(axis=0)])
    with pytest.raises(ValueError, match="no inverse"):
        functional_connectivity(x, kind="partial", shrinkage=None)


@pytest.mark.parametrize("kind", ["correlation", "partial", "covariance"])
@pytest.mark.parametrize("constant", [0.0, 0.1, 1e6 / 3])
def test_constant_nodes_have_zero_connectivity(kind, constant, random_walks):
    x = np.insert(random_walks, 2, constant, axis=0)
    fc = functional_connectivity(x, kind=kind)
    assert not fc[2].any()
    assert not fc[:, 2].any()
    without = np.delete(np.delete(fc, 2, axis=0), 2, axis=1)
    np.testing.assert_allclose(
        without, functional_connectivity(random_walks, kind=kind), atol=1e-13
    )


def test_nodes_that_are_constant_up_to_rounding_count_as_constant(random_walks):
    x = random_walks.copy()
    x[0] = 0.1 + np.spacing(0.1) * (np.arange(300) % 2)
    assert not functional_connectivity(x)[0].any()
    x[0] = 0.1 + 1e-9 * random_walks[1]
    assert functional_connectivity(x)[0, 1] == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_extreme_units_do_not_change_correlations(scale, random_walks):
    np.testing.assert_allclose(
        functional_connectivity(scale * random_walks),
        functional_connectivity(random_walks),
        atol=1e-13,
    )


def test_correlation_lies_between_minus_one_and_one(random_walks):
    x = np.concatenate([random_walks, -3 * random_walks, random_walks / 7])
    fc = functional_connectivity(x)
    assert fc.max() == 1
    assert fc.min() == -1
    np.testing.assert_array_equal(np.diag(fc), 1)
    np.testing.assert_array_equal(fc, fc.T)


def test_fisher_z_is_arctanh_with_zeros_on_the_diagonal(random_walks):
    r = functional_connectivity(random_walks)
    z = functional_connectivity(random_walks, fisher_z=True)
    off_diagonal = ~np.eye(5, dtype=bool)
    np.testing.assert_allclose(z[off_diagonal], np.arctanh(r[off_diagonal]))
    np.testing.assert_array_equal(np.diag(z), 0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fisher_z_of_identical_nodes_is_finite(dtype, random_walks):
    x = random_walks[[0, 0, 1]].astype(dtype)
    z = functional_connectivity(x, fisher_z=True)
    assert z[0, 1] == pytest.approx(np.arctanh(1 - 1e-7), rel=0.02)


@pytest.mark.parametrize("kind", ["correlation", "partial", "covariance"])
def test_float32_stays_float32(kind, random_walks):
    x = random_walks[None].astype(np.float32)
    fc = FunctionalConnectivity(kind).fit_transform(x)
    assert fc.dtype == np.float32
    reference = FunctionalConnectivity(kind).fit_transform(x.astype(np.float64))
    np.testing.assert_allclose(fc, reference, rtol=1e-5, atol=1e-5)


def test_float32_signals_far_from_zero_keep_their_correlation(random_walks):
    x = (random_walks + 1e4).astype(np.float32)
    np.testing.assert_allclose(
        functional_connectivity(x), functional_connectivity(random_walks), atol=1e-3
    )


def test_leading_axes_are_kept():
    X = np.random.default_rng(0).standard_normal((2, 3, 4, 50))
    fc = functional_connectivity(X, kind="partial")
    assert fc.shape == (2, 3, 4, 4)
    np.testing.assert_array_equal(
        fc[1, 2], functional_connectivity(X[1, 2], kind="partial")
    )


def test_input_is_not_changed(random_walks):
    before = random_walks.copy()
    functional_connectivity(random_walks, fisher_z=True)
    FunctionalConnectivity().fit_transform(random_walks[None])
    np.testing.assert_array_equal(random_walks, before)


# --- the transformer


def test_transformer_gives_strict_upper_triangle_row_by_row():
    X = np.random.default_rng(0).standard_normal((2, 4, 50))
    vector = FunctionalConnectivity().fit_transform(X)
    fc = functional_connectivity(X)
    for column, (i, j) in enumerate([(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]):
        np.testing.assert_array_equal(vector[:, column], fc[:, i, j])


def test_matrices_on_request():
    X = np.random.default_rng(0).standard_normal((2, 4, 50))
    transformer = FunctionalConnectivity(vectorize=False)
    np.testing.assert_array_equal(
        transformer.fit_transform(X), functional_connectivity(X)
    )
    assert not hasattr(transformer, "get_feature_names_out")


def test_feature_names_are_node_pairs():
    X = np.random.default_rng(0).standard_normal((2, 3, 50))
    transformer = FunctionalConnectivity().fit(X)
    assert list(transformer.get_feature_names_out()) == ["x0--x1", "x0--x2", "x1--x2"]
    assert list(transformer.get_feature_names_out(["V1", "V2", "MT"])) == [
        "V1--V2",
        "V1--MT",
        "V2--MT",
    ]
    with pytest.raises(ValueError, match="length equal to number of features"):
        transformer.get_feature_names_out(["V1", "V2"])


def test_pandas_output_has_node_pairs_as_columns():
    X = np.random.default_rng(0).standard_normal((2, 3, 50))
    table = FunctionalConnectivity().set_output(transform="pandas").fit_transform(X)
    assert list(table.columns) == ["x0--x1", "x0--x2", "x1--x2"]
    assert table.shape == (2, 3)


def test_xarray_goes_in():
    X = np.random.default_rng(0).standard_normal((2, 3, 50))
    labelled = xr.DataArray(X, dims=("sample", "node", "time"))
    np.testing.assert_array_equal(
        FunctionalConnectivity().fit_transform(labelled),
        FunctionalConnectivity().fit_transform(X),
    )


def test_discard_drops_the_transient():
    X = np.random.default_rng(0).standard_normal((2, 3, 50))
    X[..., :10] = 1e3
    np.testing.assert_array_equal(
        FunctionalConnectivity(discard=10).fit_transform(X),
        FunctionalConnectivity().fit_transform(X[..., 10:]),
    )


def test_samples_do_not_see_each_other():
    X = np.random.default_rng(0).standard_normal((5, 4, 60))
    transformer = FunctionalConnectivity("partial").fit(X[:1])
    whole = transformer.transform(X)
    one_by_one = np.concatenate([transformer.transform(x[None]) for x in X])
    np.testing.assert_array_equal(whole, one_by_one)


def test_recordings_may_differ_in_length():
    rng = np.random.default_rng(0)
    transformer = FunctionalConnectivity().fit(rng.standard_normal((2, 4, 60)))
    assert transformer.transform(rng.standard_normal((3, 4, 90))).shape == (3, 6)


def test_pipeline_finds_what_the_covariance_holds(make_gaussian):
    targets = np.linspace(-0.8, 0.8, 20)
    X = np.stack(
        [
            make_gaussian([[1, r, 0], [r, 1, 0], [0, 0, 1]], n_times=100, seed=i)
            for i, r in enumerate(targets)
        ]
    )
    model = make_pipeline(FunctionalConnectivity(), Ridge(alpha=1e-6))
    search = GridSearchCV(
        model,
        {"functionalconnectivity__kind": ["correlation", "covariance"]},
        cv=4,
    ).fit(X, targets)
    assert search.best_score_ > 0.999


# --- 2-D X: volumes of one recording


@pytest.mark.parametrize(
    ("kind", "shrinkage"),
    [("correlation", None), ("covariance", None), ("partial", None)],
)
def test_edge_series_average_to_the_connectivity(kind, shrinkage, random_walks):
    transformer = FunctionalConnectivity(kind, shrinkage=shrinkage)
    edges = transformer.fit_transform(random_walks.T)
    assert edges.shape == (300, 10)
    whole = clone(transformer).fit_transform(random_walks[None])[0]
    np.testing.assert_allclose(edges.mean(axis=0), whole, rtol=1e-10, atol=1e-12)


def test_edge_series_multiply_standardized_values(random_walks):
    z = (random_walks - random_walks.mean(axis=1, keepdims=True)) / random_walks.std(
        axis=1, keepdims=True
    )
    edges = FunctionalConnectivity().fit_transform(random_walks.T)
    np.testing.assert_allclose(edges[:, 3], z[0] * z[4], atol=1e-12)


def test_edge_series_as_matrices_average_to_the_matrix(random_walks):
    for kind in ("correlation", "partial"):
        transformer = FunctionalConnectivity(kind, shrinkage=None, vectorize=False)
        matrices = transformer.fit_transform(random_walks.T)
        whole = transformer.fit_transform(random_walks[None])[0]
        np.testing.assert_allclose(matrices.mean(axis=0), whole, atol=1e-11)


def test_edge_series_of_constant_nodes_are_zero(random_walks):
    x = np.insert(random_walks, 0, 0.1, axis=0)
    for kind in ("correlation", "partial", "covariance"):
        edges = FunctionalConnectivity(kind).fit_transform(x.T)
        assert not edges[:, :5].any()
        assert edges[:, 5:].all()


def test_edge_series_of_new_volumes_use_the_scale_of_fit(random_walks):
    transformer = FunctionalConnectivity().fit(random_walks.T[:200])
    whole = transformer.transform(random_walks.T)
    np.testing.assert_allclose(
        whole[200:], transformer.transform(random_walks.T[200:]), atol=1e-13
    )


def test_data_frame_of_volumes_names_its_node_pairs(random_walks):
    names = ["V1", "V2", "V4", "MT", "IT"]
    volumes = pd.DataFrame(random_walks.T, columns=names)
    transformer = FunctionalConnectivity().set_output(transform="pandas")
    assert list(transformer.fit_transform(volumes).columns[:2]) == ["V1--V2", "V1--V4"]


# --- what goes wrong


def test_transform_before_fit_says_so(random_walks):
    with pytest.raises(NotFittedError):
        FunctionalConnectivity().transform(random_walks[None])


def test_forgotten_sample_axis_after_fit_on_signals_says_so():
    X = np.random.default_rng(0).standard_normal((2, 3, 50))
    transformer = FunctionalConnectivity().fit(X)
    with pytest.raises(ValueError, match=r"X is 2-D, but fit saw.*X\[None\]"):
        transformer.transform(X[:, :, 0])


def test_wrong_number_of_nodes_says_so():
    X = np.random.default_rng(0).standard_normal((2, 3, 50))
    transformer = FunctionalConnectivity().fit(X)
    with pytest.raises(ValueError, match="X has 2 features, but Functional"):
        transformer.transform(X[:, :2])


def test_one_node_has_no_pairs():
    with pytest.raises(ValueError, match="minimum of 2 is required"):
        FunctionalConnectivity().fit(np.zeros((50, 1)))
    with pytest.raises(ValueError, match=r"X has shape \(2, 1, 50\), 1 node"):
        FunctionalConnectivity().fit(np.zeros((2, 1, 50)))


def test_one_time_point_says_so():
    with pytest.raises(ValueError, match=r"1 time points; expected at least 2"):
        functional_connectivity(np.zeros((3, 1)))
    with pytest.raises(ValueError, match=r"12 time points and discard=11"):
        FunctionalConnectivity(discard=11).fit(np.zeros((2, 3, 12)))


def test_four_axes_say_so():
    with pytest.raises(ValueError, match="X has 4 axes"):
        FunctionalConnectivity().fit(np.zeros((2, 2, 3, 50)))


def test_missing_values_say_so(random_walks):
    random_walks[2, 7] = np.nan
    with pytest.raises(ValueError, match="X contains NaN"):
        functional_connectivity(random_walks)


@pytest.mark.parametrize("X", [np.zeros((4, 3)), np.zeros((1, 4, 3))])
def test_fisher_z_where_it_has_no_meaning_says_so(X):
    kind = "covariance" if X.ndim == 3 else "correlation"
    with pytest.raises(ValueError, match=r"fisher_z=True with (2-D X|kind='cov)"):
        FunctionalConnectivity(kind, fisher_z=True).fit(X)
    with pytest.raises(ValueError, match=r"fisher_z=True with kind='covariance'"):
        functional_connectivity(X[0:], kind="covariance", fisher_z=True)


@pytest.mark.parametrize(
    "parameters", [{"kind": "tangent"}, {"shrinkage": 2.0}, {"discard": -1}]
)
def test_parameters_out_of_range_say_so(parameters):
    with pytest.raises(InvalidParameterError, match=next(iter(parameters))):
        FunctionalConnectivity(**parameters).fit(np.zeros((1, 3, 5)))


def test_standardized_rows_have_unit_length(random_walks):
    z = kernels.standardize(random_walks)
    np.testing.assert_allclose(np.linalg.norm(z, axis=1), 1)
    np.testing.assert_allclose(z.sum(axis=1), 0, atol=1e-12)


def test_vector_and_matrix_agree(random_walks):
    np.testing.assert_array_equal(
        connectivity_to_vector(functional_connectivity(random_walks)),
        FunctionalConnectivity().fit_transform(random_walks[None])[0],
    )
