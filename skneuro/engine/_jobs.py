"""What to simulate: populations, projections, the numbers of a run, its state."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np


class Population(NamedTuple):
    """A group of nodes with the same equations."""

    equations: object
    n_nodes: int


class Projection(NamedTuple):
    """Edges from one value of a population to one input of a population.

    Attributes
    ----------
    target, source : tuple of (int, str)
        Population and name of the input; population and name of the visible value.
    to, start : ndarray of int, shape (n_edges,)
        Nodes at the ends of each edge, sorted by ``to``, then ``start``.
    lag : ndarray of int, shape (n_edges,)
        Delay + 1, in steps.
    weight : ndarray of shape (n_edges,)
        Weights.
    """

    target: tuple
    source: tuple
    to: np.ndarray
    start: np.ndarray
    lag: np.ndarray
    weight: np.ndarray


@dataclass(frozen=True, eq=False)
class Network:
    """Populations and the projections between them.

    Attributes
    ----------
    populations : tuple of Population
        Groups of nodes.
    projections : tuple of Projection
        Edges between them.
    edges : dict
        Sorted edges, kept from earlier runs.
    """

    populations: tuple
    projections: tuple = ()
    edges: dict = field(default_factory=dict, repr=False)

    def __getstate__(self):
        """Leave the sorted edges behind: they are quickly made again."""
        return {"populations": self.populations, "projections": self.projections}

    def __setstate__(self, state):
        """Take what was pickled."""
        self.__dict__.update(state, edges={})

    @property
    def has_edges(self):
        """Whether any node sees a delayed value."""
        return any(len(p.lag) for p in self.projections)

    @property
    def max_lag(self):
        """Longest lag in steps, at least 1."""
        return max(
            (int(p.lag.max()) for p in self.projections if len(p.lag)), default=1
        )


class Tap(NamedTuple):
    """What to record: a variable of a population every ``interval`` steps."""

    population: int
    variable: str
    interval: int = 1
    averages: bool = False


class Observer(NamedTuple):
    """A float64 model that reads one variable, and which of its rows to record.

    Attributes
    ----------
    equations : Equations
        Its only input is the value of the variable.
    population : int
        Population that it looks at.
    variable : str
        Variable that it reads.
    parameters : dict
        Values by name, numbers or arrays of shape (n_nodes,).
    initial : dict
        Initial value of each of its variables.
    update_interval : int
        Steps between updates, which see the mean over the interval.
    record : tuple of str
        Rows to record.
    record_interval : int
        Steps between recordings.
    """

    equations: object
    population: int
    variable: str
    parameters: dict
    initial: dict
    update_interval: int
    record: tuple
    record_interval: int


@dataclass
class Job:
    """Numbers of one simulation.

    Attributes
    ----------
    parameters : list of dict
        Per population every parameter, including ``dt``, ``input_<port>`` and the
        noise constants; numbers or arrays of shape (n_nodes,).
    state : SimulationState
        Where to start.
    seed, simulation : int
        Name of the noise.
    drive : list of (dict or None), or None
        Per population the series of each driven port, shape (n_nodes, n_columns).
    """

    parameters: list
    state: "SimulationState"
    seed: int = 0
    simulation: int = 0
    drive: list | None = None


@dataclass
class SimulationState:
    """All that a simulation needs to go on: plain arrays, so it pickles.

    Attributes
    ----------
    step : int
        Steps done.
    variables, noise : list of dict
        Per population the value of each variable and noise process, shape (n_nodes,).
    history : list of dict
        Per population the past of each visible value, shape (n_nodes, n_columns), the
        latest value last.
    carry : ndarray or None
        Delayed sums at the end of the last step, for Heun's scheme.
    average : dict
        Running sums of each `Tap` that averages. A mean over an interval of which only
        the end was seen is NaN.
    observed : list of dict
        Variables of each observer.
    observed_input : list of ndarray
        Running sums of what each observer sees.
    monitored : tuple or None
        By what the run was recorded, for those who continue it.
    """

    step: int
    variables: list
    noise: list
    history: list
    carry: np.ndarray | None = None
    average: dict = field(default_factory=dict)
    observed: list = field(default_factory=list)
    observed_input: list = field(default_factory=list)
    monitored: tuple | None = None


class Failure(NamedTuple):
    """Where a simulation left the finite numbers."""

    job: int
    step: int
    population: int
    variable: str
    node: int
