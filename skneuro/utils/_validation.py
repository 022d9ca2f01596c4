"""Checks of networks and times that several subpackages share."""

import numpy as np


def check_multiple(value, step, name, step_name):
    """Return how often a step fits into a time; complain if it does not.

    Parameters
    ----------
    value, step : float
        Times in the same unit.
    name, step_name : str
        What they are, for the message.

    Returns
    -------
    int
        ``value / step``, at least 1.

    Raises
    ------
    ValueError
        If ``value`` is no multiple of ``step``.
    """
    count = round(value / step)
    if count < 1 or abs(count * step - value) > 1e-6 * step:
        nearest = max(count, 1) * step
        raise ValueError(
            f"{name} is {value:.12g}, expected a multiple of {step_name}={step:.12g}; "
            f"the nearest is {nearest:.12g}."
        )
    return count


def check_square_matrix(matrix, name, *, n_nodes=None):
    """Return a finite square matrix of floats.

    Parameters
    ----------
    matrix : array-like or sparse array of shape (n_nodes, n_nodes)
        Matrix; a DataFrame is taken in its own order.
    name : str
        What it is, for the message.
    n_nodes : int, default=None
        Expected size.

    Returns
    -------
    ndarray of shape (n_nodes, n_nodes)
        float64.

    Raises
    ------
    ValueError
        If it is not square, has the wrong size or holds anything but finite numbers.
    """
    if hasattr(matrix, "toarray"):  # sparse
        matrix = matrix.toarray()
    try:
        if np.iscomplexobj(matrix):  # else numpy drops the imaginary part
            raise TypeError("it is complex, pass real numbers")
        array = np.asarray(matrix, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is no matrix of numbers: {error}.") from error
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.size == 0:
        raise ValueError(
            f"{name} has shape {array.shape}, expected (n_nodes, n_nodes): one row "
            "per target and one column per source."
        )
    if n_nodes is not None and len(array) != n_nodes:
        raise ValueError(
            f"{name} has shape {array.shape}, but there are {n_nodes} nodes; expected "
            f"({n_nodes}, {n_nodes}). Pass one row and one column per node."
        )
    if not np.isfinite(array).all():
        i, j = np.argwhere(~np.isfinite(array))[0]
        raise ValueError(
            f"{name}[{i}, {j}] is {array[i, j]}, expected finite numbers; replace "
            "missing entries, for example by 0 for no connection."
        )
    return array


def find_indices(selection, n, name, *, may_be_empty=False):
    """Turn a mask, or indices, into indices.

    Parameters
    ----------
    selection : array-like of bool, int or whole float of shape (n_selected,)
        A mask is boolean, or has more than two values that are all 0 or 1; all else
        are indices, whose order is kept.
    n : int
        How many there are to select from.
    name : str
        Name of the argument, for messages.
    may_be_empty : bool, default=False
        Whether nothing may be selected.

    Returns
    -------
    ndarray of int of shape (n_selected,)
        Indices from 0 to n - 1.

    Raises
    ------
    ValueError
        If a mask has another length, an index does not exist, or nothing is selected.
    """
    array = np.asarray(selection)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} has shape {array.shape} and dtype {array.dtype}; expected a mask "
            f"of {n} values, or indices from 0 to {n - 1}."
        )
    if array.dtype.kind == "b" or (len(array) > 2 and np.isin(array, (0, 1)).all()):
        if len(array) != n:
            raise ValueError(
                f"{name} is a mask of length {len(array)}, expected {n}: one value "
                "for each."
            )
        found = np.flatnonzero(array)
    else:
        bad = array[~(array >= 0) | (array >= n) | (array % 1 != 0)]
        if bad.size:
            raise ValueError(
                f"{name} names {bad[0]:g}, but there are {n}; expected whole numbers "
                f"from 0 to {n - 1}, or a mask of {n} values of 0 and 1."
            )
        found = array.astype(np.int64)
    if not found.size and not may_be_empty:
        raise ValueError(
            f"{name} selects nothing; expected at least one of {n}: indices from 0 to "
            f"{n - 1}, or a mask of {n} values. None selects all."
        )
    return found
