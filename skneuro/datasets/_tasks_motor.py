"""Tasks of movement: sequences on a grid, reaches to and away from a target."""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from skneuro.datasets._trials import (
    NOT_NEGATIVE,
    POSITIVE,
    TRIALS,
    Trials,
    add_input_noise,
    draw_conditions,
    draw_durations,
    one_hot_steps,
    pack_task,
    share_text,
)
from skneuro.utils._param_validation import Interval, validate_params

# Eye movements over a 3 x 3 grid of dots, numbered by row; all start at the centre, 4.
SEQUENCES = np.array(
    [
        [4, 5, 1, 0],
        [4, 3, 1, 2],
        [4, 3, 7, 8],
        [4, 5, 7, 6],
        [4, 5, 1, 2],
        [4, 3, 1, 0],
        [4, 3, 7, 6],
        [4, 5, 7, 8],
    ]
)
OPTIONS = {4: (3, 5), 3: (1, 7), 5: (1, 7), 1: (0, 2), 7: (6, 8)}
DOT = np.arange(9)
POSITIONS = np.stack([-0.5 + 0.5 * (DOT % 3), -0.5 + 0.5 * (2 - DOT // 3)], axis=1)


@share_text
@validate_params(
    {
        **TRIALS,
        "iti": [NOT_NEGATIVE],
        "fixation": [POSITIVE],
        "move": [POSITIVE],
        "baseline": [NOT_NEGATIVE],
    },
    prefer_skip_nested_validation=True,
)
def make_sequence_execution(
    n_trials=1000,
    *,
    dt=20.0,
    iti=1000.0,
    fixation=1000.0,
    move=500.0,
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    baseline=0.2,
    random_state=None,
):
    """Make one of eight sequences of three eye movements over a grid of dots.

    Nine inputs light the dot that is looked at and its two next options, eight name
    the sequence throughout; the outputs are x and y of the dot to look at [1]_.

    Parameters
    ----------
    %(n_trials)s
    %(dt)s
    iti : float, default=1000.0
        Time before fixation, in ms, which is not scored.
    fixation : float, default=1000.0
        Time at the centre, in ms.
    move : float, default=500.0
        Time of each of the three movements, in ms.
    %(balanced)s
    %(input_noise)s
    %(baseline)s
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

    Examples
    --------
    >>> from skneuro.datasets import make_sequence_execution
    >>> task = make_sequence_execution(8, random_state=0)
    >>> task.X.shape, task.y.shape
    ((8, 17, 175), (8, 2, 175))
    """
    rng = check_random_state(random_state)
    conditions = draw_conditions(
        pd.DataFrame({"sequence": np.arange(8)}), n_trials, rng, balanced=balanced
    )
    sequence = conditions.sequence.to_numpy()
    dots = SEQUENCES[sequence]  # (n_trials, 4)
    moves = [f"move_{i + 1}" for i in range(3)]
    trials = Trials(
        {"iti": iti, "fixation": fixation} | dict.fromkeys(moves, move), dt, n_trials
    )
    X, y = trials.zeros(17), trials.zeros(2)
    X[:, 9:] = (np.arange(8) == sequence[:, None])[:, :, None]
    X[:, :9] += (DOT == 4)[:, None] & trials.during("fixation")[:, None]
    y += POSITIONS[4][:, None] * trials.during("fixation")[:, None]
    options = np.array([np.isin(DOT, OPTIONS.get(dot, ())) for dot in DOT])
    for i, name in enumerate(moves):
        now = trials.during(name)[:, None]
        lit = options[dots[:, i]] | (dots[:, i, None] == DOT)
        X[:, :9] += lit[:, :, None] & now
        y += POSITIONS[dots[:, i + 1]][:, :, None] * now
    for i in range(3):
        conditions[f"dot_{i + 1}"] = dots[:, i + 1]
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in, baseline),
        y,
        mask=trials.during("fixation", *moves),
        conditions=conditions,
        criterion="rmse",
        title="Eye-movement sequences",
        source="10.1371/journal.pcbi.1004792",
        inputs=[f"dot {i}" for i in DOT] + [f"sequence {i}" for i in range(8)],
        outputs=["x", "y"],
    )


@share_text
@validate_params(
    {
        **TRIALS,
        "n_directions": [Interval(Integral, 2, None, closed="left")],
        "anti": ["boolean"],
        "reaction_time": ["boolean"],
        "fixation": [POSITIVE],
        "stimulus": [POSITIVE],
        "delay": [NOT_NEGATIVE, tuple],
        "decision": [POSITIVE],
    },
    prefer_skip_nested_validation=True,
)
def make_delayed_reach(
    n_trials=1000,
    *,
    dt=20.0,
    n_directions=32,
    anti=False,
    reaction_time=False,
    fixation=500.0,
    stimulus=500.0,
    delay=0.0,
    decision=500.0,
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    random_state=None,
):
    r"""Make a reach to where a stimulus was, or to the opposite side.

    The stimulus activates a ring of inputs by :math:`\cos(\theta_k - \theta)`; a
    further input is 1 until the go signal. Outputs, one-hot, are fixation and the
    directions [1]_.

    Parameters
    ----------
    %(n_trials)s
    %(dt)s
    n_directions : int, default=32
        Number of directions; an even number if ``anti``.
    anti : bool, default=False
        Whether to reach away from the stimulus.
    reaction_time : bool, default=False
        Whether the stimulus appears with the go signal, and not before a delay.
    fixation : float, default=500.0
        Time before the stimulus, in ms.
    stimulus : float, default=500.0
        Time of the stimulus, in ms.
    delay : float or tuple of float, default=0.0
        Time between stimulus and go signal, in ms; a tuple bounds a uniform
        distribution.
    decision : float, default=500.0
        Time of the reach, in ms.
    %(balanced)s
    %(input_noise)s
    %(random_state)s

    Returns
    -------
    %(task)s

    Raises
    ------
    ValueError
        If ``dt`` is longer than an epoch, or an odd number of directions has no
        opposites.

    See Also
    --------
    make_yang_task : Twenty tasks with the same inputs and outputs.

    References
    ----------
    .. [1] D. P. Munoz, S. Everling (2004), Nat. Rev. Neurosci. 5, 218-228.
       :doi:`10.1038/nrn1345`

    Examples
    --------
    >>> from skneuro.datasets import make_delayed_reach
    >>> task = make_delayed_reach(64, anti=True, delay=500.0, random_state=0)
    >>> task.X.shape, task.y.shape
    ((64, 33, 100), (64, 33, 100))
    """
    rng = check_random_state(random_state)
    if anti and n_directions % 2:
        raise ValueError(
            f"n_directions is {n_directions}; expected an even number, so that each "
            "direction has an opposite."
        )
    conditions = draw_conditions(
        pd.DataFrame({"direction": np.arange(n_directions)}),
        n_trials,
        rng,
        balanced=balanced,
    )
    target = conditions.direction.to_numpy()
    shown = (target + n_directions // 2 * anti) % n_directions
    conditions["stimulus"] = shown
    durations = {"fixation": fixation, "decision": decision}
    if not reaction_time:
        conditions["delay"] = draw_durations(delay, n_trials, rng, "delay")
        durations = {
            "fixation": fixation,
            "stimulus": stimulus,
            "delay": conditions.delay,
            "decision": decision,
        }
    trials = Trials(durations, dt, n_trials)
    X = trials.zeros(1 + n_directions)
    X[:, 0] = trials.valid & ~trials.during("decision")
    turn = 2 * np.pi / n_directions * (np.arange(n_directions) - shown[:, None])
    seen = trials.during("decision" if reaction_time else "stimulus")
    X[:, 1:] = np.cos(turn)[:, :, None] * seen[:, None]
    labels = target + 1
    step_labels, y = one_hot_steps(trials, labels, 1 + n_directions)
    names = ["fixation", *(f"direction {i}" for i in range(n_directions))]
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in),
        y,
        mask=trials.valid,
        conditions=conditions,
        labels=labels,
        step_labels=step_labels,
        decision=("decision",),
        title="Delayed reach",
        source="10.1038/nrn1345",
        inputs=names,
        outputs=names,
    )
