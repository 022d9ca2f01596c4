"""Vectors where they can be built, single numbers elsewhere: the same names.

Compiled code is cached on disk by numba, which notices changes only in the file that
holds the compiled function, and not which of the two this process uses. `FINGERPRINT`,
a hash of all files of this package and of that choice, is therefore a closure variable
of every cached function.
"""

import hashlib
import logging
import os
from importlib.metadata import version
from pathlib import Path

import numpy as np

from skneuro.utils._numba import cfunc_cached, njit_cached

logger = logging.getLogger(__name__)


def _fingerprint():
    """Hash the sources of the engine and the versions of its compiler."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    for package in ("numba", "llvmlite"):
        digest.update(version(package).encode())
    return digest.hexdigest()[:16]


def _check_vectors(fingerprint):
    """Raise unless a function of vectors compiles and runs (cached on disk)."""
    from skneuro.engine._simd import fma, load, store

    @njit_cached()
    def probe(x, out):
        if fingerprint:
            store(out, 0, fma(load(x, 0), 2.0, 1.0))

    out = np.zeros(8)
    probe(np.arange(8.0), out)
    if not np.array_equal(out, 2.0 * np.arange(8.0) + 1.0):
        raise ArithmeticError(f"2 x + 1 of 0 ... 7 came out as {out}")


def _vectors_work(fingerprint):
    """Whether vectors can be used; says so in the log if not."""
    # Whatever breaks here (another llvmlite, a processor LLVM cannot serve) only costs
    # speed, so it must not stop anybody's work.
    try:
        _check_vectors(fingerprint)
    except Exception as error:
        logger.warning("the engine runs without vectors, slower: %s", error)
        return False
    return True


FINGERPRINT = _fingerprint()
VECTORS = os.environ.get("SKNEURO_VECTORS", "1") != "0" and _vectors_work(FINGERPRINT)
FINGERPRINT += "-vectors" if VECTORS else "-numbers"

if VECTORS:
    from skneuro.engine._simd import (
        LANES,
        at_least,
        at_most,
        floor,
        fma,
        load,
        maximum,
        minimum,
        spread,
        sqrt,
        store,
        take_corners,
        transpose4,
        transpose8,
        where,
    )
    from skneuro.engine._simd_exp import exp, exp2
    from skneuro.engine._simd_math import cos, log, sin, tanh
    from skneuro.engine._simd_noise import fill_normals
    from skneuro.engine._simd_sums import (
        add_1_step,
        add_2_steps,
        add_lanes_1_step,
        add_lanes_2_steps,
        dense_sum_1,
        dense_sum_4,
        lanes_4_steps,
        lanes_pairs_4_steps,
        pairs_4_steps,
        pairs_8_steps,
        pairs_16_steps,
        pairs_32_steps,
        sum_4_steps,
        sum_8_steps,
        sum_16_steps,
        sum_32_steps,
    )
else:
    from skneuro.engine._scalar import (
        LANES,
        add_1_step,
        add_2_steps,
        add_lanes_1_step,
        add_lanes_2_steps,
        at_least,
        at_most,
        cos,
        dense_sum_1,
        dense_sum_4,
        exp,
        exp2,
        fill_normals,
        floor,
        fma,
        lanes_4_steps,
        lanes_pairs_4_steps,
        load,
        log,
        maximum,
        minimum,
        pairs_4_steps,
        pairs_8_steps,
        pairs_16_steps,
        pairs_32_steps,
        sin,
        spread,
        sqrt,
        store,
        sum_4_steps,
        sum_8_steps,
        sum_16_steps,
        sum_32_steps,
        take_corners,
        tanh,
        transpose4,
        transpose8,
        where,
    )

__all__ = [
    "FINGERPRINT",
    "LANES",
    "VECTORS",
    "add_1_step",
    "add_2_steps",
    "add_lanes_1_step",
    "add_lanes_2_steps",
    "at_least",
    "at_most",
    "cfunc_cached",
    "cos",
    "dense_sum_1",
    "dense_sum_4",
    "exp",
    "exp2",
    "fill_normals",
    "floor",
    "fma",
    "lanes_4_steps",
    "lanes_pairs_4_steps",
    "load",
    "log",
    "maximum",
    "minimum",
    "njit_cached",
    "pairs_4_steps",
    "pairs_8_steps",
    "pairs_16_steps",
    "pairs_32_steps",
    "sin",
    "spread",
    "sqrt",
    "store",
    "sum_4_steps",
    "sum_8_steps",
    "sum_16_steps",
    "sum_32_steps",
    "take_corners",
    "tanh",
    "transpose4",
    "transpose8",
    "where",
]
