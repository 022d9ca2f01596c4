"""What a step costs at least: edges, node update and noise, each measured alone.

Uses the engine below the public API: the same integrator runs a model without
equations on the network (edges), the model without network (node update), and a model
without equations that has noise. What all of them share, the bare loop over steps with
its histories, is measured as well and taken off.
"""

import time

import numpy as np

from skneuro import dynamics
from skneuro.engine import Equations
from skneuro.engine._jobs import (
    Job,
    Network,
    Population,
    SimulationState,
    Tap,
)
from skneuro.engine._run import Run

N_STEPS = 10_000  # one simulated second at 0.1 ms
PARTS = ("loop", "edges", "update", "noise")


def _still(n_noise):
    """Make equations that leave every state where it is."""
    names = tuple(f"x{i}" for i in range(max(1, n_noise)))
    return Equations(
        name=f"Still{n_noise}",
        function=lambda x, net, drive, noise, p: dict.fromkeys(names, 0.0 * p.dt),
        states=names,
        noise=names[:n_noise],
        inputs=("net",),
        sources=names[:1],
    )


def _seconds(equations, numbers, projections, n_nodes, dtype, repeats):
    """Return the median time of runs of one simulated second."""
    zero = dict.fromkeys(
        (*equations.variables, *equations.noise), np.full(n_nodes, 0.1)
    )
    state = SimulationState(
        step=0,
        variables=[zero],
        noise=[zero],
        history=[dict.fromkeys(equations.sources, np.full((n_nodes, 1), 0.1))],
    )
    network = Network((Population(equations, n_nodes),), projections)
    seconds = []
    for _ in range(repeats + 1):
        run = Run(
            network,
            [Job([numbers], state)],
            taps=[Tap(0, equations.variables[0], N_STEPS)],
            dtype=dtype,
        )
        start = time.perf_counter()
        run.advance(N_STEPS)
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[1:]))


def measure_floors(model, connectivity, tract_lengths, dtype, repeats=5):
    """Return ms per simulated second of each part, by name."""
    simulator = getattr(dynamics, model)(
        connectivity, tract_lengths, sigma=0.0, dt=0.1, random_state=0
    )
    simulator.simulate()
    n_nodes = len(connectivity)
    projections = simulator._network.projections
    projections = tuple(
        p._replace(source=(0, "x0"), target=(0, "net")) for p in projections[:1]
    )
    n_noise = len(simulator.noise)
    still = {"dt": 0.1}
    noisy = dict(still)
    for name in _still(n_noise).noise:
        noisy |= {f"noise_{k}_{name}": 0.01 for k in ("mean", "rate", "step")}
    calm = {k: 0.0 if k.startswith("noise_step") else v for k, v in noisy.items()}

    loop = _seconds(_still(0), still, (), n_nodes, dtype, repeats)
    edges = _seconds(_still(0), still, projections, n_nodes, dtype, repeats)
    update = _seconds(
        simulator._equations(), simulator._numbers, (), n_nodes, dtype, repeats
    )
    quiet = _seconds(_still(n_noise), calm, (), n_nodes, dtype, repeats)
    noise = _seconds(_still(n_noise), noisy, (), n_nodes, dtype, repeats)
    parts = (loop, edges - loop, update - loop, noise - quiet)
    return {name: 1e3 * value for name, value in zip(PARTS, parts, strict=True)}
