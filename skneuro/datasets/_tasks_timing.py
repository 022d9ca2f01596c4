"""Tasks of time: intervals to produce and to compare."""

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from skneuro.datasets._trials import (
    NOT_NEGATIVE,
    POSITIVE,
    TARGETS,
    TRIALS,
    Trials,
    add_input_noise,
    choice_targets,
    draw_conditions,
    draw_durations,
    pack_task,
    pulse,
    share_text,
)
from skneuro.utils._param_validation import StrOptions, validate_params

# A ramp is done, and an event there, when the output exceeds this.
THRESHOLDS = {"ramp": 0.95, "event": 0.5}


def interval_targets(trials, intervals, target):
    """Return a ramp from 0 to 1, or a 1 at the step at which the interval ends."""
    step = np.arange(trials.n_times) - trials.epochs["production"][:, :1]
    if target == "ramp":
        y = np.clip((step + 1) * trials.dt / intervals[:, None], 0, 1)
    else:
        y = step == trials.to_steps(intervals)[:, None]
    return (y * trials.during("production"))[:, None]


@share_text
@validate_params(
    {
        **TRIALS,
        "intervals": ["array-like"],
        "gain": [POSITIVE],
        "fixation": [NOT_NEGATIVE],
        "pulse_duration": [POSITIVE],
        "target": [StrOptions({"ramp", "event"})],
    },
    prefer_skip_nested_validation=True,
)
def make_ready_set_go(
    n_trials=1000,
    *,
    dt=20.0,
    intervals=(800.0, 1500.0),
    gain=1.0,
    fixation=100.0,
    pulse_duration=83.0,
    target="ramp",
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    random_state=None,
):
    """Make a task to measure an interval and to produce it.

    The interval runs from the onset of ready to the onset of set; after the end of set
    the network has twice the time to answer at ``gain`` times the interval [1]_. An
    answer is right if it is off by at most 20 % and 25 ms.

    Parameters
    ----------
    %(n_trials)s
    %(dt)s
    intervals : array-like of float, default=(800.0, 1500.0)
        Bounds of a uniform distribution of intervals, in ms. More than two are the
        intervals themselves.
    gain : float, default=1.0
        Produced over measured time, dimensionless.
    fixation : float, default=100.0
        Time before ready, in ms.
    pulse_duration : float, default=83.0
        Time of ready and of set, in ms.
    target : {"ramp", "event"}, default="ramp"
        Whether the output rises to 1 over the interval and stays, answering when it
        exceeds 0.95, or is 1 at the one step at which the interval ends, answering
        when it exceeds 0.5.
    %(balanced)s
    %(input_noise)s
    %(random_state)s

    Returns
    -------
    %(task)s

    Raises
    ------
    ValueError
        If ``dt`` is longer than an epoch, or intervals are not longer than a pulse.

    References
    ----------
    .. [1] M. Jazayeri, M. N. Shadlen (2010), Nat. Neurosci. 13, 1020-1026.
       :doi:`10.1038/nn.2590`

    Examples
    --------
    >>> from skneuro.datasets import make_ready_set_go
    >>> task = make_ready_set_go(4, random_state=0)
    >>> task.conditions.interval.between(800, 1500).all()
    np.True_
    """
    rng = check_random_state(random_state)
    values = np.asarray(intervals, float)
    if values.ndim != 1 or len(values) < 2 or values.min() <= pulse_duration:
        raise ValueError(
            f"intervals is {intervals}; expected two bounds or several intervals, all "
            f"longer than pulse_duration={pulse_duration:g} ms."
        )
    if len(values) == 2:
        conditions = pd.DataFrame(
            {"interval": draw_durations(tuple(values), n_trials, rng, "intervals")}
        )
    else:
        table = pd.DataFrame({"interval": values})
        conditions = draw_conditions(table, n_trials, rng, balanced=balanced)
    measured = conditions.interval.to_numpy()
    conditions["target_time"] = gain * measured
    trials = Trials(
        {
            "fixation": fixation,
            "ready": pulse_duration,
            "wait": measured - pulse_duration,
            "set": pulse_duration,
            "production": 2 * gain * measured,
        },
        dt,
        n_trials,
    )
    X = trials.zeros(3)
    X[:, 0] = trials.valid & ~trials.during("production")
    X[:, 1] = pulse(trials, ("ready",), 1.0)
    X[:, 2] = pulse(trials, ("set",), 1.0)
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in),
        interval_targets(trials, gain * measured, target),
        mask=trials.valid,
        conditions=conditions,
        decision=("production",),
        criterion="produced time",
        threshold=THRESHOLDS[target],
        title="Ready, set, go",
        source="10.1038/nn.2590",
        inputs=["fixation", "ready", "set"],
        outputs=["go"],
    )


