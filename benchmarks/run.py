"""Measure skneuro beside neurolib, in turn, one thread each (``make bench``)."""

import argparse
import os
import shlex
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from cases import (
    ALN,
    FLOORS,
    LOOPS,
    MODELS,
    MORE_MODELS,
    OWN,
    PAIRED,
    SCALING,
    STARTUP,
    UNRELEASED,
    WARM_UP,
    select,
)
from floors import PARTS, measure_floors
from networks import count_edges, write_networks
from report import (
    describe_machine,
    markdown_table,
    ratio_text,
    seconds_text,
    write,
)
from workers import Worker, WorkerError

HERE = Path(__file__).parent
# Who runs a paired case: (worker, precision). neurolib has float64 only.
CONTESTANTS = [("neurolib", "float64"), ("skneuro", "float64"), ("skneuro", "float32")]

HOW = (
    "All contestants run one case after another on the same machine, in turn: in each "
    "round every one of them has a turn of half a second at least, whose median "
    "counts, and who begins changes from round to round. "
    "Each is one process with one thread, warmed up by a short run of the same "
    "case. Seconds cover everything between the arrays of the connectome and the array "
    "of results: building the model, validation, simulation. The ratio is that of the "
    "medians, with the smallest and largest ratio of a round in brackets."
)

OWN_NOTE = (
    "neurolib has no compiled form of these models. Its MultiModel has the reduced "
    "Wong-Wang model, whose Euler backend does not run on Python 3.11 or later and "
    "whose other backend is an adaptive solver, and a tutorial that builds a "
    "Jansen-Rit node; it has no Montbrio-Pazo-Roxin model. So there is no ratio here."
)


class Session:
    """Long-lived workers, started when first needed, and the records of all runs."""

    def __init__(self, repeats, contestants, checkout=None):
        self.repeats = repeats
        self.contestants = contestants
        self.checkout = checkout
        self.workers = {}
        self.versions = {}
        self.records = []
        self.stack = ExitStack()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stack.close()

    def start(self, competitor, environment=None):
        """Start a worker that belongs to this session."""
        if competitor == "neurolib" and self.checkout:
            environment = {"PYTHONPATH": str(self.checkout)} | (environment or {})
        worker = self.stack.enter_context(Worker(competitor, environment))
        self.versions[competitor] = worker.versions
        return worker

    def worker(self, competitor):
        """Return the long-lived worker of a competitor."""
        if competitor not in self.workers:
            self.workers[competitor] = self.start(competitor)
        return self.workers[competitor]

    def contestants_of(self, case):
        """Return who can run a case."""
        if case.model in UNRELEASED and not self.checkout:
            return [c for c in self.contestants if c[0] != "neurolib"]
        return self.contestants

    def measure(self, case, path):
        """Run one case ``repeats`` times in turn and return seconds by contestant."""
        contestants = self.contestants_of(case)
        workers = {
            contestant: self.start(contestant[0])
            if case.bold
            else self.worker(contestant[0])
            for contestant in contestants
        }
        for (_, dtype), worker in workers.items():
            duration = min(case.duration, 4_000.0 if case.bold else WARM_UP)
            worker.run(case.message(path, dtype) | {"duration": duration})
        seconds = {contestant: [] for contestant in contestants}
        for repeat in range(self.repeats):
            first = repeat % len(contestants)
            for contestant in contestants[first:] + contestants[:first]:
                competitor, dtype = contestant
                answer = workers[contestant].run(case.message(path, dtype))
                seconds[contestant].append(answer["seconds"])
                self.records.append(
                    {
                        "case": case.name,
                        "competitor": competitor,
                        "dtype": dtype,
                        "repeat": repeat,
                        "seconds": f"{answer['seconds']:.6f}",
                        "peak_mb": f"{answer['peak_mb']:.1f}",
                        "spread": f"{answer['spread']:.6g}",
                        "edges": count_edges(path),
                        "simulated_seconds": case.duration * case.n_sets / 1e3,
                    }
                )
        if case.bold:
            for worker in workers.values():
                worker.close()
        return seconds

    def last(self, case, contestant, column):
        """Return a column of the last record of a case and contestant."""
        key = (case.name, *contestant)
        return next(
            record[column]
            for record in reversed(self.records)
            if (record["case"], record["competitor"], record["dtype"]) == key
        )


