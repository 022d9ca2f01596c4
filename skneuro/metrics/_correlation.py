"""Correlation, covariance and partial correlation of rows, many matrices at once."""

import numpy as np


def centre(X, weights=None):
    """Subtract the mean over the last axis, and find what is constant along it.

    A row is constant when it departs from its mean by no more than rounding does
    (8 machine epsilons of the mean); it becomes exactly 0.

    Parameters
    ----------
    X : ndarray of shape (..., n)
        Finite floats.
    weights : ndarray of shape (n,), default=None
        Positive weights of the mean; None weighs all alike.

    Returns
    -------
    centred : ndarray of shape (..., n)
        Departures from the mean, in the dtype of X.
    peak : ndarray of shape (..., 1)
        Largest absolute departure, 0 for constant rows.
    """
    if weights is None:
        mean = X.mean(axis=-1, keepdims=True, dtype=np.float64)
    else:
        mean = np.average(X, axis=-1, keepdims=True, weights=weights)
    centred = X - mean.astype(X.dtype)
    low = centred.min(axis=-1, keepdims=True, initial=0)
    high = centred.max(axis=-1, keepdims=True, initial=0)
    peak = np.maximum(high, -low)
    constant = peak <= 8 * np.finfo(X.dtype).eps * np.abs(mean)
    peak[constant] = 0
    np.copyto(centred, 0, where=constant)
    return centred, peak


def standardize(X, weights=None):
    """Centre the last axis and scale it to unit length; constant rows become 0.

    Parameters
    ----------
    X : ndarray of shape (..., n)
        Finite floats.
    weights : ndarray of shape (n,), default=None
        Positive weights of the elements; None weighs all alike.

    Returns
    -------
    ndarray of shape (..., n)
        Rows whose inner products are correlations.
    """
    z, peak = centre(X, weights)
    z /= np.where(peak == 0, 1, peak)  # squares neither overflow nor vanish
    if weights is not None:
        z *= np.sqrt(weights).astype(z.dtype)
    length = np.sqrt(np.einsum("...t,...t->...", z, z))[..., None]
    z /= np.where(length == 0, 1, length)
    return z


def correlate_rows(X):
    """Correlation matrices of the rows of X; constant rows correlate 0 with all.

    Parameters
    ----------
    X : ndarray of shape (..., n_rows, n)
        Finite floats.

    Returns
    -------
    ndarray of shape (..., n_rows, n_rows)
        Symmetric; the diagonal is 1, and 0 for constant rows.
    """
    z = standardize(X)
    r = z @ np.swapaxes(z, -1, -2)
    np.clip(r, -1, 1, out=r)
    rows = np.arange(r.shape[-1])
    r[..., rows, rows] = np.any(z, axis=-1)
    return r


def covariance_rows(X):
    """Maximum-likelihood covariance matrices of the rows of X.

    Parameters
    ----------
    X : ndarray of shape (..., n_rows, n)
        Finite floats.

    Returns
    -------
    ndarray of shape (..., n_rows, n_rows)
        Sums of products over n; rows and columns of constant rows are 0.
    """
    centred, _ = centre(X)
    return centred @ np.swapaxes(centred, -1, -2) / X.shape[-1]


def precision_of(z, shrinkage):
    """Inverse of the (shrunk) correlation matrix of one recording.

    Parameters
    ----------
    z : ndarray of shape (n_nodes, n_times)
        Standardized signals without constant rows, float64.
    shrinkage : float, {"ledoit_wolf", "oas"} or None
        How much of the identity to mix in.

    Returns
    -------
    ndarray of shape (n_nodes, n_nodes)
        Inverse matrix.

    Raises
    ------
    ValueError
        If the correlation matrix cannot be inverted.
    """
    n_nodes, n_times = z.shape
    correlation = z @ z.T
    if n_nodes > 1 and shrinkage is not None:
        # 5 MB that whoever correlates alone does without
        from sklearn.covariance import ledoit_wolf_shrinkage, oas, shrunk_covariance

        X = z.T * np.sqrt(n_times)  # unit variance
        if shrinkage == "ledoit_wolf":
            shrinkage = ledoit_wolf_shrinkage(X, assume_centered=True)
        elif shrinkage == "oas":
            shrinkage = oas(X, assume_centered=True)[1]
        correlation = shrunk_covariance(correlation, shrinkage)
    eigenvalues, vectors = np.linalg.eigh(correlation)
    # rounding of the smallest eigenvalue is about n_nodes * eps * the largest
    if eigenvalues[0] <= 10 * n_nodes * np.finfo(z.dtype).eps * eigenvalues[-1]:
        raise ValueError(
            f"the correlation matrix of {n_nodes} nodes over {n_times} time points has "
            f"no inverse; expected more time points than nodes ({n_nodes + 1} or more) "
            "and no node that is a sum of others. Pass shrinkage='ledoit_wolf', or "
            "longer recordings."
        )
    return (vectors / eigenvalues) @ vectors.T


def partial_correlate_rows(X, shrinkage):
    """Partial correlation matrices of the rows of X, given all other rows.

    Parameters
    ----------
    X : ndarray of shape (..., n_rows, n)
        Finite floats.
    shrinkage : float, {"ledoit_wolf", "oas"} or None
        How much of the identity to mix into the correlation before its inversion.

    Returns
    -------
    ndarray of shape (..., n_rows, n_rows)
        Symmetric; the diagonal is 1, and 0 for constant rows, which take no part.
    """
    n_rows, n_times = X.shape[-2:]
    partial = np.zeros((*X.shape[:-2], n_rows, n_rows), X.dtype)
    flat = partial.reshape(-1, n_rows, n_rows)
    for matrix, x in zip(flat, X.reshape(-1, n_rows, n_times), strict=True):
        z = standardize(x.astype(np.float64))
        active = np.flatnonzero(z.any(axis=-1))
        if active.size:
            precision = precision_of(z[active], shrinkage)
            scale = np.sqrt(np.diag(precision))
            r = np.clip(-precision / np.outer(scale, scale), -1, 1)
            np.fill_diagonal(r, 1)
            matrix[np.ix_(active, active)] = r
    return partial
