"""The reduced dynamic mean-field (Wong-Wang) model of one population."""

from typing import ClassVar

from skneuro.dynamics._base import BaseSimulator
from skneuro.dynamics._wong_wang import firing_rate


class ReducedWongWang(BaseSimulator):
    r"""Simulate reduced dynamic mean-field nodes of one population [1]_.

    .. math::

        I_n &= w J S_n + J K \sum_l C_{nl} S_l(t - d_{nl}) + I_{ext}, \qquad
        r_n = \frac{a I_n - b}{1 - e^{-d (a I_n - b)}} \\
        \dot S_n &= -S_n / \tau + (1 - S_n) \gamma r_n + \eta_n

    Parameters
    ----------
    %(connectome)s
    a : float or array-like of shape (n_nodes,), default=0.27
        Gain of the response, in 1/nC.
    b : float or array-like of shape (n_nodes,), default=0.108
        Threshold of the response, in kHz.
    d : float or array-like of shape (n_nodes,), default=154.0
        Curvature of the response, in ms.
    tau : float or array-like of shape (n_nodes,), default=100.0
        Time constant of the gating, in ms.
    gamma : float or array-like of shape (n_nodes,), default=0.641
        Growth of the gating per spike, dimensionless.
    w : float or array-like of shape (n_nodes,), default=0.6
        Local recurrence, dimensionless.
    j_nmda : float or array-like of shape (n_nodes,), default=0.2609
        Synaptic coupling, in nA.
    coupling : float or array-like of shape (n_nodes,), default=1.0
        Global gain :math:`K` on the connectivity, dimensionless.
    exc_input : float or array-like of shape (n_nodes,), default=0.33
        External current, in nA.
    %(simulation)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    WongWang : The model with an inhibitory population.

    Notes
    -----
    2-D X is a constant drive, 3-D X a time series; see ``transform``. The gating
    variable is a share and is kept in [0, 1]. ``rate`` is in Hz, of the state before
    each step. With ``w=1.0`` a node alone is bistable at a current of 0.32 nA. BOLD
    follows ``s``.

    References
    ----------
    .. [1] G. Deco, A. Ponce-Alvarez, D. Mantini, G. L. Romani, P. Hagmann and
       M. Corbetta (2013), J. Neurosci. 33, 11239-11252, equations 2 to 4:
       :doi:`10.1523/JNEUROSCI.1091-13.2013`

    Examples
    --------
    >>> from skneuro.dynamics import ReducedWongWang
    >>> node = ReducedWongWang(duration=500.0, random_state=0)
    >>> bool(0 < node.simulate()["s"][0, -1] < 1)
    True
    """

    parameters: ClassVar[dict] = {
        "a": 0.27,
        "b": 0.108,
        "d": 154.0,
        "tau": 100.0,
        "gamma": 0.641,
        "w": 0.6,
        "j_nmda": 0.2609,
        "coupling": 1.0,
        "exc_input": 0.33,
    }
    positive = ("d", "tau")
    states = ("s",)
    algebraic = ("rate",)
    noise = ports = ("exc",)
    coupling_inputs: ClassVar[dict] = {"net": "s"}
    bounds: ClassVar[dict] = {"s": (0.0, 1.0)}
    initial: ClassVar[dict] = {"s": (0.0, 1.0)}
    output = "s"
    units: ClassVar[dict] = {"rate": "Hz"}
    bold_input = ("s", 0.0, 1.0)

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Return the time derivative of the gating variable, and the rate.

        %(equations)s
        """
        current = p.j_nmda * (p.w * x.s + p.coupling * net.net) + drive.exc
        rate = firing_rate(current, p.a, p.b, p.d)  # kHz
        return {
            "s": -x.s / p.tau + (1 - x.s) * p.gamma * rate + noise.exc,
            "rate": 1000.0 * rate,  # kHz to Hz
        }
