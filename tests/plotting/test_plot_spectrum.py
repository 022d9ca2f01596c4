"""Plots of spectra keep frequencies, power and units."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from skneuro.metrics import power_spectrum
from skneuro.plotting import plot_power_spectrum


@pytest.fixture
def spectrum():
    """Twelve channels with a rhythm of 10 Hz over noise that falls with frequency."""
    rng = np.random.default_rng(0)
    times = np.arange(10_000)  # ms
    X = 0.15 * rng.standard_normal((12, len(times))).cumsum(axis=1)
    X += np.sin(2 * np.pi * 10 * times / 1000)
    return power_spectrum(X, 1000, f_max=50)


def test_few_channels_are_lines_with_names(spectrum):
    frequencies, power = spectrum
    ax = plot_power_spectrum(frequencies, power[:3], labels=["V1", "V2", "MT"])
    assert len(ax.lines) == 3
    for line, expected in zip(ax.lines, power, strict=False):
        np.testing.assert_array_equal(line.get_xdata(), frequencies[1:])
        np.testing.assert_array_equal(line.get_ydata(), expected[1:])
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == ["V1", "V2", "MT"]


def test_many_channels_are_grey_behind_their_mean(spectrum):
    frequencies, power = spectrum
    ax = plot_power_spectrum(frequencies, power)
    assert len(ax.lines) == 13
    assert {line.get_color() for line in ax.lines[:12]} == {"0.75"}
    np.testing.assert_allclose(ax.lines[12].get_ydata(), power.mean(axis=0)[1:])
    assert ax.get_legend().get_texts()[0].get_text() == "mean of 12 channels"


def test_one_spectrum_needs_no_legend(spectrum):
    frequencies, power = spectrum
    ax = plot_power_spectrum(frequencies, power[0], labels=["V1"])
    assert len(ax.lines) == 1
    assert ax.get_legend() is None


@pytest.mark.parametrize(
    ("unit", "scaling", "label"),
    [
        (None, "spectrum", "Power"),
        ("mV", "spectrum", "Power (mV²)"),
        ("mV", "density", "Power density (mV²/Hz)"),
        ("mV/ms", "density", "Power density ((mV/ms)²/Hz)"),
        (None, "density", "Power density (1/Hz)"),
    ],
)
def test_axes_have_units(unit, scaling, label, spectrum):
    ax = plot_power_spectrum(*spectrum, unit=unit, scaling=scaling)
    assert ax.get_xlabel() == "Frequency (Hz)"
    assert ax.get_ylabel() == label


def test_linear_axes_show_all_frequencies(spectrum):
    frequencies, power = spectrum
    ax = plot_power_spectrum(frequencies, power, log_power=False)
    assert ax.get_yscale() == ax.get_xscale() == "linear"
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), frequencies)
    assert ax.get_xlim() == (0, 49)
    assert ax.get_ylim()[0] == 0


def test_logarithmic_frequencies_have_plain_numbers(spectrum):
    frequencies, power = spectrum
    ax = plot_power_spectrum(frequencies, power, log_frequency=True)
    assert ax.get_xscale() == "log"
    assert ax.get_xlim() == (1, 49)
    ax.figure.canvas.draw()
    labels = {label.get_text() for label in ax.get_xticklabels()}
    assert {"1", "2", "5", "10", "20"} <= labels


def test_logarithmic_axis_does_not_follow_rounding():
    times = np.arange(5000)
    frequencies, power = power_spectrum(np.sin(2 * np.pi * 10 * times / 1000), 1000)
    assert power.min() < 1e-20
    low, high = plot_power_spectrum(frequencies, power).get_ylim()
    assert low == pytest.approx(0.5e-8 / 1.5)
    assert high > 0.5


def test_marked_peak_is_the_rhythm_and_not_the_slope(spectrum):
    frequencies, power = spectrum
    assert power.mean(axis=0)[1:].argmax() == 0  # the slope is higher
    ax = plot_power_spectrum(frequencies, power, mark_peak=True)
    (text,) = ax.texts
    assert text.get_text() == "10 Hz"
    assert ax.lines[-1].get_xdata() == [10]
    np.testing.assert_allclose(ax.lines[-1].get_ydata(), power.mean(axis=0)[10])


def test_without_a_peak_the_largest_value_is_marked():
    ax = plot_power_spectrum([0, 1, 2, 3], [9, 3, 2, 1], mark_peak=True)
    assert ax.texts[0].get_text() == "1 Hz"


def test_labels_come_from_data_frames_and_data_arrays(spectrum):
    frequencies, power = spectrum
    frame = pd.DataFrame(power[:2].T, index=frequencies, columns=["V1", "V2"])
    array = xr.DataArray(
        power[:2], coords={"channel": ["V1", "V2"], "frequency": frequencies}
    )
    for labelled in (frame, array):
        ax = plot_power_spectrum(frequencies, labelled)
        texts = [text.get_text() for text in ax.get_legend().get_texts()]
        assert texts == ["V1", "V2"]
        np.testing.assert_array_equal(ax.lines[1].get_ydata(), power[1, 1:])


@pytest.mark.parametrize(
    ("frequencies", "power", "options", "message"),
    [
        ([0, 1], np.ones(3), {}, r"frequencies has shape \(2,\), but power has 3"),
        ([0, 1], np.ones((2, 2, 2)), {}, r"power has shape \(2, 2, 2\)"),
        ([0, 1], np.ones(2), {"scaling": "power"}, "scaling='power'; expected"),
        ([0, 1], np.ones((3, 2)), {"labels": ["a"]}, "labels has 1 entries"),
        ([0, 1], np.array([1, 0]), {}, "power is zero at all frequencies above 0"),
        ([0], np.ones(1), {}, "no frequency above 0"),
    ],
)
def test_what_cannot_be_shown_says_so(frequencies, power, options, message):
    with pytest.raises(ValueError, match=message):
        plot_power_spectrum(frequencies, power, **options)
