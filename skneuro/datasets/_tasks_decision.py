"""Tasks in which evidence is weighed: perceptual, and in context."""

from numbers import Real

import numpy as np
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
    pack_task,
    pulse,
    share_text,
)
from skneuro.utils._param_validation import StrOptions, validate_params

SONG = "10.1371/journal.pcbi.1004792"
SIDES = [1, -1]


@share_text
@validate_params(
    {
        **TRIALS,
        **TARGETS,
        "hi": [Real, None],
        "fixation": [NOT_NEGATIVE],
        "stimulus": [POSITIVE, StrOptions({"variable"})],
        "decision": [POSITIVE],
        "coherences": ["array-like"],
        "reaction_time": ["boolean"],
        "catch_prob": [PROBABILITY, None],
    },
    prefer_skip_nested_validation=True,
)
def make_perceptual_decision(
    n_trials=1000,
    *,
    dt=20.0,
    fixation=100.0,
    stimulus=800.0,
    decision=300.0,
    coherences=(1, 2, 4, 8, 16),
    reaction_time=False,
    catch_prob=None,
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    baseline=0.2,
    hi=None,
    lo=0.2,
    random_state=None,
):
    """Make a perceptual decision about which of two noisy inputs is stronger.

    The evidence for the correct and for the other side is
    ``(1 ± 3.2 * coherence / 100) / 2`` during the stimulus [1]_. The outputs are asked
    for ``lo`` during fixation, and for ``hi`` of the correct side in the decision.

    Parameters
    ----------
    %(n_trials)s
    %(dt)s
    fixation : float, default=100.0
        Time before the stimulus, in ms; the paper tests with 300.
    stimulus : float or "variable", default=800.0
        Time of the stimulus, in ms. ``"variable"`` draws from an exponential
        distribution with mean 330, cut to between 80 and 1500, and adds an input that
        is 1 during the stimulus.
    decision : float, default=300.0
        Time of the decision, in ms. With ``reaction_time`` it begins as long after the
        onset of the stimulus, and lasts as long as the stimulus.
    coherences : array-like of float, default=(1, 2, 4, 8, 16)
        Strengths of the evidence, in %.
    reaction_time : bool, default=False
        Whether the network decides when to answer: an input is 1 during the stimulus,
        and the answer is the first output above 1.
    catch_prob : float, default=None
        Probability of catch trials: 2000 ms without stimulus and with target ``lo``.
        None takes the paper's 1/11, or 5/11 with ``reaction_time``.
    %(balanced)s
    %(input_noise)s
    %(baseline)s
    hi : float, default=None
        Target of the correct side, dimensionless; None takes the paper's 1, or 1.2 with
        ``reaction_time``.
    lo : float, default=0.2
        Target of the other side, dimensionless.
    %(random_state)s

    Returns
    -------
    %(task)s

    Raises
    ------
    ValueError
        If ``dt`` is longer than an epoch.

    See Also
    --------
    make_context_integration : Two kinds of evidence, one of which counts.
    score_task : Score what a network answers.

    References
    ----------
    .. [1] H. F. Song, G. R. Yang, X.-J. Wang (2016), PLoS Comput. Biol. 12, e1004792.
       :doi:`10.1371/journal.pcbi.1004792`

    Examples
    --------
    >>> from skneuro.datasets import make_perceptual_decision
    >>> task = make_perceptual_decision(110, random_state=0)
    >>> task.X.shape, task.y.shape, task.mask.shape
    ((110, 2, 100), (110, 2, 100), (110, 100))
    >>> task.conditions.catch.sum()
    np.int64(10)
    """
    rng = check_random_state(random_state)
    start_cue = reaction_time or stimulus == "variable"
    catch_prob = (
        (5 / 11 if reaction_time else 1 / 11) if catch_prob is None else catch_prob
    )
    hi = (1.2 if reaction_time else 1.0) if hi is None else hi
    coherences = np.asarray(coherences, float)
    table = cross(coherence=coherences, side=SIDES)
    table["label"] = (table.side < 0).astype(int)
    table["signed_coherence"] = table.coherence * table.side
    conditions = draw_conditions(
        table, n_trials, rng, balanced=balanced, catch_prob=catch_prob
    )
    if stimulus == "variable":
        stimulus = truncated_exponential(330.0, 80.0, 1500.0, n_trials, rng)
        conditions["stimulus_duration"] = np.where(conditions.catch, np.nan, stimulus)

    durations = {"fixation": fixation, "stimulus": stimulus}
    if not reaction_time:
        durations["decision"] = decision
    trials = Trials(
        durations, dt, n_trials, catch=conditions.catch.to_numpy(), catch_duration=2000
    )
    if reaction_time:
        if np.min(stimulus) <= decision:
            raise ValueError(
                f"decision is {decision:g} ms, and the shortest stimulus lasts "
                f"{np.min(stimulus):g} ms; expected less, since the answer is due from "
                "decision ms after its onset. Pass a longer stimulus."
            )
        trials.add_epoch("decision", fixation + decision, fixation + stimulus)

    X = trials.zeros(2 + start_cue)
    strength = 3.2 * conditions.signed_coherence.to_numpy() / 100
    X[:, 0] = pulse(trials, ("stimulus",), (1 + strength) / 2)
    X[:, 1] = pulse(trials, ("stimulus",), (1 - strength) / 2)
    if start_cue:
        X[:, 2] = pulse(trials, ("stimulus",), 1.0)
    labels = labels_of(conditions.pop("label"))
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in, baseline),
        choice_targets(trials, labels, 2, hi=hi, lo=lo),
        mask=trials.during("fixation", "decision") | trials.catch[:, None],
        conditions=conditions,
        labels=labels,
        decision=("decision",),
        criterion="threshold" if reaction_time else "accuracy",
        title="Perceptual decision",
        source=SONG,
        inputs=["left", "right", "start"][: 2 + start_cue],
        outputs=["left", "right"],
    )