def paired_row(session, case, seconds):
    """One line of the table of paired cases."""
    row = [case.name]
    theirs = seconds.get(CONTESTANTS[0])
    for contestant in session.contestants:
        if contestant not in seconds:
            row.append("not in the release")
            continue
        ours = seconds[contestant]
        text = seconds_text(np.median(ours))
        if contestant[0] == "skneuro" and theirs:
            text += "; " + ratio_text(theirs, ours, case.goals.get(contestant[1]))
        row.append(text)
    memory = (session.last(case, each, "peak_mb") for each in seconds)
    spread = (session.last(case, each, "spread") for each in seconds)
    row.append(" / ".join(f"{float(m):.0f}" for m in memory) if case.bold else "")
    row.append("" if case.bold else " / ".join(f"{float(s):.3g}" for s in spread))
    return row


def run_paired(session, cases, paths):
    """Measure the paired cases and return the paragraphs of their page."""
    rows = []
    for case in cases:
        seconds = session.measure(case, paths[case.network])
        rows.append(paired_row(session, case, seconds))
        print("  ".join(rows[-1]), file=sys.stderr)
    names = [f"{competitor} {dtype}" for competitor, dtype in session.contestants]
    header = ["case", *names, "peak memory, MB", "spread of the activity"]
    lines = [
        f"- `{case.name}`: {case.model}, network {case.network}, "
        f"{case.duration / 1e3:g} s in steps of {case.dt:g} ms, noise {case.sigma:g}, "
        f"{case.n_sets} parameter set{'s' if case.n_sets > 1 else ''}"
        f"{', BOLD every 2 s and its functional connectivity' if case.bold else ''}"
        for case in cases
    ]
    notes = (
        "The last two columns list the contestants in the order of the others. Peak "
        "memory is that of a fresh process. The spread is the standard deviation over "
        "time, averaged over nodes: contestants draw different noise, so spreads agree "
        "roughly, not exactly."
    )
    return [HOW, markdown_table(header, rows), notes, "\n".join(lines)]


def run_loops(session, cases, paths):
    """Measure steps that are calls of their own and return the paragraphs."""
    rows = []
    for case in cases:
        seconds = session.measure(case, paths[case.network])
        theirs, row = seconds.get(CONTESTANTS[0]), [case.name]
        for contestant in session.contestants:
            per_step = np.median(seconds[contestant]) / round(case.duration / case.dt)
            text = f"{per_step * 1e6:.3g} us"
            if contestant[0] == "skneuro" and theirs:
                text += "; " + ratio_text(theirs, seconds[contestant])
            row.append(text)
        rows.append(row)
        print("  ".join(rows[-1]), file=sys.stderr)
    names = [f"{competitor} {dtype}" for competitor, dtype in session.contestants]
    caption = (
        "Microseconds per step of 0.1 ms. Each step is a call whose input depends on "
        "what the last one returned (`Stepper.step`; neurolib's `autochunk` with "
        "`chunksize=1`), set up beforehand; with `-whole`, all steps are one call "
        "without input, from the connectome to the result."
    )
    return [HOW, markdown_table(["case", *names], rows), caption]


def run_own(session, cases, paths):
    """Measure models that have no compiled counterpart: our side alone."""
    session.contestants = [c for c in session.contestants if c[0] == "skneuro"]
    return [*run_paired(session, cases, paths), OWN_NOTE]


