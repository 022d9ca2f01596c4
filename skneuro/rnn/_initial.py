"""Initial weights: distributions, signs, balance and spectral radius."""

import numpy as np

DISTRIBUTIONS = ("uniform", "normal", "zero", "gamma", "auto")
# Song, Yang and Wang (2016), section "Initialization"; no unit
SONG_MEAN, SONG_SHAPE = 0.1, 2.0
SONG_RADIUS = {"signed": 1.5, "free": 1.1}


def draw_weights(distribution, shape, rng):
    """Draw weights before any constraint.

    Parameters
    ----------
    distribution : {"uniform", "normal", "zero"}, float or array-like of shape ``shape``
        "uniform" and "normal" have the half-width and standard deviation
        ``1 / sqrt(n_sources)``; a number is the half-width; an array is taken as is.
    shape : tuple of int
        Numbers of targets and of sources.
    rng : RandomState
        Source of random numbers.

    Returns
    -------
    ndarray of shape ``shape``
        Weights.
    """
    scale = 1 / np.sqrt(shape[-1])
    if isinstance(distribution, str):
        if distribution == "uniform":
            return rng.uniform(-scale, scale, shape)
        if distribution == "normal":
            return rng.normal(0.0, scale, shape)
        return np.zeros(shape)
    if np.ndim(distribution) == 0:
        return rng.uniform(-abs(distribution), abs(distribution), shape)
    return np.array(distribution, np.float64)


def clip_signs(weights, sparsity_mask=None, sign_mask=None):
    """Zero absent connections and those of the wrong sign.

    Parameters
    ----------
    weights : ndarray of shape (n_targets, n_sources)
        Weights.
    sparsity_mask, sign_mask : ndarray of shape (n_targets, n_sources), default=None
        Where connections are, and their signs, 0 for free ones.

    Returns
    -------
    ndarray of shape (n_targets, n_sources)
        New weights.
    """
    if sparsity_mask is not None:
        weights = np.where(sparsity_mask != 0, weights, 0.0)
    if sign_mask is not None:
        weights = np.where(weights * sign_mask < 0, 0.0, weights)
    return weights


def fold_signs(weights, sparsity_mask=None, sign_mask=None):
    """Give each weight its sign and keep its size, so that no connection starts at 0.

    Parameters
    ----------
    weights : ndarray of shape (n_targets, n_sources)
        Weights.
    sparsity_mask, sign_mask : ndarray of shape (n_targets, n_sources), default=None
        Where connections are, and their signs, 0 for free ones.

    Returns
    -------
    ndarray of shape (n_targets, n_sources)
        New weights.
    """
    if sign_mask is not None:
        weights = np.where(sign_mask == 0, weights, np.abs(weights) * sign_mask)
    return clip_signs(weights, sparsity_mask)


def balance_matrix(weights, sign_mask):
    """Scale the stronger sign of the whole matrix down to the weaker one.

    Parameters
    ----------
    weights : ndarray of shape (n_targets, n_sources)
        Weights that obey the signs.
    sign_mask : ndarray of shape (n_targets, n_sources)
        Signs.

    Returns
    -------
    ndarray of shape (n_targets, n_sources)
        Weights whose sum is 0; where one sign is missing, as they were.
    """
    exc = weights[sign_mask > 0].sum()
    inh = -weights[sign_mask < 0].sum()
    if exc <= 0 or inh <= 0:
        return weights
    smaller = min(exc, inh)
    factor = np.where(sign_mask > 0, smaller / exc, 1.0)
    return weights * np.where(sign_mask < 0, smaller / inh, factor)


def balance_rows(weights, sign_mask):
    """Scale the inhibition of each row to its excitation.

    Parameters
    ----------
    weights : ndarray of shape (n_targets, n_sources)
        Weights that obey the signs.
    sign_mask : ndarray of shape (n_targets, n_sources)
        Signs.

    Returns
    -------
    ndarray of shape (n_targets, n_sources)
        Weights whose rows sum to 0; rows that lack one sign are as they were.
    """
    exc = np.where(sign_mask > 0, weights, 0.0).sum(axis=1, keepdims=True)
    inh = -np.where(sign_mask < 0, weights, 0.0).sum(axis=1, keepdims=True)
    both = (exc > 0) & (inh > 0)
    factor = np.where(both, exc / np.where(both, inh, 1.0), 1.0)
    return np.where(sign_mask < 0, weights * factor, weights)


def spectral_radius(weights):
    """Largest modulus of the eigenvalues of a matrix.

    Parameters
    ----------
    weights : ndarray of shape (n_units, n_units)
        Weights.

    Returns
    -------
    float
        Radius.
    """
    return float(np.abs(np.linalg.eigvals(weights)).max())


def draw_recurrent(distribution, sparsity_mask, sign_mask, balance, radius, rng):
    """Draw recurrent weights that obey masks, balance and spectral radius.

    Parameters
    ----------
    distribution : str, float or array-like of shape (n_units, n_units)
        As for `draw_weights`, or "gamma" or "auto": gamma-distributed sizes if all
        signs are given, normal ones otherwise.
    sparsity_mask, sign_mask : ndarray of shape (n_units, n_units)
        Where connections are, and their signs, 0 for free ones.
    balance : {"row", "matrix"} or None
        Which sums of excitation and inhibition are made equal.
    radius : float, "auto" or None
        Spectral radius; None leaves it, "auto" is 1.5 with signs and 1.1 without.
    rng : RandomState
        Source of random numbers.

    Returns
    -------
    ndarray of shape (n_units, n_units)
        Weights.
    """
    shape = sparsity_mask.shape
    if not isinstance(distribution, str) and np.ndim(distribution) > 0:
        return clip_signs(np.array(distribution, float), sparsity_mask, sign_mask)
    signed = bool((sign_mask[sparsity_mask != 0] != 0).all()) and bool(
        sparsity_mask.any()
    )
    if distribution == "auto":
        distribution = "gamma" if signed else "normal"
    if distribution == "gamma":
        weights = rng.gamma(SONG_SHAPE, SONG_MEAN / SONG_SHAPE, shape)
        weights *= np.where(sign_mask == 0, rng.choice([-1.0, 1.0], shape), 1.0)
    else:
        weights = draw_weights(distribution, shape, rng)
    weights = fold_signs(weights, sparsity_mask, sign_mask)
    if balance == "row":
        weights = balance_rows(weights, sign_mask)
    elif balance == "matrix":
        weights = balance_matrix(weights, sign_mask)
    if radius == "auto":
        radius = SONG_RADIUS["signed" if signed else "free"]
    if radius is not None:
        now = spectral_radius(weights)
        if now > 1e-6:
            weights = weights * (radius / now)
    return weights
