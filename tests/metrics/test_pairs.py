"""Node pairs and matrices are two forms of the same thing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skneuro.metrics import connectivity_to_vector, vector_to_connectivity


@given(n_nodes=st.integers(2, 30), n_samples=st.integers(0, 3))
def test_round_trip(n_nodes, n_samples):
    rng = np.random.default_rng(n_nodes)
    vector = rng.standard_normal((n_samples, n_nodes * (n_nodes - 1) // 2))
    matrices = vector_to_connectivity(vector, diagonal=3)
    assert matrices.shape == (n_samples, n_nodes, n_nodes)
    if n_samples:
        np.testing.assert_array_equal(connectivity_to_vector(matrices), vector)
        np.testing.assert_array_equal(matrices[:, 0, 0], 3)


def test_pairs_run_row_by_row():
    matrix = np.add.outer(10 * np.arange(4), np.arange(4))
    vector = connectivity_to_vector(np.triu(matrix, 1) + np.triu(matrix, 1).T)
    np.testing.assert_array_equal(vector, [1, 2, 3, 12, 13, 23])


def test_precision_is_kept():
    matrix = vector_to_connectivity(np.ones(3, np.float32))
    assert matrix.dtype == np.float32
    assert connectivity_to_vector(matrix).dtype == np.float32
    assert vector_to_connectivity([1, 2, 3]).dtype == np.float64


def test_asymmetric_matrix_says_so():
    with pytest.raises(ValueError, match="connectivity is not symmetric"):
        connectivity_to_vector([[0.0, 1.0], [2.0, 0.0]])


def test_rounding_is_not_asymmetry():
    matrix = np.array([[1.0, 0.5], [0.5 + 1e-7, 1.0]])
    np.testing.assert_array_equal(connectivity_to_vector(matrix), [0.5])


@pytest.mark.parametrize("shape", [(3,), (3, 2), (0, 0)])
def test_matrices_that_are_not_square_say_so(shape):
    with pytest.raises(ValueError, match=r"connectivity has shape"):
        connectivity_to_vector(np.zeros(shape))


@pytest.mark.parametrize("n_pairs", [0, 2, 4, 5, 7, 80])
def test_numbers_that_count_no_pairs_say_so(n_pairs):
    with pytest.raises(ValueError, match=f"vector has {n_pairs} columns"):
        vector_to_connectivity(np.zeros(n_pairs))


def test_a_number_is_not_a_vector():
    with pytest.raises(ValueError, match="vector has no axis"):
        vector_to_connectivity(1.0)
