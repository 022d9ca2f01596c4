"""One name for numbers, arrays, tensors and traced values, and tables."""

import pickle

import mpmath
import numpy as np
import pytest
from engine_expressions import BINARY, UNARY
from scipy.interpolate import RegularGridInterpolator

import skneuro.engine
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
from skneuro.engine._trace import Graph, Traced, evaluate

X = np.array([-2.3, -0.7, 0.04, 0.6, 1.9])
Y = np.array([0.4, -0.8, 1.1, 0.55, 3.0])
FUNCTIONS = {**UNARY, **BINARY}


def arguments(name):
    return (X,) if name in UNARY else (X, Y)


def test_every_public_function_is_tested_here():
    public = set(skneuro.engine.__all__) - {"Equations"}
    assert public <= set(globals())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numbers_arrays_and_traced_values_agree(name):
    function, values = FUNCTIONS[name], arguments(name)
    expected = function(*values)
    one_by_one = [float(function(*map(float, v))) for v in zip(*values, strict=True)]
    np.testing.assert_allclose(one_by_one, expected, rtol=1e-15)
    matrix = function(*(v[:, None] * np.ones((1, 2)) for v in values))
    np.testing.assert_allclose(matrix, np.stack([expected] * 2, axis=1), rtol=1e-15)
    graph = Graph()
    nodes = [graph.node("input", k) for k in range(len(values))]
    leaves = {("input", k): v for k, v in enumerate(values)}
    (got,) = evaluate([graph.constant(function(*nodes))], leaves)
    np.testing.assert_allclose(got, expected, rtol=1e-14)


@pytest.mark.torch
@pytest.mark.parametrize("name", FUNCTIONS)
def test_tensors_agree_and_have_the_same_derivatives(name):
    torch = pytest.importorskip("torch")
    function, values = FUNCTIONS[name], arguments(name)
    tensors = [torch.tensor(v, requires_grad=True) for v in values]
    got = function(*tensors)
    assert isinstance(got, torch.Tensor)
    assert got.dtype == torch.float64
    np.testing.assert_allclose(got.detach(), function(*values), rtol=1e-14)
    if not got.requires_grad:  # constants
        return
    got.sum().backward()
    for k, tensor in enumerate(tensors):

        def at(shift, k=k):
            moved = [v + shift * (i == k) for i, v in enumerate(values)]
            return function(*moved)

        step = 1e-3
        slope = 8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))
        gradient = np.zeros(len(X)) if tensor.grad is None else tensor.grad
        np.testing.assert_allclose(gradient, slope / (12 * step), atol=1e-8)


@pytest.mark.torch
def test_tensors_keep_their_precision_beside_numbers():
    torch = pytest.importorskip("torch")
    x = torch.tensor([0.5, 2.0], dtype=torch.float32)
    for value in (
        maximum(x, 1.0),
        minimum(1.0, x),
        where(x > 1, x, 0.0),
        where(x, 1.0, x),
        sigmoid(x),
        linear_over_expm1(x),
        *Table(np.ones((2, 2, 1)), (0, 1), (0, 1))(x, 0.5 * x),
    ):
        assert value.dtype == torch.float32
    assert where(x > 1, 1.0, 0.0).tolist() == [0.0, 1.0]
    assert where(x - 2.0, 1.0, x).tolist() == [1.0, 2.0]


@pytest.mark.parametrize("function", [maximum, minimum])
@pytest.mark.parametrize("kind", ["array", "tensor", "traced"])
def test_extremes_of_nan_are_nan(function, kind):
    x, y = np.array([np.nan, 1.0, np.nan]), np.array([1.0, np.nan, np.nan])
    if kind == "tensor":
        torch = pytest.importorskip("torch")
        got = function(torch.tensor(x), torch.tensor(y)).numpy()
    elif kind == "traced":
        graph = Graph()
        node = function(graph.node("input", "x"), graph.node("input", "y"))
        (got,) = evaluate([node], {("input", "x"): x, ("input", "y"): y})
    else:
        got = function(x, y)
    assert np.isnan(got).all()


def test_functions_are_numpy_functions():
    for function, numpy_function in (
        (exp, np.exp),
        (log, np.log),
        (sqrt, np.sqrt),
        (sin, np.sin),
        (cos, np.cos),
        (tanh, np.tanh),
        (floor, np.floor),
        (absolute, np.abs),
    ):
        np.testing.assert_array_equal(function(np.abs(X)), numpy_function(np.abs(X)))
    assert sigmoid(0.0) == 0.5
    np.testing.assert_allclose(sigmoid(X) + sigmoid(-X), 1.0, rtol=1e-15)


