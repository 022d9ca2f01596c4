"""Core: causal dense convolutions, before a recurrent network."""

import torch
from torch import nn
from torch.nn import functional as F

from skneuro.twin._blocks import (
    Block,
    Conv,
    cat_groups,
    masked,
    nonlinearity,
)
from skneuro.twin._tiles import TILE

_IN_CACHE = 1_000_000  # numbers of a layer that are computed at once on a CPU


class DenseBlock(Block):
    """Layers that each see all layers before them."""

    def __init__(
        self,
        channels,
        groups,
        layers,
        temporal,
        spatial,
        *,
        streams,
        nonlinear,
        dropout,
    ):
        super().__init__()
        options = {"groups": groups, "out_groups": groups, "streams": streams}
        self.convs = nn.ModuleList()
        self.skips = nn.ModuleList()
        for i in range(layers):
            gain = 1.0 if i == 0 else 2**-0.5
            self.convs.append(
                Conv(
                    channels,
                    channels,
                    temporal=temporal,
                    spatial=spatial,
                    gain=gain,
                    **options,
                )
            )
            self.skips.append(
                Conv(i * channels, channels, gain=gain, bias=None, **options)
                if i
                else None
            )
        self.channels, self.groups, self.dropout = channels, groups, dropout
        self.nonlinear, self.temporal = nonlinear, temporal

    def bind(self, stream, batch, n_streams, pool):
        """Return a function of x, batch and histories, one of each convolution."""
        convs = [conv.bind(stream) for conv in self.convs]
        skips = [None if skip is None else skip.bind(stream) for skip in self.skips]
        f, groups = nonlinearity(self.nonlinear), self.groups * n_streams
        like, channels = self.convs[0].weights[0], self.channels * n_streams
        masks = [self.dropout_mask(self.dropout, batch, channels, like) for _ in convs]

        def pooled(x):
            return F.avg_pool2d(x, pool) if pool > 1 else x

        def run(x, size, histories):
            pre, seen, later = [pooled(x)], [], []
            for conv, skip, mask, past in zip(
                convs, skips, masks, histories, strict=True
            ):
                y = masked(f(x), mask)
                if self.temporal == 1:
                    x = conv(y)
                else:
                    x, past = conv(y, size, past)
                if skip is not None:
                    x = x.add_(skip(cat_groups(seen, groups)))
                seen.append(y)
                pre.append(pooled(x))
                later.append(past)
            return cat_groups(pre, groups), later

        return run


class Dense(Block):
    """Dense blocks between convolutions that mix all channels."""

    def __init__(
        self,
        *,
        streams=4,
        in_channels=1,
        in_spatial=6,
        in_stride=2,
        block_channels=(32, 64, 128),
        block_groups=(1, 2, 4),
        block_layers=(2, 2, 2),
        block_temporals=(3, 3, 3),
        block_spatials=(3, 3, 3),
        block_pools=(2, 2, 1),
        out_channels=128,
        nonlinear="gelu",
        dropout=0.0,
        input_wnorm=True,
    ):
        super().__init__()
        self.inputs, self.blocks = nn.ModuleList(), nn.ModuleList()
        spatial, stride = in_spatial, in_stride
        blocks = zip(
            block_channels,
            block_groups,
            block_layers,
            block_temporals,
            block_spatials,
            strict=True,
        )
        for i, (channels, groups, layers, temporal, size) in enumerate(blocks):
            self.inputs.append(
                Conv(
                    in_channels,
                    channels,
                    out_groups=groups,
                    streams=streams,
                    spatial=spatial,
                    stride=stride,
                    pad="replicate",
                    wnorm=input_wnorm or i > 0,
                )
            )
            self.blocks.append(
                DenseBlock(
                    channels,
                    groups,
                    layers,
                    temporal,
                    size,
                    streams=streams,
                    nonlinear=nonlinear,
                    dropout=dropout,
                )
            )
            in_channels, spatial, stride = (layers + 1) * channels, 1, 1
        self.out = Conv(in_channels, out_channels, streams=streams)
        self.pools, self.channels, self.streams = block_pools, out_channels, streams

    def bind(self, stream=None, batch=1):
        """Return a function of images and state.

        Parameters
        ----------
        stream : int or None
            One stream, or all.
        batch : int
            Number of sequences.

        Returns
        -------
        callable
            Of x (time * batch, 1, height, width), which all streams share, and state;
            returns features (time * batch, streams * channels, y, x) and the state.
        """
        n_streams = self.streams if stream is None else 1
        inputs = [
            conv.bind(stream, shared=i == 0) for i, conv in enumerate(self.inputs)
        ]
        blocks = [
            block.bind(stream, batch, n_streams, pool)
            for block, pool in zip(self.blocks, self.pools, strict=True)
        ]
        out = self.out.bind(stream)
        empty = [[None] * len(block.convs) for block in self.blocks]

        def piece(x, state):
            state, later = empty if state is None else state, []
            for enter, block, past in zip(inputs, blocks, state, strict=True):
                x = enter(x).contiguous(memory_format=torch.channels_last)
                x, past = block(x, batch, past)
                later.append(past)
            return out(x), later

        first = self.inputs[0]
        channels = n_streams * len(first.weights[0]) * batch

        def run(x, state=None):
            sizes = [len(x)]
            if x.device.type == "cpu" and not torch.is_grad_enabled():
                pixels = x.shape[-2] * x.shape[-1] // first.stride**2
                tile = TILE * batch
                size = tile * max(1, _IN_CACHE // (channels * pixels * TILE))
                n_whole, rest = divmod(len(x), size)
                alone = rest % tile  # frames that fill no tile
                sizes = [*[size] * n_whole, rest - alone, alone]
            features = []
            for part in x.split([n for n in sizes if n]):
                part, state = piece(part, state)
                features.append(part)
            return torch.cat(features), state

        return run


class FeedforwardRecurrent(Block):
    """Feedforward features, then the recurrent network.

    Parameters
    ----------
    feedforward, recurrent : Block
        The two parts.
    """

    def __init__(self, feedforward, recurrent):
        super().__init__()
        self.feedforward, self.recurrent = feedforward, recurrent


def decorrelation(core, batch, n_streams, *, length, weight, rate=0.0, eps=1e-5):
    """Penalty on correlated channels over the last frames.

    Parameters
    ----------
    core : Tensor of shape (time * batch, streams * channels, height, width)
        Output of the core.
    batch, n_streams : int
        Number of sequences and streams.
    length : int
        Number of last frames.
    weight : float
        Factor of the penalty.
    rate : float
        If positive, the fraction of positions that are used, drawn at random.
    eps : float
        Added to the product of variances.

    Returns
    -------
    Tensor
        The penalty, a number.
    """
    r = core[-length * batch :].unflatten(1, (n_streams, -1)).flatten(3)
    r = r.permute(1, 2, 0, 3).flatten(2)  # (streams, channels, samples)
    if rate > 0:
        keep = torch.rand(r.shape[-1], device=r.device) < rate
        r = r[..., keep]
    products = (r @ r.mT) / r.shape[-1]
    power = products.diagonal(dim1=-2, dim2=-1)
    scale = (power[:, :, None] * power[:, None] + eps).sqrt()
    return weight * (products.abs() / scale).triu(1).sum()
