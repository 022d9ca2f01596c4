"""Recurrent networks of the core, with convolutions and self-attention."""

import torch
from torch import nn
from torch.nn import functional as F

from skneuro.twin._blocks import (
    Block,
    Conv,
    InterGroup,
    cat_groups,
    chosen,
    masked,
    tanh,
)


class _Recurrent(Block):
    """What the recurrent networks share: input projections, gates and output."""

    gates = ("i", "f", "g", "o")

    def __init__(
        self,
        *,
        streams=4,
        features=128,
        modulation=16,
        in_channels=256,
        out_channels=128,
        hidden_channels=256,
        common_channels=None,
        groups=8,
        spatial=3,
        init_input=-1.0,
        init_forget=1.0,
        init_gate=1.0,
        dropout=0.0,
    ):
        super().__init__()
        both = in_channels + hidden_channels
        if common_channels is None:
            gate_in, gate_spatial = both, spatial
        else:
            gate_in, gate_spatial = 2 * common_channels, 1
            plain = {"groups": groups, "streams": streams, "gain": None, "bias": None}
            self.conv = Conv(both, common_channels, spatial=spatial, **plain)
            self.proj_q, self.proj_k, self.proj_v = (
                Conv(common_channels, common_channels, **plain) for _ in range(3)
            )
            self.scales = nn.ParameterList(
                torch.ones(groups, common_channels // groups) for _ in range(streams)
            )
        gain = (2 if groups == 1 else 3) ** -0.5
        mix = {"out_groups": groups, "streams": streams, "gain": gain}
        self.proj_x = nn.ModuleList()
        if groups > 1:
            self.proj_x.append(
                InterGroup(
                    hidden_channels,
                    in_channels,
                    groups=groups,
                    streams=streams,
                    gain=gain,
                )
            )
        self.proj_x.append(Conv(features, in_channels, **mix))
        self.proj_x.append(Conv(modulation, in_channels, bias=None, **mix))
        bias = {"i": init_input, "f": init_forget, "z": init_gate}
        for name in self.gates:
            gate = Conv(
                gate_in,
                hidden_channels,
                groups=groups,
                out_groups=groups,
                streams=streams,
                spatial=gate_spatial,
                bias=bias.get(name, 0.0),
            )
            self.add_module(f"proj_{name}", gate)
        self.out = Conv(hidden_channels, out_channels, streams=streams)
        self.groups, self.streams, self.dropout = groups, streams, dropout
        self.hidden, self.in_channels = hidden_channels, in_channels
        self.attends = common_channels is not None

    def options(self):
        """Scale, weight decay and norm axes of each parameter, for the optimizer."""
        return {"scales": (1.0, False, (1,))} if self.attends else {}

    def bind_gates(self, stream, n_groups):
        """All gates as one grouped convolution: weight, bias; i, f, o, g per group."""
        order = [name for name in ("i", "f", "o", "z", "g", "n") if name in self.gates]
        pairs = [getattr(self, f"proj_{name}").effective(stream) for name in order]
        weight = torch.stack([w.unflatten(0, (n_groups, -1)) for w, _ in pairs], 1)
        bias = torch.stack([b.unflatten(0, (n_groups, -1)) for _, b in pairs], 1)
        return weight.flatten(0, 2)[:, :, 0], bias.flatten()

    def bind_attention(self, stream, n_groups, batch):
        """Return gates as a function of x and h: a convolution and its attention."""
        conv = self.conv.bind(stream)
        weight = torch.stack(
            [
                proj.effective(stream)[0].flatten(1).unflatten(0, (n_groups, -1))
                for proj in (self.proj_q, self.proj_k, self.proj_v)
            ],
            1,
        )  # (n_groups, 3, size, size)
        size = weight.shape[-1]
        weight = weight.flatten(1, 2).repeat(batch, 1, 1)
        scales = torch.cat(chosen(self.scales, stream))  # (n_groups, size)
        gates, bias = self.bind_gates(stream, n_groups)
        gates = gates.flatten(1).unflatten(0, (n_groups, -1)).repeat(batch, 1, 1)
        bias = bias.unflatten(0, (n_groups, -1, 1)).repeat(batch, 1, 1)
        from_conv, from_attention = gates.split(size, -1)

        def run(x):
            z = conv(x)
            height, width = z.shape[-2:]
            z = z.reshape(batch * n_groups, size, -1)
            q, k, v = torch.bmm(weight, z).unflatten(1, (3, size)).unbind(1)
            q, k = (
                part * part.square().sum(1, keepdim=True).rsqrt() for part in (q, k)
            )
            q = q.unflatten(0, (batch, n_groups)) * scales[..., None]
            k, v = (part.unflatten(0, (batch, n_groups)) for part in (k, v))
            # attention is twice as fast where the features of a token lie side by side
            q, k, v = (part.mT.contiguous() for part in (q, k, v))
            a = F.scaled_dot_product_attention(q, k, v, scale=1.0)
            a = a.flatten(0, 1).mT
            found = torch.baddbmm(bias, from_conv, z)
            if torch.is_autocast_enabled(z.device.type):  # types of factors differ
                found = torch.baddbmm(found, from_attention, a)
            else:
                found = found.baddbmm_(from_attention, a)
            return found.view(batch, -1, height, width)

        return run

    def bind(self, stream=None, batch=1):
        """Return a function of features, modulation and state.

        Parameters
        ----------
        stream : int or None
            One stream, or all.
        batch : int
            Number of sequences.

        Returns
        -------
        callable
            Of features (time * batch, streams * channels, y, x), modulation (time,
            batch, streams, features) and state or None; returns the core (time * batch,
            streams * out_channels, y, x) and the new state.
        """
        n_streams = self.streams if stream is None else 1
        from_features = self.proj_x[-2].bind(stream)
        from_modulation = self.proj_x[-1].bind(stream)
        steps = self.bind_steps(stream, batch)
        like = self.out.weights[0]

        def run(features, modulation, state=None):
            drive = from_features(features)
            drive = drive + from_modulation(
                modulation.flatten(0, 1).flatten(1)[..., None, None]
            )
            if state is None:
                size = batch, self.hidden * n_streams, *drive.shape[-2:]
                state = (like.new_zeros(size),) * self.n_states
            return steps(drive, state)

        return run

    def bind_steps(self, stream, batch):
        """Return all steps as a function of drive and state."""
        n_streams = self.streams if stream is None else 1
        n_groups = self.groups * n_streams
        matrix = self.proj_x[0].matrix(stream) if self.groups > 1 else None
        if matrix is not None:
            matrix = matrix.flatten(0, 1)[..., None, None]
        if self.attends:
            gate = self.bind_attention(stream, n_groups, batch)
        else:
            gates, bias = self.bind_gates(stream, n_groups)
            options = {"padding": gates.shape[-1] // 2, "groups": n_groups}

            def gate(x):
                return F.conv2d(x, gates, bias, **options)

        out = self.out.bind(stream)
        like, channels = self.out.weights[0], self.in_channels * n_streams
        mask_x = self.dropout_mask(self.dropout, batch, channels, like)
        mask_h = self.dropout_mask(self.dropout, batch, self.hidden * n_streams, like)

        def step(drive, state):
            h = state[0]
            if matrix is not None:
                drive = drive + F.conv2d(h, matrix, groups=n_streams)
            x = masked(tanh(drive), mask_x)
            x = gate(cat_groups([x, h], n_groups))
            x = x.unflatten(1, (n_groups, len(self.gates), -1))
            return self.update(x, state, mask_h)

        def run(drive, state):
            hidden = []
            for now in drive.contiguous().unflatten(0, (-1, batch)):
                state = step(now, state)
                hidden.append(state[0])
            return out(torch.cat(hidden)), state

        return run


class ConvLstm(_Recurrent):
    """Long short-term memory whose gates are convolutions."""

    n_states = 2

    def update(self, gates, state, mask):
        """Return the next state."""
        i, f, o = gates[:, :, :3].sigmoid().unbind(2)
        g = tanh(gates[:, :, 3])
        c = f.flatten(1, 2) * state[1] + (i * g).flatten(1, 2)
        return masked(o.flatten(1, 2) * tanh(c), mask), c


class CvtLstm(ConvLstm):
    """Long short-term memory whose gates see a convolution and its self-attention."""


class Rvt(_Recurrent):
    """Gated recurrent network with convolution and self-attention."""

    gates = ("z", "n")
    n_states = 1

    def update(self, gates, state, mask):
        """Return the next state."""
        u = gates[:, :, 0].sigmoid().flatten(1, 2)
        n = masked(gates[:, :, 1].tanh().flatten(1, 2), mask)
        return (u * state[0] + (1 - u) * n,)
