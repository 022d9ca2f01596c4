"""The Montbrio-Pazo-Roxin model, exact for quadratic integrate-and-fire neurons."""

import math
from typing import ClassVar

from skneuro.dynamics._base import BaseSimulator


class MontbrioPazoRoxin(BaseSimulator):
    r"""Simulate exact mean fields of quadratic integrate-and-fire neurons [1]_.

    Firing rate :math:`r` and mean membrane potential :math:`v` of infinitely many
    neurons whose excitabilities follow a Lorentz distribution:

    .. math::

        \tau \dot r_n &= \frac{\Delta}{\pi \tau} + 2 r_n v_n \\
        \tau \dot v_n &= v_n^2 + \bar\eta + J \tau r_n - (\pi \tau r_n)^2
            + K \tau \sum_l C_{nl} r_l(t - d_{nl}) + I + \eta_v

    Parameters
    ----------
    %(connectome)s
    tau : float or array-like of shape (n_nodes,), default=1.0
        Membrane time constant, in ms.
    spread : float or array-like of shape (n_nodes,), default=1.0
        Half-width :math:`\Delta` of the distribution of excitabilities, dimensionless.
    mean_excitability : float or array-like of shape (n_nodes,), default=-5.0
        Centre :math:`\bar\eta` of that distribution, dimensionless.
    weight : float or array-like of shape (n_nodes,), default=15.0
        Synaptic weight :math:`J` within the population, dimensionless.
    coupling : float or array-like of shape (n_nodes,), default=1.0
        Global gain :math:`K` on the connectivity, dimensionless.
    v_input : float or array-like of shape (n_nodes,), default=0.0
        Constant input current :math:`I`, dimensionless.
    %(simulation)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    WilsonCowan : A heuristic model of population rates.

    Notes
    -----
    2-D X is a constant drive, 3-D X a time series; see ``transform``. The rate ``r`` is
    in Hz, as all rates here; the equations use kHz. With the default values, those of
    figure 2 of the reference, a population is bistable: a silent state, and a focus
    with a firing rate. The focus is weakly damped, and Euler's scheme turns that into
    an oscillation that is none: take ``method="heun"`` and steps of 0.01 ms where rates
    are high. BOLD follows ``r`` in kHz.

    References
    ----------
    .. [1] E. Montbrio, D. Pazo and A. Roxin (2015), Phys. Rev. X 5, 021028, equations
       12: :doi:`10.1103/PhysRevX.5.021028`

    Examples
    --------
    >>> from skneuro.dynamics import MontbrioPazoRoxin
    >>> population = MontbrioPazoRoxin(duration=100.0, dt=0.01, random_state=0)
    >>> population.simulate()["r"].shape
    (1, 10000)
    """

    parameters: ClassVar[dict] = {
        "tau": 1.0,
        "spread": 1.0,
        "mean_excitability": -5.0,
        "weight": 15.0,
        "coupling": 1.0,
        "v_input": 0.0,
    }
    positive = ("tau", "spread")
    states = ("r", "v")
    noise = ports = ("v",)
    coupling_inputs: ClassVar[dict] = {"net": "r"}
    bounds: ClassVar[dict] = {"r": (0.0, None)}
    initial: ClassVar[dict] = {"r": (0.0, 2000.0), "v": (-2.0, 1.5)}
    output = "r"
    units: ClassVar[dict] = {"r": "Hz"}
    bold_input = ("r", 0.0, 1e-3)

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Return the time derivatives of rate and mean potential.

        %(equations)s
        """
        rate = 1e-3 * p.tau * x.r  # Hz to spikes per time constant
        network = p.coupling * p.tau * 1e-3 * net.net
        spikes = p.spread / math.pi + 2 * rate * x.v
        field = x.v * x.v + p.mean_excitability + p.weight * rate
        reset = (math.pi * rate) * (math.pi * rate)
        return {
            "r": 1e3 * spikes / (p.tau * p.tau),
            "v": (field - reset + network + drive.v + noise.v) / p.tau,
        }
