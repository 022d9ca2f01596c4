"""Kuramoto phase oscillators."""

import math
from typing import ClassVar

from skneuro.dynamics._base import BaseSimulator
from skneuro.engine import cos, sin


class Kuramoto(BaseSimulator):
    r"""Simulate Kuramoto phase oscillators coupled through a connectome [1]_ [2]_.

    .. math::

        \dot\theta_n = \omega_n + \frac{K}{N} \sum_l C_{nl}
            \sin\left(\theta_l(t - d_{nl}) - \theta_n(t)\right) + I + \eta

    Parameters
    ----------
    %(connectome)s
    frequency : float or array-like of shape (n_nodes,), default=0.25
        Angular frequency :math:`\omega`, in rad/ms.
    coupling : float or array-like of shape (n_nodes,), default=2.0
        Global gain :math:`K` on the connectivity, in 1/ms.
    theta_input : float or array-like of shape (n_nodes,), default=0.0
        Constant input, in rad/ms.
    %(simulation)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    skneuro.metrics.kuramoto_order : How synchronous the phases are.

    Notes
    -----
    2-D X is a constant drive, 3-D X a time series; see ``transform``. Phases are kept
    in [0, 2 pi). Delays are those of the tract lengths, rounded to steps; neurolib's
    are too short by the factor ``dt``. The default frequency is 40 Hz, as in [2]_.
    A phase is no activity, so the monitor `Bold` refuses this model.

    References
    ----------
    .. [1] Y. Kuramoto (1984), Chemical Oscillations, Waves, and Turbulence, Springer:
       :doi:`10.1007/978-3-642-69689-3`
    .. [2] J. Cabral, E. Hugues, O. Sporns and G. Deco (2011), NeuroImage 57, 130-139:
       :doi:`10.1016/j.neuroimage.2011.04.010`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.dynamics import Kuramoto
    >>> from skneuro.metrics import kuramoto_order
    >>> pair = Kuramoto(1 - np.eye(2), duration=50.0, random_state=0)
    >>> theta = pair.simulate()["theta"]
    >>> round(float(kuramoto_order(theta.values, method="phase")[-1]), 2)
    1.0
    """

    parameters: ClassVar[dict] = {
        "frequency": 0.25,
        "coupling": 2.0,
        "theta_input": 0.0,
    }
    states = noise = ports = ("theta",)
    coupling_inputs: ClassVar[dict] = {"net_sin": "sin", "net_cos": "cos"}
    periods: ClassVar[dict] = {"theta": 2 * math.pi}
    initial: ClassVar[dict] = {"theta": (0.0, 2 * math.pi)}
    output = "theta"
    units: ClassVar[dict] = {"theta": "rad"}

    @staticmethod
    def sources(x, p):
        """Return what other nodes see: a sine of a difference is made of these.

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
        return {"sin": sin(x.theta), "cos": cos(x.theta)}

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Return the time derivative of the phase.

        %(equations)s
        """
        pull = cos(x.theta) * net.net_sin - sin(x.theta) * net.net_cos
        network = p.coupling / p.n_nodes * pull
        return {"theta": p.frequency + network + drive.theta + noise.theta}
