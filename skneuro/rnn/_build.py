"""From the parameters of an estimator to the arguments of the torch module."""

import numpy as np

from skneuro.rnn._initial import clip_signs, draw_recurrent, draw_weights, fold_signs
from skneuro.rnn._masks import ei_signs
from skneuro.utils._validation import check_multiple


def layer_sizes(n_hidden):
    """Sizes of the stacked layers as a tuple of int."""
    return tuple(int(n) for n in np.atleast_1d(n_hidden))


def _of_layer(value, i, n_layers):
    """Look up what a parameter says about layer ``i``.

    A list or tuple as long as the stack holds one entry per layer.
    """
    if n_layers > 1 and isinstance(value, (list, tuple)) and len(value) == n_layers:
        return value[i]
    return value


def _check_shape(value, shape, name):
    """Return a matrix or None; complain if its shape differs."""
    if value is None:
        return None
    array = np.asarray(value, np.float64)
    if array.shape != shape:
        raise ValueError(
            f"{name} has shape {array.shape}, expected {shape}: one row per target and "
            "one column per source."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinity, expected finite numbers.")
    return array


def _bias(value, n_units, n_sources, name, rng):
    """Bias of one layer; None stays None, which is zero and not learned."""
    if value is None:
        return None
    if isinstance(value, str) or np.ndim(value) == 0:
        half = 1 / np.sqrt(n_sources)
        if value == "uniform":
            return rng.uniform(-half, half, n_units)
        if value == "normal":
            return rng.normal(0.0, half, n_units)
        return np.full(n_units, 0.0 if value == "zero" else float(value))
    array = np.asarray(value, np.float64)
    if array.shape != (n_units,):
        raise ValueError(
            f"{name} has shape {array.shape}, expected ({n_units},): one per target."
        )
    return array


def _signs_of_units(model, i, n_layers, n_units):
    """Sign of the outgoing weights of each unit, 0 where free."""
    ei_mask = _of_layer(model.ei_mask, i, n_layers)
    if ei_mask is None:
        if model.ei_ratio is None:
            return np.zeros(n_units)
        return ei_signs(n_units, model.ei_ratio).astype(float)
    signs = np.sign(np.asarray(ei_mask, np.float64))
    if signs.shape != (n_units,):
        raise ValueError(
            f"ei_mask has shape {signs.shape}, expected ({n_units},): 1 for excitatory,"
            " -1 for inhibitory and 0 for unconstrained units."
        )
    return signs


def _weight(model, kind, shape, signs, i, n_layers, rng):
    """Arguments of one ``ConstrainedWeight`` from inputs, or to outputs."""
    get = lambda name: _of_layer(getattr(model, f"{kind}_{name}"), i, n_layers)  # noqa: E731
    sparsity = _check_shape(get("mask"), shape, f"{kind}_mask")
    given = get("signs")
    if given is not None:
        given = np.asarray(given, np.float64)
        if given.ndim == 1 or given.ndim == 0:
            given = np.broadcast_to(given, shape)
        signs = _check_shape(given, shape, f"{kind}_signs")
    signs = None if signs is None or not signs.any() else np.sign(signs)
    weights = get("weights")
    drawn = isinstance(weights, str) or np.ndim(weights) == 0
    if not drawn:
        _check_shape(weights, shape, f"{kind}_weights")
    weights = draw_weights(weights, shape, rng)
    weights = (fold_signs if drawn else clip_signs)(weights, sparsity, signs)
    return {
        "weight": weights,
        "sparsity_mask": sparsity,
        "sign_mask": signs,
        "plasticity_mask": _check_shape(get("plasticity"), shape, f"{kind}_plasticity"),
        "constraint": model.constraint,
    }


def _recurrent_weight(model, n_units, signs, i, n_layers, rng):
    shape = (n_units, n_units)
    get = lambda name: _of_layer(getattr(model, name), i, n_layers)  # noqa: E731
    sparsity = _check_shape(get("recurrent_mask"), shape, "recurrent_mask")
    if sparsity is None:
        sparsity = np.ones(shape)
        if model.density < 1:
            sparsity = (rng.uniform(size=shape) < model.density).astype(float)
    else:
        sparsity = (sparsity != 0).astype(float)
    if not model.self_connections:
        np.fill_diagonal(sparsity, 0.0)
    sign_mask = np.broadcast_to(signs, shape)
    given = get("recurrent_signs")
    if given is not None:
        sign_mask = np.sign(_check_shape(given, shape, "recurrent_signs"))
    weights = get("recurrent_weights")
    if not isinstance(weights, str) and np.ndim(weights) > 0:
        _check_shape(weights, shape, "recurrent_weights")
    weights = draw_recurrent(
        weights, sparsity, sign_mask, model.balance, model.spectral_radius, rng
    )
    plasticity = get("recurrent_plasticity")
    return {
        "weight": weights,
        "sparsity_mask": None if sparsity.all() else sparsity,
        "sign_mask": sign_mask if sign_mask.any() else None,
        "plasticity_mask": _check_shape(plasticity, shape, "recurrent_plasticity"),
        "constraint": model.constraint,
    }


def _integration(model, tau, n_units):
    """Arguments of ``IntegrationFactor``."""
    tau = np.asarray(tau, np.float64)
    if tau.ndim == 0:
        tau = np.full(n_units, tau)
    raw = model.tau_bounds == "raw"  # nn4n's alpha may be any number
    valid = np.isfinite(tau) & ((tau > 0) | (raw & (tau != 0)))
    if tau.shape != (n_units,) or not valid.all():
        raise ValueError(
            f"tau has shape {tau.shape}, expected one positive number or ({n_units},)"
            " positive numbers, in ms."
        )
    if (tau < model.dt).any() and not raw:
        raise ValueError(
            f"tau has {tau.min():g} ms, expected at least dt={model.dt:g} ms; lower dt."
        )
    alpha = model.dt / tau
    if not model.learn_tau or raw:
        return {"alpha": alpha, "learn": model.learn_tau}
    shortest, longest = model.tau_bounds or (model.dt, np.inf)
    if not (model.dt <= shortest and (shortest < tau).all() and (tau < longest).all()):
        raise ValueError(
            f"tau lies between {tau.min():g} and {tau.max():g} ms, expected it inside "
            f"tau_bounds={(shortest, longest)} and these not below dt={model.dt:g} ms."
        )
    bounds = (model.dt / longest, model.dt / shortest)
    return {"alpha": alpha, "learn": True, "bounds": bounds}


def _check_feedback(model, n_layers):
    """Complain about properties of connections that are not there."""
    given = [
        name
        for name in ("feedback_mask", "feedback_signs", "feedback_plasticity")
        if getattr(model, name) is not None
    ]
    if given and (model.feedback_delay is None or n_layers == 1):
        raise ValueError(
            f"{given[0]} is given, but feedback_delay={model.feedback_delay} and "
            f"{n_layers} layers have no feedback; expected a delay in ms and a tuple "
            "n_hidden. Pass both, or leave it out."
        )


def _steps(delay, dt, name):
    return 0 if delay == 0 else check_multiple(delay, dt, name, "dt")


def network_arguments(model, n_inputs, n_outputs, rng):
    """Turn the parameters of an estimator into those of the torch module.

    Parameters
    ----------
    model : CTRNNRegressor or CTRNNClassifier
        Estimator.
    n_inputs, n_outputs : int
        Numbers of channels.
    rng : RandomState
        Source of random weights.

    Returns
    -------
    dict
        Arguments of ``CTRNN``.

    Raises
    ------
    ValueError
        If arrays do not fit the sizes, or times do not fit each other.
    """
    sizes = layer_sizes(model.n_hidden)
    n_layers = len(sizes)
    layers, signs_of_all, sources = [], [], n_inputs
    for i, n_units in enumerate(sizes):
        signs = _signs_of_units(model, i, n_layers, n_units)
        from_below = None
        if i:  # axons of the layer before, excitatory ones where Dale's law holds
            from_below = np.broadcast_to(signs_of_all[-1], (n_units, sources))
        initial = _of_layer(model.initial_state, i, n_layers)
        recurrent = _recurrent_weight(model, n_units, signs, i, n_layers, rng)
        layers.append(
            {
                "input_weight": _weight(
                    model, "input", (n_units, sources), from_below, i, n_layers, rng
                ),
                "recurrent_weight": recurrent,
                "alpha": _integration(
                    model, _of_layer(model.tau, i, n_layers), n_units
                ),
                "initial_state": _bias(initial, n_units, 1, "initial_state", rng),
                "learn_initial_state": model.learn_initial_state,
                "input_bias": _bias(
                    _of_layer(model.input_bias, i, n_layers),
                    n_units,
                    sources,
                    "input_bias",
                    rng,
                ),
                "recurrent_bias": _bias(
                    _of_layer(model.recurrent_bias, i, n_layers),
                    n_units,
                    n_units,
                    "recurrent_bias",
                    rng,
                ),
                "activation": _of_layer(model.activation, i, n_layers),
                "preact_noise": model.preact_noise,
                "postact_noise": model.postact_noise,
                "noise_convention": model.noise_convention,
                "start": model.start,
            }
        )
        signs_of_all.append(signs)
        sources = n_units
    _check_feedback(model, n_layers)
    if model.feedback_delay is not None:
        for i in range(n_layers - 1):
            shape = (sizes[i], sizes[i + 1])
            signs = np.broadcast_to(signs_of_all[i + 1], shape)
            layers[i]["feedback_weight"] = _weight(
                model, "feedback", shape, signs, i, n_layers - 1, rng
            )
    read = np.concatenate(signs_of_all) if model.readout == "all" else signs_of_all[-1]
    shape = (n_outputs, len(read))
    output = _weight(model, "output", shape, np.broadcast_to(read, shape), 0, 1, rng)
    if model.output_mask is None and model.excitatory_readout and (read < 0).any():
        excitatory = np.broadcast_to(read >= 0, shape).astype(float)
        output["weight"] = output["weight"] * excitatory
        output["sparsity_mask"] = excitatory
    delay = model.feedback_delay
    return {
        "layers": layers,
        "readout": output,
        "output_bias": _bias(
            model.output_bias, n_outputs, len(read), "output_bias", rng
        ),
        "feedforward_delay": _steps(
            model.feedforward_delay, model.dt, "feedforward_delay"
        ),
        "feedback_delay": 1
        if delay is None
        else check_multiple(delay, model.dt, "feedback_delay", "dt"),
        "noise_at_predict": model.noise_at_predict,
    }
