"""Memory for what taps record, shared by all simulations of a batch."""

import numpy as np

from skneuro.engine._structures import Taps, empty, records, zeros


class Recordings:
    """Series of several taps for several simulations, in one piece of memory.

    Parameters
    ----------
    n_nodes, interval : list of int
        Nodes of each tap, and steps between its samples.
    n_jobs : int
        Number of simulations.
    first_step, n_steps : int
        Steps done before the recording, and its length.
    dtype : {"float64", "float32"}
        Precision.

    Attributes
    ----------
    series : list of ndarray of shape (n_jobs, n_nodes, n_samples)
        One per tap, views of the same memory.
    """

    def __init__(self, n_nodes, interval, *, n_jobs, first_step, n_steps, dtype):
        self._n_nodes, self._interval = n_nodes, interval
        self._first_step = first_step
        self._before = [first_step // i for i in interval]
        last = first_step + n_steps
        self._samples = [
            last // i - b for i, b in zip(interval, self._before, strict=True)
        ]
        sizes = [n_jobs * n * s for n, s in zip(n_nodes, self._samples, strict=True)]
        self._start = [0, *np.cumsum(sizes).tolist()]
        # Units that only pad a vector write behind the end.
        self._out = empty(self._start[-1] + max(self._samples, default=0), dtype)
        self.series = [
            self._out[start : start + size].reshape(n_jobs, n, s)
            for start, size, n, s in zip(
                self._start, sizes, n_nodes, self._samples, strict=False
            )
        ]

    def taps(self, rows, *, lanes, jobs, averages=None, sources=None):
        """Make the taps of a run that fills the series of some simulations.

        Parameters
        ----------
        rows : list of (int, int)
            First element of each tap's row in the state, and its units.
        lanes : int
            Simulations side by side; unit u belongs to node ``u // lanes``.
        jobs : list of int
            Simulation of each lane.
        averages : list of bool, default=None
            Whether each tap averages.
        sources : list of int, default=None
            First history row of taps that can be copied from there, else -1.

        Returns
        -------
        Taps
        """
        start, place = [0], []
        job_of_lane = np.full(lanes, -1)
        job_of_lane[: len(jobs)] = jobs
        for j, (_, n_units) in enumerate(rows):
            n_nodes, samples = self._n_nodes[j], self._samples[j]
            unit = np.arange(n_units)
            job, node = job_of_lane[unit % lanes], unit // lanes
            here = self._start[j] + (job * n_nodes + node) * samples
            here[(job < 0) | (node >= n_nodes)] = self._start[-1]
            place.append(here - self._before[j])
            start.append(start[-1] + n_units)
        return Taps(
            rows=records(
                at=[at for at, _ in rows],
                start=start[:-1],
                n_units=[n for _, n in rows],
                interval=self._interval,
                averages=averages or [False] * len(rows),
                source=sources or [-1] * len(rows),
            ),
            first_step=self._first_step,
            place=np.concatenate([*place, np.zeros(0)]).astype(np.int64),
            out=self._out,
            recent=zeros(8 * start[-1], self._out.dtype),
        )


def make_recordings(network, taps, observers, *, n_jobs, first_step, n_steps, dtype):
    """Allocate the series of simulations of one network.

    Parameters
    ----------
    network : Network
        Populations.
    taps : sequence of Tap
        What to record of them.
    observers : sequence of Observer
        Models that look on.
    n_jobs : int
        Simulations.
    first_step, n_steps : int
        Steps done before, and steps to run.
    dtype : {"float64", "float32"}
        Precision of the states; observers record in float64.

    Returns
    -------
    recorded, observed : Recordings
        Series of the taps and of the observers' rows.
    """
    sizes = [p.n_nodes for p in network.populations]
    common = {"n_jobs": n_jobs, "first_step": first_step, "n_steps": n_steps}
    rows = [o for o in observers for _ in o.record]
    return (
        Recordings(
            [sizes[t.population] for t in taps],
            [t.interval for t in taps],
            dtype=dtype,
            **common,
        ),
        Recordings(
            [sizes[o.population] for o in rows],
            [o.record_interval for o in rows],
            dtype=np.float64,
            **common,
        ),
    )
