"""The Jansen-Rit model of a cortical column."""

from typing import ClassVar

from skneuro.dynamics._base import BaseSimulator
from skneuro.engine import sigmoid


def population_rate(potential, p):
    """Return the firing rate of a population, in kHz, by its potential in mV."""
    return 1e-3 * p.max_rate * sigmoid(p.slope * (potential - p.threshold))


class JansenRit(BaseSimulator):
    r"""Simulate Jansen-Rit columns coupled through a connectome [1]_.

    Pyramidal cells, excitatory and inhibitory interneurons; :math:`y_0` is the
    potential that the pyramidal cells raise in both kinds of interneurons, :math:`y_1`
    and :math:`y_2` the excitatory and inhibitory potentials of the pyramidal cells:

    .. math::

        \ddot y_0 &= A a S(y_1 - y_2) - 2 a \dot y_0 - a^2 y_0 \\
        \ddot y_1 &= A a \left(p + C_2 S(C_1 y_0) + K \sum_l C_{nl}
            S_l(t - d_{nl})\right) - 2 a \dot y_1 - a^2 y_1 \\
        \ddot y_2 &= B b C_4 S(C_3 y_0) - 2 b \dot y_2 - b^2 y_2 \\
        S(v) &= \frac{2 e_0}{1 + e^{r (v_0 - v)}}, \quad
        C_1 = C,\ C_2 = 0.8 C,\ C_3 = C_4 = 0.25 C

    Parameters
    ----------
    %(connectome)s
    gain_exc : float or array-like of shape (n_nodes,), default=3.25
        Largest excitatory postsynaptic potential :math:`A`, in mV.
    gain_inh : float or array-like of shape (n_nodes,), default=22.0
        Largest inhibitory postsynaptic potential :math:`B`, in mV.
    rate_exc : float or array-like of shape (n_nodes,), default=0.1
        Inverse time constant :math:`a` of excitatory synapses, in 1/ms.
    rate_inh : float or array-like of shape (n_nodes,), default=0.05
        Inverse time constant :math:`b` of inhibitory synapses, in 1/ms.
    connections : float or array-like of shape (n_nodes,), default=135.0
        Number of synapses :math:`C` that scales the local loops, dimensionless.
    max_rate : float or array-like of shape (n_nodes,), default=5.0
        Largest firing rate :math:`2 e_0`, in Hz.
    slope : float or array-like of shape (n_nodes,), default=0.56
        Slope :math:`r` of the response, in 1/mV.
    threshold : float or array-like of shape (n_nodes,), default=6.0
        Potential :math:`v_0` at half of the largest rate, in mV.
    coupling : float or array-like of shape (n_nodes,), default=1.0
        Global gain :math:`K` on the connectivity, dimensionless.
    pyramidal_input : float or array-like of shape (n_nodes,), default=220.0
        Mean rate :math:`p` of the external input, in Hz.
    %(simulation)s

    Attributes
    ----------
    %(attributes)s

    See Also
    --------
    WilsonCowan : Rates instead of potentials.

    Notes
    -----
    2-D X is a constant drive, 3-D X a time series; see ``transform``. ``eeg``, the
    potential :math:`y_1 - y_2` of the pyramidal cells before each step, is what an
    electrode sees; with the standard values it oscillates near 10 Hz. Columns see each
    other's pyramidal firing rates. Noise adds to the external rate ``p``, in kHz. BOLD
    follows ``eeg``.

    References
    ----------
    .. [1] B. H. Jansen and V. G. Rit (1995), Biol. Cybern. 73, 357-366, equation 6 and
       the standard values of section 3: :doi:`10.1007/BF00199471`

    Examples
    --------
    >>> from skneuro.dynamics import JansenRit
    >>> column = JansenRit(duration=1000.0, random_state=0)
    >>> eeg = column.simulate()["eeg"]  # mV
    >>> eeg.shape
    (1, 10000)
    """

    parameters: ClassVar[dict] = {
        "gain_exc": 3.25,
        "gain_inh": 22.0,
        "rate_exc": 0.1,
        "rate_inh": 0.05,
        "connections": 135.0,
        "max_rate": 5.0,
        "slope": 0.56,
        "threshold": 6.0,
        "coupling": 1.0,
        "pyramidal_input": 220.0,
    }
    positive = ("rate_exc", "rate_inh", "max_rate")
    states = ("y0", "y1", "y2", "dy0", "dy1", "dy2")
    algebraic = ("eeg",)
    noise = ports = ("pyramidal",)
    coupling_inputs: ClassVar[dict] = {"net": "rate"}
    initial: ClassVar[dict] = {"y0": (0.0, 0.2), "y1": (0.0, 20.0), "y2": (0.0, 15.0)}
    output = "eeg"
    units: ClassVar[dict] = {
        **dict.fromkeys(("y0", "y1", "y2", "eeg"), "mV"),
        **dict.fromkeys(("dy0", "dy1", "dy2"), "mV/ms"),
    }
    bold_input = ("eeg", 0.0, 1.0)

    @staticmethod
    def sources(x, p):
        """Return what other columns see: the pyramidal firing rate, in kHz.

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
        return {"rate": population_rate(x.y1 - x.y2, p)}

    @staticmethod
    def equations(x, net, drive, noise, p):
        """Return the time derivatives of all states, and the pyramidal potential.

        %(equations)s
        """
        c1, c2, c3 = p.connections, 0.8 * p.connections, 0.25 * p.connections
        eeg = x.y1 - x.y2
        external = 1e-3 * drive.pyramidal + noise.pyramidal + p.coupling * net.net
        excited = external + c2 * population_rate(c1 * x.y0, p)  # kHz
        inhibited = c3 * population_rate(c3 * x.y0, p)
        a, b = p.rate_exc, p.rate_inh
        return {
            "y0": x.dy0,
            "y1": x.dy1,
            "y2": x.dy2,
            "dy0": p.gain_exc * a * population_rate(eeg, p)
            - 2 * a * x.dy0
            - a * a * x.y0,
            "dy1": p.gain_exc * a * excited - 2 * a * x.dy1 - a * a * x.y1,
            "dy2": p.gain_inh * b * inhibited - 2 * b * x.dy2 - b * b * x.y2,
            "eeg": eeg,
        }
