"""Core: causal dense convolutions, then a recurrent network with attention."""

import torch
from torch import nn
from torch.nn import functional as F

from skneuro.twin._blocks import (
    Block,
    Conv,
    InterGroup,
    cat_groups,
    chosen,
    masked,
    nonlinearity,
)

_IN_CACHE = 2_000_000  # numbers of a layer that are computed at once on a CPU


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
                    x = x + skip(cat_groups(seen, groups))
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
            size = len(x)
            if x.device.type == "cpu" and not torch.is_grad_enabled():
                pixels = x.shape[-2] * x.shape[-1] // first.stride**2
                size = batch * max(1, _IN_CACHE // (channels * pixels))
            features = []
            for part in x.split(size):
                part, state = piece(part, state)
                features.append(part)
            return torch.cat(features), state

        return run


class _Recurrent(Block):
    """What the recurrent networks share: input projections, gates and output."""

    gates = ("i", "f", "g", "o")

    def __init__(
        self,
        *,
        streams=4,
        features=128,
        modulation=16,
        in_channels=256,
        out_channels=128,
        hidden_channels=256,
        common_channels=None,
        groups=8,
        spatial=3,
        init_input=-1.0,
        init_forget=1.0,
        init_gate=1.0,
        dropout=0.0,
    ):
        super().__init__()
        both = in_channels + hidden_channels
        if common_channels is None:
            gate_in, gate_spatial = both, spatial
        else:
            gate_in, gate_spatial = 2 * common_channels, 1
            plain = {"groups": groups, "streams": streams, "gain": None, "bias": None}
            self.conv = Conv(both, common_channels, spatial=spatial, **plain)
            self.proj_q, self.proj_k, self.proj_v = (
                Conv(common_channels, common_channels, **plain) for _ in range(3)
            )
            self.scales = nn.ParameterList(
                torch.ones(groups, common_channels // groups) for _ in range(streams)
            )
        gain = (2 if groups == 1 else 3) ** -0.5
        mix = {"out_groups": groups, "streams": streams, "gain": gain}
        self.proj_x = nn.ModuleList()
        if groups > 1:
            self.proj_x.append(
                InterGroup(
                    hidden_channels,
                    in_channels,
                    groups=groups,
                    streams=streams,
                    gain=gain,
                )
            )
        self.proj_x.append(Conv(features, in_channels, **mix))
        self.proj_x.append(Conv(modulation, in_channels, bias=None, **mix))
        bias = {"i": init_input, "f": init_forget, "z": init_gate}
        for name in self.gates:
            gate = Conv(
                gate_in,
                hidden_channels,
                groups=groups,
                out_groups=groups,
                streams=streams,
                spatial=gate_spatial,
                bias=bias.get(name, 0.0),
            )
            self.add_module(f"proj_{name}", gate)
        self.out = Conv(hidden_channels, out_channels, streams=streams)
        self.groups, self.streams, self.dropout = groups, streams, dropout
        self.hidden, self.in_channels = hidden_channels, in_channels
        self.attends = common_channels is not None

    def options(self):
        """Scale, weight decay and norm axes of each parameter, for the optimizer."""
        return {"scales": (1.0, False, (1,))} if self.attends else {}

    def bind_gates(self, stream, n_groups):
        """All gates as one grouped convolution: weight, bias; i, f, o, g per group."""
        order = [name for name in ("i", "f", "o", "z", "g", "n") if name in self.gates]
        pairs = [getattr(self, f"proj_{name}").effective(stream) for name in order]
        weight = torch.stack([w.unflatten(0, (n_groups, -1)) for w, _ in pairs], 1)
        bias = torch.stack([b.unflatten(0, (n_groups, -1)) for _, b in pairs], 1)
        return weight.flatten(0, 2)[:, :, 0], bias.flatten()

    def bind_attention(self, stream, n_groups, batch):
        """Return gates as a function of x and h: a convolution and its attention."""
        conv = self.conv.bind(stream)
        weight = torch.stack(
            [
                proj.effective(stream)[0].flatten(1).unflatten(0, (n_groups, -1))
                for proj in (self.proj_q, self.proj_k, self.proj_v)
            ],
            1,
        )  # (n_groups, 3, size, size)
        size = weight.shape[-1]
        weight = weight.flatten(1, 2).repeat(batch, 1, 1)
        scales = torch.cat(chosen(self.scales, stream))  # (n_groups, size)
        gates, bias = self.bind_gates(stream, n_groups)
        gates = gates.flatten(1).unflatten(0, (n_groups, -1)).repeat(batch, 1, 1)
        bias = bias.unflatten(0, (n_groups, -1, 1)).repeat(batch, 1, 1)
        from_conv, from_attention = gates.split(size, -1)

        def run(x):
            z = conv(x)
            height, width = z.shape[-2:]
            z = z.reshape(batch * n_groups, size, -1)
            q, k, v = torch.bmm(weight, z).unflatten(1, (3, size)).unbind(1)
            q, k = (part / part.norm(dim=1, keepdim=True) for part in (q, k))
            q = q.unflatten(0, (batch, n_groups)) * scales[..., None]
            k, v = (part.unflatten(0, (batch, n_groups)) for part in (k, v))
            # attention is twice as fast where the features of a token lie side by side
            q, k, v = (part.mT.contiguous() for part in (q, k, v))
            a = F.scaled_dot_product_attention(q, k, v, scale=1.0)
            found = torch.baddbmm(bias, from_conv, z)
            found = found.baddbmm_(from_attention, a.flatten(0, 1).mT)
            return found.view(batch, -1, height, width)

        return run

    def bind(self, stream=None, batch=1):
        """Return a function of features, modulation and state.

        Parameters
        ----------
        stream : int or None
            One stream, or all.
        batch : int
            Number of sequences.

        Returns
        -------
        callable
            Of features (time * batch, streams * channels, y, x), modulation (time,
            batch, streams, features) and state or None; returns the core (time * batch,
            streams * out_channels, y, x) and the new state.
        """
        n_streams = self.streams if stream is None else 1
        n_groups = self.groups * n_streams
        from_features = self.proj_x[-2].bind(stream)
        from_modulation = self.proj_x[-1].bind(stream)
        matrix = self.proj_x[0].matrix(stream) if self.groups > 1 else None
        if matrix is not None:
            matrix = matrix.flatten(0, 1)[..., None, None]
        if self.attends:
            gate = self.bind_attention(stream, n_groups, batch)
        else:
            gates, bias = self.bind_gates(stream, n_groups)
            options = {"padding": gates.shape[-1] // 2, "groups": n_groups}

            def gate(x):
                return F.conv2d(x, gates, bias, **options)

        out = self.out.bind(stream)
        like = self.out.weights[0]
        mask_x = self.dropout_mask(
            self.dropout, batch, self.in_channels * n_streams, like
        )
        mask_h = self.dropout_mask(self.dropout, batch, self.hidden * n_streams, like)

        def step(drive, state):
            h = state[0]
            if matrix is not None:
                drive = drive + F.conv2d(h, matrix, groups=n_streams)
            x = masked(drive.tanh(), mask_x)
            x = gate(cat_groups([x, h], n_groups))
            x = x.unflatten(1, (n_groups, len(self.gates), -1))
            return self.update(x, state, mask_h)

        def run(features, modulation, state=None):
            drive = from_features(features)
            drive = drive + from_modulation(
                modulation.flatten(0, 1).flatten(1)[..., None, None]
            )
            drive = drive.contiguous().unflatten(0, (-1, batch))
            if state is None:
                zeros = drive.new_zeros(
                    batch, self.hidden * n_streams, *drive.shape[-2:]
                )
                state = (zeros,) * self.n_states
            hidden = []
            for now in drive:
                state = step(now, state)
                hidden.append(state[0])
            return out(torch.cat(hidden)), state

        return run


class ConvLstm(_Recurrent):
    """Long short-term memory whose gates are convolutions."""

    n_states = 2

    def update(self, gates, state, mask):
        """Return the next state."""
        i, f, o = gates[:, :, :3].sigmoid().unbind(2)
        g = gates[:, :, 3].tanh()
        c = f.flatten(1, 2) * state[1] + (i * g).flatten(1, 2)
        return masked(o.flatten(1, 2) * c.tanh(), mask), c


class CvtLstm(ConvLstm):
    """Long short-term memory whose gates see a convolution and its self-attention."""


class Rvt(_Recurrent):
    """Gated recurrent network with convolution and self-attention."""

    gates = ("z", "n")
    n_states = 1

    def update(self, gates, state, mask):
        """Return the next state."""
        u = gates[:, :, 0].sigmoid().flatten(1, 2)
        n = masked(gates[:, :, 1].tanh().flatten(1, 2), mask)
        return (u * state[0] + (1 - u) * n,)


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
