"""The graph of traced equations: equal values, hoisting, derivatives, clear errors."""

import math

import numpy as np
import pytest
from engine_expressions import (
    BINARY,
    INPUTS,
    PARAMETERS,
    UNARY,
    compute,
    trees,
)
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from skneuro.engine import exp, maximum, minimum, sin, where
from skneuro.engine._trace import Graph, Traced, differentiate, evaluate

EVERY_OPERATION = [(name, "a") for name in UNARY] + [
    (name, x, y) for name in BINARY for x, y in (("a", "b"), ("a", "p"), ("p", 2.0))
]


def make_leaves(graph):
    leaves = {name: graph.node("input", name) for name in INPUTS}
    return leaves | {name: graph.node("param", name) for name in PARAMETERS}


def draw_values(seed, n=3):
    rng = np.random.default_rng(seed)
    values = {name: rng.normal(scale=1.5, size=n) for name in INPUTS}
    return values | {name: rng.uniform(0.3, 2.5, size=n) for name in PARAMETERS}


def as_leaves(values):
    return {
        ("input" if name in INPUTS else "param", name): value
        for name, value in values.items()
    }


def is_smooth(tree, values, shift=1e-9):
    """Whether a tree has no jump nearby, where rounding would decide the side."""
    here = compute(tree, values)
    for name in values:
        moved = compute(tree, {**values, name: values[name] + shift})
        if not np.all(np.abs(moved - here) < 1e3 * shift):
            return False
    return np.all(np.abs(here) < 1e4)


def traced(tree):
    graph = Graph()
    return graph.constant(compute(tree, make_leaves(graph)))


@pytest.mark.parametrize("tree", EVERY_OPERATION, ids=str)
def test_every_operation_keeps_its_value(tree):
    values = draw_values(0, n=50)
    (got,) = evaluate([traced(tree)], as_leaves(values))
    np.testing.assert_allclose(got, compute(tree, values), rtol=1e-13)


