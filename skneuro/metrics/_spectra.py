"""Power spectra."""

from numbers import Real

import numpy as np
from scipy.signal import welch

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
    n_times = X.shape[-1]
    n_segment = round(sfreq / resolution)
    if n_segment < 2:
        raise ValueError(
            f"resolution={resolution:g} Hz is {n_segment} samples per segment at "
            f"sfreq={sfreq:g} Hz; expected at least 2. Pass a smaller resolution."
        )
    if n_segment > n_times:
        raise ValueError(
            f"resolution={resolution:g} Hz needs segments of {n_segment} samples at "
            f"sfreq={sfreq:g} Hz, but X has {n_times} time points. Pass resolution="
            f"{sfreq / n_times:.3g} or more, or record longer."
        )
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
