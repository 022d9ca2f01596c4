"""Fitted networks in NumPy, at any time step."""

import numpy as np

RATES = {
    "relu": lambda v: np.maximum(v, 0.0),
    "tanh": np.tanh,
    "sigmoid": lambda v: 0.5 * (1 + np.tanh(0.5 * v)),
    "retanh": lambda v: np.tanh(np.maximum(v, 0.0)),
    "linear": lambda v: v,
    "power": lambda v: np.maximum(v, 0.0) ** 2,
    "softplus": lambda v: np.logaddexp(v, 0.0),
}
NOISE_SCALES = {
    "song": lambda alpha: np.sqrt(2 * alpha),
    "nn4n": lambda alpha: alpha,
    "raw": np.ones_like,
}


def read_layer(layer):
    """Copy what one torch layer computes with into NumPy arrays.

    Parameters
    ----------
    layer : LeakyLayer
        Layer.

    Returns
    -------
    dict
        Arrays in float64, and settings.
    """

    def numpy(tensor):
        return tensor.detach().cpu().numpy().astype(np.float64)

    bias = np.zeros(layer.n_units)
    for term in (layer.input_bias, layer.recurrent_bias):
        if term is not None:
            bias = bias + numpy(term)
    feedback = layer.feedback_weight
    return {
        "input": numpy(layer.input_weight()),
        "recurrent": numpy(layer.recurrent_weight()),
        "feedback": None if feedback is None else numpy(feedback()),
        "bias": bias,
        "alpha": numpy(layer.alpha()),
        "active": numpy(layer.active),
        "initial_state": numpy(layer.initial_state),
        "activation": layer.activation,
        "sigma": (layer.preact_noise, layer.postact_noise),
        "noise_convention": layer.noise_convention,
        "start": layer.start,
    }


def simulate_layers(X, layers, *, n_sub, delays, initial, rng=None):
    """Integrate stacked layers with inputs held over several steps.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_inputs, n_times)
        Inputs.
    layers : list of dict
        From `read_layer`, with ``alpha`` at the time step of the integration.
    n_sub : int
        Steps per sample of ``X``.
    delays : tuple of int
        Steps forward and back between layers.
    initial : list of ndarray of shape (n_samples, n_units)
        States of each layer before the first step.
    rng : RandomState, default=None
        Source of noise; None integrates without.

    Returns
    -------
    rates : list of ndarray of shape (n_samples, n_units, n_times * n_sub)
        Rates of each layer.
    states : list of ndarray of shape (n_samples, n_units)
        States of each layer after the last step.
    """
    n_samples, n_steps = len(X), X.shape[2] * n_sub
    forward, back = delays
    states, start, rates = list(initial), [], []
    for layer, v in zip(layers, states, strict=True):
        function = RATES[layer["activation"]]
        start.append(v if layer["start"] == "state" else function(v))
        rates.append(np.empty((n_steps, n_samples, v.shape[1])))

    def rate(i, t):
        return (rates[i][t] if t >= 0 else start[i]) * layers[i]["active"]

    for t in range(n_steps):
        for i, layer in enumerate(layers):
            u = X[:, :, t // n_sub] if i == 0 else rate(i - 1, t - forward)
            c = u @ layer["input"].T + rate(i, t - 1) @ layer["recurrent"].T
            if layer["feedback"] is not None:
                c += rate(i + 1, t - back) @ layer["feedback"].T
            alpha, (pre, post) = layer["alpha"], layer["sigma"]
            states[i] = (1 - alpha) * states[i] + alpha * (c + layer["bias"])
            if rng is not None and pre > 0:
                scale = NOISE_SCALES[layer["noise_convention"]](alpha)
                states[i] += scale * pre * rng.standard_normal(states[i].shape)
            rates[i][t] = RATES[layer["activation"]](states[i])
            if rng is not None and post > 0:
                rates[i][t] += post * rng.standard_normal(states[i].shape)
    rates = [
        (r * layer["active"]).transpose(1, 2, 0)
        for r, layer in zip(rates, layers, strict=True)
    ]
    return rates, states
