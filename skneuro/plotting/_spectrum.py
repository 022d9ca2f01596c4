"""Power spectra."""

import numpy as np
from scipy.signal import find_peaks

from skneuro.plotting._axes import check_labels, get_axes, read_channels

MOST_LINES = 8  # above, channels are grey and their mean is drawn
DYNAMIC_RANGE = 1e-8  # a log axis ends here below the peak: less is rounding


def plot_power_spectrum(
    frequencies,
    power,
    *,
    labels=None,
    unit=None,
    scaling="spectrum",
    log_power=True,
    log_frequency=False,
    mark_peak=False,
    ax=None,
):
    """Plot power spectra.

    Up to eight channels are told apart by colour. More are drawn in grey, with their
    mean on top.

    Parameters
    ----------
    frequencies : array-like of shape (n_frequencies,)
        Frequencies, in Hz.
    power : array-like of shape (n_channels, n_frequencies) or (n_frequencies,)
        Power as :func:`skneuro.metrics.power_spectrum` returns it. A DataFrame has one
        column per channel; DataFrames and DataArrays bring their labels.
    labels : array-like of str of shape (n_channels,), default=None
        Names of the channels.
    unit : str, default=None
        Unit of the signals, such as ``"mV"``; the axis shows its square.
    scaling : {"spectrum", "density"}, default="spectrum"
        What ``power_spectrum`` was asked for; a density is per Hz.
    log_power : bool, default=True
        Whether power is on a logarithmic axis. It ends eight decades below the peak,
        and frequency 0 is left out, since Welch's method removes the mean.
    log_frequency : bool, default=False
        Whether frequency is on a logarithmic axis; frequency 0 is left out.
    mark_peak : bool, default=False
        Whether to mark the most prominent peak of the mean spectrum and write its
        frequency; without a peak, the largest value above frequency 0.
    ax : matplotlib.axes.Axes, default=None
        Axes to draw on; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes that hold the lines: the channels in their order, then the mean if drawn.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        If frequencies and power do not match, labels are too many or too few, scaling
        is neither, or there is no power to show on a logarithmic axis.

    See Also
    --------
    skneuro.metrics.power_spectrum : Estimates power spectra.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import power_spectrum
    >>> from skneuro.plotting import plot_power_spectrum
    >>> times = np.arange(0, 5000, 1.0)  # ms
    >>> X = np.sin(2 * np.pi * 10 * times / 1000)  # 10 Hz
    >>> frequencies, power = power_spectrum(X, sfreq=1000, f_max=70)
    >>> ax = plot_power_spectrum(frequencies, power, unit="mV", mark_peak=True)
    >>> ax.get_ylabel()
    'Power (mV²)'
    >>> ax.figure.savefig("spectrum.png")
    """
    frequencies = np.asarray(frequencies, np.float64)
    power, own_labels, _ = read_channels(power, "power", "frequency")
    n_channels = len(power)
    labels = check_labels(own_labels if labels is None else labels, n_channels)
    if frequencies.shape != power.shape[1:]:
        raise ValueError(
            f"frequencies has shape {frequencies.shape}, but power has "
            f"{power.shape[1]} frequencies; expected ({power.shape[1]},). Pass both as "
            "power_spectrum returns them."
        )
    if scaling not in ("spectrum", "density"):
        raise ValueError(
            f"scaling={scaling!r}; expected 'spectrum' or 'density', as it was passed "
            "to power_spectrum."
        )
    used = frequencies > 0 if log_power or log_frequency else frequencies >= 0
    frequencies, power = frequencies[used], power[:, used]
    if len(frequencies) == 0:
        raise ValueError(
            "frequencies has no frequency above 0; expected at least one. Pass all of "
            "what power_spectrum returns, or linear axes."
        )
    peak = power.max()
    if log_power and peak == 0:
        raise ValueError(
            "power is zero at all frequencies above 0; expected a signal that varies. "
            "Pass log_power=False."
        )
    ax = get_axes(ax, "plot_power_spectrum", (5.2, 3.4))

    mean = power.mean(axis=0)
    many = n_channels > MOST_LINES
    for i, line in enumerate(power):
        style = {"color": "0.75", "linewidth": 0.5} if many else {"linewidth": 1.3}
        label = None if many or labels is None else labels[i]
        ax.plot(frequencies, line, label=label, **style)
    if many:
        ax.plot(
            frequencies,
            mean,
            color="black",
            linewidth=1.5,
            label=f"mean of {n_channels} channels",
        )
    ax.set(
        xlabel="Frequency (Hz)",
        ylabel=name_power(unit, scaling),
        xscale="log" if log_frequency else "linear",
        yscale="log" if log_power else "linear",
        xlim=(frequencies[0] if log_frequency else 0, frequencies[-1]),
    )
    if log_frequency:
        write_plain_frequencies(ax.xaxis)
    if log_power:
        positive = power[power > 0]
        bottom = max(positive.min(), peak * DYNAMIC_RANGE)
        ax.set_ylim(bottom / 1.5, peak * 2.5)
    else:
        ax.set_ylim(0, 1.08 * peak or 1)
    ax.spines[["top", "right"]].set_visible(False)
    if mark_peak:
        annotate_peak(ax, frequencies, mean, log_power)
    if many or (labels is not None and n_channels > 1):
        ax.legend(frameon=False, fontsize="small")
    return ax


def name_power(unit, scaling):
    """Label the axis of power.

    Parameters
    ----------
    unit : str or None
        Unit of the signals.
    scaling : {"spectrum", "density"}
        Power, or power per Hz.

    Returns
    -------
    str
        Label with unit.
    """
    name = "Power" if scaling == "spectrum" else "Power density"
    if unit is None:
        return name if scaling == "spectrum" else f"{name} (1/Hz)"
    squared = f"{unit}²" if unit.isalpha() else f"({unit})²"
    return f"{name} ({squared})" if scaling == "spectrum" else f"{name} ({squared}/Hz)"


def write_plain_frequencies(axis):
    """Label a logarithmic axis with 0.1, 0.2, 0.5, 1, ... instead of powers of ten.

    Parameters
    ----------
    axis : matplotlib.axis.Axis
        Axis of frequency.
    """
    from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=[1, 2, 5]))
    axis.set_major_formatter(FormatStrFormatter("%g"))
    axis.set_minor_formatter(NullFormatter())


def annotate_peak(ax, frequencies, mean, log):
    """Mark the peak and write its frequency beside it.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Axes that hold the spectra.
    frequencies : ndarray of shape (n_frequencies,)
        Frequencies, in Hz.
    mean : ndarray of shape (n_frequencies,)
        Spectrum to look for the peak in.
    log : bool
        Whether prominence is measured in the logarithm.
    """
    height = np.log(np.maximum(mean, mean.max() * DYNAMIC_RANGE)) if log else mean
    peaks, found = find_peaks(height, prominence=0)
    if len(peaks):
        i = peaks[found["prominences"].argmax()]
    else:
        above = np.flatnonzero(frequencies > 0)
        i = above[mean[above].argmax()]
    ax.plot(frequencies[i], mean[i], "o", color="tab:red", markersize=4, zorder=5)
    ax.annotate(
        f"{frequencies[i]:.3g} Hz",
        (frequencies[i], mean[i]),
        xytext=(6, 2),
        textcoords="offset points",
        color="tab:red",
        fontsize="small",
    )