@share_text
@validate_params(
    {
        **TRIALS,
        "intervals": ["array-like"],
        "fixation": [NOT_NEGATIVE],
        "cue": [POSITIVE, tuple],
        "pulse_duration": [POSITIVE],
        "target": [StrOptions({"ramp", "event"})],
    },
    prefer_skip_nested_validation=True,
)
def make_cued_interval(
    n_trials=1000,
    *,
    dt=20.0,
    intervals=(800.0, 1500.0),
    fixation=500.0,
    cue=(1000.0, 3000.0),
    pulse_duration=50.0,
    target="ramp",
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    random_state=None,
):
    """Make a task to produce the interval that a cue names.

    One input per interval is 1 from the cue to the end of the trial; after the set
    pulse the network answers when the interval is over [1]_, with the margin of
    :func:`make_ready_set_go`.

    Parameters
    ----------
    %(n_trials)s
    %(dt)s
    intervals : array-like of float, default=(800.0, 1500.0)
        Intervals to produce, in ms.
    fixation : float, default=500.0
        Time before the cue, in ms.
    cue : float or tuple of float, default=(1000.0, 3000.0)
        Time from the cue to set, in ms; a tuple bounds a uniform distribution.
    pulse_duration : float, default=50.0
        Time of set, in ms.
    target : {"ramp", "event"}, default="ramp"
        As in :func:`make_ready_set_go`.
    %(balanced)s
    %(input_noise)s
    %(random_state)s

    Returns
    -------
    %(task)s

    Raises
    ------
    ValueError
        If ``dt`` is longer than an epoch, or an interval is not positive.

    References
    ----------
    .. [1] J. Wang, D. Narain, E. A. Hosseini, M. Jazayeri (2018), Nat. Neurosci. 21,
       102-110. :doi:`10.1038/s41593-017-0028-6`

    Examples
    --------
    >>> from skneuro.datasets import make_cued_interval
    >>> task = make_cued_interval(10, random_state=0)
    >>> task.conditions.interval.value_counts().tolist()
    [5, 5]
    """
    rng = check_random_state(random_state)
    values = np.asarray(intervals, float)
    if values.ndim != 1 or len(values) == 0 or values.min() <= 0:
        raise ValueError(
            f"intervals is {intervals}; expected positive times in ms, one per cue."
        )
    conditions = draw_conditions(
        pd.DataFrame({"interval": values}), n_trials, rng, balanced=balanced
    )
    due = conditions.interval.to_numpy()
    conditions["target_time"] = due
    conditions["cue_duration"] = draw_durations(cue, n_trials, rng, "cue")
    trials = Trials(
        {
            "fixation": fixation,
            "cue": conditions.cue_duration,
            "set": pulse_duration,
            "production": 2 * due,
        },
        dt,
        n_trials,
    )
    n_cues = len(values)
    X = trials.zeros(2 + n_cues)
    X[:, 0] = trials.valid & ~trials.during("production")
    for i in range(n_cues):
        shown = 1.0 * conditions.condition.eq(i).to_numpy()
        X[:, 1 + i] = pulse(trials, ("cue", "set", "production"), shown)
    X[:, -1] = pulse(trials, ("set",), 1.0)
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in),
        interval_targets(trials, due, target),
        mask=trials.valid,
        conditions=conditions,
        decision=("production",),
        criterion="produced time",
        threshold=THRESHOLDS[target],
        title="Cued interval",
        source="10.1038/s41593-017-0028-6",
        inputs=["fixation", *(f"cue {value:g} ms" for value in values), "set"],
        outputs=["go"],
    )


