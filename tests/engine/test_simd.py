"""Vectors and the single numbers that stand in for them: operations and functions."""

import ctypes
import functools
import platform
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from numba import cfunc, njit, types

from skneuro.engine import _backend, _scalar

needs_vectors = pytest.mark.skipif(
    not _backend.VECTORS, reason="this processor has no vectors"
)
BACKENDS = [
    pytest.param((kind, dtype), marks=needs_vectors if kind == "vectors" else ())
    for kind in ("vectors", "numbers")
    for dtype in ("float64", "float32")
]
SPECIAL = [-np.inf, -3.7, -1.0, -0.0, 0.0, 0.3, 1.0, 2.5, np.inf, np.nan]
BOUND, FACTOR = 0.3, -1.3


@functools.cache
def module_of(kind):
    if kind == "numbers":
        return _scalar
    from skneuro.engine import _simd

    return _simd


def width_of(kind, dtype):
    name = {"float64": "f64", "float32": "f32"}[dtype]
    return module_of(kind).LANES[name]


@pytest.fixture(scope="module", params=BACKENDS, ids=lambda p: f"{p[0]}-{p[1]}")
def backend(request):
    return request.param


def every_operation(kind, width):
    """Compile one function that applies all operations to all elements."""
    m = module_of(kind)
    load, store, where = m.load, m.store, m.where
    maximum, minimum, at_least, at_most = m.maximum, m.minimum, m.at_least, m.at_most
    floor, sqrt, fma = m.floor, m.sqrt, m.fma

    @njit(error_model="numpy")
    def apply(x, y, out):
        n = len(x)
        for i in range(0, n, width):
            a, b = load(x, i), load(y, i)
            store(out, i, maximum(a, b))
            store(out, n + i, minimum(a, b))
            store(out, 2 * n + i, at_least(a, BOUND))
            store(out, 3 * n + i, at_most(a, BOUND))
            store(out, 4 * n + i, floor(a))
            store(out, 5 * n + i, sqrt(a))
            store(out, 6 * n + i, fma(a, FACTOR, b))
            store(out, 7 * n + i, (a + b) * FACTOR - b / a)
            store(out, 8 * n + i, -a)
            store(out, 9 * n + i, where(a < b, 1.0, 0.0) + where(a <= b, 2.0, 0.0))
            store(out, 10 * n + i, where(a > b, 1.0, 0.0) + where(a >= b, 2.0, 0.0))
            store(out, 11 * n + i, where(a == b, a, 7.0))

    return apply


def test_operations_are_those_of_ieee_754(backend):
    kind, dtype = backend
    x, y = (v.ravel().astype(dtype) for v in np.meshgrid(SPECIAL, SPECIAL))
    width = width_of(kind, dtype)
    missing = -len(x) % width
    x, y = (np.append(v, np.ones(missing, dtype)) for v in (x, y))
    got = np.empty((12, len(x)), dtype)
    every_operation(kind, width)(x, y, got.ravel())
    bound, factor = np.dtype(dtype).type(BOUND), np.dtype(dtype).type(FACTOR)

    def multiply_add(a, b):
        if not np.isfinite(a + b):
            return a * factor + b
        return bound.dtype.type(
            float(Fraction(float(a)) * Fraction(float(factor)) + Fraction(float(b)))
        )

    with np.errstate(all="ignore"):
        expected = [
            np.maximum(x, y),  # NaN if either is
            np.minimum(x, y),
            np.where(x < bound, bound, x),  # NaN stays NaN
            np.where(x > bound, bound, x),
            np.floor(x),
            np.sqrt(x),
            [multiply_add(*v) for v in zip(x, y, strict=True)],
            (x + y) * factor - y / x,
            -x,
            1.0 * (x < y) + 2.0 * (x <= y),
            1.0 * (x > y) + 2.0 * (x >= y),
            np.where(x == y, x, 7.0),
        ]
    for k, (row, value) in enumerate(zip(got, expected, strict=True)):
        if kind == "numbers" and k in (6, 7):  # fma rounds twice, float32 is widened
            np.testing.assert_allclose(row, value, rtol=1e-6)
        else:
            np.testing.assert_array_equal(row, value, err_msg=f"operation {k}")
    np.testing.assert_array_equal(np.isnan(got[2]), np.isnan(x))
    np.testing.assert_array_equal(np.isnan(got[3]), np.isnan(x))


