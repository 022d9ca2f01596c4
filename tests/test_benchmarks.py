"""The benchmark harness, without measuring anything."""

import ast
import csv
import importlib
import itertools
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
    own = {path.stem for path in BENCHMARKS.glob("*.py")}
    for name in own & set(sys.modules):
        sys.modules.pop(name, None)


def test_names_of_cases_are_unique(harness):
    cases = harness("cases")
    suites = ("PAIRED", "ALN", "MODELS", "MORE_MODELS", "OWN", "LOOPS")
    suites = (*suites, "SCALING", "FLOORS", "STARTUP")
    names = [case.name for suite in suites for case in getattr(cases, suite)]
    assert len(set(names)) == len(names)


def test_every_model_is_measured_alone_and_in_batches(harness):
    from skneuro import dynamics

    cases = harness("cases")
    worker = BENCHMARKS / "worker_skneuro.py"
    [table] = [
        ast.literal_eval(node.value)
        for node in ast.parse(worker.read_text()).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "MODELS"
    ]
    sets = {}
    known = (cases.PAIRED, cases.ALN, cases.MODELS, cases.MORE_MODELS, cases.OWN)
    for case in itertools.chain(*known):
        sets.setdefault(case.model, set()).add(case.n_sets > 1)
    assert sets == {model: {False, True} for model in table}
    models = {
        name
        for name in dynamics.__all__
        if isinstance(model := getattr(dynamics, name), type)
        and issubclass(model, dynamics.BaseSimulator)
        and model.parameters
    }
    assert {class_name for class_name, _, _ in table.values()} == models
    for class_name, gain, _ in table.values():
        assert gain in getattr(dynamics, class_name).parameters


def test_cases_of_a_shorter_step_have_as_many_steps(harness):
    cases = harness("cases")
    usual = cases.model_cases("a", (0.1, 1.0))
    finer = cases.model_cases("a", (0.1, 1.0), dt=0.01)
    steps = [[round(c.duration / c.dt) for c in each] for each in (usual, finer)]
    assert steps[0] == steps[1]


def test_models_that_no_release_has_are_ours_alone(harness):
    run = harness("run")
    [case, *_] = [c for c in run.MORE_MODELS if c.model in run.UNRELEASED]
    released = run.Session(1, run.CONTESTANTS).contestants_of(case)
    assert {competitor for competitor, _ in released} == {"skneuro"}
    checkout = run.Session(1, run.CONTESTANTS, Path("neurolib"))
    assert checkout.contestants_of(case) == run.CONTESTANTS


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


def test_the_usual_ways_of_encoding_give_the_same_responses(harness, monkeypatch):
    encoding = harness("encoding")
    from skneuro.encoding import GNetEncoder, LinearEncoder, make_gnet_weights

    weights = make_gnet_weights(3, channels=(2, 3, 4, 2), image_size=59)
    encoder = GNetEncoder(weights, image_size=59, device="cpu")
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (4, 3, 59, 59), dtype=np.uint8)
    usual = encoding.make_usual_fwrf(weights)
    np.testing.assert_allclose(usual(images), encoder.predict(images), atol=1e-5)

    sizes = {"N_FEATURES": 30, "N_COMPONENTS": 4, "N_VERTICES": 5}
    for name, size in sizes.items():
        monkeypatch.setattr(encoding, name, size)
    arrays = encoding.make_factors()
    features = rng.standard_normal((6, 30), dtype=np.float32)
    np.testing.assert_allclose(
        LinearEncoder(arrays).predict(features),
        np.hstack(encoding.make_scikit_learn(arrays)(features)),
        atol=1e-4,
    )


@pytest.mark.skipif(sys.platform != "linux", reason="sends SIGKILL, reads /proc")
def test_the_stream_that_is_killed_and_resumed_gives_the_same_file(harness):
    encoding = harness("encoding")
    (row,), records = encoding.run_stream(1, n_images=3000)
    values = {record["competitor"]: record["value"] for record in records}
    assert values["same"] is True
    assert 1000 <= values["killed_at"] < 3000
    assert values["peak_mib"] < 1.1 * values["peak_tenth_mib"]
    assert "resumed: the same file" in row[-1]


def test_networks_go_on_where_their_training_stopped(harness, monkeypatch, tmp_path):
    rnn_tasks = harness("rnn_tasks")
    for name, goal in (("sine", 0.0), ("multisensory", 2.0)):  # never reached
        small = {"n_validation": 48, "every": 40, "goal": goal}
        setting = {**rnn_tasks.SETTINGS[name], **small}
        setting["network"] = {**setting["network"], "n_hidden": 10}
        monkeypatch.setitem(rnn_tasks.SETTINGS, name, setting)
    folder = tmp_path / "rnn_tasks"
    options = {"minutes": 1, "folder": folder}
    first = rnn_tasks.train("sine", 0, max_trials=80, **options)
    again = rnn_tasks.train("sine", 0, max_trials=160, **options)
    assert [row["trials"] for row in again["history"]] == [40, 80, 120, 160]
    assert again["history"][:2] == first["history"]
    assert not again["reached"]
    rnn_tasks.train("multisensory", 0, max_trials=40, **options)
    rnn_tasks.report(folder)
    page = (tmp_path / "rnn_tasks.md").read_text()
    assert "| sine | 10 | <= 0.00 | 0 |" in page
    assert "| 160 |" in page
    assert (tmp_path / "rnn_tasks.png").exists()


@pytest.mark.slow
def test_place_fields_emerge_where_motion_is_integrated(harness):
    place_fields = harness("place_fields")
    task, nets = place_fields.networks("motion", seed=3)  # not one of the table
    share = {}
    for name, net in nets.items():
        cells, maps, minutes = place_fields.find(task, net, 1000, seed=3)
        assert len(cells) == len(maps) == 128 and minutes > 16
        share[name] = (cells.information > cells.threshold).mean()
    assert share["trained"] > 0.3
    assert share["trained"] >= 3 * share["untrained"]


def test_ratios_of_a_training_step_are_ours_to_theirs(harness):
    row = harness("rnn").row_of(
        "plain", {"nn4n": [2.0, 4.0], "skneuro": [1.0, 2.0], "floor": [0.5, 1.0]}
    )
    assert row[:4] == ["plain", "3 s", "1.5 s", "750 ms"]
    assert row[4] == "**0.50** (0.50-0.50), goal 0.7: met"
    assert row[5] == "**2.00** (2.00-2.00), goal 1.3: missed"


def test_criterion_is_the_mean_of_the_last_validations(harness):
    rnn_tasks = harness("rnn_tasks")
    setting = {"goal": 0.85, "stages": [{}]}
    scores = [0.5, 0.9, 0.9, 0.8, 0.9, 0.9]
    rows = [{"stage": 1, "score": score} for score in scores]
    assert not rnn_tasks.reached(setting, {"history": rows[:5]})
    assert rnn_tasks.reached(setting, {"history": rows})
    early = [{"stage": 0, "score": 1.0}] * 5  # does not count: only short delays
    assert not rnn_tasks.reached(setting, {"history": early})
