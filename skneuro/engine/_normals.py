"""The random numbers of compiled runs, as an array for other forms of a run."""

import numpy as np
from numba import njit

from skneuro.engine._backend import fill_normals
from skneuro.engine._noise import STEP_FACTOR


@njit
def _fill(out, keys, first, n_steps):
    for step in range(first, first + n_steps, 2):
        fill_normals(out, keys, step * STEP_FACTOR, (step - first) * len(keys))


def draw_normals(keys, first_step, n_steps, dtype=np.float64):
    """Draw the engine's normal random numbers.

    Parameters
    ----------
    keys : ndarray of int64
        Streams, as `make_keys` names them.
    first_step, n_steps : int
        Which steps.
    dtype : dtype, default=np.float64
        Precision.

    Returns
    -------
    ndarray of shape (n_steps, keys.size)
        One number per step and stream.
    """
    padded = np.zeros(-(-keys.size // 16) * 16, np.int64)
    padded[: keys.size] = keys.ravel()
    begin = first_step - first_step % 2
    n = first_step + n_steps - begin
    n += n % 2
    out = np.empty(n * padded.size, dtype)
    _fill(out, padded, begin, n)
    out = out.reshape(n, padded.size)[first_step - begin :, : keys.size]
    return out[:n_steps]
