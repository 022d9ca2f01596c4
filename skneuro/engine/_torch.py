"""A batched, differentiable run of a network in torch, from the same equations.

The step is `Equations.euler_step`, called with tensors of shape (n_jobs, n_nodes), and
the random numbers are the engine's, so that a run equals that of compiled kernels to
rounding. Nothing is written in place: autograd goes through the whole run.
"""

from types import SimpleNamespace

import numpy as np
import torch

from skneuro.engine._noise import make_keys
from skneuro.engine._normals import draw_normals

_NORMALS_AT_ONCE = 512  # steps
_CHECKED_AT_ONCE = 64  # steps between two looks for values that are not finite


class TorchRun:
    """Several simulations of one network, as tensors.

    Parameters
    ----------
    network : Network
        Populations and projections.
    jobs : list of Job
        Simulations. Their drive is not used.
    parameters : list of dict, default=None
        Per population what replaces parameters of the jobs: tensors that broadcast to
        (n_jobs, n_nodes).
    weights : list of (Tensor of shape (n_edges,) or None), default=None
        Per projection what replaces its weights, if anything.
    dtype : torch.dtype, default=torch.float64
        Precision.
    device : torch.device or str, default="cpu"
        Where to compute.
    """

    def __init__(
        self,
        network,
        jobs,
        *,
        parameters=None,
        weights=None,
        dtype=torch.float64,
        device="cpu",
    ):
        self.network, self.jobs = network, jobs
        self._like = {"dtype": dtype, "device": device}
        replaced = parameters or [{}] * len(network.populations)
        self.parameters = [
            {
                name: self._stack([job.parameters[g][name] for job in jobs], g)
                for name in jobs[0].parameters[g]
            }
            | replaced[g]
            for g in range(len(network.populations))
        ]
        self.edges = [
            (
                p,
                torch.as_tensor(p.to, device=device),
                torch.as_tensor(p.start, device=device),
                torch.as_tensor(p.lag, device=device),
                self._tensor(p.weight) if weight is None else weight,
            )
            for p, weight in zip(
                network.projections,
                weights or [None] * len(network.projections),
                strict=True,
            )
        ]

    def _tensor(self, value):
        return torch.as_tensor(value, **self._like)

    def _stack(self, values, g):
        """Values of all jobs, numbers or by node: () or (n_jobs, n_nodes)."""
        if all(np.ndim(v) == 0 and v == values[0] for v in values):
            return self._tensor(float(values[0]))
        shape = (self.network.populations[g].n_nodes,)
        return self._tensor(np.stack([np.broadcast_to(v, shape) for v in values]))

    def _normals(self, first, n_steps):
        """Random numbers by population and process, (n_steps, n_jobs, n_nodes)."""
        numbers, stream = [], 0
        for g, (equations, n_nodes) in enumerate(self.network.populations):
            numbers.append({})
            for name in equations.noise:
                shape = (n_steps, len(self.jobs), n_nodes)
                normal = self._tensor(0.0).expand(shape)
                if bool((self.parameters[g][f"noise_step_{name}"] != 0).any()):
                    keys = make_keys(
                        np.array([[job.seed] for job in self.jobs]),
                        np.array([[job.simulation] for job in self.jobs]),
                        stream,
                        np.arange(n_nodes),
                    )
                    drawn = draw_normals(keys, first, n_steps)
                    normal = self._tensor(drawn).reshape(shape)
                numbers[g][name] = normal
                stream += 1
        return numbers

    def _past(self, g, name):
        """Columns of what is visible before the run, the latest last."""
        n_columns = self.network.max_lag
        columns = []
        for job in self.jobs:
            known = job.state.history[g][name][:, -n_columns:]
            missing = n_columns - known.shape[1]
            columns.append(np.pad(known, ((0, 0), (missing, 0)), mode="edge"))
        return list(self._tensor(np.stack(columns)).unbind(-1))

    def _delayed_sums(self, past, k):
        """Delayed sums by population and input in step k, shape (n_jobs, n_nodes).

        Past values are a list that grows, or a tensor that is written round and round.
        """
        n_columns = self.network.max_lag
        windows = {
            key: torch.stack(known[-n_columns:]) if isinstance(known, list) else known
            for key, known in past.items()
        }
        sums = [
            {
                name: self._tensor(0.0).expand(len(self.jobs), p.n_nodes)
                for name in p.equations.inputs
            }
            for p in self.network.populations
        ]
        for projection, to, start, lag, weight in self.edges:
            g, name = projection.target
            window = windows[projection.source]
            grows = isinstance(past[projection.source], list)
            column = n_columns - lag if grows else (k - lag) % n_columns
            values = window[column, :, start]  # (n_edges, n_jobs)
            terms = (weight[:, None] * values).T
            sums[g][name] = sums[g][name].index_add(1, to, terms)
        return sums

    def run(self, n_steps, *, record, drive=None, hold=1):
        """Integrate by Euler's scheme.

        Parameters
        ----------
        n_steps : int
            Steps.
        record : list of (int, str)
            Population and name of the variables to return.
        drive : list of dict, default=None
            Per population and port a tensor (n_jobs, n_nodes, n_columns) that is added
            to the constant input.
        hold : int, default=1
            Steps for which a column of the drive is held.

        Returns
        -------
        list of Tensor of shape (n_jobs, n_nodes, n_steps)
            One per recorded variable.
        """
        series = [[] for _ in record]
        for _, x in self._steps(n_steps, drive, hold):
            for values, (g, name) in zip(series, record, strict=True):
                values.append(getattr(x[g], name))
        return [torch.stack(values, dim=-1) for values in series]

    def _steps(self, n_steps, drive=None, hold=1, *, keep_all=True):
        """Yield the number of each step, from 0, and the variables after it.

        With ``keep_all=False`` past values that no delay reaches are overwritten, which
        autograd cannot go through.
        """
        groups = [p.equations for p in self.network.populations]
        p = [SimpleNamespace(**numbers) for numbers in self.parameters]
        states = [job.state for job in self.jobs]
        x, noise, past = [], [], {}
        for g, equations in enumerate(groups):
            n = self.network.populations[g].n_nodes
            for target, names, values in (
                (x, equations.variables, [s.variables[g] for s in states]),
                (noise, equations.noise, [s.noise[g] for s in states]),
            ):
                start = {k: self._stack([v[k] for v in values], g) for k in names}
                start = {k: v.expand(len(states), n) for k, v in start.items()}
                target.append(SimpleNamespace(**start))
            past |= {(g, name): self._past(g, name) for name in equations.sources}
        if not keep_all:
            past = {key: torch.stack(columns) for key, columns in past.items()}
        for k in range(n_steps):
            if k % _NORMALS_AT_ONCE == 0:
                count = min(_NORMALS_AT_ONCE, n_steps - k)
                normals = self._normals(states[0].step + k, count)
            net = self._delayed_sums(past, k)
            for g, equations in enumerate(groups):
                inputs = {
                    port: self.parameters[g][f"input_{port}"]
                    for port in equations.ports
                }
                for port, values in (drive[g] if drive else {}).items():
                    inputs[port] = inputs[port] + values[..., k // hold]
                normal = {
                    name: z[k % _NORMALS_AT_ONCE] for name, z in normals[g].items()
                }
                x[g], noise[g] = equations.euler_step(
                    x[g],
                    SimpleNamespace(**net[g]),
                    SimpleNamespace(**inputs),
                    noise[g],
                    SimpleNamespace(**normal),
                    p[g],
                )
                for name, value in equations.visible(x[g], p[g]).items():
                    if keep_all:
                        past[g, name].append(value)
                    else:
                        past[g, name][k % self.network.max_lag] = value
            yield k, x

    def record(self, n_steps, *, taps=(), observers=(), drive=None, hold=1):
        """Integrate without derivatives, and record what taps and observers ask for.

        Parameters
        ----------
        n_steps : int
            Steps, from the first one of the simulations.
        taps : list of Tap, default=()
            What to record.
        observers : list of Observer, default=()
            Models that look on, in float64.
        drive : list of dict, default=None
            As in `run`.
        hold : int, default=1
            As in `run`.

        Returns
        -------
        recorded, observed : list of ndarray of shape (n_jobs, n_nodes, n_samples)
            One per tap, and one per recorded row of each observer.
        failed : ndarray of int of shape (n_jobs,)
            Last step of the first block of 64 after which a simulation was not finite
            any more, or -1.
        """
        with torch.no_grad():
            like = {"dtype": torch.float64, "device": self._like["device"]}
            looking = [
                _Looking(o, self.network, len(self.jobs), like) for o in observers
            ]
            series, sums = [[] for _ in taps], [0.0] * len(taps)
            failed = torch.full((len(self.jobs),), -1, device=like["device"])
            for k, x in self._steps(n_steps, drive, hold, keep_all=False):
                for i, tap in enumerate(taps):
                    value = getattr(x[tap.population], tap.variable)
                    sums[i] = sums[i] + value if tap.averages else value
                    if (k + 1) % tap.interval == 0:
                        scale = tap.interval if tap.averages else 1
                        series[i].append((sums[i] / scale).cpu())
                        sums[i] = 0.0
                for one in looking:
                    one.see(k, getattr(x[one.population], one.variable))
                if k % _CHECKED_AT_ONCE == _CHECKED_AT_ONCE - 1 or k == n_steps - 1:
                    total = sum(
                        v.sum(dim=1) for group in x for v in vars(group).values()
                    )
                    new = ~torch.isfinite(total) & (failed < 0)
                    failed = torch.where(new, k, failed)
        empty = [torch.zeros(len(self.jobs), n, 0) for n in self._sizes(taps)]
        recorded = [
            (torch.stack(values, dim=-1) if values else nothing).numpy()
            for values, nothing in zip(series, empty, strict=True)
        ]
        observed = [row for one in looking for row in one.series()]
        return recorded, observed, failed.cpu().numpy()

    def _sizes(self, taps):
        return [self.network.populations[tap.population].n_nodes for tap in taps]


class _Looking:
    """An observer beside a run in torch."""

    def __init__(self, observer, network, n_jobs, like):
        self.observer, self.population = observer, observer.population
        self.variable, self._like = observer.variable, like
        shape = (n_jobs, network.populations[observer.population].n_nodes)
        self._x = SimpleNamespace(
            **{
                name: torch.as_tensor(value, **like).expand(shape)
                for name, value in observer.initial.items()
            }
        )
        self._p = SimpleNamespace(
            **{
                name: torch.as_tensor(value, **like)
                for name, value in observer.parameters.items()
            }
        )
        self._sum = torch.zeros(shape, **like)
        self._rows = [[] for _ in observer.record]
        self._shape = shape

    def see(self, k, value):
        """Take the value after step k; update and record where that is due."""
        o = self.observer
        self._sum = self._sum + value.to(self._like["dtype"])
        if (k + 1) % o.update_interval:
            return
        net = {o.equations.inputs[0]: self._sum / o.update_interval}
        nothing = SimpleNamespace()
        self._x, _ = o.equations.euler_step(
            self._x, SimpleNamespace(**net), nothing, nothing, nothing, self._p
        )
        self._sum = torch.zeros_like(self._sum)
        if (k + 1) % o.record_interval == 0:
            for row, name in zip(self._rows, o.record, strict=True):
                row.append(getattr(self._x, name).cpu())

    def series(self):
        """Return the recorded rows, shape (n_jobs, n_nodes, n_samples) each."""
        nothing = torch.zeros((*self._shape, 0), dtype=self._like["dtype"])
        return [
            (torch.stack(row, dim=-1) if row else nothing).numpy() for row in self._rows
        ]
