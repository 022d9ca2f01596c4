"""The benchmark harness, without measuring anything."""

import csv
import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"

TINY_WORKER = """
import numpy as np
from protocol import coupling_values, serve

def prepare(case, connectivity, tract_lengths):
    print("a library that talks")
    if case["model"] == "broken":
        return lambda: 1 / 0
    return lambda: coupling_values(case)[:, None] * connectivity.sum() * np.ones(4)

serve(prepare, {"tiny": "1.0"}, 0.5)
"""


@pytest.fixture
def harness(monkeypatch):
    """Import a module of the harness by name."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield importlib.import_module
    for name in ("cases", "protocol", "report"):
        sys.modules.pop(name, None)


def test_names_of_cases_are_unique(harness):
    cases = harness("cases")
    names = [case.name for case in (*cases.PAIRED, *cases.SCALING, *cases.STARTUP)]
    assert len(set(names)) == len(names)


def test_pattern_selects_cases(harness):
    cases = harness("cases")
    names = [case.name for case in cases.select(cases.PAIRED, "hopf-*400")]
    assert names == ["hopf-full400", "hopf-sparse400"]


def test_ratio_is_that_of_the_medians(harness):
    text = harness("report").ratio_text([2.0, 4.0, 9.0], [1.0, 2.0, 1.0], goal=5)
    assert text == "**4.0x** (2.0-9.0), goal 5: missed"


def test_page_and_rows_are_written(harness, tmp_path):
    records = [{"case": "a", "seconds": "1.0"}, {"case": "a", "seconds": "2.0"}]
    harness("report").write(tmp_path, "x", "Title", ["first", "second"], records)
    assert (tmp_path / "x.md").read_text() == "# Title\n\nfirst\n\nsecond\n"
    with (tmp_path / "x.csv").open() as file:
        assert list(csv.DictReader(file)) == records


def test_worker_answers_one_line_per_case_and_survives_errors(harness, tmp_path):
    cases = harness("cases")
    np.savez(
        tmp_path / "net.npz", connectivity=np.eye(2), tract_lengths=np.zeros((2, 2))
    )
    (tmp_path / "worker.py").write_text(TINY_WORKER)
    messages = [
        cases.Case("x", model, "net", 10.0, n_sets=3, couplings=(1.0, 2.0)).message(
            tmp_path / "net.npz", "float64"
        )
        for model in ("broken", "fine")
    ]
    done = subprocess.run(
        [sys.executable, tmp_path / "worker.py"],
        input="".join(json.dumps(message) + "\n" for message in messages),
        env={"PYTHONPATH": str(BENCHMARKS)},
        capture_output=True,
        text=True,
        check=True,
    )
    hello, broken, fine = map(json.loads, done.stdout.splitlines())
    assert hello == {"versions": {"tiny": "1.0"}, "import_seconds": 0.5}
    assert "ZeroDivisionError" in broken["error"]
    assert fine["shape"] == [3, 4]
    assert fine["finite"]
    assert fine["spread"] == 0.0
    assert fine["seconds"] > 0
    assert fine["peak_mb"] > 1
    assert "a library that talks" in done.stderr
