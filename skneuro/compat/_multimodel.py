"""Turn the parameters of neurolib's MultiModel into networks."""

import math
import re

import numpy as np

from skneuro.compat._multimodel_nodes import FACTORS, NODES
from skneuro.dynamics import NetworkSimulator

_ALIASES = {
    "fhn": "fitzhughnagumo",
    **{"ext_input": "ext_drive", "omega": "w"},
    **{"ext_input_x": "x_ext", "ext_input_y": "y_ext"},
}
_PART = re.compile(r"(.+)_(\d+)$")
_GENERAL = (
    "duration",
    "dt",
    "seed",
    "sampling_dt",
    "backend",
    "N",
    "Cmat",
    "lengthMat",
)
_NOT_NEEDED = ("name", "description", "model", "signalV")


def from_multimodel(params, *, initial_state=None):
    """Set up a network from the parameters of a neurolib MultiModel [1]_.

    Without noise its trajectories are those of MultiModel's Euler backend. What
    ``params`` leaves out has MultiModel's default.

    Parameters
    ----------
    params : dict
        ``model.params`` of a MultiModel, or a part of it: values by paths such as
        ``"WCnet.WCnode_0.WCmassEXC_0.tau"``, ``"WCnet.connectivity"``,
        ``"WCnet.delays"`` (ms), ``"dt"``.
    initial_state : array-like of shape (n_states,), default=None
        First value of all states in MultiModel's order, node by node and mass by mass,
        in the units of the states. None draws them at random.

    Returns
    -------
    NetworkSimulator
        Nodes in MultiModel's order; each group is a run of nodes of one type, named
        after it: ``"wc"``, ``"ww"``, ``"reducedww"``, ``"hopf"``, ``"fitzhughnagumo"``,
        ``"thlm"`` or ``"aln"``.

    Raises
    ------
    ValueError
        If a key or a kind of node is unknown, or a value has no counterpart.

    See Also
    --------
    from_neurolib : The models that neurolib has outside of MultiModel.

    Notes
    -----
    There is no global gain, delays are given in ms and the network reaches both the
    excitatory and the inhibitory population of a node, with the same weights. Noise has
    the same statistics, but other random numbers. Rates of Wong-Wang are in Hz here, in
    kHz there; gating variables and activities are kept in [0, 1] here. A thalamic node
    sees its rates through a filter of 10 per ms, and the adaptation of ALN the rate of
    the same step, as there. Strengths of ALN are taken as ``model.params`` has them,
    scaled by MultiModel; its table is the one that ships here unless
    ``set_params(aln__transfer=path)`` gives neurolib's.

    References
    ----------
    .. [1] C. Cakan, N. Jajcay and K. Obermayer (2023), Cogn. Comput. 15, 1132-1152:
       :doi:`10.1007/s12559-021-09931-9`

    Examples
    --------
    >>> from skneuro.compat import from_multimodel
    >>> params = {
    ...     "HopfNet.HopfNode_0.HopfMass_0.a": 0.1,
    ...     "HopfNet.HopfNode_1.HopfMass_0.a": 0.2,
    ...     "HopfNet.connectivity": [[0.0, 0.5], [1.0, 0.0]],
    ...     "HopfNet.delays": [[0.0, 2.0], [3.0, 0.0]],
    ...     "duration": 20.0,
    ... }
    >>> from_multimodel(params).simulate()["hopf__x"].shape
    (2, 200)
    """
    general, nodes = _sort_keys(params)
    kinds = [kind for kind, _ in nodes]
    starts = [i for i in range(len(kinds)) if i == 0 or kinds[i] != kinds[i - 1]]
    runs = [range(a, b) for a, b in zip(starts, [*starts[1:], len(kinds)], strict=True)]
    initial = _split_states(kinds, initial_state)
    groups = []
    for run in runs:
        kind = kinds[run[0]]
        name = kind if kinds.count(kind) == len(run) else f"{kind}{run[0]}"
        values = [nodes[i][1] for i in run]
        groups.append((name, _make_group(kind, values, initial[run[0] : run[-1] + 1])))
    connectivity, delays = _couplings(groups, runs, kinds, general)
    dt, duration = general.get("dt", 0.1), general.get("duration", 2000.0)
    return NetworkSimulator(
        groups,
        connectivity or None,
        delays=delays if connectivity else None,
        n_nodes=[len(run) for run in runs],
        dt=dt,
        duration=math.ceil(round(duration / dt, 6)) * dt,
        random_state=general.get("seed"),
    )


