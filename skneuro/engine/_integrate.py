"""The integrator: blocks of steps, delayed sums, populations, observers, taps.

It knows source rows (histories), target rows (delayed sums), edges between them,
populations that are advanced by kernels called through their address, observers that
integrate along (haemodynamics), and taps that record. It knows no model.

Time is cut into blocks of 16 steps at multiples of 16. A block begins with all sums
over edges whose lag is at least 16 steps, every other block with those of 32 steps for
itself and the next one; shorter lags are summed 8, 4, 2 or 1 steps at a time inside a
block. Histories are linear in time, one row per source; when a row is full
its last columns are moved to the front. All of this depends on the step number alone,
so a run that is interrupted and continued anywhere gives the same bits.
"""

from numba import njit

from skneuro.engine._backend import (
    FINGERPRINT,
    add_1_step,
    add_2_steps,
    dense_sum_1,
    dense_sum_4,
    load,
    njit_cached,
    pairs_4_steps,
    pairs_8_steps,
    pairs_16_steps,
    pairs_32_steps,
    spread,
    sum_4_steps,
    sum_8_steps,
    sum_16_steps,
    sum_32_steps,
    transpose4,
)
from skneuro.engine._steps import (
    HELPER,
    VECTOR_BYTES,
    any_by_step,
    call_stage,
    clear,
    draw_block,
    fill_drive,
    first_bad,
    has_edges,
    make_room,
    move,
    observe,
    record,
    record_history,
)

BLOCK = 16
WIDE = 2 * BLOCK  # steps of a row of the sums that are made at once


def _make_level(number, sum_steps, pairs_steps):
    """Make the sums over edges of one level, target by target."""

    @njit(**HELPER)
    def add_sums(wide, begin, sums, pairs, level, history, column):
        """Add the sums of the steps from ``begin`` on to all of their targets."""
        for r in range(level[0, number], level[0, number + 1]):
            sum_steps(
                wide,
                sums.rows[r] * WIDE + begin,
                0,
                history,
                sums.offset,
                sums.weight,
                sums.start[r],
                sums.start[r + 1],
                column + begin,
            )
        for r in range(level[1, number], level[1, number + 1]):
            pairs_steps(
                wide,
                pairs.rows[r] * WIDE + begin,
                pairs.second_rows[r] * WIDE + begin,
                0,
                history,
                pairs.offset,
                pairs.weight,
                pairs.second_weight,
                pairs.start[r],
                pairs.start[r + 1],
                column + begin,
            )

    return add_sums


_add_32 = _make_level(0, sum_32_steps, pairs_32_steps)
_add_16 = _make_level(1, sum_16_steps, pairs_16_steps)
_add_8 = _make_level(2, sum_8_steps, pairs_8_steps)
_add_4 = _make_level(3, sum_4_steps, pairs_4_steps)


@njit(**HELPER)
def _turn(net, wide, half, net_place, begin, n_targets):
    """Write four steps of all targets step by step."""
    whole = n_targets - n_targets % 8
    for target in range(0, whole, 8):
        first = target * WIDE + half + begin
        transpose4(wide, first, WIDE, net, net_place, begin, target)
    for target in range(whole, n_targets):
        for k in range(begin, begin + 4):
            net[k * n_targets + target] = wide[target * WIDE + half + k]


@njit(inline="always")
def _history_sums(net, wide, half, net_place, edges, history, column, k, first):
    """Complete the sums over past values for step k of a block.

    The block is the part of ``wide`` that begins at ``half``. Those of 8 and 4 steps at
    once are added when their first step, or the first step of the run, is reached.
    """
    n_targets = len(net) // BLOCK
    if k % 4 == 0 or k == first:
        begin, start = half + k, column - half
        sums, pairs, level = edges.sums, edges.pairs, edges.level
        if k % 8 == 0 or k == first:
            _add_8(wide, begin - begin % 8, sums, pairs, level, history, start)
        _add_4(wide, begin - begin % 4, sums, pairs, level, history, start)
        _turn(net, wide, half, net_place, k - k % 4, n_targets)
    two, one = edges.two, edges.one
    if k % 2 == 0 or k == first:
        begin = k - k % 2
        add_2_steps(
            net,
            begin * n_targets,
            n_targets,
            history,
            two.target,
            two.offset,
            two.weight,
            len(two.target),
            column + begin,
        )
    add_1_step(
        net,
        k * n_targets,
        0,
        history,
        one.target,
        one.offset,
        one.weight,
        len(one.target),
        column + k,
    )


