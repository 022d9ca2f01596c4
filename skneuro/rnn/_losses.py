"""What training minimises: masked errors of predictions plus weighted penalties."""

import torch
from torch import nn

from skneuro.rnn._penalties import resolve_penalties


class PredictionLoss(nn.Module):
    """Masked error of the outputs plus weighted penalties.

    Parameters
    ----------
    loss : {"mse", "cross_entropy"}, default="mse"
        Squared error, or cross-entropy of the softmax over outputs.
    penalties : dict, default=None
        See `resolve_penalties`.
    """

    def __init__(self, loss="mse", penalties=None):
        super().__init__()
        self.loss = loss
        self.penalties = resolve_penalties(penalties)

    def forward(self, y_pred, y_true, network=None):
        """Return the loss.

        Parameters
        ----------
        y_pred : tuple of Tensor
            What `CTRNN` returns.
        y_true : Tensor of shape (n_samples, n_outputs + n_masks, n_times)
            Targets, then the weights of each output or of all at each step.
        network : CTRNN, default=None
            For penalties on weights.

        Returns
        -------
        Tensor
            Loss.
        """
        outputs, rates = y_pred[:2]
        n_outputs = outputs.shape[1]
        total = prediction_loss(
            self.loss, outputs, y_true[:, :n_outputs], y_true[:, n_outputs:]
        )
        for _, penalty, weight in self.penalties:
            total = total + weight * penalty(rates, network)
        return total


def prediction_loss(loss, outputs, target, mask=None):
    """Weighted mean error of outputs.

    Parameters
    ----------
    loss : {"mse", "cross_entropy"}
        Squared error, or cross-entropy of the softmax over outputs.
    outputs, target : Tensor of shape (n_samples, n_outputs, n_times)
        What is predicted, and what is wanted; probabilities for the cross-entropy.
    mask : Tensor of shape (n_samples, n_outputs or 1, n_times), default=None
        Weight of each output at each step; None weighs all the same.

    Returns
    -------
    Tensor
        Sum of weighted errors over the sum of weights.
    """
    if loss == "mse":
        errors = (outputs - target).square()
    else:
        errors = -target * torch.log_softmax(outputs, dim=1)
        errors = errors.sum(dim=1, keepdim=True)
    if mask is None:
        return errors.mean()
    if errors.shape[1] < mask.shape[1]:
        mask = mask.amax(dim=1, keepdim=True)
    mask = mask.expand_as(errors)
    return (errors * mask).sum() / mask.sum().clamp_min(torch.finfo(mask.dtype).tiny)
