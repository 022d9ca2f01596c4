"""Tuning: how responses depend on the direction of motion."""

import numpy as np
from scipy.optimize import least_squares

from skneuro.utils._param_validation import validate_params


def von_mises(angles, mean, kappa, balance, amplitude, base):
    """Evaluate two peaks on opposite sides of the circle.

    Parameters
    ----------
    angles : array-like
        Where, in rad.
    mean, kappa, balance, amplitude, base : float
        Place of the first peak (rad), sharpness, share of the first peak, height and
        offset.

    Returns
    -------
    ndarray
        Response at each angle.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.twin import von_mises
    >>> von_mises([0.0, np.pi], 0.0, 50.0, 0.75, 4.0, 1.0).round(3).tolist()
    [4.0, 2.0]
    """
    along = np.cos(np.asarray(angles) - mean)
    first, second = np.exp(kappa * (along - 1)), np.exp(kappa * (-along - 1))
    return base + amplitude * (balance * first + (1 - balance) * second)


def _fit(angles, response):
    """Fit `von_mises`; its parameters with the larger peak first."""
    high = response.max()
    base = max(response.min(), high / 100)
    start = [angles[response.argmax()], 1.0, 0.5, 2 * (high - base), base]
    bounds = ([-np.inf, 0, 0, 0, 0], [np.inf, np.inf, 1, np.inf, np.inf])
    start = np.clip(start, bounds[0], bounds[1])
    found = least_squares(
        lambda p: von_mises(angles, *p) - response, start, bounds=bounds
    ).x
    mean, kappa, balance, amplitude, base = found
    if balance <= 0.5:
        mean, balance = mean + np.pi, 1 - balance
    return mean % (2 * np.pi), kappa, balance, amplitude, base


@validate_params(
    {"responses": ["array-like"], "directions": ["array-like"]},
    prefer_skip_nested_validation=True,
)
def direction_tuning(responses, directions):
    r"""Measure how neurons are tuned to the direction of motion [1]_.

    Global selectivities are lengths of resultants, :math:`|\sum r e^{2i\theta}| /
    \sum r` of orientation and :math:`|\sum r e^{i\theta}| / \sum r` of direction.
    Preferences and peak selectivities come from a fit of two von Mises peaks on
    opposite sides.

    Parameters
    ----------
    responses : array-like of shape (n_directions, n_neurons)
        Mean response to each presentation, not negative. Equal directions are averaged.
    directions : array-like of shape (n_directions,)
        Directions of motion, in degrees: 0 is to the right, 90 up.

    Returns
    -------
    DataFrame
        One row per neuron: gOSI, gDSI, OSI, DSI, pref_ori and pref_dir (degrees), and
        the parameters of the fit: mean (rad), kappa, balance, amplitude, base.

    Raises
    ------
    ValueError
        If shapes do not fit, there are fewer than five directions, or responses are
        negative or not finite.

    See Also
    --------
    skneuro.datasets.make_movies : Gratings that drift in given directions.

    References
    ----------
    .. [1] Z. Ding et al. (2025), Nature 640, 459-469.
       :doi:`10.1038/s41586-025-08840-3`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.twin import direction_tuning
    >>> directions = np.arange(0, 360, 45)
    >>> response = 1 + np.exp(np.cos(np.radians(directions - 90)))
    >>> tuning = direction_tuning(response[:, None], directions)
    >>> tuning["pref_dir"].round().tolist()
    [90.0]
    """
    import pandas as pd

    r = np.asarray(responses, dtype=np.float64)
    directions = np.asarray(directions, dtype=np.float64) % 360
    if r.ndim != 2 or directions.shape != r.shape[:1]:
        raise ValueError(
            f"responses has shape {r.shape} and directions {directions.shape}; "
            "expected (n_directions, n_neurons) and (n_directions,)."
        )
    if not np.isfinite(r).all() or r.min() < 0:
        raise ValueError(
            "responses are negative or not finite; expected mean rates, at least 0."
        )
    unique, which = np.unique(directions.round(6), return_inverse=True)
    if len(unique) < 5:
        raise ValueError(
            f"there are {len(unique)} directions, expected at least 5 to fit five "
            "parameters; show more."
        )
    r = np.stack([r[which == k].mean(axis=0) for k in range(len(unique))])
    theta = np.radians(unique)
    rows = []
    for response in r.T:
        total = response.sum() or np.nan
        fit = _fit(theta, response)
        at = von_mises(fit[0] + np.pi * np.array([0, 0.5, 1, 1.5]), *fit)
        with np.errstate(divide="ignore", invalid="ignore"):
            along, across = at[[0, 2]].mean(), at[[1, 3]].mean()
            rows.append(
                {
                    "gOSI": abs((response * np.exp(2j * theta)).sum()) / total,
                    "gDSI": abs((response * np.exp(1j * theta)).sum()) / total,
                    "OSI": (along - across) / (along + across),
                    "DSI": 1 - at[2] / at[0],
                    "pref_ori": np.degrees(fit[0]) % 180,
                    "pref_dir": np.degrees(fit[0]),
                    **dict(
                        zip(
                            ("mean", "kappa", "balance", "amplitude", "base"),
                            fit,
                            strict=True,
                        )
                    ),
                }
            )
    return pd.DataFrame(rows)
