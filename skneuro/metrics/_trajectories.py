"""Activity of populations along few axes: conditions, principal and targeted axes."""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_array

from skneuro.utils._param_validation import Interval, validate_params

COUNT = Interval(Integral, 1, None, closed="left")


def check_activity(X, name="X"):
    """Return activity (n_trials, n_units, n_times) as float64."""
    X = check_array(X, dtype=np.float64, allow_nd=True, input_name=name)
    if X.ndim != 3:
        raise ValueError(
            f"{name} has shape {X.shape}; expected (n_trials, n_units, n_times). Pass "
            "what transform of a network returns."
        )
    return X


@validate_params(
    {"X": ["array-like"], "conditions": [pd.DataFrame, "array-like"]},
    prefer_skip_nested_validation=True,
)
def condition_average(X, conditions):
    """Average trials of the same condition.

    Parameters
    ----------
    X : array-like of shape (n_trials, n_units, n_times)
        Activity.
    conditions : DataFrame or array-like of shape (n_trials,)
        Condition of each trial: columns that together name it, or one label. Trials
        with a missing value, such as catch trials, are left out.

    Returns
    -------
    averages : ndarray of shape (n_conditions, n_units, n_times)
        Mean activity.
    table : DataFrame
        Conditions in their order, with the number of trials, ``n_trials``.

    Raises
    ------
    ValueError
        If the numbers of trials differ.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import condition_average
    >>> X = np.arange(4.0)[:, None, None] * np.ones((4, 2, 3))
    >>> averages, table = condition_average(X, ["a", "b", "a", "b"])
    >>> averages[:, 0, 0].tolist(), table.n_trials.tolist()
    ([1.0, 2.0], [2, 2])
    """
    X = check_activity(X)
    if not isinstance(conditions, pd.DataFrame):
        conditions = pd.DataFrame({"condition": np.asarray(conditions)})
    if len(conditions) != len(X):
        raise ValueError(
            f"conditions has {len(conditions)} rows, but X has {len(X)} trials; "
            "expected one row per trial."
        )
    frame = conditions.reset_index(drop=True)
    grouped = frame.groupby(list(frame.columns), observed=True)
    number = grouped.ngroup().to_numpy()  # NaN, or -1, where a value is missing
    averages = np.stack([X[number == i].mean(axis=0) for i in range(grouped.ngroups)])
    return averages, grouped.size().reset_index(name="n_trials")


@validate_params(
    {"X": ["array-like"], "n_components": [COUNT], "fit_to": ["array-like", None]},
    prefer_skip_nested_validation=True,
)
def pca_trajectories(X, *, n_components=3, fit_to=None):
    """Project activity on its principal components.

    Parameters
    ----------
    X : array-like of shape (n_trials, n_units, n_times)
        Activity to project: trials or averages of conditions.
    n_components : int, default=3
        Number of components.
    fit_to : array-like of shape (n_other_trials, n_units, n_other_times), default=None
        Activity that gives the components; None takes ``X``.

    Returns
    -------
    found : Bunch
        - ``trajectories`` : ndarray of shape (n_trials, n_components, n_times)
        - ``components`` : ndarray of shape (n_components, n_units), orthonormal, each
          with its largest entry positive
        - ``mean`` : ndarray of shape (n_units,)
        - ``explained_variance_ratio`` : ndarray of shape (n_components,)

    Raises
    ------
    ValueError
        If there are fewer units or time points than components.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import pca_trajectories
    >>> X = np.sin(np.arange(20.0)) * np.array([3.0, 4.0])[:, None]
    >>> found = pca_trajectories(X[None], n_components=1)
    >>> found.components.round(3)
    array([[0.6, 0.8]])
    """
    X = check_activity(X)
    source = X if fit_to is None else check_activity(fit_to, "fit_to")
    if source.shape[1] != X.shape[1]:
        raise ValueError(
            f"fit_to has {source.shape[1]} units and X has {X.shape[1]}; expected the "
            "same."
        )
    points = source.swapaxes(1, 2).reshape(-1, X.shape[1])
    if n_components > min(points.shape):
        raise ValueError(
            f"n_components is {n_components}, but there are {points.shape[1]} units "
            f"and {points.shape[0]} points; expected at most {min(points.shape)}."
        )
    mean = points.mean(axis=0)
    variances, vectors = np.linalg.eigh((points - mean).T @ (points - mean))
    components = vectors[:, ::-1].T[:n_components]
    largest = np.abs(components).argmax(axis=1)
    components *= np.sign(components[np.arange(n_components), largest])[:, None]
    total = variances.sum()
    ratio = (
        variances[::-1][:n_components] / total if total > 0 else np.zeros(n_components)
    )
    return Bunch(
        trajectories=np.einsum("cu,nut->nct", components, X - mean[:, None]),
        components=components,
        mean=mean,
        explained_variance_ratio=ratio,
    )


