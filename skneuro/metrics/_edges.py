"""Edge time series: functional connectivity resolved in time."""

import numpy as np

from skneuro.metrics._correlation import centre, precision_of, standardize
from skneuro.metrics._pairs import pair_indices


def learn_edges(X, kind, shrinkage=None):
    """Learn how to weight nodes so that their products average to connectivity.

    Parameters
    ----------
    X : ndarray of shape (n_volumes, n_nodes)
        Volumes of one recording.
    kind : {"correlation", "partial", "covariance"}
        Which connectivity the products average to.
    shrinkage : float, {"ledoit_wolf", "oas"} or None, default=None
        Only for ``kind="partial"``: see ``functional_connectivity``.

    Returns
    -------
    mean : ndarray of shape (n_nodes,)
        Mean of each node.
    weights : ndarray of shape (n_nodes, n_nodes)
        ``(X - mean) @ weights`` are the factors; 0 for constant nodes.
    """
    signals = X.T.astype(np.float64)
    centred, peak = centre(signals)
    scale = np.where(peak == 0, 1, peak)
    std = peak[:, 0] * np.sqrt(np.mean((centred / scale) ** 2, axis=1))
    active = std > 0
    inverse_std = np.divide(1, std, out=np.zeros_like(std), where=active)
    if kind == "covariance":
        weights = np.diag(active.astype(np.float64))
    elif kind == "correlation":
        weights = np.diag(inverse_std)
    else:
        # with precision P, the mean of (P z)(P z)' is P: partial correlation, negated
        weights = np.zeros((len(std), len(std)))
        if active.any():
            precision = precision_of(standardize(signals[active]), shrinkage)
            precision /= np.sqrt(np.diag(precision))
            weights[np.ix_(active, active)] = inverse_std[active, None] * precision
    return signals.mean(axis=1), weights


def edge_pairs(factors):
    """Multiply the nodes of each pair.

    Parameters
    ----------
    factors : ndarray of shape (n_volumes, n_nodes)
        Weighted nodes.

    Returns
    -------
    ndarray of shape (n_volumes, n_pairs)
        Edge time series.
    """
    rows, columns = pair_indices(factors.shape[1])
    return factors[:, rows] * factors[:, columns]
