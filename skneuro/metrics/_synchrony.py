"""Synchrony of oscillating nodes."""

from numbers import Integral, Real

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks, hilbert

from skneuro.metrics._correlation import centre
from skneuro.metrics._validation import check_signals
from skneuro.utils._param_validation import Interval, StrOptions, validate_params


def phases_from_peaks(X, distance, prominence):
    """Let the phase rise linearly by a full turn from each peak to the next.

    Parameters
    ----------
    X : ndarray of shape (..., n_nodes, n_times)
        Signals. First and last sample count as peaks.
    distance : int
        Least number of samples between two peaks.
    prominence : float
        Least prominence of a peak, in the unit of X.

    Returns
    -------
    ndarray of shape (..., n_nodes, n_times)
        Unwrapped phases, in rad, float64.

    Raises
    ------
    ValueError
        If a signal has no peak.
    """
    phases = np.empty(X.shape)
    n_times = X.shape[-1]
    times = np.arange(n_times)
    for index in np.ndindex(X.shape[:-1]):
        peaks, _ = find_peaks(X[index], distance=distance, prominence=prominence)
        if len(peaks) == 0:
            low, high = X[index].min(), X[index].max()
            raise ValueError(
                f"X[{', '.join(map(str, index))}] has no peak with "
                f"prominence={prominence:g} between its {low:.3g} and {high:.3g}; "
                "expected an oscillation. Lower prominence, or pass method='hilbert'."
            )
        knots = np.concatenate([[0], peaks, [n_times - 1]])
        phases[index] = np.interp(times, knots, 2 * np.pi * np.arange(len(knots)))
    return phases


@validate_params(
    {
        "X": ["array-like"],
        "method": [StrOptions({"hilbert", "peaks", "phase"})],
        "smoothing": [Interval(Real, 0, None, closed="left")],
        "distance": [Interval(Integral, 1, None, closed="left")],
        "prominence": [Interval(Real, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def kuramoto_order(X, *, method="hilbert", smoothing=0.0, distance=10, prominence=5.0):
    r"""Compute the Kuramoto order parameter over time.

    .. math:: R(t) = \left| \frac{1}{N} \sum_n e^{i \theta_n(t)} \right|

    is 1 where all nodes have the same phase and near 0 where phases are spread evenly
    [1]_. Its mean over time measures synchrony, its standard deviation metastability.

    Parameters
    ----------
    X : array-like of shape (..., n_nodes, n_times)
        Signals, or phases in rad: one recording, or any number of them on leading axes.
        A DataFrame has one column per node; a DataArray has ``time`` among its
        dimensions.
    method : {"hilbert", "peaks", "phase"}, default="hilbert"
        Where phases come from. ``"hilbert"``: angle of the analytic signal of each node
        after its mean is subtracted; filter broad-band signals to one band first.
        ``"peaks"``: a full turn from each peak to the next, with first and last sample
        as peaks, as in neurolib. ``"phase"``: X holds phases.
    smoothing : float, default=0.0
        Standard deviation of a Gaussian that smooths signals beforehand, in samples.
    distance : int, default=10
        Least number of samples between two peaks; only for ``method="peaks"``.
    prominence : float, default=5.0
        Least prominence of a peak, in the unit of X; only for ``method="peaks"``.

    Returns
    -------
    ndarray of shape (..., n_times)
        Order parameter, between 0 and 1; float32 if X is float32, else float64.

    Raises
    ------
    ValueError
        If X holds NaN, if a signal has no peak, or if phases were to be smoothed.

    Notes
    -----
    Hilbert phases are least certain within a period of either end. A node that is
    constant has no phase; it does not count, and R is 0 where no node counts.

    References
    ----------
    .. [1] Y. Kuramoto (1984), Chemical Oscillations, Waves, and Turbulence, Springer:
       :doi:`10.1007/978-3-642-69689-3`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import kuramoto_order
    >>> times = np.arange(1000)
    >>> X = np.sin(0.1 * times + np.array([[0.0], [np.pi / 2]]))
    >>> float(kuramoto_order(X)[500].round(2))  # cos(pi / 4)
    0.71
    """
    X = check_signals(X, min_times=1 if method == "phase" else 2)
    dtype = X.dtype
    if smoothing > 0:
        if method == "phase":
            raise ValueError(
                f"smoothing={smoothing:g} with method='phase'; expected signals, since "
                "phases jump. Pass smoothing=0."
            )
        X = gaussian_filter1d(X, smoothing, axis=-1)
    if method == "hilbert":
        centred, peak = centre(X)
        analytic = hilbert(centred, axis=-1)
        size = np.abs(analytic)
        unit = np.divide(analytic, size, out=np.zeros_like(analytic), where=size > 0)
        n_counting = np.maximum(np.sum(peak > 0, axis=-2), 1)
        return (np.abs(unit.sum(axis=-2)) / n_counting).astype(dtype)
    phases = X if method == "phase" else phases_from_peaks(X, distance, prominence)
    return np.abs(np.exp(1j * phases).mean(axis=-2)).astype(dtype)


@validate_params(
    {
        "X": ["array-like"],
        "method": [StrOptions({"hilbert", "peaks", "phase"})],
        "discard": [Interval(Integral, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def metastability(X, *, method="hilbert", discard=0):
    r"""Compute metastability: how much synchrony comes and goes.

    It is the standard deviation over time of the Kuramoto order parameter
    :math:`R(t)` [1]_: near 0 where nodes are always in step, or never, and large where
    they meet and part again.

    Parameters
    ----------
    X : array-like of shape (..., n_nodes, n_times)
        Signals, or phases in rad: one recording, or any number of them on leading axes.
        A DataFrame has one column per node; a DataArray has ``time`` among its
        dimensions.
    method : {"hilbert", "peaks", "phase"}, default="hilbert"
        Where phases come from; see `kuramoto_order`.
    discard : int, default=0
        Number of time points to leave out at either end, where Hilbert phases are least
        certain.

    Returns
    -------
    float or ndarray of shape (...,)
        Metastability, between 0 and 0.5, dimensionless.

    Raises
    ------
    ValueError
        If X holds NaN, a signal has no peak, or less than two time points are left.

    See Also
    --------
    kuramoto_order : Synchrony over time; its mean is the partner of this measure.
    BandPassFilter : Phases want narrow-band signals.

    References
    ----------
    .. [1] G. Deco, M. L. Kringelbach, V. K. Jirsa and P. Ritter (2017), Sci. Rep. 7,
       3095: :doi:`10.1038/s41598-017-03073-5`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import metastability
    >>> times = np.arange(20_000) / 1000  # s
    >>> phases = 2 * np.pi * np.array([[10.0], [10.1]]) * times  # beat every 10 s
    >>> float(metastability(phases, method="phase").round(2))  # of |cos|
    0.31
    """
    order = kuramoto_order(X, method=method)
    n_times = order.shape[-1]
    if n_times - 2 * discard < 2:
        raise ValueError(
            f"X has {n_times} time points and discard={discard} at either end; "
            "expected at least 2 in between. Record longer or discard less."
        )
    return order[..., discard : n_times - discard].std(axis=-1)
