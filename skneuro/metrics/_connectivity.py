"""Functional connectivity: which nodes go up and down together."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skneuro.metrics._base import BaseRecordingTransformer
from skneuro.metrics._correlation import (
    correlate_rows,
    covariance_rows,
    partial_correlate_rows,
)
from skneuro.metrics._edges import edge_pairs, learn_edges
from skneuro.metrics._pairs import (
    name_pairs,
    take_pairs,
    vector_to_connectivity,
)
from skneuro.metrics._validation import check_signals
from skneuro.utils._param_validation import (
    Interval,
    StrOptions,
    _check_feature_names_in,
    _fit_context,
    validate_params,
)

KINDS = {"correlation", "partial", "covariance"}
SHRINKAGE = [
    Interval(Real, 0, 1, closed="both"),
    StrOptions({"ledoit_wolf", "oas"}),
    None,
]


def to_fisher_z(r):
    """Map correlations to Fisher's z; the diagonal becomes 0.

    Parameters
    ----------
    r : ndarray of shape (..., n_nodes, n_nodes)
        Correlations; overwritten.

    Returns
    -------
    ndarray of shape (..., n_nodes, n_nodes)
        ``arctanh(r)``, with absolute correlations clipped to 1 - 1e-7.
    """
    limit = 1 - 1e-7  # below one also in float32
    np.clip(r, -limit, limit, out=r)
    np.arctanh(r, out=r)
    nodes = np.arange(r.shape[-1])
    r[..., nodes, nodes] = 0
    return r


@validate_params(
    {
        "X": ["array-like"],
        "kind": [StrOptions(set(KINDS))],
        "fisher_z": ["boolean"],
        "shrinkage": SHRINKAGE,
    },
    prefer_skip_nested_validation=True,
)
def functional_connectivity(
    X, *, kind="correlation", fisher_z=False, shrinkage="ledoit_wolf"
):
    """Compute functional connectivity matrices.

    Parameters
    ----------
    X : array-like of shape (..., n_nodes, n_times)
        Signals: one recording, or any number of them on leading axes.
        A DataFrame has one column per node; a DataArray has ``time`` among its
        dimensions.
    kind : {"correlation", "partial", "covariance"}, default="correlation"
        Pearson correlation; partial correlation, which is what remains between two
        nodes once all others are known; or maximum-likelihood covariance, in the
        squared unit of X.
    fisher_z : bool, default=False
        Whether to return Fisher's z, ``arctanh(r)``, of (partial) correlations.
        Absolute correlations are clipped to 1 - 1e-7, and the diagonal is 0.
    shrinkage : float, {"ledoit_wolf", "oas"} or None, default="ledoit_wolf"
        Share of the identity that is mixed into the correlation matrix before it is
        inverted, between 0 and 1, or the rule that finds it. Only used by
        ``kind="partial"``.

    Returns
    -------
    ndarray of shape (..., n_nodes, n_nodes)
        Symmetric matrices; float32 if X is float32, else float64.

    Raises
    ------
    ValueError
        If X has no time axis or holds NaN, if ``fisher_z`` meets covariances, or if
        a correlation matrix cannot be inverted without shrinkage.

    See Also
    --------
    FunctionalConnectivity : The same as a transformer.
    connectivity_to_vector : From matrices to node pairs.

    Notes
    -----
    A node that is constant in a recording, up to rounding, has no correlation: its row
    and column are 0, the diagonal included, and partial correlations are taken without
    it.

    References
    ----------
    .. [1] S. M. Smith et al. (2011), NeuroImage 54, 875-891, full and partial
       correlation: :doi:`10.1016/j.neuroimage.2010.08.063`
    .. [2] O. Ledoit and M. Wolf (2004), J. Multivar. Anal. 88, 365-411:
       :doi:`10.1016/S0047-259X(03)00096-4`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import functional_connectivity
    >>> times = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    >>> X = np.sin(times + np.pi * np.array([[0], [1 / 3], [1 / 4]]))
    >>> functional_connectivity(X).round(2)
    array([[1.  , 0.5 , 0.71],
           [0.5 , 1.  , 0.97],
           [0.71, 0.97, 1.  ]])
    """
    X = check_signals(X)
    if kind == "covariance":
        if fisher_z:
            raise ValueError(
                "fisher_z=True with kind='covariance'; expected correlations, which "
                "lie between -1 and 1. Pass kind='correlation' or fisher_z=False."
            )
        return covariance_rows(X)
    if kind == "partial":
        r = partial_correlate_rows(X, shrinkage)
    else:
        r = correlate_rows(X)
    return to_fisher_z(r) if fisher_z else r


class FunctionalConnectivity(BaseRecordingTransformer):
    """Turn signals into functional connectivity, one column per node pair.

    The matrix of each sample is flattened to its strict upper triangle, row by row:
    (0, 1), (0, 2), ..., (1, 2), ... Nothing is learned from signals with a time axis;
    each sample stands alone.

    A table (2-D X) has no time axis: its rows are read as the volumes of one recording,
    shape (n_volumes, n_nodes), as nilearn's maskers give it. The result then has one
    row per volume, the edge time series [3]_: the product, for each node pair, of the
    two nodes' values after standardization over the volumes seen in ``fit``. The mean
    of ``fit_transform(X)`` over volumes is the connectivity of that recording (for
    ``kind="partial"`` without shrinkage, else approximately).

    Parameters
    ----------
    kind : {"correlation", "partial", "covariance"}, default="correlation"
        Pearson correlation; partial correlation, which is what remains between two
        nodes once all others are known; or maximum-likelihood covariance, in the
        squared unit of X.
    fisher_z : bool, default=False
        Whether to return Fisher's z, ``arctanh(r)``, of (partial) correlations.
        Absolute correlations are clipped to 1 - 1e-7. Needs a time axis.
    shrinkage : float, {"ledoit_wolf", "oas"} or None, default="ledoit_wolf"
        Share of the identity that is mixed into the correlation matrix before it is
        inverted, between 0 and 1, or the rule that finds it [2]_. Only used by
        ``kind="partial"``.
    discard : int, default=0
        Number of time points to leave out at the start of each recording, such as the
        transient of a simulation. No effect on 2-D X.
    vectorize : bool, default=True
        Whether to return node pairs; False returns matrices, (n_samples, n_nodes,
        n_nodes), which have no feature names.

    Attributes
    ----------
    n_features_in_ : int
        Number of nodes.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the nodes, where ``fit`` saw a DataFrame.
    mean_ : ndarray of shape (n_features_in_,) or None
        Mean of each node over volumes, from 2-D X; None for signals with a time axis.
    weights_ : ndarray of shape (n_features_in_, n_features_in_) or None
        What the departures from the mean are multiplied with before the nodes of each
        pair are, from 2-D X: on the diagonal the inverse standard deviations, for
        ``kind="partial"`` times the scaled precision matrix, for ``kind="covariance"``
        ones. None for signals with a time axis.

    Raises
    ------
    ValueError
        If a recording has less than two time points or two nodes, or if a correlation
        matrix cannot be inverted.

    See Also
    --------
    functional_connectivity : The same as a function that returns matrices.
    FunctionalConnectivityDynamics : How the connectivity changes during a recording.
    vector_to_connectivity : From node pairs back to matrices.

    Notes
    -----
    A node that is constant in a recording, up to rounding, has no correlation: its
    pairs are 0, and partial correlations are taken without it.

    References
    ----------
    .. [1] S. M. Smith et al. (2011), NeuroImage 54, 875-891, full and partial
       correlation: :doi:`10.1016/j.neuroimage.2010.08.063`
    .. [2] O. Ledoit and M. Wolf (2004), J. Multivar. Anal. 88, 365-411:
       :doi:`10.1016/S0047-259X(03)00096-4`
    .. [3] J. Faskowitz et al. (2020), Nat. Neurosci. 23, 1644-1654, edge time series:
       :doi:`10.1038/s41593-020-00719-y`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.metrics import FunctionalConnectivity
    >>> times = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    >>> X = np.sin(times + np.pi * np.array([[0], [1 / 3], [1 / 4]]))[None]
    >>> fc = FunctionalConnectivity().fit(X)
    >>> fc.transform(X).round(2)
    array([[0.5 , 0.71, 0.97]])
    >>> fc.get_feature_names_out(["V1", "V2", "MT"])
    array(['V1--V2', 'V1--MT', 'V2--MT'], dtype=object)
    """

    _parameter_constraints: ClassVar[dict] = {
        "kind": [StrOptions(KINDS)],
        "fisher_z": ["boolean"],
        "shrinkage": SHRINKAGE,
        "discard": [Interval(Integral, 0, None, closed="left")],
        "vectorize": ["boolean"],
    }

    def __init__(
        self,
        kind="correlation",
        *,
        fisher_z=False,
        shrinkage="ledoit_wolf",
        discard=0,
        vectorize=True,
    ):
        self.kind = kind
        self.fisher_z = fisher_z
        self.shrinkage = shrinkage
        self.discard = discard
        self.vectorize = vectorize

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Validate X and, from 2-D X, learn each node's mean and scale.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_nodes, n_times) or (n_volumes, n_nodes)
            Signals, or the volumes of one recording.
        y : Ignored
            Not used, present by convention.

        Returns
        -------
        FunctionalConnectivity
            Fitted transformer.
        """
        X = self._validate(X, reset=True)
        if self.fisher_z and (X.ndim == 2 or self.kind == "covariance"):
            what = "2-D X" if X.ndim == 2 else "kind='covariance'"
            raise ValueError(
                f"fisher_z=True with {what}; expected correlations, which lie between "
                "-1 and 1. Pass signals of shape (n_samples, n_nodes, n_times) and "
                "another kind, or fisher_z=False."
            )
        self.mean_, self.weights_ = None, None
        if X.ndim == 2:
            self.mean_, self.weights_ = learn_edges(X, self.kind, self.shrinkage)
        return self

    def transform(self, X):
        """Compute the functional connectivity of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_nodes, n_times) or (n_volumes, n_nodes)
            Signals, or volumes where ``fit`` saw volumes.

        Returns
        -------
        ndarray of shape (n_samples, n_pairs) or (n_samples, n_nodes, n_nodes)
            Functional connectivity, float32 if X is float32, else float64.

        Raises
        ------
        ValueError
            If X is 2-D and ``fit`` saw signals with a time axis.
        """
        check_is_fitted(self)
        X = self._validate(X, reset=False)
        if X.ndim == 3:
            fc = functional_connectivity(
                X, kind=self.kind, fisher_z=self.fisher_z, shrinkage=self.shrinkage
            )
            return take_pairs(fc) if self.vectorize else fc
        if self.weights_ is None:
            raise ValueError(
                "X is 2-D, but fit saw signals of shape (n_samples, n_nodes, n_times); "
                "expected three axes again. Add the sample axis, X[None], or fit on "
                "the volumes of a recording."
            )
        factors = self._weigh(X)
        sign = -1 if self.kind == "partial" else 1
        edges = sign * edge_pairs(factors)
        if self.vectorize:
            return edges
        matrices = vector_to_connectivity(edges, diagonal=0)
        nodes = np.arange(X.shape[1])
        matrices[:, nodes, nodes] = factors**2
        return matrices

    @available_if(lambda self: self.vectorize)
    def get_feature_names_out(self, input_features=None):
        """Name the node pairs.

        Parameters
        ----------
        input_features : array-like of str of shape (n_nodes,) or None, default=None
            Names of the nodes; None takes those seen in ``fit``, or x0, x1, ...

        Returns
        -------
        ndarray of str of shape (n_pairs,)
            Names such as ``"x0--x1"``.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features)
        return name_pairs(names)
