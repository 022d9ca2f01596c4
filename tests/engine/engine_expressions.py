"""Random expressions in the functions that equations may use."""

import numpy as np
from hypothesis import strategies as st

from skneuro.engine import (
    Table,
    absolute,
    cos,
    exp,
    floor,
    linear_over_expm1,
    log,
    maximum,
    minimum,
    sigmoid,
    sin,
    sqrt,
    tanh,
    where,
)

INPUTS, PARAMETERS = ("a", "b", "c"), ("p", "q", "r")
TABLE = Table(np.random.default_rng(5).normal(size=(4, 6, 2)), (-2.0, 0.75), (-1.5, 1))

# Every operation keeps its argument inside its domain and its value moderate.
UNARY = {
    "neg": lambda x: -x,
    "pos": lambda x: +x,
    "exp": lambda x: exp(tanh(x)),
    "log": lambda x: log(x * x + 0.5),
    "sqrt": lambda x: sqrt(x * x + 0.25),
    "sin": sin,
    "cos": cos,
    "tanh": tanh,
    "floor": lambda x: x - floor(x),
    "absolute": absolute,
    "sigmoid": sigmoid,
    "linear_over_expm1": linear_over_expm1,
    "square": lambda x: x**2,
    "cube": lambda x: (0.5 * x) ** 3,
    "inverse_square": lambda x: (1.5 + tanh(x)) ** -2,
    "root": lambda x: (x * x + 0.1) ** 0.5,
    "power": lambda x: (x * x + 0.1) ** 0.3,
    "base": lambda x: 2.5 ** tanh(x),
    "reciprocal": lambda x: 1.0 / (2.0 + sin(x)),
    "zero": lambda x: 0.0 * x + x * 0,
    "one": lambda x: 1.0 * x / 1 - 0 + (0.0 - -x),
    "minus": lambda x: -1 * x * -1.0,
}
BINARY = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / (1.25 + sin(y)),
    "div_neg": lambda x, y: x / -(1.25 + cos(y)),
    "maximum": maximum,
    "minimum": minimum,
    "less": lambda x, y: where(x < y, x, 0.5 * y),
    "less_equal": lambda x, y: where(x <= y, sin(x), y),
    "greater": lambda x, y: where(x > y, 0.0, x + y),
    "greater_equal": lambda x, y: where(x >= y, y, -1.0),
    "mask": lambda x, y: (x > y) * x - 1.0 * (x <= y),
    "low": lambda x, y: TABLE(x, y)[0],
    "high": lambda x, y: TABLE(y, x)[1],
}

leaves = st.one_of(
    st.sampled_from(INPUTS),
    st.sampled_from(PARAMETERS),
    st.sampled_from([0.0, 1.0, -1.0, 2.0, 0.7]),
)
trees = st.recursive(
    leaves,
    lambda children: st.one_of(
        st.tuples(st.sampled_from(sorted(UNARY)), children),
        st.tuples(st.sampled_from(sorted(BINARY)), children, children),
    ),
    max_leaves=12,
)


def compute(tree, values):
    """Value of a tree, for leaves of any kind."""
    if isinstance(tree, str):
        return values[tree]
    if isinstance(tree, float):
        return tree
    operation = UNARY.get(tree[0]) or BINARY[tree[0]]
    return operation(*(compute(branch, values) for branch in tree[1:]))


def operations(tree):
    """Names of the operations of a tree."""
    if not isinstance(tree, tuple):
        return set()
    return {tree[0]}.union(*(operations(branch) for branch in tree[1:]))
