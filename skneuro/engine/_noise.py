"""Counter-based normal random numbers.

Every number is a function of (seed, simulation, population, node, step), so a run gives
the same bits alone or in a batch, whole or in pieces, on any number of workers.

The first four are hashed into a key once. Bits for the steps 2j and 2j + 1 are
``mix(key + 2j * odd)`` with the finaliser of SplitMix64 [1]_, and become two normal
numbers by the Box-Muller transform [2]_. The largest magnitude that 32 bits of radius
allow is 6.76; beyond it lies a probability of 1.4e-11. Sine and cosine are short
polynomials, 1.4e-9 off at most; they belong to the definition of the numbers.

References
----------
.. [1] G. L. Steele, D. Lea and C. H. Flood (2014), OOPSLA 2014, 453-472.
   doi:10.1145/2660193.2660195
.. [2] G. E. P. Box and M. E. Muller (1958), Ann. Math. Stat. 29(2), 610-611.
   doi:10.1214/aoms/1177706645
"""

import numpy as np

STEP_FACTOR = -3335678366873096957  # 0xD1B54A32D192ED03, odd
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
# Polynomials for angles of up to an eighth of a turn, in the square of the angle.
SINE = (
    2.7557313621385722e-06,
    -1.9841269829589539e-04,
    8.3333333333225e-03,
    -1.6666666666666632e-01,
)
COSINE = (
    -2.7557314351390663e-07,
    2.4801587289476729e-05,
    -1.3888888888873056e-03,
    4.16666666666666e-02,
    -0.5,
    1.0,
)


def _mix(z):
    """Finaliser of SplitMix64 on arrays of uint64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def make_keys(seed, simulation, population, node):
    """Hash what names a stream of noise.

    Parameters
    ----------
    seed, simulation, population, node : array-like of int
        They broadcast against each other; all at least 0.

    Returns
    -------
    ndarray of int64
        Key of each stream, of the common shape.
    """
    with np.errstate(over="ignore"):
        key = np.zeros((), dtype=np.uint64)
        for part in (seed, simulation, population, node):
            part = np.asarray(part).astype(np.uint64)
            key = _mix((key ^ part) + _GOLDEN)
    return key.view(np.int64)
