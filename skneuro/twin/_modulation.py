"""Modulation: behaviour (pupil radius, running speed) as a slow internal state."""

import torch
from torch import nn

from skneuro.twin._blocks import Block, Linear, Lstm, Mlp, chosen


class MlpLstm(Block):
    """Small network, then long short-term memory, whose state is the output."""

    def __init__(
        self, n_behavior=2, *, streams=1, mlp=(16,), hidden=16, nonlinear="gelu", **lstm
    ):
        super().__init__()
        self.mlp = Mlp((n_behavior, *mlp), streams=streams, nonlinear=nonlinear)
        self.lstm = Lstm(mlp[-1], hidden, streams=streams, **lstm)
        self.features = hidden

    def bind(self, stream=None, batch=1):
        """Return a function of behaviour and state.

        Parameters
        ----------
        stream : int or None
            One stream, or all.
        batch : int
            Number of sequences.

        Returns
        -------
        callable
            Of x (time, batch, streams, n_behavior) and state; returns features (time,
            batch, streams, features) and the new state.
        """
        mlp, cell = self.mlp.bind(stream), self.lstm.bind_cell(stream, batch)
        return lambda x, state=None: cell(mlp(x), state)


class FlatLstm(Lstm):
    """Long short-term memory between two linear layers; the output starts at zero."""

    memory = ("proj_i", "proj_f", "proj_g", "proj_o", "out")  # but not the input layer

    @property
    def noisy(self):
        """Whether dropout is on; not where the gates are frozen."""
        return super().noisy and not self.proj_i.frozen

    def __init__(
        self, n_behavior=2, *, streams=1, in_features=16, hidden=16, features=4, **lstm
    ):
        super().__init__(in_features, hidden, streams=streams, **lstm)
        self.proj_x = Linear(n_behavior, in_features, streams=streams)
        self.out = Linear(hidden, features, streams=streams, gain=0.0)
        self.features = features

    def bind(self, stream=None, batch=1):
        """Return a function of behaviour and state, as that of `MlpLstm`."""
        proj, out = self.proj_x.bind(stream), self.out.bind(stream)
        cell = self.bind_cell(stream, batch)
        p = self.dropout
        n_in = self.proj_x.weights[0].shape[0]
        n_streams = len(chosen(self.out.weights, stream))
        mask = self.dropout_mask(p, batch, n_streams * n_in, self.out.weights[0])

        def run(x, state=None):
            x = proj(x).tanh()
            if mask is not None:
                x = x * mask.unflatten(1, (n_streams, -1))
            hidden, state = cell(x, state)
            return out(hidden), state

        return run


class _Sigmoid(Block):
    """Squash each behaviour by a learned gain and bias."""

    def __init__(self, n_behavior, streams):
        super().__init__()
        self.gains = nn.ParameterList(torch.ones(1, n_behavior) for _ in range(streams))
        self.biases = nn.ParameterList(
            torch.zeros(1, n_behavior) for _ in range(streams)
        )

    def options(self):
        """Scale, weight decay and norm axes of each parameter, for the optimizer."""
        return dict.fromkeys(("gains", "biases"), (1.0, False, (0,)))

    def bind(self, stream=None):
        """Return a function of (..., streams, n_behavior)."""
        gains = torch.cat(chosen(self.gains, stream))
        biases = torch.cat(chosen(self.biases, stream))
        return lambda x: (x * gains + biases).sigmoid()


class SigmoidLstm(Block):
    """Squashed behaviour, then `FlatLstm`."""

    def __init__(self, n_behavior=2, *, streams=1, **lstm):
        super().__init__()
        self.sigmoid = _Sigmoid(n_behavior, streams)
        self.lstm = FlatLstm(n_behavior, streams=streams, **lstm)
        self.features = self.lstm.features

    def bind(self, stream=None, batch=1):
        """Return a function of behaviour and state, as that of `MlpLstm`."""
        squash, lstm = self.sigmoid.bind(stream), self.lstm.bind(stream, batch)
        return lambda x, state=None: lstm(squash(x), state)
