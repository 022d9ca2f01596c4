"""What all image encoders share: how images come in and responses go out."""

from numbers import Integral

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import validate_data

from skneuro.encoding._images import ImageSource, is_table, rows_to_images, to_bytes
from skneuro.encoding._preprocessing import SQUARE
from skneuro.utils import resolve_device
from skneuro.utils._param_validation import Interval, StrOptions

IMAGE_CONSTRAINTS = {
    "square": [StrOptions(set(SQUARE))],
    "value_range": [StrOptions({"auto", "unit", "byte"})],
    "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
    "device": "no_validation",
}


def read_images(estimator, X, *, reset=False):
    """Validate images of any kind and open them for reading in batches.

    Parameters
    ----------
    estimator : estimator
        Has the parameters ``square`` and ``value_range``.
    X : array-like, list, path-like or iterator
        Images; rows of a table are flattened square images.
    reset : bool, default=False
        Whether this is ``fit``, which notes the number of columns of tables.

    Returns
    -------
    ImageSource
        Images.
    """
    if is_table(X):
        X = validate_data(estimator, X, reset=reset, dtype="numeric")
        if X.dtype.kind not in "biuf":
            X = X.astype(np.float64)
        images = rows_to_images(X, estimator.square)
        X = to_bytes(images, estimator.value_range)
    return ImageSource(X, estimator.value_range)


def same_objects(parts, others):
    """Tell whether parameters are the same objects, or equal tuples."""
    return all(
        a is b or (isinstance(a, (tuple, int)) and a == b)
        for a, b in zip(parts, others, strict=True)
    )


class BaseImageEncoder(
    ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Base of encoders that are built from weights rather than fitted.

    Subclasses have the parameters ``square``, ``value_range``, ``batch_size`` and
    ``device``, and define ``_build()``, which makes the torch module,
    ``_built_from()``, the parameters that it depends on, and ``_prepare(batch)``.
    """

    @property
    def module_(self):
        """Torch module: images (n_images, 3, size, size) in [0, 1] in, responses out.

        It is differentiable with respect to the images. It is built when first
        needed, in evaluation mode, on ``device``.
        """
        device, parts = resolve_device(self.device), self._built_from()
        known = getattr(self, "_module_key", None)
        if known is None or known[0] != device or not same_objects(known[1], parts):
            self._module = self._build().to(device).eval().requires_grad_(False)
            self._module_key = device, parts
        return self._module

    def fit(self, X, y=None):
        """Check the parameters and the form of the images; learns nothing.

        Parameters
        ----------
        X : array-like, list, path-like or iterator
            Images, as in `predict`. 2-D rows are flattened square images.
        y : Ignored
            Not used.

        Returns
        -------
        self
            The encoder, with ``n_features_in_`` if X is 2-D.
        """
        self._validate_params()
        read_images(self, X, reset=True)
        self.module_  # noqa: B018  complains if there are no weights
        return self

    def _respond(self, batch):
        """Map a batch of uint8 images of any size to responses."""
        import torch

        module = self.module_
        device = resolve_device(self.device)
        images = torch.from_numpy(
            np.require(self._prepare(batch), requirements=["C", "W"])
        )
        full_precision = torch.backends.cudnn.flags(enabled=True, allow_tf32=False)
        with torch.inference_mode(), full_precision:
            images = images.to(device).float().div_(255)
            return module(images).cpu().numpy()

    def _batch_size(self):
        if self.batch_size != "auto":
            return self.batch_size
        return 16 if resolve_device(self.device).type == "cpu" else 128

    def __getstate__(self):
        state = super().__getstate__()
        return {k: v for k, v in state.items() if k not in ("_module", "_module_key")}

    def __sklearn_is_fitted__(self):
        return True  # weights are parameters

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = False
        tags.input_tags.three_d_array = True
        tags.input_tags.positive_only = True
        tags.transformer_tags.preserves_dtype = []
        return tags
