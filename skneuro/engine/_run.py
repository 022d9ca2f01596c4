"""Set up flat arrays for a network, run it, and hand out recordings."""

import functools

import numpy as np

from skneuro.engine import _structures as flat
from skneuro.engine._backend import LANES
from skneuro.engine._codegen import DTYPE_NAMES, make_kernel
from skneuro.engine._hoisted import append_hoisted, round_up, stack_jobs
from skneuro.engine._integrate import BLOCK, WIDE, advance
from skneuro.engine._jobs import Failure, SimulationState
from skneuro.engine._lanes import advance_lanes
from skneuro.engine._noise import make_keys
from skneuro.engine._observers import ObserverRows
from skneuro.engine._recordings import make_recordings
from skneuro.engine._wiring import wire

_SPARE_COLUMNS = 256  # steps between two moves of the history
_ALIGN = 16
_STEPS_PER_CALL = 50_000  # so that an interrupt is heard and progress is shown


@functools.lru_cache(maxsize=16)
def _join_tables(kernels):
    """Put the tables of kernels one after the other, each from a cache line on."""
    if len(kernels) == 1:
        return kernels[0].tables, np.zeros(1, np.int64)
    sizes = [round_up(len(k.tables), 16) for k in kernels]
    start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    joined = flat.zeros(start[-1], kernels[0].tables.dtype)
    for kernel, at in zip(kernels, start[:-1], strict=True):
        joined[at : at + len(kernel.tables)] = kernel.tables
    return joined, start[:-1]


