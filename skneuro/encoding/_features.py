"""Activities of a frozen vision network, kept on disk once computed."""

import hashlib
import os
import uuid
from numbers import Integral
from pathlib import Path

import numpy as np

from skneuro.encoding._base import IMAGE_CONSTRAINTS, BaseImageEncoder, read_images
from skneuro.encoding._preprocessing import prepare
from skneuro.encoding._stream import run_batches
from skneuro.encoding._weights import as_weights
from skneuro.utils._param_validation import HasMethods, Interval, StrOptions

VIT_LAYERS = tuple(f"encoder.layers.encoder_layer_{i}" for i in range(12))


class VisionFeatures(BaseImageEncoder):
    """Turn images into the activities of layers of a frozen vision network.

    The layers' outputs are flattened and stand side by side. The default is what the
    published linear models use: all twelve blocks of a ViT-B/32 [1]_, 50 tokens of 768
    numbers each, together 460,800 features.

    Parameters
    ----------
    backbone : "vit_b_32" or torch.nn.Module, default="vit_b_32"
        The network. A module is never changed: it is copied before use, and cloned with
        its weights.
    layers : sequence of str, default=None
        Names of submodules, as in ``backbone.named_modules()``. None is all twelve
        blocks of the ViT, and the output of any other module.
    weights : EncoderWeights, mapping or path-like, default=None
        State dict of ``"vit_b_32"``, named as torchvision names it; a path is a
        safetensors file. A module brings its own.
    preprocessing : {"train", "berg"}, default="train"
        ``"train"``: cut out the central square and resize it to ``image_size``, so that
        all of it is seen, as when the published models were trained. ``"berg"``: resize
        to 256 / 224 of ``image_size`` first and cut out the centre, as BERG predicts.
    image_size : int, default=224
        Height and width of the images that the network takes, in pixels.
    mean : tuple of float, default=(0.485, 0.456, 0.406)
        Mean of red, green and blue in ImageNet, that pixels in [0, 1] are centred by.
    std : tuple of float, default=(0.229, 0.224, 0.225)
        Standard deviations in ImageNet, that pixels are divided by.
    cache : path-like, default=None
        Folder that keeps features, one file per layer and image, under the hashes of
        network and preprocessing and of the image. None keeps nothing.
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
        to features.
    n_features_in_ : int
        Number of columns of X, where `fit` saw a 2-D X.

    Raises
    ------
    ValueError
        If there is no such layer, the weights do not fit, or X holds no images.

    See Also
    --------
    LinearEncoder : Predicts responses from features.

    Notes
    -----
    A 2-D X holds one flattened square image per row, grey or colour with the channels
    first.

    References
    ----------
    .. [1] A. Dosovitskiy et al. (2021), ICLR. :doi:`10.48550/arXiv.2010.11929`

    Examples
    --------
    >>> import numpy as np
    >>> from torch import nn
    >>> from skneuro.encoding import VisionFeatures
    >>> network = nn.Sequential(nn.Conv2d(3, 4, 8, stride=8), nn.ReLU())
    >>> features = VisionFeatures(network, layers=["0", "1"], image_size=32)
    >>> features.transform(np.zeros((2, 3, 50, 50), np.uint8)).shape
    (2, 128)
    """

    _parameter_constraints: dict = IMAGE_CONSTRAINTS | {
        "backbone": [StrOptions({"vit_b_32"}), HasMethods("named_modules")],
        "layers": ["array-like", None],
        "weights": "no_validation",
        "preprocessing": [StrOptions({"train", "berg"})],
        "image_size": [Interval(Integral, 1, None, closed="left")],
        "mean": [tuple, list],
        "std": [tuple, list],
        "cache": [str, os.PathLike, None],
    }

    def __init__(
        self,
        backbone="vit_b_32",
        *,
        layers=None,
        weights=None,
        preprocessing="train",
        image_size=224,
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
        cache=None,
        square="crop",
        value_range="auto",
        batch_size="auto",
        device="auto",
    ):
        self.backbone = backbone
        self.layers = layers
        self.weights = weights
        self.preprocessing = preprocessing
        self.image_size = image_size
        self.mean = mean
        self.std = std
        self.cache = cache
        self.square = square
        self.value_range = value_range
        self.batch_size = batch_size
        self.device = device

    def transform(self, X, *, out=None, progress=False):
        """Compute features of images.

        Parameters
        ----------
        X : array-like, list, path-like or iterator
            Images, see `skneuro.encoding.GNetEncoder.predict`.
        out : path-like or array, default=None
            Where to put the features; a path ending in ``.npy`` or ``.zarr`` is
            written batch by batch and resumed.
        progress : bool, default=False
            Whether to show a progress bar.

        Returns
        -------
        ndarray of shape (n_images, n_features)
            Activities, float32.
        """
        self._validate_params()
        source = read_images(self, X)
        return run_batches(
            source,
            self._respond,
            batch_size=self._batch_size(),
            shape=(self._n_features_out,),
            out=out,
            key=self._key() if out is not None else "",
            progress=progress,
        )

    def _built_from(self):
        layers = None if self.layers is None else tuple(self.layers)
        return self.backbone, self.weights, layers, tuple(self.mean), tuple(self.std)

    @property
    def _layers(self):
        if self.layers is not None:
            return [str(name) for name in self.layers]
        return list(VIT_LAYERS) if isinstance(self.backbone, str) else [""]

    def _build(self):
        import copy

        from skneuro.encoding._vit import LayerTap, load_vit

        if isinstance(self.backbone, str):
            if self.weights is None:
                raise ValueError(
                    "backbone='vit_b_32' needs weights; expected the state dict of "
                    "torchvision's vit_b_32. Pass weights=, or use the encoder of a "
                    "fetcher such as skneuro.datasets.fetch_nsd_fsaverage_vit, which "
                    "brings them."
                )
            (weights,) = as_weights(self.weights)
            network = load_vit({name: np.array(a) for name, a in weights.items()})
        else:
            network = copy.deepcopy(self.backbone)
        known = dict(network.named_modules())
        unknown = [name for name in self._layers if name not in known]
        if unknown:
            raise ValueError(
                f"layers name {unknown[0]!r}, which the backbone does not have; "
                f"expected some of {', '.join(list(known)[1:30])}."
            )
        return LayerTap(network, self._layers, tuple(self.mean), tuple(self.std))

    def _prepare(self, batch):
        resize = None
        if self.preprocessing == "berg":
            resize = round(self.image_size * 256 / 224)
        return prepare(batch, self.image_size, square=self.square, resize=resize)

    @property
    def _n_features_out(self):
        return sum(self._layer_sizes())

    def _layer_sizes(self):
        """Count the features of each layer, with one black image."""
        return self.module_.count_features(self.image_size)

    def _key(self):
        """Hash the network, its weights and the preprocessing."""
        settings = (
            self.module_.digest(),
            self.preprocessing,
            self.image_size,
            tuple(self.mean),
            tuple(self.std),
            self.square,
        )
        return hashlib.sha256(repr(settings).encode()).hexdigest()

    def _respond(self, batch):
        if self.cache is None:
            return super()._respond(batch)
        folder = Path(self.cache) / self._key()[:32]
        paths = []  # of each image, one path per layer
        for image in batch:
            digest = hashlib.sha256(f"{image.shape};".encode())
            digest.update(np.ascontiguousarray(image))
            name = f"{digest.hexdigest()[:32]}.npy"
            paths.append(
                [folder / (layer or "output") / name for layer in self._layers]
            )
        sizes = self._layer_sizes()
        rows = [_read_rows(row, sizes) for row in paths]
        missing = [i for i, row in enumerate(rows) if row is None]
        if missing:
            if isinstance(batch, list):
                new = super()._respond([batch[i] for i in missing])
            else:
                new = super()._respond(batch[missing])
            for i, row in zip(missing, new, strict=True):
                rows[i] = row
                parts = np.split(row, np.cumsum(sizes)[:-1])
                for path, part in zip(paths[i], parts, strict=True):
                    _write_row(path, part)
        return np.stack(rows)


def _read_rows(paths, sizes):
    """Read the layers of one image, None where one is missing or damaged."""
    parts = []
    for path, size in zip(paths, sizes, strict=True):
        try:
            part = np.load(path)
        except (FileNotFoundError, ValueError, EOFError):
            return None
        if part.shape != (size,) or part.dtype != np.float32:
            return None
        parts.append(part)
    return np.concatenate(parts)


def _write_row(path, part):
    """Write the features of one image: whole, or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as file:
            np.save(file, part)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