@settings(max_examples=300, deadline=None)
@given(tree=trees, seed=st.integers(0, 1000))
@example(tree=("sub", ("add", "a", "p"), "q"), seed=0)
@example(tree=("sub", ("sub", "p", "a"), "q"), seed=0)
@example(tree=("add", ("sub", "a", "p"), ("neg", ("mul", "b", "p"))), seed=0)
@example(tree=("mul", ("mul", "a", "p"), ("div", "q", "p")), seed=0)
def test_simplification_keeps_values(tree, seed):
    values = draw_values(seed)
    assume(is_smooth(tree, values))
    (got,) = evaluate([traced(tree)], as_leaves(values))
    np.testing.assert_allclose(got, compute(tree, values), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(
    ("write", "equal"),
    [
        (lambda x, p, q: x + 0, lambda x, p, q: x),
        (lambda x, p, q: 0.0 + x, lambda x, p, q: x),
        (lambda x, p, q: x - 0, lambda x, p, q: x),
        (lambda x, p, q: 0 - x, lambda x, p, q: -x),
        (lambda x, p, q: -(0 - x), lambda x, p, q: x),
        (lambda x, p, q: x + -p, lambda x, p, q: x - p),
        (lambda x, p, q: -p + x, lambda x, p, q: x - p),
        (lambda x, p, q: x - -p, lambda x, p, q: x + p),
        (lambda x, p, q: 1 * x * 1.0, lambda x, p, q: x),
        (lambda x, p, q: x * -1, lambda x, p, q: -x),
        (lambda x, p, q: x / 1, lambda x, p, q: x),
        (lambda x, p, q: x**1, lambda x, p, q: x),
        (lambda x, p, q: x**2, lambda x, p, q: x * x),
        (lambda x, p, q: x**0.5 * x**0.5, lambda x, p, q: (x**0.5) ** 2),
        (lambda x, p, q: p * x, lambda x, p, q: x * p),
        (lambda x, p, q: (p * x) * q, lambda x, p, q: x * (p * q)),
        (lambda x, p, q: q + (p + x), lambda x, p, q: x + (p + q)),
        (lambda x, p, q: (x + p) - q, lambda x, p, q: x + (p - q)),
        (lambda x, p, q: (x - p) - q, lambda x, p, q: x - (p + q)),
        (lambda x, p, q: (x - p) + q, lambda x, p, q: x - (p - q)),
        (lambda x, p, q: -(x * p), lambda x, p, q: x * -p),
        (lambda x, p, q: x / p, lambda x, p, q: x * (1 / p)),
    ],
)
def test_equal_expressions_become_one_node(write, equal):
    graph = Graph()
    x, p, q = (
        graph.node(*leaf) for leaf in (("input", "x"), ("param", "p"), ("param", "q"))
    )
    assert write(x, p, q) is equal(x, p, q)


def test_repeated_work_is_shared():
    graph = Graph()
    x = graph.node("input", "x")
    first = exp(sin(x) * 2.0) + 1.0
    size = len(graph.nodes)
    assert exp(sin(x) * 2.0) + 1.0 is first
    assert len(graph.nodes) == size


def test_what_depends_on_parameters_only_is_hoisted():
    graph = Graph()
    x, p, q = (
        graph.node(*leaf) for leaf in (("input", "x"), ("param", "p"), ("param", "q"))
    )
    assert exp(p * q + 1.0).pure
    assert where(p < q, p, 2.0).pure
    assert not (x * p).pure
    assert not where(p < q, x, 2.0).pure
    # All parameters of a chain meet in one pure factor, so a step multiplies once.
    scaled = p * x * q / p * 3.0
    assert scaled.op == "mul"
    assert scaled.args[0] is x
    assert scaled.args[1].pure


def test_only_what_outputs_need_is_reachable():
    graph = Graph()
    x, y = graph.node("input", "x"), graph.node("input", "y")
    wanted, unwanted = x * 2.0, exp(y)
    needed = {node.index for node in graph.reachable([wanted])}
    assert needed == {x.index, wanted.args[1].index, wanted.index}
    assert unwanted.index not in needed


def test_constants_fold_as_numpy_computes_them():
    graph = Graph()
    one, zero = graph.constant(1.0), graph.constant(0.0)
    for node, expected in (
        (one / zero, np.inf),
        (-one / zero, -np.inf),
        (zero / zero, np.nan),
        (exp(one * 1000.0), np.inf),
        ((-one) ** 0.3, np.nan),
        (maximum(zero / zero, 1.0), np.nan),
        (one + 2.0 * exp(zero), 3.0),
    ):
        assert node.op == "const"
        np.testing.assert_equal(node.args[0], expected)


@pytest.mark.parametrize(
    "exponent", [2, 2.0, np.int64(2), np.float32(2), 3, -2, 0, 0.5, np.float32(0.5)]
)
def test_powers_of_negative_numbers(exponent):
    graph = Graph()
    x = graph.node("input", "x")
    values = np.array([-1.5, 2.0])
    (got,) = evaluate([x**exponent], {("input", "x"): values})
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(got, values**exponent, rtol=1e-15)


def test_comparisons_count_as_numbers():
    graph = Graph()
    x, y = graph.node("input", "x"), graph.node("input", "y")
    outputs = [
        (x < y) * 2.0 + (x == y) - (x != y),
        -(x >= y),
        where((x < y) + (x == y), 5.0, 6.0),
        where(x, 1.0, 2.0),
    ]
    values = {("input", "x"): np.array([0.0, 1, 2]), ("input", "y"): np.ones(3)}
    got = evaluate(outputs, values)
    np.testing.assert_array_equal(got[0], [1, 1, -1])
    np.testing.assert_array_equal(got[1], [0, -1, -1])
    np.testing.assert_array_equal(got[2], [5, 5, 6])
    np.testing.assert_array_equal(got[3], [2, 1, 1])


def test_condition_known_before_the_run_selects_a_side():
    graph = Graph()
    x = graph.node("input", "x")
    assert where(True, x, 0.0) is x
    assert where(np.bool_(False), x, 2.0).args == (2.0,)


@pytest.mark.parametrize(
    "branch",
    [
        lambda x: 1.0 if x > 0 else 2.0,
        lambda x: 1.0 if x == 0 else 2.0,
        lambda x: x > 0 and x < 1,
        lambda x: not x,
        lambda x: max(x, 0.0),
        lambda x: x in [0.0, 1.0],
    ],
)
def test_branches_say_what_to_write(branch):
    with pytest.raises(TypeError, match=r"write where\(condition, a, b\)"):
        branch(Graph().node("input", "x"))


@pytest.mark.parametrize("function", [math.exp, float, "{:.2f}".format, int])
def test_functions_of_numbers_say_what_to_use(function):
    with pytest.raises(TypeError, match=r"functions of skneuro\.engine|Traced"):
        function(Graph().node("input", "x"))


def test_float_of_a_traced_value_names_the_functions():
    with pytest.raises(TypeError, match=r"exp, sqrt, maximum, .* instead of those"):
        math.sin(Graph().node("input", "x"))


@pytest.mark.parametrize("number", [np.float64(3.0), np.float32(3.0), np.int64(3), 3])
def test_numpy_numbers_do_not_take_over(number):
    x = Graph().node("input", "x")
    for value in (number * x, number + x, number - x, number / x, number < x):
        assert isinstance(value, Traced)


# -- derivatives ---------------------------------------------------------------------


def differences(tree, values, name, step):
    """Fourth-order central difference of a tree by one leaf."""

    def at(shift):
        return compute(tree, {**values, name: values[name] + shift * step})

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step)


