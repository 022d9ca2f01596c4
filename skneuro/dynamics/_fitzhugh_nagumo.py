"""FitzHugh-Nagumo oscillators, a caricature of an excitable cell."""

from typing import ClassVar

from skneuro.dynamics._base import BaseSimulator


class FitzHughNagumo(BaseSimulator):
    r"""Simulate FitzHugh-Nagumo nodes coupled through a connectome [1]_ [2]_.

    .. math::

        \dot x_n &= -\alpha x_n^3 + \beta x_n^2 + \gamma x_n - y_n
            + K \sum_l C_{nl} \left(x_l(t - d_{nl}) - x_n\right) + I_x + \eta_x \\
        \dot y_n &= (x_n - \delta - \epsilon y_n) / \tau + I_y + \eta_y

    Parameters
    ----------
    %(connectome)s
    alpha : float or array-like of shape (n_nodes,), default=3.0
        Cubic coefficient, in 1/ms.
    beta : float or array-like of shape (n_nodes,), default=4.0
        Quadratic coefficient, in 1/ms.
    gamma : float or array-like of shape (n_nodes,), default=-1.5
        Linear coefficient, in 1/ms.
    delta : float or array-like of shape (n_nodes,), default=0.0
        Threshold of the recovery, dimensionless.
    epsilon : float or array-like of shape (n_nodes,), default=0.5
        Decay of the recovery, dimensionless.
    tau : float or array-like of shape (n_nodes,), default=20.0
        Time constant of the recovery, in ms.
    coupling : float or array-like of shape (n_nodes,), default=0.6
        Global gain :math:`K` on the connectivity, in 1/ms.
    coupling_kind : {"diffusive", "additive"}, default="diffusive"
        Whether a node sees differences :math:`x_l - x_n` or the values :math:`x_l`.
    x_input : float or array-like of shape (n_nodes,), default=1.0
        Constant input :math:`I_x`, in 1/ms.
    y_input : float or array-like of shape (n_nodes,), default=0.0
        Constant input :math:`I_y`, in 1/ms.
    %(simulation)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    Hopf : The normal form of the onset of oscillations.

    Notes
    -----
    2-D X is a constant drive, 3-D X a time series; see ``transform``. With the default
    values, those of [3]_, a node alone oscillates for inputs ``x_input`` between about
    0.74 and 1.32 and rests below and above. BOLD follows ``50 * x``.

    References
    ----------
    .. [1] R. FitzHugh (1961), Biophys. J. 1, 445-466:
       :doi:`10.1016/S0006-3495(61)86902-6`
    .. [2] J. Nagumo, S. Arimoto and S. Yoshizawa (1962), Proc. IRE 50, 2061-2070:
       :doi:`10.1109/JRPROC.1962.288235`
    .. [3] C. Cakan, N. Jajcay and K. Obermayer (2023), Cogn. Comput. 15, 1132-1152:
       :doi:`10.1007/s12559-021-09931-9`

    Examples
    --------
    >>> from skneuro.dynamics import FitzHughNagumo
    >>> node = FitzHughNagumo(x_input=1.0, duration=500.0, random_state=0)
    >>> x = node.simulate()["x"]
    >>> bool(x[0, -2000:].max() - x[0, -2000:].min() > 0.5)  # it oscillates
    True
    """

    parameters: ClassVar[dict] = {
        "alpha": 3.0,
        "beta": 4.0,
        "gamma": -1.5,
        "delta": 0.0,
        "epsilon": 0.5,
        "tau": 20.0,
        "coupling": 0.6,
        "coupling_kind": "diffusive",
        "x_input": 1.0,
        "y_input": 0.0,
    }
    positive = ("tau",)
    options: ClassVar[dict] = {
        "coupling_kind": {
            "diffusive": {"diffusive": 1.0},
            "additive": {"diffusive": 0.0},
        }
    }
    states = noise = ports = ("x", "y")
    coupling_inputs: ClassVar[dict] = {"net": "x"}
    initial: ClassVar[dict] = {"x": (0.0, 0.05), "y": (0.0, 0.05)}
    output = "x"
    bold_input = ("x", 0.0, 50.0)

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Return the time derivatives of both states.

        %(equations)s
        """
        cubic = ((-p.alpha * x.x + p.beta) * x.x + p.gamma) * x.x
        network = p.coupling * (net.net - p.diffusive * p.net_strength * x.x)
        recovery = (x.x - p.delta - p.epsilon * x.y) / p.tau
        return {
            "x": cubic - x.y + network + drive.x + noise.x,
            "y": recovery + drive.y + noise.y,
        }
