"""Counter-based normal random numbers.

Every number is a function of (seed, simulation, population, node, step), so a run gives
the same bits alone or in a batch, whole or in pieces, on any number of workers.

The first four are hashed into a key once. Bits for the steps 2j and 2j + 1 are
``mix(key + 2j * odd)`` with the finaliser of SplitMix64 [1]_, and become two normal
numbers by the Box-Muller transform [2]_, in single precision whatever that of the run:
a number is within 3e-7 of the exact transform (2e-5 where both of a pair are below
1e-2), and runs of either precision see the same noise. The largest magnitude that the
31 bits of the radius allow is 6.66; beyond it lies a probability of 2.7e-11. The
polynomials are those of the Cephes library [3]_.

References
----------
.. [1] G. L. Steele, D. Lea and C. H. Flood (2014), OOPSLA 2014, 453-472.
   doi:10.1145/2660193.2660195
.. [2] G. E. P. Box and M. E. Muller (1958), Ann. Math. Stat. 29(2), 610-611.
   doi:10.1214/aoms/1177706645
.. [3] S. L. Moshier (1989), Methods and Programs for Mathematical Functions, Ellis
   Horwood; single precision functions logf, sinf and cosf.
"""

import numpy as np

STEP_FACTOR = -3335678366873096957  # 0xD1B54A32D192ED03, odd
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
# Polynomials for angles of up to an eighth of a turn, in the square of the angle.
SINE = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
COSINE = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
# Polynomial p with log(1 + f) = f - f**2 / 2 + f**3 p(f), |f| < 0.42.
LOGARITHM = (
    7.0376836292e-2,
    -1.1514610310e-1,
    1.1676998740e-1,
    -1.2420140846e-1,
    1.4249322787e-1,
    -1.6668057665e-1,
    2.0000714765e-1,
    -2.4999993993e-1,
    3.3333331174e-1,
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
