"""Continuous-time recurrent networks as torch modules."""

import math

import numpy as np
import torch
from torch import nn

from skneuro.rnn._scan import activate, leaky_scan
from skneuro.rnn._weights import ConstrainedWeight

# Factor of the noise amplitude in each step of the state, as a function of alpha.
NOISE_SCALES = {
    "song": lambda alpha: (2 * alpha).sqrt(),
    "nn4n": lambda alpha: alpha,
    "raw": torch.ones_like,
}


def as_parameter(values, *, trainable=True):
    """Turn an array into a parameter; None stays None.

    Parameters
    ----------
    values : array-like or None
        Numbers.
    trainable : bool, default=True
        Whether it is learned.

    Returns
    -------
    nn.Parameter or None
        Parameter of torch's default precision.
    """
    if values is None:
        return None
    tensor = torch.tensor(np.asarray(values), dtype=torch.get_default_dtype())
    return nn.Parameter(tensor, requires_grad=trainable)


class IntegrationFactor(nn.Module):
    r"""Hold :math:`\alpha = dt / \tau` of each unit.

    Parameters
    ----------
    alpha : array-like of shape (n_units,)
        Initial values.
    learn : bool, default=False
        Whether they are learned.
    bounds : tuple of float, default=None
        Smallest and largest value, kept by a logistic function; None learns ``alpha``
        itself, without bounds, as nn4n does.
    """

    def __init__(self, alpha, *, learn=False, bounds=None):
        super().__init__()
        self.bounds = bounds
        alpha = np.asarray(alpha, np.float64)
        if bounds is not None:
            share = (alpha - bounds[0]) / (bounds[1] - bounds[0])
            alpha = np.log(share) - np.log1p(-share)
        self.raw = as_parameter(alpha, trainable=learn)

    def forward(self):
        """Return the values of all units, shape (n_units,)."""
        if self.bounds is None:
            return self.raw
        low, high = self.bounds
        return low + (high - low) * torch.sigmoid(self.raw)


