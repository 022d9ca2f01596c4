"""Tasks in which evidence comes by two senses, or in pulses from two sides."""

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from skneuro.datasets._trials import (
    NOT_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    TARGETS,
    TRIALS,
    Trials,
    add_input_noise,
    choice_targets,
    cross,
    draw_conditions,
    labels_of,
    one_hot_steps,
    pack_task,
    pulse,
    share_text,
)
from skneuro.utils._param_validation import validate_params

SONG = "10.1371/journal.pcbi.1004792"


@share_text
@validate_params(
    {
        **TRIALS,
        **TARGETS,
        "fixation": [NOT_NEGATIVE],
        "stimulus": [POSITIVE],
        "decision": [POSITIVE],
        "rates": ["array-like"],
        "boundary": [POSITIVE],
        "catch_prob": [PROBABILITY],
    },
    prefer_skip_nested_validation=True,
)
def make_multisensory(
    n_trials=1000,
    *,
    dt=20.0,
    fixation=100.0,
    stimulus=1000.0,
    decision=300.0,
    rates=(9, 10, 11, 12, 13, 14, 15, 16),
    boundary=12.5,
    catch_prob=5 / 25,
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    baseline=0.2,
    hi=1.0,
    lo=0.2,
    random_state=None,
):
    """Make a decision about a rate that is seen, heard, or both.

    A rate f of events enters as ``0.4 + 0.8 * (f - 9) / 7`` and mirrored, through the
    inputs of each sense that takes part; a start cue is 1 from the onset of the
    stimulus [1]_ [2]_.

    Parameters
    ----------
    %(n_trials)s
    %(dt)s
    fixation : float, default=100.0
        Time before the stimulus, in ms; the paper tests with 500.
    stimulus : float, default=1000.0
        Time of the stimulus, in ms.
    decision : float, default=300.0
        Time of the decision, in ms.
    rates : array-like of float, default=(9, 10, 11, 12, 13, 14, 15, 16)
        Rates of events, in 1/s.
    boundary : float, default=12.5
        Rates above it are high, output 0, in 1/s.
    catch_prob : float, default=0.2
        Probability of catch trials: 2500 ms without stimulus and with target ``lo``.
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
        If ``dt`` is longer than an epoch.

    References
    ----------
    .. [1] H. F. Song, G. R. Yang, X.-J. Wang (2016), PLoS Comput. Biol. 12, e1004792.
       :doi:`10.1371/journal.pcbi.1004792`
    .. [2] D. Raposo, M. T. Kaufman, A. K. Churchland (2014), Nat. Neurosci. 17,
       1784-1792. :doi:`10.1038/nn.3865`

    Examples
    --------
    >>> from skneuro.datasets import make_multisensory
    >>> task = make_multisensory(30, random_state=0)
    >>> task.conditions.modality.value_counts().tolist()
    [8, 8, 8]
    """
    rng = check_random_state(random_state)
    table = cross(
        modality=["visual", "auditory", "both"], rate=np.asarray(rates, float)
    )
    table["label"] = (table.rate <= boundary).astype(int)
    conditions = draw_conditions(
        table, n_trials, rng, balanced=balanced, catch_prob=catch_prob
    )
    trials = Trials(
        {"fixation": fixation, "stimulus": stimulus, "decision": decision},
        dt,
        n_trials,
        catch=conditions.catch.to_numpy(),
        catch_duration=2500.0,
    )
    X = trials.zeros(5)
    rate = conditions.rate.to_numpy()
    for i, sense in enumerate(["visual", "auditory"]):
        present = conditions.modality.isin([sense, "both"]).to_numpy()
        X[:, i] = pulse(trials, ("stimulus",), present * (0.4 + 0.8 * (rate - 9) / 7))
        X[:, 2 + i] = pulse(
            trials, ("stimulus",), present * (0.4 + 0.8 * (16 - rate) / 7)
        )
    X[:, 4] = pulse(trials, ("stimulus", "decision"), 1.0)
    labels = labels_of(conditions.pop("label"))
    conditions["signed_rate"] = conditions.rate - boundary
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in, baseline),
        choice_targets(trials, labels, 2, hi=hi, lo=lo),
        mask=trials.during("fixation", "decision") | trials.catch[:, None],
        conditions=conditions,
        labels=labels,
        decision=("decision",),
        title="Multisensory integration",
        source=[SONG, "10.1038/nn.3865"],
        inputs=["visual +", "auditory +", "visual -", "auditory -", "start"],
        outputs=["high", "low"],
    )


