"""Weights that travel as a parameter: inert, read-only, cheap to clone."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from skneuro.io import open_weights, read_safetensors


class EncoderWeights(Mapping):
    """Hold the arrays of a pretrained encoder; copies of it share their memory.

    A pretrained encoder is built from its weights, which are therefore a parameter of
    its constructor: `sklearn.base.clone`, pipelines and searches keep them. This
    mapping makes that cheap. Its arrays are read-only, so ``copy.deepcopy``, which
    `clone` calls, returns the same object, whatever its size.

    Parameters
    ----------
    arrays : mapping of str to array-like, or path-like
        Arrays by name; memory maps stay memory maps. A path is a safetensors file,
        which is opened as a memory map, so that only what is used is read; a ``.npy``,
        ``.pt`` or ``.pth`` file goes through `skneuro.io.open_weights`.

    Attributes
    ----------
    digest : str
        SHA-256 of names, types, shapes and values; computed when first asked for.

    Raises
    ------
    TypeError
        If a name is no string or a value no array of numbers.
    FileNotFoundError
        If ``arrays`` is a path and there is no such file.
    UnreadableFileError
        If the file is damaged or, as `UnsafeFileError`, could run code.

    Examples
    --------
    >>> import copy
    >>> import numpy as np
    >>> from skneuro.encoding import EncoderWeights
    >>> weights = EncoderWeights({"w": np.ones((2, 3))})
    >>> weights
    EncoderWeights(1 array, 48 B)
    >>> copy.deepcopy(weights) is weights
    True
    """

    def __init__(self, arrays):
        if isinstance(arrays, (str, Path)):
            arrays = _open(Path(arrays))
        self._arrays = {}
        for name, value in dict(arrays).items():
            array = np.asanyarray(value)
            if not isinstance(name, str) or array.dtype.kind not in "biuf":
                raise TypeError(
                    f"weight {name!r} has type {type(value).__name__} and dtype "
                    f"{array.dtype}; expected a name and an array of numbers. Leave "
                    "out what is no weight."
                )
            array = array.view()
            array.flags.writeable = False
            self._arrays[name] = array
        self._digest = None

    def __getitem__(self, name):
        """Return an array by its name."""
        return self._arrays[name]

    def __iter__(self):
        return iter(self._arrays)

    def __len__(self):
        return len(self._arrays)

    def __repr__(self):
        size, unit = sum(array.nbytes for array in self._arrays.values()), "B"
        for larger in ("kB", "MB", "GB"):
            if size < 1000:
                break
            size, unit = size / 1000, larger
        number = f"{len(self)} array{'' if len(self) == 1 else 's'}"
        return f"EncoderWeights({number}, {size:.3g} {unit})"

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self  # read-only: sharing is copying

    def __reduce__(self):
        arrays = {name: np.asarray(array) for name, array in self._arrays.items()}
        return EncoderWeights, (arrays,)

    __hash__ = object.__hash__

    def __eq__(self, other):
        """Tell whether this is the same object, or holds the same arrays."""
        if self is other:
            return True
        if not isinstance(other, EncoderWeights) or set(self) != set(other):
            return False
        return all(np.array_equal(self[name], other[name]) for name in self)

    @property
    def digest(self):
        """SHA-256 of names, types, shapes and values."""
        if self._digest is None:
            digest = hashlib.sha256()
            for name in sorted(self._arrays):
                array = self._arrays[name]
                digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
                flat = array.reshape(-1)
                for start in range(0, flat.size, 1 << 22):  # 16 MB of float32
                    digest.update(np.ascontiguousarray(flat[start : start + (1 << 22)]))
            self._digest = digest.hexdigest()
        return self._digest

    def part(self, prefix):
        """Select the arrays whose names start with a prefix, and drop it.

        Parameters
        ----------
        prefix : str
            For example ``"enc."``.

        Returns
        -------
        dict of str to ndarray
            Read-only views, in the order of the weights.
        """
        return {
            name.removeprefix(prefix): array
            for name, array in self._arrays.items()
            if name.startswith(prefix)
        }


def _open(path):
    """Map a file: weights that are pickled go through the safe reader."""
    pickled = path.suffix in (".npy", ".pt", ".pth")
    return open_weights(path) if pickled else read_safetensors(path)


def as_weights(weights):
    """Return weights as a list of `EncoderWeights`, one per network.

    Parameters
    ----------
    weights : EncoderWeights, mapping, path-like, or list of these
        What a user may pass.

    Returns
    -------
    list of EncoderWeights
        One or more.

    Raises
    ------
    ValueError
        If there are none.
    """
    if not isinstance(weights, (list, tuple)):
        weights = [weights]
    if len(weights) == 0 or any(each is None for each in weights):
        raise ValueError(
            "weights is empty; expected the weights of one or more networks. Pass "
            "those of a fetcher such as skneuro.datasets.fetch_nsd_fwrf."
        )
    return [
        each if isinstance(each, EncoderWeights) else EncoderWeights(each)
        for each in weights
    ]
