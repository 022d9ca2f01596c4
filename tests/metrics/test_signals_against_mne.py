"""Filters, spectra, resampling and envelopes beside those of MNE."""

import numpy as np
import pytest

from skneuro.metrics import (
    BandPassFilter,
    Resampler,
    envelope_connectivity,
    power_spectrum,
)

SFREQ = 250.0


@pytest.fixture
def mne():
    """MNE, where the extra is installed."""
    return pytest.importorskip("mne", reason="the extra eeg is not installed")


@pytest.fixture
def noise():
    """White noise, two recordings of four channels."""
    return np.random.default_rng(0).standard_normal((2, 4, 2500))


def test_filters_equal_those_of_mne(mne, noise):
    expected = mne.filter.filter_data(
        noise,
        SFREQ,
        8.0,
        12.0,
        method="iir",
        iir_params={"order": 4, "ftype": "butter"},
        verbose=False,
    )
    found = BandPassFilter(8.0, 12.0, sfreq=SFREQ).fit_transform(noise)
    # they continue the signals differently at both ends
    np.testing.assert_allclose(found[..., 900:-900], expected[..., 900:-900], atol=1e-6)
    notch = mne.filter.filter_data(
        noise,
        SFREQ,
        52.0,
        48.0,
        method="iir",
        iir_params={"order": 4, "ftype": "butter"},
        verbose=False,
    )
    found = BandPassFilter(48.0, 52.0, sfreq=SFREQ, stop=True).fit_transform(noise)
    np.testing.assert_allclose(found[..., 900:-900], notch[..., 900:-900], atol=1e-6)


def test_spectra_equal_those_of_mne(mne, noise):
    expected, frequencies = mne.time_frequency.psd_array_welch(
        noise,
        SFREQ,
        fmax=SFREQ / 2,
        n_fft=500,
        n_per_seg=500,
        n_overlap=250,
        window="hann",
        verbose=False,
    )
    found, density = power_spectrum(noise, SFREQ, resolution=0.5, scaling="density")
    np.testing.assert_array_equal(found, frequencies)
    np.testing.assert_allclose(density, expected, rtol=1e-10)


def test_resampled_signals_equal_those_of_mne(mne, noise):
    slow = BandPassFilter(8.0, 12.0, sfreq=SFREQ).fit_transform(noise)
    expected = mne.filter.resample(slow, up=100.0, down=SFREQ, verbose=False)
    found = Resampler(100.0, sfreq=SFREQ).fit_transform(slow)
    assert found.shape == expected.shape
    np.testing.assert_allclose(
        found[..., 100:-100], expected[..., 100:-100], atol=2e-3 * np.abs(slow).max()
    )


@pytest.mark.parametrize(
    ("envelope", "expected"),
    [
        ("log_power", [0.3303109097003665, -0.03552801227815881, -0.001884110910833]),
        ("amplitude", [0.600787934075303, -0.05666768031260762, 0.003160227246977068]),
    ],
)
def test_envelopes_correlate_as_in_mne_connectivity(envelope, expected):
    # mne-connectivity 0.9.0: envelope_correlation(analytic, orthogonalize="pairwise",
    # log=..., absolute=False)
    n = np.arange(600)
    X = np.stack(
        [
            np.sin(0.31 * n) * (1 + 0.5 * np.sin(0.02 * n)),
            np.sin(0.29 * n + 0.4) * (1 + 0.5 * np.sin(0.02 * n + 0.3)),
            np.cos(0.33 * n) * (1 + 0.5 * np.cos(0.031 * n)),
        ]
    )
    fc = envelope_connectivity(X, SFREQ, band=None, envelope=envelope)
    np.testing.assert_allclose(fc[[0, 0, 1], [1, 2, 2]], expected, atol=1e-12)
