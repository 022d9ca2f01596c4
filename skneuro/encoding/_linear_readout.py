"""The parts of linear encoders: factors, regressions, and how files name them."""

import hashlib
import warnings

import numpy as np

from skneuro.encoding._images import forget_pages

_N_SCALED = 1 << 22  # numbers that are scaled, or predicted, at once: 16 MiB


class Factor:
    """Scaler and PCA as one affine map of features.

    ``((f - mean) / scale - pca_mean) @ components.T`` is computed as
    ``((f - centre) * gain) @ components.T``: the components are used where they lie, in
    memory or mapped from a file, and never copied.

    Parameters
    ----------
    mean, scale : array-like of shape (n_features,)
        Of the scaler; a scale of 0 counts as 1.
    pca_mean : array-like of shape (n_features,)
        Mean of the scaled features.
    components : array-like of shape (n_components, n_features)
        Principal axes.
    dtype : dtype, default=numpy.float32
        Precision.
    """

    def __init__(self, mean, scale, pca_mean, components, dtype=np.float32):
        mean, scale = np.asarray(mean, np.float64), np.asarray(scale, np.float64)
        scale = np.where(scale == 0, 1, scale)
        centre = mean + np.asarray(pca_mean, np.float64) * scale
        self.centre = centre.astype(dtype)
        self.gain = (1 / scale).astype(dtype)
        self.components = np.ascontiguousarray(components, dtype)
        self._tensor = None

    def __call__(self, features):
        """Map features (n_samples, n_features) to scores (n_samples, n_components).

        Features are scaled as many at a time as fit the processor's cache, and
        multiplied by torch, whose product of few rows with long ones is faster.
        """
        features = np.asarray(features)  # a transformer may give a DataFrame
        n_samples, n_features = features.shape
        step = max(_N_SCALED // max(n_samples, 1), 1024)
        scaled = np.empty((n_samples, min(step, n_features)), self.centre.dtype)
        scores = np.zeros((n_samples, len(self.components)), self.centre.dtype)
        for start in range(0, n_features, step):
            block = slice(start, start + step)
            centre, gain = self.centre[block], self.gain[block]
            part = scaled[:, : len(centre)]
            np.subtract(features[:, block], centre, out=part, dtype=centre.dtype)
            part *= gain
            if n_samples == 1:
                scores += part @ self.components[:, block].T
            else:
                self._add_product(scores, part, block)
        return scores

    def _add_product(self, scores, scaled, block):
        import torch

        if self._tensor is None:
            self._tensor = share_memory(self.components)
        with torch.inference_mode():
            torch.from_numpy(scores).addmm_(
                torch.from_numpy(scaled), self._tensor[:, block].T
            )

    def __getstate__(self):
        return self.__dict__ | {"_tensor": None}


def share_memory(array):
    """Return a tensor on the memory of an array, read-only ones too."""
    import torch

    with warnings.catch_warnings():  # read-only is fine: we only read
        warnings.filterwarnings("ignore", message="The given NumPy array is not")
        return torch.from_numpy(array)


def regress(scores, parts):
    """Compute the targets of all parts, in one array in column-major order.

    Targets are its rows in memory: the product of the coefficients with few scores is
    faster that way round, and parts are written side by side without a copy. Intercepts
    are added while the products are still in the processor's cache.
    """
    n_targets = sum(len(coef) for _, coef, _ in parts)
    n_samples = len(scores[0]) if scores else 0
    dtype = parts[0][1].dtype if parts else np.float32
    found, views, start = np.empty((n_targets, n_samples), dtype), [], 0
    for i, coef, intercept in parts:
        rows = found[start : start + len(coef)]
        step = max(_N_SCALED // max(n_samples, 1), 1024)
        for first in range(0, len(coef), step):
            block = slice(first, first + step)
            np.matmul(coef[block], scores[i].T, out=rows[block])
            rows[block] += intercept[block, None]
        views.append(rows.T)
        start += len(coef)
    return found.T, views


def contents(factors):
    """Yield the arrays of factors."""
    for factor in factors:
        yield from (factor.centre, factor.gain, factor.components)


def hash_arrays(arrays):
    """SHA-256 of several arrays."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str} {array.shape};".encode())
        digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


def find_array(weights, name, model):
    """Return an array of weights, or say that the file is another model's."""
    if name not in weights:
        some = ", ".join(map(repr, list(weights)[:4]))
        raise ValueError(
            f"weights have no {name!r}; expected those of a {model} ('scaler_param.*', "
            f"'pca_param.*', '*reg_param.*'), got {some}. Is this a file of another "
            "model?"
        )
    return weights[name]


def read_factor(weights, pca, model):
    """Read scaler and PCA of the published files."""
    arrays = [
        find_array(weights, name, model)
        for name in (
            "scaler_param.mean_",
            "scaler_param.scale_",
            f"{pca}.mean_",
            f"{pca}.components_",
        )
    ]
    n_features = len(arrays[0])
    if arrays[1].shape != arrays[2].shape or arrays[3].shape[1:] != (n_features,):
        raise ValueError(
            f"the scaler has {n_features} features and the components shape "
            f"{arrays[3].shape}; expected (n_components, {n_features})."
        )
    return Factor(*arrays)


def read_rows(array, rows):
    """Read some rows of an array, from the disk if it is mapped, as float32."""
    if rows is None:
        return np.asarray(array, np.float32)
    found = np.asarray(array[np.asarray(rows)], np.float32)
    forget_pages(array)  # rows that lie apart bring most of the file into memory
    return found
