"""Normal random numbers in vectors; `skneuro.engine._noise` says which."""

from numba import njit

from skneuro.engine._noise import COSINE, LOGARITHM, SINE
from skneuro.engine._simd import (
    at_least,
    bits,
    fma,
    high_halves,
    load8,
    low_halves,
    shift_right,
    sqrt,
    store,
    to_float,
    unbits,
    where,
)


@njit(inline="always", no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _mix(z):
    """Finaliser of SplitMix64."""
    z = (z ^ shift_right(z, 30)) * -4658895280553007687  # 0xBF58476D1CE4E5B9
    z = (z ^ shift_right(z, 27)) * -7723592293110705685  # 0x94D049BB133111EB
    return z ^ shift_right(z, 31)


@njit(inline="always", no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _radius(high):
    """sqrt(-2 log((x + 1/2) / 2**31)) of the upper 31 of 32 bits."""
    x = to_float(shift_right(high, 1)) + 0.5
    k = (bits(x) - 0x3F3504F3) >> 23
    f = unbits(bits(x) - (k << 23)) - 1.0  # x = 2**k * (1 + f), |f| < 0.42
    p = fma(f, LOGARITHM[0], LOGARITHM[1])
    p = fma(p, f, LOGARITHM[2])
    p = fma(p, f, LOGARITHM[3])
    p = fma(p, f, LOGARITHM[4])
    p = fma(p, f, LOGARITHM[5])
    p = fma(p, f, LOGARITHM[6])
    p = fma(p, f, LOGARITHM[7])
    p = fma(p, f, LOGARITHM[8])
    p = fma(p, f, -0.5)
    log = fma(to_float(k - 31), 0.6931471805599453, fma(f * f, p, f))
    return sqrt(at_least(log * -2.0, 0.0))


@njit(inline="always", no_cpython_wrapper=True, no_cfunc_wrapper=True)
def _pair(high, low):
    """Two normal numbers of twice 32 random bits (Box-Muller)."""
    radius = _radius(high)
    quarter = (low + 0x20000000) >> 30  # quarter turns, rounded
    angle = to_float(low - (quarter << 30)) * (1.5707963267948966 * 2.0**-30)
    z = angle * angle
    p = fma(z, SINE[0], SINE[1])
    p = fma(p, z, SINE[2])
    sine = fma(p * z, angle, angle)
    p = fma(z, COSINE[0], COSINE[1])
    p = fma(p, z, COSINE[2])
    p = fma(p, z, -0.5)
    cosine = fma(p, z, 1.0)
    odd = (quarter & 1) == 1
    sin_turned = where(odd, cosine, sine)
    cos_turned = where(odd, sine, cosine)
    sin_turned = unbits(bits(sin_turned) ^ ((quarter & 2) << 30))
    cos_turned = unbits(bits(cos_turned) ^ (((quarter + 1) & 2) << 30))
    return radius * cos_turned, radius * sin_turned


@njit(_nrt=False, no_cpython_wrapper=True, no_cfunc_wrapper=True)
def fill_normals(out, keys, first, last, counter, place):
    """Write normals of two steps: ``out[place + i]`` and ``out[place + n + i]``.

    Parameters
    ----------
    out : array
        float64 or float32; n = len(keys), a multiple of 16.
    keys : array of int64
        Key of each stream.
    first, last : array of int64
        Ranges of ``i`` to write, in multiples of 16.
    counter : int64
        Counter of the even step: step times the odd constant.
    place : int
        First element to write.
    """
    n = len(keys)
    for k in range(len(first)):
        for i in range(first[k], last[k], 16):
            x = _mix(load8(keys, i) + counter)
            y = _mix(load8(keys, i + 8) + counter)
            even, odd = _pair(high_halves(x, y), low_halves(x, y))
            store(out, place + i, even)
            store(out, place + n + i, odd)