def _sort_keys(params):
    """General settings, and per node its kind and values by mass and name."""
    general, nodes = {}, {}
    for key, value in params.items():
        path = key.split(".")
        places = [i for i, part in enumerate(path) if "node_" in part.lower()]
        if not places:
            if path[-1] not in (*_GENERAL, *_NOT_NEEDED, "connectivity", "delays"):
                raise ValueError(
                    f"params has the key {key!r}, expected the path of a node's "
                    f"parameter, connectivity, delays or one of {_GENERAL}."
                )
            general[path[-1]] = value
            continue
        label, number = _PART.match(path[places[0]]).groups()
        kind = label.lower().removesuffix("node")
        kind = _ALIASES.get(kind, kind)
        if kind not in NODES:
            raise ValueError(
                f"params has a node {label!r}, expected one of the kinds "
                f"{sorted(NODES)}."
            )
        known = nodes.setdefault(int(number), (kind, {}))
        rest = path[places[0] + 1 :]
        if len(rest) == 1:
            known[1][rest[0]] = value
            continue
        mass = int(_PART.match(rest[0]).group(2))
        known[1][mass, ".".join(rest[1:])] = value
    if general.get("sampling_dt") not in (None, general.get("dt", 0.1)):
        raise ValueError(
            f"sampling_dt={general['sampling_dt']!r} has no counterpart, expected that "
            "of dt; remove it and set monitor=SubSample(interval)."
        )
    if sorted(nodes) != list(range(len(nodes))) or not nodes:
        raise ValueError(
            f"params has the nodes {sorted(nodes)}, expected numbers from 0 on."
        )
    return general, [nodes[i] for i in range(len(nodes))]


def _split_states(kinds, initial_state):
    """Values of our variables, node by node."""
    names = [[n for mass in NODES[kind].states for n in mass] for kind in kinds]
    if initial_state is None:
        return [{}] * len(kinds)
    values = np.asarray(initial_state, dtype=np.float64)
    size = sum(map(len, names))
    if values.shape != (size,):
        raise ValueError(
            f"initial_state has shape {values.shape}, expected ({size},): all states "
            "of each mass, node by node."
        )
    parts = np.split(values, np.cumsum([len(n) for n in names])[:-1])
    return [
        {
            name: value * FACTORS.get(name, 1.0)
            for name, value in zip(own, part, strict=True)
        }
        for own, part in zip(names, parts, strict=True)
    ]


def _make_group(kind, values, initial):
    """Make the simulator of a run of nodes of one kind."""
    node, model = NODES[kind], NODES[kind].model
    settings = [_read_node(kind, node, own) for own in values]

    def together(pick):
        return {
            name: np.array([pick(one)[name] for one in settings], dtype=np.float64)
            for name in pick(settings[0])
        }

    group = together(lambda one: one[0])
    group.setdefault("coupling", 1.0)
    group |= {
        name: together(lambda one, i=i: one[1][i])
        for i, name in enumerate(("sigma", "tau_noise", "noise_mean"))
    }
    names = initial[0]
    group["initial_state"] = {
        name: np.array([one[name] for one in initial]) for name in names
    }
    return model(**group)


