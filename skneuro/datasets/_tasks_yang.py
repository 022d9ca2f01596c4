"""The twenty tasks that one network can learn together."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from skneuro.datasets._trials import (
    TRIALS,
    Trials,
    add_input_noise,
    cross,
    draw_conditions,
    draw_durations,
    one_hot_steps,
    pack_task,
    share_text,
)
from skneuro.utils._param_validation import Interval, StrOptions, validate_params

REACH = {
    "go": {},
    "rtgo": {"reaction_time": True},
    "dlygo": {"delay": 500.0},
    "anti": {"anti": True},
    "rtanti": {"anti": True, "reaction_time": True},
    "dlyanti": {"anti": True, "delay": 500.0},
}
# Weights of the two modalities; None: it is not shown.
WEIGHTS = {
    "dm1": (1, None),
    "dm2": (None, 1),
    "ctxdm1": (1, 0),
    "ctxdm2": (0, 1),
    "multidm": (1, 1),
}
MATCH = {
    "dms": ("sample", True),
    "dnms": ("sample", False),
    "dmc": ("category", True),
    "dnmc": ("category", False),
}
DECISION = {
    **WEIGHTS,
    **{name.replace("dm", "dlydm"): w for name, w in WEIGHTS.items()},
}
RULES = (*REACH, *DECISION, *MATCH)
COHERENCES = (0.08, 0.16, 0.32, 0.64)
STRENGTHS = (0.3, 0.6, 1.0)
BUMP_WIDTH = np.pi / 8


@share_text
@validate_params(
    {
        **TRIALS,
        "rule": [StrOptions(set(RULES))],
        "n_directions": [Interval(Integral, 4, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def make_yang_task(
    rule,
    n_trials=1000,
    *,
    dt=20.0,
    n_directions=16,
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    random_state=None,
):
    r"""Make one of twenty tasks that share inputs and outputs.

    Inputs are fixation, 1 until the answer is due, two rings of directions (modalities)
    and the rule, one-hot. A stimulus of strength s at the angle :math:`\theta` adds
    :math:`0.8 s \exp(-(\theta_k - \theta)^2 / (2 (\pi / 8)^2))` to its ring. Outputs,
    one-hot, are fixation and the directions [1]_. A network that is trained on all
    tasks has them stacked: see :func:`make_yang_tasks`.

    Parameters
    ----------
    rule : str
        ``"go"``, ``"rtgo"``, ``"dlygo"``, ``"anti"``, ``"rtanti"``, ``"dlyanti"``: move
        to or away from a stimulus, at once, when it appears (rt), or after a delay
        (dly). ``"dm1"``, ``"dm2"``, ``"ctxdm1"``, ``"ctxdm2"``, ``"multidm"``: move to
        the stronger of two stimuli in modality 1, in modality 2, in modality 1 or 2
        while the other distracts, or in the sum of both; ``"dlydm1"``, ...,
        ``"multidlydm"``: likewise, one after the other. ``"dms"``, ``"dnms"``,
        ``"dmc"``, ``"dnmc"``: move to the test if it is (or, n, is not) the sample, or
        of its category.
    %(n_trials)s
    %(dt)s
    n_directions : int, default=16
        Directions of each ring; an even number.
    %(balanced)s
    %(input_noise)s
    %(random_state)s

    Returns
    -------
    %(task)s

    Raises
    ------
    ValueError
        If ``rule`` is unknown, ``n_directions`` is odd, or ``dt`` is longer than an
        epoch.

    Notes
    -----
    Epochs, coherences (±0.08, ±0.16, ±0.32, ±0.64 about 0.5) and strengths (two of 0.3,
    0.6 and 1) are those of NeuroGym's version; the paper has 32 directions. Input noise
    is the paper's.

    References
    ----------
    .. [1] G. R. Yang et al. (2019), Nat. Neurosci. 22, 297-306.
       :doi:`10.1038/s41593-018-0310-2`

    Examples
    --------
    >>> from skneuro.datasets import make_yang_task
    >>> task = make_yang_task("ctxdm1", 32, random_state=0)
    >>> task.X.shape, task.y.shape[1]
    ((32, 53, 59), 17)
    """
    rng = check_random_state(random_state)
    if n_directions % 2:
        raise ValueError(
            f"n_directions is {n_directions}; expected an even number, so that each "
            "direction has an opposite."
        )
    if rule in REACH:
        make, options = _reach, REACH[rule]
    elif rule in MATCH:
        make, options = _match, dict(zip(("kind", "go_if"), MATCH[rule], strict=True))
    else:
        make, options = _decide, {"weights": DECISION[rule], "delayed": "dly" in rule}
    conditions, durations, stimuli, labels = make(
        n_trials, n_directions, rng, balanced, **options
    )
    trials = Trials(durations, dt, n_trials)
    X = trials.zeros(1 + 2 * n_directions + len(RULES))
    X[:, 0] = trials.valid & ~trials.during("decision")
    for epoch, modality, direction, strength in stimuli:
        apart = np.arange(n_directions) - direction[:, None]
        apart = np.abs((apart + n_directions / 2) % n_directions - n_directions / 2)
        bump = 0.8 * np.exp(-((apart * 2 * np.pi / n_directions / BUMP_WIDTH) ** 2) / 2)
        bump = bump * np.broadcast_to(strength, n_trials)[:, None]
        first = 1 + np.broadcast_to(modality, n_trials) * n_directions
        channels = first[:, None] + np.arange(n_directions)
        shown = bump[:, :, None] * trials.during(epoch)[:, None]
        X[np.arange(n_trials)[:, None], channels] += shown
    X[:, 1 + 2 * n_directions + RULES.index(rule)] = trials.valid
    step_labels, y = one_hot_steps(trials, labels, 1 + n_directions)
    directions = range(n_directions)
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in, baseline=0.0),
        y,
        mask=trials.valid,
        conditions=conditions.assign(rule=rule),
        labels=labels,
        step_labels=step_labels,
        decision=("decision",),
        title=f"Yang's task {rule}",
        source="10.1038/s41593-018-0310-2",
        inputs=[
            "fixation",
            *(f"modality {m} direction {i}" for m in (1, 2) for i in directions),
            *RULES,
        ],
        outputs=["fixation", *(f"direction {i}" for i in directions)],
    )


def _reach(
    n_trials, n_directions, rng, balanced, *, anti=False, reaction_time=False, delay=0.0
):
    """Go to, or away from, one stimulus."""
    table = cross(modality=[0, 1], direction=np.arange(n_directions))
    conditions = draw_conditions(table, n_trials, rng, balanced=balanced)
    target = conditions.direction.to_numpy()
    shown = (target + n_directions // 2 * anti) % n_directions
    durations = {"fixation": 500.0, "stimulus": 500.0, "delay": delay}
    if reaction_time:
        durations = {"fixation": 500.0}
    epoch = "decision" if reaction_time else "stimulus"
    stimuli = [(epoch, conditions.modality.to_numpy(), shown, 1.0)]
    return conditions, durations | {"decision": 500.0}, stimuli, target + 1


def _decide(n_trials, n_directions, rng, balanced, *, weights, delayed):
    """Go to the stronger of two stimuli, shown together or one after the other."""
    if delayed:
        a, b = np.meshgrid(STRENGTHS, STRENGTHS)
        pairs = np.stack([a[a != b], b[a != b]], axis=1)
    else:
        half = np.concatenate([COHERENCES, np.negative(COHERENCES)]) / 2
        pairs = np.stack([0.5 + half, 0.5 - half], axis=1)
    shown = [m for m in (0, 1) if weights[m] is not None]
    table = cross(**{f"pair_{m + 1}": np.arange(len(pairs)) for m in shown})
    lead = pairs[:, 0] - pairs[:, 1]
    evidence = sum(weights[m] * lead[table[f"pair_{m + 1}"]] for m in shown)
    table["evidence"] = evidence.round(9)
    table = table[table.evidence != 0].reset_index(drop=True)  # one is stronger
    conditions = draw_conditions(table, n_trials, rng, balanced=balanced)
    first = rng.randint(n_directions, size=n_trials)
    second = (first + rng.randint(1, n_directions, size=n_trials)) % n_directions
    conditions = conditions.assign(direction_1=first, direction_2=second)
    epochs = ("stimulus_1", "stimulus_2") if delayed else ("stimulus", "stimulus")
    stimuli = []
    for m in shown:
        strength = pairs[conditions.pop(f"pair_{m + 1}")]  # (n_trials, 2)
        stimuli.append((epochs[0], m, first, strength[:, 0]))
        stimuli.append((epochs[1], m, second, strength[:, 1]))
        conditions[f"coherence_{m + 1}"] = strength[:, 0] - strength[:, 1]
    durations = {"fixation": draw_durations((200.0, 500.0), n_trials, rng, "fixation")}
    if delayed:
        durations |= {"stimulus_1": 500.0, "delay": 1000.0, "stimulus_2": 500.0}
    else:
        durations |= {"stimulus": 500.0}
    labels = np.where(conditions.evidence > 0, first, second) + 1
    return conditions, durations | {"decision": 200.0}, stimuli, labels


def _match(n_trials, n_directions, rng, balanced, *, kind, go_if):
    """Go to the test if it matches the sample, or if it does not."""
    half = n_directions // 2
    table = cross(match=[True, False], sample=np.arange(n_directions), modality=[0, 1])
    conditions = draw_conditions(table, n_trials, rng, balanced=balanced)
    sample, match = conditions["sample"].to_numpy(), conditions.match.to_numpy(bool)
    if kind == "sample":
        test = (sample + np.where(match, 0, half)) % n_directions
    else:
        side = np.where(match, sample // half, 1 - sample // half)
        test = side * half + rng.randint(half, size=n_trials)
    conditions["test"] = test
    modality = conditions.modality.to_numpy()
    durations = {"fixation": 300.0, "sample": 500.0, "delay": 1000.0, "test": 500.0}
    stimuli = [("sample", modality, sample, 1.0), ("test", modality, test, 1.0)]
    labels = np.where(match == go_if, test + 1, 0)
    return conditions, durations | {"decision": 900.0}, stimuli, labels


@validate_params(
    {**TRIALS, "rules": ["array-like", None]}, prefer_skip_nested_validation=True
)
def make_yang_tasks(
    n_trials=100,
    *,
    rules=None,
    dt=20.0,
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    random_state=None,
):
    """Make all twenty of Yang's tasks, for one network that learns them together.

    Parameters
    ----------
    n_trials : int, default=100
        Number of trials of each task.
    rules : array-like of str, default=None
        Rules of :func:`make_yang_task`; None takes all twenty.
    dt : float, default=20.0
        Length of a step, in ms.
    balanced : bool, default=True
        Whether the conditions of each task occur equally often.
    sigma_in : float, default=0.01
        Amplitude of the input noise, dimensionless.
    tau_in : float, default=100.0
        Time constant that scales the input noise, in ms.
    random_state : int, RandomState instance or None, default=None
        Seed of all tasks.

    Returns
    -------
    tasks : dict of str to Bunch
        One task per rule, as :func:`make_yang_task` returns it.

    Raises
    ------
    ValueError
        If a rule is unknown.

    References
    ----------
    .. [1] G. R. Yang et al. (2019), Nat. Neurosci. 22, 297-306.
       :doi:`10.1038/s41593-018-0310-2`

    Examples
    --------
    >>> from skneuro.datasets import make_yang_tasks
    >>> tasks = make_yang_tasks(2, random_state=0)
    >>> len(tasks), tasks["dmc"].X.shape
    (20, (2, 53, 160))
    """
    rng = check_random_state(random_state)
    return {
        str(rule): make_yang_task(
            str(rule),
            n_trials,
            dt=dt,
            balanced=balanced,
            sigma_in=sigma_in,
            tau_in=tau_in,
            random_state=rng.randint(2**31 - 1),
        )
        for rule in (RULES if rules is None else rules)
    }
