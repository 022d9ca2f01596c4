"""Filters, analytic signals and resampling of signals with known answers."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from skneuro.dynamics import Hopf
from skneuro.metrics import (
    AnalyticSignal,
    BandPassFilter,
    FunctionalConnectivity,
    Resampler,
)

SFREQ = 500.0
TIMES = np.arange(4000) / SFREQ  # s
MIDDLE = slice(1000, 3000)


def sines(*frequencies, phase=0.0):
    return np.sin(2 * np.pi * np.array(frequencies)[:, None] * TIMES + phase)


@pytest.mark.parametrize(
    ("low", "high", "kept"),
    [
        (8.0, 12.0, [0, 1, 0]),
        (None, 20.0, [1, 1, 0]),
        (20.0, None, [0, 0, 1]),
        (1.0, 30.0, [1, 1, 0]),
    ],
)
def test_only_the_band_is_left(low, high, kept):
    X = sines(3.0, 10.0, 60.0)
    out = BandPassFilter(low, high, sfreq=SFREQ).fit_transform(X[None])[0]
    expected = np.array(kept)[:, None] * X
    np.testing.assert_allclose(out[:, MIDDLE], expected[:, MIDDLE], atol=0.02)


@pytest.mark.parametrize(
    ("low", "high", "kept"),
    [(8.0, 12.0, [1, 0, 1]), (None, 20.0, [0, 0, 1]), (20.0, None, [1, 1, 0])],
)
def test_a_stopped_band_is_what_is_missing(low, high, kept):
    X = sines(3.0, 10.0, 60.0)
    out = BandPassFilter(low, high, sfreq=SFREQ, stop=True).fit_transform(X[None])[0]
    expected = np.array(kept)[:, None] * X
    np.testing.assert_allclose(out[:, MIDDLE], expected[:, MIDDLE], atol=0.02)


@pytest.mark.parametrize("order", [1, 2, 4, 6])
def test_half_the_amplitude_is_left_at_the_edges(order):
    X = sines(8.0, 16.0)[None]
    out = BandPassFilter(8.0, 16.0, sfreq=SFREQ, order=order).fit_transform(X)
    ratio = out[..., MIDDLE].std(axis=-1) / X[..., MIDDLE].std(axis=-1)
    np.testing.assert_allclose(ratio, 0.5, atol=5e-3)


def test_low_pass_keeps_constants():
    X = np.full((1, 2, 500), 7.0)
    out = BandPassFilter(None, 10.0, sfreq=SFREQ).fit_transform(X)
    np.testing.assert_allclose(out, 7.0, atol=1e-10)


def test_a_table_is_one_recording():
    X = sines(3.0, 10.0)
    for transformer in (
        BandPassFilter(sfreq=SFREQ),
        AnalyticSignal("phase"),
        Resampler(250.0, sfreq=SFREQ),
    ):
        table = transformer.fit_transform(X.T)
        np.testing.assert_allclose(
            table, clone(transformer).fit_transform(X[None])[0].T
        )


@pytest.mark.parametrize("phase", [0.0, 1.0, -2.0])
def test_analytic_signal_of_a_cosine(phase):
    X = 3.0 + 2.0 * sines(10.0, phase=phase + np.pi / 2)[None]
    angle = 2 * np.pi * 10.0 * TIMES + phase

    def out(kind):
        return AnalyticSignal(kind, sfreq=SFREQ).fit_transform(X)[0, 0]

    np.testing.assert_allclose(out("amplitude"), 2.0, atol=1e-10)
    np.testing.assert_allclose(np.exp(1j * out("phase")), np.exp(1j * angle), atol=1e-9)
    np.testing.assert_allclose(np.diff(out("unwrapped")), np.diff(angle), atol=1e-9)
    np.testing.assert_allclose(out("frequency"), 10.0, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_complex_signal_has_amplitude_and_phase(dtype):
    X = (sines(10.0, 23.0) * (1 + TIMES))[None].astype(dtype)
    z = AnalyticSignal("complex").fit_transform(X)
    assert z.dtype == {"float32": np.complex64, "float64": np.complex128}[dtype]
    atol = 1e-4 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(abs(z), AnalyticSignal().fit_transform(X), atol=atol)
    phase = AnalyticSignal("phase").fit_transform(X)
    np.testing.assert_allclose(np.exp(1j * phase), z / abs(z), atol=atol)
    np.testing.assert_allclose(
        z.real, X - X.mean(axis=-1, keepdims=True), rtol=0, atol=atol
    )


def test_envelope_of_a_modulated_wave():
    envelope = 1 + 0.5 * np.sin(2 * np.pi * 0.5 * TIMES)
    out = AnalyticSignal().fit_transform((envelope * sines(40.0))[None])[0, 0]
    np.testing.assert_allclose(out[MIDDLE], envelope[MIDDLE], atol=1e-3)


def test_constant_channels_have_no_amplitude():
    assert not AnalyticSignal().fit_transform(np.full((1, 1, 50), 1e6)).any()


@pytest.mark.parametrize(
    ("new", "n_times"), [(250.0, 2000), (125.0, 1000), (750.0, 6000)]
)
def test_resampled_waves_keep_their_shape(new, n_times):
    X = sines(5.0, 11.0)[None]
    out = Resampler(new, sfreq=SFREQ).fit_transform(X)
    times = np.arange(n_times) / new
    expected = np.sin(2 * np.pi * np.array([[5.0], [11.0]]) * times)
    assert out.shape == (1, 2, n_times)
    middle = slice(n_times // 10, -n_times // 10)
    np.testing.assert_allclose(out[0, :, middle], expected[:, middle], atol=2e-3)


def test_resampling_removes_what_it_cannot_carry():
    out = Resampler(100.0, sfreq=SFREQ).fit_transform(sines(90.0)[None])
    assert np.abs(out[..., 50:-50]).max() < 0.02


def test_resampling_keeps_lines():
    X = np.linspace(-3.0, 5.0, 401)[None, None]
    out = Resampler(125.0, sfreq=SFREQ).fit_transform(X)
    np.testing.assert_allclose(out[0, 0], X[0, 0, ::4], atol=1e-10)


def test_a_chain_from_simulator_to_connectivity():
    chain = make_pipeline(
        Hopf(np.ones((3, 3)), duration=400.0, dt=0.5, sigma=0.05, random_state=0),
        Resampler(500.0, sfreq=2000.0),
        BandPassFilter(20.0, 40.0, sfreq=500.0),
        AnalyticSignal(),
        FunctionalConnectivity(),
    )
    assert chain.fit_transform(np.zeros((2, 3))).shape == (2, 3)


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        (None, None, "low and high are both None"),
        (12.0, 8.0, r"low=12.0 Hz and high=8.0 Hz at sfreq=500 Hz"),
        (8.0, 250.0, "half the sampling frequency"),
        (8.0, 8.0, "low < high"),
    ],
)
def test_impossible_bands_say_so(low, high, message):
    with pytest.raises(ValueError, match=message):
        BandPassFilter(low, high, sfreq=SFREQ).fit(sines(1.0)[None])


def test_impossible_ratio_says_so():
    with pytest.raises(ValueError, match="ratio of whole numbers up to 10000"):
        Resampler(100 * np.pi, sfreq=SFREQ).fit(sines(1.0)[None])


def test_too_many_axes_say_so():
    with pytest.raises(ValueError, match=r"X has shape \(1, 1, 2, 3\)"):
        BandPassFilter(sfreq=SFREQ).fit(np.zeros((1, 1, 2, 3)))
