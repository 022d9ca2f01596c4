"""Parts of a step that single runs and batches share."""

import numpy as np
from numba import njit

from skneuro.engine._backend import LANES
from skneuro.engine._calls import call_kernel

_OBSERVER_LANES = LANES["f64"]


@njit
def record(taps, values, average, step):
    """Serve the taps after a step."""
    for j in range(len(taps.interval)):
        interval = taps.interval[j]
        first, last = taps.start[j], taps.start[j + 1]
        if taps.averages[j]:
            for i in range(first, last):
                average[i] += values[taps.unit[i]]
        if (step + 1) % interval == 0:
            sample = (step + 1) // interval - 1
            if taps.averages[j]:
                for i in range(first, last):
                    taps.out[taps.place[i] + sample] = average[i] / interval
                    average[i] = 0.0
            else:
                for i in range(first, last):
                    taps.out[taps.place[i] + sample] = values[taps.unit[i]]


@njit
def observe(observers, values, rows, inputs, step):
    """Let the observers see a step."""
    for j in range(len(observers.interval)):
        at, n = observers.input_at[j], observers.n_units[j]
        for i in range(at, at + n):
            inputs[i] += values[observers.unit[i]]
        interval = observers.interval[j]
        if (step + 1) % interval == 0:
            for i in range(at, at + n):
                inputs[i] /= interval
            call_kernel(
                observers.address[j],
                rows,
                observers.state_at[j],
                inputs,
                at,
                inputs,
                0,
                inputs,
                0,
                observers.param,
                observers.place,
                observers.stride,
                observers.place_at[j],
                inputs,
                0,
                observers.param,
                0,
                n,
                n // _OBSERVER_LANES,
            )
            inputs[at : at + n] = 0.0


@njit
def fill_drive(block, drive, first, count, step):
    """Write the drive of steps ``first ... first + count`` of a block."""
    n = len(drive.place)
    for k in range(first, first + count):
        column = (step + k - drive.first_step) // drive.hold
        for i in range(n):
            block[k * n + i] = drive.values[drive.place[i] + column]


@njit
def first_bad(values, failed):
    """Index of the first value that is not finite, or -1.

    Values of simulations that are known to have failed are passed over.
    """
    total = values.dtype.type(0.0)
    for i in range(len(values)):
        total += values[i] * values.dtype.type(0.0)
    if total == 0.0:
        return -1
    for i in range(len(values)):
        if not np.isfinite(values[i]) and not failed[i % len(failed)]:
            return i
    return -1


@njit
def call_stage(
    stage, populations, units, net, net_at, driven, drive_at, normal, normal_at, source
):
    for g in range(populations.address.shape[1]):
        call_kernel(
            populations.address[stage, g],
            units,
            populations.state_at[g],
            net,
            net_at + populations.net_at[g],
            driven,
            drive_at + populations.drive_at[g],
            normal,
            normal_at + populations.normal_at[g],
            populations.param,
            populations.place,
            populations.stride,
            populations.place_at[g],
            source,
            populations.source_at[g],
            populations.table,
            populations.table_at[g],
            populations.n_units[g],
            populations.n_tiles[g],
        )


@njit
def make_room(history, n_rows, row_length, kept, position):
    """Move the last ``kept`` columns of every row to its front."""
    for row in range(n_rows):
        start = row * row_length
        for q in range(kept):
            history[start + q] = history[start + position - kept + q]
