"""Linear read-out of features: one scaled factor, one regression, both float32."""

from itertools import pairwise

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils.metaestimators import available_if

from skneuro.encoding._base import same_objects
from skneuro.encoding._linear_base import LINEAR_CONSTRAINTS, BaseLinearEncoder
from skneuro.encoding._linear_readout import find_array, read_factor, read_rows
from skneuro.encoding._weights import as_weights
from skneuro.utils._validation import find_indices


def _gives_a_table(encoder):
    """Whether responses are 2-D; those of a fit may have more axes."""
    return encoder.weights is not None or len(getattr(encoder, "target_shape_", ())) < 2


class LinearEncoder(ClassNamePrefixFeaturesOutMixin, BaseLinearEncoder):
    """Predict responses that are linear in the principal components of features.

    Features are standardised, projected on principal components, and mapped to all
    targets by one regression::

        response = ((f - mean) / scale - pca_mean) @ components.T @ coef.T + intercept

    Scaler and PCA are one factor and the regression the second. With ``weights`` the
    encoder is pretrained: both are float32, it predicts without `fit`, and
    `sklearn.base.clone`, pipelines and searches keep its weights without copying.
    Without, `fit` learns the same chain from data.

    Parameters
    ----------
    weights : EncoderWeights, mapping, path-like, or list of these, default=None
        Arrays named as in the published files: ``"scaler_param.mean_"``,
        ``"scaler_param.scale_"``, ``"pca_param.mean_"``, ``"pca_param.components_"``,
        ``"reg_param.coef_"`` and ``"reg_param.intercept_"``, or those of each
        hemisphere, ``"lh_reg_param.*"`` and ``"rh_reg_param.*"``. Targets of several
        files stand side by side. None: `fit` learns them.
    features : transformer, default=None
        What turns X into features, such as `VisionFeatures`; it is used as it is with
        ``weights``, else a clone is fitted. None: X are features, (n_samples,
        n_features).
    targets : array-like of int or bool of shape (n_selected,), default=None
        Targets to predict, counted over all hemispheres and files, in this order, or a
        mask. Only their coefficients are read. None predicts all. For pretrained
        encoders only.
    n_components : int, default=250
        Number of principal components that `fit` keeps, or as many as there are.
    alpha : float, default=0.0
        Strength of the ridge penalty in `fit`; 0 is ordinary least squares.
    batch_size : int or "auto", default="auto"
        Samples per step of `predict`.
    random_state : int, RandomState instance or None, default=None
        Seed of the randomised PCA in `fit`.

    Attributes
    ----------
    coef_ : ndarray of shape (n_targets, n_components)
        Coefficients that `fit` learned, in the dtype of y.
    intercept_ : ndarray of shape (n_targets,)
        Intercepts that `fit` learned, in the dtype of y.
    target_shape_ : tuple of int
        Shape of the responses to one sample in `fit`.
    features_ : transformer
        Fitted clone of ``features``.
    module_ : torch.nn.Module
        Differentiable: images in [0, 1], or features where there is no network, to
        responses.
    n_features_in_ : int
        Number of features, where X are features.

    Raises
    ------
    ValueError
        If the weights are of another model, a target does not exist, or features do
        not fit the weights.

    See Also
    --------
    VisionFeatures : Features of images.
    EEGEncoder : Responses in channels and times.

    Notes
    -----
    2-D X are features, or flattened square images if ``features`` takes images.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.encoding import LinearEncoder
    >>> rng = np.random.default_rng(0)
    >>> F = rng.normal(size=(50, 20))
    >>> y = F[:, :3] @ rng.normal(size=(3, 4))
    >>> encoder = LinearEncoder(n_components=20).fit(F, y)
    >>> encoder.predict(F[:2]).shape
    (2, 4)
    >>> round(encoder.score(F, y), 3)
    1.0
    """

    _parameter_constraints: dict = LINEAR_CONSTRAINTS | {
        "targets": ["array-like", None],
    }

    def __init__(
        self,
        weights=None,
        *,
        features=None,
        targets=None,
        n_components=250,
        alpha=0.0,
        batch_size="auto",
        random_state=None,
    ):
        self.weights = weights
        self.features = features
        self.targets = targets
        self.n_components = n_components
        self.alpha = alpha
        self.batch_size = batch_size
        self.random_state = random_state

    @available_if(_gives_a_table)
    def get_feature_names_out(self, input_features=None):
        """Name the columns of `transform`.

        Parameters
        ----------
        input_features : Ignored
            Not used.

        Returns
        -------
        ndarray of str
            ``linearencoder0`` and so on, one for each target.
        """
        return super().get_feature_names_out(input_features)

    @property
    def _n_features_out(self):
        return int(np.prod(self._shape(), dtype=np.int64))

    def _built_from(self):
        return self.weights, self.targets

    def _read(self, weights, index):
        """Read one file: its factor, and the wanted rows of its regressions."""
        factor = read_factor(weights, "pca_param", "LinearEncoder")
        names = [n for n in weights if n.endswith("reg_param.coef_")]
        names.sort(key=lambda name: ("lh" not in name, name))  # left comes first
        if not names:
            find_array(weights, "reg_param.coef_", "LinearEncoder")
        sizes = [len(weights[name]) for name in names]
        regressions = []
        for name, rows in zip(names, self._rows(index, sizes), strict=True):
            coef = read_rows(weights[name], rows)
            intercept = name.removesuffix("coef_") + "intercept_"
            bias = read_rows(find_array(weights, intercept, "LinearEncoder"), rows)
            regressions.append((0, coef, bias))
        return [factor], regressions

    def _rows(self, index, sizes):
        """Wanted rows of each regression of one file, in the order of the file."""
        if self.targets is None:
            return [None] * len(sizes)
        first = sum(self._n_targets_of(w) for w in as_weights(self.weights)[:index])
        wanted = np.unique(self._wanted())
        edges = first + np.cumsum([0, *sizes])
        return [wanted[(wanted >= a) & (wanted < b)] - a for a, b in pairwise(edges)]

    def _wanted(self):
        """Return indices of the wanted targets, in the user's order; found once."""
        known, parts = getattr(self, "_known_targets", None), self._built_from()
        if known is None or not same_objects(known[0], parts):
            n_targets = sum(self._n_targets_of(w) for w in as_weights(self.weights))
            wanted = find_indices(self.targets, n_targets, "targets", may_be_empty=True)
            self._known_targets = parts, wanted
        return self._known_targets[1]

    @staticmethod
    def _n_targets_of(weights):
        return sum(len(a) for n, a in weights.items() if n.endswith("reg_param.coef_"))

    def _shape(self):
        if self.weights is None:
            return self.target_shape_
        if self.targets is not None:
            return (len(self._wanted()),)
        return (sum(len(coef) for _, coef, _ in self._readout()[1]),)

    def _arrange(self, found):
        """Give the targets of all parts the user's order."""
        responses, _ = found
        if self.weights is None:
            return responses.reshape(len(responses), *self.target_shape_)
        if self.targets is None:
            return responses
        wanted = self._wanted()
        kept = np.unique(wanted)
        if np.array_equal(kept, wanted):
            return responses
        return responses[:, np.searchsorted(kept, wanted)]
