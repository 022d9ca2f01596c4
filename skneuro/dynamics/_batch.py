"""Run many simulations: in the lanes of vectors, on threads, with one progress bar."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed, effective_n_jobs

from skneuro.engine._backend import LANES, VECTORS
from skneuro.engine._codegen import DTYPE_NAMES
from skneuro.engine._jobs import Failure, Job, Network, SimulationState
from skneuro.engine._run import Run, make_recordings
from skneuro.exceptions import SimulationError
from skneuro.utils import progress_bar

# Lanes read whole vectors of the histories of all simulations, single runs only what an
# edge needs. Lanes pay as long as those histories fit the caches.
_LANE_HISTORY_BYTES = 8_000_000
# Vectors of units without edges that are computed one after the other, so that none
# waits for the last: a node alone would leave the processor idle between its steps.
_N_VECTORS = 8


@dataclass(frozen=True, eq=False)
class Plan:
    """One simulation, ready to run.

    Attributes
    ----------
    network : Network
        Populations and projections.
    job : Job
        Numbers.
    n_steps : int
        Steps to run.
    taps, observers : tuple
        What to record.
    method, dtype : str
        Scheme and precision.
    hold : int
        Steps for which a column of the drive is held.
    """

    network: Network
    job: Job
    n_steps: int
    taps: tuple = ()
    observers: tuple = ()
    method: str = "euler"
    dtype: str = "float64"
    hold: int = 1

    def fits(self, other):
        """Whether both can run side by side in one batch."""
        mine, theirs = self.job, other.job
        return (
            self.n_steps == other.n_steps
            and (self.method, self.dtype) == (other.method, other.dtype)
            and self.hold == other.hold
            and self.taps == other.taps
            and mine.state.step == theirs.state.step
            and _driven_ports(mine) == _driven_ports(theirs)
            and _same_observers(self.observers, other.observers)
            and same_network(self.network, other.network)
        )


class Result(NamedTuple):
    """What a simulation returned.

    Attributes
    ----------
    recorded, observed : list of ndarray of shape (n_nodes, n_samples)
        One per tap, and one per recorded row of an observer; NaN if it failed.
    state : SimulationState or None
        Where it ended, if that was to be kept.
    failure : Failure or None
        Where it left the finite numbers.
    """

    recorded: list
    observed: list
    state: SimulationState | None
    failure: Failure | None

    def error(self, model, dt, *, what, labels=None):
        """Return the error that tells a user what happened."""
        f = self.failure
        time = (f.step + 1) * dt
        node = f.node if labels is None else labels[f.population][f.node]
        return SimulationError(
            f"{model} diverged at t = {time:g} ms in {what}: {f.variable} of node "
            f"{node} is not finite. Reduce dt={dt:g}, the coupling, the noise or the "
            "drive, or check the parameters.",
            time=time,
            node=node,
            variable=f.variable,
        )


class Results(list):
    """Results of several simulations, with their series stacked.

    Parameters
    ----------
    results : list of Result
        One per simulation.
    recorded, observed : list of ndarray of shape (n_jobs, n_nodes, n_samples) or None
        The memory that the series of all results are views of; None where their shapes
        differ.
    """

    def __init__(self, results, recorded, observed):
        super().__init__(results)
        self.recorded, self.observed = recorded, observed


def _driven_ports(job):
    return [tuple(series or ()) for series in job.drive or ()]


def _same_observers(a, b):
    """Whether observers are the same, parameters compared by value."""
    if a is b:
        return True
    return len(a) == len(b) and all(
        x._replace(parameters=None, initial=None)
        == y._replace(parameters=None, initial=None)
        and _same_values(x.parameters, y.parameters)
        and _same_values(x.initial, y.initial)
        for x, y in zip(a, b, strict=True)
    )


def _same_values(a, b):
    return a is b or (
        a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)
    )


def same_network(a, b):
    """Whether two networks have the same equations, edges and delays."""
    if a is b:
        return True
    if a.populations != b.populations or len(a.projections) != len(b.projections):
        return False
    return all(
        (p.target, p.source) == (q.target, q.source)
        and all(
            x is y or np.array_equal(x, y) for x, y in zip(p[2:], q[2:], strict=True)
        )
        for p, q in zip(a.projections, b.projections, strict=True)
    )


def _lanes_of(plan):
    """Return how many simulations like this one fill a vector in a batch."""
    if not VECTORS or plan.method != "euler":
        return 1
    lanes = LANES[DTYPE_NAMES[plan.dtype]]
    sources = sum(
        p.n_nodes * len(p.equations.sources) for p in plan.network.populations
    )
    size = sources * (plan.network.max_lag + 64) * lanes * np.dtype(plan.dtype).itemsize
    return lanes if size <= _LANE_HISTORY_BYTES else 1


def _worth_a_batch(plan, n_plans):
    """Whether a batch of so many is faster than one after the other.

    A batch costs the same however many of its lanes are used. Per simulation a full one
    costs three quarters of a single run of a large network, and much less for a small
    one, whose nodes do not fill the vectors.
    """
    nodes = sum(p.n_nodes for p in plan.network.populations)
    return n_plans >= _lanes_of(plan) * min(0.8, nodes / 64)


def _most_in_batch(plan, lanes, n_plans, n_jobs):
    """Return how many simulations may share a batch: whole vectors of them."""
    if plan.network.has_edges:
        return lanes
    nodes = sum(p.n_nodes for p in plan.network.populations)
    vectors = min(_N_VECTORS // nodes, -(-n_plans // (n_jobs * lanes)))
    return lanes * max(1, vectors)


def _group(plans, n_jobs):
    """List the indices of the plans of each batch."""
    batches, open_batches = [], []
    for index, plan in enumerate(plans):
        lanes = _lanes_of(plan)
        if lanes > 1:
            for first, batch in open_batches:
                if plan.fits(first):
                    batch.append(index)
                    break
            else:
                batch = [index]
                batches.append(batch)
                open_batches.append((plan, batch))
            if len(batch) == _most_in_batch(plan, lanes, len(plans), n_jobs):
                open_batches = [b for b in open_batches if b[1] is not batch]
        else:
            batches.append([index])
    return [
        part
        for batch in batches
        for part in (
            [batch]
            if _worth_a_batch(plans[batch[0]], len(batch))
            else [[index] for index in batch]
        )
    ]


def _make_run(plans):
    first = plans[0]
    return Run(
        first.network,
        [p.job for p in plans],
        taps=first.taps,
        observers=first.observers,
        method=first.method,
        dtype=first.dtype,
        hold=first.hold,
        drive_start=first.job.state.step,
    )


def _run_batch(plans, jobs, recordings, progress, keep_states):
    run = _make_run(plans)
    recorded, observed = run.advance(
        plans[0].n_steps,
        None if progress is None else lambda steps: progress(steps * len(plans)),
        recordings=recordings,
        jobs=jobs,
    )
    failures = {f.job: f for f in run.failures}
    states = run.final_states() if keep_states else [None] * len(plans)
    return [
        Result(
            [values[job] for values in recorded],
            [values[job] for values in observed],
            states[lane],
            failures.get(lane),
        )
        for lane, job in enumerate(jobs)
    ]


def run_plans(
    plans, *, n_jobs=None, progress=False, desc="simulating", keep_states=True
):
    """Run simulations, as many side by side as fit.

    Parameters
    ----------
    plans : list of Plan
        Simulations.
    n_jobs : int, default=None
        Threads, as joblib counts them; compiled code runs without the interpreter's
        lock.
    progress : bool, default=False
        Whether to show a progress bar.
    desc : str, default="simulating"
        Its title.
    keep_states : bool, default=True
        Whether results say where the simulations ended.

    Returns
    -------
    Results
        In the order of the plans, the same bits however they are run.
    """
    n_jobs = effective_n_jobs(n_jobs)
    batches = _group(plans, n_jobs)
    recordings = _make_recordings(plans)
    results = [None] * len(plans)
    total = sum(p.n_steps for p in plans)
    with progress_bar(
        total, desc=desc, unit="step", unit_scale=True, enabled=progress
    ) as bar:
        update = bar.update if progress else None
        calls = [
            (
                [plans[i] for i in batch],
                *_places(recordings, batch),
                update,
                keep_states,
            )
            for batch in batches
        ]
        if len(calls) == 1 or n_jobs == 1:
            done = [_run_batch(*call) for call in calls]
        else:
            done = Parallel(n_jobs=n_jobs, prefer="threads", require="sharedmem")(
                delayed(_run_batch)(*call) for call in calls
            )
    for batch, outcome in zip(batches, done, strict=True):
        for index, result in zip(batch, outcome, strict=True):
            results[index] = result
    if recordings is None:
        return Results(results, None, None)
    return Results(results, *(r.series for r in recordings))


def _make_recordings(plans):
    """Memory for all simulations, if all record the same; None otherwise."""
    first = plans[0]

    def shape(plan):
        return (
            [p.n_nodes for p in plan.network.populations],
            plan.n_steps,
            plan.job.state.step,
            plan.dtype,
            plan.taps,
            [(o.record, o.record_interval) for o in plan.observers],
        )

    expected = shape(first)
    if any(shape(p) != expected for p in plans[1:]):
        return None
    return make_recordings(
        first.network,
        first.taps,
        first.observers,
        n_jobs=len(plans),
        first_step=first.job.state.step,
        n_steps=first.n_steps,
        dtype=first.dtype,
    )


def _places(recordings, batch):
    """Where a batch writes: in the common memory or its own."""
    if recordings is None:
        return list(range(len(batch))), None
    return batch, recordings