@needs_vectors
def test_multiply_add_rounds_once():
    x = np.full(8, 1.0 + 2.0**-30)
    out = np.empty((12, 8))
    y = -np.full(8, FACTOR) * x  # the rounded product
    every_operation("vectors", 8)(x, y, out.ravel())
    exact = float(Fraction(x[0]) * Fraction(FACTOR) + Fraction(y[0]))
    assert exact != 0
    np.testing.assert_array_equal(out[6], exact)


def test_corners_of_cells_come_out_as_columns(backend):
    kind, dtype = backend
    m = module_of(kind)
    load, store, take_corners = m.load, m.store, m.take_corners
    pointer = types.CPointer(getattr(types, dtype))
    width = width_of(kind, dtype)

    @cfunc(types.void(pointer, pointer, pointer), error_model="numpy")
    def gather(table, cells, out):
        corners = take_corners(table, load(cells, 0), 3, 20.0)
        store(out, 0 * width, corners[0])
        store(out, 1 * width, corners[1])
        store(out, 2 * width, corners[2])
        store(out, 3 * width, corners[3])
        store(out, 4 * width, corners[4])
        store(out, 5 * width, corners[5])
        store(out, 6 * width, corners[6])
        store(out, 7 * width, corners[7])

    table = np.arange(3 + 16 * 21, dtype=dtype)  # cells 0 ... 20
    cells = np.arange(width, dtype=dtype)[::-1].copy() + 2
    out = np.zeros((8, width), dtype)
    gather.ctypes(*(_as_pointer(a) for a in (table, cells, out)))
    np.testing.assert_array_equal(out, 3 + 16 * cells + np.arange(8)[:, None])


def test_corners_stay_inside_their_table(backend):
    kind, dtype = backend
    m = module_of(kind)
    load, store, take_corners = m.load, m.store, m.take_corners
    pointer = types.CPointer(getattr(types, dtype))

    @cfunc(types.void(pointer, pointer, pointer), error_model="numpy")
    def gather(table, cells, out):
        store(out, 0, take_corners(table, load(cells, 0), 3, 5.0)[4])

    width = width_of(kind, dtype)
    table = np.arange(3 + 16 * 6, dtype=dtype)  # offset 3, cells 0 ... 5
    wanted = {0: 7, 2: 39, 5: 87, 6: 87, 1e30: 87, np.inf: 87}
    wanted |= {-1: 7, -1e30: 7, -np.inf: 7, np.nan: 7}
    for cell, value in wanted.items():
        cells, out = np.full(width, cell, dtype), np.zeros(width, dtype)
        cells[-1] = 1.0 if width > 1 else cell
        gather.ctypes(*(_as_pointer(a) for a in (table, cells, out)))
        assert out[0] == value, cell
        assert width == 1 or out[-1] == 23


def _as_pointer(array):
    kind = ctypes.c_double if array.dtype == np.float64 else ctypes.c_float
    return array.ctypes.data_as(ctypes.POINTER(kind))


@pytest.mark.parametrize("n_columns", [4, 8])
def test_transpose_writes_columns_to_their_places(backend, n_columns):
    kind, dtype = backend
    transpose = getattr(module_of(kind), f"transpose{n_columns}")

    @njit
    def apply(source, start, stride, target, place, first, shift):
        transpose(source, start, stride, target, place, first, shift)

    rng = np.random.default_rng(0)
    source = rng.normal(size=(9, 13)).astype(dtype)
    place = 8 * rng.permutation(12)[:10] + 5
    target = np.zeros(8 * 12 + 20, dtype)
    apply(source.ravel(), 13 + 2, 13, target, place, 1, 3)
    expected = np.zeros_like(target)
    for column in range(n_columns):
        at = place[1 + column] + 3
        expected[at : at + 8] = source[1:9, 2 + column]
    np.testing.assert_array_equal(target, expected)


