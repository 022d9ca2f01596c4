"""Checks of what a user gives about the network: weights, lengths, names of nodes."""

import numpy as np

from skneuro.utils._validation import check_square_matrix

_MOST_HISTORY = 2**31  # values; the engine counts them in 32 bits


def check_connectome(connectivity, tract_lengths, n_nodes):
    """Return weights and lengths of a network without self-connections.

    Parameters
    ----------
    connectivity, tract_lengths : array-like of shape (n_nodes, n_nodes) or None
        As users give them.
    n_nodes : int
        Number of nodes where there is no connectivity.

    Returns
    -------
    weights, lengths : ndarray of shape (n_nodes, n_nodes)
        With zeros on the diagonal.

    Raises
    ------
    ValueError
        If a matrix is not square and finite, lengths are negative, or tables disagree
        about names.
    """
    _check_names(connectivity, tract_lengths)
    if connectivity is None:
        weights = np.zeros((n_nodes, n_nodes))
    else:
        weights = check_square_matrix(connectivity, "connectivity").copy()
        n_nodes = len(weights)
        np.fill_diagonal(weights, 0.0)
    if tract_lengths is None:
        return weights, np.zeros((n_nodes, n_nodes))
    lengths = check_square_matrix(tract_lengths, "tract_lengths", n_nodes=n_nodes)
    lengths = lengths.copy()
    np.fill_diagonal(lengths, 0.0)
    if (lengths < 0).any():
        i, j = np.argwhere(lengths < 0)[0]
        raise ValueError(
            f"tract_lengths[{i}, {j}] is {lengths[i, j]:g} mm, expected lengths of at "
            "least 0; a signal cannot arrive before it is sent."
        )
    return weights, lengths


def count_rows(matrix):
    """Return the number of rows of a matrix, sparse ones included; None of none."""
    if matrix is None:
        return None
    shape = getattr(matrix, "shape", None)  # sparse matrices have no len
    return shape[0] if shape else len(matrix)


def _names(matrix):
    """Names of the columns of a DataFrame; None for other matrices."""
    return list(matrix.columns) if hasattr(matrix, "columns") else None


def _check_names(connectivity, tract_lengths):
    """Complain if tables have other names for rows and columns, or for one another."""
    matrices = {"connectivity": connectivity, "tract_lengths": tract_lengths}
    for name, matrix in matrices.items():
        columns = _names(matrix)
        if columns is None:
            continue
        rows = list(matrix.index)
        if rows not in (columns, list(range(len(rows)))):
            raise ValueError(
                f"{name} has the rows {_shorten(rows)}, but the columns "
                f"{_shorten(columns)}; expected the same nodes in the same order. Sort "
                "one like the other: matrix.loc[matrix.columns]."
            )
    one, other = (_names(m) for m in matrices.values())
    if None not in (one, other) and one != other:
        raise ValueError(
            f"tract_lengths has the nodes {_shorten(other)}, but connectivity has "
            f"{_shorten(one)}; expected the same nodes in the same order."
        )


def _shorten(names):
    text = ", ".join(map(str, names[:6]))
    return f"[{text}, ...]" if len(names) > 6 else f"[{text}]"


def make_labels(labels, connectivity, n_nodes):
    """Return the names of the nodes: given, of a DataFrame, or numbers.

    Parameters
    ----------
    labels : array-like of shape (n_nodes,) or None
        As the user gives them.
    connectivity : array-like or None
        Where names are taken from if it is a DataFrame.
    n_nodes : int
        Number of nodes.

    Returns
    -------
    ndarray of shape (n_nodes,)

    Raises
    ------
    ValueError
        If there is not one name per node.
    """
    if labels is None:
        labels = _names(connectivity)
    if labels is None:
        return np.arange(n_nodes)
    labels = np.asarray(labels)
    if labels.shape != (n_nodes,):
        raise ValueError(
            f"labels has shape {labels.shape}, expected ({n_nodes},): one name per "
            "node."
        )
    return labels


def check_feature_names(names, labels):
    """Complain if X names the nodes in another order than the network.

    Parameters
    ----------
    names : ndarray of str
        Columns of X.
    labels : ndarray
        Names of the nodes.

    Raises
    ------
    ValueError
        If both have the same names in another order.
    """
    names, labels = list(names), list(labels)
    if names != labels and set(names) == set(labels):
        raise ValueError(
            f"X has the columns {_shorten(names)}, but the nodes are "
            f"{_shorten(labels)}; expected the same order: X[labels]."
        )


def count_lags(lengths, speed, dt, n_sources):
    """Turn lengths into lags: steps from sending a value to seeing it, at least 1.

    Parameters
    ----------
    lengths : ndarray of shape (n_edges,)
        In mm.
    speed : float
        In m/s, which is mm/ms; infinity is no delay.
    dt : float
        Step, in ms.
    n_sources : int
        Number of values whose past is kept.

    Returns
    -------
    ndarray of int64, shape (n_edges,)

    Raises
    ------
    ValueError
        If the past does not fit any memory.
    """
    # In this order, in which halves of a step round as in other tools.
    delays = np.rint(lengths / speed / dt)
    _check_memory(
        delays,
        dt,
        n_sources,
        f"conduction_speed={speed:g} m/s makes the longest delay",
        "tract_lengths in mm, conduction_speed in m/s, dt in ms",
    )
    return delays.astype(np.int64) + 1


def count_own_lags(delays, name, dt, n_nodes, n_sources):
    """Turn the delays of nodes to themselves into lags in steps, at least 1.

    Parameters
    ----------
    delays : ndarray of shape () or (n_nodes,)
        In ms.
    name : str
        Parameter that holds them.
    dt : float
        Step, in ms.
    n_nodes, n_sources : int
        Number of nodes, and of values whose past is kept.

    Returns
    -------
    ndarray of int64, shape (n_nodes,)

    Raises
    ------
    ValueError
        If a delay is negative, or the past does not fit any memory.
    """
    if (delays < 0).any():
        raise ValueError(f"{name} must not be negative, got {delays} ms.")
    steps = np.rint(np.broadcast_to(delays, (n_nodes,)) / dt)
    _check_memory(
        steps, dt, n_sources, f"{name} makes the longest delay", f"{name} and dt in ms"
    )
    return steps.astype(np.int64) + 1


def _check_memory(delays, dt, n_sources, what, units):
    longest = delays.max(initial=0.0)
    if longest * n_sources > _MOST_HISTORY:
        raise ValueError(
            f"{what} {longest * dt:g} ms, {longest:g} steps, whose history of "
            f"{longest * n_sources * 8 / 2**30:.3g} GiB is too long; check the units: "
            f"{units}."
        )
