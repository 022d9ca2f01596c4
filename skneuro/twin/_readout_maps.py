"""Where neurons look and what they weigh: the readout in terms of the screen."""

import numpy as np

_FULL_SIZE = (144, 256)


def readout_locations(twin, *, frame_size=None):
    """Locate the points of the screen that neurons read out [1]_.

    Each neuron reads the core at one point. A ray from there through the eye, which
    looks straight ahead, meets the monitor at the point that is returned.

    Parameters
    ----------
    twin : DigitalTwinRegressor
        Fitted.
    frame_size : tuple of int or None, default=None
        Height and width of the video, in pixels; None is that of the twin, or
        144 x 256 where it takes any.

    Returns
    -------
    ndarray of shape (n_neurons, 2)
        Horizontal place from -1, the left edge, to 1, and vertical from -1, the top,
        to 1. NaN off the screen.

    See Also
    --------
    receptive_fields : The same from responses.

    References
    ----------
    .. [1] Z. Ding et al. (2025), Nature 640, 459-469.
       :doi:`10.1038/s41586-025-08840-3`

    Examples
    --------
    >>> from skneuro.datasets import make_twin_data
    >>> from skneuro.twin import readout_locations
    >>> recording = make_twin_data(
    ...     n_neurons=3, n_trials=1, n_test_videos=1, duration=0.2, random_state=0
    ... )
    >>> readout_locations(recording.twin).shape
    (3, 2)
    """
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(twin)
    size = frame_size or twin.frame_size_ or _FULL_SIZE
    return network_locations(twin.net_.module_, size)


def network_locations(network, frame_size):
    """Locate what the neurons of a network read; see `readout_locations`."""
    import torch
    from torch.nn import functional as F

    from skneuro.twin._perspective import rotation, sample

    height, width = frame_size
    eye, readout = network.perspective, network.readout
    with torch.inference_mode():
        center, angle = eye.monitor.center[None], eye.monitor.angle[None]
        angles = eye.bind_eye(1)(center.new_zeros(1, 2))
        x, y = eye.trace(angles, center, rotation(angle))
        rows, columns = torch.meshgrid(
            torch.arange(height, device=x.device, dtype=x.dtype),
            torch.arange(width, device=x.device, dtype=x.dtype),
            indexing="ij",
        )
        indices = torch.stack([columns, rows])[None]  # what a pixel is, not its grey
        seen = sample(indices, x, y, eye.size, mode="constant", constant=-1.0)
        seen = torch.where(seen < 0, torch.nan, seen)
        points = readout.bounded(readout.position.mu)[None, :, None]
        at = F.grid_sample(seen, points, padding_mode="border", align_corners=False)
        at = at[0, :, :, 0].T.cpu().numpy()  # (n_neurons, 2)
    return 2 * at / np.array([width - 1, height - 1]) - 1


def readout_weights(twin):
    """Return the weights by which neurons read the core.

    Parameters
    ----------
    twin : DigitalTwinRegressor
        Fitted.

    Returns
    -------
    ndarray of shape (n_neurons, n_streams * n_channels)
        Weights as they are used, stream after stream.

    Examples
    --------
    >>> from skneuro.datasets import make_twin_data
    >>> from skneuro.twin import readout_weights
    >>> recording = make_twin_data(
    ...     n_neurons=3, n_trials=1, n_test_videos=1, duration=0.2, random_state=0
    ... )
    >>> readout_weights(recording.twin).shape  # two streams of 16 channels
    (3, 32)
    """
    import torch
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(twin)
    with torch.inference_mode():
        weights = twin.net_.module_.readout.feature.features()
        return weights.permute(1, 0, 2).flatten(1).cpu().numpy()
