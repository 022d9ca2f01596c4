"""How well responses are predicted, and how well they could be."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch, check_array, check_consistent_length

from skneuro.metrics._correlation import standardize
from skneuro.utils._param_validation import Interval, StrOptions, validate_params

BERG_SMALLEST = 1e-14  # stands for a ceiling of 0 in BERG's published scores


@validate_params(
    {"responses": ["array-like"], "groups": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def noise_ceiling_snr(responses, groups):
    r"""Estimate the ratio of signal to noise from repeated presentations.

    Noise is what differs between repeats of one stimulus, signal what is left of the
    variance of all trials [1]_:

    .. math:: s_n^2 = \frac{\sum_i (n_i - 1) v_i}{\sum_i (n_i - 1)}, \quad
              s_s^2 = \max(v - s_n^2, 0), \quad \mathrm{ncsnr} = s_s / s_n

    Parameters
    ----------
    responses : array-like of shape (n_trials, ...)
        One response per trial of each target.
    groups : array-like of shape (n_trials,)
        Stimulus of each trial.

    Returns
    -------
    ndarray of shape (...)
        Standard deviation of the signal over that of the noise, dimensionless; infinite
        where repeats are equal, NaN where nothing varies.

    Raises
    ------
    ValueError
        If no stimulus is repeated, or there is not one group per trial.

    See Also
    --------
    noise_ceiling : Best score that this ratio allows.

    References
    ----------
    .. [1] E. J. Allen et al. (2022), Nature Neuroscience 25, 116-126.
       :doi:`10.1038/s41593-021-00962-x`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import noise_ceiling_snr
    >>> rng = np.random.default_rng(0)
    >>> groups = np.repeat(np.arange(500), 3)
    >>> signal = rng.normal(size=(500, 1))[groups]
    >>> snr = noise_ceiling_snr(signal + 2 * rng.normal(size=(1500, 1)), groups)
    >>> bool(abs(snr[0] - 0.5) < 0.05)
    True
    """
    responses = _check(responses, "responses")
    groups = np.asarray(groups)
    check_consistent_length(responses, groups)
    _, index, counts = np.unique(groups, return_inverse=True, return_counts=True)
    if counts.max() < 2:
        raise ValueError(
            f"groups names {len(counts)} stimuli, each once; expected some that are "
            "repeated. Pass the stimulus of each trial, without averaging."
        )
    flat = responses.reshape(len(responses), -1).astype(np.float64)
    flat = flat - flat.mean(axis=0)
    sums = np.zeros((len(counts), flat.shape[1]))
    np.add.at(sums, index, flat)
    within = flat - (sums / counts[:, None])[index]
    noise = np.square(within).sum(axis=0) / (len(flat) - len(counts))
    total = np.square(flat).sum(axis=0) / (len(flat) - 1)
    signal = np.maximum(total - noise, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sqrt(signal / noise).reshape(responses.shape[1:])


@validate_params(
    {
        "ncsnr": ["array-like", Real],
        "n_repeats": [Interval(Integral, 1, None, closed="left"), "array-like"],
    },
    prefer_skip_nested_validation=True,
)
def noise_ceiling(ncsnr, n_repeats=1):
    """Largest share of variance that a perfect model explains in averaged responses.

    Parameters
    ----------
    ncsnr : float or array-like of shape (...)
        Standard deviation of the signal over that of the noise in one trial.
    n_repeats : int or array-like of shape (n_stimuli,), default=1
        How many trials were averaged, for all stimuli or each of them.

    Returns
    -------
    float or ndarray of shape (...)
        ``ncsnr ** 2 / (ncsnr ** 2 + 1 / n)``, from 0 to 1, in the unit of r squared;
        with unequal repeats 1 / n is its mean over stimuli.

    Raises
    ------
    ValueError
        If a ratio is negative or a number of repeats below 1.

    See Also
    --------
    noise_ceiling_snr : Estimates the ratio from repeats.

    Examples
    --------
    >>> from skneuro.metrics import noise_ceiling
    >>> float(noise_ceiling(0.5, n_repeats=4))
    0.5
    """
    ncsnr, n_repeats = np.asarray(ncsnr, np.float64), np.asarray(n_repeats, np.float64)
    if (ncsnr < 0).any():
        raise ValueError(f"ncsnr is {ncsnr.min():g} somewhere; expected 0 or more.")
    if n_repeats.size == 0 or (n_repeats < 1).any():
        raise ValueError("n_repeats holds numbers below 1; expected 1 or more.")
    noise = np.mean(1 / n_repeats)
    with np.errstate(invalid="ignore"):
        ceiling = 1 / (1 + noise / np.square(ncsnr, where=ncsnr > 0, out=_ones(ncsnr)))
    return np.where(ncsnr == 0, 0.0, ceiling)[()]


def _ones(array):
    return np.where(np.isnan(array), np.nan, np.ones(array.shape))


@validate_params(
    {
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "ceiling": ["array-like", Real, None],
        "min_ceiling": [Interval(Real, 0, 1, closed="both")],
        "zero_ceiling": [StrOptions({"nan", "berg"})],
    },
    prefer_skip_nested_validation=True,
)
def encoding_scores(
    y_true, y_pred, *, ceiling=None, min_ceiling=0.0, zero_ceiling="nan"
):
    """Score predicted responses per target, and against their noise ceiling.

    Parameters
    ----------
    y_true : array-like of shape (n_stimuli, ...)
        Measured responses, mean over repeats.
    y_pred : array-like of shape (n_stimuli, ...)
        Predicted responses.
    ceiling : float or array-like of shape (...), default=None
        Noise ceiling of ``y_true`` in the unit of r squared, see `noise_ceiling`.
    min_ceiling : float, default=0.0
        Explained variance is NaN for targets whose ceiling is lower.
    zero_ceiling : {"nan", "berg"}, default="nan"
        Explained variance where the ceiling is 0: NaN, or as in BERG's published
        scores, which put 1e-14 for 0 and so reach 100 with any positive correlation.

    Returns
    -------
    Bunch
        Arrays of shape (...):

        - ``correlation``: Pearson correlation over stimuli; 0 where one side does not
          vary.
        - ``r2``: its square, 0 for negative ones.
        - ``noise_ceiling``: the ceiling, None without one.
        - ``explained_variance``: 100 * r2 / ceiling, at most 100, in %; None without
          a ceiling.

    Raises
    ------
    ValueError
        If shapes differ or there are fewer than two stimuli.

    See Also
    --------
    noise_ceiling : Ceiling from the ratio of signal to noise.

    Examples
    --------
    >>> from skneuro.metrics import encoding_scores
    >>> scores = encoding_scores([[1.0], [2], [4]], [[2.0], [3], [5]], ceiling=0.8)
    >>> float(scores.correlation[0].round(6)), float(scores.explained_variance[0])
    (1.0, 100.0)
    """
    y_true, y_pred = _check(y_true, "y_true"), _check(y_pred, "y_pred")
    if y_true.shape != y_pred.shape or len(y_true) < 2:
        raise ValueError(
            f"y_true has shape {y_true.shape} and y_pred {y_pred.shape}; expected "
            "equal shapes of two stimuli or more."
        )
    rows = [np.moveaxis(y, 0, -1).astype(np.float64) for y in (y_true, y_pred)]
    a, b = map(standardize, rows)
    correlation = np.clip(np.einsum("...n,...n->...", a, b), -1, 1)
    r2 = np.square(np.maximum(correlation, 0))
    scores = Bunch(
        correlation=correlation, r2=r2, noise_ceiling=None, explained_variance=None
    )
    if ceiling is not None:
        ceiling = np.broadcast_to(np.asarray(ceiling, np.float64), r2.shape)
        smallest = BERG_SMALLEST if zero_ceiling == "berg" else np.nan
        divisor = np.where(ceiling == 0, smallest, ceiling)
        explained = np.minimum(100 * r2 / divisor, 100)
        explained = np.where(ceiling < min_ceiling, np.nan, explained)
        scores.update(noise_ceiling=ceiling, explained_variance=explained)
    return scores


def _check(array, name):
    """Return finite numbers with stimuli in rows."""
    return check_array(
        array, ensure_2d=False, allow_nd=True, dtype="numeric", input_name=name
    )
