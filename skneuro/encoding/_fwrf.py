"""Receptive fields of fwRF models: read from weights, or planted in them."""

from itertools import pairwise

import numpy as np
from sklearn.utils import check_random_state


def pixel_centres(n):
    """Positions of n pixels along one axis, in image widths, 0 in the middle."""
    return (np.arange(n) + 0.5) / n - 0.5


def normalise_fields(logits):
    """Softmax over the pixels of each pooling field.

    Parameters
    ----------
    logits : array-like of shape (n_voxels, height, width)
        Free-form logits.

    Returns
    -------
    ndarray of shape (n_voxels, height, width)
        Positive, sum 1 per voxel, float64.
    """
    logits = np.asarray(logits, np.float64)
    fields = np.exp(logits - logits.max(axis=(1, 2), keepdims=True))
    return fields / fields.sum(axis=(1, 2), keepdims=True)


def field_moments(fields):
    """Mean and second moment of each field about the image centre.

    Parameters
    ----------
    fields : ndarray of shape (n_voxels, height, width)
        Sum 1 per voxel.

    Returns
    -------
    mean : ndarray of shape (n_voxels, 2)
        Horizontal (to the right) and vertical (up) position, in image widths.
    square : ndarray of shape (n_voxels, 2)
        Mean squares along both axes, in squared image widths.
    """
    x = pixel_centres(fields.shape[2])
    y = -pixel_centres(fields.shape[1])  # rows run down
    along_x, along_y = fields.sum(axis=1), fields.sum(axis=2)
    mean = np.column_stack([along_x @ x, along_y @ y])
    square = np.column_stack([along_x @ x**2, along_y @ y**2])
    return mean, square


def level_contributions(weights, maps):
    """Share of each resolution in the absolute weights of a voxel.

    Parameters
    ----------
    weights : ndarray of shape (n_voxels, n_maps)
        Weights of all maps.
    maps : list of int
        Number of maps per resolution.

    Returns
    -------
    ndarray of shape (n_voxels, n_levels)
        Rows have sum 1; equal shares for a voxel without weights.
    """
    edges = np.cumsum([0, *maps])
    sums = np.column_stack(
        [
            np.abs(weights[:, a:b]).sum(axis=1, dtype=np.float64)
            for a, b in pairwise(edges)
        ]
    )
    total = sums.sum(axis=1, keepdims=True)
    equal = np.full_like(sums, 1 / len(maps))
    return np.divide(sums, total, out=equal, where=total > 0)


