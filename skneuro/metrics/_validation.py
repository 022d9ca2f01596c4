"""Signals whose last axis is time."""

import numpy as np
from sklearn.utils import check_array

FLOATS = [np.float64, np.float32]


def check_signals(X, name="X", min_times=2):
    """Validate signals whose last axis is time.

    Parameters
    ----------
    X : array-like of shape (..., n_nodes, n_times)
        Signals. A DataFrame has one column per node; a DataArray has its dimension
        ``time``, if there is one, anywhere.
    name : str, default="X"
        Name of the array in errors.
    min_times : int, default=2
        Smallest number of time points that makes sense.

    Returns
    -------
    ndarray of shape (..., n_nodes, n_times)
        Finite numbers, float32 where X is float32, else float64.

    Raises
    ------
    ValueError
        If X has less than two axes, too few time points, or is not finite.
    """
    if hasattr(X, "columns"):  # pandas: rows are time
        X = X.to_numpy().T
    elif "time" in getattr(X, "dims", ()):  # xarray
        X = X.transpose(..., "time")
    X = check_array(
        X, dtype=FLOATS, allow_nd=True, ensure_min_features=0, input_name=name
    )
    if X.shape[-1] < min_times:
        raise ValueError(
            f"{name} has shape {X.shape}, {X.shape[-1]} time points; expected at least "
            f"{min_times}. The last axis is time: pass (..., n_nodes, n_times)."
        )
    return X


def check_recordings(X, discard):
    """Check the axes of X as an estimator takes it.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_nodes, n_times) or (n_volumes, n_nodes)
        Validated floats.
    discard : int
        Time points that are left out at the start of each recording.

    Returns
    -------
    ndarray of shape (n_samples, n_nodes, n_times - discard) or (n_volumes, n_nodes)
        X without the discarded time points.

    Raises
    ------
    ValueError
        If X has more than three axes, one node, or less than two time points left.
    """
    if X.ndim == 2:
        return X
    if X.ndim > 3:
        raise ValueError(
            f"X has {X.ndim} axes; expected (n_samples, n_nodes, n_times) or "
            "(n_volumes, n_nodes). Reshape the leading axes into one."
        )
    if X.shape[1] < 2:
        raise ValueError(
            f"X has shape {X.shape}, {X.shape[1]} node; expected at least 2, since "
            "connectivity is between nodes. Pass (n_samples, n_nodes, n_times)."
        )
    if X.shape[-1] - discard < 2:
        raise ValueError(
            f"X has {X.shape[-1]} time points and discard={discard}; expected at least "
            "2 time points after those discarded. Record longer or discard less; the "
            "last axis is time."
        )
    return X[..., discard:]