@share_text
@validate_params(
    {
        **TRIALS,
        "fixation": [NOT_NEGATIVE],
        "cue": [POSITIVE],
        "gap": [NOT_NEGATIVE],
        "decision": [POSITIVE],
        "n_cues": TRIALS["n_trials"],
        "cue_probs": ["array-like"],
    },
    prefer_skip_nested_validation=True,
)
def make_pulse_accumulation(
    n_trials=1000,
    *,
    dt=10.0,
    fixation=500.0,
    n_cues=6,
    cue=10.0,
    gap=240.0,
    decision=500.0,
    cue_probs=(0.3, 0.7),
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    random_state=None,
):
    """Make a decision about which side flashed more often.

    In each of ``n_cues`` periods, each side flashes with its own probability; the side
    with more flashes is to be chosen [1]_. Trials that end even are drawn anew. An
    input for fixation is 1 until the decision.

    Parameters
    ----------
    %(n_trials)s
    dt : float, default=10.0
        Length of a step, in ms, not longer than a cue. The same seed gives the same
        flashes at any step.
    fixation : float, default=500.0
        Time before the first cue, in ms.
    n_cues : int, default=6
        Number of periods in which sides may flash.
    cue : float, default=10.0
        Time of a flash, in ms.
    gap : float, default=240.0
        Time between flashes, in ms.
    decision : float, default=500.0
        Time of the decision, in ms.
    cue_probs : array-like of shape (2,), default=(0.3, 0.7)
        Probability of a flash on the lesser and on the better side.
    %(balanced)s
    %(input_noise)s
    %(random_state)s

    Returns
    -------
    %(task)s

    Raises
    ------
    ValueError
        If ``dt`` is longer than an epoch, or if ``cue_probs`` are no two probabilities
        that can end uneven.

    Notes
    -----
    The majority decides, not the side that was likelier to flash. Durations and
    probabilities are those of NeuroGym's version of the towers task. Outputs are
    fixation, left and right, one-hot.

    References
    ----------
    .. [1] L. Pinto et al. (2018), Front. Behav. Neurosci. 12, 36.
       :doi:`10.3389/fnbeh.2018.00036`

    Examples
    --------
    >>> from skneuro.datasets import make_pulse_accumulation
    >>> task = make_pulse_accumulation(20, random_state=0)
    >>> bool((task.conditions.n_left != task.conditions.n_right).all())
    True
    """
    rng = check_random_state(random_state)
    probs = np.asarray(cue_probs, float)
    certain = np.isin(probs, (0, 1)).all() and len(np.unique(probs)) == 1
    if probs.shape != (2,) or (probs < 0).any() or (probs > 1).any() or certain:
        raise ValueError(
            f"cue_probs is {cue_probs}; expected two probabilities, of which one lies "
            "between 0 and 1 or which differ. Pass (0.3, 0.7)."
        )
    conditions = draw_conditions(
        pd.DataFrame({"likelier": ["left", "right"]}), n_trials, rng, balanced=balanced
    )
    left_likelier = conditions.likelier.eq("left").to_numpy()[:, None]
    side_probs = np.where(left_likelier, probs[::-1], probs)  # (n_trials, 2)
    flashes = np.zeros((n_trials, 2, n_cues), bool)
    even = np.ones(n_trials, bool)
    while even.any():
        drawn = rng.uniform(size=(even.sum(), 2, n_cues))
        flashes[even] = drawn < side_probs[even][:, :, None]
        counts = flashes.sum(axis=2)
        even = counts[:, 0] == counts[:, 1]

    durations = {"fixation": fixation}
    for i in range(n_cues):
        durations |= {f"cue_{i + 1}": cue, f"gap_{i + 1}": gap}
    trials = Trials(durations | {"decision": decision}, dt, n_trials)
    X = trials.zeros(3)
    X[:, 0] = trials.valid & ~trials.during("decision")
    for i in range(n_cues):
        X[:, 1:] += trials.during(f"cue_{i + 1}")[:, None] & flashes[:, :, i, None]
    conditions = conditions.assign(n_left=counts[:, 0], n_right=counts[:, 1])
    conditions["difference"] = conditions.n_left - conditions.n_right
    labels = np.where(conditions.difference > 0, 1, 2)
    step_labels, y = one_hot_steps(trials, labels, 3)
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in),
        y,
        mask=trials.valid,
        conditions=conditions,
        labels=labels,
        step_labels=step_labels,
        decision=("decision",),
        title="Accumulation of pulses",
        source="10.3389/fnbeh.2018.00036",
        inputs=["fixation", "left", "right"],
        outputs=["fixation", "left", "right"],
    )