def run_scaling(session, cases, paths):
    """Measure cost against size and duration and return the paragraphs of the page."""
    rows = []
    for case in cases:
        seconds = session.measure(case, paths[case.network])
        edges = count_edges(paths[case.network])
        simulated = case.duration / 1e3
        row = [case.name, edges, f"{simulated:g}"]
        for contestant in session.contestants:
            per_second = np.median(seconds[contestant]) / simulated
            edge_steps = edges * 1e3 / case.dt
            row.append(
                f"{seconds_text(per_second)}; {per_second / edge_steps * 1e9:.3g} ns"
            )
        rows.append(row)
        print("  ".join(map(str, row)), file=sys.stderr)
    names = [f"{competitor} {dtype}" for competitor, dtype in session.contestants]
    header = ["case", "connections", "simulated, s", *names]
    caption = (
        "Per simulated second, and per connection and step. A constant time per "
        "simulated second means linear in duration; a constant time per connection, "
        "linear in the number of connections."
    )
    return [HOW, markdown_table(header, rows), caption]


def plot_scaling(records, path):
    """Draw cost against the number of connections and against duration."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    panels = [
        ("scaling-nodes", "edges", "connections"),
        ("scaling-duration", "simulated_seconds", "simulated time (s)"),
    ]
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    for ax, (prefix, column, label) in zip(axes, panels, strict=True):
        chosen = [r for r in records if r["case"].startswith(prefix)]
        for key in dict.fromkeys((r["competitor"], r["dtype"]) for r in chosen):
            points = {}
            for r in chosen:
                if (r["competitor"], r["dtype"]) == key:
                    points.setdefault(r[column], []).append(float(r["seconds"]))
            ax.loglog(
                list(points),
                [np.median(values) for values in points.values()],
                "o-",
                label=" ".join(key),
            )
        ax.set(xlabel=label, ylabel="seconds")
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.grid(alpha=0.3)
    axes[0].legend(frameon=False)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def run_startup(session, cases, paths):
    """Measure the first call after install and in later processes, our side only."""
    rows = []
    for case in cases:
        for contestant in [c for c in session.contestants if c[0] == "skneuro"]:
            cells = []
            with tempfile.TemporaryDirectory() as cache:
                # an empty cache of compiled code, as after installation
                environment = {"NUMBA_CACHE_DIR": cache, "XDG_CACHE_HOME": cache}
                for attempt in ("empty cache", "filled cache"):
                    worker = session.start("skneuro", environment)
                    message = case.message(paths[case.network], contestant[1])
                    first, second = worker.run(message), worker.run(message)
                    worker.close()
                    extra = first["seconds"] - second["seconds"]
                    cells += [seconds_text(worker.import_seconds), seconds_text(extra)]
                    session.records.append(
                        {
                            "case": case.name,
                            "dtype": contestant[1],
                            "cache": attempt,
                            "import_seconds": f"{worker.import_seconds:.4f}",
                            "first_seconds": f"{first['seconds']:.4f}",
                            "second_seconds": f"{second['seconds']:.4f}",
                        }
                    )
            rows.append([case.name, contestant[1], *cells])
            print("  ".join(rows[-1]), file=sys.stderr)
    header = [
        "case",
        "precision",
        "imports, first process",
        "first call, beyond the second",
        "imports, later process",
        "first call, beyond the second",
    ]
    caption = (
        "Goals: under 6 s for the first call after installation, under 0.5 s beyond "
        "the imports in later processes."
    )
    return [markdown_table(header, rows), caption]


def run_floors(session, cases, paths):
    """Measure the parts of a step alone and return the paragraphs of the page."""
    rows = []
    for case in cases:
        with np.load(paths[case.network]) as arrays:
            network = arrays["connectivity"], arrays["tract_lengths"]
        edges, n_nodes = count_edges(paths[case.network]), len(network[0])
        model = "".join(word.capitalize() for word in case.model.split("_"))
        for dtype in ("float64", "float32"):
            parts = measure_floors(model, *network, dtype, session.repeats)
            per_unit = {"edges": edges, "update": n_nodes, "noise": 2 * n_nodes}
            cells = [f"{parts['loop']:.2f}"]
            for part, count in per_unit.items():
                nanoseconds = parts[part] * 1e6 / (1e4 * count)
                cells.append(f"{parts[part]:.2f} ({nanoseconds:.3g} ns)")
            rows.append([case.name, dtype, *cells, f"{sum(parts.values()):.2f}"])
            session.records.append({"case": case.name, "dtype": dtype} | parts)
            print("  ".join(rows[-1]), file=sys.stderr)
    header = ["case", "precision", *PARTS, "sum"]
    caption = (
        "ms per simulated second of 10 000 steps, one thread, medians; in brackets ns "
        "per connection, node or random number and step. `loop` is the integrator "
        "alone with its histories, which the other parts do not contain. A connection "
        "needs one fused multiply-add per step and the load of its source's past, "
        "which is rarely aligned: at 32 bytes per load and two loads per cycle that "
        "is 1/8 of a cycle per step in float64 and 1/16 in float32."
    )
    return [markdown_table(header, rows), caption]


SUITES = {
    "floors": ("What a step costs at least", FLOORS, run_floors),
    "neurolib": ("skneuro beside neurolib", PAIRED, run_paired),
    "aln": ("ALN beside neurolib", ALN, run_paired),
    "models": ("Other models beside neurolib", MODELS, run_paired),
    "loops": ("Stepping from outside", LOOPS, run_loops),
    "more_models": ("Kuramoto and thalamus beside neurolib", MORE_MODELS, run_paired),
    "own_models": ("Models that neurolib does not compile", OWN, run_own),
    "scaling": ("Cost against size and duration", SCALING, run_scaling),
    "startup": ("First calls", STARTUP, run_startup),
}


def read_arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", default="*", metavar="PATTERN", help="which cases")
    parser.add_argument("--repeats", type=int, default=5, help="rounds, default 5")
    parser.add_argument(
        "--only",
        choices=["skneuro", "neurolib"],
        help="run one side alone, without ratios",
    )
    parser.add_argument(
        "--neurolib",
        type=Path,
        metavar="FOLDER",
        help="checkout of neurolib's repository to measure instead of its release; "
        f"without it the cases of {', '.join(UNRELEASED)} are ours alone",
    )
    parser.add_argument(
        "--output", type=Path, default=HERE / "results", help="folder of the tables"
    )
    parser.add_argument("--list", action="store_true", help="print the cases and stop")
    arguments = parser.parse_args(argv)
    if arguments.neurolib:
        arguments.neurolib = arguments.neurolib.resolve()
        if not (arguments.neurolib / "neurolib").is_dir():
            parser.error(f"--neurolib: {arguments.neurolib} is no checkout of neurolib")
    if arguments.repeats < 1:
        parser.error(f"--repeats is {arguments.repeats}; expected 1 or more")
    return arguments


def main(argv=None):
    """Run the chosen cases; return 1 if none matched or a worker failed."""
    arguments = read_arguments(argv)
    chosen = {
        name: select(cases, arguments.case) for name, (_, cases, _) in SUITES.items()
    }
    if not any(chosen.values()):
        print(f"no case matches {arguments.case!r}; see --list", file=sys.stderr)
        return 1
    if arguments.list:
        print(*(case.name for cases in chosen.values() for case in cases), sep="\n")
        return 0
    command = shlex.join(["python", "benchmarks/run.py", *(argv or sys.argv[1:])])
    arguments.output.mkdir(parents=True, exist_ok=True)
    contestants = [c for c in CONTESTANTS if arguments.only in (None, c[0])]
    with tempfile.TemporaryDirectory() as folder:
        networks = [case.network for cases in chosen.values() for case in cases]
        paths = write_networks(networks, Path(folder))
        for name, cases in chosen.items():
            if not cases:
                continue
            title, _, run = SUITES[name]
            load = os.getloadavg()[0]
            with Session(arguments.repeats, contestants, arguments.neurolib) as session:
                try:
                    paragraphs = run(session, cases, paths)
                except WorkerError as error:
                    print(error, file=sys.stderr)
                    return 1
                about = describe_machine(command, session.versions, load)
                if name == "scaling":
                    plot_scaling(session.records, arguments.output / "scaling.png")
                    paragraphs.append("![cost](scaling.png)")
                write(
                    arguments.output,
                    name,
                    title,
                    ["\n".join(about), *paragraphs],
                    session.records,
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
