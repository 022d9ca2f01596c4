"""Images of every kind become batches of 8-bit colour images."""

import mmap
from collections.abc import Iterator, Mapping, Set
from itertools import chain
from numbers import Number
from pathlib import Path

import numpy as np

IMAGE_SUFFIXES = {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
EXPECTED = (
    "expected (n_images, 3, height, width), (n_images, height, width, 3), grey "
    "(n_images, height, width), rows of flattened square images, PIL images, paths, a "
    "folder, or a generator of these"
)


def is_table(X):
    """Tell whether X is 2-D: rows of flattened images, for scikit-learn to validate."""
    if isinstance(X, (str, Path, Iterator)) or _is_pil(X):
        return False
    if isinstance(X, (list, tuple)):
        if len(X) == 0:
            return True
        first = X[0]
        if isinstance(first, (list, tuple, Number)):
            return True
        return hasattr(first, "ndim") and first.ndim < 2
    if hasattr(X, "shape") and hasattr(X, "dtype"):
        paths = X.dtype == object and X.ndim == 1 and not isinstance(X[0], Number)
        return (
            len(X.shape) <= 2
            and not paths
            and getattr(X.dtype, "kind", "f") not in "UT"
        )
    return not hasattr(X, "__iter__") or hasattr(X, "__array__")


def _is_pil(X):
    return hasattr(X, "convert") and hasattr(X, "mode") and hasattr(X, "size")


def rows_to_images(X, square):
    """Fold rows of pixels into square images.

    Parameters
    ----------
    X : ndarray of shape (n_images, n_pixels)
        Grey images of n_pixels = size ** 2, or colour images, channels first, of
        n_pixels = 3 * size ** 2.
    square : str
        ``"pad"`` fills rows of other lengths up with black, all else refuses them.

    Returns
    -------
    ndarray of shape (n_images, 1 or 3, size, size)
        The same values.

    Raises
    ------
    ValueError
        If the rows are no square images.
    """
    n_images, n_pixels = X.shape
    for n_channels in (3, 1):
        size = round((n_pixels / n_channels) ** 0.5)
        if size > 0 and n_channels * size**2 == n_pixels:
            return X.reshape(n_images, n_channels, size, size)
    size = int(np.ceil(n_pixels**0.5))
    if square != "pad":
        raise ValueError(
            f"X has {n_pixels} columns, which is no square image; expected "
            f"{(size - 1) ** 2} or {size**2} (grey) or three times a square (colour). "
            "Pass (n_images, 3, height, width), or square='pad' to fill up with black."
        )
    padded = np.zeros((n_images, size**2), X.dtype)
    padded[:, :n_pixels] = X
    return padded.reshape(n_images, 1, size, size)


def to_bytes(images, value_range="auto"):
    """Turn pixels of any type into 8-bit ones.

    Parameters
    ----------
    images : ndarray of shape (n_images, ...)
        Integers 0 to 255, or floats.
    value_range : {"auto", "unit", "byte"}, default="auto"
        What floats mean: 0 to 1, 0 to 255, or 0 to 1 for each image whose largest
        value is at most 1.

    Returns
    -------
    ndarray of shape (n_images, ...)
        uint8.

    Raises
    ------
    ValueError
        If values are outside the range.
    TypeError
        If they are no real numbers.
    """
    if images.dtype == np.uint8:
        return images
    if images.dtype == bool:
        return images.astype(np.uint8) * np.uint8(255)
    if images.dtype.kind not in "iuf":
        raise TypeError(
            f"images have dtype {images.dtype}; expected uint8, other integers 0 to "
            "255, or floats."
        )
    if images.size == 0:
        return images.astype(np.uint8)
    low, high = images.min(), images.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("images hold NaN or infinity; expected numbers from 0 to 255.")
    is_float = images.dtype.kind == "f"
    largest = 1 if is_float and value_range == "unit" else 255
    if low < 0:
        raise ValueError(
            f"Negative values in data: the smallest pixel is {low:g}; expected 0 to "
            f"{largest}. Pass images before any normalisation."
        )
    if high > largest:
        raise ValueError(
            f"the largest pixel is {high:g}; expected 0 to {largest}. Rescale the "
            "images, for example 16-bit ones by 255 / 65535."
        )
    if not is_float:
        return images.astype(np.uint8)
    images = np.asarray(images, np.promote_types(images.dtype, np.float32))
    if value_range == "unit":
        images = images * 255
    elif value_range == "auto":
        peaks = images.max(axis=tuple(range(1, images.ndim)), keepdims=True)
        images = images * np.where(peaks <= 1, 255, 1).astype(images.dtype)
    return np.rint(images).astype(np.uint8)


def channels_first(images):
    """Bring a stack of images into (n_images, 3, height, width).

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width) or with a channel axis
        Grey, grey with a channel axis, RGB or RGBA, channels first or last.

    Returns
    -------
    ndarray of shape (n_images, 3, height, width)
        A view where that is possible; alpha is dropped.

    Raises
    ------
    ValueError
        If no axis holds 1, 3 or 4 channels.
    """
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and images.shape[1] not in (1, 3):
        if images.shape[-1] in (1, 3, 4):
            images = np.moveaxis(images, -1, 1)
        elif images.shape[1] != 4:
            raise ValueError(f"images have shape {images.shape}; {EXPECTED}.")
    if images.ndim != 4 or 0 in images.shape[1:]:
        raise ValueError(f"images have shape {images.shape}; {EXPECTED}.")
    if images.shape[1] == 1:
        return np.broadcast_to(images, (len(images), 3, *images.shape[2:]))
    return images[:, :3]


def _from_pil(image):
    """Return (3, height, width), or (height, width) of what has more than 8 bits."""
    if image.mode[0] in "IF":  # Pillow would clip it
        return np.asarray(image)
    return np.moveaxis(np.asarray(image.convert("RGB")), -1, 0)


def _read_one(item, value_range):
    """Read one item of a list or generator as (3, height, width) uint8."""
    if isinstance(item, (str, Path)):
        from PIL import Image, UnidentifiedImageError

        if not Path(item).is_file():
            raise FileNotFoundError(f"no image file {item}; {EXPECTED}.")
        try:
            with Image.open(item) as file:
                item = _from_pil(file)
        except UnidentifiedImageError as exc:
            raise ValueError(f"{item} is no image that Pillow can read.") from exc
        except (OSError, SyntaxError, Image.DecompressionBombError) as exc:
            raise ValueError(
                f"{item} cannot be read: {exc}. Leave it out, or copy it anew."
            ) from exc
    if _is_pil(item):
        item = _from_pil(item)
    array = _as_array(item)
    if array.ndim not in (2, 3):
        raise ValueError(
            f"one image of the list has shape {array.shape}; expected (height, width), "
            "(3, height, width) or (height, width, 3)."
        )
    return channels_first(to_bytes(array[None], value_range))[0]


def _as_array(X):
    if hasattr(X, "detach"):  # torch
        X = X.detach().cpu()
        X = X.float() if X.dtype.itemsize == 2 and X.dtype.is_floating_point else X
    return np.asarray(X)


class ImageSource:
    """Images from anywhere, read batch by batch.

    Parameters
    ----------
    X : array-like, list, path-like or iterator
        What a user calls images; see `EXPECTED`. Tables go through
        `rows_to_images` first.
    value_range : {"auto", "unit", "byte"}, default="auto"
        What floats mean.

    Attributes
    ----------
    n_images : int or None
        Number of images, None for iterators.
    """

    def __init__(self, X, value_range="auto"):
        self.value_range = value_range
        if isinstance(X, (str, Path)):
            X = _open_path(Path(X))
        elif _is_pil(X):
            X = [X]
        self.is_stack = hasattr(X, "shape") and len(X.shape) > 1
        if self.is_stack:
            _check_stack(X)
        elif not hasattr(X, "__iter__") or isinstance(X, (Mapping, Set)):
            raise TypeError(f"images are {type(X).__name__}; {EXPECTED}.")
        self.images = X
        self.n_images = len(X) if hasattr(X, "__len__") else None
        if self.n_images == 0:
            raise ValueError(f"there are no images; {EXPECTED}.")

    def batches(self, batch_size, start=0):
        """Yield stacks, or lists of images of different sizes, as uint8.

        Parameters
        ----------
        batch_size : int
            Most images per batch.
        start : int, default=0
            First image.

        Yields
        ------
        ndarray of shape (n, 3, height, width), or list of ndarray (3, height, width)
            A list only where sizes differ.
        """
        if self.is_stack:
            for first in range(start, self.n_images, batch_size):
                stack = _as_array(self.images[first : first + batch_size])
                yield channels_first(to_bytes(stack, self.value_range))
                forget_pages(self.images)
            return
        batch = []
        for i, item in enumerate(self.images):
            if i < start:
                continue
            batch.append(_read_one(item, self.value_range))
            if len(batch) == batch_size:
                yield _stack(batch)
                batch = []
        if batch:
            yield _stack(batch)

    def first(self):
        """Return the first image of an iterator, which yields it again later.

        Returns
        -------
        list of ndarray of shape (3, height, width)
            One uint8 image, or none if there is none.
        """
        iterator = iter(self.images)
        for first in iterator:
            if iterator is self.images:
                self.images = chain([first], iterator)
            return [_read_one(first, self.value_range)]
        return []


def forget_pages(X):
    """Give back the memory of a read-only map's pages; they can be read again."""
    advise = getattr(getattr(X, "_mmap", None), "madvise", None)
    if advise is not None and getattr(X, "mode", None) == "r":
        advise(mmap.MADV_DONTNEED)


def _stack(batch):
    same = all(image.shape == batch[0].shape for image in batch)
    return np.stack(batch) if same else batch


def _open_path(path):
    """Open a folder, an array file or one image."""
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)
        if not files:
            raise ValueError(
                f"the folder {path} holds no images; expected files that end in "
                f"{', '.join(sorted(IMAGE_SUFFIXES))}."
            )
        return files
    if path.suffix == ".npy":
        return np.load(path, mmap_mode="r")
    return [path]


def _check_stack(X):
    shape = tuple(X.shape)
    if len(shape) == 3 and shape[-1] in (3, 4):
        raise ValueError(
            f"images have shape {shape}, which looks like one colour image; pass it as "
            "images[None]."
        )
    if len(shape) not in (3, 4):
        raise ValueError(f"images have shape {shape}; {EXPECTED}.")
