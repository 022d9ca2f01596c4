"""What encoders share whose responses are linear in features."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import (
    BaseEstimator,
    MultiOutputMixin,
    RegressorMixin,
    TransformerMixin,
    clone,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from skneuro.encoding._base import BaseImageEncoder, read_images, same_objects
from skneuro.encoding._images import is_table
from skneuro.encoding._linear_readout import (
    Factor,
    contents,
    hash_arrays,
    regress,
    share_memory,
)
from skneuro.encoding._stream import run_batches
from skneuro.encoding._weights import as_weights
from skneuro.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    _fit_context,
)

LINEAR_CONSTRAINTS = {
    "weights": "no_validation",
    "features": [HasMethods("transform"), None],
    "n_components": [Interval(Integral, 1, None, closed="left")],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    "random_state": ["random_state"],
}


class BaseLinearEncoder(
    TransformerMixin, RegressorMixin, MultiOutputMixin, BaseEstimator
):
    """Base of encoders whose responses are linear in features.

    Subclasses have the parameters ``weights``, ``features``, ``n_components``,
    ``alpha``, ``batch_size`` and ``random_state``. They define ``_read(weights,
    index)``, which returns factors and regressions, ``_built_from()``, the parameters
    that it depends on, and ``_shape()`` and ``_arrange(found)``, the form of the
    responses.
    """

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None):
        """Learn scaler, PCA and regression; with ``weights`` it only reads them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images
            Features; images if ``features`` is set. 2-D images are flattened squares.
        y : array-like of shape (n_samples, ...), default=None
            Responses; ignored if there are ``weights``.

        Returns
        -------
        self
            Fitted encoder.
        """
        if self.weights is not None:
            if self.features is None:
                self._validate(X, reset=True)
            self._readout()
            return self
        X, y = self._validate_pair(X, y)
        self._learn(X, y)
        return self

    def _validate(self, X, reset=False):
        return validate_data(self, X, reset=reset, dtype=[np.float32, np.float64])

    def _validate_pair(self, X, y):
        """Return features and responses for `fit`."""
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is "
                "None. Pass responses, or the weights of a fetcher."
            )
        if self.features is not None:
            self.features_ = clone(self.features)
            if hasattr(self.features_, "fit_transform"):
                X = self.features_.fit_transform(X)
            else:
                X = self.features_.transform(X)
        X, _ = validate_data(
            self,
            X,
            np.zeros(len(y)) if hasattr(y, "__len__") and np.ndim(y) > 2 else y,
            dtype=[np.float32, np.float64],
            multi_output=True,
            y_numeric=True,
            ensure_min_samples=2,
        )
        if self.features is not None:
            del self.n_features_in_  # X are images
        y = np.asarray(y)
        if y.dtype not in (np.float32, np.float64):
            y = y.astype(np.float64)
        if not np.isfinite(y).all():
            raise ValueError("Input y contains NaN or infinity; expected numbers.")
        return X, y

    def _learn(self, X, y):
        """Fit scaler, PCA and one regression of all targets."""
        from sklearn.decomposition import PCA
        from sklearn.linear_model import LinearRegression, Ridge
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(X)
        n_components = min(self.n_components, *X.shape)
        pca = PCA(n_components, random_state=self.random_state)
        scores = pca.fit_transform(scaler.transform(X))
        ridge = LinearRegression() if self.alpha == 0 else Ridge(alpha=self.alpha)
        ridge.fit(scores, y.reshape(len(y), -1))
        self._factors = [
            Factor(scaler.mean_, scaler.scale_, pca.mean_, pca.components_, y.dtype)
        ]
        self.target_shape_ = y.shape[1:]
        self.coef_ = np.asarray(ridge.coef_, y.dtype).reshape(-1, n_components)
        self.intercept_ = np.zeros(len(self.coef_), y.dtype)
        self.intercept_ += ridge.intercept_

    def _readout(self):
        """Factors, regressions and the factor of each regression."""
        if self.weights is None:
            check_is_fitted(self, "coef_")
            return self._factors, [(0, self.coef_, self.intercept_)]
        known, parts = getattr(self, "_known", None), self._built_from()
        if known is None or not same_objects(known[0], parts):
            factors, parts = [], []
            for index, weights in enumerate(as_weights(self.weights)):
                new, regressions = self._read(weights, index)
                parts += [(len(factors) + i, c, b) for i, c, b in regressions]
                factors += new
            self._known = (self._built_from(), factors, parts)
        return self._known[1:]

    def predict(self, X, *, out=None, progress=False):
        """Predict responses.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images
            Features, or whatever ``features`` transforms: images as arrays, PIL images,
            paths, a folder or an iterator.
        out : path-like or array, default=None
            Where to put the responses. A path ending in ``.npy`` or ``.zarr`` is
            written batch by batch, in constant memory; a run that broke off is
            resumed. None returns an array.
        progress : bool, default=False
            Whether to show a progress bar.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            Responses; float32 from ``weights``, else in the dtype of the fitted y.
        """
        check_is_fitted(self)
        features, source = self._open(X)
        self._readout()
        batch_size = 32 if self.batch_size == "auto" else self.batch_size
        return run_batches(
            source,
            lambda batch: self._respond(features(batch)),
            batch_size=batch_size,
            shape=self._shape(),
            out=out,
            key=self._key() if out is not None else "",
            progress=progress,
        )

    def transform(self, X):
        """Predict responses inside a pipeline; the same as `predict`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images
            As in `predict`.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            Responses; one column if `fit` saw a 1-D y.
        """
        responses = self.predict(X)
        return responses[:, None] if responses.ndim == 1 else responses

    @property
    def module_(self):
        """Torch module that gives the responses, differentiable, in evaluation mode.

        It takes images (n_images, 3, size, size) in [0, 1] if ``features`` has a
        ``module_`` of its own, as `VisionFeatures` has, and features else. It shares
        the memory of the weights and is made anew each time.
        """
        from torch import nn

        from skneuro.encoding._modules import LinearResponse

        features = getattr(self, "features_", self.features)
        network = getattr(features, "module_", nn.Identity())
        factors, regressions = self._readout()
        module = LinearResponse(
            network,
            [
                [share_memory(a) for a in (f.centre, f.gain, f.components)]
                for f in factors
            ],
            [(i, share_memory(c), share_memory(b)) for i, c, b in regressions],
            self._arrange,
        )
        found = next(network.buffers(), None)
        return module.to("cpu" if found is None else found.device).eval()

    def score(self, X, y, sample_weight=None):
        """Score predictions by the coefficient of determination, mean over targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), or images
            As in `predict`.
        y : array-like of shape (n_samples, ...)
            Responses, in the shape of the predictions.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        float
            1 for perfect predictions, 0 for predicting the mean.
        """
        from sklearn.metrics import r2_score

        predicted = self.predict(X)
        y = np.asarray(y)
        if y.ndim > 1:
            y, predicted = y.reshape(len(y), -1), predicted.reshape(len(predicted), -1)
        return r2_score(y, predicted, sample_weight=sample_weight)

    def predict_from_features(self, F):
        """Predict from features that were computed once for several encoders.

        Parameters
        ----------
        F : array-like of shape (n_samples, n_features)
            What ``features`` returns for some images.

        Returns
        -------
        ndarray of shape (n_samples, ...)
            Responses, as from `predict`.
        """
        check_is_fitted(self)
        F = np.asarray(F)
        n_features = self._readout()[0][0].centre.shape[0]
        if F.ndim != 2 or F.shape[1] != n_features:
            raise ValueError(
                f"F has shape {F.shape}; expected (n_samples, {n_features}). Pass the "
                "features of the backbone that the weights belong to."
            )
        return self._respond(F)

    def _open(self, X):
        """Return a function from batches to features, and a source of batches."""
        if self.features is None:
            return np.asarray, _Rows(self._validate(X))
        features = getattr(self, "features_", self.features)
        if isinstance(features, BaseImageEncoder):
            return features._respond, read_images(features, X)
        if is_table(X) or hasattr(X, "shape"):
            return features.transform, _Rows(X)
        return np.asarray, _Rows(np.asarray(features.transform(X)))

    def _respond(self, features):
        """Map features of a batch to responses."""
        factors, parts = self._readout()
        n_features = factors[0].centre.shape[0] if factors else 0
        if features.shape[1] != n_features:
            raise ValueError(
                f"there are {features.shape[1]} features, but the weights expect "
                f"{n_features}. Pass images if features= is set, and the backbone and "
                "layers that the weights belong to."
            )
        scores = [factor(features) for factor in factors]
        return self._arrange(regress(scores, parts))

    def _key(self):
        """Hash what responses depend on beside the images."""
        if self.weights is None:
            arrays = [self.coef_, self.intercept_, *contents(self._factors)]
            weights = [hash_arrays(arrays)]
        else:
            weights = [each.digest for each in as_weights(self.weights)]
        features = getattr(self, "features_", self.features)
        return repr(
            (
                weights,
                [str(np.asarray(value).tolist()) for value in self._built_from()[1:]],
                features._key() if isinstance(features, BaseImageEncoder) else None,
            )
        )

    def __getstate__(self):
        state = super().__getstate__()
        return {k: v for k, v in state.items() if not k.startswith("_known")}

    def __sklearn_is_fitted__(self):
        return self.weights is not None or hasattr(self, "coef_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = self.weights is None
        tags.target_tags.required = self.weights is None
        tags.transformer_tags.preserves_dtype = []  # that of y
        if self.features is not None:
            tags.input_tags.three_d_array = True
        return tags


class _Rows:
    """Rows of a table in batches, with the face of an ImageSource."""

    def __init__(self, X):
        self.X = X
        self.n_images = len(X)

    def batches(self, batch_size, start=0):
        for first in range(start, self.n_images, batch_size):
            rows = slice(first, first + batch_size)
            yield self.X.iloc[rows] if hasattr(self.X, "iloc") else self.X[rows]
