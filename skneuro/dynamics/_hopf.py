"""Stuart-Landau oscillators at a Hopf bifurcation."""

from typing import ClassVar

from skneuro.dynamics._base import BaseSimulator


class Hopf(BaseSimulator):
    r"""Simulate Hopf (Stuart-Landau) oscillators coupled through a connectome [1]_.

    .. math::

        \dot x_n &= (a - x_n^2 - y_n^2) x_n - \omega y_n
            + K \sum_l C_{nl} \left(x_l(t - d_{nl}) - x_n\right) + I_x + \eta_x \\
        \dot y_n &= (a - x_n^2 - y_n^2) y_n + \omega x_n + I_y + \eta_y

    A node alone rests for :math:`a < 0` and oscillates with amplitude
    :math:`\sqrt a` and angular frequency :math:`\omega` for :math:`a > 0`.

    Parameters
    ----------
    %(connectome)s
    a : float or array-like of shape (n_nodes,), default=0.25
        Bifurcation parameter, in 1/ms.
    frequency : float or array-like of shape (n_nodes,), default=0.2
        Angular frequency :math:`\omega`, in rad/ms.
    coupling : float or array-like of shape (n_nodes,), default=0.6
        Global gain :math:`K` on the connectivity, in 1/ms.
    coupling_kind : {"diffusive", "additive"}, default="diffusive"
        Whether a node sees differences :math:`x_l - x_n` or the values :math:`x_l`.
    x_input : float or array-like of shape (n_nodes,), default=0.0
        Constant input :math:`I_x`, in 1/ms.
    y_input : float or array-like of shape (n_nodes,), default=0.0
        Constant input :math:`I_y`, in 1/ms.
    %(simulation)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    WilsonCowan : Two populations with a sigmoid response.

    Notes
    -----
    2-D X is a constant drive, 3-D X a time series; see ``transform``. The default
    values are those of neurolib; the reference fits ``a`` near zero and a frequency
    per node. BOLD follows ``4 * (x + 1)``, which keeps it positive.

    References
    ----------
    .. [1] G. Deco, M. L. Kringelbach, V. K. Jirsa and P. Ritter (2017), Sci. Rep. 7,
       3095, equations 4 and 5: :doi:`10.1038/s41598-017-03073-5`

    Examples
    --------
    >>> from skneuro.dynamics import Hopf
    >>> oscillator = Hopf(a=0.25, duration=200.0, random_state=0)
    >>> x = oscillator.simulate()["x"]
    >>> round(float(abs(x[0, 1000:]).max()), 2)  # the square root of a
    0.5
    """

    parameters: ClassVar[dict] = {
        "a": 0.25,
        "frequency": 0.2,
        "coupling": 0.6,
        "coupling_kind": "diffusive",
        "x_input": 0.0,
        "y_input": 0.0,
    }
    options: ClassVar[dict] = {
        "coupling_kind": {
            "diffusive": {"diffusive": 1.0},
            "additive": {"diffusive": 0.0},
        }
    }
    states = noise = ports = ("x", "y")
    coupling_inputs: ClassVar[dict] = {"net": "x"}
    initial: ClassVar[dict] = {"x": (-0.5, 0.5), "y": (-0.5, 0.5)}
    output = "x"
    bold_input = ("x", 1.0, 4.0)

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Return the time derivatives of both states.

        %(equations)s
        """
        growth = p.a - x.x * x.x - x.y * x.y
        network = p.coupling * (net.net - p.diffusive * p.net_strength * x.x)
        return {
            "x": growth * x.x - p.frequency * x.y + network + drive.x + noise.x,
            "y": growth * x.y + p.frequency * x.x + drive.y + noise.y,
        }
