"""What all stimuli can do, and how they are joined: base, sum and concatenation."""

import textwrap
from dataclasses import KW_ONLY, dataclass, fields
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from scipy.interpolate import CubicHermiteSpline

from skneuro.utils._param_validation import Interval, validate_parameter_constraints
from skneuro.utils._validation import check_multiple

POSITIVE = Interval(Real, 0, None, closed="neither")

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

    def to_spline(self, n_nodes, duration, dt, labels=None):
        """Join the samples to a smooth function of time, for solvers with own steps.

        Parameters
        ----------
        n_nodes : int
            Number of nodes.
        duration : float
            Simulated time, in ms.
        dt : float
            Time between samples, in ms.
        labels : array-like of shape (n_nodes,), default=None
            Names of the nodes, for stimuli that name their targets.

        Returns
        -------
        scipy.interpolate.CubicHermiteSpline
            Function of times in ms, with values of shape (n_nodes, n_times). Sample k
            of `to_array` is its value at ``(k + 1) * dt``.

        Raises
        ------
        ValueError
            If there are fewer than two samples, and as `to_array`.
        TypeError
            If ``n_nodes`` is no integer, or a time no number.

        Notes
        -----
        The slope at a sample is that of the parabola through it and its neighbours, at
        the ends that of the line to the neighbour.

        Examples
        --------
        >>> from skneuro.dynamics.stimuli import Sinusoid
        >>> wave = Sinusoid(2.0, frequency=10.0).to_spline(1, 100.0, 5.0)
        >>> wave(37.0).round(3)  # 2 sin(0.74 pi), between the samples at 35 and 40 ms
        array([1.458])
        """
        samples = self.to_array(n_nodes, duration, dt, labels)
        n_times = samples.shape[1]
        if n_times < 2:
            raise ValueError(
                f"duration={duration} ms in samples of dt={dt} ms is a single one, "
                "expected at least two; pass a smaller dt."
            )
        slopes = np.gradient(samples, dt, axis=1)
        times = dt * np.arange(1, n_times + 1)
        return CubicHermiteSpline(times, samples, slopes, axis=1)


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
            "end": [POSITIVE, None],
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


def find_borders(ratios, n_times):
    """Find the borders between parts in samples.

    Parameters
    ----------
    ratios : sequence of float
        Share of each part.
    n_times : int
        Samples of all together.

    Returns
    -------
    ndarray of int of shape (n_parts + 1,)
        Borders, from 0 to ``n_times``.
    """
    borders = np.cumsum([0.0, *ratios]) / np.sum(ratios) * n_times
    return np.floor(borders + 0.5 + 1e-9).astype(int)


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
        lengths = np.diff(find_borders(ratios, n_times))
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
