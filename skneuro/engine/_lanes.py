"""The integrator for batches: simulations side by side in the lanes of vectors.

All simulations of a batch share network and delays and differ in parameters, drive,
initial values and noise. Units are ordered node by node with the simulations innermost,
so kernels, noise, taps and observers are those of single runs; only the sums over edges
have their own form. They add in the same order: a simulation gives the same bits in any
lane of any batch as alone. There are as many lanes as a vector has, or several times as
many where no edges are to be summed.
"""

from numba import njit

from skneuro.engine._backend import (
    FINGERPRINT,
    add_lanes_1_step,
    add_lanes_2_steps,
    lanes_4_steps,
    lanes_pairs_4_steps,
    njit_cached,
)
from skneuro.engine._steps import (
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
    record_lanes,
)

BLOCK = 4  # fits the registers: four steps of two interleaved sums


@njit(inline="always")
def _sums_4(net, edges, history, column, lanes, n_net):
    """Make the sums of a block's four steps, level by level as single runs do."""
    sums, pairs, level = edges.sums, edges.pairs, edges.level
    for k in range(level.shape[1] - 1):
        for r in range(level[0, k], level[0, k + 1]):
            lanes_4_steps(
                net,
                sums.rows[r] * lanes,
                n_net,
                history,
                sums.offset,
                sums.weight,
                sums.start[r],
                sums.start[r + 1],
                column * lanes,
            )
        for r in range(level[1, k], level[1, k + 1]):
            lanes_pairs_4_steps(
                net,
                pairs.rows[r] * lanes,
                pairs.second_rows[r] * lanes,
                n_net,
                history,
                pairs.offset,
                pairs.weight,
                pairs.second_weight,
                pairs.start[r],
                pairs.start[r + 1],
                column * lanes,
            )


@njit(inline="always")
def _add_2(net, begin, edges, history, column, lanes, n_net):
    """Add the edges that wait for two steps."""
    add_lanes_2_steps(
        net,
        begin * n_net,
        n_net,
        history,
        edges.target,
        edges.offset,
        edges.weight,
        len(edges.target),
        (column + begin) * lanes,
    )


@njit(inline="always")
def _add_1(net, k, edges, source, n_net):
    """Add the edges that see the latest values."""
    add_lanes_1_step(
        net,
        k * n_net,
        0,
        source,
        edges.target,
        edges.offset,
        edges.weight,
        len(edges.target),
        0,
    )


def _make_advance(fingerprint):
    """Compile `advance_lanes`; the fingerprint lets numba's cache see edits."""

    @njit_cached(nogil=True, error_model="numpy", _nrt=False, no_cfunc_wrapper=True)
    def advance_lanes(
        populations, edges, state, noise, drive, taps, observers, scratch, n_steps
    ):
        """Run a number of steps of Euler's scheme; see `_integrate.advance`.

        A simulation that leaves the finite numbers does not stop the others.
        """
        if not fingerprint:
            return -1
        clock, units, source = state.clock, state.units, state.source
        history = state.history
        average, observed = state.average, state.observed
        lanes = len(state.failed)
        n_net, n_sources = len(state.carry), len(source) // lanes
        n_streams, n_driven = len(noise.keys), len(drive.place)
        row_length = len(history) // len(source)
        net, few = scratch.net, scratch.few
        normal, driven = scratch.normal, scratch.driven

        connected = has_edges(edges)
        by_step = any_by_step(taps)
        step = clock[0]
        end = step + n_steps
        while step < end:
            begin = step - step % BLOCK
            first = step - begin
            last = min(BLOCK, end - begin)
            if clock[1] - first + 2 * BLOCK > row_length:
                make_room(
                    history,
                    n_sources,
                    row_length * lanes,
                    state.kept * lanes,
                    clock[1] * lanes,
                )
                clock[1] = state.kept
            column = clock[1] - first

            begun = -1  # the sums and numbers of this block are in the scratch
            if clock[3] != begin:
                begun = first
                clock[3] = begin
                if connected:
                    clear(net)
                    _sums_4(net, edges, history, column, lanes, n_net)
                draw_block(normal, noise, begin, BLOCK)
            if n_driven:
                fill_drive(driven, drive, first, last - first, begin)

            for k in range(first, last):
                if connected:
                    if k % 2 == 0 or k == begun:
                        _add_2(net, k - k % 2, edges.two, history, column, lanes, n_net)
                    _add_1(net, k, edges.now, source, n_net)
                call_stage(
                    0,
                    populations,
                    units,
                    net,
                    k * n_net,
                    driven,
                    k * n_driven,
                    normal,
                    k * n_streams,
                    source,
                )
                place = column + k
                for i in range(n_sources):
                    at = (i * row_length + place) * lanes
                    move(history, at, source, i * lanes, lanes)
                if len(observers.models):
                    observe(observers, units, observed, state.observed_input, begin + k)
                if by_step:
                    record(taps, units, average, begin + k, end - 1)

            step = begin + last
            clock[0] = step
            clock[1] = column + last
            record_lanes(taps, history, row_length, lanes, column + last, step, end)
            bad = first_bad(units, state.failed, few)
            if bad >= 0:
                return bad
        return -1

    return advance_lanes


advance_lanes = _make_advance(FINGERPRINT)
