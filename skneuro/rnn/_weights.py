"""A weight matrix that obeys signs, sparsity and plasticity at every step."""

import numpy as np
import torch
from torch import nn

CONSTRAINTS = ("project", "rectify", "abs")


class ConstrainedWeight(nn.Module):
    """Hold a matrix of weights from columns (sources) to rows (targets).

    Parameters
    ----------
    weight : array-like of shape (n_targets, n_sources)
        Initial weights that obey the masks.
    sparsity_mask : array-like of shape (n_targets, n_sources), default=None
        0 where there is no connection; None connects all.
    sign_mask : array-like of shape (n_targets, n_sources), default=None
        Positive where weights are excitatory, negative where inhibitory, 0 where free.
    plasticity_mask : array-like of shape (n_targets, n_sources), default=None
        Factor of each change; 0 freezes. None is 1.
    constraint : {"project", "rectify", "abs"}, default="project"
        "project" clips weights after each step; "rectify" learns ``p`` in ``max(p, 0)``
        times the sign, "abs" in ``abs(p)`` times the sign.

    Attributes
    ----------
    raw : nn.Parameter of shape (n_targets, n_sources)
        What is learned: the weights, or ``p``.
    """

    def __init__(
        self,
        weight,
        *,
        sparsity_mask=None,
        sign_mask=None,
        plasticity_mask=None,
        constraint="project",
    ):
        super().__init__()
        self.constraint = constraint
        weight = torch.tensor(np.asarray(weight), dtype=torch.get_default_dtype())

        def buffer(name, mask, function):
            if mask is not None:
                mask = function(torch.tensor(np.asarray(mask), dtype=weight.dtype))
            self.register_buffer(name, mask)

        buffer("connected", sparsity_mask, lambda m: (m != 0).to(weight.dtype))
        buffer("sign", sign_mask, torch.sign)
        buffer("plasticity", plasticity_mask, lambda m: m)
        if self.sign is not None and constraint != "project":
            weight = torch.where(self.sign == 0, weight, weight * self.sign)
        self.raw = nn.Parameter(weight)
        if self.plasticity is not None and not self.plasticity.any():
            self.raw.requires_grad_(False)  # frozen as a whole
        self.project_()

    @property
    def shape(self):
        """Number of targets and of sources."""
        return self.raw.shape

    def forward(self):
        """Return the weights as they act, shape (n_targets, n_sources)."""
        if self.constraint == "project" or self.sign is None:
            return self.raw  # obeys everything already
        positive = (torch.relu if self.constraint == "rectify" else torch.abs)(self.raw)
        return torch.where(self.sign == 0, self.raw, positive * self.sign)

    @torch.no_grad()
    def mask_gradient_(self):
        """Zero the gradient of absent and frozen connections."""
        if self.raw.grad is not None:
            if self.connected is not None:
                self.raw.grad.mul_(self.connected)
            if self.plasticity is not None:
                self.raw.grad.mul_(self.plasticity != 0)

    def snapshot(self):
        """Return what `restore_plasticity_` needs after a step; None if nothing."""
        if self.plasticity is None or not self.raw.requires_grad:
            return None
        return self.raw.detach().clone()

    @torch.no_grad()
    def restore_plasticity_(self, before):
        """Scale the change since ``before`` by the plasticity of each connection."""
        if before is not None:
            changed = torch.lerp(before, self.raw, self.plasticity)
            changed = torch.where(self.plasticity == 1, self.raw, changed)
            self.raw.copy_(torch.where(self.plasticity == 0, before, changed))

    @torch.no_grad()
    def project_(self):
        """Move the weights to the nearest ones that obey signs and sparsity."""
        if self.connected is not None:
            self.raw.masked_fill_(self.connected == 0, 0.0)
        if self.sign is not None and self.constraint == "project":
            wrong = self.raw * self.sign < 0
            self.raw.masked_fill_(wrong, 0.0)
