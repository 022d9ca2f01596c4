"""Transfer: what a new twin takes from a trained one, and keeps as it is."""

from os import PathLike

from sklearn.utils.validation import check_is_fitted

from skneuro.twin._weights import check_state, network_options, read_weights


def inherit(core, architecture, network_params):
    """Options of the network, and the weights to start from or None.

    Parameters
    ----------
    core : DigitalTwinRegressor, FrozenEstimator, str, path-like or None
        Where the core comes from.
    architecture : str
        Used without ``core``, and for files that do not say what they hold.
    network_params : dict or None
        What differs.

    Returns
    -------
    options : dict
        Of `TwinNetwork`, without ``n_neurons``.
    state : dict of str to Tensor or None
        Weights of ``core``.
    """
    core = getattr(core, "estimator", core)  # of a FrozenEstimator
    own = dict(network_params or {})
    if core is None:
        return network_options(architecture, own), None
    if isinstance(core, (str, PathLike)):
        state, about = read_weights(core)
        inherited = about.get("options") or network_options(architecture)
    else:
        check_is_fitted(core, "net_")
        network = core.net_.module_
        state, inherited = network.state_dict(), network.options_given
    network_options(architecture, own)  # complains about unknown names
    inherited = {k: v for k, v in inherited.items() if k != "n_neurons"}
    return inherited | own, state


def take_over(network, state, names, *, start_others=False):
    """Copy parts into a network and freeze them there.

    Parameters
    ----------
    network : TwinNetwork
        Which takes them.
    state : dict of str to Tensor
        Weights; parts that they lack, as the published core lacks the memory of
        behaviour, are trained.
    names : iterable of str
        Parts, such as ``"core"`` and ``"modulation.lstm"``.
    start_others : bool
        Whether the other parts, but for the readout, start from the weights too.

    Raises
    ------
    ValueError
        If the network has no such part, or the weights have none of them.
    """
    parts = [part for name in names for part in network.parts(name)]
    held = [part for part in parts if any(k.startswith(f"{part}.") for k in state)]
    if not held:
        raise ValueError(
            f"core holds none of the parts frozen={tuple(names)!r}; expected weights "
            "whose names begin with them."
        )
    prefixes = tuple(f"{part}." for part in held)
    chosen = {k: v for k, v in state.items() if k.startswith(prefixes)}
    check_state(chosen, network, prefixes=prefixes)
    if start_others:
        fits = {k: v.shape for k, v in network.state_dict().items()}
        chosen |= {
            k: v
            for k, v in state.items()
            if not k.startswith("readout.") and fits.get(k) == v.shape
        }
    network.load_state_dict(chosen, strict=False)
    network.freeze(held)
