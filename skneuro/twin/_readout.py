"""Readout: each neuron looks at one point of the core, with its own weights."""

import torch
from torch import nn
from torch.nn import functional as F

from skneuro.twin._blocks import Block, chosen, standardise

_BLOCK = 512  # neurons whose features stay in the cache


class Gaussian(Block):
    """Position of each neuron; in training, drawn around its mean."""

    def __init__(self, n_neurons, init_std=0.4):
        super().__init__()
        self.mu = nn.Parameter(torch.zeros(n_neurons, 2))
        self.sigma = nn.Parameter(init_std * torch.eye(2).repeat(n_neurons, 1, 1))

    def options(self):
        """Scale, weight decay and norm axes of each parameter, for the optimizer."""
        return dict.fromkeys(("mu", "sigma"), (float(len(self.mu)), False, None))

    def points(self, batch):
        """Positions (n, n_neurons, 2); n is 1 without noise."""
        if not self.noisy:
            return self.mu[None]
        noise = torch.randn(batch, *self.mu.shape, device=self.mu.device)
        return self.mu + torch.einsum("uij,nuj->nui", self.sigma, noise)


class Vanilla(Block):
    """Feature weights as they are."""

    def __init__(self, n_neurons, channels, streams):
        super().__init__()
        self.weights = nn.ParameterList(
            torch.zeros(n_neurons, 1, channels) for _ in range(streams)
        )

    def options(self):
        """Scale, weight decay and norm axes of each parameter, for the optimizer."""
        return {"weights": (float(len(self.weights[0])), True, (2,))}

    def features(self, stream=None):
        """Weights (streams, n_neurons, channels)."""
        return torch.stack([w[:, 0] for w in chosen(self.weights, stream)])


class Norm(Block):
    """Feature weights of unit length within groups of channels, times a gain."""

    def __init__(self, n_neurons, channels, streams, groups=1, eps=1e-5):
        super().__init__()
        shape = (n_neurons, 1, groups, channels // groups)
        self.weights = nn.ParameterList(torch.zeros(shape) for _ in range(streams))
        self.gains = nn.ParameterList(
            torch.full(shape[:3], groups**-0.5) for _ in range(streams)
        )
        self.channels, self.eps = channels, eps

    def options(self):
        """Scale, weight decay and norm axes of each parameter, for the optimizer."""
        scale = float(len(self.weights[0]))
        return {"weights": (scale, True, (3,)), "gains": (scale, False, (0,))}

    def features(self, stream=None):
        """Weights (streams, n_neurons, channels)."""
        weights = torch.stack(chosen(self.weights, stream))
        weights = standardise(weights, (-1,), self.channels, self.eps)
        gains = torch.stack(chosen(self.gains, stream))
        return (weights * gains[..., None]).flatten(2)


class PositionFeature(Block):
    """Log-rate of each neuron: the core at one point, weighted over channels."""

    def __init__(
        self,
        n_neurons,
        channels,
        *,
        streams=1,
        feature="vanilla",
        groups=1,
        bound="tanh",
        init_std=0.4,
    ):
        super().__init__()
        self.position = Gaussian(n_neurons, init_std)
        if feature == "vanilla":
            self.feature = Vanilla(n_neurons, channels, streams)
        else:
            self.feature = Norm(n_neurons, channels, streams, groups)
        self.biases = nn.ParameterList(
            torch.zeros(n_neurons, 1) for _ in range(streams)
        )
        self.bound = bound

    def options(self):
        """Scale, weight decay and norm axes of each parameter, for the optimizer."""
        return {"biases": (float(len(self.biases[0])), False, (0,))}

    def bounded(self, position):
        """Points in (-1, 1), left to right and top to bottom; in (0, 1) of sigmoid."""
        return position.tanh() if self.bound == "tanh" else position.sigmoid()

    def bind(self, stream=None, batch=1):
        """Return a function of core maps; without gradients it reads in blocks.

        Parameters
        ----------
        stream : int or None
            One stream, or all.
        batch : int
            Number of sequences.

        Returns
        -------
        callable
            Of core (time * batch, streams * channels, height, width); returns log-rates
            (time * batch, streams, n_neurons).
        """
        points = self.bounded(self.position.points(batch))
        weight = self.feature.features(stream)  # (streams, n_neurons, channels)
        bias = torch.stack([b[:, 0] for b in chosen(self.biases, stream)])

        blocks = None
        if len(points) == 1 and points.device.type == "cpu":
            blocks = [
                (slice(k, k + _BLOCK), weight[:, k : k + _BLOCK].transpose(0, 1))
                for k in range(0, weight.shape[1], _BLOCK)
            ]

        def run(core):
            if blocks is not None and not torch.is_grad_enabled():
                core = core.to(weight.dtype)
                return _read_in_blocks(core, points[0], blocks, len(weight)) + bias
            grid = points.repeat(len(core) // len(points), 1, 1)[:, None]
            at = F.grid_sample(core, grid, padding_mode="border", align_corners=False)[
                :, :, 0
            ].unflatten(1, (len(weight), -1))
            return torch.einsum("nscu,suc->nsu", at, weight) + bias

        return run


def _read_in_blocks(core, points, blocks, n_streams):
    """Read log-rates, less their bias, block by block of neurons.

    Parameters
    ----------
    core : Tensor of shape (n, streams * channels, height, width)
        Maps.
    points : Tensor of shape (n_neurons, 2)
        Where neurons read.
    blocks : list of (slice, Tensor of shape (n_block, streams, channels))
        Neurons and their weights.
    n_streams : int
        Number of streams.

    Returns
    -------
    Tensor of shape (n, streams, n_neurons)
        What `grid_sample` and a product would give.
    """
    height, width = core.shape[-2:]
    table = core.flatten(2).transpose(1, 2).contiguous()  # (n, pixels, channels)
    pixels, shares = _corners(points, height, width)
    found = core.new_empty(len(core), len(points), n_streams)
    for block, weight in blocks:
        for frame, out in zip(table, found, strict=True):
            seen = F.embedding_bag(
                pixels[block], frame, mode="sum", per_sample_weights=shares[block]
            )
            out[block] = seen.unflatten(1, (n_streams, -1)).mul_(weight).sum(-1)
    return found.transpose(1, 2)


def _corners(points, height, width):
    """Four pixels around each point, and their shares; edges are repeated."""
    x, y = ((points.T + 1) * points.new_tensor([[width], [height]]) - 1) / 2
    x, y = x.clamp(0, width - 1), y.clamp(0, height - 1)
    left, top = x.floor().long(), y.floor().long()
    right, bottom = (left + 1).clamp_max(width - 1), (top + 1).clamp_max(height - 1)
    dx, dy = x - left, y - top
    pixels = [top * width + left, top * width + right]
    pixels += [bottom * width + left, bottom * width + right]
    shares = [(1 - dy) * (1 - dx), (1 - dy) * dx, dy * (1 - dx), dy * dx]
    return torch.stack(pixels, 1), torch.stack(shares, 1)
