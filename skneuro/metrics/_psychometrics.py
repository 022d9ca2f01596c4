"""Psychometric and chronometric curves."""

from numbers import Real

import numpy as np
from scipy.optimize import minimize
from scipy.stats import norm
from sklearn.utils import Bunch

from skneuro.utils._param_validation import Interval, StrOptions, validate_params

RATE = Interval(Real, 0, 1, closed="left")
KINDS = StrOptions({"gaussian", "weibull"})


@validate_params(
    {
        "stimulus": ["array-like"],
        "location": [Real],
        "scale": [Interval(Real, 0, None, closed="neither")],
        "guess": [RATE],
        "lapse": [RATE],
        "kind": [KINDS],
    },
    prefer_skip_nested_validation=True,
)
def psychometric_function(
    stimulus, *, location, scale, guess=0.0, lapse=0.0, kind="gaussian"
):
    r"""Return the probability of a choice as a function of the stimulus.

    :math:`\gamma + (1 - \gamma - \lambda) F(x)` with the cumulative Gaussian
    :math:`F(x) = \Phi((x - \mu) / \sigma)` or with Weibull's
    :math:`F(x) = 1 - \exp(-(x / \mu)^\sigma)`.

    Parameters
    ----------
    stimulus : array-like of shape (n_points,)
        Stimulus, in units of that stimulus.
    location : float
        Mean of the Gaussian, or scale of Weibull's, where F is 63 %, in units of the
        stimulus.
    scale : float
        Standard deviation of the Gaussian, in units of the stimulus, or the shape of
        Weibull's, dimensionless.
    guess, lapse : float, default=0.0
        Distance of the curve from 0 on the left, and from 1 on the right,
        dimensionless.
    kind : {"gaussian", "weibull"}, default="gaussian"
        Form of the curve.

    Returns
    -------
    ndarray of shape (n_points,)
        Probabilities.

    Raises
    ------
    ValueError
        If a parameter is outside its range.

    Examples
    --------
    >>> from skneuro.metrics import psychometric_function
    >>> psychometric_function([0.0, 4.0], location=0.0, scale=4.0).round(2)
    array([0.5 , 0.84])
    """
    stimulus = np.asarray(stimulus, np.float64)
    if kind == "gaussian":
        rise = norm.cdf((stimulus - location) / scale)
    else:
        rise = -np.expm1(-((np.maximum(stimulus, 0) / location) ** scale))
    return guess + (1 - guess - lapse) * rise


@validate_params(
    {
        "stimulus": ["array-like"],
        "choices": ["array-like"],
        "kind": [KINDS],
        "guess": [RATE, StrOptions({"fit"}), None],
        "lapse": [RATE, StrOptions({"fit"})],
    },
    prefer_skip_nested_validation=True,
)
def fit_psychometric(stimulus, choices, *, kind="gaussian", guess=None, lapse=0.0):
    """Fit a psychometric curve to choices by maximum likelihood.

    Parameters
    ----------
    stimulus : array-like of shape (n_trials,)
        Signed evidence of each trial (Gaussian) or its strength (Weibull), in units of
        the stimulus.
    choices : array-like of shape (n_trials,)
        1 where the positive side was chosen (Gaussian) or the choice was correct
        (Weibull), else 0. Trials where stimulus or choice is NaN or -1 are left out.
    kind : {"gaussian", "weibull"}, default="gaussian"
        Form of the curve, see :func:`psychometric_function`.
    guess : float, "fit" or None, default=None
        Rate of choices far on the left, dimensionless, or ``"fit"``; None takes 0, and
        0.5 for Weibull's curve.
    lapse : float or "fit", default=0.0
        Rate of misses far on the right, dimensionless, or ``"fit"``.

    Returns
    -------
    fit : Bunch
        ``location`` (the bias), ``scale`` (the threshold: for the Gaussian, the
        evidence for 84 % from the middle), ``guess``, ``lapse``, ``kind``, the
        ``log_likelihood``, and what was seen: ``stimulus``, ``fraction`` and
        ``n_trials`` of each level.

    Raises
    ------
    ValueError
        If shapes differ, choices are not 0 and 1, or fewer than two levels are left.

    Notes
    -----
    The scale of choices without errors has no maximum; it ends at a thousandth of the
    range of the stimulus.

    References
    ----------
    .. [1] F. A. Wichmann, N. J. Hill (2001), Percept. Psychophys. 63, 1293-1313.
       :doi:`10.3758/BF03194544`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import fit_psychometric
    >>> rng = np.random.default_rng(0)
    >>> x = np.repeat([-16, -8, -4, 0, 4, 8, 16], 500)
    >>> choices = x + 2 + 6 * rng.standard_normal(x.size) > 0
    >>> fit = fit_psychometric(x, choices)
    >>> round(fit.location), round(fit.scale)
    (-2, 6)
    """
    x = np.asarray(stimulus, np.float64)
    chosen = np.asarray(choices, np.float64)
    if x.shape != chosen.shape or x.ndim != 1:
        raise ValueError(
            f"stimulus has shape {x.shape} and choices {chosen.shape}; expected one of "
            "each per trial."
        )
    used = ~np.isnan(x) & ~np.isnan(chosen) & (chosen != -1)
    x, chosen = x[used], chosen[used]
    if not np.isin(chosen, (0, 1)).all():
        raise ValueError(
            f"choices has the values {np.unique(chosen)[:5]}; expected 0 and 1. Pass "
            "choices == label."
        )
    levels, which = np.unique(x, return_inverse=True)
    if len(levels) < 2:
        raise ValueError(
            f"stimulus has {len(levels)} levels; expected at least 2 to fit a curve."
        )
    n = np.bincount(which)
    k = np.bincount(which, weights=chosen)
    guess = (0.5 if kind == "weibull" else 0.0) if guess is None else guess
    span = np.ptp(levels)
    rates = {"guess": guess, "lapse": lapse}
    free = [name for name, value in rates.items() if value == "fit"]

    def unpack(vector):
        values = rates | dict(zip(free, vector[2:], strict=True))
        location = vector[0] if kind == "gaussian" else np.exp(vector[0])
        return {"location": location, "scale": np.exp(vector[1]), **values}

    def cost(vector):
        p = psychometric_function(levels, kind=kind, **unpack(vector))
        p = np.clip(p, 1e-9, 1 - 1e-9)
        return -(k * np.log(p) + (n - k) * np.log1p(-p)).sum()

    if kind == "gaussian":
        bounds = [(levels[0] - span, levels[-1] + span)]
        bounds += [(np.log(span / 1000), np.log(100 * span))]
        middles = (0.5 * (levels[0] + levels[-1]), *np.quantile(x, [0.25, 0.5, 0.75]))
        starts = [(m, np.log(s)) for m in middles for s in (span / 20, span / 4)]
    else:
        positive = levels[levels > 0]
        if len(positive) == 0:
            raise ValueError(
                f"stimulus reaches from {levels[0]:g} to {levels[-1]:g}; expected a "
                "level above 0 for Weibull's curve. Pass strengths, or kind='gaussian'."
            )
        bounds = [tuple(np.log([positive[0] / 100, positive[-1] * 100]))]
        bounds += [tuple(np.log([0.1, 20]))]
        middles = (positive[0], np.median(positive), positive[-1])
        starts = [(np.log(m), s) for m in middles for s in (0.0, 1.0)]
    bounds += [(0.0, 0.5)] * len(free)
    first = [0.02] * len(free)
    best = min(
        (
            minimize(cost, [*start, *first], method="L-BFGS-B", bounds=bounds)
            for start in starts
        ),
        key=lambda found: found.fun,
    )
    parameters = {name: float(value) for name, value in unpack(best.x).items()}
    return Bunch(
        **parameters,
        kind=kind,
        log_likelihood=-float(best.fun),
        stimulus=levels,
        fraction=k / n,
        n_trials=n,
    )