def compare_derivatives(tree, values):
    """Compare away from kinks; returns at how many points by the fewest leaf."""
    output = traced(tree)
    graph = output.graph
    names = [*INPUTS, *PARAMETERS]
    leaves = [make_leaves(graph)[name] for name in names]
    bar = graph.node("input", "bar")
    bars = differentiate([output], [bar], leaves)
    got = evaluate(bars, {**as_leaves(values), ("input", "bar"): 2.0})
    compared = []
    for name, value in zip(names, got, strict=True):
        coarse, fine = (differences(tree, values, name, h) for h in (4e-3, 2e-3))
        size = 1.0 + np.abs(fine) + np.abs(compute(tree, values))
        smooth = np.abs(fine - coarse) < 1e-8 * size  # no kink among the points
        error = np.abs(value - 2.0 * fine) / size
        assert np.all((error < 1e-7) | ~smooth), (name, value, 2.0 * fine)
        compared.append(np.sum(smooth))
    return min(compared)


@pytest.mark.parametrize("tree", EVERY_OPERATION, ids=str)
def test_every_operation_has_its_derivative(tree):
    assert compare_derivatives(tree, draw_values(1, n=40)) > 0


@settings(max_examples=200, deadline=None)
@given(tree=trees, seed=st.integers(0, 1000))
def test_derivatives_equal_differences(tree, seed):
    values = draw_values(seed)
    assume(is_smooth(tree, values))
    assume(compare_derivatives(tree, values) > 0)


@pytest.mark.parametrize(
    ("function", "winner"), [(maximum, ("b", "a")), (minimum, ("a", "b"))]
)
def test_extremes_pass_the_gradient_to_the_selected_side(function, winner):
    graph = Graph()
    a, b = graph.node("input", "a"), graph.node("input", "b")
    bars = differentiate([function(a, b)], [graph.constant(1.0)], [a, b])
    for values, side in (((1.0, 2.0), winner[0]), ((2.0, 1.0), winner[1])):
        leaves = dict(zip((("input", "a"), ("input", "b")), values, strict=True))
        assert evaluate(bars, leaves) == [side == "a", side == "b"]


def test_several_outputs_add_up_and_outputs_may_be_inputs():
    graph = Graph()
    x, y, p = (graph.node("input", n) for n in "xyp")
    bars = [graph.constant(v) for v in (1.0, 10.0, 100.0)]
    product = x * y
    got = differentiate([product, x, product * product], bars, [x, y, p, product])
    values = {("input", "x"): 3.0, ("input", "y"): 2.0, ("input", "p"): 1.0}
    by_product = 1.0 + 100.0 * 2 * 6.0
    assert evaluate(got, values) == [10 + 2 * by_product, 3 * by_product, 0, by_product]


def test_derivative_of_the_derivative():
    graph = Graph()
    x, y = graph.node("input", "x"), graph.node("input", "y")
    one = graph.constant(1.0)
    (by_x,) = differentiate([sin(x) * exp(x * y)], [one], [x])
    (by_xy,) = differentiate([by_x], [one], [y])
    (got,) = evaluate([by_xy], {("input", "x"): 0.3, ("input", "y"): 0.7})
    expected = math.exp(0.21) * (
        math.cos(0.3) * 0.3 + math.sin(0.3) * 0.21 + math.sin(0.3)
    )
    assert got == pytest.approx(expected, rel=1e-14)


def test_nothing_to_evaluate_is_nothing():
    assert evaluate([], {}) == []
