"""Compiled pooling against the network in torch, number by number."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from numba import njit
from threadpoolctl import ThreadpoolController

from skneuro.encoding import GNetEncoder, _pooling, make_gnet_weights
from skneuro.engine import _backend

SIZE = 67


def make_encoder(n_voxels=5, channels=(16, 32, 32, 16), **parameters):
    weights = make_gnet_weights(
        n_voxels, channels=channels, image_size=SIZE, random_state=0
    )
    return GNetEncoder(weights, image_size=SIZE, device="cpu", **parameters)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (9, 3, SIZE, SIZE), dtype=np.uint8)


@pytest.fixture
def calls(monkeypatch):
    """Numbers of images that compiled code has pooled."""
    found = []
    pool = _pooling.pool

    def count(maps, *arguments, **keywords):
        found.append(len(maps[0][0]))
        return pool(maps, *arguments, **keywords)

    monkeypatch.setattr(_pooling, "pool", count)
    return found


def in_torch(encoder, images):
    """Responses of the differentiable network, in float64."""
    module = encoder.module_.double()
    with torch.no_grad():
        return module(torch.from_numpy(images).double() / 255).numpy()


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("n_voxels", [1, 5, 130])
def test_compiled_code_gives_what_the_network_gives(
    images, calls, monkeypatch, n_voxels, n_threads
):
    monkeypatch.setattr(torch, "get_num_threads", lambda: n_threads)
    monkeypatch.setattr(_pooling, "_N_VOXELS", 64)  # 130 are more than two blocks
    responses = make_encoder(n_voxels, batch_size=7).predict(images)
    assert calls == [7, 2]
    assert responses.dtype == np.float32
    expected = in_torch(make_encoder(n_voxels), images)
    assert np.ptp(expected) > 0.1
    np.testing.assert_allclose(responses, expected, atol=2e-6)


def test_batches_do_not_matter(images):
    expected = make_encoder(130).predict(images)
    for batch_size in (1, 2, 5, 9):
        found = make_encoder(130, batch_size=batch_size).predict(images)
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_threads_of_matrix_products_are_given_back(images):
    def threads():
        found = ThreadpoolController().select(user_api="blas").info()
        return [library["num_threads"] for library in found]

    encoder = make_encoder()
    encoder.module_  # noqa: B018  built once, for all threads
    before = threads()
    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(encoder.predict, [images] * 12))
    assert threads() == before
    for found in responses:
        np.testing.assert_array_equal(found, responses[0])


def test_without_vectors_torch_pools(images, calls, monkeypatch):
    expected = make_encoder().predict(images)
    assert calls == [9]
    monkeypatch.setattr(_backend, "VECTORS", False)
    found = make_encoder().predict(images)
    assert calls == [9]
    np.testing.assert_allclose(found, expected, atol=2e-6)


def test_channels_that_fill_no_vector_and_gradients_take_torch(images, calls):
    make_encoder(channels=(8, 12, 16, 8)).predict(images)
    encoder = make_encoder()
    pixels = torch.from_numpy(images[:2]).float() / 255
    with torch.no_grad():
        without = encoder.module_(pixels)
    encoder.module_(pixels.requires_grad_()).sum().backward()
    assert calls == []
    assert pixels.grad.abs().max() > 0
    np.testing.assert_allclose(without, encoder.predict(images[:2]), atol=2e-6)
    assert calls == [2]


@njit
def compress_all(x, y):
    for i in range(0, len(x), _pooling.N_LANES):
        _pooling.store(y, i, _pooling._compress(_pooling.load(x, i)))


def compress(x):
    x = np.asarray(x, np.float32)
    padded = np.zeros(len(x) + -len(x) % _pooling.N_LANES, np.float32)
    padded[: len(x)] = x
    found = np.empty_like(padded)
    compress_all(padded, found)
    return found[: len(x)]


def test_compression_follows_its_equation():
    rng = np.random.default_rng(0)
    x = np.concatenate(
        [np.linspace(-30, 30, 100_001), 10 ** rng.uniform(-20, 20, 10_000)]
    ).astype(np.float32)
    expected = np.log1p(np.abs(x.astype(float))) * np.tanh(x.astype(float))
    error = np.abs(compress(x) - expected) / np.log1p(np.abs(x.astype(float)) + 1e-30)
    assert error.max() < 3e-7
    np.testing.assert_array_equal(compress(-x), -compress(x))


def test_compression_keeps_what_is_no_number():
    found = compress([np.nan, np.inf, -np.inf, 0.0, 3e38])
    np.testing.assert_array_equal(found[:4], [np.nan, np.inf, -np.inf, 0])
    assert found[4] == pytest.approx(np.log(3e38), rel=1e-6)
