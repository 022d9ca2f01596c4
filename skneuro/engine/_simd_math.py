"""Elementary functions of vectors: polynomials without table or branch.

The same bits on every processor. Logarithm, sine and cosine of float32 vectors are
computed in float64 and rounded once.
"""

from numba import njit
from numba.extending import overload

from skneuro.engine._simd import (
    VectorType,
    bits,
    fma,
    narrow,
    unbits,
    where,
    widen,
)
from skneuro.engine._simd_exp import exp


def log(x):
    """Natural logarithm: 2 ulp; NaN below zero. Subnormal numbers count as 2**-1023."""
    raise NotImplementedError("for compiled code only")


def sin(x):
    """Sine: 2 ulp, or 1e-26 near its zeros, for arguments below 1e5."""
    raise NotImplementedError("for compiled code only")


def cos(x):
    """Cosine: 2 ulp, or 1e-26 near its zeros, for arguments below 1e5."""
    raise NotImplementedError("for compiled code only")


def tanh(x):
    """Hyperbolic tangent: 7 ulp, of float32 2; odd to the last bit."""
    raise NotImplementedError("for compiled code only")


# Adding this constant leaves the nearest whole number in the low bits of the result:
# rounding and conversion in one addition.
_MAGIC64 = 6755399441055744.0  # 1.5 * 2**52
_MAGIC64_BITS = 0x4338000000000000
_INF = float("inf")
_NAN = float("nan")


def _log64(x):
    # x = 2**k * m with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh((m - 1) / (m + 1))
    k = (bits(x) - 0x3FE6A09E00000000) >> 52
    m = unbits(bits(x) - (k << 52))
    k_float = unbits(k + _MAGIC64_BITS) - _MAGIC64
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = fma(z, 0.14798198605116586, 0.15313837699209373)
    p = fma(p, z, 0.1818357216161805)
    p = fma(p, z, 0.22222198432149784)
    p = fma(p, z, 0.28571428743662391)
    p = fma(p, z, 0.3999999999940942)
    p = fma(p, z, 0.6666666666666735)
    low = fma(k_float, 1.9082149292705877e-10, fma(p * z, s, s * 2.0))
    value = fma(k_float, 0.6931471803691238, low)
    value = where(x < _INF, value, x)
    return where(x > 0.0, value, where(x == 0.0, -_INF, _NAN + x))


def _quarter(x):
    """Return the number of quarter turns and the rest in [-pi/4, pi/4]."""
    shifted = fma(x, 0.6366197723675814, _MAGIC64)
    k = shifted - _MAGIC64
    r = fma(k, -1.5707963267948966, x)
    return bits(shifted), fma(k, -6.123233995736766e-17, r)


_quarter = njit(inline="always")(_quarter)


@njit(inline="always")
def _sin_poly(r, z):
    p = fma(z, 1.58962301576546568060e-10, -2.50507477628578072866e-8)
    p = fma(p, z, 2.75573136213857245213e-6)
    p = fma(p, z, -1.98412698295895385996e-4)
    p = fma(p, z, 8.33333333332211858878e-3)
    p = fma(p, z, -1.66666666666666307295e-1)
    return fma(p * z, r, r)


@njit(inline="always")
def _cos_poly(z):
    p = fma(z, -1.13585365213876817300e-11, 2.08757008419747316778e-9)
    p = fma(p, z, -2.75573141792967388112e-7)
    p = fma(p, z, 2.48015872888517045348e-5)
    p = fma(p, z, -1.38888888888730564116e-3)
    p = fma(p, z, 4.16666666666665929218e-2)
    return fma(p * z, z, fma(z, -0.5, 1.0))


def _sin64(x):
    k, r = _quarter(x)
    z = r * r
    value = where((k & 1) == 1, _cos_poly(z), _sin_poly(r, z))
    return unbits(bits(value) ^ ((k & 2) << 62))


def _cos64(x):
    k, r = _quarter(x)
    z = r * r
    value = where((k & 1) == 1, _sin_poly(r, z), _cos_poly(z))
    return unbits(bits(value) ^ (((k + 1) & 2) << 62))


@njit(inline="always")
def _tanh(x, limit, sign_bit):
    """Taylor's series to x**17 where x**2 is below a limit, elsewhere by exp."""
    z = x * x
    p = fma(z, 5.900274409455859e-4, -1.4558343870513183e-3)
    p = fma(p, z, 3.592128036572481e-3)
    p = fma(p, z, -8.863235529902197e-3)
    p = fma(p, z, 2.1869488536155203e-2)
    p = fma(p, z, -5.396825396825397e-2)
    p = fma(p, z, 1.3333333333333333e-1)
    p = fma(p, z, -3.333333333333333e-1)
    near = fma(p * z, x, x)
    sign = bits(x) & sign_bit
    size = unbits(bits(x) ^ sign)
    far = 1.0 - 2.0 / (exp(size + size) + 1.0)
    return where(z < limit, near, unbits(bits(far) | sign))


def _in_float64(function, kernel64):
    @overload(function)
    def choose(x):
        if not isinstance(x, VectorType):
            return None
        return (
            kernel64 if x.element == "f64" else (lambda x: narrow(function(widen(x))))
        )

    return choose


_in_float64(log, _log64)
_in_float64(sin, _sin64)
_in_float64(cos, _cos64)


@overload(tanh)
def _tanh_vector(x):
    if not isinstance(x, VectorType):
        return None
    # The first term left out, 2.4e-4 x**18, is below the rounding error there.
    if x.element == "f64":
        return lambda x: _tanh(x, 0.04, -(1 << 63))
    return lambda x: _tanh(x, 0.3, -(1 << 31))