@validate_params(
    {"strength": ["array-like"], "times": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def fit_chronometric(strength, times):
    r"""Fit response times by diffusion to a bound.

    The mean time is :math:`\frac{A}{k x} \tanh(A k x) + t_0` for evidence of strength
    x, and :math:`A^2 + t_0` without evidence [1]_.

    Parameters
    ----------
    strength : array-like of shape (n_trials,)
        Strength of the evidence, in units of that evidence; signs do not count.
    times : array-like of shape (n_trials,)
        Response times, in ms; NaN, no response, is left out.

    Returns
    -------
    fit : Bunch
        ``bound`` A, in sqrt(ms), ``sensitivity`` k, in 1/sqrt(ms) per unit of strength,
        ``residual_time`` t0, in ms, and what was seen: ``strength``, ``mean``, ``sem``
        and ``n_trials`` of each level, with the ``predicted`` means, in ms.

    Raises
    ------
    ValueError
        If shapes differ or fewer than three levels have responses.

    References
    ----------
    .. [1] J. Palmer, A. C. Huk, M. N. Shadlen (2005), J. Vis. 5, 376-404.
       :doi:`10.1167/5.5.1`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import fit_chronometric
    >>> x = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    >>> fit = fit_chronometric(x, 20 / (0.01 * x) * np.tanh(20 * 0.01 * x) + 250)
    >>> round(fit.bound), round(fit.sensitivity, 3), round(fit.residual_time)
    (20, 0.01, 250)
    """
    x = np.abs(np.asarray(strength, np.float64))
    times = np.asarray(times, np.float64)
    if x.shape != times.shape or x.ndim != 1:
        raise ValueError(
            f"strength has shape {x.shape} and times {times.shape}; expected one of "
            "each per trial."
        )
    used = ~np.isnan(x) & ~np.isnan(times)
    x, times = x[used], times[used]
    levels, which = np.unique(x, return_inverse=True)
    if len(levels) < 3:
        raise ValueError(
            f"strength has {len(levels)} levels with responses; expected at least 3, "
            "as many as the curve has parameters."
        )
    n = np.bincount(which)
    mean = np.bincount(which, weights=times) / n
    squares = np.bincount(which, weights=(times - mean[which]) ** 2)
    spread = squares / np.maximum(n - 1, 1)
    top = levels[-1]

    def predict(vector):
        bound, sensitivity, rest = np.exp(vector[0]), np.exp(vector[1]), vector[2]
        drift = np.maximum(sensitivity * levels, 1e-12)
        return bound / drift * np.tanh(bound * drift) + rest

    scale = max(np.ptp(mean), 1e-3 * mean.max(), 1e-9)

    def cost(vector):
        return (n * ((predict(vector) - mean) / scale) ** 2).sum() / n.sum()

    best = min(
        (
            minimize(
                cost,
                [np.log(bound), np.log(strong / (bound * top)), 0.8 * mean.min()],
                method="Nelder-Mead",
                options={"maxiter": 4000, "xatol": 1e-8, "fatol": 1e-14},
            )
            for bound in np.sqrt(scale) * np.array([0.5, 1, 2])
            for strong in (1.0, 4.0)
        ),
        key=lambda found: found.fun,
    )
    return Bunch(
        bound=float(np.exp(best.x[0])),
        sensitivity=float(np.exp(best.x[1])),
        residual_time=float(best.x[2]),
        strength=levels,
        mean=mean,
        sem=np.sqrt(spread / n),
        n_trials=n,
        predicted=predict(best.x),
    )
