"""Power spectra."""

from numbers import Real

import numpy as np
from scipy.signal import stft, welch

from skneuro.metrics._validation import check_signals
from skneuro.utils._param_validation import Interval, StrOptions, validate_params

POSITIVE = Interval(Real, 0, None, closed="neither")


@validate_params(
    {
        "X": ["array-like"],
        "sfreq": [POSITIVE],
        "resolution": [POSITIVE],
        "f_max": [POSITIVE, None],
        "scaling": [StrOptions({"spectrum", "density"})],
        "average": ["boolean"],
        "normalize": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def power_spectrum(
    X,
    sfreq,
    *,
    resolution=1.0,
    f_max=None,
    scaling="spectrum",
    average=False,
    normalize=False,
):
    """Estimate power spectra by Welch's method.

    Segments that overlap by half lose their mean, are tapered by a Hann window,
    transformed, and their power is averaged [1]_.

    Parameters
    ----------
    X : array-like of shape (..., n_channels, n_times) or (n_times,)
        Signals: one recording, any number of them on leading axes, or one channel.
        A DataFrame has one column per channel; a DataArray has ``time`` among its
        dimensions.
    sfreq : float
        Sampling frequency, in Hz: ``1000 / dt`` for a step in ms, ``1 / t_r`` for BOLD.
    resolution : float, default=1.0
        Spacing of the frequencies, in Hz; segments last ``1 / resolution`` seconds,
        rounded to samples. BOLD wants about 0.01.
    f_max : float or None, default=None
        Frequencies from here on are left out, in Hz; None keeps all up to half the
        sampling frequency.
    scaling : {"spectrum", "density"}, default="spectrum"
        ``"spectrum"``: power per frequency, in the squared unit of X, so that a sine of
        amplitude A has a peak of A**2 / 2; ``"density"``: in that unit per Hz.
    average : bool, default=False
        Whether to return the mean spectrum of the channels.
    normalize : bool, default=False
        Whether to divide each returned spectrum by its maximum; a spectrum of zeros
        stays as it is.

    Returns
    -------
    frequencies : ndarray of shape (n_frequencies,)
        Frequencies, in Hz.
    power : ndarray of shape (..., n_channels, n_frequencies)
        Power; float32 if X is float32, else float64. Without the channel axis if
        ``average=True`` or if X had none.

    Raises
    ------
    ValueError
        If X is shorter than one segment, holds NaN, or nothing lies below ``f_max``.

    References
    ----------
    .. [1] P. D. Welch (1967), IEEE Trans. Audio Electroacoust. 15, 70-73:
       :doi:`10.1109/TAU.1967.1161901`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import power_spectrum
    >>> times = np.arange(0, 5000, 0.5)  # ms
    >>> X = 3 * np.sin(2 * np.pi * 10 * times / 1000)[None]  # 10 Hz
    >>> frequencies, power = power_spectrum(X, sfreq=1000 / 0.5, f_max=70)
    >>> float(frequencies[power[0].argmax()]), float(power.max().round(3))
    (10.0, 4.5)
    """
    one_channel = np.ndim(X) == 1
    X = check_signals(np.asarray(X)[None] if one_channel else X)
    n_segment = _segment_length(sfreq, resolution, X.shape[-1])
    frequencies, power = welch(
        X, fs=sfreq, window="hann", nperseg=n_segment, scaling=scaling, axis=-1
    )
    if f_max is not None:
        kept = frequencies < f_max
        frequencies, power = frequencies[kept], power[..., kept]
    if one_channel:
        power = power[0]
    elif average:
        power = power.mean(axis=-2)
    if normalize:
        peak = power.max(axis=-1, keepdims=True)
        power = power / np.where(peak == 0, 1, peak)
    return frequencies, power


@validate_params(
    {
        "X": ["array-like"],
        "sfreq": [POSITIVE],
        "resolution": [POSITIVE],
        "f_max": [POSITIVE, None],
        "kind": [StrOptions({"squared", "imaginary", "complex"})],
    },
    prefer_skip_nested_validation=True,
)
def coherence(X, sfreq, *, resolution=1.0, f_max=None, kind="squared"):
    r"""Estimate the coherence of all pairs of channels by Welch's method.

    From cross spectra :math:`S_{xy}` that are averaged over half-overlapping Hann
    segments, the coherency :math:`S_{xy} / \sqrt{S_{xx} S_{yy}}` at each frequency.

    Parameters
    ----------
    X : array-like of shape (..., n_channels, n_times)
        Signals: one recording, or any number of them on leading axes. A DataFrame has
        one column per channel; a DataArray has ``time`` among its dimensions.
    sfreq : float
        Sampling frequency, in Hz.
    resolution : float, default=1.0
        Spacing of the frequencies, in Hz; segments last ``1 / resolution`` seconds.
    f_max : float or None, default=None
        Frequencies from here on are left out, in Hz; None keeps all up to half the
        sampling frequency.
    kind : {"squared", "imaginary", "complex"}, default="squared"
        ``"squared"``: magnitude-squared coherence, between 0 and 1; ``"imaginary"``:
        the imaginary part, which nothing that is shared without delay can make [1]_;
        ``"complex"``: the coherency itself, positive phases where the second channel
        leads.

    Returns
    -------
    frequencies : ndarray of shape (n_frequencies,)
        Frequencies, in Hz.
    coherence : ndarray of shape (..., n_channels, n_channels, n_frequencies)
        Coherence, in the precision of X. Channels without power at a frequency have 0.

    Raises
    ------
    ValueError
        If X holds NaN, is shorter than two segments, or nothing lies below ``f_max``.

    See Also
    --------
    power_spectrum : The spectra of the channels.
    envelope_connectivity : How amplitudes go together.

    Notes
    -----
    The squared coherence of independent channels is not 0 but about one over the
    number of independent segments.

    References
    ----------
    .. [1] G. Nolte et al. (2004), Clin. Neurophysiol. 115, 2292-2307:
       :doi:`10.1016/j.clinph.2004.04.029`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import coherence
    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal(50_000)
    >>> X = np.stack([x, x + rng.standard_normal(50_000)])  # half signal, half noise
    >>> frequencies, c = coherence(X, sfreq=500.0)
    >>> float(c[0, 1].mean().round(1))
    0.5
    """
    X = check_signals(X)
    n_segment = _segment_length(sfreq, resolution, X.shape[-1], n_segments=2)
    # (..., n_channels, n_frequencies, n_segments)
    frequencies, _, spectra = stft(
        X,
        fs=sfreq,
        nperseg=n_segment,
        detrend="constant",
        boundary=None,
        padded=False,
    )
    kept = slice(None) if f_max is None else frequencies < f_max
    frequencies, spectra = frequencies[kept], spectra[..., kept, :]
    by_frequency = np.moveaxis(spectra, -3, -2)  # (..., n_frequencies, n_channels, s)
    cross = by_frequency.conj() @ np.swapaxes(by_frequency, -1, -2)
    size = np.sqrt(np.einsum("...ii->...i", cross).real)
    size = size[..., :, None] * size[..., None, :]
    coherency = np.divide(cross, size, out=np.zeros_like(cross), where=size > 0)
    coherency = np.moveaxis(coherency, -3, -1)
    if kind == "complex":
        return frequencies, coherency
    if kind == "imaginary":
        return frequencies, coherency.imag.astype(X.dtype)
    return frequencies, (np.abs(coherency) ** 2).astype(X.dtype)


def _segment_length(sfreq, resolution, n_times, n_segments=1):
    """Count the samples of a segment; half-overlapping ones must fit the signal."""
    n_segment = round(sfreq / resolution)
    if n_segment < 2:
        raise ValueError(
            f"resolution={resolution:g} Hz is {n_segment} samples per segment at "
            f"sfreq={sfreq:g} Hz; expected at least 2. Pass a smaller resolution."
        )
    needed = n_segment + (n_segments - 1) * (n_segment - n_segment // 2)
    if needed > n_times:
        coarsest = sfreq / (n_times * n_segment / needed)
        many = "segments" if n_segments == 1 else f"{n_segments} segments"
        raise ValueError(
            f"resolution={resolution:g} Hz needs {many} of {n_segment} samples at "
            f"sfreq={sfreq:g} Hz, but X has {n_times} time points. Pass resolution="
            f"{coarsest:.3g} or more, or record longer."
        )
    return n_segment
