"""Tasks of delayed answers: matches to a sample, go or no-go."""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from skneuro.datasets._trials import (
    COUNT,
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
    pulse,
    share_text,
)
from skneuro.utils._param_validation import Interval, StrOptions, validate_params


@share_text
@validate_params(
    {
        **TRIALS,
        "rule": [StrOptions({"identity", "category"})],
        "n_directions": [Interval(Integral, 2, None, closed="left")],
        "n_tests": [COUNT],
        "fixation": [NOT_NEGATIVE],
        "sample": [POSITIVE],
        "delay": [NOT_NEGATIVE, tuple],
        "test": [POSITIVE],
        "decision": [POSITIVE],
    },
    prefer_skip_nested_validation=True,
)
def make_delayed_match_to_sample(
    n_trials=1000,
    *,
    dt=20.0,
    rule="identity",
    n_directions=2,
    n_tests=1,
    fixation=300.0,
    sample=500.0,
    delay=1000.0,
    test=500.0,
    decision=900.0,
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    random_state=None,
):
    r"""Make a memory task whose test matches the sample seen before, or not.

    A direction :math:`\theta` activates a ring of inputs by
    :math:`(1 + \cos(\theta_k - \theta)) / 2`; a further input is 1 until the decision.
    Outputs, one-hot, are fixation, match and non-match [1]_ [2]_.

    Parameters
    ----------
    %(n_trials)s
    %(dt)s
    rule : {"identity", "category"}, default="identity"
        Whether sample and test match if they are the same direction, opposite ones
        being the alternative, or if they lie in the same half of the ring.
    n_directions : int, default=2
        Inputs and possible directions of the ring; an even number.
    n_tests : int, default=1
        Number of tests. With more than one, exactly one test is a match, each comes
        after a delay, there is no decision epoch, and match is due during the matching
        test only: an answer is right if it is so at the end of every test. Other tests
        are drawn among what does not match.
    fixation : float, default=300.0
        Time before the sample, in ms.
    sample : float, default=500.0
        Time of the sample, in ms.
    delay : float or tuple of float, default=1000.0
        Time between sample and test, in ms; a tuple bounds a uniform distribution.
    test : float, default=500.0
        Time of a test, in ms.
    decision : float, default=900.0
        Time of the decision, in ms.
    %(balanced)s
    %(input_noise)s
    %(random_state)s

    Returns
    -------
    %(task)s

    Raises
    ------
    ValueError
        If ``dt`` is longer than an epoch, or ``n_directions`` is odd or too small.

    References
    ----------
    .. [1] E. K. Miller, C. A. Erickson, R. Desimone (1996), J. Neurosci. 16, 5154-5167.
       :doi:`10.1523/JNEUROSCI.16-16-05154.1996`
    .. [2] D. J. Freedman, J. A. Assad (2006), Nature 443, 85-88.
       :doi:`10.1038/nature05078`

    Examples
    --------
    >>> from skneuro.datasets import make_delayed_match_to_sample
    >>> task = make_delayed_match_to_sample(20, rule="category", n_directions=8,
    ...                                     random_state=0)
    >>> task.X.shape, task.conditions.match.sum()
    ((20, 9, 160), np.int64(10))
    """
    rng = check_random_state(random_state)
    half = n_directions // 2
    if n_directions % 2 or (rule == "category" or n_tests > 1) * 4 > n_directions:
        raise ValueError(
            f"n_directions is {n_directions}; expected an even number, of at least 4 "
            "for categories or several tests. Pass n_directions=8."
        )
    if n_tests == 1:
        table = cross(match=[True, False], sample=np.arange(n_directions))
        conditions = draw_conditions(table, n_trials, rng, balanced=balanced)
        first, match = conditions["sample"].to_numpy(), conditions.match.to_numpy(bool)
        if rule == "identity":
            tests = (first + np.where(match, 0, half)) % n_directions
        else:
            side = np.where(match, first // half, 1 - first // half)
            tests = side * half + rng.randint(half, size=n_trials)
        tests = tests[:, None]
        labels = np.where(match, 1, 2)
    else:
        table = cross(match_test=np.arange(n_tests), sample=np.arange(n_directions))
        conditions = draw_conditions(table, n_trials, rng, balanced=balanced)
        first, place = conditions["sample"].to_numpy(), conditions.match_test.to_numpy()
        is_match = np.arange(n_tests) == place[:, None]
        if rule == "identity":
            other = rng.randint(1, n_directions, size=(n_trials, n_tests))
            tests = (first[:, None] + np.where(is_match, 0, other)) % n_directions
        else:
            side = np.where(
                is_match, first[:, None] // half, 1 - first[:, None] // half
            )
            tests = side * half + rng.randint(half, size=(n_trials, n_tests))
        labels = np.ones(n_trials, int)

    durations = {"fixation": fixation, "sample": sample}
    names = ["test"] if n_tests == 1 else [f"test_{i + 1}" for i in range(n_tests)]
    for i, name in enumerate(names):
        drawn = draw_durations(delay, n_trials, rng, "delay")
        durations |= {name.replace("test", "delay"): drawn, name: test}
        conditions[name] = tests[:, i]
    if n_tests == 1:
        durations["decision"] = decision
    trials = Trials(durations, dt, n_trials)
    if n_tests > 1:
        epochs = np.stack([trials.epochs[name] for name in names], axis=1)
        trials.epochs["decision"] = epochs[np.arange(n_trials), place]

    X = trials.zeros(1 + n_directions)
    X[:, 0] = trials.valid
    if n_tests == 1:
        X[:, 0] *= ~trials.during("decision")
    for name, direction in [("sample", first), *zip(names, tests.T, strict=True)]:
        turn = 2 * np.pi / n_directions * (np.arange(n_directions) - direction[:, None])
        X[:, 1:] += 0.5 * (1 + np.cos(turn))[:, :, None] * trials.during(name)[:, None]
    step_labels, y = one_hot_steps(trials, labels, 3 if n_tests == 1 else 2)
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in),
        y,
        mask=trials.valid,
        conditions=conditions,
        labels=labels if n_tests == 1 else None,
        step_labels=step_labels,
        decision=("decision",),
        criterion="accuracy" if n_tests == 1 else "every test",
        title="Delayed match to sample",
        source=["10.1523/JNEUROSCI.16-16-05154.1996", "10.1038/nature05078"],
        inputs=["fixation", *(f"direction {i}" for i in range(n_directions))],
        outputs=["fixation", "match", "non-match"][: 3 if n_tests == 1 else 2],
    )


