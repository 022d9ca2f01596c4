"""Receptive fields: what dots at many places do to the activity of neurons."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import Bunch

from skneuro.utils._param_validation import HasMethods, Interval, validate_params

_FULL_SIZE = (144, 256)
_COARSE = 4  # pixels of the video per pixel of a map
_AT_ONCE = 32  # trials that are held in memory
_POSITIVE = Interval(Integral, 1, None, closed="left")


@validate_params(
    {
        "twin": [HasMethods(["predict"])],
        "grid": [tuple, list],
        "size": [Interval(Real, 0, None, closed="neither")],
        "contrast": [Interval(Real, 0, 1, closed="right")],
        "n_before": [_POSITIVE],
        "n_frames": [_POSITIVE],
        "behavior": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def receptive_fields(
    twin,
    *,
    grid=(9, 16),
    size=0.05,
    contrast=1.0,
    n_before=10,
    n_frames=6,
    behavior=None,
):
    r"""Map receptive fields with white and black dots on grey [1]_.

    A Gaussian dot appears at each place of a grid. The map of a neuron is the mean of
    the dots, weighted by the activity that they evoke above that to grey; dots that
    lower activity weigh nothing. Its centre of mass is the receptive field's, and the
    spatial selectivity is :math:`-\log \det` of its covariance, the longer side of the
    screen being one.

    Parameters
    ----------
    twin : DigitalTwinRegressor
        Fitted.
    grid : tuple of int, default=(9, 16)
        Rows and columns of places.
    size : float, default=0.05
        Standard deviation of a dot, in units of the width of the screen.
    contrast : float, default=1.0
        Departure from mid-grey, from 0 to 1.
    n_before : int, default=10
        Frames of grey before a dot.
    n_frames : int, default=6
        Frames with the dot, over which activity is averaged.
    behavior : array-like of shape (2,), default=None
        Pupil radius and running speed during all of it, standardised. None is 0.

    Returns
    -------
    fields : Bunch
        With the fields

        - ``on``, ``off`` : ndarray of shape (n_neurons, height // 4, width // 4), maps
          of white and of black dots, whose sum is one, or zero where no dot excites
        - ``both`` : ndarray of the same shape, the map of both together
        - ``table`` : DataFrame with one row per neuron: x and y of the centre (-1 to 1
          from left to right and from top to bottom), selectivity; from ``both``, NaN
          where no dot excites

    See Also
    --------
    readout_locations : Where the network's readout looks.

    References
    ----------
    .. [1] Z. Ding et al. (2025), Nature 640, 459-469.
       :doi:`10.1038/s41586-025-08840-3`

    Examples
    --------
    >>> from skneuro.datasets import make_twin_data
    >>> from skneuro.twin import receptive_fields
    >>> recording = make_twin_data(
    ...     n_neurons=3, n_trials=1, n_test_videos=1, duration=0.2, random_state=0
    ... )
    >>> fields = receptive_fields(recording.twin, grid=(3, 4), n_before=2, n_frames=2)
    >>> fields.on.shape
    (3, 9, 16)
    """
    frame_size = getattr(twin, "frame_size_", None) or _FULL_SIZE
    dots = _dots(frame_size, grid, size)
    evoked = np.stack(
        [
            _evoked(twin, sign * contrast * dots, n_before, n_frames, behavior)
            for sign in (1, -1)
        ]
    )  # (sign, n_dots, n_neurons)
    masks = _coarse(dots)
    on, off, both = (
        _weighted(weights, masks) for weights in (*evoked, evoked.sum(axis=0))
    )
    return Bunch(on=on, off=off, both=both, table=_summary(both, frame_size))


def _dots(frame_size, grid, size):
    """Gaussian dots on a grid, (n_dots, height, width), from 0 to 1."""
    height, width = frame_size
    y, x = np.mgrid[:height, :width] + 0.5
    rows = (np.arange(grid[0]) + 0.5) * height / grid[0]
    columns = (np.arange(grid[1]) + 0.5) * width / grid[1]
    centers = np.stack(np.meshgrid(rows, columns, indexing="ij"), -1).reshape(-1, 2)
    dy, dx = y - centers[:, 0, None, None], x - centers[:, 1, None, None]
    return np.exp(-(dx**2 + dy**2) / (2 * (size * width) ** 2)).astype(np.float32)


def _evoked(twin, patterns, n_before, n_frames, behavior):
    """Activity above that to grey, not below 0; (n_patterns, n_neurons)."""
    length = n_before + n_frames
    traces = {}

    def respond(images):
        if behavior is not None:
            trace = np.asarray(behavior, np.float32)[None, :, None]
            traces["behavior"] = np.broadcast_to(trace, (len(images), 2, length))
        videos = np.full((len(images), length, *images.shape[1:]), 128, np.uint8)
        videos[:, n_before:] = np.rint(127.5 * (1 + images))[:, None]
        return twin.predict(videos, **traces)[..., n_before:].mean(axis=-1)

    grey = respond(np.zeros_like(patterns[:1]))
    chunks = range(0, len(patterns), _AT_ONCE)
    rates = np.concatenate([respond(patterns[k : k + _AT_ONCE]) for k in chunks])
    return np.maximum(rates - grey, 0)


def _coarse(images):
    """Average squares of pixels; what does not fill a square is left out."""
    n, height, width = images.shape
    height, width = max(height // _COARSE, 1), max(width // _COARSE, 1)
    images = images[:, : height * _COARSE, : width * _COARSE]
    return images.reshape(n, height, -1, width, images.shape[2] // width).mean((2, 4))


def _weighted(weights, masks):
    """Mean of masks (n, h, w) by weights (n, n_neurons), of sum one; zero if none."""
    maps = np.tensordot(weights.T, masks, 1)
    total = maps.sum(axis=(1, 2), keepdims=True)
    return np.divide(maps, total, out=np.zeros_like(maps), where=total > 0)


def _summary(maps, frame_size):
    import pandas as pd

    height, width = frame_size
    y, x = ((np.arange(n) + 0.5) * 2 / n - 1 for n in maps.shape[1:])
    rows = []
    for image in maps.astype(np.float64):
        if not image.any():
            rows.append((np.nan,) * 3)
            continue
        across, along = image.sum(axis=0), image.sum(axis=1)
        center = np.array([across @ x, along @ y])
        dx = (x - center[0]) * width / max(height, width) / 2
        dy = (y - center[1]) * height / max(height, width) / 2
        shared = dy @ image @ dx
        det = (across @ dx**2) * (along @ dy**2) - shared**2
        rows.append((*center, -np.log(det) if det > 0 else np.nan))
    return pd.DataFrame(rows, columns=["x", "y", "selectivity"])
