"""Normal random numbers in vectors; `skneuro.engine._noise` says which."""

from numba import njit

from skneuro.engine._noise import COSINE, SINE
from skneuro.engine._simd import (
    at_least,
    bits,
    fma,
    load8,
    shift_right,
    sqrt,
    store,
    unbits,
    where,
)

_MAGIC = 6755399441055744.0  # 1.5 * 2**52: rounds when added
_TWO_52 = 4503599627370496.0


@njit(inline="always", no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _mix(z):
    """Finaliser of SplitMix64."""
    z = (z ^ shift_right(z, 30)) * -4658895280553007687  # 0xBF58476D1CE4E5B9
    z = (z ^ shift_right(z, 27)) * -7723592293110705685  # 0x94D049BB133111EB
    return z ^ shift_right(z, 31)


@njit(inline="always", no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _radius(high):
    """sqrt(-2 log((high + 1/2) / 2**32)) of a whole number below 2**32."""
    x = unbits(high | 0x4330000000000000) - (_TWO_52 - 0.5)  # high + 1/2
    k = (bits(x) - 0x3FE6A09E00000000) >> 52
    m = unbits(bits(x) - (k << 52))
    k_float = unbits(k + 0x4338000000000000) - _MAGIC
    s = (m - 1.0) / (m + 1.0)
    z = s * s
    p = fma(z, 0.14798198605116586, 0.15313837699209373)
    p = fma(p, z, 0.1818357216161805)
    p = fma(p, z, 0.22222198432149784)
    p = fma(p, z, 0.28571428743662391)
    p = fma(p, z, 0.3999999999940942)
    p = fma(p, z, 0.6666666666666735)
    p = fma(p, z, 2.0)
    log = fma(p, s, (k_float - 32.0) * 0.6931471805599453)
    return sqrt(at_least(log * -2.0, 0.0))


@njit(inline="always", no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _pair(hashed):
    """Two normal numbers of 64 random bits (Box-Muller)."""
    radius = _radius(shift_right(hashed, 32))
    low = unbits((hashed & 0xFFFFFFFF) | 0x4330000000000000) - _TWO_52
    shifted = fma(low, 2.0**-30, _MAGIC)  # quarter turns, rounded
    quarter = bits(shifted)
    angle = fma(low, 2.0**-30, -(shifted - _MAGIC)) * 1.5707963267948966
    z = angle * angle
    p = fma(z, SINE[0], SINE[1])
    p = fma(p, z, SINE[2])
    p = fma(p, z, SINE[3])
    sine = fma(p * z, angle, angle)
    p = fma(z, COSINE[0], COSINE[1])
    p = fma(p, z, COSINE[2])
    p = fma(p, z, COSINE[3])
    p = fma(p, z, COSINE[4])
    cosine = fma(p, z, COSINE[5])
    odd = (quarter & 1) == 1
    sin_turned = where(odd, cosine, sine)
    cos_turned = where(odd, sine, cosine)
    sin_turned = unbits(bits(sin_turned) ^ ((quarter & 2) << 62))
    cos_turned = unbits(bits(cos_turned) ^ (((quarter + 1) & 2) << 62))
    return radius * cos_turned, radius * sin_turned


@njit(inline="always", no_cpython_wrapper=True, no_cfunc_wrapper=True)
def fill_normals(out, keys, counter, place):
    """Write normals of two steps: ``out[place + i]`` and ``out[place + n + i]``.

    Parameters
    ----------
    out : array
        float64 or float32; n = len(keys), a multiple of 8.
    keys : array of int64
        Key of each stream.
    counter : int64
        Counter of the even step: step times the odd constant.
    place : int
        First element to write.
    """
    n = len(keys)
    for i in range(0, n, 8):
        first, second = _pair(_mix(load8(keys, i) + counter))
        store(out, place + i, first)
        store(out, place + n + i, second)