@share_text
@validate_params(
    {
        **TRIALS,
        "fixation": [NOT_NEGATIVE],
        "stimulus": [POSITIVE],
        "delay": [NOT_NEGATIVE, tuple],
        "decision": [POSITIVE],
    },
    prefer_skip_nested_validation=True,
)
def make_go_nogo(
    n_trials=1000,
    *,
    dt=20.0,
    fixation=0.0,
    stimulus=500.0,
    delay=500.0,
    decision=500.0,
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    random_state=None,
):
    """Make a task to act after one stimulus, and to hold still after the other.

    Inputs are fixation, which is 1 until the decision, no-go and go; outputs, one-hot,
    are hold and go [1]_.

    Parameters
    ----------
    %(n_trials)s
    %(dt)s
    fixation : float, default=0.0
        Time before the stimulus, in ms.
    stimulus : float, default=500.0
        Time of the stimulus, in ms.
    delay : float or tuple of float, default=500.0
        Time between stimulus and decision, in ms; a tuple bounds a uniform
        distribution.
    decision : float, default=500.0
        Time of the decision, in ms.
    %(balanced)s
    %(input_noise)s
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
    .. [1] J. Zhang et al. (2019), J. Neurosci. Res. 97, 1379-1389; durations as in
       M. Molano-Mazón et al. (2022), NeuroGym. :doi:`10.31234/osf.io/aqc9n`

    Examples
    --------
    >>> from skneuro.datasets import make_go_nogo
    >>> make_go_nogo(10, random_state=0).labels.sum()
    np.int64(5)
    """
    rng = check_random_state(random_state)
    table = pd.DataFrame({"stimulus": ["no-go", "go"], "label": [0, 1]})
    conditions = draw_conditions(table, n_trials, rng, balanced=balanced)
    labels = conditions.pop("label").to_numpy()
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
    X = trials.zeros(3)
    X[:, 0] = trials.valid & ~trials.during("decision")
    for label in (0, 1):
        X[:, 1 + label] = pulse(trials, ("stimulus",), 1.0 * (labels == label))
    step_labels, y = one_hot_steps(trials, labels, 2)
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in),
        y,
        mask=trials.valid,
        conditions=conditions,
        labels=labels,
        step_labels=step_labels,
        decision=("decision",),
        title="Go or no-go",
        source="10.31234/osf.io/aqc9n",
        inputs=["fixation", "no-go", "go"],
        outputs=["hold", "go"],
    )
