"""Parts of a step that single runs and batches share."""

import numpy as np
from numba import njit

from skneuro.engine._backend import (
    LANES,
    VECTORS,
    fill_normals,
    fma,
    load,
    store,
    transpose8,
)
from skneuro.engine._calls import call_kernel
from skneuro.engine._noise import STEP_FACTOR

VECTOR_BYTES = 64 if VECTORS else 0
_OBSERVER_LANES = LANES["f64"]
# For functions that compiled code alone calls: no run-time library, no wrappers.
HELPER = {"_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


@njit(inline="always")
def move(target, to, source, start, n):
    """Copy n elements of the same type in whole vectors.

    Left to the compiler, a copy between computed places is a gather and a scatter,
    because an index might count from the end.
    """
    width = max(1, VECTOR_BYTES // target.itemsize)
    whole = n - n % width
    for i in range(0, whole, width):
        store(target, to + i, load(source, start + i))
    for i in range(whole, n):
        target[to + i] = source[start + i]


@njit(inline="always")
def any_by_step(taps):
    """Whether there is a tap that `record` serves."""
    found = False
    for j in range(len(taps.source)):
        found |= taps.source[j] < 0
    return found


@njit(inline="always")
def record(taps, values, average, step, last_step):
    """Serve the taps after a step; ``last_step`` is that of this call."""
    for j in range(len(taps.interval)):
        interval, at = taps.interval[j], taps.at[j]
        start = taps.start[j]
        n = taps.start[j + 1] - start
        if taps.source[j] >= 0:
            continue
        if taps.averages[j]:
            for i in range(np.uint64(n)):  # unsigned, for the reason that `move` gives
                average[np.uint64(start) + i] += values[np.uint64(at) + i]
            if (step + 1) % interval == 0:
                sample = (step + 1) // interval - 1
                for i in range(start, start + n):
                    taps.out[taps.place[i] + sample] = average[i] / interval
                    average[i] = 0.0
        elif interval > 1:
            if (step + 1) % interval == 0:
                sample = (step + 1) // interval - 1
                for i in range(n):
                    taps.out[taps.place[start + i] + sample] = values[at + i]
        else:
            k = step % 8
            move(taps.recent, 8 * start + k * n, values, at, n)
            if k == 7 or step == last_step:
                _write_recent(taps, step, start, n)


@njit(**HELPER)
def record_history(taps, history, row_length, column, first, last, begin):
    """Copy the steps ``first ... last`` of a block that the history holds already."""
    for j in range(len(taps.interval)):
        if taps.source[j] < 0:
            continue
        start = taps.start[j]
        for i in range(taps.start[j + 1] - start):
            source = (taps.source[j] + i) * row_length + column + first
            target = taps.place[start + i] + begin + first
            move(taps.out, target, history, source, last - first)


@njit(**HELPER)
def record_lanes(taps, history, row_length, lanes, position, step, last_step):
    """Copy up to eight steps of a batch that the history holds already.

    ``position`` is the column after the last ``step`` done; only every eighth step, or
    the last of a call, has something to do. A call that another one follows, because a
    simulation has failed, may end between.
    """
    if step % 8 and step != last_step:
        return
    begin = max(step - 1 - (step - 1) % 8, taps.first_step)
    count = step - begin
    for j in range(len(taps.interval)):
        if taps.source[j] < 0:
            continue
        start = taps.start[j]
        for i in range(0, taps.start[j + 1] - start, 8):
            row = taps.source[j] + i // lanes
            source = (row * row_length + position - count) * lanes + i % lanes
            if count == 8:
                transpose8(
                    history, source, lanes, taps.out, taps.place, start + i, begin
                )
                continue
            for t in range(count):
                for unit in range(8):
                    place = taps.place[start + i + unit] + begin + t
                    taps.out[place] = history[source + t * lanes + unit]


@njit(**HELPER)
def _write_recent(taps, step, start, n):
    """Write up to eight steps that were kept to each unit's series at once.

    A call that another one follows, because a simulation of a batch has failed, may end
    between; the steps that it kept are written by the next one.
    """
    recent = taps.recent
    begin = max(step - step % 8, taps.first_step)
    done = 0
    if step - begin == 7:
        done = n - n % 8
        for i in range(0, done, 8):
            transpose8(recent, 8 * start + i, n, taps.out, taps.place, start + i, begin)
    for i in range(done, n):
        for t in range(begin, step + 1):
            taps.out[taps.place[start + i] + t] = recent[8 * start + (t % 8) * n + i]


@njit(**HELPER)
def observe(observers, values, rows, inputs, step):
    """Let the observers see a step, and record what they keep."""
    for j in range(len(observers.interval)):
        # unsigned, for the reason that `move` gives
        at, n = np.uint64(observers.input_at[j]), np.uint64(observers.n_units[j])
        first = np.uint64(observers.unit_at[j])
        interval = observers.interval[j]
        if interval == 1:  # the mean of one value is that value
            for i in range(n):
                inputs[at + i] = values[first + i]
        else:
            for i in range(n):
                inputs[at + i] += values[first + i]
        if (step + 1) % interval == 0:
            if interval > 1:
                for i in range(n):
                    inputs[at + i] /= interval
            call_kernel(
                observers.address[j],
                rows,
                observers.state_at[j],
                inputs,
                observers.input_at[j],
                inputs,
                0,
                inputs,
                0,
                observers.param,
                observers.place,
                observers.place_at[j],
                inputs,
                0,
                observers.param,
                0,
                observers.n_units[j],
                observers.n_units[j] // _OBSERVER_LANES,
            )
            for i in range(n):
                inputs[at + i] = 0.0
    taps = observers.taps
    for j in range(len(taps.interval)):
        interval, at, start = taps.interval[j], taps.at[j], taps.start[j]
        if (step + 1) % interval == 0:
            sample = (step + 1) // interval - 1
            for i in range(taps.start[j + 1] - start):
                taps.out[taps.place[start + i] + sample] = rows[at + i]


@njit(**HELPER)
def draw_block(normal, noise, begin, n_steps):
    """Draw the random numbers of a block of steps."""
    for k in range(0, n_steps, 2):
        fill_normals(
            normal,
            noise.keys,
            noise.first,
            noise.last,
            (begin + k) * STEP_FACTOR,
            k * len(noise.keys),
        )


@njit(**HELPER)
def fill_drive(block, drive, first, count, step):
    """Write the drive of steps ``first ... first + count`` of a block."""
    n = len(drive.place)
    for k in range(first, first + count):
        column = (step + k - drive.first_step) // drive.hold
        for i in range(n):
            block[k * n + i] = drive.values[drive.place[i] + column]


@njit(**HELPER)
def first_bad(values, failed, scratch):
    """Index of the first value that is not finite, or -1.

    Values of simulations that are known to have failed are passed over.
    """
    width = max(1, VECTOR_BYTES // values.itemsize)
    # sums of zeros; four of them, since each addition waits for the one before
    even = odd = more = last = load(values, 0) * 0.0
    n = len(values)
    whole = n - n % (4 * width)
    for i in range(0, whole, 4 * width):
        even = fma(load(values, i), 0.0, even)
        odd = fma(load(values, i + width), 0.0, odd)
        more = fma(load(values, i + 2 * width), 0.0, more)
        last = fma(load(values, i + 3 * width), 0.0, last)
    for i in range(whole, n, width):
        even = fma(load(values, i), 0.0, even)
    store(scratch, 0, (even + odd) + (more + last))
    finite = True
    for i in range(width):
        finite &= scratch[i] == 0.0
    if finite:
        return -1
    for i in range(len(values)):
        if not np.isfinite(values[i]) and not failed[i % len(failed)]:
            return i
    return -1


@njit(inline="always")
def clear(target):
    """Set all elements to zero."""
    for i in range(len(target)):
        target[i] = 0.0


@njit(inline="always")
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
            populations.place_at[g],
            source,
            populations.source_at[g],
            populations.table,
            populations.table_at[g],
            populations.n_units[g],
            populations.n_tiles[g],
        )


@njit(**HELPER)
def make_room(history, n_rows, row_length, kept, position):
    """Move the last ``kept`` columns of every row to its front."""
    for row in range(n_rows):
        start = row * row_length
        move(history, start, history, start + position - kept, kept)