@needs_vectors
def test_wide_vectors_are_narrowed_when_stored():
    from skneuro.engine._simd import load8, store

    @njit
    def copy(x, out):
        store(out, 3, load8(x, 1))

    x, out = np.linspace(0, 1, 10), np.zeros(12, np.float32)
    copy(x, out)
    np.testing.assert_array_equal(out[3:11], x[1:9].astype(np.float32))
    assert not out[:3].any()
    assert not out[11:].any()


# -- functions -----------------------------------------------------------------------


FUNCTIONS = ("exp", "log", "sin", "cos", "tanh", "exp2")


@pytest.fixture(scope="module")
def functions():
    """``functions(x)``: a dict of all `FUNCTIONS` of a float64 or float32 array."""
    if not _backend.VECTORS:
        pytest.skip("this processor has no vectors")
    from skneuro.engine._simd import LANES, load, store
    from skneuro.engine._simd_exp import exp, exp2
    from skneuro.engine._simd_math import cos, log, sin, tanh

    @njit(error_model="numpy")
    def apply(x, out, width):
        n = len(x)
        for i in range(0, n, width):
            v = load(x, i)
            store(out, i, exp(v))
            store(out, n + i, log(v))
            store(out, 2 * n + i, sin(v))
            store(out, 3 * n + i, cos(v))
            store(out, 4 * n + i, tanh(v))
            store(out, 5 * n + i, exp2(v))

    def call(x):
        width = LANES["f64" if x.dtype == np.float64 else "f32"]
        padded = np.append(x, np.ones(-len(x) % width, x.dtype))
        out = np.empty((len(FUNCTIONS), len(padded)), x.dtype)
        apply(padded, out.ravel(), width)
        return dict(zip(FUNCTIONS, out[:, : len(x)], strict=True))

    return call


# Largest errors that were seen in 40 000 draws or more each, in units of the last
# place: float64 1.0, 2.0, 1.5, 1.5, 6.3, 1.0; float32 1.2, 0.5, 0.5, 0.5, 1.6, 1.2.
ULPS = {
    "float64": dict(zip(FUNCTIONS, (1.1, 2.2, 1.8, 1.8, 6.8, 1.1), strict=True)),
    "float32": dict(zip(FUNCTIONS, (1.3, 0.51, 0.51, 0.51, 1.8, 1.3), strict=True)),
}
LARGEST_EXPONENT = {
    "float64": {"exp": 707.0, "exp2": 1021.0},
    "float32": {"exp": 86.5, "exp2": 125.0},
}
EXACT = {"exp2": lambda x: mpmath.power(2, x)}


