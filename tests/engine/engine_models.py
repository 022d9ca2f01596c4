"""Models, networks and runs of them that several tests of the engine share."""

import numpy as np

from skneuro.engine import Equations, cos, sigmoid, sin
from skneuro.engine._jobs import Job, Network, Population, Projection, SimulationState
from skneuro.engine._run import Run

TURN = 2 * np.pi


def _oscillator(x, net, drive, noise, p):
    growth = p.growth - x.x * x.x - x.y * x.y
    return {
        "x": growth * x.x - p.frequency * x.y + p.gain * net.near + drive.x + noise.x,
        "y": growth * x.y + p.frequency * x.x + drive.y,
    }


OSCILLATOR = Equations(
    "TestOscillator",
    _oscillator,
    states=("x", "y"),
    noise=("x",),
    ports=("x", "y"),
    inputs=("near",),
    sources=("x",),
    parameters=("growth", "frequency", "gain"),
)


def _rates(x, net, drive, noise, p):
    rate = sigmoid(p.slope * (net.fast - x.w + drive.v + noise.v))
    return {
        "rate": rate,
        "v": ((2.0 - x.v) * rate - x.v - 0.3) / p.tau,
        "w": (0.4 * x.rate + net.slow - x.w + noise.w) / (3.0 * p.tau),
    }


RATES = Equations(
    "TestRates",
    _rates,
    states=("v", "w"),
    algebraic=("rate",),
    noise=("v", "w"),
    ports=("v",),
    inputs=("fast", "slow"),
    sources=("rate", "v"),
    bounds={"v": (0.0, 0.6), "w": (-0.1, None)},
    parameters=("slope", "tau"),
)


def _phases(x, net, drive, noise, p):
    pull = cos(x.theta) * net.sine - sin(x.theta) * net.cosine
    return {"theta": p.omega + pull + drive.theta + noise.theta}


PHASES = Equations(
    "TestPhases",
    _phases,
    states=("theta",),
    noise=("theta",),
    ports=("theta",),
    inputs=("sine", "cosine"),
    sources=("sine", "cosine"),
    source_function=lambda x, p: {
        "sine": sin(x.theta - p.lag),
        "cosine": cos(x.theta - p.lag),
    },
    periods={"theta": TURN},
    parameters=("omega", "lag"),
)

MODELS = (OSCILLATOR, RATES, PHASES)
RANGES = {
    "growth": (-0.5, 0.3),
    "frequency": (0.1, 0.6),
    "gain": (-0.5, 0.5),
    "slope": (1.0, 4.0),
    "tau": (1.0, 5.0),
    "omega": (-1.0, 2.0),
    "lag": (0.0, 0.5),
}


def draw_projections(rng, populations, density, longest):
    """Draw edges between all visible values and all inputs of some populations.

    A tenth of the possible pairs of value and input stays empty; self loops are edges
    like others; half of the edges have no delay where there are delays at all.
    """
    projections = []
    for g, target in enumerate(populations):
        for name in target.equations.inputs:
            for h, source in enumerate(populations):
                for value in source.equations.sources:
                    if rng.uniform() < 0.1:
                        continue
                    shape = target.n_nodes, source.n_nodes
                    to, start = np.nonzero(rng.uniform(size=shape) < density)
                    lag = 1 + rng.integers(0, longest + 1, len(to))
                    lag[rng.uniform(size=len(to)) < 0.3] = 1
                    weight = rng.normal(scale=0.3, size=len(to))
                    weight /= max(1.0, density * shape[1])
                    projections.append(
                        Projection((g, name), (h, value), to, start, lag, weight)
                    )
    return tuple(projections)


def draw_parameters(rng, population, dt, sigma, *, by_node):
    """Draw every number that a population needs."""
    size = population.n_nodes if by_node else None
    equations = population.equations
    numbers = {name: rng.uniform(*RANGES[name], size) for name in equations.parameters}
    numbers["dt"] = dt
    for port in equations.ports:
        numbers[f"input_{port}"] = rng.normal(scale=0.3, size=size)
    for name in equations.noise:
        numbers[f"noise_mean_{name}"] = rng.normal(scale=0.1, size=size)
        numbers[f"noise_rate_{name}"] = dt / 5.0
        numbers[f"noise_step_{name}"] = sigma * rng.uniform(0.5, 2.0, size)
    return numbers


def draw_state(rng, network, n_columns, step=0):
    """Draw a state with a past of some columns."""
    variables, noise, history = [], [], []
    for p in network.populations:
        n = p.n_nodes
        variables.append({v: rng.uniform(0, 0.5, n) for v in p.equations.variables})
        noise.append({v: rng.normal(scale=0.1, size=n) for v in p.equations.noise})
        history.append(
            {v: rng.uniform(0, 0.5, (n, n_columns)) for v in p.equations.sources}
        )
    return SimulationState(step, variables, noise, history)


def draw_drive(rng, network, n_columns):
    """Draw a series for every port."""
    return [
        {v: rng.normal(size=(p.n_nodes, n_columns)) for v in p.equations.ports}
        for p in network.populations
    ]


def draw_job(
    rng,
    network,
    *,
    dt=0.1,
    sigma=0.1,
    by_node=True,
    n_columns=1,
    drive=None,
    simulation=0,
):
    """Draw the numbers of one simulation; ``drive`` is a number of columns."""
    return Job(
        [
            draw_parameters(rng, p, dt, sigma, by_node=by_node)
            for p in network.populations
        ],
        draw_state(rng, network, n_columns),
        seed=int(rng.integers(2**31)),
        simulation=simulation,
        drive=None if drive is None else draw_drive(rng, network, drive),
    )


def draw_network(rng, sizes, *, density=0.5, longest=20):
    """Draw a network of as many nodes of each model as ``sizes`` say."""
    populations = tuple(
        Population(equations, n)
        for equations, n in zip(MODELS, sizes, strict=True)
        if n
    )
    return Network(populations, draw_projections(rng, populations, density, longest))


def single_nodes(equations, n_nodes=1):
    """Return a network without edges."""
    return Network((Population(equations, n_nodes),))


def advance(network, job, n_steps, **options):
    """Run one simulation; returns recordings, observations and the final state."""
    run = Run(network, [job], drive_start=job.state.step, **options)
    recorded, observed = run.advance(n_steps)
    assert run.failures == []
    return [r[0] for r in recorded], [o[0] for o in observed], run.final_states()[0]
