"""All steps of some trials at once, in explicit vectors.

A step is a product of a few rows with a matrix, whose sums stay in registers until
they are states and rates. The matrix lies in panels, as wide as a vector, so that its
numbers come from memory one after the other; a tile is eight rows of one panel. Sums
run over the columns of rows in their order, whatever the number of trials.
"""

import numpy as np
from numba import njit

from skneuro.engine._backend import FINGERPRINT
from skneuro.engine._simd import (
    LANES,
    fma,
    load,
    maximum,
    repeat,
    sqrt,
    store,
    where,
)
from skneuro.engine._simd_exp import exp
from skneuro.engine._simd_math import log, tanh
from skneuro.utils._numba import njit_cached

TILE = 8  # rows
ACTIVATIONS = ("relu", "tanh", "sigmoid", "retanh", "linear", "power", "softplus")
_RELU, _TANH, _SIGMOID, _RETANH, _, _POWER, _SOFTPLUS = range(7)
N_LANES = {"float32": LANES["f32"], "float64": LANES["f64"]}


def panels_of(matrix):
    """Lay a matrix in panels.

    Parameters
    ----------
    matrix : ndarray of shape (n_rows, n_columns)
        Numbers.

    Returns
    -------
    ndarray of shape (n_panels * n_rows * n_lanes,)
        Row by row the first columns, as many as a vector is wide; then row by row the
        next ones. Missing columns are zero.
    """
    n_lanes = N_LANES[matrix.dtype.name]
    n_rows, n_columns = matrix.shape
    n_panels = -(-n_columns // n_lanes)
    panels = np.zeros((n_panels, n_rows, n_lanes), matrix.dtype)
    for p in range(n_panels):
        part = matrix[:, p * n_lanes : (p + 1) * n_lanes]
        panels[p, :, : part.shape[1]] = part
    return panels.ravel()


@njit(forceinline=True)
def _rate(activation, v):
    """Compute the rate of a state; what is not a number stays so."""
    if activation == _RELU:
        return where(v < 0.0, 0.0, v)
    if activation == _TANH:
        return tanh(v)
    if activation == _SIGMOID:
        return 1.0 / (1.0 + exp(-v))
    if activation == _RETANH:
        return tanh(where(v < 0.0, 0.0, v))
    if activation == _POWER:
        return where(v < 0.0, 0.0, v * v)
    if activation == _SOFTPLUS:
        small = exp(-maximum(v, -v))
        u = 1.0 + small  # log(1 + small), also where 1 + small is 1
        log1p = where(u == 1.0, small, log(u) * (small / (u - 1.0)))
        return where(v < 0.0, log1p, v + log1p)
    return v


@njit(forceinline=True)
def _slope(activation, r):
    """Compute the derivative of the rate, given the rate."""
    if activation == _RELU:
        return where(r > 0.0, 1.0, 0.0)
    if activation == _TANH:
        return 1.0 - r * r
    if activation == _SIGMOID:
        return r * (1.0 - r)
    if activation == _RETANH:
        return where(r > 0.0, 1.0 - r * r, 0.0)
    if activation == _POWER:
        return 2.0 * sqrt(r)
    if activation == _SOFTPLUS:
        u = exp(-r)  # 1 - u, also where that is rounded away
        small = where(u == 1.0, r, (1.0 - u) * (r / -log(u)))
        return where(r > 1.0, 1.0 - u, small)
    return where(r > 0.0, 1.0, 1.0)


@njit(error_model="numpy")
def _multiply(rows, begin, width, last, panels, panel, depth, sums):
    """Multiply a tile of rows with a panel.

    Rows are ``width`` numbers apart from ``begin`` on; those after ``last`` are it.
    """
    n_lanes = 64 // rows.itemsize
    o0, o1 = begin, begin + min(1, last) * width
    o2, o3 = begin + min(2, last) * width, begin + min(3, last) * width
    o4, o5 = begin + min(4, last) * width, begin + min(5, last) * width
    o6, o7 = begin + min(6, last) * width, begin + min(7, last) * width
    column = load(panels, panel)
    s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = where(column < column, column, 0.0)
    for k in range(depth):
        column = load(panels, panel + k * n_lanes)
        s0 = fma(repeat(rows, o0 + k), column, s0)
        s1 = fma(repeat(rows, o1 + k), column, s1)
        s2 = fma(repeat(rows, o2 + k), column, s2)
        s3 = fma(repeat(rows, o3 + k), column, s3)
        s4 = fma(repeat(rows, o4 + k), column, s4)
        s5 = fma(repeat(rows, o5 + k), column, s5)
        s6 = fma(repeat(rows, o6 + k), column, s6)
        s7 = fma(repeat(rows, o7 + k), column, s7)
    store(sums, 0, s0)
    store(sums, n_lanes, s1)
    store(sums, 2 * n_lanes, s2)
    store(sums, 3 * n_lanes, s3)
    store(sums, 4 * n_lanes, s4)
    store(sums, 5 * n_lanes, s5)
    store(sums, 6 * n_lanes, s6)
    store(sums, 7 * n_lanes, s7)


@njit(error_model="numpy")
def _add_products(block, rows, begin, n_steps, m, first, sums):
    """Add the products of gradients with rows, over steps and trials, to sums."""
    n_lanes = 64 // rows.itemsize
    n_samples, width, high = rows.shape[1], rows.shape[2], block.shape[2]
    gradients, flat, found = block.ravel(), rows.ravel(), sums.ravel()
    for c in range(0, width, n_lanes):
        for d in range(0, len(sums), TILE):
            at = d * width + c
            s0, s1 = load(found, at), load(found, at + width)
            s2, s3 = load(found, at + 2 * width), load(found, at + 3 * width)
            s4, s5 = load(found, at + 4 * width), load(found, at + 5 * width)
            s6, s7 = load(found, at + 6 * width), load(found, at + 7 * width)
            for k in range(n_steps):
                x = ((begin + k) * n_samples + first) * width + c
                g = k * m * high + d
                for _ in range(m):
                    row = load(flat, x)
                    s0 = fma(repeat(gradients, g), row, s0)
                    s1 = fma(repeat(gradients, g + 1), row, s1)
                    s2 = fma(repeat(gradients, g + 2), row, s2)
                    s3 = fma(repeat(gradients, g + 3), row, s3)
                    s4 = fma(repeat(gradients, g + 4), row, s4)
                    s5 = fma(repeat(gradients, g + 5), row, s5)
                    s6 = fma(repeat(gradients, g + 6), row, s6)
                    s7 = fma(repeat(gradients, g + 7), row, s7)
                    x += width
                    g += high
            store(found, at, s0)
            store(found, at + width, s1)
            store(found, at + 2 * width, s2)
            store(found, at + 3 * width, s3)
            store(found, at + 4 * width, s4)
            store(found, at + 5 * width, s5)
            store(found, at + 6 * width, s6)
            store(found, at + 7 * width, s7)


@njit_cached(nogil=True, error_model="numpy", made_of=FINGERPRINT)
def advance(
    first, stop, activation, rows, inputs, panels, decay, states, push, noise, kept
):
    """Run trials ``first`` to ``stop`` over all steps.

    Parameters
    ----------
    first, stop : int
        Trials.
    activation : int
        Place in `ACTIVATIONS`.
    rows : ndarray of shape (n_times + 1, n_samples, width)
        Where rates go, and beside them the inputs of the next step, a one and zeros.
        The rates before the first step are there; C-contiguous, as all but inputs.
    inputs : ndarray of shape (n_times, n_samples, n_inputs)
        Inputs.
    panels : ndarray
        Panels of what makes currents of a row, (n_units + n_inputs + 1, n_units).
    decay : ndarray of shape (n_units,)
        What remains of a state.
    states : ndarray of shape (n_samples, n_units)
        States, which are replaced by the last ones.
    push, noise : ndarray of shape (n_times or 0, n_samples, n_units)
        Added to states and to rates.
    kept : ndarray of shape (n_times or 0, n_samples, n_units)
        Where states go.
    """
    n_lanes = 64 // rows.itemsize
    n_times, n_samples, n_inputs = inputs.shape
    n_units, width, m = states.shape[1], rows.shape[2], stop - first
    n_panels, depth = -(-n_units // n_lanes), n_units + n_inputs + 1
    n_padded = n_panels * n_lanes
    flat = rows.ravel()
    state = np.zeros((m, n_padded), rows.dtype)
    state[:, :n_units] = states[first:stop]
    flat_state = state.ravel()
    added = np.zeros((m, n_padded), rows.dtype)
    flat_added = added.ravel()
    padded_decay = np.zeros(n_padded, rows.dtype)
    padded_decay[:n_units] = decay
    sums = np.empty(TILE * n_lanes, rows.dtype)
    pushed = len(push) > 0
    for t in range(-1, n_times):
        begin = (t * n_samples + first) * width
        after = begin + n_samples * width
        if t >= 0:
            if pushed:
                added[:, :n_units] = push[t, first:stop]
            for p in range(n_panels):
                c = p * n_lanes
                panel = c * depth
                for i in range(0, m, TILE):
                    n = min(TILE, m - i)
                    here = begin + i * width
                    _multiply(flat, here, width, n - 1, panels, panel, depth, sums)
                    for r in range(n):
                        at = (i + r) * n_padded + c
                        v = load(sums, r * n_lanes)
                        v = fma(load(padded_decay, c), load(flat_state, at), v)
                        if pushed:
                            v = v + load(flat_added, at)
                        store(flat_state, at, v)
                        rate = _rate(activation, v)
                        store(flat, after + (i + r) * width + c, rate)
            if len(kept):
                kept[t, first:stop] = state[:, :n_units]
            if len(noise):
                rows[t + 1, first:stop, :n_units] += noise[t, first:stop]
        for i in range(first, stop):
            for j in range(n_units, width):
                rows[t + 1, i, j] = 0.0
            if t + 1 < n_times:
                for j in range(n_inputs):
                    rows[t + 1, i, n_units + j] = inputs[t + 1, i, j]
                rows[t + 1, i, n_units + n_inputs] = 1.0
    states[first:stop] = state[:, :n_units]


@njit_cached(nogil=True, error_model="numpy", made_of=FINGERPRINT)
def retreat(
    first,
    stop,
    activation,
    size,
    rows,
    panels,
    decay,
    grad_rates,
    grad_last,
    grad_outputs,
    states,
    noisy,
    kept,
    deltas,
    sums,
    decay_sums,
):
    """Take gradients of trials ``first`` to ``stop`` back over all steps.

    Row t of a block holds the gradients of states at step t, and beside them those of
    the outputs before it, so that one product takes both back to the rates before it,
    and one, with the rows of `advance`, makes the gradients of all weights.

    Parameters
    ----------
    first, stop : int
        Trials.
    activation : int
        Place in `ACTIVATIONS`.
    size : int
        Steps in a block, whose weight gradients are made together.
    rows : ndarray of shape (n_times + 1, n_samples, width)
        Filled by `advance`; C-contiguous, as all arrays.
    panels : ndarray
        Panels of what takes a row back to rates, (n_units + n_outputs, n_units).
    decay : ndarray of shape (n_units,)
        What remains of a state.
    grad_rates : ndarray of shape (n_times or 0, n_samples, n_units)
        What reaches the rates from outside.
    grad_last : ndarray of shape (n_samples or 0, n_units)
        What reaches the last states.
    grad_outputs : ndarray of shape (n_times or 0, n_samples, n_outputs)
        What reaches the outputs.
    states : ndarray of shape (n_samples, n_units)
        States before the first step.
    noisy : bool
        Whether noise was added to the rates.
    kept : ndarray of shape (n_times or 0, n_samples, n_units)
        States; needed where rates are noisy or ``decay_sums`` is asked for.
    deltas : ndarray of shape (n_times or 1, n_samples, n_units)
        Where the gradients of states go; with one row those of the first step.
    sums : ndarray of shape (n_sums, width)
        Sums over steps of the products of both kinds of rows; added to. As many as
        there are units and outputs, and up to a multiple of `TILE`.
    decay_sums : ndarray of shape (n_units or 0,)
        Gradient of the decay; added to.
    """
    n_lanes = 64 // rows.itemsize
    n_samples, width = rows.shape[1:]
    n_times, m = len(rows) - 1, stop - first
    n_units, n_outputs = len(decay), grad_outputs.shape[2] if len(grad_outputs) else 0
    n_panels, depth = -(-n_units // n_lanes), n_units + n_outputs
    n_padded = n_panels * n_lanes
    n_back = -(-depth // n_lanes) * n_lanes
    padded_decay = np.zeros(n_padded, rows.dtype)
    padded_decay[:n_units] = decay
    # the last row of a block is what follows it
    block = np.zeros((size + 1, m, n_back), rows.dtype)
    added = np.zeros((m, n_padded), rows.dtype)
    quiet = np.zeros((m, n_padded), rows.dtype)  # states
    flat_block, flat_added, flat_quiet = block.ravel(), added.ravel(), quiet.ravel()
    tile = np.empty(TILE * n_lanes, rows.dtype)
    asked = len(grad_rates) > 0
    flat = rows.ravel()
    top = n_times % size if n_times % size else size
    if len(grad_outputs):
        block[top, :, n_units : n_units + n_outputs] = grad_outputs[-1, first:stop]
    for t in range(n_times - 1, -1, -1):
        k = t % size
        if asked:
            added[:, :n_units] = grad_rates[t, first:stop]
        if noisy:
            quiet[:, :n_units] = kept[t, first:stop]
        to, follow = k * m * n_back, (k + 1) * m * n_back
        after = ((t + 1) * n_samples + first) * width
        for p in range(n_panels):
            c = p * n_lanes
            panel = c * depth
            for i in range(0, m, TILE):
                n = min(TILE, m - i)
                here = follow + i * n_back
                _multiply(flat_block, here, n_back, n - 1, panels, panel, depth, tile)
                for r in range(n):
                    at = (i + r) * n_padded + c
                    reached = load(tile, r * n_lanes)
                    if asked:
                        reached = reached + load(flat_added, at)
                    if noisy:
                        rate = _rate(activation, load(flat_quiet, at))
                    else:
                        rate = load(flat, after + (i + r) * width + c)
                    reached = reached * _slope(activation, rate)
                    at = (i + r) * n_back + c
                    later = load(flat_block, follow + at)
                    delta = fma(load(padded_decay, c), later, reached)
                    store(flat_block, to + at, delta)
        for i in range(m):
            for j in range(n_units, n_back):
                block[k, i, j] = 0.0
            if len(grad_outputs) and t > 0:
                for j in range(n_outputs):
                    block[k, i, n_units + j] = grad_outputs[t - 1, first + i, j]
        if t == n_times - 1 and len(grad_last):
            block[k, :, :n_units] += grad_last[first:stop]
        if len(decay_sums):
            before = states if t == 0 else kept[t - 1]
            for i in range(m):
                for j in range(n_units):
                    decay_sums[j] += block[k, i, j] * before[first + i, j]
        if len(deltas) == n_times or t == 0:
            deltas[t, first:stop] = block[k, :, :n_units]
        if k == 0:
            _add_products(block, rows, t, top, m, first, sums)
            block[size] = block[0]
            top = size
