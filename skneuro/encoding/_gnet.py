"""GNet with free-form pooling fields: the pretrained form, built from weights."""

from numbers import Integral

import numpy as np

from skneuro.encoding._base import IMAGE_CONSTRAINTS, BaseImageEncoder, read_images
from skneuro.encoding._fwrf import (
    field_moments,
    level_contributions,
    normalise_fields,
)
from skneuro.encoding._preprocessing import prepare
from skneuro.encoding._stream import run_batches
from skneuro.encoding._weights import as_weights
from skneuro.utils._param_validation import Interval


class GNetEncoder(BaseImageEncoder):
    """Predict voxel responses with a GNet and free-form pooling fields [1]_.

    An image passes through a convolutional network. Each voxel v pools all feature maps
    F of one resolution with its own field g (positive, sum 1), and weights them::

        phi[v, c] = sum_p g[v, p] * f(F[c, p])
        response[v] = sum_c w[v, c] * f(phi[v, c]) + b[v]
        f(t) = log(1 + |t|) * tanh(t)

    The encoder is pretrained: its weights are a parameter, it predicts without `fit`,
    and `sklearn.base.clone`, pipelines and searches keep them without copying.

    Parameters
    ----------
    weights : EncoderWeights, mapping, path-like, or list of these, default=None
        Arrays ``"enc.*"`` of the network and ``"fwrf.rf0"``, ``"fwrf.rf1"``,
        ``"fwrf.rf2"``, ``"fwrf.w"``, ``"fwrf.b"`` of the readout, named as in the
        state dicts of the published files; a path is a safetensors file. The voxels
        of several networks stand side by side in the order of the list.
    image_size : int, default=227
        Height and width that images are resized to, in pixels.
    square : {"crop", "pad", "stretch", "raise"}, default="crop"
        What to do with images that are not square: cut out the centre, add black,
        distort, or refuse. ``"pad"`` also fills up rows of 2-D X.
    value_range : {"auto", "unit", "byte"}, default="auto"
        What floats mean: 0 to 1, 0 to 255, or 0 to 1 for each image whose largest
        value is at most 1.
    batch_size : int or "auto", default="auto"
        Images per pass through the network; ``"auto"`` is 16, on a GPU 128.
    device : str or torch.device, default="auto"
        Where to compute; ``"auto"`` takes a GPU if there is one.

    Attributes
    ----------
    module_ : torch.nn.Module
        Differentiable network: images (n_images, 3, image_size, image_size) in [0, 1]
        to responses (n_images, n_voxels).
    receptive_fields_ : list of ndarray of shape (n_voxels, height, width)
        Pooling fields of each resolution, of sum 1.
    rf_center_ : ndarray of shape (n_voxels, 2)
        Centres of the fields over all resolutions, to the right and up, in image
        widths from the middle.
    rf_size_ : ndarray of shape (n_voxels,)
        Standard deviation of the fields, in image widths.
    tuning_ : ndarray of shape (n_voxels, n_maps)
        Weights of all feature maps.
    layer_contribution_ : ndarray of shape (n_voxels, n_levels)
        Share of each resolution in the absolute weights.
    n_features_in_ : int
        Number of columns of X, where `fit` saw a 2-D X.

    Raises
    ------
    ValueError
        If the weights are not those of such a network, or X holds no images.

    See Also
    --------
    EncoderWeights : Weights that are cheap to clone.

    Notes
    -----
    Images are resized by bilinear interpolation with antialiasing and rounded to whole
    grey levels, so any type of input gives the same responses. A 2-D X holds one
    flattened square image per row, grey or colour with the channels first.

    References
    ----------
    .. [1] G. St-Yves, E. J. Allen, Y. Wu, K. Kay, T. Naselaris (2023), Nature
       Communications 14, 3329. :doi:`10.1038/s41467-023-38674-4`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.encoding import GNetEncoder, make_gnet_weights
    >>> weights = make_gnet_weights(n_voxels=5, random_state=0)
    >>> encoder = GNetEncoder(weights)
    >>> images = np.zeros((2, 3, 100, 100), np.uint8)
    >>> encoder.predict(images).shape
    (2, 5)
    """

    _parameter_constraints: dict = IMAGE_CONSTRAINTS | {
        "weights": "no_validation",
        "image_size": [Interval(Integral, 16, None, closed="left")],
    }

    def __init__(
        self,
        weights=None,
        *,
        image_size=227,
        square="crop",
        value_range="auto",
        batch_size="auto",
        device="auto",
    ):
        self.weights = weights
        self.image_size = image_size
        self.square = square
        self.value_range = value_range
        self.batch_size = batch_size
        self.device = device

    @classmethod
    def from_weights(cls, *weights, **parameters):
        """Build an encoder of one or more networks and check their weights.

        Parameters
        ----------
        *weights : EncoderWeights, mapping or path-like
            Weights of one network each; voxels stand side by side in this order.
        **parameters : dict
            Parameters of the constructor.

        Returns
        -------
        GNetEncoder
            Encoder that is ready to predict.
        """
        checked = as_weights(weights)
        encoder = cls(checked[0] if len(checked) == 1 else checked, **parameters)
        encoder.module_  # noqa: B018  complains about weights of another model
        return encoder

    def predict(self, X, *, out=None, progress=False):
        """Predict the responses of all voxels.

        Parameters
        ----------
        X : array-like, list, path-like or iterator
            Images: (n_images, 3, height, width), channel-last or grey arrays, rows of
            flattened square images, PIL images, paths, a folder, an ``.npy`` file, or
            an iterator.
        out : path-like or array, default=None
            Where to put the responses. A path ending in ``.npy`` or ``.zarr`` is
            written batch by batch, in constant memory; a run that broke off is
            resumed. None returns an array.
        progress : bool, default=False
            Whether to show a progress bar.

        Returns
        -------
        ndarray of shape (n_images, n_voxels)
            Responses, float32; of the published models in z-scored betas. What was
            written to a file is opened as a memory map, or as a zarr array.
        """
        self._validate_params()
        return run_batches(
            read_images(self, X),
            self._respond,
            batch_size=self._batch_size(),
            shape=(self._n_features_out,),
            out=out,
            key=self._key() if out is not None else "",
            progress=progress,
        )

    def transform(self, X):
        """Predict responses inside a pipeline; the same as `predict`.

        Parameters
        ----------
        X : array-like, list, path-like or iterator
            Images.

        Returns
        -------
        ndarray of shape (n_images, n_voxels)
            Responses, float32.
        """
        return self.predict(X)

    @property
    def receptive_fields_(self):
        """Pooling fields, sum 1: per resolution (n_voxels, height, width)."""
        networks = [_fields(weights) for weights in as_weights(self.weights)]
        return [np.concatenate(level) for level in zip(*networks, strict=True)]

    @property
    def tuning_(self):
        """Weights of all feature maps, (n_voxels, n_maps)."""
        return np.concatenate([_find(w, "fwrf.w") for w in as_weights(self.weights)])

    @property
    def layer_contribution_(self):
        """Share of each resolution in a voxel's weights, (n_voxels, n_levels)."""
        return np.concatenate(
            [
                level_contributions(_find(w, "fwrf.w"), _maps(w))
                for w in as_weights(self.weights)
            ]
        )

    @property
    def rf_center_(self):
        """Centres of the fields, (n_voxels, 2): right and up, in image widths."""
        return self._moments()[0]

    @property
    def rf_size_(self):
        """Standard deviation of the fields, (n_voxels,), in image widths."""
        mean, square = self._moments()
        return np.sqrt(np.maximum(square - mean**2, 0).mean(axis=1))

    def _moments(self):
        """Moments of the fields, each resolution weighted by its contribution."""
        shares = self.layer_contribution_.T[..., None]  # (n_levels, n_voxels, 1)
        moments = [field_moments(fields) for fields in self.receptive_fields_]
        means, squares = (np.stack(m) for m in zip(*moments, strict=True))
        return (shares * means).sum(axis=0), (shares * squares).sum(axis=0)

    @property
    def _n_features_out(self):
        return sum(len(_find(w, "fwrf.b")) for w in as_weights(self.weights))

    def _key(self):
        """Hash what responses depend on beside the images."""
        digests = [weights.digest for weights in as_weights(self.weights)]
        return repr((digests, self.image_size, self.square, self.value_range))

    def _built_from(self):
        return (self.weights, self.image_size)

    def _prepare(self, batch):
        return prepare(batch, self.image_size, square=self.square)

    def _build(self):
        from skneuro.encoding._modules import SideBySide

        networks = [_build_network(w) for w in as_weights(self.weights)]
        return networks[0] if len(networks) == 1 else SideBySide(networks)


