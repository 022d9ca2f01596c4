"""The random numbers of compiled runs, as an array for other forms of a run."""

import numpy as np
from numba import njit

from skneuro.engine._backend import fill_normals
from skneuro.engine._noise import STEP_FACTOR


@njit
def _fill(out, keys, begin, n_steps):
    first, last = np.array([0]), np.array([len(keys)])
    for step in range(begin, begin + n_steps, 2):
        place = (step - begin) * len(keys)
        fill_normals(out, keys, first, last, step * STEP_FACTOR, place)


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
