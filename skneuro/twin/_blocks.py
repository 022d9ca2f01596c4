"""Building blocks: standardised convolutions, group-wise mixing, small networks.

Every block holds one set of parameters per stream. ``bind`` computes what depends on
parameters alone, once per call of the network, and returns a plain function of the
data: nothing is kept in the module between calls.
"""

import math

import torch
from torch import nn
from torch.nn import functional as F

from skneuro.twin._tiles import TILE, convolve_tiles, tile_weights

# Factor that makes gamma * f(x) have unit variance for standard normal x.
GAMMA = {
    "gelu": 1.7015043497085571,
    "silu": 1.7881293296813965,
    "elu": 1.2716004848480225,
    "tanh": 1.5939117670059204,
    None: 1.0,
}
_FUNCTIONS = {"gelu": F.gelu, "silu": F.silu, "elu": F.elu, "tanh": torch.tanh}


def nonlinearity(name):
    """Return the variance-preserving form of a nonlinearity."""
    if name is None:
        return lambda x: x
    if name not in _FUNCTIONS:
        raise ValueError(
            f"nonlinear={name!r}; expected one of {sorted(_FUNCTIONS)} or None."
        )
    function, gamma = _FUNCTIONS[name], GAMMA[name]

    def scaled(x):
        y = function(x)
        return y * gamma if torch.is_grad_enabled() else y.mul_(gamma)

    return scaled


def tanh(x):
    """Hyperbolic tangent; without gradients by the logistic function, in less time."""
    if torch.is_grad_enabled():
        return x.tanh()
    return (2 * x).sigmoid_().mul_(2).sub_(1)


def chosen(parameters, stream):
    """Parameters of one stream, or of all."""
    return list(parameters) if stream is None else [parameters[stream]]


def cat_groups(parts, groups):
    """Concatenate channels group by group.

    Parameters
    ----------
    parts : list of Tensor of shape (n, groups * c_k, height, width)
        What to concatenate.
    groups : int
        Number of groups, times the number of streams.

    Returns
    -------
    Tensor of shape (n, groups * sum(c_k), height, width)
        Group 0 of all parts, then group 1 of all parts, and so on.
    """
    if len(parts) == 1:
        return parts[0]
    if all(map(channels_last, parts)):  # then this copies runs of channels
        parts = [p.movedim(1, -1).unflatten(-1, (groups, -1)) for p in parts]
        return torch.cat(parts, -1).flatten(-2).movedim(-1, 1)
    return torch.cat([p.unflatten(1, (groups, -1)) for p in parts], 2).flatten(1, 2)


def channels_last(x):
    """Whether the channels of images lie side by side in memory."""
    return x.is_contiguous(memory_format=torch.channels_last)


def said_channels_last(x):
    """Return images of one channel with strides that ask for channels-last results."""
    height, width = x.shape[-2:]
    x = x.contiguous()
    return x.as_strided(x.shape, (height * width, 1, width, 1))


def standardise(weight, dims, fan_in, eps):
    """Shift filters to zero sum and scale them to unit length."""
    weight = weight - weight.mean(dims, keepdim=True)
    variance = weight.square().mean(dims, keepdim=True)  # faster than torch.var
    return weight * (variance * fan_in + eps).rsqrt()


class Block(nn.Module):
    """A module that can be frozen: then it has neither gradients nor noise."""

    frozen = False

    @property
    def noisy(self):
        """Whether dropout and jitter are on."""
        return self.training and not self.frozen

    def dropout_mask(self, p, batch, channels, like):
        """Draw one mask per sequence; None where nothing is dropped."""
        if not self.noisy or p == 0:
            return None
        keep = torch.rand(batch, channels, device=like.device, dtype=like.dtype) > p
        return keep.to(like.dtype) / (1 - p)


def masked(x, mask):
    """Apply a channel mask of shape (batch, channels) to the leading time axis too."""
    if mask is None:
        return x
    mask = mask[(...,) + (None,) * (x.ndim - 2)]
    return (x.unflatten(0, (-1, len(mask))) * mask).flatten(0, 1)


