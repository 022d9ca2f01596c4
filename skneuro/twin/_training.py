"""Training: the optimizer with adaptive clipping, and its learning rate."""

import math

import torch
from torch.optim import Optimizer


def parameter_options(network):
    """Scale, weight decay and norm axes of every parameter.

    Parameters
    ----------
    network : nn.Module
        Whose modules may have ``options()``.

    Returns
    -------
    dict of str to tuple
        From the name of a parameter to (scale, whether it decays, axes of its norm or
        None for all).
    """
    found = {}
    for prefix, module in network.named_modules():
        if not hasattr(module, "options"):
            continue
        for attribute, options in module.options().items():
            value = getattr(module, attribute)
            name = f"{prefix}.{attribute}" if prefix else attribute
            if isinstance(value, torch.nn.Parameter):
                found[name] = options
            elif value is not None:
                found |= {f"{name}.{i}": options for i in range(len(value))}
    return found


def parameter_groups(network):
    """Group the parameters that are trained by their options, for `SgdClip`."""
    options, groups = parameter_options(network), {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault(options[name], []).append(parameter)
    return [
        {"params": members, "scale": scale, "decays": decays, "norm_dim": norm_dim}
        for (scale, decays, norm_dim), members in groups.items()
    ]


class SgdClip(Optimizer):
    """Descend gradients that are clipped in proportion to each parameter.

    Gradients are scaled, then clipped to ``clip`` times the norm of their parameter
    (at least ``eps * sqrt(numel)``), norms being taken over ``norm_dim``; then come
    Nesterov momentum and decoupled weight decay. Parameters without gradient are left
    alone altogether. Groups may hold ``scale`` (1), ``decays`` (True) and ``norm_dim``
    (None, the whole parameter). Adaptive clipping is that of [1]_.

    Parameters
    ----------
    params : iterable of Parameter or of dict
        What to optimise, such as `parameter_groups` gives.
    lr : float, default=0.1
        Learning rate, dimensionless.
    momentum : float, default=0.0
        Momentum, dimensionless.
    nesterov : bool, default=False
        Whether momentum looks ahead.
    weight_decay : float, default=0.0
        Fraction of a parameter that is taken off, times the learning rate.
    clip : float, default=inf
        Largest norm of a gradient over that of its parameter.
    eps : float, default=0.001
        Smallest root mean square that counts for the norm of a parameter.

    References
    ----------
    .. [1] A. Brock et al. (2021), High-Performance Large-Scale Image Recognition
       Without Normalization, :doi:`10.48550/arXiv.2102.06171`

    Examples
    --------
    >>> import torch
    >>> from skneuro.twin import SgdClip
    >>> weight = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
    >>> optimizer = SgdClip([weight], lr=1.0, clip=0.1)
    >>> weight.grad = torch.tensor([30.0, 40.0])
    >>> optimizer.step()  # the gradient is cut to a tenth of the weight's norm
    >>> weight.detach()
    tensor([2.7000, 3.6000])
    """

    def __init__(
        self,
        params,
        lr=0.1,
        *,
        momentum=0.0,
        nesterov=False,
        weight_decay=0.0,
        clip=math.inf,
        eps=1e-3,
    ):
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "nesterov": nesterov,
            "weight_decay": weight_decay,
            "clip": clip,
            "eps": eps,
            "scale": 1.0,
            "decays": True,
            "norm_dim": None,
        }
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure=None):
        """Update the parameters once.

        Parameters
        ----------
        closure : callable, default=None
            Computes the loss and its gradients anew.

        Returns
        -------
        Tensor or None
            What ``closure`` returned.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, group)
        return loss

    def _update(self, parameter, group):
        d = parameter.grad * group["scale"]
        if group["clip"] < math.inf:
            dims = group["norm_dim"]
            least = group["eps"] * math.sqrt(parameter.numel())
            cap = group["clip"] * _norm(parameter, dims)
            cap = cap.clamp_min(least)
            d = d * (cap / torch.maximum(_norm(d, dims), cap))
        if momentum := group["momentum"]:
            state = self.state[parameter]
            if "momentum" in state:
                state["momentum"].mul_(momentum).add_(d)
            else:
                state["momentum"] = d.clone()
            m = state["momentum"]
            d = d + momentum * m if group["nesterov"] else m
        if group["weight_decay"] and group["decays"]:
            d = d + group["weight_decay"] * parameter
        parameter.sub_(d, alpha=group["lr"])


def _norm(x, dims):
    return torch.linalg.vector_norm(x, dim=dims, keepdim=True)


def cosine_rate(epoch, *, cycle_size=100, warmup=0, cycle=0, warmup_cycles=0):
    """Learning rate of an epoch in a cosine cycle, relative to its start.

    Parameters
    ----------
    epoch : int
        Epoch in the cycle, from 0.
    cycle_size : int, default=100
        Epochs of a cycle.
    warmup : int, default=0
        First epochs, in which the rate grows linearly.
    cycle : int, default=0
        Number of the cycle, from 0.
    warmup_cycles : int, default=0
        Cycles that begin with a warm-up.

    Returns
    -------
    float
        Between 0 and 1.

    Examples
    --------
    >>> from skneuro.twin import cosine_rate
    >>> [round(cosine_rate(e, cycle_size=4), 3) for e in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    """
    if cycle < warmup_cycles and warmup:
        if epoch < warmup:
            return (epoch + 0.5) / warmup
        epoch, cycle_size = epoch - warmup, cycle_size - warmup
    return (1 + math.cos(math.pi * epoch / cycle_size)) / 2
