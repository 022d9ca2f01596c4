"""A slow integrator whose correctness can be seen: direct indexing, no blocks."""

from types import SimpleNamespace

import numpy as np

from skneuro.engine._noise import make_keys


def simulate(network, job, n_steps, normals, *, method="euler", hold=1):
    """Integrate a network step by step.

    Parameters
    ----------
    network, job : Network, Job
        As for the engine.
    n_steps : int
        Steps.
    normals : callable
        ``normals(keys, first_step, n_steps)`` returns the engine's random numbers,
        shape (n_steps, n_keys).
    method : {"euler", "heun"}, default="euler"
        Scheme.
    hold : int, default=1
        Steps for which a column of the drive is held.

    Returns
    -------
    list of dict
        Per population the series of every variable and noise process
        (``"noise.NAME"``), shape (n_nodes, n_steps).
    """
    groups = network.populations
    parameters = [SimpleNamespace(**numbers) for numbers in job.parameters]
    x = [dict(values) for values in job.state.variables]
    noise = [dict(values) for values in job.state.noise]
    past = [
        {name: padded(values, network.max_lag, n_steps) for name, values in h.items()}
        for h in job.state.history
    ]
    random = random_numbers(network, job, n_steps, normals)
    series = [
        {
            name: np.empty((p.n_nodes, n_steps))
            for name in (
                *p.equations.variables,
                *(f"noise.{n}" for n in p.equations.noise),
            )
        }
        for p in groups
    ]

    def drive(g, k):
        values = {}
        for port in groups[g].equations.ports:
            values[port] = job.parameters[g][f"input_{port}"]
            if job.drive is not None:
                values[port] = values[port] + job.drive[g][port][:, k // hold]
        return SimpleNamespace(**values)

    def rates(g, x, noise, net, k):
        return groups[g].equations.function(
            SimpleNamespace(**x),
            SimpleNamespace(**net),
            drive(g, k),
            SimpleNamespace(**noise),
            parameters[g],
        )

    def moved(g, x, rate, dt):
        """States after an interval with given rates; algebraic variables assigned."""
        equations = groups[g].equations
        new = {s: bounded(equations, s, x[s] + dt * rate[s]) for s in equations.states}
        return new

    def see(x, column):
        """Write what is visible into a column of the past."""
        for g, p in enumerate(groups):
            if p.equations.source_function is None:
                visible = {name: x[g][name] for name in p.equations.sources}
            else:
                visible = p.equations.source_function(
                    SimpleNamespace(**x[g]), parameters[g]
                )
            for name, values in visible.items():
                past[g][name][:, column] = values

    for k in range(n_steps):
        now = network.max_lag - 1 + k  # column of the state before the step
        net = delayed_sums(network, past, now)
        rate = [rates(g, x[g], noise[g], net[g], k) for g in range(len(groups))]
        new, new_noise = [], []
        for g, p in enumerate(groups):
            new.append(moved(g, x[g], rate[g], job.parameters[g]["dt"]))
            new[g].update({a: rate[g][a] for a in p.equations.algebraic})
            new_noise.append(
                {
                    name: z
                    + (job.parameters[g][f"noise_mean_{name}"] - z)
                    * job.parameters[g][f"noise_rate_{name}"]
                    + job.parameters[g][f"noise_step_{name}"] * random[g][name][k]
                    for name, z in noise[g].items()
                }
            )
        if method == "heun":
            see(new, now + 1)
            net = delayed_sums(network, past, now + 1)
            for g, p in enumerate(groups):
                end = rates(g, new[g], new_noise[g], net[g], k)
                mean = {s: 0.5 * (rate[g][s] + end[s]) for s in p.equations.states}
                new[g].update(moved(g, x[g], mean, job.parameters[g]["dt"]))
        x, noise = new, new_noise
        see(x, now + 1)
        for g in range(len(groups)):
            for name, values in x[g].items():
                series[g][name][:, k] = values
            for name, values in noise[g].items():
                series[g][f"noise.{name}"][:, k] = values
    return series


def bounded(equations, state, value):
    """Clip a state to its bounds, or wrap it onto its circle."""
    low, high = equations.bounds.get(state, (None, None))
    if low is not None or high is not None:
        value = np.clip(value, low, high)
    if state in equations.periods:
        value = np.mod(value, equations.periods[state])
    return value


def padded(values, max_lag, n_steps):
    """Past of ``max_lag`` columns, the oldest known repeated, and room for the run."""
    past = np.empty((len(values), max_lag + n_steps))
    known = values[:, -max_lag:]
    past[:, :max_lag] = known[:, :1]
    past[:, max_lag - known.shape[1] : max_lag] = known
    return past


def delayed_sums(network, past, now):
    """Sums over edges as they arrive after the values of column ``now``."""
    net = [
        {name: np.zeros(p.n_nodes) for name in p.equations.inputs}
        for p in network.populations
    ]
    for p in network.projections:
        (g, name), (h, value) = p.target, p.source
        arriving = past[h][value][p.start, now - (p.lag - 1)]
        np.add.at(net[g][name], p.to, p.weight * arriving)
    return net


def random_numbers(network, job, n_steps, normals):
    """The engine's normal numbers by population, process and step."""
    numbers, count = [], 0
    for p in network.populations:
        numbers.append({})
        for name in p.equations.noise:
            keys = make_keys(job.seed, job.simulation, count, np.arange(p.n_nodes))
            numbers[-1][name] = normals(keys, job.state.step, n_steps)
            count += 1
    return numbers