def _read_node(kind, node, values):
    """Parameters, and sigma, tau and mean of the noise, of one node."""
    found, noise = {}, ({}, {}, {})
    known = node.model.parameters | node.defaults
    for mass, names in enumerate(node.masses):
        for theirs, ours in names.items():
            value = values.pop((mass, theirs), None)
            for alias, name in _ALIASES.items():
                if name == theirs and (mass, alias) in values:
                    value = values.pop((mass, alias))
            if value is None:
                value = known[ours] / FACTORS.get(ours, 1.0)
            value = value * FACTORS.get(ours, 1.0)
            if found.setdefault(ours, value) != value:
                raise ValueError(
                    f"{theirs} is {found[ours]:g} and {value:g} in the masses of one "
                    f"{kind} node, expected the same: ours have one value for both."
                )
        for derived in ("lambda", "taum"):
            values.pop((mass, derived), None)
        for k, process in enumerate(node.noise[mass]):
            given = {
                name: values.pop((mass, f"input_{k}.{name}"), default)
                for name, default in (
                    ("sigma", 0.0),
                    ("tau", 5.0),
                    ("mu", node.means[mass]),
                )
            }
            word = str(values.pop((mass, f"input_{k}.type"), "Ornstein"))
            for extra in ("n", "seed", "num_iter", "x0"):
                values.pop((mass, f"input_{k}.{extra}"), None)
            if "Ornstein" not in word and "Zero" not in word:
                raise ValueError(
                    f"input_{k} of a {kind} node is of type {word!r}, expected an "
                    "Ornstein-Uhlenbeck process or ZeroInput; pass others as X."
                )
            silent = "Zero" in word
            noise[0][process] = 0.0 if silent else given["sigma"]
            noise[1][process] = given["tau"]
            noise[2][process] = 0.0 if silent else given["mu"]
    _read_local(kind, node, values, found)
    if kind == "thlm":
        if found.pop("n_bound") != 4.0:
            raise ValueError("n_P has no counterpart but 4, expected 4.")
        found["spread"] *= math.pi / math.sqrt(3.0) / found.pop("slope")
    elif kind == "aln":
        _scale_aln(found)
    if values:
        raise ValueError(
            f"params has {sorted(map(str, values))} for a {kind} node, expected some "
            f"of {[sorted(names) for names in node.masses]}."
        )
    return found, noise


def _scale_aln(found):
    """Turn strengths that MultiModel has scaled back into those of single spikes."""
    if found.pop("inh_rate_input"):
        raise ValueError(
            "ext_inh_rate has no counterpart, expected 0: here its effect is scaled by "
            "Jee_max, there by Jie_max."
        )
    del found["coupling_inh"]  # scales nothing else
    found["coupling"] *= found["j_excexc"] / found["tau_syn_exc"]
    for name in ("excexc", "excinh", "inhexc", "inhinh"):
        tau = found[f"tau_syn_{name[:3]}"]
        found[f"c_{name}"] *= abs(found[f"j_{name}"]) / tau


def _read_local(kind, node, values, found):
    """Put the local connectivity and delays where our model has them."""
    local = np.asarray(values.pop("local_connectivity", node.local_default))
    delays = np.asarray(values.pop("local_delays", node.local_delays))
    if "delay_exc" in node.model.parameters and (delays[0] == delays[1]).all():
        found["delay_exc"], found["delay_inh"] = delays[0]
    elif delays.any():
        raise ValueError(
            f"local_delays of a {kind} node have no counterpart, expected "
            f"{node.local_delays}."
        )
    for (to, start), ours in (node.local or {}).items():
        default = node.local_default[to][start]
        if ours is not None:
            found[ours] = local[to][start]
        elif local[to][start] != default:
            raise ValueError(
                f"local_connectivity[{to}, {start}] of a {kind} node is "
                f"{local[to][start]:g}, expected {default:g}, which it is here."
            )


def _couplings(groups, runs, kinds, general):
    """Matrices and delays by pairs of names, block by block."""
    weights = np.asarray(general.get("connectivity", 0.0), dtype=np.float64)
    delays = np.asarray(general.get("delays", 0.0), dtype=np.float64)
    n_nodes = len(kinds)
    if weights.ndim == 0:
        weights = np.full((n_nodes, n_nodes), float(weights))
    delays = np.broadcast_to(delays, weights.shape)
    if weights.shape != (n_nodes, n_nodes):
        raise ValueError(
            f"connectivity has shape {weights.shape}, but params has {n_nodes} nodes; "
            f"expected ({n_nodes}, {n_nodes})."
        )
    matrices, lags = {}, {}
    for (to, target), rows in zip(groups, runs, strict=True):
        for (start, _), columns in zip(groups, runs, strict=True):
            block = np.ix_(rows, columns)
            if not weights[block].any():
                continue
            source = NODES[kinds[columns[0]]].source
            for name in NODES[kinds[rows[0]]].inputs:
                # rates are in kHz there and in Hz here
                factor = 1e-3 if NODES[kinds[columns[0]]].sends_rates else 1.0
                factor = factor * (1e3 if NODES[kinds[rows[0]]].sends_rates else 1.0)
                if name == "net_squared":
                    factor = math.sqrt(factor)
                if kinds[rows[0]] == "ww" and name == "inh":  # there outside of w_inh
                    factor = factor * (target.j_nmda / target.w_inh)[:, None]
                pair = f"{start}__{source}", f"{to}__{name}"
                matrices[pair] = factor * weights[block]
                lags[pair] = delays[block]
    return matrices, lags
