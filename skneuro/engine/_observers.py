"""Models that look on while a network runs, laid out beside it."""

import numpy as np

from skneuro.engine import _structures as flat
from skneuro.engine._backend import LANES
from skneuro.engine._codegen import make_kernel
from skneuro.engine._hoisted import append_hoisted, column, round_up


class ObserverRows:
    """Where the observers of a run keep their variables, and what they read.

    Parameters
    ----------
    observers : list of Observer
        Models that look on, in float64.
    populations : tuple of Population
        What they can look at.
    states : list of SimulationState
        First state of each simulation.
    lanes : int
        Simulations side by side; the last state fills up.
    find_row : callable
        From a population and the name of a variable to the first unit of its row.

    Attributes
    ----------
    arrays : Observers
        For the integrator, but for the taps.
    observed, observed_input : ndarray
        Their variables, and sums of what they read since their last update.
    """

    def __init__(self, observers, populations, states, *, lanes, find_row):
        self.observers, self.lanes = observers, lanes
        self.kernels = [
            make_kernel(o.equations, "euler", (), "float64") for o in observers
        ]
        width = LANES["f64"]
        self.n_nodes = [populations[o.population].n_nodes for o in observers]
        self.n_units = [round_up(n * lanes, width) for n in self.n_nodes]
        sizes = [k.n_rows * n for k, n in zip(self.kernels, self.n_units, strict=True)]
        self.state_at = np.cumsum([0, *sizes], dtype=np.int64)
        self.input_at = np.cumsum([0, *self.n_units], dtype=np.int64)
        place, param, place_at, address = [], [], [], []
        for o, kernel, n in zip(observers, self.kernels, self.n_units, strict=True):
            place_at.append(len(place))
            values = kernel.hoist({k: column(v) for k, v in o.parameters.items()})
            by_unit = append_hoisted(values, n, lanes, width, place, param)
            address.append(kernel.addresses(by_unit)[0])
        self.arrays = flat.Observers(
            models=flat.records(
                address=address,
                n_units=self.n_units,
                state_at=self.state_at[:-1],
                input_at=self.input_at[:-1],
                place_at=place_at,
                interval=[o.update_interval for o in observers],
                unit_at=[find_row(o.population, o.variable) for o in observers],
            ),
            place=np.array([*place, 0], np.int64),
            param=flat.aligned(np.concatenate([*param, np.zeros(width)])),
            taps=None,
        )
        self.observed = flat.zeros(self.state_at[-1], np.float64)
        self.observed_input = flat.zeros(self.input_at[-1], np.float64)
        for j in range(len(observers)):
            self._start(j, states)

    def _block(self, j, observed):
        """Variables of an observer as rows."""
        here = slice(self.state_at[j], self.state_at[j + 1])
        return observed[here].reshape(-1, self.n_units[j])

    def _start(self, j, states):
        """Fill in the first values of an observer."""
        o, n_real = self.observers[j], self.n_nodes[j] * self.lanes
        block = self._block(j, self.observed)
        sums = self.observed_input[self.input_at[j] : self.input_at[j + 1]]
        for lane in range(self.lanes):
            state = states[min(lane, len(states) - 1)]
            here = slice(lane, n_real, self.lanes)
            initial = state.observed[j] if state.observed else o.initial
            for i, name in enumerate(o.equations.variables):
                block[i, here] = initial[name]
            if state.observed_input:
                sums[here] = state.observed_input[j]
        block[:, n_real:] = block[:, n_real - 1 : n_real]

    def recorded_rows(self):
        """First unit and number of units of each row that is recorded."""
        return [
            (self.state_at[j] + o.equations.variables.index(name) * n, n)
            for j, (o, n) in enumerate(zip(self.observers, self.n_units, strict=True))
            for name in o.record
        ]

    def values_of(self, lane, observed, observed_input):
        """Variables and sums of one simulation, for a `SimulationState`.

        Parameters
        ----------
        lane : int
            Which simulation.
        observed, observed_input : ndarray
            As in the attributes.

        Returns
        -------
        variables : list of dict
            Per observer the value of each variable, shape (n_nodes,).
        sums : list of ndarray of shape (n_nodes,)
            Running sums of what each observer sees.
        """
        variables, sums = [], []
        for j, o in enumerate(self.observers):
            here = slice(lane, self.n_nodes[j] * self.lanes, self.lanes)
            block = self._block(j, observed)
            names = o.equations.variables
            variables.append({v: block[i, here].copy() for i, v in enumerate(names)})
            seen = observed_input[self.input_at[j] : self.input_at[j + 1]]
            sums.append(seen[here].copy())
        return variables, sums