@njit(**HELPER)
def _dense_sums(sums, dense, source):
    """Sum over matrices of edges that see the latest values."""
    width = max(1, VECTOR_BYTES // sums.itemsize)
    for j in range(len(dense.blocks)):
        block = dense.blocks[j]
        at, n = block.target_at, block.n_columns
        first, n_sources = block.source_at, block.n_sources
        column = 0
        while column + 4 * width <= n:
            weight_at = block.weight_at + column
            dense_sum_4(
                sums, at + column, dense.weight, weight_at, n, source, first, n_sources
            )
            column += 4 * width
        while column < n:
            weight_at = block.weight_at + column
            dense_sum_1(
                sums, at + column, dense.weight, weight_at, n, source, first, n_sources
            )
            column += width


@njit(inline="always")
def _latest_sums(sums, edges, source):
    """Sum over edges that see the latest values, the last part of all sums."""
    _dense_sums(sums, edges.dense, source)
    now = edges.now
    add_1_step(
        sums, 0, 0, source, now.target, now.offset, now.weight, len(now.target), 0
    )
    for i in range(len(edges.padding)):
        sums[edges.padding[i]] = sums[edges.padded_like[i]]


def _make_advance(fingerprint):
    """Compile `advance`; the fingerprint lets numba's cache see edits elsewhere."""

    @njit_cached(nogil=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)
    def advance(
        populations, edges, state, noise, drive, taps, observers, scratch, n_steps
    ):
        """Run a number of steps.

        Parameters
        ----------
        populations : Populations
            Kernels and parameters.
        edges : Edges
            Network.
        state : State
            Changed in place.
        noise : Noise
            Streams of random numbers.
        drive : Drive
            Inputs from outside.
        taps : Taps
            Recordings of states.
        observers : Observers
            Models that look on, and their recordings.
        scratch : Scratch
            Working memory.
        n_steps : int
            Steps to run.

        Returns
        -------
        int
            -1, or the first element of the state that is not finite; the run then
            stops at the end of that block.
        """
        if not fingerprint:
            return -1
        clock, units, source = state.clock, state.units, state.source
        history, carry = state.history, state.carry
        average, observed = state.average, state.observed
        n_stages = populations.address.shape[0]
        heun = n_stages == 2
        n_targets, n_sources = len(carry), len(source)
        n_streams, n_driven = len(noise.keys), len(drive.place)
        row_length = len(history) // n_sources
        width = max(1, VECTOR_BYTES // source.itemsize)
        whole = n_sources - n_sources % width  # one number where nobody sees any
        net, wide, sums, few = scratch.net, scratch.wide, scratch.sums, scratch.few
        normal, driven = scratch.normal, scratch.driven
        net_place = scratch.net_place

        connected = has_edges(edges)
        by_step = any_by_step(taps)
        step = clock[0]
        end = step + n_steps
        while step < end:
            # Heun's scheme begins with the sums at the start of the very first step:
            # a step before that is done as far as its sums.
            before = 1 if heun and connected and clock[2] == 0 else 0
            begin = step - before - (step - before) % BLOCK
            first = step - before - begin
            last = min(BLOCK, end - begin)
            if clock[1] - first + 2 * BLOCK > row_length:
                make_room(history, n_sources, row_length, state.kept, clock[1])
                clock[1] = state.kept
            column = clock[1] - before - first
            half = begin % WIDE

            begun = -1  # the sums and numbers of this block are in the scratch
            if before or clock[3] != begin:
                begun = first
                clock[3] = begin
                if connected:
                    start = column - half
                    rows, pairs, level = edges.sums, edges.pairs, edges.level
                    if clock[4] != begin - half:
                        clock[4] = begin - half
                        clear(wide)
                        _add_32(wide, 0, rows, pairs, level, history, start)
                    _add_16(wide, half, rows, pairs, level, history, start)
                draw_block(normal, noise, begin, BLOCK)
            if n_driven and not before:
                fill_drive(driven, drive, first, last - first, begin)

            for k in range(first, last):
                if connected:
                    _history_sums(
                        net, wide, half, net_place, edges, history, column, k, begun
                    )
                at = k * n_targets
                if before:
                    move(carry, 0, net, at, n_targets)
                    break
                for stage in range(n_stages):
                    if stage == 0 and heun:
                        move(sums, 0, carry, 0, n_targets)
                        move(carry, 0, net, at, n_targets)
                    elif connected:
                        move(sums, 0, net, at, n_targets)
                    if connected:
                        _latest_sums(sums, edges, source)
                    call_stage(
                        stage,
                        populations,
                        units,
                        sums,
                        0,
                        driven,
                        k * n_driven,
                        normal,
                        k * n_streams,
                        source,
                    )
                place = column + k
                for i in range(0, whole, width):
                    at = i * row_length + place
                    spread(history, at, row_length, load(source, i))
                if len(observers.models):
                    observe(observers, units, observed, state.observed_input, begin + k)
                if by_step:
                    record(taps, units, average, begin + k, end - 1)

            if before:
                clock[2], clock[3], clock[4] = 1, -1, -1
                continue
            record_history(taps, history, row_length, column, first, last, begin)
            step = begin + last
            clock[0] = step
            clock[1] = column + last
            bad = first_bad(units, state.failed, few)
            if bad >= 0:
                return bad
        return -1

    return advance


advance = _make_advance(FINGERPRINT)
