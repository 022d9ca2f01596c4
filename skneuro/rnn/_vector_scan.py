"""Whole sequences on the processor, each thread with some of the trials."""

from itertools import pairwise

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from skneuro.rnn._scan import ARGUMENTS, LINE, asked_gradients
from skneuro.rnn._vector_steps import ACTIVATIONS, TILE, advance, panels_of, retreat
from skneuro.utils._team import share

# Products that are worth a thread: half a millisecond.
_WORTH = 2**25
# Numbers in a block of gradients, which stay in the cache: 0.5 MB in float32.
BLOCK = 2**17


class VectorScan(torch.autograd.Function):
    """Do what `LeakyScan` does, with the same arguments, in explicit vectors."""

    @staticmethod
    def forward(ctx, *arguments):
        (inputs, input_weight, bias, weight, decay, v0, r0) = arguments[:7]
        push, noise, readout, activation, tap = arguments[7:]
        n_times, n_samples, n_inputs = inputs.shape
        n_units = len(weight)
        width = -(-(n_units + n_inputs + 1) // LINE) * LINE
        currents = torch.cat([weight.t(), input_weight.t(), bias[None]])
        rows = weight.new_empty((n_times + 1, n_samples, width))
        rows[0, :, :n_units] = r0
        last = v0.clone(memory_format=torch.contiguous_format)
        keeps = tap is not None or noise is not None or ctx.needs_input_grad[4]
        kept = weight.new_empty((n_times if keeps else 0, n_samples, n_units))
        arguments = (
            ACTIVATIONS.index(activation),
            rows.numpy(),
            inputs.detach().numpy(),
            panels_of(currents.detach().numpy()),
            *(_as_array(x) for x in (decay, last)),
            *(_array_or_none(x, kept) for x in (push, noise)),
            kept.numpy(),
        )
        parts = _parts(n_samples, n_times * width * n_units)
        share(advance, [(*part, *arguments) for part in parts])
        rates, outputs = rows[1:, :, :n_units], None
        if readout is not None:
            # a contiguous one is three times slower
            outputs = torch.mm(rates.reshape(-1, n_units), readout.t())
            outputs = outputs.view(n_times, n_samples, -1)
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(rows, kept, input_weight, weight, decay, v0, readout)
        ctx.activation = activation
        ctx.noisy, ctx.tap = noise is not None, tap
        return rates, last, outputs

    @staticmethod
    @once_differentiable
    def backward(ctx, grad_rates, grad_last, grad_outputs):
        rows, kept, input_weight, weight, decay, v0, readout = ctx.saved_tensors
        needs = asked_gradients(ctx)
        (n_units, n_inputs), n_samples = input_weight.shape, len(v0)
        n_times, width = len(rows) - 1, rows.shape[2]
        n_outputs = 0 if grad_outputs is None else len(readout)
        asked = slice(n_units, n_units + n_outputs)
        back = weight if n_outputs == 0 else torch.cat([weight, readout])
        whole = ctx.tap is not None or needs["push"] or needs["inputs"]
        deltas = rows.new_empty((n_times if whole else 1, n_samples, n_units))
        parts = _parts(n_samples, n_times * width * n_units)
        n_sums = -(-len(back) // TILE) * TILE
        of_all = rows.new_zeros((len(parts), n_sums, width))
        of_decay = rows.new_zeros((len(parts), n_units if needs["decay"] else 0))
        arguments = (
            ACTIVATIONS.index(ctx.activation),
            max(1, BLOCK // (len(back) * (parts[0][1] - parts[0][0]))),
            rows.numpy(),
            panels_of(back.detach().numpy()),
            _as_array(decay),
            _array_or_none(grad_rates, kept),
            _array_or_none(grad_last, v0),
            _array_or_none(grad_outputs, kept),
            _as_array(v0),
            ctx.noisy,
            kept.numpy(),
            deltas.numpy(),
        )
        sums = zip(parts, of_all.numpy(), of_decay.numpy(), strict=True)
        share(retreat, [(*part, *arguments, *of) for part, *of in sums])
        of_all, first = of_all.sum(0), deltas[0]
        found = dict.fromkeys(ARGUMENTS)
        found["weight"] = of_all[:n_units, :n_units]
        found["input_weight"] = of_all[:n_units, n_units : n_units + n_inputs]
        found["bias"] = of_all[:n_units, n_units + n_inputs]
        if n_outputs:
            found["readout"] = of_all[asked, :n_units].addmm_(
                grad_outputs[-1].t(), rows[-1, :, :n_units]
            )
        if needs["inputs"]:
            found["inputs"] = deltas @ input_weight
        if needs["decay"]:
            found["decay"] = of_decay.sum(0)
        if needs["v0"]:
            found["v0"] = first * decay
        if needs["r0"]:
            found["r0"] = first @ weight
        if needs["push"]:
            found["push"] = deltas
        if ctx.tap is not None:
            ctx.tap.append((kept, deltas))
        return tuple(found.values())


def _as_array(tensor):
    """View a tensor as a C-contiguous array."""
    return tensor.detach().contiguous().numpy()


def _array_or_none(tensor, like):
    """View a tensor as an array; none becomes an empty one of as many axes."""
    if tensor is None:
        return np.empty((0, *like.shape[1:]), like.detach().numpy().dtype)
    return _as_array(tensor)


def _parts(n_samples, n_products):
    """Return the trials of each thread, given the products per trial."""
    worth = n_samples * n_products // _WORTH
    n = max(1, min(torch.get_num_threads(), -(-n_samples // TILE), worth))
    edges = [k * n_samples // n for k in range(n + 1)]
    return list(pairwise(edges))
