"""Tasks: what all promise, and what each publication says."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from skneuro.datasets import (
    make_context_integration,
    make_cued_interval,
    make_delayed_match_to_sample,
    make_delayed_reach,
    make_flip_flop,
    make_go_nogo,
    make_interval_discrimination,
    make_multisensory,
    make_parametric_working_memory,
    make_perceptual_decision,
    make_pulse_accumulation,
    make_ready_set_go,
    make_ring_decision,
    make_sequence_execution,
    make_sine,
    make_spatial_navigation,
    make_yang_task,
    score_task,
)
from skneuro.datasets._tasks_yang import RULES

TASKS = {
    "perceptual decision": make_perceptual_decision,
    "reaction time": lambda n, **kw: make_perceptual_decision(
        n, reaction_time=True, **kw
    ),
    "variable stimulus": lambda n, **kw: make_perceptual_decision(
        n, stimulus="variable", **kw
    ),
    "context integration": make_context_integration,
    "multisensory": make_multisensory,
    **{
        f"ring, {form}": lambda n, form=form, **kw: make_ring_decision(
            n, form=form, n_directions=4, **kw
        )
        for form in ("perceptual", "context", "multisensory")
    },
    "pulses": make_pulse_accumulation,
    "parametric working memory": make_parametric_working_memory,
    "match to sample": make_delayed_match_to_sample,
    "match to category": lambda n, **kw: make_delayed_match_to_sample(
        n, rule="category", n_directions=8, delay=(500.0, 1000.0), **kw
    ),
    "match among three": lambda n, **kw: make_delayed_match_to_sample(
        n, n_tests=3, n_directions=8, **kw
    ),
    "go or no-go": make_go_nogo,
    "flip-flop": make_flip_flop,
    "ready set go": make_ready_set_go,
    "ready set go event": lambda n, **kw: make_ready_set_go(n, target="event", **kw),
    "cued interval": make_cued_interval,
    "interval discrimination": make_interval_discrimination,
    "sine": lambda n, **kw: make_sine(n, periods=(400.0, 800.0), **kw),
    "sequence": make_sequence_execution,
    "reach": make_delayed_reach,
    "anti reach": lambda n, **kw: make_delayed_reach(
        n, n_directions=8, anti=True, reaction_time=True, **kw
    ),
    **{
        rule: lambda n, rule=rule, **kw: make_yang_task(rule, n, **kw) for rule in RULES
    },
}
EXACT_AT_ANY_STEP = [name for name in TASKS if name not in ("ready set go event",)]


def each_task(names=TASKS):
    return pytest.mark.parametrize("name", names)


@each_task()
def test_shapes_types_and_padding(name):
    task = TASKS[name](60, random_state=0)
    n_trials, n_inputs, n_times = task.X.shape
    assert n_trials == 60
    assert task.X.dtype == task.y.dtype == np.float32
    assert task.y.shape == (60, len(task.output_names), n_times)
    assert n_inputs == len(task.input_names)
    assert task.mask.shape == task.decision_mask.shape == (60, n_times)
    assert task.mask.dtype == bool
    assert np.isfinite(task.X).all()
    assert isinstance(task.conditions, pd.DataFrame)
    np.testing.assert_allclose(task.times, task.dt * np.arange(1, n_times + 1))
    behind = np.arange(n_times) >= task.conditions.n_steps.to_numpy()[:, None]
    assert not task.mask[behind].any()
    assert not task.X.swapaxes(1, 2)[behind].any()
    assert not task.y.swapaxes(1, 2)[behind].any()
    assert task.mask.any(axis=1).all()
    assert "https://doi.org/10." in task.DESCR


@each_task()
def test_same_seed_same_task_and_pickles(name):
    first, second = (TASKS[name](20, random_state=3) for _ in range(2))
    other = TASKS[name](20, random_state=4)
    for field in ("X", "y", "mask"):
        np.testing.assert_array_equal(first[field], second[field])
    pd.testing.assert_frame_equal(first.conditions, second.conditions)
    assert not (
        first.X.shape == other.X.shape
        and np.array_equal(first.X, other.X)
        and first.conditions.equals(other.conditions)
    )
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(first)).X, first.X)


@each_task(EXACT_AT_ANY_STEP)
def test_the_same_seed_is_the_same_task_at_any_step(name):
    coarse, fine = (
        TASKS[name](40, dt=dt, sigma_in=0.0, random_state=1) for dt in (10.0, 5.0)
    )
    pd.testing.assert_frame_equal(
        coarse.conditions.drop(columns="n_steps"),
        fine.conditions.drop(columns="n_steps"),
    )
    n_steps = coarse.conditions.n_steps, fine.conditions.n_steps
    assert (2 * n_steps[0] - n_steps[1]).between(-1, 0).all()
    for name_of_epoch, steps in coarse.epochs.items():
        assert np.abs(2 * steps - fine.epochs[name_of_epoch]).max() <= 1
    both = min(2 * coarse.X.shape[2], fine.X.shape[2])
    repeated = coarse.X.repeat(2, axis=2)[:, :, :both]
    differ = (np.abs(repeated - fine.X[:, :, :both]) > 1e-6).any(axis=1)
    n_edges = 2 * len(coarse.epochs) + 2
    assert differ.sum(axis=1).max() <= n_edges  # borders of epochs only
    if coarse.labels is not None:
        np.testing.assert_array_equal(coarse.labels, fine.labels)


@each_task()
def test_ideal_outputs_have_the_best_score(name):
    task = TASKS[name](60, random_state=0)
    score, outcomes = score_task(task, task.y)
    assert len(outcomes) == 60
    assert score == pytest.approx(0 if task.criterion == "rmse" else 1)

    class Ideal(BaseEstimator):
        def predict(self, X):
            return task.y

    best = 0 if task.criterion in ("rmse", "every test", "produced time") else 1
    wanted = task.scorer(Ideal(), task.X, task.y)
    if task.mask[:, -1].all():
        assert wanted == pytest.approx(best)


CHOICES = [name for name in TASKS if TASKS[name](4, random_state=0).labels is not None]


@each_task(CHOICES)
def test_guessing_is_at_chance(name):
    task = TASKS[name](600, random_state=0)
    rng = np.random.default_rng(0)
    values = np.unique(task.labels[task.labels >= 0])
    _, outcomes = score_task(task, rng.choice(values, 600))
    asked = outcomes.correct.notna()
    np.testing.assert_array_equal(asked, task.labels >= 0)
    error = np.sqrt(0.25 / asked.sum())
    chance = 1 / len(values)
    assert outcomes.correct[asked].mean() == pytest.approx(chance, abs=4 * error)


@each_task(CHOICES)
def test_targets_and_labels_agree(name):
    task = TASKS[name](60, random_state=0)
    last = task.decision_mask.shape[1] - 1 - task.decision_mask[:, ::-1].argmax(axis=1)
    answered = task.labels >= 0
    targets = task.y[np.arange(60), :, last][answered]
    np.testing.assert_array_equal(targets.argmax(axis=1), task.labels[answered])
    assert not task.decision_mask[~answered].any()
    assert (task.step_labels[~task.decision_mask] == 0).all()
    due = task.step_labels[np.arange(60), last][answered]
    shift = due - task.labels[answered]
    assert len(np.unique(shift)) == 1 and shift[0] in (0, 1)


@each_task([name for name in CHOICES if name not in RULES])
def test_conditions_are_balanced(name):
    conditions = TASKS[name](110, random_state=0).conditions
    counts = conditions.condition[~conditions.catch].value_counts()
    assert counts.max() - counts.min() <= 1
    drawn = TASKS[name](110, balanced=False, random_state=0).conditions
    assert not np.array_equal(drawn.condition, conditions.condition)


def test_perceptual_decision_is_that_of_the_paper():
    task = make_perceptual_decision(110, sigma_in=0.0, random_state=0)
    rows = task.conditions
    assert rows.catch.sum() == 10
    assert task.X.shape[2] == 100  # catch trials last 2000 ms
    assert set(rows.n_steps) == {60, 100}
    i = rows.query("coherence == 16 and side == -1").index[0]
    np.testing.assert_allclose(task.X[i, :, :5], 0.2, rtol=1e-6)
    strength = 0.2 + (1 + np.array([-1, 1]) * 0.512) / 2
    np.testing.assert_allclose(task.X[i, :, 5:45], strength[:, None].repeat(40, 1))
    np.testing.assert_allclose(task.X[i, :, 45:60], 0.2, rtol=1e-6)
    np.testing.assert_allclose(task.y[i, :, 45:60], [[0.2] * 15, [1.0] * 15])
    np.testing.assert_allclose(task.y[i, :, :45], 0.2)
    scored = np.flatnonzero(task.mask[i])
    np.testing.assert_array_equal(scored, [*range(5), *range(45, 60)])
    catch = rows.index[rows.catch][0]
    assert task.mask[catch].all()
    np.testing.assert_allclose(task.y[catch], 0.2)
    assert task.labels[catch] == -1


def test_reaction_time_answer_is_due_300_ms_after_onset():
    task = make_perceptual_decision(22, reaction_time=True, random_state=0)
    i = np.flatnonzero(task.labels >= 0)[0]
    np.testing.assert_array_equal(task.epochs["stimulus"][i], [5, 45])
    np.testing.assert_array_equal(task.epochs["decision"][i], [20, 45])
    assert task.y[i].max() == np.float32(1.2)
    assert task.input_names[-1] == "start"
    _, outcomes = score_task(task, task.y)
    assert outcomes.response_time[i] == 320.0  # the end of the step that crosses


def test_variable_stimuli_follow_the_truncated_exponential():
    task = make_perceptual_decision(
        4000, stimulus="variable", dt=100 / 3, catch_prob=0.0, random_state=0
    )
    drawn = task.conditions.stimulus_duration
    assert drawn.between(80, 1500).all()
    span = 1420 / 330
    mean = 80 + 330 * (1 - span * np.exp(-span) / (1 - np.exp(-span)))
    assert drawn.mean() == pytest.approx(mean, abs=20)


@pytest.mark.parametrize("dt", [1.0, 5.0, 20.0])
def test_input_noise_has_the_same_effect_at_any_step(dt):
    task = make_sine(200, dt=dt, sigma_in=0.1, random_state=0)
    area = task.X[:, 0].sum(axis=1) * dt
    expected = 0.1 * np.sqrt(2 * 100.0 * 1600.0)
    assert area.std() == pytest.approx(expected, rel=0.2)


def test_context_names_the_evidence_that_counts():
    task = make_context_integration(730, sigma_in=0.0, random_state=0)
    rows = task.conditions
    assert rows.condition[~rows.catch].nunique() == 72
    assert rows.catch.sum() == 10
    middle = task.X[:, :, 30] - 0.2
    relevant = np.where(middle[:, 0] > 0.5, middle[:, 2] - middle[:, 3], 0)
    relevant += np.where(middle[:, 1] > 0.5, middle[:, 4] - middle[:, 5], 0)
    shown = task.labels >= 0
    np.testing.assert_array_equal(relevant[shown] < 0, task.labels[shown] == 1)
    np.testing.assert_allclose(
        relevant[shown], 5 * rows.signed_coherence[shown] / 100, atol=1e-6
    )


def test_multisensory_inputs():
    task = make_multisensory(240, sigma_in=0.0, catch_prob=0.0, random_state=0)
    rows = task.conditions
    i = rows.query("modality == 'visual' and rate == 16").index[0]
    np.testing.assert_allclose(task.X[i, :, 30], [1.4, 0.2, 0.6, 0.2, 1.2], atol=1e-6)
    np.testing.assert_array_equal(task.labels, rows.rate < 12.5)
    assert rows.groupby("modality").size().tolist() == [80, 80, 80]


def test_parametric_working_memory():
    task = make_parametric_working_memory(220, sigma_in=0.0, random_state=0)
    rows = task.conditions
    assert rows.delay.dropna().between(2500, 3500).all()
    assert rows.delay.nunique() == 200
    np.testing.assert_array_equal(
        (rows.f1 < rows.f2)[~rows.catch], task.labels[~rows.catch] == 1
    )
    i = rows.query("f1 == 34").index[0]
    np.testing.assert_allclose(task.X[i, :, 10], [0.2 + 1.2, 0.2 + 0.4], atol=1e-6)
    wrong = task.labels.copy()  # all right but one condition
    bad = (rows.f1 == 18) & (rows.f2 == 10)
    wrong[np.flatnonzero(bad)[:5]] = 1
    score, _ = score_task(task, wrong)
    assert score == pytest.approx(1 - 5 / bad.sum())


def test_matches_match():
    task = make_delayed_match_to_sample(
        160, rule="category", n_directions=8, random_state=0
    )
    rows = task.conditions
    same = rows["sample"] // 4 == rows["test"] // 4
    np.testing.assert_array_equal(same, rows.match.astype(bool))
    np.testing.assert_array_equal(task.labels, np.where(same, 1, 2))
    task = make_delayed_match_to_sample(60, n_tests=3, n_directions=8, random_state=0)
    tests = task.conditions[["test_1", "test_2", "test_3"]].to_numpy()
    is_match = tests == task.conditions["sample"].to_numpy()[:, None]
    assert (is_match.sum(axis=1) == 1).all()
    np.testing.assert_array_equal(is_match.argmax(axis=1), task.conditions.match_test)
    silent = np.zeros_like(task.y)
    silent[:, 0] = 1
    assert score_task(task, silent)[0] == 0


def test_pulses_are_counted():
    task = make_pulse_accumulation(100, sigma_in=0.0, random_state=0)
    counted = task.X[:, 1:].sum(axis=2)
    np.testing.assert_array_equal(counted[:, 0], task.conditions.n_left)
    np.testing.assert_array_equal(counted[:, 1], task.conditions.n_right)
    np.testing.assert_array_equal(task.labels == 1, counted[:, 0] > counted[:, 1])
    assert task.X.shape[2] == (500 + 6 * 250 + 500) / 10


def test_intervals_are_produced_on_time():
    task = make_ready_set_go(50, gain=1.5, target="event", random_state=0)
    _, outcomes = score_task(task, task.y)
    off = outcomes.response_time - 1.5 * outcomes.interval
    assert off.between(-task.dt, task.dt).all()
    late = np.zeros_like(task.y)
    late[:, :, -1] = 1
    assert score_task(task, late)[0] == 0
    ready, set_ = task.epochs["ready"][:, 0], task.epochs["set"][:, 0]
    measured = (set_ - ready) * task.dt
    assert np.abs(measured - task.conditions.interval).max() <= task.dt


def test_sequence_visits_its_dots():
    task = make_sequence_execution(8, sigma_in=0.0, baseline=0.0, random_state=0)
    i = int(np.flatnonzero(task.conditions.sequence == 0)[0])  # 4, 5, 1, 0
    lit = [np.flatnonzero(task.X[i, :9, k]).tolist() for k in (60, 110, 130, 160)]
    assert lit == [[4], [3, 4, 5], [1, 5, 7], [0, 1, 2]]
    np.testing.assert_allclose(
        task.y[i][:, [60, 110, 130, 160]], [[0, 0.5, 0, -0.5], [0, 0, 0.5, 0.5]]
    )
    assert not task.mask[:, :50].any() and task.mask[:, 50:].all()


@pytest.mark.parametrize("anti", [False, True])
def test_reaches_go_to_the_stimulus_or_away(anti):
    task = make_delayed_reach(64, anti=anti, delay=200.0, sigma_in=0.0, random_state=0)
    seen = task.X[:, 1:, 40].argmax(axis=1)
    turn = (task.labels - 1 - seen) % 32
    assert (turn == (16 if anti else 0)).all()


def test_flip_flop_holds_the_last_pulse():
    task = make_flip_flop(30, dt=10.0, random_state=0)
    assert task.X.shape == (30, 3, 128)
    held = np.zeros((30, 3))
    for k in range(128):
        pulse = task.X[:, :, k]
        held = np.where(pulse != 0, pulse, held)
        np.testing.assert_array_equal(task.y[:, :, k], held)
    given = (task.X[:, :, 2::2] != 0).mean()
    assert given == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("rule", RULES)
def test_yang_rules(rule):
    task = make_yang_task(rule, 64, sigma_in=0.0, random_state=0)
    rows = task.conditions
    assert task.X[:, 33 + RULES.index(rule), 5].all()
    answer = task.labels - 1
    if rule.startswith("ctx"):
        relevant = rows.coherence_1 if rule.endswith("1") else rows.coherence_2
        to_first = rows.direction_1 == answer
        np.testing.assert_array_equal(relevant > 0, to_first)
    elif "multi" in rule:
        total = rows.coherence_1 + rows.coherence_2
        assert (np.abs(total) > 1e-6).all()
        np.testing.assert_array_equal(total > 0, rows.direction_1 == answer)
    elif rule in ("dms", "dmc"):
        np.testing.assert_array_equal(answer, np.where(rows.match, rows["test"], -1))
    elif rule in ("dnms", "dnmc"):
        np.testing.assert_array_equal(answer, np.where(rows.match, -1, rows["test"]))


def test_views_are_those_of_the_path():
    task = make_spatial_navigation(
        40, n_cells=6, n_paths=8, motion="fast", random_state=0
    )
    assert task.X.shape == task.y.shape == (40, 6, 20)
    assert task.maps.shape == (6, 100, 100)
    np.testing.assert_allclose(task.maps.mean(axis=(1, 2)), 4, rtol=1e-5)
    assert task.maps.min() == 0
    x, y = np.rint(task.positions).astype(int).swapaxes(0, 1)
    view = task.maps[:, y, x].swapaxes(0, 1)
    dark = ~task.X.any(axis=1)
    assert dark.mean() == pytest.approx(0.5, abs=0.05)
    np.testing.assert_array_equal(
        task.X.swapaxes(1, 2)[~dark], view.swapaxes(1, 2)[~dark]
    )
    np.testing.assert_array_equal(task.y[:, :, :-1], view[:, :, 1:])
    # pieces of a path follow each other
    np.testing.assert_array_equal(task.conditions.piece[:5], range(5))
    np.testing.assert_allclose(task.y[0, :, -1], view[1, :, 0])


@pytest.mark.parametrize("form", ["perceptual", "context", "multisensory"])
def test_rings_point_to_their_directions(form):
    task = make_ring_decision(
        60, form=form, n_directions=8, sigma_in=0.0, random_state=0
    )
    start, stop = task.epochs["stimulus"].T
    during = task.X[np.arange(60), :, start]
    rings = [name.split()[0] for name in task.input_names if name.endswith(" 7")]
    assert (
        rings
        == {
            "perceptual": ["ring"],
            "context": ["motion", "colour"],
            "multisensory": ["visual", "auditory"],
        }[form]
    )
    angle = np.pi / 4 * np.arange(8)
    total = np.zeros(60)
    for ring in rings:
        names = [f"{ring} {i}" for i in range(8)]
        ring_input = during[:, [task.input_names.index(name) for name in names]]
        way = ((ring_input - 0.5) * np.exp(1j * angle)).sum(axis=1) / 4
        counts = np.ones(60, bool)
        if form == "context":
            counts = task.conditions.context.eq(ring).to_numpy()
        total += 200 * counts * np.abs(way)
        sees = counts & (np.abs(way) > 1e-6)
        turned = np.rint(np.angle(way) / (np.pi / 4)).astype(int) % 8
        np.testing.assert_array_equal(turned[sees], task.labels[sees] - 1)
    np.testing.assert_allclose(total, task.conditions.coherence, atol=1e-3)
    # the fixation input goes off when the answer is due, the stimulus before
    assert not task.X[:, 0][task.decision_mask].any()
    assert (stop <= task.epochs["decision"][:, 0]).all()
    if form == "context":
        seen = np.where(task.conditions.context == "motion", 1, 2)
        assert (task.X[np.arange(60), seen, 0] == 1).all()


def test_motion_in_the_dark_adds_up_to_the_path():
    options = {"n_cells": 6, "n_paths": 8, "motion": "fast", "random_state": 0}
    task = make_spatial_navigation(40, senses="motion", glimpse=150.0, **options)
    seen = make_spatial_navigation(40, observed_prob=1.0, **options)
    assert task.X.shape == (40, 8, 20)
    np.testing.assert_array_equal(task.X[:, :6, :3], seen.X[:, :, :3])
    assert not task.X[:, :6, 3:].any()
    way = np.cumsum(task.X[:, 6:], axis=2) * 20 * 0.05  # mean speed in cm/s, step in s
    walked = task.positions - task.positions[:, :, :1]
    np.testing.assert_allclose(way[:, :, :-1], walked[:, :, 1:], atol=1e-3)


@pytest.mark.parametrize(("motion", "speed"), [("fast", 20), ("slow", 4)])
def test_paths_cover_the_arena_at_their_speed(motion, speed):
    task = make_spatial_navigation(
        600, n_cells=1, n_paths=60, motion=motion, random_state=0
    )
    at = task.positions
    assert at.min() >= 0 and at.max() <= 99
    moved = np.linalg.norm(np.diff(at, axis=2), axis=1) / 0.05
    assert np.median(moved) == pytest.approx(speed, rel=0.15)
    assert ((at > 50).mean(axis=(0, 2)) > 0.3).all()


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (make_perceptual_decision, {"dt": 200.0}, "the epoch 'fixation' lasts 100 ms"),
        (
            make_perceptual_decision,
            {"reaction_time": True, "stimulus": 300.0},
            "shortest stimulus lasts 300 ms; expected less",
        ),
        (make_perceptual_decision, {"catch_prob": 1.5}, "'catch_prob' parameter"),
        (make_parametric_working_memory, {"pairs": [1, 2]}, r"pairs has shape \(2,\)"),
        (make_parametric_working_memory, {"delay": (5.0, 1.0)}, r"delay is \(5.0, 1.0"),
        (make_delayed_match_to_sample, {"n_directions": 3}, "n_directions is 3"),
        (make_pulse_accumulation, {"cue_probs": (1, 1)}, r"cue_probs is \(1, 1\)"),
        (make_ready_set_go, {"intervals": (50.0, 60.0)}, "intervals is"),
        (make_cued_interval, {"intervals": (0.0,)}, "expected positive times"),
        (
            make_interval_discrimination,
            {"stimulus": (5.0, 5.0)},
            "two bounds",
        ),
        (make_sine, {"periods": (20.0,)}, "at least two steps"),
        (make_delayed_reach, {"anti": True, "n_directions": 3}, "each direction has"),
        (make_flip_flop, {"interval": 30.0}, "expected a multiple of dt=20"),
        (make_spatial_navigation, {"arena": (0.5, 3)}, "arena is"),
    ],
)
def test_what_cannot_be_made_says_so(make, options, message):
    with pytest.raises(ValueError, match=message):
        make(10, **options)


def test_scoring_says_what_does_not_fit():
    task = make_go_nogo(10, random_state=0)
    with pytest.raises(ValueError, match=r"output has shape \(5,\), but the task has"):
        score_task(task, np.zeros(5))
    score, outcomes = score_task(task, task.labels[:5], trials=np.arange(5))
    assert score == 1 and len(outcomes) == 5
