"""Torch networks of the encoders, with the parameter names of the published files."""

from itertools import chain

import torch
from torch import nn
from torch.nn import functional as F


def compress(x):
    """Odd, compressive non-linearity log(1 + |x|) * tanh(x) of the fwRF models."""
    return torch.log1p(x.abs()) * torch.tanh(x)


class PreNormBlock(nn.Module):
    """Batch norm, channel dropout, 3 x 3 convolution, ReLU: the norm comes first."""

    def __init__(self, n_in, n_out):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(n_in, momentum=0.25)
        self.drop1 = nn.Dropout2d(0.5)

    def forward(self, x):
        """Map (n_images, n_in, h, w) to (n_images, n_out, h, w)."""
        return F.relu(self.conv1(self.drop1(self.bn1(x))), inplace=True)


class GNetTrunk(nn.Module):
    """Layers above the prefilter; feature maps of two resolutions.

    Parameters
    ----------
    n_in, n_wide, n_narrow : int
        Channels of the prefilter, of the trunk, and those that are read out of it.
    """

    def __init__(self, *, n_in=192, n_wide=128, n_narrow=64):
        super().__init__()
        self.n_narrow = n_narrow
        self.conv3 = nn.Conv2d(n_in, n_wide, 3)
        self.bn1 = nn.BatchNorm2d(n_in, momentum=0.25)
        self.drop1 = nn.Dropout2d(0.5)
        self.pool1 = nn.MaxPool2d(3, 2, padding=1)
        self.conv4a = PreNormBlock(n_wide, n_wide)
        self.conv5a = PreNormBlock(n_wide, n_wide)
        self.conv6a = PreNormBlock(n_wide, n_wide)
        self.conv4b = PreNormBlock(n_wide, n_wide)
        self.conv5b = PreNormBlock(n_wide, n_wide)
        self.conv6b = PreNormBlock(n_wide, n_narrow)

    def forward(self, x):
        """Map (n_images, n_in, 27, 27) to layers of 25 x 25 and of 13 x 13 pixels."""
        n = self.n_narrow
        c3 = F.relu(self.conv3(self.drop1(self.bn1(x))), inplace=True)
        c4a = self.conv4a(c3)
        c4b = self.conv4b(c4a)
        c5a = self.conv5a(self.pool1(c4b))
        c5b = self.conv5b(c5a)
        c6a = self.conv6a(c5b)
        c6b = self.conv6b(c6a)
        fine = [c3, c4a[:, :n], c4b[:, :n]]
        return fine, [c5a[:, :n], c5b[:, :n], c6a[:, :n], c6b]


class GNet(nn.Module):
    """Convolutional encoder of the NSD fwRF models, trained with its readout [1]_.

    Parameters
    ----------
    n_first, n_second, n_wide, n_narrow : int
        Channels of the two prefilter layers, of the trunk, and those read out of it.
    use_prefilter : bool
        Whether the prefilter's maps are read out as well.

    References
    ----------
    .. [1] G. St-Yves, E. J. Allen, Y. Wu, K. Kay, T. Naselaris (2023), Nature
       Communications 14, 3329. :doi:`10.1038/s41467-023-38674-4`
    """

    def __init__(
        self, *, n_first=64, n_second=192, n_wide=128, n_narrow=64, use_prefilter=True
    ):
        super().__init__()
        self.use_prefilter = use_prefilter
        self.mu = nn.Parameter(torch.zeros(1, 3, 1, 1), requires_grad=False)
        self.pre = nn.Module()
        self.pre.conv1 = nn.Sequential(
            nn.Conv2d(3, n_first, 11, stride=4, padding=2),
            nn.MaxPool2d(3, 2),
            nn.ReLU(inplace=True),  # after the maximum: the same, on fewer pixels
        )
        self.pre.conv2 = nn.Sequential(
            nn.Conv2d(n_first, n_second, 5, padding=2), nn.ReLU(inplace=True)
        )
        self.enc = GNetTrunk(n_in=n_second, n_wide=n_wide, n_narrow=n_narrow)

    def forward(self, images):
        """Return feature maps of each resolution, the finest first.

        Parameters
        ----------
        images : Tensor of shape (n_images, 3, 227, 227)
            Pixels in [0, 1].

        Returns
        -------
        list of Tensor of shape (n_images, n_maps, height, width)
            256 maps each of 27 x 27, 25 x 25 and 13 x 13 pixels; without the prefilter
            only the last two.
        """
        return [torch.cat(layers, dim=1) for layers in self.layers(images)]

    def layers(self, images):
        """Return the layers whose maps `forward` puts side by side, by resolution."""
        centred = images - self.mu
        if images.device.type == "cpu":  # convolutions are faster that way round
            centred = centred.contiguous(memory_format=torch.channels_last)
        first = self.pre.conv1(centred)
        second = self.pre.conv2(first)
        fine, coarse = self.enc(second)
        return [[first, second], fine, coarse][not self.use_prefilter :]