@validate_params(
    {
        "X": ["array-like"],
        "regressors": [pd.DataFrame],
        "averages": ["array-like", None],
        "n_components": [COUNT, None],
        "times": [slice, None],
    },
    prefer_skip_nested_validation=True,
)
def targeted_axes(X, regressors, *, averages=None, n_components=12, times=None):
    """Find the axes along which a population encodes variables of the task.

    Targeted dimensionality reduction [1]_: activity of each unit, z-scored, is
    regressed on the variables at each time; the coefficients of all units form a
    vector per variable and time, which is cleaned by keeping its part in the leading
    principal components of ``averages``; of each variable the longest vector over time
    is its axis; axes are made orthogonal in the order of the columns.

    Parameters
    ----------
    X : array-like of shape (n_trials, n_units, n_times)
        Activity in trials.
    regressors : DataFrame
        One row per trial and one numeric column per variable, such as choice, evidence,
        context and products of them. Trials with a missing value are left out. Columns
        are scaled to a largest magnitude of 1; a constant is added.
    averages : array-like of shape (n_conditions, n_units, n_times), default=None
        Mean activity of the conditions, whose principal components are kept; None takes
        ``X``.
    n_components : int or None, default=12
        How many components; None keeps all.
    times : slice, default=None
        Steps in which the longest vector is looked for; None looks in all.

    Returns
    -------
    found : Bunch
        - ``axes`` : ndarray of shape (n_variables, n_units), orthonormal
        - ``projections`` : ndarray of shape (n_trials, n_variables, n_times), of the
          z-scored X, and ``averages`` likewise, or None
        - ``coefficients`` : ndarray of shape (n_variables, n_units, n_times)
        - ``peak_steps`` : int ndarray of shape (n_variables,)
        - ``names`` : list of str
        - ``mean``, ``scale`` : ndarrays of shape (n_units,)

    Raises
    ------
    ValueError
        If numbers of trials differ, or variables cannot be told apart.

    References
    ----------
    .. [1] V. Mante, D. Sussillo, K. V. Shenoy, W. T. Newsome (2013), Nature 503, 78-84.
       :doi:`10.1038/nature12742`

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skneuro.metrics import targeted_axes
    >>> rng = np.random.default_rng(0)
    >>> choice = rng.choice([-1.0, 1.0], 50)
    >>> X = rng.standard_normal((50, 3, 4))
    >>> X[:, 1] += 10 * choice[:, None]
    >>> found = targeted_axes(X, pd.DataFrame({"choice": choice}))
    >>> np.abs(found.axes).argmax()
    np.int64(1)
    """
    X = check_activity(X)
    if len(regressors) != len(X):
        raise ValueError(
            f"regressors has {len(regressors)} rows, but X has {len(X)} trials; "
            "expected one row per trial."
        )
    design = regressors.to_numpy(np.float64)
    used = ~np.isnan(design).any(axis=1)
    design = design[used]
    largest = np.abs(design).max(axis=0, initial=0.0)
    design = np.column_stack([design / np.where(largest > 0, largest, 1), used[used]])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise ValueError(
            f"regressors {list(regressors.columns)} and a constant are linearly "
            f"dependent over {used.sum()} trials; expected variables that differ. "
            "Leave one out, or pass more conditions."
        )
    mean = X[used].mean(axis=(0, 2))
    scale = X[used].std(axis=(0, 2))
    scale = np.where(scale > 0, scale, 1)
    scored = (X - mean[:, None]) / scale[:, None]

    flat = scored[used].reshape(used.sum(), -1)
    fitted = np.linalg.lstsq(design, flat, rcond=None)[0][:-1]
    coefficients = fitted.reshape(-1, *X.shape[1:])  # (n_variables, n_units, n_times)
    clean = coefficients
    means = None
    if averages is not None:
        means = (check_activity(averages, "averages") - mean[:, None]) / scale[:, None]
    if n_components is not None and n_components < X.shape[1]:
        basis = pca_trajectories(
            scored[used] if means is None else means, n_components=n_components
        ).components
        clean = np.einsum("cu,cw,vwt->vut", basis, basis, coefficients)
    length = np.linalg.norm(clean, axis=1)  # (n_variables, n_times)
    offset = 0
    if times is not None:
        offset = times.indices(X.shape[2])[0]
        length = length[:, times]
    peaks = length.argmax(axis=1) + offset
    chosen = clean[np.arange(len(clean)), :, peaks]  # (n_variables, n_units)
    orthogonal, triangle = np.linalg.qr(chosen.T)
    axes = orthogonal.T * np.where(np.diag(triangle) < 0, -1, 1)[:, None]
    return Bunch(
        axes=axes,
        projections=np.einsum("vu,nut->nvt", axes, scored),
        averages=None if means is None else np.einsum("vu,nut->nvt", axes, means),
        coefficients=coefficients,
        peak_steps=peaks,
        names=[str(name) for name in regressors.columns],
        mean=mean,
        scale=scale,
    )


