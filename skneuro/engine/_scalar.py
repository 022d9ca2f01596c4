"""The names of the vector modules on single numbers, for where vectors cannot be built.

Slower, and equal to rounding: products and sums are rounded separately here.
"""

import math

import numpy as np
from numba import njit

LANES = {"f64": 1, "f32": 1}


@njit(inline="always")
def load(source, index):
    """Element of an array or pointer."""
    return source[index]


@njit(inline="always")
def store(target, index, value):
    """Write an element."""
    target[index] = value


@njit(inline="always")
def spread(target, index, stride, value):
    """Write an element."""
    target[index] = value


@njit(inline="always")
def sqrt(x):
    """Square root."""
    return np.sqrt(x)


@njit(inline="always")
def fma(x, y, z):
    """Multiply and add, rounded twice here."""
    return x * y + z


@njit(inline="always")
def floor(x):
    """Largest whole number that is not larger."""
    return np.floor(x)


@njit(inline="always")
def exp(x):
    """Exponential function."""
    return np.exp(x)


@njit(inline="always")
def exp2(x):
    """Power of two."""
    return np.exp2(x)


@njit(inline="always")
def log(x):
    """Natural logarithm."""
    return np.log(x)


@njit(inline="always")
def sin(x):
    """Sine."""
    return np.sin(x)


@njit(inline="always")
def cos(x):
    """Cosine."""
    return np.cos(x)


@njit(inline="always")
def tanh(x):
    """Hyperbolic tangent."""
    return np.tanh(x)


@njit(inline="always")
def at_least(x, bound):
    """Larger of a value and a bound that is a number; a NaN value stays NaN."""
    return bound if x < bound else x


@njit(inline="always")
def at_most(x, bound):
    """Smaller of a value and a bound that is a number; a NaN value stays NaN."""
    return bound if x > bound else x


@njit(inline="always")
def maximum(x, y):
    """Larger of two values, NaN if either is."""
    return y if (x < y or y != y) else x


@njit(inline="always")
def minimum(x, y):
    """Smaller of two values, NaN if either is."""
    return y if (x > y or y != y) else x


@njit(inline="always")
def where(condition, x, y):
    """Select x where the condition holds, else y."""
    return x if condition else y


def _transpose(n_columns):
    @njit(inline="always")
    def transpose(source, start, stride, target, place, first, shift):
        for r in range(8):
            for c in range(n_columns):
                target[place[first + c] + shift + r] = source[start + r * stride + c]

    return transpose


transpose8 = _transpose(8)
transpose4 = _transpose(4)


@njit(inline="always")
def take_corners(table, cell, start, last):
    """Eight elements of a cell, moved into 0 ... last, of 16 from ``start`` on."""
    inside = cell if cell > 0.0 else 0.0
    inside = inside if inside < last else last
    at = start + 16 * int(inside)
    return (
        table[at],
        table[at + 1],
        table[at + 2],
        table[at + 3],
        table[at + 4],
        table[at + 5],
        table[at + 6],
        table[at + 7],
    )


def _edge_sum(n_steps):
    @njit(inline="always")
    def edge_sum(out, place, stride, history, offset, weight, start, stop, shift):
        for k in range(n_steps):
            even = odd = out.dtype.type(0.0)
            for edge in range(start, stop, 2):
                even += weight[edge] * history[offset[edge] + shift + k]
                odd += weight[edge + 1] * history[offset[edge + 1] + shift + k]
            out[place + k] += even + odd

    return edge_sum


sum_32_steps = _edge_sum(32)
sum_16_steps = _edge_sum(16)
sum_8_steps = _edge_sum(8)
sum_4_steps = _edge_sum(4)


def _edge_sum_pairs(n_steps):
    @njit(inline="always")
    def edge_sum_pairs(
        out, place, second_place, stride, history, offset, weight, second_weight,
        start, stop, shift,
    ):  # fmt: skip
        for k in range(n_steps):
            first = second = out.dtype.type(0.0)
            for edge in range(start, stop):
                value = history[offset[edge] + shift + k]
                first += weight[edge] * value
                second += second_weight[edge] * value
            out[place + k] += first
            out[second_place + k] += second

    return edge_sum_pairs


pairs_32_steps = _edge_sum_pairs(32)
pairs_16_steps = _edge_sum_pairs(16)
pairs_8_steps = _edge_sum_pairs(8)
pairs_4_steps = _edge_sum_pairs(4)
lanes_pairs_4_steps = pairs_16_steps  # never called


def _edge_list(n_steps):
    @njit(inline="always")
    def edge_list(out, place, stride, history, target, offset, weight, n, shift):
        for edge in range(n):
            for k in range(n_steps):
                value = history[offset[edge] + shift + k]
                out[place + target[edge] + k * stride] += weight[edge] * value

    return edge_list


add_2_steps = _edge_list(2)
add_1_step = _edge_list(1)
# A lane is a single simulation here: the sums over lanes are never called.
lanes_4_steps, add_lanes_2_steps, add_lanes_1_step = (
    sum_4_steps,
    add_2_steps,
    add_1_step,
)


@njit(inline="always")
def dense_sum_1(out, place, weight, start, stride, source, first, n_sources):
    """Add all sources to one target."""
    for j in range(n_sources):
        out[place] += weight[start + j * stride] * source[first + j]


@njit(inline="always")
def dense_sum_4(out, place, weight, start, stride, source, first, n_sources):
    """Add all sources to four targets."""
    for i in range(4):
        dense_sum_1(out, place + i, weight, start + i, stride, source, first, n_sources)


@njit(inline="always")
def _mix(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(inline="always")
def fill_normals(out, keys, first, last, counter, place):
    """Write normals of two steps: ``out[place + i]`` and ``out[place + n + i]``."""
    n = len(keys)
    for k in range(len(first)):
        for i in range(first[k], last[k]):
            hashed = _mix(np.uint64(keys[i]) + np.uint64(counter))
            x = np.float32(hashed >> np.uint64(33)) + np.float32(0.5)
            radius = math.sqrt(-2.0 * math.log(x * 2.0**-31))
            turn = 2.0 * math.pi * 2.0**-32
            turned = turn * np.float64(hashed & np.uint64(0xFFFFFFFF))
            out[place + i] = np.float32(radius * math.cos(turned))
            out[place + n + i] = np.float32(radius * math.sin(turned))
