"""Tables of results: Markdown for people, CSV with every single run."""

import csv
import datetime
import os
import platform
from pathlib import Path

import numpy as np


def processor_name():
    """Name of the processor, and the widest vectors that it has."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = dict(line.split(":", 1) for line in lines if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    flags = facts.get("flags", "").split()
    vectors = next((f for f in ("avx512f", "avx2", "sse4_2") if f in flags), None)
    name = facts.get("model name", platform.machine())
    family = [f"{k} {facts[k]}" for k in ("cpu family", "model") if k in facts]
    return ", ".join([name, *family, *([vectors] if vectors else [])])


def describe_machine(command, versions, load_before, n_threads=1):
    """Lines that say where, when and with what a table was measured.

    Parameters
    ----------
    command : str
        What was typed.
    versions : dict of str to dict
        Versions by competitor.
    load_before : float
        Load average over one minute before the first run.
    n_threads : int, default=1
        Threads that each competitor used.
    """
    load_after = os.getloadavg()[0]
    used = "one thread used" if n_threads == 1 else f"{n_threads} threads used"
    yield f"- Processor: {processor_name()}; {os.cpu_count()} cores, {used}"
    yield f"- System: {platform.system()} {platform.machine()}"
    for competitor, packages in versions.items():
        listed = ", ".join(f"{name} {version}" for name, version in packages.items())
        yield f"- {competitor}: {listed}"
    yield f"- Date: {datetime.date.today().isoformat()}"
    yield f"- Command: `{command}`"
    yield f"- Load of the machine before and after: {load_before:.2f}, {load_after:.2f}"


def markdown_table(header, rows):
    """Join cells into a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def seconds_text(seconds):
    """Seconds with three digits, in ms where that reads better."""
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def ratio_text(theirs, ours, goal=None):
    """How many times faster, the range over paired runs, and whether a goal is met."""
    theirs, ours = np.asarray(theirs), np.asarray(ours)
    pairs = theirs / ours
    ratio = np.median(theirs) / np.median(ours)
    text = f"**{ratio:.1f}x** ({pairs.min():.1f}-{pairs.max():.1f})"
    if goal is not None:
        text += f", goal {goal:g}: {'met' if ratio >= goal else 'missed'}"
    return text


def write(folder, name, title, paragraphs, records):
    """Write ``NAME.md`` and ``NAME.csv``.

    Parameters
    ----------
    folder : pathlib.Path
        Where to.
    name, title : str
        File name without ending, and heading.
    paragraphs : list of str
        Body of the Markdown page.
    records : list of dict
        One row per single run; all have the same keys.
    """
    page = f"# {title}\n\n" + "\n\n".join(paragraphs) + "\n"
    (folder / f"{name}.md").write_text(page)
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)
