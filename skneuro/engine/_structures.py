"""What a run is made of: flat arrays with places, for compiled code."""

from typing import NamedTuple

import numpy as np

_LINE = 64  # bytes of a cache line, and of the widest vectors


def empty(size, dtype):
    """Make a flat array that begins at a cache line.

    A vector that crosses from one line into the next costs two accesses.
    """
    dtype = np.dtype(dtype)
    base = np.empty(size + _LINE // dtype.itemsize, dtype)
    start = -base.ctypes.data % _LINE // dtype.itemsize
    return base[start : start + size]


def zeros(size, dtype):
    """Make a flat array of zeros that begins at a cache line."""
    out = empty(size, dtype)
    out[:] = 0
    return out


def aligned(values, dtype=None):
    """Copy a flat array so that it begins at a cache line."""
    out = empty(len(values), values.dtype if dtype is None else dtype)
    out[:] = values
    return out


def records(**columns):
    """Make an array of records of whole numbers, one list for each of their names.

    One array is compiled faster than one for every name.
    """
    n = len(next(iter(columns.values())))
    out = np.zeros(n, [(name, np.int64) for name in columns])
    for name, values in columns.items():
        out[name] = values
    return out


class Populations(NamedTuple):
    """Groups of equal units.

    Attributes
    ----------
    address : ndarray of int64, shape (n_stages, n_populations)
        Kernels.
    groups : ndarray of records, shape (n_populations,)
        ``n_units``, padded to whole vectors; ``n_tiles``, vectors; ``state_at``,
        ``net_at``, ``drive_at``, ``normal_at``, ``source_at``, ``table_at`` and
        ``place_at``, first element of the population in each buffer.
    place : ndarray of int64
        Where each hoisted value starts in ``param``.
    param, table : ndarray
        Hoisted values and tables.
    """

    address: np.ndarray
    groups: np.ndarray
    place: np.ndarray
    param: np.ndarray
    table: np.ndarray


class State(NamedTuple):
    """Everything that changes during a run.

    Attributes
    ----------
    clock : ndarray of int64, shape (5,)
        Steps done, history column of the next step, 1 if `carry` is known, first step
        of the block whose sums and random numbers are in the scratch, and of the two
        blocks whose farthest sums are; -1 where there are none.
    kept : int
        Columns of history that the next step may need.
    units : ndarray
        Rows of all populations.
    source : ndarray
        Latest visible values.
    history : ndarray
        Past visible values, ``row_length`` columns per source row.
    carry : ndarray
        Delayed sums at the end of the last step (Heun's scheme).
    average : ndarray of float64
        Running sums of the taps that average.
    observed : ndarray of float64
        Rows of all observers.
    observed_input : ndarray of float64
        Running sums of what the observers see.
    failed : ndarray of bool, shape (n_lanes,)
        Simulations that have left the finite numbers.
    """

    clock: np.ndarray
    kept: int
    units: np.ndarray
    source: np.ndarray
    history: np.ndarray
    carry: np.ndarray
    average: np.ndarray
    observed: np.ndarray
    observed_input: np.ndarray
    failed: np.ndarray


class Noise(NamedTuple):
    """Streams of normal random numbers.

    Attributes
    ----------
    keys : ndarray of int64, shape (n_streams,)
        Key of each stream; n_streams is a multiple of 16.
    first, last : ndarray of int64
        Ranges of the streams whose amplitude is not zero, in multiples of 16; the
        numbers of others are not drawn.
    """

    keys: np.ndarray
    first: np.ndarray
    last: np.ndarray


class Drive(NamedTuple):
    """Time series that enter the equations.

    Attributes
    ----------
    values : ndarray
        All series, one after the other.
    place : ndarray of int64, shape (n_driven_units,)
        First element of the series of each driven unit.
    hold : int
        Steps for which a column is held.
    first_step : int
        Step that sees the first column.
    """

    values: np.ndarray
    place: np.ndarray
    hold: int
    first_step: int


class Taps(NamedTuple):
    """Recordings: a tap reads a run of elements of the state, a row of a population.

    Attributes
    ----------
    rows : ndarray of records, shape (n_taps,)
        ``at``, first element of the row in the state; ``start`` and ``n_units``, first
        entry in the lists by unit and their number; ``interval``, steps between
        samples; ``averages``, whether a sample is the mean over the interval, or its
        last value; ``source``, first history row of a tap that is copied from there
        block by block, or -1.
    first_step : int
        First step of the recordings.
    place : ndarray of int64
        Element of `out` that sample 0 of each unit would have; others follow. Units
        that only pad a row write into spare elements at the end.
    out : ndarray
        Recordings, contiguous in time.
    recent : ndarray
        The last eight steps of the taps that record every step.
    """

    rows: np.ndarray
    first_step: int
    place: np.ndarray
    out: np.ndarray
    recent: np.ndarray


class Scratch(NamedTuple):
    """Working memory of a run, in the precision of the state.

    Attributes
    ----------
    net : ndarray
        Delayed sums of a block, step by step.
    wide : ndarray
        The same, target by target.
    sums : ndarray
        Delayed sums of one step.
    few : ndarray
        Sums of a few steps of one target, or one vector.
    normal, driven : ndarray
        Random numbers and drive of a block.
    net_place : ndarray of int64
        First element of each step in `net`.
    """

    net: np.ndarray
    wide: np.ndarray
    sums: np.ndarray
    few: np.ndarray
    normal: np.ndarray
    driven: np.ndarray
    net_place: np.ndarray


class Observers(NamedTuple):
    """Models in float64 that read a state and act on nothing.

    Attributes
    ----------
    models : ndarray of records, shape (n_observers,)
        ``address``, kernel; ``n_units``, ``state_at``, ``input_at`` and ``place_at`` as
        in `Populations`; ``interval``, steps between updates, which see the mean of the
        input over the interval; ``unit_at``, element of the state that the first unit
        reads; others follow, also those that fill up a vector.
    place, param : ndarray
        Hoisted values.
    taps : Taps
        Recordings of the observers' rows; they sample and never average.
    """

    models: np.ndarray
    place: np.ndarray
    param: np.ndarray
    taps: Taps