@validate_params(
    {"X": ["array-like"], "labels": ["array-like"], "times": [slice, None]},
    prefer_skip_nested_validation=True,
)
def selectivity_index(X, labels, *, times=None):
    r"""Return how well each unit tells two kinds of trials apart.

    This is :math:`d' = (\mu_1 - \mu_0) / \sqrt{(\sigma_1^2 + \sigma_0^2) / 2}` of the
    mean activity in trials.

    Parameters
    ----------
    X : array-like of shape (n_trials, n_units, n_times)
        Activity.
    labels : array-like of shape (n_trials,)
        Two kinds of trials, in their sorted order 0 and 1; trials with the label -1 or
        NaN are left out.
    times : slice, default=None
        Steps to average over, such as those of the stimulus; None takes all.

    Returns
    -------
    ndarray of shape (n_units,)
        Sensitivity d', dimensionless; 0 for units without variance or difference.

    Raises
    ------
    ValueError
        If there are not two kinds of trials.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import selectivity_index
    >>> X = np.array([0.0, 2.0, 10.0, 12.0])[:, None, None] * np.ones((4, 1, 5))
    >>> selectivity_index(X, [0, 0, 1, 1])
    array([10.])
    """
    X = check_activity(X)
    labels = np.asarray(labels)
    if labels.shape != (len(X),):
        raise ValueError(
            f"labels has shape {labels.shape}, but X has {len(X)} trials; expected "
            f"({len(X)},)."
        )
    used = ~pd.isna(labels) & (labels != -1)
    kinds = np.unique(labels[used])
    if len(kinds) != 2:
        raise ValueError(
            f"labels has {len(kinds)} kinds of trials, {kinds.tolist()[:5]}; expected "
            "2. Select trials of two kinds."
        )
    activity = (X if times is None else X[:, :, times]).mean(axis=2)
    zero, one = (activity[used & (labels == kind)] for kind in kinds)
    difference = one.mean(axis=0) - zero.mean(axis=0)
    spread = np.sqrt((one.var(axis=0) + zero.var(axis=0)) / 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(difference == 0, 0.0, difference / spread)
