"""Every number that the equations of a simulator need, checked and by name."""

import numpy as np

from skneuro.dynamics._parameters import SETTINGS, numeric_parameters


def node_values(value, name, n_nodes, *, past=False):
    """Check a number or one number per node.

    Parameters
    ----------
    value : float or array-like of shape (n_nodes,)
        What was given.
    name : str
        Its name, for errors.
    n_nodes : int
        Number of nodes.
    past : bool, default=False
        Whether a series per node, (n_nodes, n_columns), is fine too.

    Returns
    -------
    ndarray of shape () or (n_nodes,) or (n_nodes, n_columns)
        The numbers.

    Raises
    ------
    ValueError
        If they are no finite numbers, or of another shape.
    """
    try:
        if np.iscomplexobj(value):  # else numpy drops the imaginary part
            raise TypeError("complex numbers")
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} is {value!r}, expected a number or an array of shape ({n_nodes},)."
        ) from error
    series = past and array.ndim == 2 and len(array) == n_nodes and array.size
    if array.shape not in ((), (n_nodes,)) and not series:
        also = f", or ({n_nodes}, n_columns) for its past" if past else ""
        raise ValueError(
            f"{name} has shape {array.shape}, expected a number or one per node, "
            f"({n_nodes},){also}. The number of nodes is that of connectivity, else "
            "that of X."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {array}.")
    return array


def noise_values(simulator, setting, process):
    """Check a setting of the noise and return its value for one process.

    Parameters
    ----------
    simulator : BaseSimulator
        Simulator with ``n_nodes_``.
    setting : {"sigma", "tau_noise", "noise_mean"}
        Which setting: one value for all processes, or a dict of them.
    process : str
        Name of the noise process.

    Returns
    -------
    ndarray of shape () or (n_nodes,)
        Value of the setting.

    Raises
    ------
    ValueError
        If it names a process that the model does not have, or is negative.
    """
    value = getattr(simulator, setting)
    if isinstance(value, dict):
        unknown = sorted(set(value) - set(simulator.noise))
        if unknown:
            raise ValueError(
                f"{setting} names {unknown}, expected some of {simulator.noise}."
            )
        value = value.get(process, SETTINGS[setting])
    value = node_values(value, setting, simulator.n_nodes_)
    if setting != "noise_mean" and (value < 0).any():
        raise ValueError(f"{setting} must not be negative, got {value}.")
    return value


def make_numbers(simulator, changed=None):
    """Collect the numbers that the equations of a simulator need.

    Parameters
    ----------
    simulator : BaseSimulator
        Simulator with ``n_nodes_`` and ``connectivity_``.
    changed : set of str, default=None
        Parameters that may have changed since its numbers were collected, none of them
        of the network; default: all.

    Returns
    -------
    dict of {str: float or ndarray of shape (n_nodes,)}
        Parameters, constant inputs, strengths of the network and what noise adds in a
        step, by the names that `skneuro.engine` knows.

    Raises
    ------
    ValueError
        If a parameter is out of its range or does not fit the nodes.
    """
    names = numeric_parameters(type(simulator))
    if changed is None:
        numbers = {"dt": simulator.dt, "n_nodes": float(simulator.n_nodes_)}
    else:
        numbers = dict(simulator._numbers)
        names = changed.intersection(names)
    for name, words in simulator.options.items():
        numbers.update(words[getattr(simulator, name)])
    for name in names:
        value = node_values(getattr(simulator, name), name, simulator.n_nodes_)
        if name in simulator.positive and (value <= 0).any():
            raise ValueError(f"{name} must be larger than 0, got {value}.")
        port = name.removesuffix("_input")
        if port in simulator.ports and port != name:
            numbers[f"input_{port}"] = value
        numbers[name] = value
    if changed is None:
        for name in simulator.coupling_inputs:
            powers = simulator.connectivity_ ** simulator.weight_powers.get(name, 1)
            numbers[f"{name}_strength"] = powers.sum(axis=1)
    if changed is None or not changed.isdisjoint(SETTINGS):
        for name in simulator.noise:
            numbers |= _noise_numbers(simulator, name)
    return numbers


def _noise_numbers(simulator, process):
    """Numbers of an Ornstein-Uhlenbeck process, or of white noise, in one step."""
    sigma, tau, mean = (
        noise_values(simulator, setting, process)
        for setting in ("sigma", "tau_noise", "noise_mean")
    )
    dt, white = simulator.dt, tau == 0
    if ((tau > 0) & (tau < dt)).any():
        raise ValueError(
            f"tau_noise={simulator.tau_noise} ms is shorter than dt={dt} ms; pass 0 "
            "for white noise, or at least dt."
        )
    rate = np.where(white, 1.0, dt / np.where(white, 1.0, tau))
    step = sigma * np.where(white, 1.0 / np.sqrt(dt), np.sqrt(dt))
    return {
        f"noise_rate_{process}": rate,
        f"noise_step_{process}": step,
        f"noise_mean_{process}": mean,
    }
