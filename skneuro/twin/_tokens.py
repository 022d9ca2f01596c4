"""Steps of the recurrent network with attention, laid out for predictions on a CPU."""

import torch
from torch.nn import functional as F

from skneuro.twin._blocks import tanh


def bind_tokens(net, stream, batch):
    """Return all steps as a function, or None where there is nothing to gain.

    The same as the steps of `CvtLstm`, but channels of a pixel lie side by side, so
    that pixels are the tokens of attention as they are.

    Parameters
    ----------
    net : CvtLstm
        Whose parameters.
    stream : int or None
        One stream; None where there is one alone.
    batch : int
        Number of sequences.

    Returns
    -------
    callable or None
        Of drive (time * batch, channels, y, x) and state (h, c); returns the core and
        the new state.
    """
    like = net.out.weights[0]
    lstm = net.attends and net.n_states == 2
    plain = not (torch.is_grad_enabled() or torch.is_autocast_enabled(like.device.type))
    noisy = net.noisy and net.dropout > 0
    if not (lstm and plain and like.device.type == "cpu" and not noisy):
        return None
    stream, groups = stream or 0, net.groups
    convolve = net.conv.bind(stream)

    def by_group(weight):  # (groups, in, out), for each sequence
        weight = weight.flatten(1).unflatten(0, (groups, -1)).mT
        return weight.repeat(batch, 1, 1)

    projections = (net.proj_q, net.proj_k, net.proj_v)
    project = torch.cat([by_group(p.effective(stream)[0]) for p in projections], -1)
    scales = net.scales[stream][:, None].repeat(batch, 1, 1)
    size = scales.shape[-1]
    gates, bias = net.bind_gates(stream, groups)
    from_conv, from_attention = by_group(gates).split(size, 1)
    bias = bias.unflatten(0, (groups, 1, -1)).repeat(batch, 1, 1)
    matrix = net.proj_x[0].matrix(stream)[0].T if groups > 1 else None
    (readout, offset), hidden = net.out.effective(stream), net.hidden
    readout = readout.flatten(1)

    def attend(z):
        qkv = torch.bmm(z, project)
        qk = qkv[..., : 2 * size].unflatten(-1, (2, size))
        qk = qk * qk.square().sum(-1, keepdim=True).rsqrt()
        q, k = qk.unbind(-2)
        a = F.scaled_dot_product_attention(
            *(
                part.unflatten(0, (batch, groups))
                for part in (q.mul_(scales), k, qkv[..., 2 * size :])
            ),
            scale=1.0,
        )
        found = torch.baddbmm(bias, z, from_conv)
        return found.baddbmm_(a.flatten(0, 1), from_attention)

    def run(drive, state):
        height, width = drive.shape[-2:]
        n_pixels, channels = height * width, drive.shape[1]
        drive = drive.movedim(1, -1).reshape(-1, batch * n_pixels, channels)
        h, c = (part.flatten(2).unflatten(1, (groups, -1)).mT for part in state)
        h = h.transpose(1, 2).reshape(-1, hidden)  # (batch * pixels, channels)
        c = c.flatten(0, 1)  # (batch * groups, pixels, channels)
        seen = drive.new_empty(batch, height, width, channels + hidden)
        parts = seen.unflatten(-1, (groups, -1))
        parts = parts.split((channels // groups, hidden // groups), -1)
        all_h = []
        for now in drive:
            x = tanh(now if matrix is None else torch.addmm(now, h, matrix))
            for part, values in zip(parts, (x, h), strict=True):
                part.copy_(values.view(part.shape))
            z = convolve(seen.movedim(-1, 1)).movedim(1, -1)
            z = z.reshape(batch, n_pixels, groups, size).transpose(1, 2)
            found = attend(z.reshape(batch * groups, n_pixels, size))
            i, f, o, g = found.chunk(4, -1)
            c = (f.sigmoid() * c).addcmul_(i.sigmoid(), tanh(g))
            h = o.sigmoid().mul_(tanh(c)).unflatten(0, (batch, groups))
            h = h.transpose(1, 2).reshape(-1, hidden)
            all_h.append(h)
        core = F.linear(torch.cat(all_h), readout, offset)
        core = core.view(-1, height, width, len(readout)).movedim(-1, 1)
        h = h.view(batch, height, width, hidden).movedim(-1, 1)
        c = c.mT.reshape(batch, hidden, height, width)
        return core, (h, c)

    return run
