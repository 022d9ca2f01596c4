"""The recurrence over a whole sequence as one differentiable function.

Everything that does not depend on the recurrent state is done outside, for all steps at
once; here remain the products that must follow each other, and in the backward pass one
product over all steps for the gradient of the recurrent weights.
"""

import torch
from torch.autograd.function import once_differentiable


def _power(v, out=None):
    return torch.square(torch.relu(v), out=out)


def _retanh(v, out=None):
    return torch.tanh(torch.relu(v), out=out)


def _linear(v, out=None):
    return v.clone() if out is None else out.copy_(v)


def _relu(v, out=None):
    return torch.relu(v) if out is None else torch.clamp_min(v, 0.0, out=out)


def _softplus(v, out=None):
    return torch.logaddexp(v, torch.zeros((), dtype=v.dtype, device=v.device), out=out)


# name: (rate of a state, derivative at that state)
ACTIVATIONS = {
    "relu": (_relu, lambda v: (v > 0).to(v.dtype)),
    "tanh": (torch.tanh, lambda v: 1 - torch.tanh(v).square_()),
    "sigmoid": (
        torch.sigmoid,
        lambda v: torch.sigmoid(v) * torch.sigmoid(-v),
    ),
    "retanh": (_retanh, lambda v: (v > 0) * (1 - torch.tanh(v).square_())),
    "linear": (_linear, torch.ones_like),
    "power": (_power, lambda v: 2 * torch.relu(v)),
    "softplus": (_softplus, torch.sigmoid),
}


def activate(activation, v):
    """Return rates for states.

    Parameters
    ----------
    activation : str or callable
        Name in ``ACTIVATIONS``, or an element-wise function of tensors.
    v : Tensor
        States.

    Returns
    -------
    Tensor
        Rates, of the same shape.
    """
    return (ACTIVATIONS[activation][0] if isinstance(activation, str) else activation)(
        v
    )


class _LeakyScan(torch.autograd.Function):
    """Steps ``v = decay * v + weight @ r + drive`` and ``r = f(v) + noise``."""

    @staticmethod
    def forward(ctx, drive, weight, decay, v0, r0, noise, readout, activation, tap):
        function = ACTIVATIONS[activation][0]
        n_times = len(drive)
        states = drive  # each step's drive is replaced by its state
        rates = drive.new_empty((n_times + 1, *drive.shape[1:]))
        rates[0] = r0
        v = v0.contiguous()
        initial = v
        transposed = weight.t().contiguous()  # a strided operand is five times slower
        row, kicks = rates.unbind(0), None if noise is None else noise.unbind(0)
        for t, state in enumerate(states.unbind(0)):
            state.addcmul_(v, decay).addmm_(row[t], transposed)
            rate = function(state, out=row[t + 1])
            if kicks is not None:
                rate.add_(kicks[t])
            v = state
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(states, rates, weight, decay, initial, readout)
        ctx.activation, ctx.tap = activation, tap
        outputs = None if readout is None else rates[1:] @ readout.t()
        return rates[1:], v.clone(), outputs

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_rates, grad_last, grad_outputs):
        states, rates, weight, decay, initial, readout = ctx.saved_tensors
        # what reaches the rates from outside becomes what reaches the states, in place
        if grad_outputs is not None:
            delta = grad_outputs @ readout
            if grad_rates is not None:
                delta += grad_rates
        elif grad_rates is not None:
            delta = grad_rates.clone(memory_format=torch.contiguous_format)
        else:
            delta = torch.zeros_like(states)
        if ctx.activation == "relu":  # one pass over each step, without its own array
            slopes = states.unbind(0)
        else:
            slopes = ACTIVATIONS[ctx.activation][1](states).unbind(0)
        rows = delta.unbind(0)
        weight = weight.contiguous()
        later = None
        for t in range(len(states) - 1, -1, -1):
            row = rows[t]
            if later is not None:
                row.addmm_(later, weight)
            if ctx.activation == "relu":
                torch.ops.aten.threshold_backward.grad_input(
                    row, slopes[t], 0.0, grad_input=row
                )
            else:
                row.mul_(slopes[t])
            if later is not None:
                row.addcmul_(later, decay)
            elif grad_last is not None:
                row.add_(grad_last)
            later = row
        if ctx.tap is not None:
            ctx.tap.append((states, delta))
        grad_readout = None
        if grad_outputs is not None and ctx.needs_input_grad[6]:
            n_outputs, n_units = readout.shape
            flat = grad_outputs.reshape(-1, n_outputs)
            grad_readout = flat.t() @ rates[1:].reshape(-1, n_units)
        sums = _sums_over_time(ctx, delta, states, rates, initial)
        return (delta, *sums, grad_readout, None, None)