def draw_arguments(name, dtype, rng, n=1500):
    decades = 300 if dtype == "float64" else 37
    if name in ("exp", "exp2"):
        limit = LARGEST_EXPONENT[dtype][name]
        parts = [rng.uniform(-1, 1, n), rng.uniform(-limit, limit, n)]
    elif name == "log":
        parts = [
            10 ** rng.uniform(-decades, decades, n),
            rng.uniform(0.7, 1.5, n),
            1 + 10 ** rng.uniform(-15, -3, n),
        ]
    elif name == "tanh":
        parts = [rng.uniform(-0.9, 0.9, n), 10 ** rng.uniform(-10, 1, n)]
    else:
        quarters = np.round(rng.uniform(-6e4, 6e4, n)) * (np.pi / 2)
        parts = [rng.uniform(-4, 4, n), rng.uniform(-1e5, 1e5, n), quarters]
    return np.concatenate(parts).astype(dtype)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_functions_are_close_to_exact_values(functions, name, dtype):
    x = draw_arguments(name, dtype, np.random.default_rng(1))
    got = functions(x)[name]
    with mpmath.workprec(150):
        function = EXACT.get(name) or getattr(mpmath, name)
        exact = [function(mpmath.mpf(float(v))) for v in x]
        error = [float(float(g) - e) for g, e in zip(got, exact, strict=True)]
    place = np.spacing(np.abs(np.array([float(e) for e in exact]).astype(dtype)))
    ulps = np.abs(error) / place
    wrong = (ulps > ULPS[dtype][name]) & (np.abs(error) > 1e-26)
    assert not wrong.any(), (x[wrong], ulps[wrong])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_tanh_is_odd(functions, dtype):
    x = draw_arguments("tanh", dtype, np.random.default_rng(2))
    np.testing.assert_array_equal(functions(-x)["tanh"], -functions(x)["tanh"])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_functions_at_the_ends_of_the_numbers(functions, dtype):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, -1.0, 1e4, -1e4], dtype)
    got = functions(x)
    for values in got.values():
        assert np.isnan(values[0])
    largest = 1e307 if dtype == "float64" else 5e37
    for name in ("exp", "exp2"):
        assert (got[name][[1, 6]] > largest).all()
        assert np.isfinite(got[name][1:]).all()  # limited, so that 1 / (1 + e) is good
        assert (got[name][[2, 7]] < 1 / largest).all()
        np.testing.assert_array_equal(got[name][3:5], 1)
    whole = np.arange(*((-1022, 1024) if dtype == "float64" else (-126, 128)))
    np.testing.assert_array_equal(
        functions(whole.astype(dtype))["exp2"], np.ldexp(1.0, whole)
    )
    np.testing.assert_array_equal(
        got["log"][1:6], [np.inf, np.nan, -np.inf, -np.inf, np.nan]
    )
    assert np.isnan(got["sin"][1:3]).all()
    assert np.isnan(got["cos"][1:3]).all()
    np.testing.assert_array_equal(got["cos"][3:5], 1)
    np.testing.assert_array_equal(got["sin"][3:5], [0.0, -0.0])
    np.testing.assert_array_equal(got["tanh"][[1, 2, 3, 6, 7]], [1, -1, 0, 1, -1])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_tanh_does_not_jump_at_its_seam(functions, dtype):
    seam = np.array(0.2, dtype)
    x = seam + np.arange(-32, 32).astype(dtype) * np.spacing(seam)
    steps = np.diff(functions(x)["tanh"])
    assert np.abs(steps).max() < 12 * np.spacing(seam)


EXPONENTIALS = """
import hashlib
import numpy as np
from numba import njit
from skneuro.engine._backend import exp, exp2, LANES, load, store, VECTORS

@njit
def apply(x, out, width):
    for i in range(0, len(x), width):
        store(out, i, exp(load(x, i)))
        store(out, len(x) + i, exp2(load(x, i)))

assert VECTORS
for dtype, lanes in (("float64", LANES["f64"]), ("float32", LANES["f32"])):
    x = np.linspace(-30, 30, 1 << 12).astype(dtype)
    out = np.empty(2 * len(x), dtype)
    apply(x, out, lanes)
    print(hashlib.sha256(out).hexdigest())
"""


@needs_vectors
@pytest.mark.skipif(
    platform.machine().lower() not in ("x86_64", "amd64"), reason="another processor"
)
def test_exponentials_have_the_same_bits_on_other_processors(run_python, tmp_path):
    def run(processor, features):
        given = {"NUMBA_CPU_NAME": processor, "NUMBA_CPU_FEATURES": features}
        given["NUMBA_CACHE_DIR"] = str(tmp_path / processor)
        return run_python(EXPONENTIALS, **(given if processor else {}))[0]

    here = run("", "")
    assert len(set(here.split())) == 2
    assert run("haswell", "+avx2,+fma") == here
    assert run("x86-64", "") == here
