"""What transformers of recordings share."""

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import validate_data

from skneuro.metrics._validation import FLOATS, check_recordings


class BaseRecordingTransformer(TransformerMixin, BaseEstimator):
    """Base of transformers of signals, or of the volumes of one recording.

    Subclasses have a parameter ``discard``, and set ``mean_`` and ``weights_`` in
    ``fit``: arrays where X was 2-D, else None.
    """

    def _validate(self, X, *, reset):
        """Validate X and drop the time points to discard."""
        X = validate_data(
            self,
            X,
            reset=reset,
            allow_nd=True,
            dtype=FLOATS,
            ensure_min_features=2 if reset else 0,
        )
        return check_recordings(X, self.discard)

    def _weigh(self, X):
        """Centre and weight the nodes of each volume: factors of edge time series."""
        return ((X - self.mean_) @ self.weights_).astype(X.dtype)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