class LeakyLayer(nn.Module):
    r"""Leaky units with recurrent connections among them.

    .. math::

        v_t &= (1 - \alpha) v_{t-1} + \alpha (W_{rec} r_{t-1} + W_{in} u_t + b)
               + s(\alpha)\, \sigma_{pre} \varepsilon_t \\
        r_t &= f(v_t) + \sigma_{post} \xi_t

    Parameters
    ----------
    input_weight, recurrent_weight : dict
        Arguments of `ConstrainedWeight`, (n_units, n_inputs) and (n_units, n_units).
    alpha : dict
        Arguments of `IntegrationFactor`.
    initial_state : array-like of shape (n_units,)
        State before the first step.
    feedback_weight : dict, default=None
        Arguments of `ConstrainedWeight`, (n_units, n_later): from the next layer.
    input_bias, recurrent_bias : array-like of shape (n_units,), default=None
        Added to the input of the units, and learned; None is zero, and is not.
    learn_initial_state : bool, default=False
        Whether the initial state is learned.
    activation : str or callable, default="relu"
        ``f``.
    preact_noise, postact_noise : float, default=0.0
        Standard deviations of the noise of states and of rates, dimensionless.
    noise_convention : {"song", "nn4n", "raw"}, default="song"
        ``s``: square root of ``2 alpha``, ``alpha``, or 1.
    start : {"activation", "state"}, default="activation"
        Whether the first recurrent input is ``f`` of the initial state, or that state.

    Attributes
    ----------
    active : Tensor of shape (n_units,)
        1 for units that take part, 0 for lesioned ones.
    """

    def __init__(
        self,
        input_weight,
        recurrent_weight,
        alpha,
        initial_state,
        *,
        feedback_weight=None,
        input_bias=None,
        recurrent_bias=None,
        learn_initial_state=False,
        activation="relu",
        preact_noise=0.0,
        postact_noise=0.0,
        noise_convention="song",
        start="activation",
    ):
        super().__init__()
        self.input_weight = ConstrainedWeight(**input_weight)
        self.recurrent_weight = ConstrainedWeight(**recurrent_weight)
        self.feedback_weight = None
        if feedback_weight is not None:
            self.feedback_weight = ConstrainedWeight(**feedback_weight)
        self.alpha = IntegrationFactor(**alpha)
        self.initial_state = as_parameter(initial_state, trainable=learn_initial_state)
        self.input_bias = as_parameter(input_bias)
        self.recurrent_bias = as_parameter(recurrent_bias)
        self.activation = activation
        self.preact_noise = preact_noise
        self.postact_noise = postact_noise
        self.noise_convention = noise_convention
        self.start = start
        self.register_buffer("active", torch.ones(self.n_units))

    @property
    def n_units(self):
        """Number of units."""
        return self.recurrent_weight.shape[0]

    def prepare(self):
        """Return weights as one sequence needs them, times alpha where they drive."""
        alpha = self.alpha()
        gain = alpha[:, None]
        bias = torch.zeros_like(alpha)
        for term in (self.input_bias, self.recurrent_bias):
            if term is not None:
                bias = bias + term
        feedback = self.feedback_weight
        return {
            "alpha": alpha,
            "input": gain * self.input_weight(),
            "recurrent": gain * self.recurrent_weight() * self.active,
            "feedback": None if feedback is None else gain * feedback(),
            "bias": alpha * bias,
        }

    def begin(self, n_samples, v0=None):
        """Return states and rates before the first step, (n_samples, n_units)."""
        v = self.initial_state if v0 is None else v0
        v = v.expand(n_samples, self.n_units)
        r = v if self.start == "state" else activate(self.activation, v)
        return v, self.silence(r)

    def silence(self, rates):
        """Zero the rates of lesioned units."""
        return rates if self.active.all() else rates * self.active

    def draw_noise(self, n_times, n_samples):
        """Draw standard normal numbers for states and rates; None where unused."""
        shape = (n_times, n_samples, self.n_units)
        device, dtype = self.active.device, self.active.dtype
        return tuple(
            torch.randn(shape, device=device, dtype=dtype) if sigma > 0 else None
            for sigma in (self.preact_noise, self.postact_noise)
        )

    def run(
        self,
        inputs,
        v,
        r,
        weights,
        *,
        feedback=None,
        noise=(None, None),
        readout=None,
        tap=None,
    ):
        """Run over a sequence.

        Parameters
        ----------
        inputs : Tensor of shape (n_times, n_samples, n_inputs)
            What drives the layer.
        v, r : Tensor of shape (n_samples, n_units)
            States and rates before the first step.
        weights : dict
            From `prepare`.
        feedback : Tensor of shape (n_times, n_samples, n_later), default=None
            Rates of the next layer as they arrive.
        noise : tuple of two Tensor or None, default=(None, None)
            Standard normal numbers, (n_times, n_samples, n_units), for states and
            rates.
        readout : Tensor of shape (n_outputs, n_units), default=None
            Weights of linear outputs.
        tap : list, default=None
            Receives states and their gradients; see `leaky_scan`.

        Returns
        -------
        rates : Tensor of shape (n_times, n_samples, n_units)
            After each step.
        v : Tensor of shape (n_samples, n_units)
            States after the last step.
        outputs : Tensor of shape (n_times, n_samples, n_outputs) or None
            Outputs after each step.
        """
        alpha, input_weight = weights["alpha"], weights["input"]
        if feedback is not None:  # one more kind of input
            inputs = torch.cat([inputs, feedback], dim=-1)
            input_weight = torch.cat([input_weight, weights["feedback"]], dim=-1)
        push = None
        if noise[0] is not None:
            scale = NOISE_SCALES[self.noise_convention](alpha) * self.preact_noise
            push = noise[0] * scale
        kicks = None if noise[1] is None else noise[1] * self.postact_noise
        if readout is not None:
            readout = readout * self.active
        rates, v, outputs = leaky_scan(
            inputs,
            input_weight,
            weights["bias"],
            weights["recurrent"],
            1 - alpha,
            v,
            r,
            activation=self.activation,
            push=push,
            noise=kicks,
            readout=readout,
            tap=tap,
        )
        return self.silence(rates), v, outputs

    def constrained(self):
        """List the constrained weights of this layer."""
        weights = [self.input_weight, self.recurrent_weight, self.feedback_weight]
        return [weight for weight in weights if weight is not None]