def map_sizes(image_size):
    """Sizes of the three resolutions of a GNet; 27, 25 and 13 pixels for 227."""
    first = ((image_size + 4 - 11) // 4 + 1 - 3) // 2 + 1
    return first, first - 2, (first - 3) // 2 + 1


def make_gnet_weights(
    n_voxels=10,
    *,
    centers=None,
    sizes=None,
    channels=(64, 192, 128, 64),
    image_size=227,
    random_state=None,
):
    """Draw the weights of a GNet whose voxels have Gaussian receptive fields.

    The network is random and untrained; its voxels look at the places that are asked
    for. It serves examples, tests and null models: responses that any network of this
    form gives before it has learned.

    Parameters
    ----------
    n_voxels : int, default=10
        Number of voxels.
    centers : array-like of shape (n_voxels, 2), default=None
        Horizontal and vertical position of the receptive fields, in image widths: 0 is
        the middle, positive right and up. None draws them uniformly from the inner
        80 %.
    sizes : float or array-like of shape (n_voxels,), default=None
        Standard deviation of the fields, in image widths. None draws them between 0.03
        and 0.15, uniformly in their logarithm.
    channels : tuple of int, default=(64, 192, 128, 64)
        Channels of the two prefilter layers, of the trunk, and those read out of it.
    image_size : int, default=227
        Size of the images that the network takes, in pixels.
    random_state : int, RandomState instance or None, default=None
        Seed.

    Returns
    -------
    EncoderWeights
        Weights for `GNetEncoder`, named as in the published files, float32.

    Raises
    ------
    ValueError
        If centers or sizes are not one per voxel, or the image is too small.

    See Also
    --------
    GNetEncoder : Predicts with them.

    Examples
    --------
    >>> from skneuro.encoding import GNetEncoder, make_gnet_weights
    >>> weights = make_gnet_weights(2, centers=[[0.2, 0.1], [-0.2, 0]], sizes=0.05)
    >>> GNetEncoder(weights).rf_center_.round(2)
    array([[ 0.2,  0.1],
           [-0.2, -0. ]])
    """
    from skneuro.encoding._weights import EncoderWeights

    if map_sizes(image_size)[2] < 1:
        raise ValueError(
            f"image_size is {image_size}; expected 35 or more, or no pixel is left."
        )
    rng = check_random_state(random_state)
    if centers is None:
        centers = rng.uniform(-0.4, 0.4, (n_voxels, 2))
    if sizes is None:
        sizes = np.exp(rng.uniform(np.log(0.03), np.log(0.15), n_voxels))
    centers = np.asarray(centers, np.float64)
    sizes = np.broadcast_to(np.asarray(sizes, np.float64), np.shape(sizes) or n_voxels)
    if centers.shape != (n_voxels, 2) or sizes.shape != (n_voxels,):
        raise ValueError(
            f"centers has shape {centers.shape} and sizes {sizes.shape}; expected "
            f"({n_voxels}, 2) and ({n_voxels},): one of each per voxel."
        )
    if not (sizes > 0).all():
        raise ValueError(f"the smallest of sizes is {sizes.min():g}; expected above 0.")
    arrays = {"enc.mu": np.full((1, 3, 1, 1), 0.45)}
    arrays |= _draw_network(rng, channels)
    n_first, n_second, n_wide, n_narrow = channels
    for level, n in enumerate(map_sizes(image_size)):
        x = pixel_centres(n) - centers[:, :1]
        y = -pixel_centres(n) - centers[:, 1:]
        distance = y[:, :, None] ** 2 + x[:, None, :] ** 2
        arrays[f"fwrf.rf{level}"] = -distance / (2 * sizes[:, None, None] ** 2)
    n_maps = n_first + n_second + n_wide + 6 * n_narrow
    arrays["fwrf.w"] = rng.normal(0, n_maps**-0.5, (n_voxels, n_maps))
    arrays["fwrf.b"] = np.zeros(n_voxels)
    return EncoderWeights(
        {
            name: array if array.dtype == np.int64 else array.astype(np.float32)
            for name, array in arrays.items()
        }
    )


def _draw_network(rng, channels):
    """Draw convolutions that keep the size of activities; batch norms do nothing."""
    n_first, n_second, n_wide, n_narrow = channels
    arrays = {}

    def draw(name, n_out, n_in, size):
        scale = np.sqrt(2 / (n_in * size**2))
        arrays[f"enc.{name}.weight"] = rng.normal(0, scale, (n_out, n_in, size, size))
        arrays[f"enc.{name}.bias"] = np.zeros(n_out)

    def add_norm(name, n):
        arrays[f"enc.{name}.weight"], arrays[f"enc.{name}.bias"] = (
            np.ones(n),
            np.zeros(n),
        )
        arrays[f"enc.{name}.running_mean"] = np.zeros(n)
        arrays[f"enc.{name}.running_var"] = np.ones(n)
        arrays[f"enc.{name}.num_batches_tracked"] = np.array(0)

    draw("pre.conv1.0", n_first, 3, 11)
    draw("pre.conv2.0", n_second, n_first, 5)
    draw("enc.conv3", n_wide, n_second, 3)
    add_norm("enc.bn1", n_second)
    for block in ("4a", "5a", "6a", "4b", "5b", "6b"):
        draw(f"enc.conv{block}.conv1", n_narrow if block == "6b" else n_wide, n_wide, 3)
        add_norm(f"enc.conv{block}.bn1", n_wide)
    return arrays
