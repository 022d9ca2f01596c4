"""Convolution along a line, four places at once: Winograd's F(4, 3)."""

import torch
from torch.nn import functional as F

TILE = 4  # places that are computed at once


def tile_weights(weight):
    """Transform filters for four frames at once.

    Parameters
    ----------
    weight : Tensor of shape (out, in, 3, y, x)
        Filters of three frames, oldest first.

    Returns
    -------
    list of Tensor of shape (out, in, y, x)
        Six filters in space.
    """
    old, mid, new = weight.unbind(2)
    outer, wide = old + new, old + 4 * new
    parts = [old / 4, -(outer + mid) / 6, -(outer - mid) / 6]
    parts += [(wide + 2 * mid) / 24, (wide - 2 * mid) / 24, new]
    return [w.contiguous(memory_format=torch.channels_last) for w in parts]


def convolve_tiles(frames, weights, bias, options):
    """Convolve in time and space, four frames by six convolutions, not twelve [1]_.

    Parameters
    ----------
    frames : Tensor of shape (4 * n_tiles + 2, batch, height, width, channels)
        Frames, and the two before them.
    weights : list of Tensor
        Of `tile_weights`.
    bias : Tensor or None
        Of each channel.
    options : dict
        Of the convolution in space, whose stride is one.

    Returns
    -------
    Tensor of shape (time * batch, channels, height, width)
        Channels lie side by side in memory.

    References
    ----------
    .. [1] A. Lavin, S. Gray (2016), Fast Algorithms for Convolutional Neural Networks.
       :doi:`10.1109/CVPR.2016.435`
    """
    n_tiles = (len(frames) - 2) // TILE
    d0, d1, d2, d3, d4, d5 = (frames[k::TILE][:n_tiles] for k in range(TILE + 2))
    a, b = torch.sub(d4, d2, alpha=4), torch.sub(d3, d1, alpha=4)
    e, f = d4 - d2, torch.sub(d3, d1).mul_(2)
    seen = (
        (a - d2).add_(d0, alpha=4),
        a + b,
        a.sub_(b),
        e + f,
        e.sub_(f),
        torch.sub(d5, d3).sub_(f, alpha=2),
    )
    biases = (None, bias, None, None, None, None)  # the second is in all four frames
    m = [
        F.conv2d(d.flatten(0, 1).movedim(-1, 1), w, b, **options).movedim(1, -1)
        for d, w, b in zip(seen, weights, biases, strict=True)
    ]
    even, odd = m[1] + m[2], m[1].sub_(m[2])
    even2, odd2 = m[3] + m[4], m[3].sub_(m[4])
    out = even.new_empty(n_tiles, TILE, *even.unflatten(0, (n_tiles, -1)).shape[1:])
    m0, m5, even, odd, even2, odd2 = (
        part.unflatten(0, (n_tiles, -1))
        for part in (m[0], m[5], even, odd, even2, odd2)
    )
    torch.add(m0.add_(even), even2, out=out[:, 0])
    torch.add(odd, odd2, alpha=2, out=out[:, 1])
    torch.add(even, even2, alpha=4, out=out[:, 2])
    torch.add(m5.add_(odd), odd2, alpha=8, out=out[:, 3])
    return out.flatten(0, 2).movedim(-1, 1)