def _find(weights, name):
    if name not in weights:
        raise ValueError(
            f"weights have no {name!r}; expected those of a GNet with its readout "
            f"('enc.*' and 'fwrf.*'), got {_some(weights)}. Is this a file of another "
            "model?"
        )
    return weights[name]


def _some(names):
    names = list(names)
    return ", ".join(map(repr, names[:4])) + (" ..." if len(names) > 4 else "")


def _levels(weights):
    """Names of the pooling fields of one network."""
    return [f"fwrf.rf{i}" for i in range(3 if "fwrf.rf2" in weights else 2)]


def _fields(weights):
    """Normalised pooling fields of one network."""
    return [normalise_fields(_find(weights, name)) for name in _levels(weights)]


def _channels(weights):
    """Channels of the prefilter layers, of the trunk, and those read out of it."""
    return [
        len(_find(weights, f"enc.{name}.bias"))
        for name in ("pre.conv1.0", "pre.conv2.0", "enc.conv3", "enc.conv6b.conv1")
    ]


def _maps(weights):
    """Count the feature maps of each resolution that is read out."""
    n_first, n_second, n_wide, n_narrow = _channels(weights)
    maps = [n_first + n_second, n_wide + 2 * n_narrow, 4 * n_narrow]
    return maps[-len(_levels(weights)) :]