class CTRNN(nn.Module):
    """Stack leaky layers and read the last one, or all, out linearly.

    Parameters
    ----------
    layers : list of dict
        Arguments of each `LeakyLayer`, first to last.
    readout : dict
        Arguments of `ConstrainedWeight`, (n_outputs, n_units) of the last layer or of
        all.
    output_bias : array-like of shape (n_outputs,), default=None
        Bias of the readout, which is learned; None is zero, and is not.
    feedforward_delay : int, default=0
        Steps from one layer to the next.
    feedback_delay : int, default=1
        Steps from one layer to the one before.
    noise_at_predict : bool, default=False
        Whether there is noise outside training.
    """

    def __init__(
        self,
        layers,
        readout,
        *,
        output_bias=None,
        feedforward_delay=0,
        feedback_delay=1,
        noise_at_predict=False,
    ):
        super().__init__()
        self.layers = nn.ModuleList(LeakyLayer(**layer) for layer in layers)
        self.readout = ConstrainedWeight(**readout)
        self.output_bias = as_parameter(output_bias)
        self.feedforward_delay = feedforward_delay
        self.feedback_delay = feedback_delay
        self.noise_at_predict = noise_at_predict
        self.taps = None  # lists of states and gradients, one per layer

    def forward(self, X, v0=None, noise=None):
        """Run the network.

        Parameters
        ----------
        X : Tensor of shape (n_samples, n_inputs, n_times)
            Inputs.
        v0 : list of Tensor of shape (n_samples, n_units), default=None
            Initial state of each layer.
        noise : list of tuple of Tensor, default=None
            For each layer, what `LeakyLayer.draw_noise` returns; drawn if None.

        Returns
        -------
        outputs : Tensor of shape (n_samples, n_outputs, n_times)
            Readout.
        rates : Tensor of shape (n_samples, n_units, n_times)
            Rates of all layers.
        states : Tensor of shape (n_samples, n_units)
            States of all layers after the last step.
        """
        inputs = X.permute(2, 0, 1)  # (n_times, n_samples, n_inputs)
        n_times, n_samples, _ = inputs.shape
        if noise is None and (self.training or self.noise_at_predict):
            noise = [layer.draw_noise(n_times, n_samples) for layer in self.layers]
        elif noise is None:
            noise = [(None, None)] * len(self.layers)
        v0 = [None] * len(self.layers) if v0 is None else v0
        start = [
            layer.begin(n_samples, v) for layer, v in zip(self.layers, v0, strict=True)
        ]
        if self.training and self.taps is not None:
            self.taps = [[] for _ in self.layers]
        if any(layer.feedback_weight is not None for layer in self.layers):
            rates, states, outputs = self._run_in_blocks(inputs, start, noise)
        else:
            rates, states, outputs = self._run_in_turn(inputs, start, noise)
        every = rates[0] if len(rates) == 1 else torch.cat(rates, dim=-1)
        if outputs is None:
            read = every if self.readout.shape[1] == every.shape[-1] else rates[-1]
            outputs = read @ self.readout().t()
        if self.output_bias is not None:
            outputs = outputs + self.output_bias
        return outputs.permute(1, 2, 0), every.permute(1, 2, 0), torch.cat(states, 1)

    def _tap(self, i):
        return self.taps[i] if self.training and self.taps is not None else None

    def _run_in_turn(self, inputs, start, noise):
        """Run each layer over the whole sequence, first to last."""
        rates, states = [], []
        readout = self.readout()
        for i, layer in enumerate(self.layers):
            if i:
                inputs = delayed(rates[-1], self.feedforward_delay, start[i - 1][1])
            last = i == len(self.layers) - 1 and readout.shape[1] == layer.n_units
            rate, v, outputs = layer.run(
                inputs,
                *start[i],
                layer.prepare(),
                noise=noise[i],
                readout=readout if last else None,
                tap=self._tap(i),
            )
            rates.append(rate)
            states.append(v)
        return rates, states, outputs

    def _run_in_blocks(self, inputs, start, noise):
        """Run block by block, as long as what comes back is known.

        Within as many steps as feedback takes, all that a layer receives from later
        layers lies in the past, so whole blocks run at once and the result is exact.
        """
        weights = [layer.prepare() for layer in self.layers]
        now = list(start)
        # rates of each layer so far; what precedes the first step is the start
        past = [[r.expand(self._longest, -1, -1)] for _, r in start]
        for begin in range(0, len(inputs), self.feedback_delay):
            end = min(begin + self.feedback_delay, len(inputs))
            for i, layer in enumerate(self.layers):
                drive = inputs[begin:end]
                if i:
                    drive = self._arriving(past[i - 1], begin, end, "forward")
                back = None
                if layer.feedback_weight is not None:
                    back = self._arriving(past[i + 1], begin, end, "back")
                pre, post = noise[i]
                rate, v, _ = layer.run(
                    drive,
                    *now[i],
                    weights[i],
                    feedback=back,
                    noise=(
                        None if pre is None else pre[begin:end],
                        None if post is None else post[begin:end],
                    ),
                    tap=self._tap(i),
                )
                now[i] = (v, rate[-1])
                past[i].append(rate)
        return [torch.cat(p[1:]) for p in past], [v for v, _ in now], None

    @property
    def _longest(self):
        return max(self.feedforward_delay, self.feedback_delay)

    def _arriving(self, past, begin, end, direction):
        """Rates that arrive in steps ``begin`` to ``end``, sent a delay before."""
        delay = (
            self.feedforward_delay if direction == "forward" else self.feedback_delay
        )
        n_blocks = 2 + math.ceil((delay + end - begin) / self.feedback_delay)
        recent = torch.cat(past[-n_blocks:] if len(past) > n_blocks else past)
        known = sum(len(block) for block in past) - self._longest  # steps so far
        last = len(recent) - (known - (end - delay))
        return recent[last - (end - begin) : last]

    def constrained(self):
        """List all constrained weights."""
        weights = [w for layer in self.layers for w in layer.constrained()]
        return [*weights, self.readout]

    def mask_gradients_(self):
        """Zero the gradients of absent and frozen connections."""
        for weight in self.constrained():
            weight.mask_gradient_()

    def snapshot(self):
        """Return what `enforce_` needs after the next step."""
        return [weight.snapshot() for weight in self.constrained()]

    def enforce_(self, before):
        """Make all weights obey plasticity, sparsity and signs after a step.

        Parameters
        ----------
        before : list
            From `snapshot`, before the step.
        """
        for weight, old in zip(self.constrained(), before, strict=True):
            weight.restore_plasticity_(old)
            weight.project_()


def delayed(rates, n_steps, initial):
    """Shift rates along time.

    Parameters
    ----------
    rates : Tensor of shape (n_times, n_samples, n_units)
        Rates.
    n_steps : int
        Delay.
    initial : Tensor of shape (n_samples, n_units)
        What arrives first.

    Returns
    -------
    Tensor of shape (n_times, n_samples, n_units)
        Rates ``n_steps`` earlier.
    """
    if n_steps == 0:
        return rates
    n_steps = min(n_steps, len(rates))
    return torch.cat([initial.expand(n_steps, -1, -1), rates[: len(rates) - n_steps]])
