"""Pool feature maps by compiled code, where no gradient is asked for.

Two passes over memory: one compresses the maps and lays their pixels in rows, one
compresses what the fields pooled and weights it at once. Between them lies a matrix
product.
"""

import functools
import threading

import numpy as np
from numba import njit
from numpy.lib.stride_tricks import as_strided
from threadpoolctl import ThreadpoolController

from skneuro.engine._backend import FINGERPRINT
from skneuro.engine._simd import (
    LANES,
    bits,
    fma,
    load,
    maximum,
    store,
    to_float,
    unbits,
    where,
)
from skneuro.engine._simd_exp import exp
from skneuro.utils._numba import njit_cached
from skneuro.utils._team import share

N_LANES = LANES["f32"]
_N_IMAGES, _N_VOXELS = 4, 2048  # at once: what is pooled stays in the last cache
_INF = float("inf")


@njit(inline="always")
def _compress(x):
    """Compute log(1 + |x|) tanh(x) of a vector of float32, to 2e-7 of log(1 + |x|).

    The logarithm of 1 or more is cephes' ``logf``, without its special cases.
    """
    size = maximum(x, -x)
    u = size + 1.0
    k = (bits(u) - 0x3F3504F3) >> 23
    f = unbits(bits(u) - (k << 23)) - 1.0  # u = 2**k (1 + f), -0.29 < f < 0.42
    z = f * f
    p = fma(f, 7.0376836292e-2, -1.1514610310e-1)
    p = fma(p, f, 1.1676998740e-1)
    p = fma(p, f, -1.2420140846e-1)
    p = fma(p, f, 1.4249322787e-1)
    p = fma(p, f, -1.6668057665e-1)
    p = fma(p, f, 2.0000714765e-1)
    p = fma(p, f, -2.4999993993e-1)
    p = fma(p, f, 3.3333331174e-1)
    k = to_float(k)
    log = fma(p * z, f, k * -2.12194440e-4)
    log = fma(k, 0.693359375, fma(z, -0.5, log) + f)
    tanh = 1.0 - 2.0 / (exp(size + size) + 1.0)
    value = where(size < _INF, log * tanh, size)
    return where(x < 0.0, -value, value)


@njit_cached(nogil=True, made_of=FINGERPRINT)
def _lay_rows(maps, by_image, by_pixel, rows, first, n_maps):
    """Compress maps, so far apart in memory, into columns of rows from the first on."""
    n_pixels, n_images, n_columns = rows.shape
    target = rows.ravel()
    for i in range(n_images):
        for p in range(n_pixels):
            at = i * by_image + p * by_pixel
            to = (p * n_images + i) * n_columns + first
            for c in range(0, n_maps, N_LANES):
                store(target, to + c, _compress(load(maps, at + c)))


@njit_cached(nogil=True, made_of=FINGERPRINT)
def _weigh(pooled, weight, response):
    """Add the weighted sums of compressed features to responses (n_voxels, n_images).

    The order of additions does not depend on the number of images.
    """
    n_voxels, n_images, n_maps = pooled.shape
    source, weights = pooled.ravel(), weight.ravel()
    parts = np.empty(N_LANES, np.float32)
    for v in range(n_voxels):
        for i in range(n_images):
            at = (v * n_images + i) * n_maps
            weighted = load(weights, v * n_maps) * _compress(load(source, at))
            for c in range(N_LANES, n_maps, N_LANES):
                w = load(weights, v * n_maps + c)
                weighted = fma(w, _compress(load(source, at + c)), weighted)
            store(parts, 0, weighted)
            for width in (8, 4, 2, 1):
                for k in range(width):
                    parts[k] += parts[k + width]
            response[v, i] += parts[0]


def pool(maps, fields, weights, bias, n_threads=1):
    """Pool feature maps with the fields of voxels and weight them.

    Parameters
    ----------
    maps : list of list of ndarray of shape (n_images, n_pixels, n_maps)
        Feature maps of each resolution, layer by layer, float32. The last axis is
        contiguous and a multiple of `N_LANES`.
    fields : list of ndarray of shape (n_voxels, n_pixels)
        Pooling fields of each resolution, float32.
    weights : list of ndarray of shape (n_voxels, n_maps)
        Weights of all maps of each resolution, float32.
    bias : ndarray of shape (n_voxels,)
        Constant, float32.
    n_threads : int, default=1
        Number of threads; each takes some of the images.

    Returns
    -------
    ndarray of shape (n_images, n_voxels)
        Responses, float32.
    """
    n_images, n_voxels = len(maps[0][0]), len(bias)
    responses = np.empty((n_images, n_voxels), np.float32)
    n_threads = max(1, min(n_threads, n_images))
    at_once = min(_N_IMAGES, -(-n_images // n_threads))
    starts = range(0, n_images, at_once)
    jobs = [
        (maps, fields, weights, bias, responses, starts[k::n_threads], at_once)
        for k in range(n_threads)
    ]
    with _ONE_BLAS_THREAD:  # threads share images instead
        share(_pool_images, jobs)
    return responses


class _OneBlasThread:
    """Let matrix products run in the thread that calls them, while any code asks so."""

    def __init__(self):
        self.lock, self.n_inside = threading.Lock(), 0

    def __enter__(self):
        with self.lock:
            if self.n_inside == 0:
                self.limits = _find_blas().limit(limits=1, user_api="blas")
            self.n_inside += 1

    def __exit__(self, *error):
        with self.lock:
            self.n_inside -= 1
            if self.n_inside == 0:
                self.limits.restore_original_limits()


_ONE_BLAS_THREAD = _OneBlasThread()


@functools.cache
def _find_blas():
    return ThreadpoolController()  # looks through all libraries, which takes its time


def _pool_images(maps, fields, weights, bias, responses, starts, at_once):
    """Fill in the responses to the images from each start on."""
    # memory that is used again is not asked from the system again
    n_voxels, n_rows = len(bias), min(len(bias), _N_VOXELS)
    widest = max(at_once * weight.shape[1] for weight in weights)
    all_rows = np.empty(max(field.shape[1] for field in fields) * widest, np.float32)
    all_pooled = np.empty(n_rows * widest, np.float32)
    for first in starts:
        images = slice(first, first + at_once)
        n = len(responses[images])
        response = np.repeat(bias[:, None], n, axis=1)  # (n_voxels, n)
        for layers, field, weight in zip(maps, fields, weights, strict=True):
            (n_pixels, n_maps), column = (field.shape[1], weight.shape[1]), 0
            rows = all_rows[: n_pixels * n * n_maps].reshape(n_pixels, n, n_maps)
            for layer in layers:
                part = layer[images]
                steps = [step // part.itemsize for step in part.strides[:2]]
                _lay_rows(_flat(part), *steps, rows, column, part.shape[2])
                column += part.shape[2]
            for start in range(0, n_voxels, _N_VOXELS):
                block = slice(start, start + _N_VOXELS)
                pooled = all_pooled[: len(field[block]) * n * n_maps]
                pooled = pooled.reshape(-1, n, n_maps)
                np.matmul(
                    field[block],
                    rows.reshape(n_pixels, -1),
                    out=pooled.reshape(len(pooled), -1),
                )
                _weigh(pooled, weight[block], response[block])
        responses[images] = response.T


def _flat(array):
    """View all memory from the first to the last element of an array."""
    steps = zip(array.shape, array.strides, strict=True)
    n_bytes = sum((n - 1) * step for n, step in steps) + array.itemsize
    return as_strided(array, (n_bytes // array.itemsize,), (array.itemsize,))