def test_linear_over_expm1_is_exact_at_zero_and_its_seam():
    x = np.concatenate(
        [
            [0.0, -0.0, 5e-324, 1e-300, -1e-16],
            np.nextafter(0.05, [0, 1]),
            np.nextafter(-0.05, [0, -1]),
            np.linspace(-0.06, 0.06, 241),
            np.linspace(-30, 30, 121),
        ]
    )
    with mpmath.workprec(200):
        exact = [
            float(v / -mpmath.expm1(-v)) if v else 1.0
            for v in map(mpmath.mpf, x.tolist())
        ]
    np.testing.assert_allclose(linear_over_expm1(x), exact, rtol=6e-15)
    assert linear_over_expm1(0.0) == 1.0


def test_linear_over_expm1_has_its_limits():
    with np.errstate(over="ignore"):
        assert linear_over_expm1(-800.0) == 0.0
    assert linear_over_expm1(800.0) == 800.0
    assert np.isnan(linear_over_expm1(np.nan))


# -- tables --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def table():
    values = np.random.default_rng(4).normal(size=(5, 7, 3))
    return Table(values, x=(-1.5, 0.5), y=(10.0, 2.5))


@pytest.fixture(scope="module")
def interpolator(table):
    grid = (
        table.y0 + table.dy * np.arange(table.n_y),
        table.x0 + table.dx * np.arange(table.n_x),
    )
    return RegularGridInterpolator(grid, table.values)


def lookup(table, y, x, kind):
    """Columns of a table for a kind of argument, shape (n_columns, n)."""
    if kind == "numbers":
        columns = [table(*map(float, point)) for point in zip(y, x, strict=True)]
        return np.array(columns, dtype=float).T
    if kind == "tensors":
        torch = pytest.importorskip("torch")
        return np.array([c.numpy() for c in table(torch.tensor(y), torch.tensor(x))])
    if kind == "traced":
        graph = Graph()
        columns = table(graph.node("input", "y"), graph.node("input", "x"))
        assert all(isinstance(c, Traced) for c in columns)
        return np.array(evaluate(columns, {("input", "y"): y, ("input", "x"): x}))
    return np.array(table(y, x))


KINDS = ["numbers", "arrays", "tensors", "traced"]


@pytest.mark.parametrize("kind", KINDS)
def test_lookup_is_bilinear_interpolation(kind, table, interpolator):
    rng = np.random.default_rng(0)
    y, x = rng.uniform(10, 20, 200), rng.uniform(-1.5, 1.5, 200)
    corners = np.stack(np.meshgrid(*interpolator.grid), axis=-1).reshape(-1, 2)
    y, x = np.append(y, corners[:, 0]), np.append(x, corners[:, 1])
    expected = interpolator(np.stack([y, x], axis=1)).T
    np.testing.assert_allclose(lookup(table, y, x, kind), expected, atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_queries_outside_are_moved_to_the_edge(kind, table, interpolator):
    far = [-np.inf, -1e9, 9.9, 13.0, 20.1, 1e300, np.inf]
    y, x = (v.ravel() for v in np.meshgrid(far, np.array(far) - 14.0))
    inside = np.stack([np.clip(y, 10, 20), np.clip(x, -1.5, 1.5)], axis=1)
    np.testing.assert_allclose(
        lookup(table, y, x, kind), interpolator(inside).T, atol=1e-14
    )


@pytest.mark.parametrize("kind", KINDS)
def test_nan_comes_out_as_nan(kind, table):
    y, x = np.array([np.nan, 12.0, np.nan]), np.array([0.0, np.nan, np.nan])
    assert np.isnan(lookup(table, y, x, kind)).all()


def test_equal_tables_are_equal(table):
    values = np.array(table.values)
    same = Table(values, x=(-1.5, 0.5), y=(10.0, 2.5))
    values[0, 0, 0] += 1.0  # the table has its own copy
    assert same == table
    assert {table: "found"}[pickle.loads(pickle.dumps(same))] == "found"
    assert Table(values, x=(-1.5, 0.5), y=(10.0, 2.5)) != table
    assert Table(table.values, x=(-1.5, 0.6), y=(10.0, 2.5)) != table
    with pytest.raises(ValueError, match="read-only"):
        table.values[0] = 0.0


def test_cells_hold_their_corners_side_by_side():
    values = np.arange(3 * 4 * 5.0).reshape(3, 4, 5)
    table = Table(values, (0, 1), (0, 1))
    cells = table.cells()
    assert cells.shape == (table.n_stored,)
    cells = cells.reshape(2, 3, 4, 4, 4)  # block, y, x, corner, column
    for j, i in np.ndindex(2, 3):
        corners = values[j : j + 2, i : i + 2].reshape(4, 5)
        np.testing.assert_array_equal(cells[0, j, i], corners[:, :4])
        np.testing.assert_array_equal(cells[1, j, i, :, 0], corners[:, 4])
    assert (cells[1, ..., 1:] == 0).all()


@pytest.mark.parametrize("shape", [(4,), (4, 3), (1, 3, 2), (3, 1, 2)])
def test_tables_say_what_shape_they_need(shape):
    with pytest.raises(ValueError, match=r"n_y >= 2, n_x >= 2, n_columns.*got \(.*,"):
        Table(np.zeros(shape), (0, 1), (0, 1))