def truncated_exponential(mean, low, high, size, rng):
    """Draw from an exponential distribution that is cut to [low, high).

    Parameters
    ----------
    mean, low, high : float
        Mean before it is cut, and bounds, in ms.
    size : int
        How many.
    rng : RandomState
        Source of randomness.

    Returns
    -------
    ndarray of shape (size,)
        Times, in ms.
    """
    inside = 1 - np.exp(-(high - low) / mean)
    return low - mean * np.log(1 - rng.uniform(size=size) * inside)


@share_text
@validate_params(
    {
        **TRIALS,
        **TARGETS,
        "fixation": [NOT_NEGATIVE],
        "stimulus": [POSITIVE],
        "decision": [POSITIVE],
        "coherences": ["array-like"],
        "catch_prob": [PROBABILITY],
    },
    prefer_skip_nested_validation=True,
)
def make_context_integration(
    n_trials=1000,
    *,
    dt=20.0,
    fixation=100.0,
    stimulus=800.0,
    decision=300.0,
    coherences=(1, 3, 10),
    catch_prob=1 / 73,
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    baseline=0.2,
    hi=1.0,
    lo=0.2,
    random_state=None,
):
    """Make a decision about motion or about colour, as the context says.

    Both kinds of evidence, ``(1 ± 5 * coherence / 100) / 2``, and the context are
    there during the stimulus; each kind has its own sign and coherence [1]_ [2]_.

    Parameters
    ----------
    %(n_trials)s
    %(dt)s
    fixation : float, default=100.0
        Time before the stimulus, in ms; the paper tests with 400.
    stimulus : float, default=800.0
        Time of the stimulus, in ms.
    decision : float, default=300.0
        Time of the decision, in ms.
    coherences : array-like of float, default=(1, 3, 10)
        Strengths of the evidence, in %.
    catch_prob : float, default=0.0136986301369863
        Probability of catch trials: 2000 ms without stimulus and with target ``lo``.
        The paper's is 1/73.
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
    .. [2] V. Mante et al. (2013), Nature 503, 78-84. :doi:`10.1038/nature12742`

    Examples
    --------
    >>> from skneuro.datasets import make_context_integration
    >>> task = make_context_integration(73, random_state=0)
    >>> task.conditions.condition.nunique()  # 72 and the catch trial
    73
    """
    rng = check_random_state(random_state)
    coherences = np.asarray(coherences, float)
    signed = np.concatenate([coherences, -coherences])
    table = cross(
        context=["motion", "colour"], motion_coherence=signed, colour_coherence=signed
    )
    relevant = np.where(
        table.context == "motion", table.motion_coherence, table.colour_coherence
    )
    table["signed_coherence"] = relevant
    table["label"] = (relevant < 0).astype(int)
    conditions = draw_conditions(
        table, n_trials, rng, balanced=balanced, catch_prob=catch_prob
    )
    trials = Trials(
        {"fixation": fixation, "stimulus": stimulus, "decision": decision},
        dt,
        n_trials,
        catch=conditions.catch.to_numpy(),
        catch_duration=2000.0,
    )
    X = trials.zeros(6)
    shown = ("stimulus",)
    for i, kind in enumerate(["motion", "colour"]):
        strength = 5 * conditions[f"{kind}_coherence"].to_numpy() / 100
        X[:, i] = pulse(trials, shown, conditions.context.eq(kind).to_numpy(float))
        X[:, 2 + 2 * i] = pulse(trials, shown, (1 + strength) / 2)
        X[:, 3 + 2 * i] = pulse(trials, shown, (1 - strength) / 2)
    labels = labels_of(conditions.pop("label"))
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in, baseline),
        choice_targets(trials, labels, 2, hi=hi, lo=lo),
        mask=trials.during("fixation", "decision") | trials.catch[:, None],
        conditions=conditions,
        labels=labels,
        decision=("decision",),
        title="Context-dependent integration",
        source=[SONG, "10.1038/nature12742"],
        inputs=[
            "context motion",
            "context colour",
            "motion +",
            "motion -",
            "colour +",
            "colour -",
        ],
        outputs=["+", "-"],
    )
