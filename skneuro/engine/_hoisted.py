"""Parameters of many simulations as kernels read them: one buffer, many strides."""

import numpy as np


def round_up(n, multiple):
    """Smallest multiple that is not below a number."""
    return -(-n // multiple) * multiple


def column(value):
    """Value by node as a column."""
    return np.reshape(value, (-1, 1))


def stack_jobs(per_job, lanes):
    """Join the parameters of simulations side by side.

    Parameters
    ----------
    per_job : list of dict
        Numbers, or arrays of shape (n_nodes,), by name, of each simulation.
    lanes : int
        Simulations side by side; the last one fills up.

    Returns
    -------
    dict of {str: ndarray of shape (n_nodes or 1, lanes or 1)}
    """
    if lanes == 1:
        return {name: column(value) for name, value in per_job[0].items()}
    padded = per_job + per_job[-1:] * (lanes - len(per_job))
    stacked = {}
    for name, first in per_job[0].items():
        values = [p[name] for p in padded]
        if all(v is first for v in values) or (
            np.ndim(first) == 0 and all(np.ndim(v) == 0 and v == first for v in values)
        ):
            stacked[name] = column(first)
        else:
            columns = np.broadcast_arrays(*(column(v) for v in values))
            stacked[name] = np.concatenate(columns, axis=1)
    return stacked


def append_hoisted(values, n_units, lanes, width, place, param):
    """Append hoisted values to the parameter buffers.

    Those that do not differ by unit come first and lie side by side, a vector each.

    Parameters
    ----------
    values : list of ndarray of shape (n_nodes or 1, lanes or 1)
        What a kernel asks for, in its order.
    n_units : int
        Units of the population.
    lanes, width : int
        Simulations side by side; numbers in a vector.
    place, param : list
        Starts and contents of the buffers so far; extended.

    Returns
    -------
    tuple of bool
        Whether each value differs by unit.
    """
    size = sum(len(part) for part in param)
    by_unit = tuple(value.shape[0] > 1 or value.shape[1] > width for value in values)
    places = dict.fromkeys(range(len(values)))
    for j in sorted(places, key=by_unit.__getitem__):
        value = values[j]
        if not by_unit[j]:
            repeat = width if value.shape[1] == 1 else 1
            buffer = np.repeat(value.ravel(), repeat)
        else:
            n_rows = max(value.shape[0], n_units // lanes if lanes > 1 else 1)
            buffer = np.broadcast_to(value, (n_rows, lanes)).ravel()
            buffer = np.concatenate(
                [buffer, np.repeat(buffer[-1:], n_units - len(buffer))]
            )
        places[j] = size
        param.append(buffer)
        size += len(buffer)
    place.extend(places.values())
    return by_unit
