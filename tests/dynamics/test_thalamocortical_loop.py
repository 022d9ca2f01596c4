"""The loop of ALN cortex and thalamus: slow oscillation and the spindles it groups."""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d
from scipy.signal import butter, hilbert, sosfiltfilt, welch

from skneuro.dynamics import ALN, NetworkSimulator, SubSample, ThalamicNode

DURATION = 60_000  # ms


def simulate_loop(to_thalamus, to_cortex):
    """Rates of cortex and relay cells, in Hz, every ms, without the first 5 s."""
    cortex = ALN(
        exc_input=3.4,
        inh_input=3.5,
        coupling=0.4,
        b=15.0,
        tau_adaptation=1000.0,
        sigma=0.05,
    )
    thalamus = ThalamicNode(g_k_leak=0.032, sigma={"tcr": 0.005})
    loop = NetworkSimulator(
        [("cortex", cortex), ("thalamus", thalamus)],
        {
            ("cortex__rate_exc", "thalamus__net_tcr"): to_thalamus,
            ("cortex__rate_exc", "thalamus__net_trn"): to_thalamus,
            ("thalamus__rate", "cortex__net"): to_cortex,
            ("thalamus__rate", "cortex__net_squared"): to_cortex,
        },
        delays=13.0,
        duration=DURATION,
        monitor=SubSample(1.0),
        record=("cortex__rate_exc", "thalamus__rate_tcr"),
        random_state=0,
    )
    return loop.fit_transform([[0.0, 0.0]])[0, :, 5000:]


def peak(rates, low, high):
    """Frequency of the largest power between two frequencies, in Hz."""
    frequency, power = welch(rates - rates.mean(), fs=1000.0, nperseg=8192)
    inside = (frequency >= low) & (frequency <= high)
    return frequency[inside][power[inside].argmax()]


def grouping(cortex, relay):
    """Amplitude of spindles when the cortex goes up, relative to 0.7 s later."""
    band = butter(2, (10.0, 16.0), "bandpass", fs=1000.0, output="sos")
    amplitude = np.abs(hilbert(sosfiltfilt(band, relay)))
    rate = uniform_filter1d(cortex, 100)
    onsets = np.flatnonzero((rate[:-1] < 5.0) & (rate[1:] >= 5.0))
    onsets = onsets[(onsets > 1000) & (onsets < len(rate) - 1000)]
    assert len(onsets) > 20
    at, later = np.arange(0, 200), np.arange(600, 800)
    return amplitude[onsets[:, None] + at].mean() / (
        amplitude[onsets[:, None] + later].mean()
    )


def test_cortex_goes_up_and_down_and_groups_spindles():
    cortex, relay = simulate_loop(2.4, 0.05)
    assert 0.2 <= peak(cortex, 0.1, 10.0) <= 1.5  # slow oscillation
    assert (cortex < 1.0).mean() > 0.1  # down
    assert (cortex > 20.0).mean() > 0.1  # up
    assert 12.0 <= peak(relay, 8.0, 20.0) <= 15.0  # spindles
    assert relay.max() > 200.0
    assert grouping(cortex, relay) > 4.0


def test_spindles_come_at_any_time_without_the_cortex():
    cortex, relay = simulate_loop(0.0, 0.05)
    assert grouping(cortex, relay) == pytest.approx(1.0, abs=0.4)
    alone, _ = simulate_loop(0.0, 0.0)
    assert (alone < 2.0).mean() > (cortex < 2.0).mean()  # relay cells excite the cortex