class PoolingReadout(nn.Module):
    """Free-form pooling fields and feature weights of every voxel.

    Fields are normalised once, here; a forward pass is one matrix product per
    resolution.

    Parameters
    ----------
    fields : list of Tensor of shape (n_voxels, height, width)
        Logits of the pooling fields, one tensor per resolution.
    weights : Tensor of shape (n_voxels, n_maps)
        Weights of all maps, resolution by resolution.
    bias : Tensor of shape (n_voxels,)
        Constant.
    maps : list of int
        Number of maps of each resolution.
    """

    def __init__(self, fields, weights, bias, maps):
        super().__init__()
        self.n_levels = len(fields)
        for level, logits in enumerate(fields):
            field = torch.softmax(logits.flatten(1), dim=1).contiguous()
            self.register_buffer(f"field{level}", field)
        for level, w in enumerate(weights.split(maps, dim=1)):
            self.register_buffer(f"weight{level}", w.contiguous())
        self.register_buffer("bias", bias.clone())

    def forward(self, maps):
        """Map feature maps to responses (n_images, n_voxels)."""
        response = self.bias
        for level, level_maps in enumerate(maps):
            x = compress(level_maps.flatten(2))  # (n_images, n_maps, n_pixels)
            n_images, n_maps, n_pixels = x.shape
            columns = x.permute(2, 0, 1).reshape(n_pixels, -1)
            pooled = compress(getattr(self, f"field{level}") @ columns)
            pooled = pooled.reshape(-1, n_images, n_maps)
            weight = getattr(self, f"weight{level}")
            response = response + (pooled * weight[:, None]).sum(dim=-1).T
        return response

    def predict(self, layers):
        """Map layers to responses by compiled code, if that is possible.

        Parameters
        ----------
        layers : list of list of Tensor of shape (n_images, n_maps, height, width)
            Layers of each resolution.

        Returns
        -------
        Tensor of shape (n_images, n_voxels), or None
            None outside `torch.inference_mode`, where gradients may be asked for, for
            other numbers than float32 on the processor, and where vectors cannot be
            compiled.
        """
        tensors = [*chain(*layers), self.bias]
        known = all(t.is_cpu and t.dtype == torch.float32 for t in tensors)
        if not (known and torch.is_inference_mode_enabled()):
            return None
        from skneuro.engine._backend import VECTORS

        if not VECTORS:
            return None
        from skneuro.encoding._pooling import N_LANES, pool

        if any(layer.shape[1] % N_LANES for layer in chain(*layers)):
            return None
        responses = pool(
            [[_channels_last(layer) for layer in level] for level in layers],
            [getattr(self, f"field{i}").numpy() for i in range(self.n_levels)],
            [getattr(self, f"weight{i}").numpy() for i in range(self.n_levels)],
            self.bias.numpy(),
            n_threads=torch.get_num_threads(),
        )
        return torch.from_numpy(responses)


def _channels_last(layer):
    """View a layer as (n_images, n_pixels, n_maps), the last axis contiguous."""
    layer = layer.permute(0, 2, 3, 1)
    return (layer if layer.stride(3) == 1 else layer.contiguous()).flatten(1, 2).numpy()


class GNetFwRF(nn.Module):
    """A GNet and the pooling readout of its voxels: images in, responses out.

    Parameters
    ----------
    gnet : GNet
        Encoder.
    readout : PoolingReadout
        Readout.
    """

    def __init__(self, gnet, readout):
        super().__init__()
        self.gnet = gnet
        self.readout = readout

    def forward(self, images):
        """Map images (n_images, 3, size, size) in [0, 1] to (n_images, n_voxels)."""
        layers = self.gnet.layers(images)
        responses = self.readout.predict(layers)
        if responses is None:
            responses = self.readout([torch.cat(level, dim=1) for level in layers])
        return responses


class SideBySide(nn.Module):
    """Several networks on the same images; their responses are put side by side.

    Parameters
    ----------
    networks : list of Module
        Each maps images to (n_images, n_targets of its own).
    """

    def __init__(self, networks):
        super().__init__()
        self.networks = nn.ModuleList(networks)

    def forward(self, images):
        """Map images (n_images, 3, size, size) in [0, 1] to (n_images, n_targets)."""
        return torch.cat([network(images) for network in self.networks], dim=1)


class LinearResponse(nn.Module):
    """Responses that are linear in the principal components of a network's outputs.

    Parameters
    ----------
    network : Module
        Maps images, or whatever it takes, to features (n_samples, n_features).
    factors : list of (Tensor, Tensor, Tensor)
        Centre and gain (n_features,) and components (n_components, n_features).
    regressions : list of (int, Tensor, Tensor)
        Which factor, coefficients (n_targets, n_components), intercepts (n_targets,).
    arrange : callable
        Takes all targets side by side and the list of them by regression; returns
        responses with their axes.
    """

    def __init__(self, network, factors, regressions, arrange):
        super().__init__()
        self.network = network
        self.arrange = arrange
        self.n_factors = len(factors)
        self.sources = [i for i, _, _ in regressions]
        for i, parts in enumerate(factors):
            for name, tensor in zip(
                ("centre", "gain", "components"), parts, strict=True
            ):
                self.register_buffer(f"{name}{i}", tensor)
        for i, (_, coef, intercept) in enumerate(regressions):
            self.register_buffer(f"coef{i}", coef)
            self.register_buffer(f"intercept{i}", intercept)

    def forward(self, x):
        """Map images or features to responses (n_samples, ...)."""
        features = self.network(x)
        scores = [
            (features - getattr(self, f"centre{i}"))
            * getattr(self, f"gain{i}")
            @ getattr(self, f"components{i}").T
            for i in range(self.n_factors)
        ]
        parts = [
            scores[source] @ getattr(self, f"coef{i}").T
            + getattr(self, f"intercept{i}")
            for i, source in enumerate(self.sources)
        ]
        return self.arrange((torch.cat(parts, dim=1), parts))
