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
from skneuro.engine._calls import call_kernel, move
from skneuro.engine._noise import STEP_FACTOR

VECTOR_BYTES = 64 if VECTORS else 0
_OBSERVER_LANES = LANES["f64"]
_FEW = 4  # nodes that are recorded at once, more of them eight steps later
# For functions that compiled code alone calls: no run-time library, no wrappers.
HELPER = {"_nrt": False, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


@njit(inline="always")
def has_edges(edges):
    """Whether there is anything to sum: else all sums stay the zeros of the scratch."""
    now = len(edges.now.target) + len(edges.dense.blocks)
    few = len(edges.two.target) + len(edges.one.target)
    return len(edges.sums.rows) + len(edges.pairs.rows) + few + now > 0


@njit(inline="always")
def any_by_step(taps):
    """Whether there is a tap that `record` serves."""
    found = False
    for j in range(len(taps.rows)):
        found |= taps.rows[j].source < 0
    return found


@njit(inline="always")
def record(taps, values, average, step, last_step):
    """Serve the taps after a step; ``last_step`` is that of this call."""
    for j in range(len(taps.rows)):
        row = taps.rows[j]
        if row.source >= 0:
            continue
        if row.averages or row.interval > 1:
            _record_sample(taps, j, values, average, step)
            continue
        n, k = row.n_units, step % 8
        if n <= _FEW:
            for i in range(n):
                taps.out[taps.place[row.start + i] + step] = values[row.at + i]
            continue
        move(taps.recent, 8 * row.start + k * n, values, row.at, n)
        if k == 7 or step == last_step:
            _write_recent(taps, step, row.start, n)


@njit(**HELPER)
def _record_sample(taps, j, values, average, step):
    """Serve a tap that samples or averages over several steps."""
    row = taps.rows[j]
    start, n, interval = row.start, row.n_units, row.interval
    at = np.uint64(row.at)  # unsigned, for the reason that `move` gives
    if row.averages:
        for i in range(np.uint64(n)):
            average[np.uint64(start) + i] += values[at + i]
    if (step + 1) % interval:
        return
    sample = (step + 1) // interval - 1
    for i in range(n):
        place = taps.place[start + i] + sample
        if row.averages:
            taps.out[place] = average[start + i] / interval
            average[start + i] = 0.0
        else:
            taps.out[place] = values[at + np.uint64(i)]


@njit(**HELPER)
def record_history(taps, history, row_length, column, first, last, begin):
    """Copy the steps ``first ... last`` of a block that the history holds already."""
    for j in range(len(taps.rows)):
        row = taps.rows[j]
        if row.source < 0:
            continue
        for i in range(row.n_units):
            source = (row.source + i) * row_length + column + first
            target = taps.place[row.start + i] + begin + first
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
    for j in range(len(taps.rows)):
        row = taps.rows[j]
        if row.source < 0:
            continue
        start = row.start
        for i in range(0, row.n_units, 8):
            past = (row.source + i // lanes) * row_length + position - count
            source = past * lanes + i % lanes
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
    for j in range(len(observers.models)):
        model = observers.models[j]
        # unsigned, for the reason that `move` gives
        at, n = np.uint64(model.input_at), np.uint64(model.n_units)
        first = np.uint64(model.unit_at)
        interval = model.interval
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
                model.address,
                rows,
                model.state_at,
                inputs,
                model.input_at,
                inputs,
                0,
                inputs,
                0,
                observers.param,
                observers.place,
                model.place_at,
                inputs,
                0,
                observers.param,
                0,
                model.n_units,
                model.n_units // _OBSERVER_LANES,
            )
            for i in range(n):
                inputs[at + i] = 0.0
    taps = observers.taps
    for j in range(len(taps.rows)):
        row = taps.rows[j]
        if (step + 1) % row.interval == 0:
            sample = (step + 1) // row.interval - 1
            for i in range(row.n_units):
                taps.out[taps.place[row.start + i] + sample] = rows[row.at + i]


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
    for g in range(len(populations.groups)):
        group = populations.groups[g]
        call_kernel(
            populations.address[stage, g],
            units,
            group.state_at,
            net,
            net_at + group.net_at,
            driven,
            drive_at + group.drive_at,
            normal,
            normal_at + group.normal_at,
            populations.param,
            populations.place,
            group.place_at,
            source,
            group.source_at,
            populations.table,
            group.table_at,
            group.n_units,
            group.n_tiles,
        )


@njit(**HELPER)
def make_room(history, n_rows, row_length, kept, position):
    """Move the last ``kept`` columns of every row to its front."""
    for row in range(n_rows):
        start = row * row_length
        move(history, start, history, start + position - kept, kept)
