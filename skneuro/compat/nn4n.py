"""Networks of nn4n as estimators."""

import numpy as np

from skneuro.rnn import CTRNNRegressor

_SINGLE = {
    "input_weights": "recurrent_layer.input_layer.weight",
    "input_bias": "recurrent_layer.input_layer.bias",
    "recurrent_weights": "recurrent_layer.hidden_layer.weight",
    "recurrent_bias": "recurrent_layer.hidden_layer.bias",
    "alpha": "recurrent_layer.alpha",
    "initial_state": "recurrent_layer.hidden_state",  # in releases up to 1.1.1
}
_STACKED = {
    "input_weights": "hidden_layers.{}.input_layer.weight",
    "input_bias": "hidden_layers.{}.input_layer.bias",
    "recurrent_weights": "hidden_layers.{}.linear_layer.weight",
    "recurrent_bias": "hidden_layers.{}.linear_layer.bias",
    "alpha": "hidden_layers.{}.alpha",
}
_READOUT = {
    "output_weights": "readout_layer.weight",
    "output_bias": "readout_layer.bias",
}


def _array(value):
    """Arrays and tensors as float32."""
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.array(value, np.float32)


def _masks(masks, name):
    """Three masks, one row per target; nn4n has one row per source."""
    if masks is None:
        return [None] * 3
    if len(masks) != 3:
        raise ValueError(
            f"{name} has {len(masks)} entries, expected 3: input, hidden and readout, "
            "each a mask in nn4n's orientation or None."
        )
    return [None if mask is None else _array(mask).T for mask in masks]


