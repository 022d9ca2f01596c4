"""The Wilson-Cowan model of an excitatory and an inhibitory population."""

from typing import ClassVar

from skneuro.dynamics._base import BaseSimulator
from skneuro.engine import sigmoid


class WilsonCowan(BaseSimulator):
    r"""Simulate Wilson-Cowan nodes coupled through a connectome [1]_.

    Each node has an excitatory and an inhibitory population; :math:`E` and :math:`I`
    are the shares of their cells that are active:

    .. math::

        \tau_E \dot E_n &= -E_n + (1 - E_n) S_E\left(c_{EE} E_n - c_{IE} I_n
            + K \sum_l C_{nl} E_l(t - d_{nl}) + I_E\right) + \eta_E \\
        \tau_I \dot I_n &= -I_n + (1 - I_n) S_I\left(c_{EI} E_n - c_{II} I_n
            + I_I\right) + \eta_I \\
        S_j(v) &= \frac{1}{1 + e^{-a_j (v - \mu_j)}}

    Parameters
    ----------
    %(connectome)s
    tau_exc : float or array-like of shape (n_nodes,), default=2.5
        Time constant of the excitatory population, in ms.
    tau_inh : float or array-like of shape (n_nodes,), default=3.75
        Time constant of the inhibitory population, in ms.
    c_excexc : float or array-like of shape (n_nodes,), default=16.0
        Local coupling :math:`c_{EE}` from excitatory to excitatory, dimensionless.
    c_excinh : float or array-like of shape (n_nodes,), default=15.0
        Local coupling :math:`c_{EI}` from excitatory to inhibitory, dimensionless.
    c_inhexc : float or array-like of shape (n_nodes,), default=12.0
        Local coupling :math:`c_{IE}` from inhibitory to excitatory, dimensionless.
    c_inhinh : float or array-like of shape (n_nodes,), default=3.0
        Local coupling :math:`c_{II}` from inhibitory to inhibitory, dimensionless.
    a_exc : float or array-like of shape (n_nodes,), default=1.5
        Gain of the excitatory response, dimensionless.
    a_inh : float or array-like of shape (n_nodes,), default=1.5
        Gain of the inhibitory response, dimensionless.
    mu_exc : float or array-like of shape (n_nodes,), default=3.0
        Input at half of the excitatory response, dimensionless.
    mu_inh : float or array-like of shape (n_nodes,), default=3.0
        Input at half of the inhibitory response, dimensionless.
    coupling : float or array-like of shape (n_nodes,), default=0.6
        Global gain :math:`K` on the connectivity, dimensionless.
    exc_input : float or array-like of shape (n_nodes,), default=0.0
        Constant input :math:`I_E`, dimensionless.
    inh_input : float or array-like of shape (n_nodes,), default=0.0
        Constant input :math:`I_I`, dimensionless.
    %(simulation)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    Hopf : The normal form of the onset of oscillations.

    Notes
    -----
    2-D X is a constant drive, 3-D X a time series; see ``transform``. Noise acts
    outside the response function, and both states are clipped to [0, 1] after each
    step. The refractory factors of the reference are 1, as is usual; the default values
    are those of neurolib. BOLD follows ``50 * E``.

    References
    ----------
    .. [1] H. R. Wilson and J. D. Cowan (1972), Biophys. J. 12, 1-24, equations 11 and
       12: :doi:`10.1016/S0006-3495(72)86068-5`
    .. [2] C. Cakan, N. Jajcay and K. Obermayer (2023), Cogn. Comput. 15, 1132-1152,
       the default values: :doi:`10.1007/s12559-021-09931-9`

    Examples
    --------
    >>> from skneuro.dynamics import WilsonCowan
    >>> node = WilsonCowan(exc_input=0.7, duration=100.0, random_state=0)
    >>> node.simulate()["exc"].shape
    (1, 1000)
    """

    parameters: ClassVar[dict] = {
        "tau_exc": 2.5,
        "tau_inh": 3.75,
        "c_excexc": 16.0,
        "c_excinh": 15.0,
        "c_inhexc": 12.0,
        "c_inhinh": 3.0,
        "a_exc": 1.5,
        "a_inh": 1.5,
        "mu_exc": 3.0,
        "mu_inh": 3.0,
        "coupling": 0.6,
        "exc_input": 0.0,
        "inh_input": 0.0,
    }
    positive = ("tau_exc", "tau_inh")
    states = noise = ports = ("exc", "inh")
    coupling_inputs: ClassVar[dict] = {"net": "exc"}
    bounds: ClassVar[dict] = {"exc": (0.0, 1.0), "inh": (0.0, 1.0)}
    initial: ClassVar[dict] = {"exc": (0.0, 0.05), "inh": (0.0, 0.05)}
    output = "exc"
    bold_input = ("exc", 0.0, 50.0)

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Return the time derivatives of both states.

        %(equations)s
        """
        input_exc = p.c_excexc * x.exc - p.c_inhexc * x.inh + p.coupling * net.net
        input_inh = p.c_excinh * x.exc - p.c_inhinh * x.inh
        s_exc = sigmoid(p.a_exc * (input_exc + drive.exc - p.mu_exc))
        s_inh = sigmoid(p.a_inh * (input_inh + drive.inh - p.mu_inh))
        return {
            "exc": (-x.exc + (1 - x.exc) * s_exc + noise.exc) / p.tau_exc,
            "inh": (-x.inh + (1 - x.inh) * s_inh + noise.inh) / p.tau_inh,
        }
