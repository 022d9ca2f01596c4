"""What every worker does: read a case per line, run it, answer one line.

Runs in the environment of each competitor, so it needs the standard library and NumPy
only. The worker's own standard output carries the answers; whatever a library prints
goes to standard error.
"""

import json
import os
import resource
import statistics
import sys
import time
import traceback
from functools import lru_cache

import numpy as np


@lru_cache(maxsize=2)
def read_network(path):
    """Return connectivity and tract lengths (mm) of a case."""
    with np.load(path) as arrays:
        return arrays["connectivity"], arrays["tract_lengths"]


def coupling_values(case):
    """Global gain of each parameter set."""
    return np.linspace(*case["couplings"], case["n_sets"])


def peak_memory():
    """Largest resident memory of this process so far, in MB."""
    try:
        with open("/proc/self/status") as status:
            # ru_maxrss would count the parent's memory at the fork
            line = next(line for line in status if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return kilobytes / 1e6 if sys.platform == "darwin" else kilobytes * 1024 / 1e6


def summarise(output):
    """Say whether a result is finite, and its spread, so that sides can be compared."""
    output = np.asarray(output)
    return {
        "shape": list(output.shape),
        "finite": bool(np.isfinite(output).all()),
        "spread": float(output.std(axis=-1).mean()),
    }


def run_turn(prepare, case):
    """Time runs, from the arrays of the network to the array of results.

    A turn lasts ``turn_seconds`` at least and gives the median of its runs: a processor
    that has just waited for the other contestants is slow at first.
    """
    network = read_network(case["network"])
    run = prepare(case, *network)
    seconds, begin = [], time.perf_counter()
    while not seconds or time.perf_counter() - begin < case["turn_seconds"]:
        start = time.perf_counter()
        output = run()
        seconds.append(time.perf_counter() - start)
    return {
        "seconds": statistics.median(seconds),
        **summarise(output),
        "peak_mb": peak_memory(),
    }


def serve(prepare, versions, import_seconds):
    """Answer cases until standard input ends.

    Parameters
    ----------
    prepare : callable
        Takes ``case, connectivity, tract_lengths`` and returns a function without
        arguments that does all the timed work and returns an array.
    versions : dict
        Versions of what is measured.
    import_seconds : float
        How long the imports took.
    """
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    hello = {"versions": versions, "import_seconds": import_seconds}
    print(json.dumps(hello), file=answers)
    for line in sys.stdin:
        try:
            answer = run_turn(prepare, json.loads(line))
        except Exception:  # the parent decides; the worker lives on
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers)
