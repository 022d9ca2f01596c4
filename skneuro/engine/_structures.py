"""What a run is made of: flat arrays with places, for compiled code."""

from typing import NamedTuple

import numpy as np


class Populations(NamedTuple):
    """Groups of equal units; one entry per population in each array.

    Attributes
    ----------
    address : ndarray of int64, shape (n_stages, n_populations)
        Kernels.
    n_units : ndarray of int64
        Units, padded to whole vectors.
    n_tiles : ndarray of int64
        Vectors.
    state_at, net_at, drive_at, normal_at, source_at, table_at, place_at : ndarray
        First element of the population in each buffer.
    place, stride : ndarray of int64
        Where each hoisted value starts in ``param``, and 1 if it differs by unit.
    param, table : ndarray
        Hoisted values and tables.
    """

    address: np.ndarray
    n_units: np.ndarray
    n_tiles: np.ndarray
    state_at: np.ndarray
    net_at: np.ndarray
    drive_at: np.ndarray
    normal_at: np.ndarray
    source_at: np.ndarray
    table_at: np.ndarray
    place_at: np.ndarray
    place: np.ndarray
    stride: np.ndarray
    param: np.ndarray
    table: np.ndarray


class State(NamedTuple):
    """Everything that changes during a run.

    Attributes
    ----------
    clock : ndarray of int64, shape (3,)
        Steps done, history column of the next step, and 1 if `carry` is known.
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
        Key of each stream; n_streams is a multiple of eight.
    present : bool
        Whether any amplitude differs from zero.
    """

    keys: np.ndarray
    present: bool


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
    """Recordings: tap j takes the units ``start[j]:start[j + 1]`` of its lists.

    Attributes
    ----------
    start, interval : ndarray of int64
        Units of each tap; steps between its samples.
    averages : ndarray of bool
        Whether a sample is the mean over the interval, or its last value.
    unit : ndarray of int64
        Element of the state to record.
    place : ndarray of int64
        Element of `out` for the first sample; later ones follow.
    out : ndarray
        Recordings.
    """

    start: np.ndarray
    interval: np.ndarray
    averages: np.ndarray
    unit: np.ndarray
    place: np.ndarray
    out: np.ndarray


class Observers(NamedTuple):
    """Models in float64 that read a state and act on nothing.

    Attributes
    ----------
    address, n_units, state_at, input_at, place_at, interval : ndarray of int64
        Kernel, padded units and places, as in `Populations`; steps between updates,
        which see the mean of the input over the interval.
    unit : ndarray of int64
        Element of the state that each observed unit reads.
    place, stride, param : ndarray
        Hoisted values.
    taps : Taps
        Recordings of the observers' rows; they sample and never average.
    """

    address: np.ndarray
    n_units: np.ndarray
    state_at: np.ndarray
    input_at: np.ndarray
    place_at: np.ndarray
    interval: np.ndarray
    unit: np.ndarray
    place: np.ndarray
    stride: np.ndarray
    param: np.ndarray
    taps: Taps
