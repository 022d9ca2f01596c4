"""Transformers of signals along time: filters, analytic signals, resampling."""

from fractions import Fraction
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from scipy.signal import butter, hilbert, resample_poly, sosfiltfilt
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skneuro.metrics._correlation import centre
from skneuro.metrics._validation import FLOATS
from skneuro.utils._param_validation import Interval, StrOptions, _fit_context

POSITIVE = Interval(Real, 0, None, closed="neither")
_LARGEST_FACTOR = 10_000  # of a ratio of sampling frequencies


def design_band_pass(low, high, sfreq, order, *, stop=False):
    """Design a Butterworth filter as second-order sections.

    Parameters
    ----------
    low, high : float or None
        Edges of the band, in Hz; None leaves that side open.
    sfreq : float
        Sampling frequency, in Hz.
    order : int
        Order of the filter.
    stop : bool, default=False
        Whether the band is removed instead of kept.

    Returns
    -------
    ndarray of shape (n_sections, 6)
        Sections.

    Raises
    ------
    ValueError
        If there is no edge, or the edges are not in order below half the sampling
        frequency.
    """
    edges = [edge for edge in (low, high) if edge is not None]
    if not edges:
        raise ValueError("low and high are both None; pass at least one edge, in Hz.")
    if edges[-1] >= sfreq / 2 or edges != sorted(set(edges)):
        raise ValueError(
            f"low={low} Hz and high={high} Hz at sfreq={sfreq:g} Hz; expected low < "
            f"high < {sfreq / 2:g} Hz, half the sampling frequency."
        )
    if len(edges) == 2:
        kind = "bandstop" if stop else "bandpass"
        return butter(order, edges, kind, output="sos", fs=sfreq)
    kind = "lowpass" if (low is None) != stop else "highpass"
    return butter(order, edges[0], kind, output="sos", fs=sfreq)


def filter_both_ways(X, sections, axis=-1):
    """Filter forward and backward, so that nothing is shifted in time.

    Parameters
    ----------
    X : ndarray
        Signals.
    sections : ndarray of shape (n_sections, 6)
        Filter.
    axis : int, default=-1
        Axis of time.

    Returns
    -------
    ndarray
        Filtered signals, float64. Signals are continued by their point reflections at
        both ends, by three times the length of the filter or as far as they reach.
    """
    n_times = X.shape[axis]
    padding = min(3 * (2 * len(sections) + 1), n_times - 1)
    return sosfiltfilt(sections, X, axis=axis, padlen=padding)


