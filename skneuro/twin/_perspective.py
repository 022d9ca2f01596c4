"""Perspective: what the eye sees of the monitor, by tracing rays to the retina."""

import itertools
import math

import torch
from torch import nn
from torch.nn import functional as F

from skneuro.twin._blocks import Block, Linear, Mlp, masked, nonlinearity

_EPS = 1e-5


def rotation(angles):
    """Rotation matrices Rz Ry Rx of right-handed angles in radians.

    Parameters
    ----------
    angles : Tensor of shape (..., 3)
        Angles around x, y and z.

    Returns
    -------
    Tensor of shape (..., 3, 3)
        Matrices.
    """
    (cx, cy, cz), (sx, sy, sz) = angles.cos().unbind(-1), angles.sin().unbind(-1)
    rows = [
        [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
        [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
        [-sy, cy * sx, cy * cx],
    ]
    return torch.stack([torch.stack(row, -1) for row in rows], -2)


def image_grid(height, width):
    """Coordinates of pixel centres; the half-width of the image is one.

    Both axes carry the factor of the horizontal one, as the released network does.

    Parameters
    ----------
    height, width : int
        Size of the image, in pixels.

    Returns
    -------
    x, y : Tensor of shape (height, width)
        x grows to the right, y down.
    """
    shrink = (width - 1) / width
    x = torch.linspace(-1, 1, width) * shrink
    y = torch.linspace(-1, 1, height) * (height / width) * shrink
    y, x = torch.meshgrid(y, x, indexing="ij")
    return x, y


def sample(images, x, y, size, *, mode="zeros", constant=0.0):
    """Sample images at points in units of half their width.

    Parameters
    ----------
    images : Tensor of shape (n, channels, height, width)
        What to sample.
    x, y : Tensor of shape (n, size[0], size[1])
        Where.
    size : tuple of int
        Height and width of the output; the vertical factor depends on it, as in the
        released network.
    mode : {"zeros", "border", "constant"}
        What lies beyond the edges.
    constant : float
        Value beyond the edges where ``mode="constant"``.
    """
    (height, width), (h, w) = images.shape[-2:], size
    u = x * (width / (width - 1) * (w - 1) / w)
    v = y * ((width / height) * (width / (width - 1)) * (h - 1) / h)
    if mode == "constant":
        return constant + sample(images - constant, x, y, size)
    return F.grid_sample(
        images,
        torch.stack([u, v], -1),
        mode="bilinear",
        padding_mode=mode,
        align_corners=False,
    )


class Plane(Block):
    """Flat monitor: centre, angle, and how much both are jittered in training."""

    def __init__(self, center=(0.0, 0.0, 0.5), center_std=0.05, angle_std=0.05):
        super().__init__()
        self.center = nn.Parameter(torch.tensor(center))
        self.angle = nn.Parameter(torch.zeros(3))
        self.center_std = nn.Parameter(torch.full((3,), center_std))
        self.angle_std = nn.Parameter(torch.full((3,), angle_std))

    def options(self):
        """Scale, weight decay and norm axes of each parameter, for the optimizer."""
        names = ("center", "angle", "center_std", "angle_std")
        return dict.fromkeys(names, (1.0, False, None))

    def pose(self, batch=1):
        """Return centre (n, 3) and axes (n, 3, 3) in columns; jittered in training."""
        center, angle = self.center[None], self.angle[None]
        if self.noisy:
            noise = torch.randn(2, batch, 3, device=center.device, dtype=center.dtype)
            center = center + self.center_std * noise[0]
            angle = angle + self.angle_std * noise[1]
        return center, rotation(angle)


class StaticPower(nn.Module):
    """Intensity of a pixel: a fixed power."""

    def __init__(self, power=1.0, scale=1.0, offset=0.0):
        super().__init__()
        self.register_buffer("power", torch.tensor(float(power)))
        self.register_buffer("scale", torch.tensor(float(scale)))
        self.register_buffer("offset", torch.tensor(float(offset)))

    def forward(self, pixel):
        """Map pixels in [0, 1] to intensities."""
        return pixel**self.power * self.scale + self.offset

    def inverse(self, intensity):
        """Map intensities back to pixels."""
        return ((intensity - self.offset) / self.scale) ** (1 / self.power)


class SigmoidPower(Block):
    """Response of a photoreceptor: a learned power below ``max_power``."""

    def __init__(self, max_power=1.0, scale=1.0, offset=0.0):
        super().__init__()
        self.logit = nn.Parameter(torch.zeros(1))
        self.scale = nn.Parameter(torch.full((1,), float(scale)))
        self.offset = nn.Parameter(torch.full((1,), float(offset)))
        self.max_power = max_power

    def options(self):
        """Scale, weight decay and norm axes of each parameter, for the optimizer."""
        return dict.fromkeys(("logit", "scale", "offset"), (1.0, False, None))

    def forward(self, intensity):
        """Map intensities to responses."""
        power = self.max_power * self.logit.sigmoid()
        return (intensity + _EPS) ** power * self.scale + self.offset

    def inverse(self, response):
        """Map responses back to intensities."""
        power = self.max_power * self.logit.sigmoid()
        return ((response - self.offset) / self.scale) ** (1 / power) - _EPS


class Raw(nn.Module):
    """Pixels as they are."""

    def forward(self, pixel):
        """Return what came."""
        return pixel

    def inverse(self, pixel):
        """Return what came."""
        return pixel


class Angular(nn.Module):
    """Retina on which distance from the centre is the angle of a ray."""

    def __init__(self, height, width, degrees=75.0):
        super().__init__()
        self.radians = math.radians(degrees)
        x, y = image_grid(height, width)
        rho = ((x**2 + y**2).sqrt() * self.radians).clamp(0, math.pi / 2)
        theta = torch.atan2(y, x)
        ray = [rho.sin() * theta.cos(), rho.sin() * theta.sin(), rho.cos()]
        self.register_buffer("grid", torch.stack(ray, -1))

    def project(self, rays):
        """Coordinates x and y on the retina of unit rays (..., 3)."""
        rho = rays[..., 2].clamp(-1, 1).arccos() / self.radians
        theta = torch.atan2(rays[..., 1], rays[..., 0])
        return rho * theta.cos(), rho * theta.sin()


class _Perspective(Block):
    """Monitor, retina and the ray tracing between them; subclasses move the eye."""

    def __init__(self, size, degrees, monitor, monitor_pixel, retina_pixel):
        super().__init__()
        self.monitor = monitor
        self.monitor_pixel = monitor_pixel
        self.retina = Angular(*size, degrees)
        self.retina_pixel = retina_pixel
        self.size = tuple(size)

    def bind(self, batch=1):
        """Return functions of the data, with parameters computed and noise drawn.

        Parameters
        ----------
        batch : int
            Number of sequences.

        Returns
        -------
        callable
            Of stimulus (time * batch, 1, height, width) in [0, 1], gaze (time * batch,
            2) or None and periphery; returns retinal images (time * batch, 1, *size).
        """
        angles = self.bind_eye(batch)
        center, axes = self.monitor.pose(batch)

        def run(stimulus, gaze=None, periphery="dark"):
            mode = {"dark": "zeros", "extend": "border"}[periphery]
            intensity = self.monitor_pixel(stimulus)
            still = gaze is None and len(center) == 1
            if gaze is None:
                gaze = stimulus.new_zeros(len(center), 2)
            x, y = self.trace(angles(gaze), center, axes)
            if still:  # one geometry for all frames
                intensity = sample(
                    intensity.transpose(0, 1), x, y, self.size, mode=mode
                ).transpose(0, 1)
            else:
                n = len(intensity) // len(x)
                x, y = x.repeat(n, 1, 1), y.repeat(n, 1, 1)
                intensity = sample(intensity, x, y, self.size, mode=mode)
            return self.retina_pixel(intensity)

        return run

    def trace(self, angles, center, axes):
        """Where the rays of the retina meet the monitor, in units of its half-width."""
        n = max(len(angles), len(center))
        center = center.repeat(n // len(center), 1)
        axes = axes.repeat(n // len(axes), 1, 1)
        turn = axes.mT @ rotation(angles)  # eye to monitor
        rays = torch.einsum("nij,hwj->nihw", turn, self.retina.grid)
        center = torch.einsum("nji,nj->ni", axes, center)[..., None, None]
        scale = center[:, 2] / rays[:, 2].clamp_min(_EPS)
        return rays[:, 0] * scale - center[:, 0], rays[:, 1] * scale - center[:, 1]

    def to_monitor(self, images, gaze=None, *, size=(144, 256), constant=None):
        """Show what a retinal image looks like on the monitor.

        Parameters
        ----------
        images : Tensor of shape (n, channels, *self.size)
            Retinal images, as the network sees them.
        gaze : Tensor of shape (n, 2) or None
            Where the eye looks.
        size : tuple of int
            Height and width of the monitor image.

        Returns
        -------
        Tensor of shape (n, channels, *size)
            Pixels.
        """
        if gaze is None:
            gaze = images.new_zeros(1, 2)
        center, axes = self.monitor.center[None], rotation(self.monitor.angle[None])
        n = max(len(images), len(gaze))
        images = images.expand(n, *images.shape[1:])
        x, y = image_grid(*size)
        x, y = x.to(images.device), y.to(images.device)
        X, Y = axes[0, :, 0], axes[0, :, 1]
        rays = center[0] + x[..., None] * X + y[..., None] * Y
        rays = rays / rays.norm(dim=-1, keepdim=True)
        rays = torch.einsum("nji,hwj->nhwi", rotation(self.bind_eye(1)(gaze)), rays)
        x, y = (part.expand(n, *size) for part in self.retina.project(rays))
        intensity = sample(self.retina_pixel.inverse(images), x, y, size)
        return self.monitor_pixel.inverse(intensity)


class MlpMonitorRetina(_Perspective):
    """Eye turned by a small network whose first layer starts at zero."""

    def __init__(
        self, *, n_gaze=2, features=(16, 16, 16), nonlinear="gelu", **geometry
    ):
        super().__init__(**geometry)
        self.mlp = Mlp((n_gaze, *features, 3), nonlinear=nonlinear, last=False)

    def bind_eye(self, batch):
        """Return the eye's angles (n, 3) as a function of gaze (n, 2)."""
        run = self.mlp.bind()
        return lambda gaze: run(gaze[:, None])[:, 0]


class MonitorRetina(_Perspective):
    """Eye turned by standardised layers whose output starts at zero."""

    def __init__(
        self, *, n_gaze=2, features=(16, 16), nonlinear="gelu", dropout=0.0, **geometry
    ):
        super().__init__(**geometry)
        sizes = (n_gaze, *features)
        self.layers = nn.ModuleList(Linear(a, b) for a, b in itertools.pairwise(sizes))
        self.out = Linear(sizes[-1], 3, gain=0.0)
        self.nonlinear, self.dropout = nonlinear, dropout

    def bind_eye(self, batch):
        """Return the eye's angles (n, 3) as a function of gaze (n, 2)."""
        layers = [layer.bind() for layer in self.layers]
        out, f = self.out.bind(), nonlinearity(self.nonlinear)
        like = self.out.weights[0]
        mask = self.dropout_mask(self.dropout, batch, like.shape[1], like)

        def run(gaze):
            x = gaze[:, None]
            for layer in layers:
                x = f(layer(x))
            return out(masked(x[:, 0], mask)[:, None])[:, 0]

        return run
