"""What can be read from activity, and when."""

from numbers import Integral

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone, is_classifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import check_cv
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch

from skneuro.metrics._trajectories import check_activity
from skneuro.utils._param_validation import HasMethods, Interval, validate_params


@validate_params(
    {
        "X": ["array-like"],
        "y": ["array-like"],
        "estimator": [HasMethods(["fit", "predict"]), None],
        "cv": ["cv_object"],
        "every": [Interval(Integral, 1, None, closed="left")],
        "n_jobs": [Integral, None],
    },
    prefer_skip_nested_validation=True,
)
def cross_temporal_decoding(X, y, *, estimator=None, cv=5, every=1, n_jobs=None):
    """Decode a variable at each time by decoders trained at each time.

    What generalises over time is held in a stable code; what decodes on the diagonal
    only is held in a changing one [1]_.

    Parameters
    ----------
    X : array-like of shape (n_trials, n_units, n_times)
        Activity.
    y : array-like of shape (n_trials,)
        Variable to decode.
    estimator : estimator, default=None
        Classifier (scored by accuracy) or regressor (by R²) of tables of
        (n_trials, n_units); None takes scaled units and logistic regression.
    cv : int, cross-validator or iterable, default=5
        Folds of trials, as in scikit-learn.
    every : int, default=1
        Distance of the times that are used, in steps.
    n_jobs : int or None, default=None
        Number of parallel jobs.

    Returns
    -------
    decoded : Bunch
        - ``scores`` : ndarray of shape (n_train_times, n_test_times), mean over folds
        - ``steps`` : int ndarray of shape (n_train_times,), the steps used
        - ``chance`` : float, share of the most frequent class, or 0 for regressors

    Raises
    ------
    ValueError
        If numbers of trials differ.

    References
    ----------
    .. [1] J.-R. King, S. Dehaene (2014), Trends Cogn. Sci. 18, 203-210.
       :doi:`10.1016/j.tics.2014.01.002`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import cross_temporal_decoding
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(40) % 2
    >>> X = 0.1 * rng.standard_normal((40, 3, 4))
    >>> X[:, 0, 2:] += y[:, None]  # known from step 2 on
    >>> cross_temporal_decoding(X, y).scores[2:, 2:].min()
    np.float64(1.0)
    """
    X = check_activity(X)
    y = np.asarray(y)
    if y.shape != (len(X),):
        raise ValueError(
            f"y has shape {y.shape}, but X has {len(X)} trials; expected ({len(X)},)."
        )
    if estimator is None:
        estimator = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    classifies = is_classifier(estimator)
    steps = np.arange(0, X.shape[2], every)
    X = X[:, :, steps]
    folds = list(check_cv(cv, y, classifier=classifies).split(X[:, :, 0], y))
    score = accuracy_score if classifies else r2_score
    rows = Parallel(n_jobs=n_jobs)(
        delayed(_train_at)(estimator, X, y, folds, k, score) for k in range(len(steps))
    )
    chance = 0.0
    if classifies:
        chance = float(np.unique(y, return_counts=True)[1].max() / len(y))
    return Bunch(scores=np.array(rows), steps=steps, chance=chance)


def _train_at(estimator, X, y, folds, k, score):
    """Return the mean scores at all times of decoders that are trained at one."""
    scores = np.zeros(X.shape[2])
    for train, test in folds:
        model = clone(estimator).fit(X[train, :, k], y[train])
        points = X[test].swapaxes(1, 2).reshape(-1, X.shape[1])  # trial by trial
        predicted = model.predict(points).reshape(len(test), -1)
        scores += [score(y[test], column) for column in predicted.T]
    return scores / len(folds)