class BaseSignalTransformer(TransformerMixin, BaseEstimator):
    """Base of transformers that work along time, each channel by itself.

    Subclasses have ``_apply(X, axis)`` and may have ``_check()``.
    """

    _parameter_constraints: ClassVar[dict] = {}

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check parameters and count the channels.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times) or (n_times, \
n_channels)
            Signals, or one recording as a table.
        y : Ignored
            Not used, present by convention.

        Returns
        -------
        BaseSignalTransformer
            This transformer.
        """
        self._check()
        self._validate(X, reset=True)
        return self

    def transform(self, X):
        """Transform signals along time.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_channels, n_times) or (n_times, \
n_channels)
            Signals, or one recording as a table.

        Returns
        -------
        ndarray of shape (n_samples, n_channels, n_new_times) or (n_new_times, \
n_channels)
            Transformed signals; float32 if X is float32, else float64. Complex ones
            are complex64 or complex128.
        """
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        axis = 0 if X.ndim == 2 else -1
        out = self._apply(X, axis)
        single = X.dtype == np.float32
        if np.iscomplexobj(out):
            return out.astype(np.complex64 if single else np.complex128, copy=False)
        return out.astype(X.dtype, copy=False)

    def _check(self):
        """Complain about parameters that do not go together."""

    def _apply(self, X, axis):
        raise NotImplementedError

    def _validate(self, X, *, reset):
        X = validate_data(self, X, reset=reset, allow_nd=True, dtype=FLOATS)
        if X.ndim > 3 or X.shape[-1] == 0:
            raise ValueError(
                f"X has shape {X.shape}; expected (n_samples, n_channels, n_times), or "
                "one recording as a table, (n_times, n_channels)."
            )
        return X

    def __sklearn_is_fitted__(self):
        return hasattr(self, "n_features_in_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


class BandPassFilter(BaseSignalTransformer):
    """Keep one frequency band of signals, or remove it.

    A Butterworth filter runs forward and backward, so that phases stay what they are
    and the attenuation is that of twice the order: half the amplitude is left at the
    edges.

    2-D X is one recording with time along the rows, (n_times, n_channels), as nilearn's
    maskers give it.

    Parameters
    ----------
    low : float or None, default=8.0
        Lower edge, in Hz. None makes a low-pass filter.
    high : float or None, default=12.0
        Upper edge, in Hz. None makes a high-pass filter.
    sfreq : float, default=1000.0
        Sampling frequency of the signals, in Hz: ``1000 / dt`` for a step in ms,
        ``1 / t_r`` for BOLD.
    order : int, default=4
        Order of the filter that runs twice, dimensionless.
    stop : bool, default=False
        Whether to remove the band and keep the rest, as against the hum of the mains.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the channels, where ``fit`` saw a DataFrame.

    Raises
    ------
    ValueError
        If there is no edge, or the edges are not in order below half the sampling
        frequency.

    See Also
    --------
    AnalyticSignal : Amplitude and phase of what is left.
    power_spectrum : What bands there are.

    Notes
    -----
    The first and last period of the lower edge feel the ends of the recording.

    References
    ----------
    .. [1] S. Butterworth (1930), Experimental Wireless 7, 536-541.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import BandPassFilter
    >>> times = np.arange(2000) / 1000  # s
    >>> slow, alpha = np.sin(2 * np.pi * 2 * times), np.sin(2 * np.pi * 10 * times)
    >>> X = (slow + alpha)[None, None]
    >>> kept = BandPassFilter(5.0, 20.0, sfreq=1000.0).fit_transform(X)
    >>> bool(abs(kept[0, 0] - alpha)[500:1500].max() < 0.05)
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "low": [POSITIVE, None],
        "high": [POSITIVE, None],
        "sfreq": [POSITIVE],
        "order": [Interval(Integral, 1, None, closed="left")],
        "stop": ["boolean"],
    }

    def __init__(self, low=8.0, high=12.0, *, sfreq=1000.0, order=4, stop=False):
        self.low = low
        self.high = high
        self.sfreq = sfreq
        self.order = order
        self.stop = stop

    def _sections(self):
        return design_band_pass(
            self.low, self.high, self.sfreq, self.order, stop=self.stop
        )

    def _check(self):
        self._sections()

    def _apply(self, X, axis):
        return filter_both_ways(X, self._sections(), axis)


