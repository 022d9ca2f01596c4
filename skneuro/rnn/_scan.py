"""The recurrence over a whole sequence as one differentiable function.

Rates, inputs and a one for the bias stand side by side in one row per step and trial,
so that one product makes all currents of a step. Backwards, steps go in blocks that fit
the cache, and one product per block makes the gradients of all weights. `VectorScan`
does this in compiled code where it can, `LeakyScan` by operations of torch elsewhere.
"""

import torch
from torch.autograd.function import once_differentiable

# Numbers of one array in a block of steps: 1 MB in float32.
BLOCK = 2**18
# Rows begin where cache lines do: every 16 numbers in float32.
LINE = 16


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


# name: (rate of a state, derivative of the rate as a function of the rate itself)
ACTIVATIONS = {
    "relu": (_relu, lambda r: (r > 0).to(r.dtype)),
    "tanh": (torch.tanh, lambda r: 1 - r.square()),
    "sigmoid": (torch.sigmoid, lambda r: r * (1 - r)),
    "retanh": (_retanh, lambda r: (r > 0) * (1 - r.square())),
    "linear": (_linear, torch.ones_like),
    "power": (_power, lambda r: 2 * r.sqrt()),
    "softplus": (_softplus, lambda r: -torch.expm1(-r)),
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


ARGUMENTS = (
    "inputs",
    "input_weight",
    "bias",
    "weight",
    "decay",
    "v0",
    "r0",
    "push",
    "noise",
    "readout",
    "activation",
    "tap",
)


def asked_gradients(ctx):
    """Tell by name which arguments of a scan need a gradient.

    Parameters
    ----------
    ctx : FunctionCtx
        Of the backward pass.

    Returns
    -------
    dict of {str: bool}

    Raises
    ------
    NotImplementedError
        If the noise does, which has none.
    """
    needs = dict(zip(ARGUMENTS, ctx.needs_input_grad, strict=True))
    if needs["noise"]:
        raise NotImplementedError("noise has no gradient; detach it")
    return needs


class LeakyScan(torch.autograd.Function):
    """Steps ``v = decay * v + weight @ r + input_weight @ x + bias + push``."""

    @staticmethod
    def forward(ctx, *arguments):
        given = dict(zip(ARGUMENTS, arguments, strict=True))
        needs = dict(zip(ARGUMENTS, ctx.needs_input_grad, strict=True))
        weight, decay, v0, noise = (
            given[name] for name in ("weight", "decay", "v0", "noise")
        )
        readout, activation, tap = (
            given[name] for name in ("readout", "activation", "tap")
        )
        n_units = len(weight)
        beside, currents = _lay_out(given)
        n_times, n_samples, n_beside = beside.shape
        rows = weight.new_empty((n_times + 1, n_samples, n_units + n_beside))
        rows[0, :, :n_units] = given["r0"]
        rates = rows[1:, :, :n_units]
        kept = None  # states, where their derivatives need more than rates
        if tap is not None or noise is not None or needs["decay"]:
            kept = weight.new_empty(rates.shape)
        outputs = None
        if readout is not None:
            outputs = weight.new_empty((n_times, n_samples, len(readout)))
        shared = _common(decay)
        function = ACTIVATIONS[activation][0]
        pushes, kicks = (
            None if array is None else array.unbind(0)
            for array in (given["push"], noise)
        )
        v = v0.clone(memory_format=torch.contiguous_format)
        earlier, later = rows.unbind(0), rates.unbind(0)
        size = _block_size(rates)
        for start in range(0, n_times, size):
            stop = min(start + size, n_times)
            rows[start:stop, :, n_units:] = beside[start:stop]
            for t in range(start, stop):
                if kept is None and shared is not None:
                    v.addmm_(earlier[t], currents, beta=shared)
                else:
                    state = v if kept is None else kept[t]
                    v = torch.mul(v, decay, out=state)
                    v.addmm_(earlier[t], currents)
                if pushes is not None:
                    v.add_(pushes[t])
                function(v, out=later[t])
                if kicks is not None:
                    later[t].add_(kicks[t])
            if readout is not None:  # while the rates are in the cache
                torch.mm(
                    rates[start:stop].reshape(-1, n_units),
                    readout.t(),  # a contiguous one is six times slower
                    out=outputs[start:stop].view(-1, len(readout)),
                )
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(
            rows, kept, given["input_weight"], weight, decay, v0, readout
        )
        ctx.activation, ctx.tap, ctx.shared = activation, tap, shared
        ctx.noisy = noise is not None
        return rates, v.clone(), outputs

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_rates, grad_last, grad_outputs):
        rows, kept, input_weight, weight, decay, v0, readout = ctx.saved_tensors
        needs = asked_gradients(ctx)
        n_units, n_inputs = input_weight.shape
        after = rows[1:, :, :n_units]
        n_times, n_samples, _ = after.shape
        size = _block_size(after)
        n_outputs = 0 if grad_outputs is None else len(readout)
        width = n_units + -(-n_outputs // LINE) * LINE
        asked = slice(n_units, n_units + n_outputs)  # columns
        # Row t holds the gradients of states at step t, and beside them those of the
        # outputs before it, so that one product takes both back to the rates before it,
        # and one, with the rows of forward, makes the gradients of all weights. All
        # rows where someone asks, else those of two blocks.
        whole = ctx.tap is not None or needs["push"]
        deltas = rows.new_empty((n_times if whole else 2 * size, n_samples, width))
        deltas[:, :, n_units:] = 0.0
        back = rows.new_zeros((width, n_units))
        back[:n_units] = weight
        later = rows.new_zeros((n_samples, width))
        if n_outputs:
            back[asked] = readout
            later[:, asked] = grad_outputs[-1]
        of_all = rows.new_zeros((width, rows.shape[2]))
        found = dict.fromkeys(ARGUMENTS)
        if needs["inputs"]:
            found["inputs"] = rows.new_empty((n_times, n_samples, n_inputs))
        if needs["decay"]:
            found["decay"] = torch.zeros_like(decay)
        for i, stop in enumerate(range(n_times, 0, -size)):
            steps = slice(max(0, stop - size), stop)
            # the block before stays, since its first step is still needed
            place = steps.start if whole else i % 2 * size
            block = deltas[place : place + stop - steps.start]
            delta, rates = block[:, :, :n_units], after[steps]
            if n_outputs:
                first = steps.start == 0  # nothing was asked before the first step
                earlier = grad_outputs[0 if first else steps.start - 1 : stop - 1]
                block[first:, :, asked] = earlier
                if first:
                    block[0, :, n_units:] = 0.0
            if grad_rates is not None:
                delta.copy_(grad_rates[steps])
            if ctx.noisy:
                rates = activate(ctx.activation, kept[steps])
            added = grad_rates is not None
            _go_back(ctx, block, rates, back, decay, later, last=grad_last, added=added)
            later, grad_last = block[0], None
            of_all.addmm_(
                block.view(-1, width).t(), rows[steps].view(-1, rows.shape[2])
            )
            if needs["inputs"]:
                found["inputs"][steps] = delta @ input_weight
            if needs["decay"]:
                first = v0 if steps.start == 0 else kept[steps.start - 1]
                found["decay"] += (delta[0] * first).sum(0)
                found["decay"] += (delta[1:] * kept[steps][:-1]).sum((0, 1))
        found["weight"] = of_all[:n_units, :n_units]
        found["input_weight"] = of_all[:n_units, n_units : n_units + n_inputs]
        found["bias"] = of_all[:n_units, n_units + n_inputs]
        if n_outputs:
            found["readout"] = of_all[asked, :n_units].addmm_(
                grad_outputs[-1].t(), after[-1]
            )
        later = later[:, :n_units]
        if needs["v0"]:
            found["v0"] = later * decay
        if needs["r0"]:
            found["r0"] = later @ weight
        if needs["push"]:
            found["push"] = deltas[:, :, :n_units]
        if ctx.tap is not None:
            ctx.tap.append((kept, deltas[:, :, :n_units]))
        return tuple(found.values())


def _lay_out(given):
    """Return what stands beside rates, and the matrix that makes currents of a row.

    Row t holds, trial by trial, the rates before step t, and beside them the inputs of
    this step, a one and zeros up to the next cache line.
    """
    inputs, weight = given["inputs"], given["weight"]
    n_units, n_inputs = given["input_weight"].shape
    bias = n_units + n_inputs  # column of the one
    width = -(-(bias + 1) // LINE) * LINE
    beside = weight.new_zeros((*inputs.shape[:2], width - n_units))
    beside[:, :, :n_inputs] = inputs
    beside[:, :, n_inputs] = 1.0
    currents = weight.new_zeros((width, n_units))
    currents[:n_units] = weight.t()
    currents[n_units:bias] = given["input_weight"].t()
    currents[bias] = given["bias"]
    return beside, currents


def _block_size(rates):
    """Return how many steps of rates fit into a block."""
    return min(len(rates), max(1, BLOCK // rates[0].numel()))


def _common(values):
    """Return the number that all values are; None if they differ."""
    if values.is_cuda:
        return None  # to look would make the processor wait
    low, high = values.aminmax()
    return low.item() if low == high else None


def _go_back(ctx, block, rates, back, decay, later, *, last, added):
    """Fill the gradients of states of a block, from its last step to its first.

    ``later`` is the row after the block, ``last`` what reaches the state of its last
    step from outside; what reaches the rates is there already if ``added``.
    """
    n_units = back.shape[1]
    wide, delta = block.unbind(0), block[:, :, :n_units].unbind(0)
    slopes = ACTIVATIONS[ctx.activation][1](rates).unbind(0)
    for t in range(len(wide) - 1, -1, -1):
        row, next_delta = delta[t], later[:, :n_units]
        if added:
            row.addmm_(later, back)
        else:
            torch.mm(later, back, out=row)
        row.mul_(slopes[t])
        if ctx.shared is not None:
            row.add_(next_delta, alpha=ctx.shared)
        else:
            row.addcmul_(next_delta, decay)
        if last is not None:
            row.add_(last)
            last = None
        later = wide[t]


def _compilable(*tensors):
    """Whether compiled code can do it: one kind of numbers, on the processor."""
    kinds = {x.dtype for x in tensors}
    if len(kinds) > 1 or not kinds <= {torch.float32, torch.float64}:
        return False
    if not all(x.is_cpu for x in tensors):
        return False
    from skneuro.engine._backend import VECTORS

    return VECTORS


def _plain_scan(
    inputs, input_weight, bias, weight, decay, v0, r0, *, activation, push, noise
):
    """Do the same by autograd, for activations whose derivative is not known."""
    drive = torch.nn.functional.linear(inputs, input_weight, bias)
    if push is not None:
        drive = drive + push
    rates, v, r = [], v0, r0
    for t, step in enumerate(drive.unbind(0)):
        v = v * decay + step + r @ weight.t()
        r = activate(activation, v)
        if noise is not None:
            r = r + noise[t]
        rates.append(r)
    return torch.stack(rates), v


def leaky_scan(
    inputs,
    input_weight,
    bias,
    weight,
    decay,
    v0,
    r0,
    *,
    activation,
    push=None,
    noise=None,
    readout=None,
    tap=None,
):
    """Run leaky units over a sequence.

    Parameters
    ----------
    inputs : Tensor of shape (n_times, n_samples, n_inputs)
        What drives the units.
    input_weight : Tensor of shape (n_units, n_inputs)
        Weights of inputs, from columns to rows, times the integration factor of rows.
    bias : Tensor of shape (n_units,)
        Constant input, times the integration factor.
    weight : Tensor of shape (n_units, n_units)
        Recurrent weights, likewise.
    decay : Tensor of shape (n_units,)
        What remains of a state after one step.
    v0, r0 : Tensor of shape (n_samples, n_units)
        States and rates before the first step.
    activation : str or callable
        Rates as a function of states.
    push : Tensor of shape (n_times, n_samples, n_units), default=None
        Added to the states, such as noise.
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
    arguments = inputs, input_weight, bias, weight, decay, v0, r0
    if isinstance(activation, str):
        scan = LeakyScan
        if _compilable(*arguments):
            from skneuro.rnn._vector_scan import VectorScan as scan
        return scan.apply(*arguments, push, noise, readout, activation, tap)
    if tap is not None:
        raise ValueError(
            "penalties['omega'] needs the derivative of the activation; got a "
            f"callable, expected one of {sorted(ACTIVATIONS)}. Choose one, or leave "
            "omega out."
        )
    rates, v = _plain_scan(*arguments, activation=activation, push=push, noise=noise)
    return rates, v, None if readout is None else rates @ readout.t()