def _sums_over_time(ctx, delta, states, rates, initial):
    """Gradients of weight, decay, start and noise from those of all states."""
    weight, decay = ctx.saved_tensors[2:4]
    _, needs_weight, needs_decay, needs_v0, needs_r0, needs_noise = (
        ctx.needs_input_grad[:6]
    )
    if needs_noise:
        raise NotImplementedError("noise has no gradient; detach it")
    grad_weight = grad_decay = grad_v0 = grad_r0 = None
    n_units = delta.shape[-1]
    if needs_weight:
        grad_weight = delta.reshape(-1, n_units).t() @ rates[:-1].reshape(-1, n_units)
    if needs_decay:
        grad_decay = (delta[0] * initial).sum(0)
        if len(delta) > 1:
            grad_decay += torch.einsum("tbn,tbn->n", delta[1:], states[:-1])
    if needs_v0:
        grad_v0 = delta[0] * decay
    if needs_r0:
        grad_r0 = delta[0] @ weight
    return grad_weight, grad_decay, grad_v0, grad_r0, None


def _plain_scan(drive, weight, decay, v0, r0, noise, activation):
    """Do the same by autograd, for activations whose derivative is not known."""
    rates, v, r = [], v0, r0
    for t, step in enumerate(drive.unbind(0)):
        v = v * decay + step + r @ weight.t()
        r = activate(activation, v)
        if noise is not None:
            r = r + noise[t]
        rates.append(r)
    return torch.stack(rates), v


def leaky_scan(
    drive, weight, decay, v0, r0, *, activation, noise=None, readout=None, tap=None
):
    """Run leaky units over a sequence.

    Parameters
    ----------
    drive : Tensor of shape (n_times, n_samples, n_units)
        All that is added to the states but the recurrent input. It is overwritten, so
        nothing else may need it: pass what an affine map has just returned.
    weight : Tensor of shape (n_units, n_units)
        Recurrent weights, from columns to rows, times the integration factor of rows.
    decay : Tensor of shape (n_units,)
        What remains of a state after one step.
    v0, r0 : Tensor of shape (n_samples, n_units)
        States and rates before the first step.
    activation : str or callable
        Rates as a function of states.
    noise : Tensor of shape (n_times, n_samples, n_units), default=None
        Added to the rates; no gradient.
    readout : Tensor of shape (n_outputs, n_units), default=None
        Weights of linear outputs.
    tap : list, default=None
        Receives, in the backward pass, the states and the gradients with respect to
        them, both of shape (n_times, n_samples, n_units).

    Returns
    -------
    rates : Tensor of shape (n_times, n_samples, n_units)
        Rates after each step.
    v : Tensor of shape (n_samples, n_units)
        States after the last step.
    outputs : Tensor of shape (n_times, n_samples, n_outputs) or None
        Outputs after each step.
    """
    if isinstance(activation, str):
        return _LeakyScan.apply(
            drive.contiguous(), weight, decay, v0, r0, noise, readout, activation, tap
        )
    if tap is not None:
        raise ValueError(
            "penalties['omega'] needs the derivative of the activation; got a "
            f"callable, expected one of {sorted(ACTIVATIONS)}. Choose one, or leave "
            "omega out."
        )
    rates, v = _plain_scan(drive, weight, decay, v0, r0, noise, activation)
    return rates, v, None if readout is None else rates @ readout.t()