class Conv(Block):
    """Convolution with standardised filters, causal in time.

    Parameters
    ----------
    in_channels, out_channels : int
        Channels per stream.
    groups, out_groups : int
        Groups of the convolution; shape of gains and biases.
    streams : int
        Independent copies.
    temporal, spatial, stride : int
        Size of the filter in frames and pixels, and its spatial step.
    pad : {"zeros", "replicate"} or None
        Padding in space by ``(spatial - stride) / 2``, and what preceded the first
        frame.
    gain, bias : float or None
        Initial values; None for no such parameter.
    wnorm : bool
        Whether filters are standardised.
    zero : bool
        Whether weights start at zero.
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        *,
        groups=1,
        out_groups=1,
        streams=1,
        temporal=1,
        spatial=1,
        stride=1,
        pad="zeros",
        gain=1.0,
        bias=0.0,
        wnorm=True,
        zero=False,
        eps=1e-5,
    ):
        super().__init__()
        if in_channels % groups or out_channels % groups or out_channels % out_groups:
            raise ValueError(
                f"{in_channels} channels to {out_channels} do not divide into "
                f"{groups} and {out_groups} groups; change the sizes."
            )
        if (spatial - stride) % 2:
            raise ValueError(
                f"spatial={spatial} minus stride={stride} is odd; expected an even "
                "difference, so that padding is the same on all sides."
            )
        shape = (out_channels, in_channels // groups, temporal, spatial, spatial)
        self.fan_in = math.prod(shape[1:])
        limit = math.sqrt((1 if wnorm else 3) / self.fan_in)
        self.weights = nn.ParameterList(
            torch.zeros(shape) if zero else torch.empty(shape).uniform_(-limit, limit)
            for _ in range(streams)
        )
        shape = (out_groups, out_channels // out_groups)
        if wnorm and gain is not None:
            self.gains = nn.ParameterList(
                torch.full(shape, float(gain)) for _ in range(streams)
            )
        else:
            self.gains = None
        if bias is not None:
            self.biases = nn.ParameterList(
                torch.full(shape, float(bias)) for _ in range(streams)
            )
        else:
            self.biases = None
        self.groups, self.streams = groups, streams
        self.temporal, self.stride, self.pad = temporal, stride, pad
        self.padding = 0 if pad is None else (spatial - stride) // 2
        self.wnorm, self.eps = wnorm, eps

    def options(self):
        """Scale, weight decay and norm axes of each parameter, for the optimizer."""
        options = {"weights": (1.0, True, (1, 2, 3, 4))}
        options["gains"] = options["biases"] = (1.0, False, (1,))
        return options

    def effective(self, stream=None):
        """Return weights (streams * out, in, time, y, x) and biases as they are used.

        Parameters
        ----------
        stream : int or None
            One stream, or all.
        """
        weight = torch.cat(chosen(self.weights, stream))
        if self.wnorm:
            weight = standardise(weight, (1, 2, 3, 4), self.fan_in, self.eps)
            if self.gains is not None:
                gain = torch.cat([g.flatten() for g in chosen(self.gains, stream)])
                weight = weight * gain[:, None, None, None, None]
        bias = None
        if self.biases is not None:
            bias = torch.cat([b.flatten() for b in chosen(self.biases, stream)])
        return weight, bias

    def bind(self, stream=None, *, shared=False):
        """Return the convolution as a function.

        Parameters
        ----------
        stream : int or None
            One stream, or all.
        shared : bool
            Whether all streams see the same input, given once.

        Returns
        -------
        callable
            Of images (n, channels, height, width) where the filter has one frame;
            else of (images, batch, history), which returns also the new history.
        """
        weight, bias = self.effective(stream)
        tiles = None
        plain = self.stride == 1 and self.pad == "zeros"
        if self.temporal == 3 and plain and not torch.is_grad_enabled():
            tiles = tile_weights(weight)
        weight = weight.transpose(1, 2).flatten(1, 2)  # time-major, channel-minor
        weight = weight.contiguous(memory_format=torch.channels_last)
        streams = self.streams if stream is None else 1
        groups = self.groups * (1 if shared else streams)

        def convolve(x):
            padding = self.padding
            if padding and self.pad == "replicate":
                x, padding = F.pad(x, (padding,) * 4, mode="replicate"), 0
            if x.shape[1] == 1 and not torch.is_grad_enabled():
                x = said_channels_last(x)
            return F.conv2d(x, weight, bias, self.stride, padding, 1, groups)

        if self.temporal == 1:
            return convolve
        past = self.temporal - 1

        def run(x, batch, history=None):
            x = x.unflatten(0, (-1, batch)).movedim(2, -1)  # (t, batch, y, x, channel)
            if history is None:
                first = x[:1] if self.pad == "replicate" else torch.zeros_like(x[:1])
                history = first.expand(past, *x.shape[1:])
            frames = torch.cat([history, x])
            if tiles is not None and len(x) % TILE == 0:
                options = {"padding": self.padding, "groups": groups}
                return convolve_tiles(frames, tiles, bias, options), frames[-past:]
            grouped = frames.unflatten(-1, (groups, -1))
            windows = [grouped[k : k + len(x)] for k in range(past + 1)]
            stacked = torch.cat(windows, -1).flatten(-2).flatten(0, 1)
            return convolve(stacked.movedim(-1, 1)), frames[-past:]

        return run


class Linear(Conv):
    """Linear layer of each stream; data are (..., streams, features)."""

    def __init__(self, in_features, out_features, **options):
        super().__init__(in_features, out_features, **options)

    def bind(self, stream=None):
        """Return the layer as a function."""
        weight, bias = self.effective(stream)
        streams = self.streams if stream is None else 1
        weight = weight.flatten(1).unflatten(0, (streams, -1))
        bias = 0 if bias is None else bias.unflatten(0, (streams, -1))

        def run(x):
            return torch.einsum("...si,soi->...so", x, weight) + bias

        return run


class InterGroup(Block):
    """Linear mixing of each group from all other groups, at each pixel."""

    def __init__(
        self, in_channels, out_channels, *, groups, streams=1, gain=1.0, eps=1e-5
    ):
        super().__init__()
        n_out, n_in = out_channels // groups, in_channels // groups
        self.fan_in = n_in * (groups - 1)
        limit = self.fan_in**-0.5
        self.weights = nn.ParameterList(
            torch.empty(groups, groups - 1, n_out, n_in).uniform_(-limit, limit)
            for _ in range(streams)
        )
        self.gains = nn.ParameterList(
            torch.full((groups, n_out), float(gain)) for _ in range(streams)
        )
        self.register_buffer(
            "mask", ~torch.eye(groups, dtype=torch.bool)[..., None, None]
        )
        self.register_buffer("zero", torch.zeros(groups, groups, n_out, n_in))
        self.eps = eps

    def options(self):
        """Scale, weight decay and norm axes of each parameter, for the optimizer."""
        return {"weights": (1.0, True, (1, 3)), "gains": (1.0, False, (1,))}

    def matrix(self, stream=None):
        """Weights of all pairs of channels, (streams, out_channels, in_channels)."""
        matrices = []
        for weight, gain in zip(
            chosen(self.weights, stream), chosen(self.gains, stream), strict=True
        ):
            weight = standardise(weight, (1, 3), self.fan_in, self.eps)
            weight = weight * gain[:, None, :, None]
            full = self.zero.masked_scatter(self.mask, weight)  # row-major: (i, o != i)
            matrices.append(full.permute(0, 2, 1, 3).flatten(2).flatten(0, 1))
        return torch.stack(matrices)


class Mlp(Block):
    """Linear layers with a nonlinearity after each."""

    def __init__(self, sizes, *, streams=1, nonlinear="gelu", last=True):
        super().__init__()
        self.linears = nn.ModuleList(
            Linear(
                sizes[i],
                sizes[i + 1],
                streams=streams,
                wnorm=i > 0,
                zero=i == 0,
            )
            for i in range(len(sizes) - 1)
        )
        self.nonlinear, self.last = nonlinear, last

    def bind(self, stream=None):
        """Return the layers as a function of (..., streams, features)."""
        layers = [linear.bind(stream) for linear in self.linears]
        f = nonlinearity(self.nonlinear)

        def run(x):
            for i, layer in enumerate(layers):
                x = layer(x)
                if self.last or i < len(layers) - 1:
                    x = f(x)
            return x

        return run


class Lstm(Block):
    """Long short-term memory of each stream; data are (..., streams, features)."""

    def __init__(
        self,
        in_features,
        hidden,
        *,
        streams=1,
        init_input=-1.0,
        init_forget=1.0,
        dropout=0.0,
    ):
        super().__init__()
        for name, bias in [("i", init_input), ("f", init_forget), ("g", 0), ("o", 0)]:
            gate = Linear(in_features + hidden, hidden, streams=streams, bias=bias)
            self.add_module(f"proj_{name}", gate)
        self.hidden, self.dropout = hidden, dropout

    def bind_cell(self, stream, batch):
        """Return the cell as a function of all inputs in time and the first state.

        Parameters
        ----------
        stream : int or None
            One stream, or all.
        batch : int
            Number of sequences.

        Returns
        -------
        callable
            Of x (time, batch, streams, features) and state (h, c) or None; returns
            h of all times and the last state.
        """
        gates = [getattr(self, f"proj_{name}").effective(stream) for name in "ifog"]
        n_streams = len(chosen(self.proj_i.weights, stream))
        weight = torch.stack(
            [w.flatten(1).unflatten(0, (n_streams, -1)) for w, _ in gates], 1
        ).flatten(1, 2)  # (streams, 4 * hidden, in + hidden)
        bias = torch.stack(
            [b.unflatten(0, (n_streams, -1)) for _, b in gates], 1
        ).flatten(1, 2)
        split = weight.shape[-1] - self.hidden
        mask = self.dropout_mask(self.dropout, batch, n_streams * self.hidden, weight)
        if mask is not None:
            mask = mask.unflatten(1, (n_streams, -1))

        def run(x, state=None):
            driven = torch.einsum("tbsi,soi->tbso", x, weight[..., :split]) + bias
            if state is None:
                zeros = weight.new_zeros(x.shape[1], n_streams, self.hidden)
                state = (zeros, zeros)
            h, c = state
            hidden = []
            for drive in driven:
                z = drive + torch.einsum("bsi,soi->bso", h, weight[..., split:])
                i, f, o = z[..., : 3 * self.hidden].sigmoid().chunk(3, -1)
                c = f * c + i * z[..., 3 * self.hidden :].tanh()
                h = o * c.tanh()
                if mask is not None:
                    h = h * mask
                hidden.append(h)
            return torch.stack(hidden), (h, c)

        return run
