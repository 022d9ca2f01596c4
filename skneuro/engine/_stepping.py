"""A run that is advanced a few steps at a time, with little cost per call."""

import numpy as np
from numba import typeof

from skneuro.engine._integrate import advance
from skneuro.engine._lanes import advance_lanes
from skneuro.engine._recordings import make_recordings
from skneuro.engine._run import Run

_ALWAYS = 2**62  # steps for which a column of the drive is held


class SteppingRun(Run):
    """A run without recordings, whose drive is written between calls.

    Its arguments are set up once, and its compiled code is called past numba's look at
    the types of all arguments, which takes longer than a step.

    Parameters
    ----------
    network : Network
        Populations and projections.
    jobs : list of Job
        Simulations, with a drive of one column for each port that will be driven.
    method : {"euler", "heun"}, default="euler"
        Scheme.
    dtype : {"float64", "float32"}, default="float64"
        Precision.

    Attributes
    ----------
    drive_values : ndarray of shape (n_values,)
        Drive of the steps to come, to be written: population by population, port by
        port, job by job, node by node. At first it is that of the jobs.
    drive_jobs : ndarray of int of shape (n_values,)
        Job of each of them.
    units : ndarray
        State; `places` says where its values are.
    """

    def __init__(self, network, jobs, *, method="euler", dtype="float64"):
        super().__init__(
            network,
            jobs,
            method=method,
            dtype=dtype,
            hold=_ALWAYS,
            drive_start=jobs[0].state.step,
        )
        # behind one spare element, port by port and simulation by simulation
        self.drive_values = self.drive.values[1:]
        sizes = [
            [p.n_nodes] * len(jobs)
            for p, ports in zip(network.populations, self.driven, strict=True)
            for _ in ports
        ]
        numbers = [np.repeat(np.arange(len(jobs)), size) for size in sizes]
        self.drive_jobs = np.concatenate([*numbers, np.zeros(0, np.int64)])
        self.units = self.state.units
        nothing = make_recordings(
            network, (), (), n_jobs=len(jobs), first_step=0, n_steps=0, dtype=dtype
        )
        taps, observer_taps = self._make_taps(nothing, list(range(len(jobs))))
        self._arguments = (
            self.populations,
            self.edges,
            self.state,
            self.noise,
            self.drive,
            taps,
            self.observer_rows.arrays._replace(taps=observer_taps),
            self.scratch,
        )
        compiled = advance if self.lanes == 1 else advance_lanes
        compiled(*self._arguments, 0)  # no step: compiles, or loads from the disk
        types = tuple(typeof(argument) for argument in (*self._arguments, 0))
        self._advance = compiled.get_overload(types)

    @property
    def step(self):
        """Steps done since the start of the simulation."""
        return int(self.state.clock[0])

    def places(self, variables):
        """Say where variables are in the state.

        Parameters
        ----------
        variables : list of Tap
            Populations and names.

        Returns
        -------
        ndarray of int of shape (n_jobs, n_values)
            Elements of ``units``, variable by variable and node by node.
        """
        found = []
        for g, name in ((v.population, v.variable) for v in variables):
            nodes = np.arange(self.network.populations[g].n_nodes) * self.lanes
            first = int(self.state_at[g]) + self.rows[g][name] * self.n_units[g]
            found.append(first + nodes)
        return np.add.outer(np.arange(len(self.jobs)), np.concatenate(found))

    def advance(self, n_steps):
        """Run a number of steps; `failures` tells what went wrong.

        Parameters
        ----------
        n_steps : int
            Steps to run.
        """
        bad = self._advance(*self._arguments, n_steps)
        if bad >= 0:
            failure = self._locate(int(bad))
            if failure.job < len(self.jobs):
                self.failures.append(failure)
