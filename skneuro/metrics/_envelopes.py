"""Connectivity of the envelopes of oscillations, without what sensors share."""

from numbers import Real

import numpy as np
from scipy.signal import hilbert

from skneuro.metrics._correlation import centre, standardize
from skneuro.metrics._signals import design_band_pass, filter_both_ways
from skneuro.metrics._validation import check_signals
from skneuro.utils._param_validation import Interval, StrOptions, validate_params

POSITIVE = Interval(Real, 0, None, closed="neither")
_ORDER = 4  # of the filters


@validate_params(
    {
        "X": ["array-like"],
        "sfreq": [POSITIVE],
        "band": [tuple, list, None],
        "orthogonalize": ["boolean"],
        "envelope": [StrOptions({"log_power", "amplitude"})],
        "cutoff": [POSITIVE, None],
    },
    prefer_skip_nested_validation=True,
)
def envelope_connectivity(
    X,
    sfreq,
    *,
    band=(8.0, 12.0),
    orthogonalize=True,
    envelope="log_power",
    cutoff=None,
):
    r"""Correlate the envelopes of oscillations, as is done for MEG.

    One source of the brain reaches several sensors, and several reconstructed regions,
    at the same time. What two signals share without delay is therefore removed before
    their envelopes are compared [1]_: of the analytic signal :math:`Y` only the part
    that is orthogonal to :math:`X` counts,

    .. math:: Y_{\perp X}(t) = \Im\left(Y(t) \frac{X^*(t)}{|X(t)|}\right)

    and the correlation of its envelope with that of :math:`X` is averaged with the one
    of the other direction.

    Parameters
    ----------
    X : array-like of shape (..., n_nodes, n_times)
        Signals: one recording, or any number of them on leading axes. A DataFrame has
        one column per node; a DataArray has ``time`` among its dimensions.
    sfreq : float
        Sampling frequency, in Hz.
    band : tuple of (float or None, float or None) or None, default=(8.0, 12.0)
        Edges of the frequency band, in Hz. None takes X as it is.
    orthogonalize : bool, default=True
        Whether to remove what two signals share without delay.
    envelope : {"log_power", "amplitude"}, default="log_power"
        What is correlated: the logarithm of the power, which is nearly normal, as in
        [1]_, or the amplitude.
    cutoff : float or None, default=None
        Edge of a low-pass filter of the envelopes, in Hz; 0.2 is common. None leaves
        them as they are.

    Returns
    -------
    ndarray of shape (..., n_nodes, n_nodes)
        Symmetric matrices; float32 if X is float32, else float64. The diagonal is 1,
        with ``orthogonalize=True`` 0: no signal is orthogonal to itself.

    Raises
    ------
    ValueError
        If X holds NaN, or a band does not fit the sampling frequency.

    See Also
    --------
    functional_connectivity : Correlation of the signals themselves.
    BandPassFilter, AnalyticSignal : The steps before.

    Notes
    -----
    Orthogonal parts of independent signals have correlated envelopes only where the
    signals do; correlations of sources that do share activity without delay are
    underestimated. Filters are Butterworth's of order 4, forward and backward. A node
    that is constant correlates 0 with all.

    References
    ----------
    .. [1] J. F. Hipp, D. J. Hawellek, M. Corbetta, M. Siegel and A. K. Engel (2012),
       Nat. Neurosci. 15, 884-890: :doi:`10.1038/nn.3101`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import envelope_connectivity
    >>> rng = np.random.default_rng(0)
    >>> source, other = rng.standard_normal((2, 20_000))
    >>> X = np.stack([source, source + 0.5 * other])  # mixed, as by a sensor
    >>> kwargs = {"sfreq": 250.0, "band": (8.0, 12.0)}
    >>> float(envelope_connectivity(X, orthogonalize=False, **kwargs)[0, 1].round(1))
    0.6
    >>> abs(float(envelope_connectivity(X, **kwargs)[0, 1].round(1)))
    0.0
    """
    X = check_signals(X)
    if band is not None:
        if len(band) != 2:
            raise ValueError(
                f"band is {band!r}; expected (low, high) in Hz, or None for signals "
                "that are filtered already."
            )
        sections = design_band_pass(*band, sfreq, _ORDER)
    smooth = None if cutoff is None else design_band_pass(None, cutoff, sfreq, _ORDER)
    n_nodes = X.shape[-2]
    fc = np.empty((*X.shape[:-1], n_nodes))
    for index in np.ndindex(X.shape[:-2]):
        x, peak = centre(X[index])
        if band is not None:
            x = filter_both_ways(x, sections)
        analytic = hilbert(x, axis=-1)
        analytic[peak[:, 0] == 0] = 0
        rows = _standardized_envelopes(np.abs(analytic), envelope, smooth)
        if not orthogonalize:
            fc[index] = rows @ rows.T
            continue
        size = np.abs(analytic)
        unit = np.divide(analytic, size, out=np.zeros_like(analytic), where=size > 0)
        for i in range(n_nodes):
            part = np.abs((analytic * unit[i].conj()).imag)
            fc[index][i] = _standardized_envelopes(part, envelope, smooth) @ rows[i]
            fc[index][i, i] = 0  # rounding only
    fc = (fc + np.swapaxes(fc, -1, -2)) / 2
    return np.clip(fc, -1, 1).astype(X.dtype)


def _standardized_envelopes(amplitude, envelope, smooth):
    """Rows whose inner products are correlations of envelopes."""
    if envelope == "log_power":
        tiny = np.finfo(np.float64).tiny
        floor = np.maximum(amplitude.max(axis=-1, keepdims=True) * 1e-12, tiny)
        amplitude = 2 * np.log(np.maximum(amplitude, floor))
    if smooth is not None:
        amplitude = filter_both_ways(amplitude, smooth)
    return standardize(amplitude)
