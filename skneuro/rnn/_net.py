"""The skorch net that keeps constraints after every step."""

import numpy as np
import torch
from skorch import NeuralNet
from skorch.utils import to_tensor

from skneuro.rnn._omega import VanishingGradient
from skneuro.rnn._scan import ACTIVATIONS, activate

# Song, Yang and Wang (2016): what replaces the gradient of the recurrent weights, as a
# share of them, where the norm of the gradient is not finite or, if clipped, beyond it
DECAY_INSTEAD, LARGEST_NORM = 0.02, 1e10


class ArrayBatches:
    """Iterate over arrays in slices, which is faster than trial by trial.

    Parameters
    ----------
    dataset : skorch.dataset.Dataset or torch.utils.data.Subset
        Arrays ``X`` and ``y``.
    batch_size : int
        Number of trials per batch.
    shuffle : bool, default=False
        Whether to visit trials in a new order each time.
    """

    def __init__(self, dataset, batch_size, shuffle=False):
        self.indices = torch.arange(len(dataset))
        while isinstance(dataset, torch.utils.data.Subset):
            self.indices = torch.as_tensor(np.asarray(dataset.indices))[self.indices]
            dataset = dataset.dataset
        self.dataset = dataset
        self.batch_size = batch_size
        self.shuffle = shuffle

    def __len__(self):
        return -(-len(self.indices) // self.batch_size)

    def __iter__(self):
        order = self.indices
        if self.shuffle:
            order = order[torch.randperm(len(order))]
        for chosen in order.split(self.batch_size):
            yield self.dataset.X[chosen], self.dataset.y[chosen]


class ConstrainedNet(NeuralNet):
    """Train with constraints that hold after every step of any optimiser.

    Parameters
    ----------
    *args, **kwargs
        Arguments of ``skorch.NeuralNet``.
    gradient_clip : float, default=None
        Largest norm of the gradient of all parameters; None does not clip.
    omega : float, default=0.0
        Weight of Song's regulariser of vanishing gradients.
    """

    def __init__(self, *args, gradient_clip=None, omega=0.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.gradient_clip = gradient_clip
        self.omega = omega

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the loss of a batch; penalties see the network."""
        y_true = to_tensor(y_true, device=self.device)
        return self.criterion_(y_pred, y_true, network=self.module_)

    def train_step(self, batch, **fit_params):
        """Take a step, then restore what must not change."""
        before = self.module_.snapshot()
        step = super().train_step(batch, **fit_params)
        self.module_.enforce_(before)
        return step

    def train_step_single(self, batch, **fit_params):
        """Compute the gradients that the optimiser sees."""
        self.module_.taps = [] if self.omega else None
        step = super().train_step_single(batch, **fit_params)
        if self.omega:
            self._add_omega()
        self.module_.mask_gradients_()
        self._clip_gradients()
        return step

    def _add_omega(self):
        penalty = VanishingGradient()
        for layer, tap in zip(self.module_.layers, self.module_.taps, strict=True):
            if not layer.recurrent_weight.raw.requires_grad:
                continue
            # blocks of a network with feedback come last to first
            states = torch.cat([states for states, _ in reversed(tap)])
            delta = torch.cat([delta for _, delta in reversed(tap)])
            rates = activate(layer.activation, states)
            slopes = ACTIVATIONS[layer.activation][1](rates)
            value = penalty(
                states,
                delta,
                slopes,
                layer.recurrent_weight(),
                layer.alpha().detach(),
            )
            if value.requires_grad:
                (self.omega * value).backward()
        self.module_.taps = None

    def _clip_gradients(self):
        parameters = [p for p in self.module_.parameters() if p.grad is not None]
        gradients = [p.grad for p in parameters]
        norm = torch.nn.utils.get_total_norm(gradients)
        largest = float("inf") if self.gradient_clip is None else LARGEST_NORM
        if not (torch.isfinite(norm) and norm <= largest):
            for gradient in gradients:
                gradient.zero_()
            for layer in self.module_.layers:
                weight = layer.recurrent_weight.raw
                if weight.grad is not None:
                    weight.grad.copy_(DECAY_INSTEAD * weight.detach())
        elif self.gradient_clip is not None:
            torch.nn.utils.clip_grads_with_norm_(parameters, self.gradient_clip, norm)
