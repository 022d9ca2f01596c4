"""Steps of rectified units on the processor, in one pass over the states."""

from skneuro.utils._numba import njit_cached


@njit_cached(nogil=True, error_model="numpy")
def advance(current, decay, state, rows, t):
    """Do one step: states, and rates into the columns of a row.

    Parameters
    ----------
    current : ndarray of shape (n_samples, n_units)
        What is added to the states.
    decay : ndarray of shape (n_units,)
        What remains of the states.
    state : ndarray of shape (n_samples, n_units)
        States, which are replaced.
    rows : ndarray of shape (n_rows, n_samples, at least n_units)
        Where rates go, C-contiguous as all of these.
    t : int
        To which row.
    """
    zero = rows.dtype.type(0)
    for i in range(current.shape[0]):
        for j in range(current.shape[1]):
            v = decay[j] * state[i, j] + current[i, j]
            state[i, j] = v
            rows[t, i, j] = zero if v < zero else v  # NaN stays


@njit_cached(nogil=True, error_model="numpy")
def retreat(reached, deltas, k, rows, t, later, decay):
    """Turn gradients of rates into those of states.

    Parameters
    ----------
    reached : ndarray of shape (n_samples, n_units)
        Gradients of rates.
    deltas : ndarray of shape (n_deltas, n_samples, at least n_units)
        Where gradients of states go, C-contiguous as all of these.
    k : int
        To which row.
    rows : ndarray of shape (n_rows, n_samples, at least n_units)
        Rates, in row ``t``.
    t : int
        Row.
    later : ndarray of shape (n_samples, at least n_units)
        Gradients of the states one step later.
    decay : ndarray of shape (n_units,)
        What remains of the states.
    """
    zero = deltas.dtype.type(0)
    for i in range(reached.shape[0]):
        for j in range(reached.shape[1]):
            passed = reached[i, j] if rows[t, i, j] > zero else zero
            deltas[k, i, j] = passed + decay[j] * later[i, j]
