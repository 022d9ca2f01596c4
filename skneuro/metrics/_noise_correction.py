"""Correlation of predictions with noisy repeats, and how high it could be."""

import numpy as np

from skneuro.utils._param_validation import validate_params


def _check(values, name):
    values = np.asarray(values, dtype=np.float64)
    if values.ndim < 2:
        raise ValueError(
            f"{name} has shape {values.shape}, expected (..., n_repeats, n_times); "
            "missing samples are NaN."
        )
    return values


def _mean(values):
    """Mean over repeats that are there; NaN where none is."""
    there = np.isfinite(values)
    count = there.sum(axis=-2)
    total = np.where(there, values, 0).sum(axis=-2)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _variance(values, ddof):
    """Variance over times that are there."""
    there = np.isfinite(values)
    count = there.sum(axis=-1)
    filled = np.where(there, values, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = filled.sum(axis=-1) / count
        squares = np.where(there, (filled - mean[..., None]) ** 2, 0).sum(axis=-1)
        return squares / np.where(count > ddof, count - ddof, np.nan)


@validate_params({"responses": ["array-like"]}, prefer_skip_nested_validation=True)
def cc_max(responses):
    """Correlate the mean of noisy repeats with the best prediction there can be.

    The signal power, what repeats have in common, over the variance of their mean
    [1]_, generalised to repeats of which samples are missing.

    Parameters
    ----------
    responses : array-like of shape (..., n_repeats, n_times)
        Activity; NaN where a repeat is missing.

    Returns
    -------
    float or ndarray of shape (...)
        NaN where repeats have less in common than by chance, or there is only one.

    Raises
    ------
    ValueError
        If ``responses`` has fewer than two axes.

    See Also
    --------
    cc_abs : Correlation that was reached.
    cc_norm : Ratio of both.

    References
    ----------
    .. [1] O. Schoppe et al. (2016), Front. Comput. Neurosci. 10, 10.
       :doi:`10.3389/fncom.2016.00010`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import cc_max
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.standard_normal(2000)
    >>> responses = signal + rng.standard_normal((4, 2000))
    >>> round(float(cc_max(responses)), 2)  # theory: 1 / sqrt(1 + 1 / 4) = 0.894
    0.89
    """
    x = _check(responses, "responses")
    there = np.isfinite(x)
    count = there.sum(axis=-2)  # (..., n_times)
    used = count > 0
    mean = _mean(x)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = np.where(used, (count - 1) / np.maximum(count, 1) ** 2, 0)
        n = np.sqrt((count.sum(-1) - used.sum(-1)) / weights.sum(-1))
        power = _variance(mean, 1)
        each = _variance(x, 1)
        total = _mean(each[..., None])[..., 0]
        signal = (n * power - total) / (n - 1)
        ratio = signal / _variance(mean, 0)
        return _scalar(np.sqrt(np.where(ratio >= 0, ratio, np.nan)))


@validate_params(
    {"responses": ["array-like"], "predictions": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def cc_abs(responses, predictions):
    """Correlate the means over repeats of responses and predictions.

    Parameters
    ----------
    responses : array-like of shape (..., n_repeats, n_times)
        Activity; NaN where a repeat is missing.
    predictions : array-like of shape (..., n_repeats, n_times)
        Predictions of each repeat, or of one for all.

    Returns
    -------
    float or ndarray of shape (...)
        Pearson correlation; NaN where one of the two does not vary.

    Raises
    ------
    ValueError
        If shapes do not fit.

    See Also
    --------
    cc_norm : The same over its ceiling.

    Examples
    --------
    >>> from skneuro.metrics import cc_abs
    >>> round(float(cc_abs([[1.0, 2.0, 4.0]], [[1.0, 2.0, 3.0]])), 3)
    0.982
    """
    x, p = _check(responses, "responses"), _check(predictions, "predictions")
    if x.shape[-1] != p.shape[-1] or p.shape[-2] not in (1, x.shape[-2]):
        raise ValueError(
            f"predictions has shape {p.shape}, but responses {x.shape}; expected equal "
            "numbers of samples, and as many repeats or one."
        )
    x, p = np.broadcast_arrays(_mean(x), _mean(p))
    there = np.isfinite(x) & np.isfinite(p)
    x, p = (np.where(there, a, np.nan) for a in (x, p))
    x, p = (a - _mean(a[..., None])[..., None, 0] for a in (x, p))
    with np.errstate(divide="ignore", invalid="ignore"):
        product = np.nansum(x * p, axis=-1)
        return _scalar(
            product / np.sqrt(np.nansum(x**2, axis=-1) * np.nansum(p**2, axis=-1))
        )


@validate_params(
    {"responses": ["array-like"], "predictions": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def cc_norm(responses, predictions):
    """Correlate predictions with repeats, relative to what noise allows [1]_.

    Parameters
    ----------
    responses : array-like of shape (..., n_repeats, n_times)
        Activity; NaN where a repeat is missing.
    predictions : array-like of shape (..., n_repeats, n_times)
        Predictions of each repeat, or of one for all.

    Returns
    -------
    float or ndarray of shape (...)
        `cc_abs` over `cc_max`; may exceed 1 by chance, NaN where the ceiling is.

    Raises
    ------
    ValueError
        If shapes do not fit.

    See Also
    --------
    cc_abs : Correlation that was reached.
    cc_max : Ceiling.

    References
    ----------
    .. [1] O. Schoppe et al. (2016), Front. Comput. Neurosci. 10, 10.
       :doi:`10.3389/fncom.2016.00010`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import cc_norm
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.standard_normal(2000)
    >>> responses = signal + rng.standard_normal((4, 2000))
    >>> round(float(cc_norm(responses, signal[None])), 1)
    1.0
    """
    return _scalar(cc_abs(responses, predictions) / cc_max(responses))


def _scalar(values):
    values = np.asarray(values)
    return values[()] if values.ndim == 0 else values