def _build_network(weights):
    """Build the module of one network and load its weights."""
    import torch

    from skneuro.encoding._modules import GNet, GNetFwRF, PoolingReadout

    def tensor(array):
        return torch.from_numpy(np.array(array))

    n_first, n_second, n_wide, n_narrow = _channels(weights)
    gnet = GNet(
        n_first=n_first,
        n_second=n_second,
        n_wide=n_wide,
        n_narrow=n_narrow,
        use_prefilter="fwrf.rf2" in weights,
    )
    state = {name: tensor(array) for name, array in weights.part("enc.").items()}
    try:
        gnet.load_state_dict(state)
    except RuntimeError as exc:
        raise ValueError(
            f"weights do not fit the GNet: {exc} Is this a file of another model, or "
            "damaged?"
        ) from exc
    maps = _maps(weights)
    fields = [tensor(_find(weights, name)).float() for name in _levels(weights)]
    w, bias = tensor(_find(weights, "fwrf.w")), tensor(_find(weights, "fwrf.b"))
    n_voxels = len(bias)
    if w.shape != (n_voxels, sum(maps)) or any(len(f) != n_voxels for f in fields):
        raise ValueError(
            f"fwrf.w has shape {tuple(w.shape)} and the fields "
            f"{[tuple(f.shape) for f in fields]}; expected ({n_voxels}, {sum(maps)}) "
            f"and {n_voxels} voxels each."
        )
    return GNetFwRF(gnet, PoolingReadout(fields, w.float(), bias.float(), maps))