@share_text
@validate_params(
    {
        **TRIALS,
        **TARGETS,
        "fixation": [NOT_NEGATIVE],
        "stimulus": [POSITIVE, tuple],
        "delay": [NOT_NEGATIVE, tuple],
        "wait": [NOT_NEGATIVE],
        "decision": [POSITIVE],
    },
    prefer_skip_nested_validation=True,
)
def make_interval_discrimination(
    n_trials=1000,
    *,
    dt=20.0,
    fixation=300.0,
    stimulus=(300.0, 600.0),
    delay=(800.0, 1500.0),
    wait=500.0,
    decision=300.0,
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    baseline=0.2,
    hi=1.0,
    lo=0.2,
    random_state=None,
):
    """Make a comparison of how long two stimuli lasted.

    Output 0 is right if the first of two stimuli, which have an input each, was longer
    [1]_. A further input is 1 until the decision.

    Parameters
    ----------
    %(n_trials)s
    %(dt)s
    fixation : float, default=300.0
        Time before the first stimulus, in ms.
    stimulus : tuple of float, default=(300.0, 600.0)
        Bounds of a uniform distribution of the time of a stimulus, in ms.
    delay : float or tuple of float, default=(800.0, 1500.0)
        Time between the stimuli, in ms; a tuple bounds a uniform distribution.
    wait : float, default=500.0
        Time between the second stimulus and the decision, in ms.
    decision : float, default=300.0
        Time of the decision, in ms.
    %(balanced)s
    %(input_noise)s
    %(baseline)s
    %(targets)s
    %(random_state)s

    Returns
    -------
    %(task)s

    Raises
    ------
    ValueError
        If ``dt`` is longer than an epoch, or all stimuli would last equally long.

    References
    ----------
    .. [1] A. Genovesio, S. Tsujimoto, S. P. Wise (2009), Neuron 63, 254-266.
       :doi:`10.1016/j.neuron.2009.06.018`

    Examples
    --------
    >>> from skneuro.datasets import make_interval_discrimination
    >>> task = make_interval_discrimination(10, random_state=0)
    >>> ((task.conditions.duration_1 < task.conditions.duration_2) == task.labels).all()
    np.True_
    """
    rng = check_random_state(random_state)
    if np.ndim(stimulus) == 0 or stimulus[0] == stimulus[-1]:
        raise ValueError(
            f"stimulus is {stimulus}; expected two bounds that differ, in ms, such as "
            "(300.0, 600.0): equal stimuli have no longer one."
        )
    conditions = draw_conditions(
        pd.DataFrame({"label": [0, 1]}), n_trials, rng, balanced=balanced
    )
    labels = conditions.pop("label").to_numpy()
    drawn = [draw_durations(stimulus, n_trials, rng, "stimulus") for _ in range(2)]
    short, long = np.sort(drawn, axis=0)
    conditions["duration_1"] = np.where(labels == 0, long, short)
    conditions["duration_2"] = np.where(labels == 0, short, long)
    conditions["difference"] = conditions.duration_1 - conditions.duration_2
    trials = Trials(
        {
            "fixation": fixation,
            "stimulus_1": conditions.duration_1,
            "delay": draw_durations(delay, n_trials, rng, "delay"),
            "stimulus_2": conditions.duration_2,
            "wait": wait,
            "decision": decision,
        },
        dt,
        n_trials,
    )
    X = trials.zeros(3)
    X[:, 0] = trials.valid & ~trials.during("decision")
    X[:, 1] = pulse(trials, ("stimulus_1",), 1.0)
    X[:, 2] = pulse(trials, ("stimulus_2",), 1.0)
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in, baseline),
        choice_targets(trials, labels, 2, hi=hi, lo=lo),
        mask=trials.during("fixation", "decision"),
        conditions=conditions,
        labels=labels,
        decision=("decision",),
        title="Interval discrimination",
        source="10.1016/j.neuron.2009.06.018",
        inputs=["fixation", "first", "second"],
        outputs=["first longer", "second longer"],
    )
