"""Node pairs: the strict upper triangle of a symmetric matrix, row by row."""

import math

import numpy as np


def pair_indices(n_nodes):
    """Rows and columns of all node pairs (i < j), row by row.

    Parameters
    ----------
    n_nodes : int
        Number of nodes.

    Returns
    -------
    tuple of ndarray of shape (n_pairs,)
        Indices i and j; ``n_pairs = n_nodes * (n_nodes - 1) / 2``.
    """
    return np.triu_indices(n_nodes, k=1)


def is_symmetric(matrix):
    """Whether the last two axes are equal and exchange, up to rounding.

    Parameters
    ----------
    matrix : ndarray of shape (..., n, m)
        Anything with at least two axes.

    Returns
    -------
    bool
        True where ``|a_ij - a_ji|`` is at most 1e-5 of the largest ``|a_ij|``.
    """
    if matrix.shape[-1] != matrix.shape[-2]:
        return False
    scale = np.max(np.abs(matrix), initial=0.0)
    return np.allclose(matrix, np.swapaxes(matrix, -1, -2), rtol=0, atol=1e-5 * scale)


def n_nodes_of_pairs(n_pairs, name):
    """Count the nodes that a number of node pairs belongs to.

    Parameters
    ----------
    n_pairs : int
        Length of the last axis.
    name : str
        Name of the array in the error.

    Returns
    -------
    int
        ``n_nodes`` such that ``n_pairs = n_nodes * (n_nodes - 1) / 2``.

    Raises
    ------
    ValueError
        If no number of nodes has that many pairs.
    """
    n_nodes = (1 + math.isqrt(1 + 8 * n_pairs)) // 2
    if n_pairs < 1 or n_nodes * (n_nodes - 1) // 2 != n_pairs:
        raise ValueError(
            f"{name} has {n_pairs} columns; expected the number of pairs of some "
            "number of nodes, n_nodes * (n_nodes - 1) / 2 (1, 3, 6, 10, ...). Pass "
            "the strict upper triangle of symmetric matrices, without the diagonal."
        )
    return n_nodes


def take_pairs(matrix):
    """Take the strict upper triangle of the last two axes, unchecked.

    Parameters
    ----------
    matrix : ndarray of shape (..., n_nodes, n_nodes)
        Symmetric matrices.

    Returns
    -------
    ndarray of shape (..., n_pairs)
        One column per node pair.
    """
    rows, columns = pair_indices(matrix.shape[-1])
    return matrix[..., rows, columns]


def name_pairs(names):
    """Name the pairs of named things.

    Parameters
    ----------
    names : array-like of str of shape (n,)
        Names of nodes or windows.

    Returns
    -------
    ndarray of str of shape (n_pairs,)
        Names such as ``"V1--MT"``.
    """
    first, second = pair_indices(len(names))
    pairs = zip(first, second, strict=True)
    return np.array([f"{names[i]}--{names[j]}" for i, j in pairs], dtype=object)


def connectivity_to_vector(connectivity):
    """Flatten symmetric matrices to node pairs.

    Pairs are the strict upper triangle, row by row: (0, 1), (0, 2), ..., (1, 2), ...

    Parameters
    ----------
    connectivity : array-like of shape (..., n_nodes, n_nodes)
        Symmetric matrices; the diagonal is dropped.

    Returns
    -------
    ndarray of shape (..., n_nodes * (n_nodes - 1) / 2)
        One column per node pair.

    Raises
    ------
    ValueError
        If the matrices are not square or not symmetric.

    See Also
    --------
    vector_to_connectivity : The way back.

    Examples
    --------
    >>> from skneuro.metrics import connectivity_to_vector
    >>> connectivity_to_vector([[1.0, 0.2, 0.3], [0.2, 1.0, 0.4], [0.3, 0.4, 1.0]])
    array([0.2, 0.3, 0.4])
    """
    matrix = np.asarray(connectivity)
    if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2] or len(matrix) == 0:
        raise ValueError(
            f"connectivity has shape {matrix.shape}; expected (..., n_nodes, n_nodes). "
            "Pass square matrices."
        )
    if not is_symmetric(matrix):
        raise ValueError(
            "connectivity is not symmetric (or not finite), so half of it would be "
            "lost; expected connectivity[i, j] = connectivity[j, i]. Symmetrize it "
            "first: (c + np.swapaxes(c, -1, -2)) / 2."
        )
    return take_pairs(matrix)


def vector_to_connectivity(vector, *, diagonal=1.0):
    """Build symmetric matrices from node pairs.

    Parameters
    ----------
    vector : array-like of shape (..., n_nodes * (n_nodes - 1) / 2)
        Node pairs in the order of :func:`connectivity_to_vector`.
    diagonal : float, default=1.0
        Value on the diagonal: 1 suits correlations, 0 Fisher z values.

    Returns
    -------
    ndarray of shape (..., n_nodes, n_nodes)
        Symmetric matrices of the dtype of ``vector``.

    Raises
    ------
    ValueError
        If the last axis does not hold the pairs of any number of nodes.

    See Also
    --------
    connectivity_to_vector : The way back.

    Examples
    --------
    >>> from skneuro.metrics import vector_to_connectivity
    >>> vector_to_connectivity([0.2, 0.3, 0.4])
    array([[1. , 0.2, 0.3],
           [0.2, 1. , 0.4],
           [0.3, 0.4, 1. ]])
    """
    vector = np.asarray(vector)
    if vector.dtype.kind != "f":
        vector = vector.astype(np.float64)
    if vector.ndim == 0:
        raise ValueError(
            "vector has no axis; expected shape (..., n_pairs). Pass node pairs."
        )
    n_nodes = n_nodes_of_pairs(vector.shape[-1], "vector")
    rows, columns = pair_indices(n_nodes)
    matrix = np.empty((*vector.shape[:-1], n_nodes, n_nodes), vector.dtype)
    matrix[..., rows, columns] = vector
    matrix[..., columns, rows] = vector
    nodes = np.arange(n_nodes)
    matrix[..., nodes, nodes] = diagonal
    return matrix


def as_pairs(fc, name):
    """Read matrices or node pairs as node pairs.

    Parameters
    ----------
    fc : array-like of shape (..., n_nodes, n_nodes) or (..., n_pairs)
        Symmetric matrices are recognised by being square and symmetric.
    name : str
        Name of the array in errors.

    Returns
    -------
    ndarray of shape (..., n_pairs)
        One column per node pair, in float32 or float64.

    Raises
    ------
    ValueError
        If the array is neither, or holds values that are not finite.
    """
    fc = np.asarray(fc)
    if fc.dtype.kind != "f":
        fc = fc.astype(np.float64)
    if not np.isfinite(fc).all():
        raise ValueError(
            f"{name} holds NaN or infinite values; expected finite numbers. Mask or "
            "replace them first."
        )
    if fc.ndim == 0:
        raise ValueError(
            f"{name} is one number; expected matrices of shape (..., n_nodes, n_nodes) "
            "or node pairs of shape (..., n_pairs)."
        )
    if fc.ndim >= 2 and is_symmetric(fc):
        return connectivity_to_vector(fc)
    try:
        n_nodes_of_pairs(fc.shape[-1], name)
    except ValueError as exc:
        if fc.ndim >= 2 and fc.shape[-1] == fc.shape[-2]:
            raise ValueError(
                f"{name} has shape {fc.shape} and is not symmetric; expected symmetric "
                "matrices or node pairs. Symmetrize it first: "
                "(c + np.swapaxes(c, -1, -2)) / 2."
            ) from exc
        raise
    return fc