def from_nn4n(
    state_dict,
    *,
    alpha=None,
    activation="relu",
    dt=10.0,
    preact_noise=0.0,
    postact_noise=0.0,
    sparsity_masks=None,
    ei_masks=None,
    plasticity_masks=None,
    learn_alpha=False,
    learn_initial_state=False,
):
    """Turn a network of nn4n into a fitted estimator.

    Its conventions are kept: weights are clipped after each step, the noise of states
    is ``alpha * preact_noise`` in a ``CTRNN``, ``preact_noise`` in stacked layers, and
    rates of stacked layers start equal to their states. The initial state is that of
    ``state_dict``, which releases up to 1.1.1 keep there, or else zero. A stacked layer
    without an input layer gets what it receives as it is, by weights that are frozen.

    Parameters
    ----------
    state_dict : dict
        Parameters by the names of nn4n 1.1 and 1.2, of a ``CTRNN`` or an ``RNNLayer``,
        as arrays or tensors.
    alpha : float or array-like of shape (n_hidden,), default=None
        Ratio of ``dt`` to the time constant, dimensionless; for stacked layers a list,
        or one number for all.
        None reads it from ``state_dict``, where nn4n keeps it only if it is learned.
    activation : str or list of str, default="relu"
        Activation: "relu", "tanh", "sigmoid" or "retanh"; a list for stacked layers.
    dt : float, default=10.0
        Time step, nn4n's default, in ms.
    preact_noise : float, default=0.0
        Noise of states, in units of the states.
    postact_noise : float, default=0.0
        Noise of rates, in units of the rates.
    sparsity_masks, ei_masks, plasticity_masks : list of array-like, default=None
        Three masks as nn4n takes them, each with one row per source, or None for none.
        A zero in ``ei_masks`` means inhibitory, as there; plasticity masks are used as
        they are, nn4n stretches them to between 0 and 1.
    learn_alpha : bool, default=False
        Whether further training learns ``alpha``, without bounds.
    learn_initial_state : bool, default=False
        Whether further training learns the initial state.

    Returns
    -------
    CTRNNRegressor
        Fitted; targets are (n_samples, n_outputs, n_times).

    Raises
    ------
    ValueError
        If a parameter is missing or of another shape.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.compat import from_nn4n
    >>> state = {
    ...     "recurrent_layer.input_layer.weight": np.ones((2, 1)),
    ...     "recurrent_layer.hidden_layer.weight": np.zeros((2, 2)),
    ...     "readout_layer.weight": np.ones((1, 2)),
    ... }
    >>> net = from_nn4n(state, alpha=0.5)
    >>> net.predict(np.ones((1, 1, 3)))
    array([[[1.  , 1.5 , 1.75]]])
    """
    n_layers = 0
    while _STACKED["recurrent_weights"].format(n_layers) in state_dict:
        n_layers += 1
    stacked = n_layers > 0
    names = (
        [
            {key: name.format(i) for key, name in _STACKED.items()}
            for i in range(n_layers)
        ]
        if stacked
        else [_SINGLE]
    )
    needed = [n["recurrent_weights"] for n in names]
    if not stacked:
        needed.insert(0, _SINGLE["input_weights"])
    for name in needed:
        if name not in state_dict:
            raise ValueError(
                f"state_dict has no {name!r}, expected the names of nn4n 1.2; it has "
                f"{sorted(state_dict)[:8]}."
            )
    layers = [
        {
            key: _array(state_dict[name])
            for key, name in one.items()
            if name in state_dict
        }
        for one in names
    ]
    readout = {
        key: _array(state_dict[name])
        for key, name in _READOUT.items()
        if name in state_dict
    }
    if "output_weights" not in readout:
        raise ValueError(
            f"state_dict has no {_READOUT['output_weights']!r}, expected a readout; "
            "add an identity matrix if the network has none."
        )
    sizes = [len(layer["recurrent_weights"]) for layer in layers]
    frozen = [None] * len(layers)
    for i, (layer, size) in enumerate(zip(layers, sizes, strict=True)):
        if "input_weights" not in layer:
            if i and sizes[i - 1] != size:
                raise ValueError(
                    f"layer {i} has no input layer and {size} units, but the layer "
                    f"before has {sizes[i - 1]}; expected as many."
                )
            layer["input_weights"] = np.eye(size, dtype=np.float32)
            frozen[i] = np.zeros((size, size))
    taus = []
    for i, (layer, size) in enumerate(zip(layers, sizes, strict=True)):
        own = layer.get("alpha")
        if alpha is not None:
            own = alpha[i] if stacked and np.ndim(alpha) else alpha
        if own is None:
            raise ValueError(
                "alpha is None and not in state_dict, expected dt / tau, such as 0.1; "
                "nn4n stores it only where it is learned."
            )
        taus.append(dt / np.broadcast_to(np.asarray(own, np.float64), (size,)))

    def per_layer(values):
        return values if len(values) > 1 else values[0]

    def each(key):
        values = [layer.get(key) for layer in layers]
        return per_layer(values)

    sparsity = _masks(sparsity_masks, "sparsity_masks")
    signs = [
        None if mask is None else np.where(mask > 0, 1.0, -1.0)
        for mask in _masks(ei_masks, "ei_masks")
    ]
    plasticity = _masks(plasticity_masks, "plasticity_masks")
    model = CTRNNRegressor(
        n_hidden=per_layer(tuple(sizes)),
        tau=per_layer(taus),
        dt=dt,
        learn_tau=learn_alpha,
        tau_bounds="raw",
        activation=activation if isinstance(activation, str) else per_layer(activation),
        preact_noise=preact_noise,
        postact_noise=postact_noise,
        noise_convention="raw" if stacked else "nn4n",
        self_connections=True,
        input_mask=sparsity[0],
        recurrent_mask=sparsity[1],
        output_mask=sparsity[2],
        input_signs=signs[0],
        recurrent_signs=signs[1],
        output_signs=signs[2],
        input_plasticity=per_layer(frozen) if stacked else plasticity[0],
        recurrent_plasticity=plasticity[1],
        output_plasticity=plasticity[2],
        input_weights=each("input_weights"),
        recurrent_weights=each("recurrent_weights"),
        input_bias=each("input_bias"),
        recurrent_bias=each("recurrent_bias"),
        output_weights=readout["output_weights"],
        output_bias=readout.get("output_bias"),
        initial_state=layers[0].get("initial_state", 0.0),
        learn_initial_state=learn_initial_state,
        start="state" if stacked else "activation",
        gradient_clip=None,
        warm_start=True,
        random_state=0,
    )
    return model.begin(
        layers[0]["input_weights"].shape[1], len(readout["output_weights"])
    )
