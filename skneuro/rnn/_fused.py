"""Steps of rectified units on the processor, in one pass over the states."""

from skneuro.utils._numba import njit_cached


@njit_cached(nogil=True, error_model="numpy")
def advance(current, decay, state, rows, t, beside):
    """Do one step: states, and into a row rates and what stands beside them.

    Rows are written from end to end, since they come from memory: to write what stands
    beside the rates on its own takes as long as a tenth of all products.

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
    beside : ndarray of shape (n_rows - 1, n_samples, n_beside)
        What stands beside the rates in each row but the last.
    """
    zero = rows.dtype.type(0)
    n_units = current.shape[1]
    for i in range(current.shape[0]):
        for j in range(n_units):
            v = decay[j] * state[i, j] + current[i, j]
            state[i, j] = v
            rows[t, i, j] = zero if v < zero else v  # NaN stays
        if t < len(beside):
            for j in range(beside.shape[2]):
                rows[t, i, n_units + j] = beside[t, i, j]


@njit_cached(nogil=True, error_model="numpy")
def retreat(reached, deltas, t, rows, follow, at, decay):
    """Turn gradients of rates into those of states.

    Parameters
    ----------
    reached : ndarray of shape (n_samples, n_units)
        Gradients of rates.
    deltas : ndarray of shape (n_deltas, n_samples, at least n_units)
        Where gradients of states go, C-contiguous as all of these.
    t : int
        To which row.
    rows : ndarray of shape (n_deltas, n_samples, at least n_units)
        Rates, in row ``t``.
    follow : ndarray of shape (n_rows, n_samples, at least n_units)
        Gradients of the states one step later, in row ``at``.
    at : int
        Row.
    decay : ndarray of shape (n_units,)
        What remains of the states.
    """
    zero = deltas.dtype.type(0)
    for i in range(reached.shape[0]):
        for j in range(reached.shape[1]):
            passed = reached[i, j] if rows[t, i, j] > zero else zero
            deltas[t, i, j] = passed + decay[j] * follow[at, i, j]
