"""Decisions about directions on a ring: of one kind, in context, of two senses."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from skneuro.datasets._tasks_decision import truncated_exponential
from skneuro.datasets._trials import (
    NOT_NEGATIVE,
    POSITIVE,
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

# As released with NeuroGym: fixation, stimulus, delay and decision in ms, coherences
# in %; "exponential" has a mean of 600 ms and is cut to between 300 and 3000.
FORMS = {
    "perceptual": (100.0, 2000.0, 0.0, 100.0, (0, 6.4, 12.8, 25.6, 51.2)),
    "context": (300.0, 750.0, "exponential", 100.0, (5, 15, 50)),
    "multisensory": (300.0, 750.0, 0.0, 100.0, (5, 15, 50)),
}
EXPONENTIAL = (600.0, 300.0, 3000.0)


@share_text
@validate_params(
    {
        **TRIALS,
        "form": [StrOptions(set(FORMS))],
        "n_directions": [Interval(Integral, 2, None, closed="left")],
        "coherences": ["array-like", None],
        "fixation": [NOT_NEGATIVE, None],
        "stimulus": [POSITIVE, None],
        "delay": [NOT_NEGATIVE, tuple, StrOptions({"exponential"}), None],
        "decision": [POSITIVE, None],
    },
    prefer_skip_nested_validation=True,
)
def make_ring_decision(
    n_trials=1000,
    *,
    dt=20.0,
    form="perceptual",
    n_directions=2,
    coherences=None,
    fixation=None,
    stimulus=None,
    delay=None,
    decision=None,
    balanced=True,
    sigma_in=0.07,
    tau_in=100.0,
    random_state=None,
):
    r"""Make a decision about a direction that noisy evidence on a ring points to.

    Evidence with coherence c (%) for a direction :math:`\theta` activates the inputs of
    a ring by :math:`1/2 + (c / 200) \cos(\theta_k - \theta)` during the stimulus; a
    further input is 1 until the decision. Outputs, one-hot, are fixation and the
    directions [1]_.

    Parameters
    ----------
    %(n_trials)s
    %(dt)s The released step is 100 ms.
    form : {"perceptual", "context", "multisensory"}, default="perceptual"
        One ring; two with directions of their own [2]_, of which one of two more inputs
        says throughout which counts; or two senses with the same direction [3]_, which
        share the coherence at random.
    n_directions : int, default=2
        Inputs of a ring and possible directions.
    coherences : array-like of float, default=None
        Strengths of the evidence, in %. None takes 0 to 51.2, doubling from 6.4, or 5,
        15 and 50 where there are two rings.
    fixation : float, default=None
        Time before the stimulus, in ms; None takes 100, or 300 with two rings.
    stimulus : float, default=None
        Time of the stimulus, in ms; None takes 2000, or 750 with two rings.
    delay : float, tuple of float or "exponential", default=None
        Time between stimulus and decision, in ms; a tuple bounds a uniform
        distribution, ``"exponential"`` has a mean of 600, cut to between 300 and 3000.
        None takes 0, or ``"exponential"`` with a context.
    decision : float, default=None
        Time of the decision, in ms; None takes 100.
    %(balanced)s
    sigma_in : float, default=0.07
        Amplitude of the input noise, dimensionless, which has a standard deviation of
        ``sigma_in * sqrt(2 * tau_in / dt)``: as released, 0.1 at a step of 100 ms.
    tau_in : float, default=100.0
        Time constant that scales the input noise, in ms.
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
    make_perceptual_decision : Two inputs instead of a ring, and targets to be held.
    make_context_integration : The same with a context.
    make_multisensory : The same with two senses.

    References
    ----------
    .. [1] M. Molano-Mazón et al. (2022), NeuroGym. :doi:`10.31234/osf.io/aqc9n`
    .. [2] V. Mante et al. (2013), Nature 503, 78-84. :doi:`10.1038/nature12742`
    .. [3] D. Raposo, M. T. Kaufman, A. K. Churchland (2014), Nat. Neurosci. 17,
       1784-1792. :doi:`10.1038/nn.3865`

    Examples
    --------
    >>> from skneuro.datasets import make_ring_decision
    >>> task = make_ring_decision(20, form="context", n_directions=8, random_state=0)
    >>> task.X.shape[1], task.y.shape[1]  # fixation, two contexts and two rings
    (19, 9)
    """
    rng = check_random_state(random_state)
    given = fixation, stimulus, delay, decision, coherences
    fixation, stimulus, delay, decision, coherences = (
        usual if value is None else value
        for value, usual in zip(given, FORMS[form], strict=True)
    )
    columns = {
        "direction": np.arange(n_directions),
        "coherence": np.asarray(coherences, float),
    }
    rings = ["ring"]
    if form == "context":
        rings = ["motion", "colour"]
        columns["context"] = rings
    elif form == "multisensory":
        rings = ["visual", "auditory"]
    conditions = draw_conditions(cross(**columns), n_trials, rng, balanced=balanced)
    direction = conditions.direction.to_numpy()
    strength = conditions.coherence.to_numpy()
    if form == "context":  # what does not count has evidence of its own
        counts = [conditions.context.eq(ring).to_numpy() for ring in rings]
        others = rng.randint(n_directions, size=n_trials)
        other_strengths = rng.choice(columns["coherence"], size=n_trials)
        shown = [np.where(count, direction, others) for count in counts]
        strengths = [np.where(count, strength, other_strengths) for count in counts]
    elif form == "multisensory":
        share = rng.uniform(size=n_trials)
        shown, strengths = [direction] * 2, [strength * share, strength * (1 - share)]
    else:
        shown, strengths = [direction], [strength]
    for ring, toward, coherence in zip(rings, shown, strengths, strict=True):
        if form != "perceptual":
            conditions[f"{ring}_direction"] = toward
            conditions[f"{ring}_coherence"] = coherence
    if isinstance(delay, str):
        conditions["delay"] = truncated_exponential(*EXPONENTIAL, n_trials, rng)
    else:
        conditions["delay"] = draw_durations(delay, n_trials, rng, "delay")
    trials = Trials(
        {
            "fixation": fixation,
            "stimulus": stimulus,
            "delay": conditions.delay,
            "decision": decision,
        },
        dt,
        n_trials,
    )
    parts = [(trials.valid & ~trials.during("decision"))[:, None]]
    names = ["fixation"]
    if form == "context":
        parts += [(count[:, None] & trials.valid)[:, None] for count in counts]
        names += [f"context {ring}" for ring in rings]
    angle = 2 * np.pi / n_directions
    for ring, toward, coherence in zip(rings, shown, strengths, strict=True):
        turn = angle * (np.arange(n_directions) - toward[:, None])
        evidence = 0.5 + coherence[:, None] / 200 * np.cos(turn)
        parts.append(evidence[:, :, None] * trials.during("stimulus")[:, None])
        names += [f"{ring} {i}" for i in range(n_directions)]
    X = np.concatenate(parts, axis=1).astype(float)
    labels = direction + 1
    step_labels, y = one_hot_steps(trials, labels, 1 + n_directions)
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in),
        y,
        mask=trials.valid,
        conditions=conditions,
        labels=labels,
        step_labels=step_labels,
        decision=("decision",),
        title="Decision on a ring",
        source=["10.31234/osf.io/aqc9n", "10.1038/nature12742", "10.1038/nn.3865"],
        inputs=names,
        outputs=["fixation", *(f"direction {i}" for i in range(n_directions))],
    )
