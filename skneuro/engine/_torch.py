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

    def _normals(self, n_steps):
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
                    drawn = draw_normals(keys, self.jobs[0].state.step, n_steps)
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

    def _delayed_sums(self, past):
        """Delayed sums by population and input, shape (n_jobs, n_nodes)."""
        windows = {
            key: torch.stack(columns[-self.network.max_lag :])
            for key, columns in past.items()
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
            values = window[self.network.max_lag - lag, :, start]  # (n_edges, n_jobs)
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
        groups = [p.equations for p in self.network.populations]
        p = [SimpleNamespace(**numbers) for numbers in self.parameters]
        x, noise, past = [], [], {}
        for g, equations in enumerate(groups):
            states = [job.state for job in self.jobs]
            n = self.network.populations[g].n_nodes
            for target, names, values in (
                (x, equations.variables, [s.variables[g] for s in states]),
                (noise, equations.noise, [s.noise[g] for s in states]),
            ):
                start = {k: self._stack([v[k] for v in values], g) for k in names}
                start = {k: v.expand(len(states), n) for k, v in start.items()}
                target.append(SimpleNamespace(**start))
            past |= {(g, name): self._past(g, name) for name in equations.sources}
        normals = self._normals(n_steps)
        series = [[] for _ in record]
        for k in range(n_steps):
            net = self._delayed_sums(past)
            for g, equations in enumerate(groups):
                inputs = {
                    port: self.parameters[g][f"input_{port}"]
                    for port in equations.ports
                }
                for port, values in (drive[g] if drive else {}).items():
                    inputs[port] = inputs[port] + values[..., k // hold]
                normal = {name: z[k] for name, z in normals[g].items()}
                x[g], noise[g] = equations.euler_step(
                    x[g],
                    SimpleNamespace(**net[g]),
                    SimpleNamespace(**inputs),
                    noise[g],
                    SimpleNamespace(**normal),
                    p[g],
                )
                for name, value in equations.visible(x[g], p[g]).items():
                    past[g, name].append(value)
            for values, (g, name) in zip(series, record, strict=True):
                values.append(getattr(x[g], name))
        return [torch.stack(values, dim=-1) for values in series]