class Run:
    """One simulation of a network, or several in the lanes of vectors.

    Parameters
    ----------
    network : Network
        Populations and projections.
    jobs : list of Job
        One simulation, or as many as a vector has lanes; any number of a network
        without edges.
    taps : list of Tap
        What to record.
    observers : list of Observer, default=()
        Models that look on.
    method : {"euler", "heun"}, default="euler"
        Scheme; batches know Euler's only.
    dtype : {"float64", "float32"}, default="float64"
        Precision.
    hold : int, default=1
        Steps for which a column of the drive is held.
    drive_start : int, default=0
        Step that sees the first column of the drive.
    """

    def __init__(
        self,
        network,
        jobs,
        *,
        taps=(),
        observers=(),
        method="euler",
        dtype="float64",
        hold=1,
        drive_start=0,
    ):
        self.network, self.jobs = network, jobs
        self.taps, self.observers = list(taps), list(observers)
        self.method, self.dtype = method, np.dtype(dtype)
        width = LANES[DTYPE_NAMES[self.dtype.name]]
        self.lanes = 1
        if len(jobs) > 1:
            self.lanes = width if network.has_edges else round_up(len(jobs), width)
        if len(jobs) > self.lanes or (self.lanes > 1 and method != "euler"):
            raise ValueError(
                f"got {len(jobs)} jobs for {self.lanes} lanes and method={method!r}; "
                "run them one by one."
            )
        # Units per population, as kernels count them.
        self.n_units = [
            p.n_nodes * self.lanes if self.lanes > 1 else round_up(p.n_nodes, width)
            for p in network.populations
        ]
        self.driven = [
            tuple(port for port in p.equations.ports if port in (series or ()))
            for p, series in zip(
                network.populations,
                jobs[0].drive or [None] * len(network.populations),
                strict=True,
            )
        ]
        self.kernels = [
            make_kernel(p.equations, method, driven, self.dtype.name)
            for p, driven in zip(network.populations, self.driven, strict=True)
        ]
        self.lead = int(method == "heun")
        self.kept = round_up(network.max_lag + 1, _ALIGN) + 2 * _ALIGN
        row = self.kept + _SPARE_COLUMNS + 2 * _ALIGN
        # An odd number of cache lines, so that rows do not fall onto each other.
        line = 1 if self.lanes > 1 else 64 // self.dtype.itemsize
        self.row_length = row + line * ((row // line) % 2 == 0)
        self.hold, self.drive_start = hold, drive_start
        self._place_populations()
        self.populations = self._make_populations(width)
        self.edges = self._make_edges()
        self.observer_rows = ObserverRows(
            self.observers,
            network.populations,
            [job.state for job in jobs],
            lanes=self.lanes,
            find_row=self._find_row,
        )
        self._make_state()
        self.noise = self._make_noise()
        self.drive = self._make_drive()
        self.scratch = self._make_scratch()
        self.failures = []

    # -- places ----------------------------------------------------------------------

    def _place_populations(self):
        def places(sizes):
            return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

        pairs = list(zip(self.network.populations, self.n_units, strict=True))
        self.state_at = places(
            [k.n_rows * n for k, n in zip(self.kernels, self.n_units, strict=True)]
        )
        self.net_at = places([len(p.equations.inputs) * n for p, n in pairs])
        self.source_at = places([len(p.equations.sources) * n for p, n in pairs])
        self.normal_at = places([len(p.equations.noise) * n for p, n in pairs])
        self.drive_at = places(
            [len(k.driven) * n for k, n in zip(self.kernels, self.n_units, strict=True)]
        )
        self.rows = [
            {
                name: row
                for row, name in enumerate(
                    (*p.equations.variables, *(f"noise.{n}" for n in p.equations.noise))
                )
            }
            for p in self.network.populations
        ]

    def _find_row(self, population, variable):
        """First unit of the row of a variable."""
        row = self.rows[population][variable]
        return self.state_at[population] + row * self.n_units[population]

    def _padded_jobs(self):
        """One job per lane: the last one fills up."""
        return self.jobs + self.jobs[-1:] * (self.lanes - len(self.jobs))

    # -- parameters ------------------------------------------------------------------

    def _make_populations(self, width):
        address, place, param, place_at = [], [], [], []
        for g, kernel in enumerate(self.kernels):
            place_at.append(len(place))
            per_job = [job.parameters[g] for job in self.jobs]
            values = kernel.hoist(stack_jobs(per_job, self.lanes))
            by_unit = append_hoisted(
                values, self.n_units[g], self.lanes, width, place, param
            )
            address.append(kernel.addresses(by_unit))
        table, table_at = _join_tables(tuple(self.kernels))
        return flat.Populations(
            address=np.array(address, np.int64).T.copy(),
            groups=flat.records(
                n_units=self.n_units,
                n_tiles=[n // width for n in self.n_units],
                state_at=self.state_at[:-1],
                net_at=self.net_at[:-1],
                drive_at=self.drive_at[:-1],
                normal_at=self.normal_at[:-1],
                source_at=self.source_at[:-1],
                table_at=table_at,
                place_at=place_at,
            ),
            place=np.array([*place, 0], np.int64),
            param=flat.aligned(np.concatenate([*param, np.zeros(width)]), self.dtype),
            table=table,
        )

    # -- edges -----------------------------------------------------------------------

    def _make_edges(self):
        """Edges of the network, kept with it for further runs."""
        key = (self.lanes, self.dtype.name, self.lead)
        if key not in self.network.edges:
            self.network.edges[key] = wire(
                self.network,
                n_units=self.n_units,
                net_at=self.net_at,
                source_at=self.source_at,
                lanes=self.lanes,
                row_length=self.row_length,
                dtype=self.dtype,
                lead=self.lead,
            )
        return self.network.edges[key]

    # -- state -----------------------------------------------------------------------

    def _spread(self, values, g):
        """Values of all jobs by unit: (n_nodes, n_jobs) or (n_nodes,) each job."""
        n = self.network.populations[g].n_nodes
        if self.lanes == 1:
            by_unit = np.empty(self.n_units[g])
            by_unit[:n] = values[0]
            by_unit[n:] = by_unit[n - 1]
            return by_unit
        by_lane = np.empty((n, self.lanes))
        for lane, value in enumerate(values):
            by_lane[:, lane] = value
        by_lane[:, len(values) :] = by_lane[:, len(values) - 1, None]
        return by_lane.ravel()

    def _make_state(self):
        units = flat.zeros(self.state_at[-1], self.dtype)
        n_sources = max(self.lanes, self.source_at[-1])
        history = flat.zeros(n_sources * self.row_length + 8 * _ALIGN, self.dtype)
        rows = history[: n_sources * self.row_length]
        rows = rows.reshape(n_sources // self.lanes, self.row_length, self.lanes)
        states = [job.state for job in self.jobs]
        for g, population in enumerate(self.network.populations):
            equations, n_units = population.equations, self.n_units[g]
            block = units[self.state_at[g] : self.state_at[g + 1]].reshape(-1, n_units)
            for row, name in enumerate(equations.variables):
                block[row] = self._spread([s.variables[g][name] for s in states], g)
            for row, name in enumerate(equations.noise, len(equations.variables)):
                block[row] = self._spread([s.noise[g][name] for s in states], g)
            for i, name in enumerate(equations.sources):
                start = (self.source_at[g] + i * n_units) // self.lanes
                for lane in range(self.lanes):
                    past = states[min(lane, len(states) - 1)].history[g][name]
                    columns = min(past.shape[1], self.kept)
                    target = rows[start : start + population.n_nodes, : self.kept, lane]
                    target[:] = past[:, :1]
                    target[:, self.kept - columns :] = past[:, -columns:]
        self.source_rows = rows
        source = flat.aligned(rows[:, self.kept - 1, :].ravel())
        carried = states[0].carry
        carry = flat.zeros(max(1, self.net_at[-1]), self.dtype)
        # Another precision pads otherwise; the sums are then made from the history.
        is_carried = carried is not None and len(carried) == len(carry)
        if is_carried:
            carry[:] = carried
        sizes = [self._recorded_units(t) for t in self.taps]
        self.average_at = np.cumsum([0, *sizes], dtype=np.int64)
        average = np.zeros(self.average_at[-1])
        for j, tap in enumerate(self.taps):
            if tap.averages and states[0].step % tap.interval:
                begun = [s.average.get(tap, np.nan) for s in states]
                average[self.average_at[j] : self.average_at[j + 1]] = self._spread(
                    begun, tap.population
                )[: sizes[j]]
        self.state = flat.State(
            clock=np.array([states[0].step, self.kept, is_carried, -1, -1], np.int64),
            kept=self.kept,
            units=units,
            source=source,
            history=history[: n_sources * self.row_length],
            carry=carry,
            average=average,
            observed=self.observer_rows.observed,
            observed_input=self.observer_rows.observed_input,
            failed=np.zeros(self.lanes, bool),
        )

    def _make_noise(self):
        keys = flat.zeros(round_up(max(1, self.normal_at[-1]), 16), np.int64)
        wanted = np.zeros(len(keys), bool)
        jobs = self._padded_jobs()
        seeds = np.array([j.seed for j in jobs])
        simulations = np.array([j.simulation for j in jobs])
        number = 0
        for g, population in enumerate(self.network.populations):
            for name in population.equations.noise:
                nodes = np.arange(self.n_units[g] // self.lanes)[:, None]
                nodes = np.minimum(nodes, population.n_nodes - 1)
                start = self.normal_at[g]
                start += self.n_units[g] * population.equations.noise.index(name)
                streams = slice(start, start + self.n_units[g])
                keys[streams] = make_keys(seeds, simulations, number, nodes).ravel()
                wanted[streams] = any(
                    np.any(j.parameters[g][f"noise_step_{name}"]) for j in self.jobs
                )
                number += 1
        blocks = np.repeat(wanted.reshape(-1, 16).any(axis=1), 16)
        edges = np.flatnonzero(np.diff(blocks, prepend=False, append=False))
        return flat.Noise(keys=keys, first=edges[::2].copy(), last=edges[1::2].copy())

    def _make_drive(self):
        values, place, known, size = [np.zeros(1)], [], {}, 1
        for g, population in enumerate(self.network.populations):
            units = np.arange(self.n_units[g] // self.lanes)
            nodes = np.minimum(units, population.n_nodes - 1)[:, None]
            for port in self.driven[g]:
                starts = []
                for job in self._padded_jobs():
                    series = job.drive[g][port]
                    if id(series) not in known:
                        known[id(series)] = size
                        values.append(np.ravel(series))
                        size += series.size
                    starts.append(known[id(series)])
                place.append((nodes * series.shape[-1] + np.array(starts)).ravel())
        return flat.Drive(
            values=np.concatenate(values).astype(self.dtype),
            place=np.concatenate([*place, np.zeros(0)]).astype(np.int64),
            hold=self.hold,
            first_step=self.drive_start,
        )

    # -- run -------------------------------------------------------------------------

    def _make_taps(self, recordings, jobs):
        """Make the taps of states and of observers."""
        recorded, observed = recordings
        rows = [
            (self._find_row(t.population, t.variable), self._recorded_units(t))
            for t in self.taps
        ]
        taps = recorded.taps(
            rows,
            lanes=self.lanes,
            jobs=jobs,
            averages=[t.averages for t in self.taps],
            sources=[self._history_row(t) for t in self.taps],
        )
        rows = self.observer_rows.recorded_rows()
        return taps, observed.taps(rows, lanes=self.lanes, jobs=jobs)

    def _recorded_units(self, tap):
        """Units of a tap: those of a batch are recorded by whole vectors."""
        if self.lanes == 1:
            return self.network.populations[tap.population].n_nodes
        return self.n_units[tap.population]

    def _history_row(self, tap):
        """First history row of a tap that records all of a visible variable, or -1."""
        equations = self.network.populations[tap.population].equations
        if (
            tap.interval > 1
            or tap.averages
            or tap.variable not in equations.sources
            or equations.source_function is not None
        ):
            return -1
        number = equations.sources.index(tap.variable)
        g = tap.population
        return (int(self.source_at[g]) + number * self.n_units[g]) // self.lanes

    def _make_scratch(self):
        """Working memory of `advance` in single runs and batches."""
        n_net, block = len(self.state.carry), BLOCK
        return flat.Scratch(
            net=flat.zeros(block * n_net, self.dtype),
            wide=flat.zeros(WIDE * n_net, self.dtype),
            sums=flat.zeros(n_net, self.dtype),
            few=np.zeros(block, self.dtype),
            normal=flat.zeros(block * len(self.noise.keys), self.dtype),
            driven=flat.zeros(block * len(self.drive.place), self.dtype),
            net_place=np.arange(block) * n_net,
        )

    def advance(self, n_steps, progress=None, *, recordings=None, jobs=None):
        """Run a number of steps.

        Parameters
        ----------
        n_steps : int
            Steps to run.
        progress : callable, default=None
            Called with the number of steps done since the last call.
        recordings : tuple of Recordings, default=None
            Where to write, of states and of observers' rows; None is new memory.
        jobs : list of int, default=None
            Place of each simulation of this run in the recordings.

        Returns
        -------
        recorded : list of ndarray of shape (n_jobs, n_nodes, n_samples)
            One per tap. Sample j is that of the step with number (j + 1) * interval,
            counted from the start of the simulation.
        observed : list of ndarray of shape (n_jobs, n_nodes, n_samples)
            One per recorded row of each observer.
        """
        if recordings is None:
            recordings = make_recordings(
                self.network,
                self.taps,
                self.observers,
                n_jobs=len(self.jobs),
                first_step=int(self.state.clock[0]),
                n_steps=n_steps,
                dtype=self.dtype,
            )
            jobs = list(range(len(self.jobs)))
        taps, observer_taps = self._make_taps(recordings, jobs)
        recorded, observed = (r.series for r in recordings)
        observers = self.observer_rows.arrays._replace(taps=observer_taps)
        run = advance if self.lanes == 1 else advance_lanes
        end = int(self.state.clock[0]) + n_steps
        while (done := int(self.state.clock[0])) < end:
            bad = run(
                self.populations,
                self.edges,
                self.state,
                self.noise,
                self.drive,
                taps,
                observers,
                self.scratch,
                min(_STEPS_PER_CALL, end - done),
            )
            if progress is not None:
                progress(int(self.state.clock[0]) - done)
            if bad >= 0:
                failure = self._locate(int(bad))
                if failure.job < len(self.jobs):
                    self.failures.append(failure)
                lane = int(bad - self.state_at[failure.population]) % self.lanes
                self.state.failed[lane] = True
                if self.state.failed[: len(self.jobs)].all():
                    break
        for failure in self.failures:
            for array in (*recorded, *observed):
                array[jobs[failure.job]] = np.nan
        return recorded, observed

    def _locate(self, bad):
        """Name the first value that is not finite, given one at the end of a block."""
        g = int(np.searchsorted(self.state_at, bad, side="right")) - 1
        row, unit = divmod(bad - int(self.state_at[g]), self.n_units[g])
        lane, node = unit % self.lanes, unit // self.lanes
        population = self.network.populations[g]
        names = list(self.rows[g])
        variable = names[row] if row < len(names) else names[0]
        step = int(self.state.clock[0]) - 1
        position = int(self.state.clock[1])
        begin = max(0, position - BLOCK)
        past = self.source_rows[:, begin:position, lane]
        columns = np.flatnonzero(~np.isfinite(past).all(axis=0))
        if len(columns):
            source = int(np.flatnonzero(~np.isfinite(past[:, columns[0]]))[0])
            at = source * self.lanes
            g = int(np.searchsorted(self.source_at, at, side="right")) - 1
            population = self.network.populations[g]
            i, node = divmod(at - int(self.source_at[g]), self.n_units[g])
            node //= self.lanes
            variable = population.equations.sources[i]
            step -= position - 1 - begin - int(columns[0])
        return Failure(lane, step, g, variable, min(node, population.n_nodes - 1))

    def final_states(self):
        """Return the state of each job, to continue from."""
        states = []
        position = int(self.state.clock[1])
        columns = slice(position - self.network.max_lag, position)
        for lane in range(len(self.jobs)):
            variables, noise, history = [], [], []
            for g, population in enumerate(self.network.populations):
                equations, n_units = population.equations, self.n_units[g]
                block = self.state.units[self.state_at[g] : self.state_at[g + 1]]
                block = block.reshape(-1, n_units)
                here = slice(lane, population.n_nodes * self.lanes, self.lanes)
                n = len(equations.variables)
                variables.append(
                    {
                        v: block[i, here].copy()
                        for i, v in enumerate(equations.variables)
                    }
                )
                noise.append(
                    {
                        v: block[n + i, here].copy()
                        for i, v in enumerate(equations.noise)
                    }
                )
                past = {}
                for i, name in enumerate(equations.sources):
                    start = (self.source_at[g] + i * n_units) // self.lanes
                    rows = self.source_rows[start : start + population.n_nodes]
                    past[name] = rows[:, columns, lane].copy()
                history.append(past)
            average = {}
            for j, tap in enumerate(self.taps):
                if not tap.averages:
                    continue
                n_nodes = self.network.populations[tap.population].n_nodes
                sums = self.state.average[self.average_at[j] : self.average_at[j + 1]]
                average[tap] = sums[lane : n_nodes * self.lanes : self.lanes].copy()
            observed, observed_input = self.observer_rows.values_of(
                lane, self.state.observed, self.state.observed_input
            )
            states.append(
                SimulationState(
                    step=int(self.state.clock[0]),
                    variables=variables,
                    noise=noise,
                    history=history,
                    carry=self.state.carry.copy() if self.lead else None,
                    average=average,
                    observed=observed,
                    observed_input=observed_input,
                )
            )
        return states