class AnalyticSignal(BaseSignalTransformer):
    """Find amplitude or phase of narrow-band signals by the Hilbert transform.

    The analytic signal ``x(t) + i H[x](t) = A(t) exp(i phi(t))`` has no negative
    frequencies [1]_. The mean of each channel is subtracted first; filter broad-band
    signals to one band.

    2-D X is one recording with time along the rows, (n_times, n_channels), as nilearn's
    maskers give it.

    Parameters
    ----------
    output : {"amplitude", "phase", "unwrapped", "frequency", "complex"}, \
default="amplitude"
        ``"amplitude"``: the envelope ``A``, in the unit of X; ``"phase"``:
        ``phi`` between -pi and pi, in rad; ``"unwrapped"``: the phase without
        its jumps; ``"frequency"``: its slope, in Hz; ``"complex"``: the analytic signal
        itself, in the unit of X.
    sfreq : float, default=1000.0
        Sampling frequency, in Hz. Only used by ``output="frequency"``.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the channels, where ``fit`` saw a DataFrame.

    See Also
    --------
    BandPassFilter : Keep one band first.
    kuramoto_order : Synchrony of the phases.
    envelope_connectivity : Which amplitudes go together.

    Notes
    -----
    Within a period of either end the result is least certain.

    References
    ----------
    .. [1] D. Gabor (1946), J. Inst. Electr. Eng. 93, 429-457.
       :doi:`10.1049/ji-3-2.1946.0074`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import AnalyticSignal
    >>> times = np.arange(1000) / 1000  # s
    >>> X = 3 * np.cos(2 * np.pi * 10 * times)[None, None]
    >>> AnalyticSignal().fit_transform(X)[0, 0, 500].round(3)
    np.float64(3.0)
    >>> AnalyticSignal("frequency").fit_transform(X)[0, 0, 500].round(3)
    np.float64(10.0)
    """

    _parameter_constraints: ClassVar[dict] = {
        "output": [
            StrOptions({"amplitude", "phase", "unwrapped", "frequency", "complex"})
        ],
        "sfreq": [POSITIVE],
    }

    def __init__(self, output="amplitude", *, sfreq=1000.0):
        self.output = output
        self.sfreq = sfreq

    def _apply(self, X, axis):
        centred, _ = centre(np.moveaxis(X, axis, -1))
        analytic = hilbert(centred, axis=-1)  # (..., n_channels, n_times)
        if self.output == "complex":
            values = analytic
        elif self.output == "amplitude":
            values = np.abs(analytic)
        else:
            values = np.angle(analytic)
        if self.output in ("unwrapped", "frequency"):
            values = np.unwrap(values, axis=-1)
        if self.output == "frequency":
            step = 2 * np.pi / self.sfreq
            if values.shape[-1] == 1:
                values = np.zeros_like(values)
            else:
                values = np.gradient(values, step, axis=-1)
        return np.moveaxis(values, -1, axis)


class Resampler(BaseSignalTransformer):
    """Change the sampling frequency of signals.

    A low-pass filter without phase shift removes what the new frequency cannot carry;
    polyphase form computes only the samples that are kept. Sample 0 stays where it is.

    2-D X is one recording with time along the rows, (n_times, n_channels), as nilearn's
    maskers give it.

    Parameters
    ----------
    new_sfreq : float, default=250.0
        Sampling frequency of the result, in Hz.
    sfreq : float, default=1000.0
        Sampling frequency of the signals, in Hz: ``1000 / dt`` for a step in ms,
        ``1 / t_r`` for BOLD.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the channels, where ``fit`` saw a DataFrame.

    Raises
    ------
    ValueError
        If the two frequencies are in no ratio of whole numbers up to 10,000.

    See Also
    --------
    BandPassFilter : Keep one band.

    Notes
    -----
    A line through the first and last sample is subtracted before and added after, so
    that signals do not seem to jump at the ends.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import Resampler
    >>> X = np.sin(2 * np.pi * 5 * np.arange(1000) / 1000)[None, None]  # 5 Hz
    >>> slow = Resampler(100.0, sfreq=1000.0).fit_transform(X)
    >>> slow.shape
    (1, 1, 100)
    >>> bool(np.abs(slow[0, 0] - X[0, 0, ::10])[10:-10].max() < 0.01)
    True
    """

    _parameter_constraints: ClassVar[dict] = {
        "new_sfreq": [POSITIVE],
        "sfreq": [POSITIVE],
    }

    def __init__(self, new_sfreq=250.0, *, sfreq=1000.0):
        self.new_sfreq = new_sfreq
        self.sfreq = sfreq

    def _ratio(self):
        exact = self.new_sfreq / self.sfreq
        ratio = Fraction(exact).limit_denominator(_LARGEST_FACTOR)
        if ratio.numerator > _LARGEST_FACTOR or abs(float(ratio) / exact - 1) > 1e-9:
            raise ValueError(
                f"new_sfreq={self.new_sfreq:g} Hz and sfreq={self.sfreq:g} Hz; "
                f"expected a ratio of whole numbers up to {_LARGEST_FACTOR}. Round one "
                "of them."
            )
        return ratio

    def _check(self):
        self._ratio()

    def _apply(self, X, axis):
        ratio = self._ratio()
        if ratio == 1:
            return X.copy()
        up, down = ratio.numerator, ratio.denominator
        return resample_poly(X, up, down, axis=axis, padtype="line")
