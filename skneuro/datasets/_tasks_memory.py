"""Tasks that need working memory: comparisons, matches, go or no-go, flip-flops."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from skneuro.datasets._trials import (
    COUNT,
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
    draw_durations,
    labels_of,
    one_hot_steps,
    pack_task,
    pulse,
    share_text,
)
from skneuro.utils._param_validation import Interval, StrOptions, validate_params
from skneuro.utils._validation import check_multiple

SONG = "10.1371/journal.pcbi.1004792"


@share_text
@validate_params(
    {
        **TRIALS,
        **TARGETS,
        "fixation": [NOT_NEGATIVE],
        "stimulus": [POSITIVE],
        "delay": [NOT_NEGATIVE, tuple],
        "decision": [POSITIVE],
        "pairs": ["array-like"],
        "catch_prob": [PROBABILITY],
    },
    prefer_skip_nested_validation=True,
)
def make_parametric_working_memory(
    n_trials=1000,
    *,
    dt=20.0,
    fixation=100.0,
    stimulus=500.0,
    delay=(2500.0, 3500.0),
    decision=300.0,
    pairs=((18, 10), (22, 14), (26, 18), (30, 22), (34, 26)),
    catch_prob=1 / 11,
    balanced=True,
    sigma_in=0.01,
    tau_in=100.0,
    baseline=0.2,
    hi=1.0,
    lo=0.2,
    random_state=None,
):
    """Make a comparison of two frequencies that are seconds apart.

    A frequency f enters as ``0.4 + 0.8 * (f - 10) / 24`` and mirrored, first one of a
    pair, then the other; output 0 is right if the first was higher [1]_ [2]_.

    Parameters
    ----------
    %(n_trials)s
    %(dt)s
    fixation : float, default=100.0
        Time before the first stimulus, in ms; the paper tests with 500.
    stimulus : float, default=500.0
        Time of each stimulus, in ms.
    delay : float or tuple of float, default=(2500.0, 3500.0)
        Time between the stimuli, in ms; a tuple bounds a uniform distribution. The
        paper tests with 3000.
    decision : float, default=300.0
        Time of the decision, in ms.
    pairs : array-like of shape (n_pairs, 2), \
default=((18, 10), (22, 14), (26, 18), (30, 22), (34, 26))
        Pairs of frequencies, in Hz; each is shown in both orders.
    catch_prob : float, default=0.09090909090909091
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
        If ``dt`` is longer than an epoch, or ``pairs`` are no pairs that differ.

    References
    ----------
    .. [1] H. F. Song, G. R. Yang, X.-J. Wang (2016), PLoS Comput. Biol. 12, e1004792.
       :doi:`10.1371/journal.pcbi.1004792`
    .. [2] R. Romo, C. D. Brody, A. Hernández, L. Lemus (1999), Nature 399, 470-473.
       :doi:`10.1038/20939`

    Examples
    --------
    >>> from skneuro.datasets import make_parametric_working_memory
    >>> task = make_parametric_working_memory(22, delay=3000.0, random_state=0)
    >>> task.X.shape
    (22, 2, 220)
    """
    rng = check_random_state(random_state)
    pairs = np.asarray(pairs, float)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or (pairs[:, 0] == pairs[:, 1]).any():
        raise ValueError(
            f"pairs has shape {pairs.shape}; expected (n_pairs, 2), each of two "
            "frequencies that differ, such as ((18, 10), (22, 14))."
        )
    first, second = np.concatenate([pairs, pairs[:, ::-1]]).T
    table = pd.DataFrame({"f1": first, "f2": second, "label": 1 * (first < second)})
    conditions = draw_conditions(
        table, n_trials, rng, balanced=balanced, catch_prob=catch_prob
    )
    delays = draw_durations(delay, n_trials, rng, "delay")
    trials = Trials(
        {
            "fixation": fixation,
            "f1": stimulus,
            "delay": delays,
            "f2": stimulus,
            "decision": decision,
        },
        dt,
        n_trials,
        catch=conditions.catch.to_numpy(),
        catch_duration=2500.0,
    )
    conditions["delay"] = np.where(conditions.catch, np.nan, delays)
    X = trials.zeros(2)
    for name in ("f1", "f2"):
        f = conditions[name].to_numpy()
        X[:, 0] += pulse(trials, (name,), 0.4 + 0.8 * (f - 10) / 24)
        X[:, 1] += pulse(trials, (name,), 0.4 + 0.8 * (34 - f) / 24)
    labels = labels_of(conditions.pop("label"))
    noise = {"sigma_in": sigma_in, "tau_in": tau_in, "baseline": baseline}
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, rectify=True, **noise),
        choice_targets(trials, labels, 2, hi=hi, lo=lo),
        mask=trials.during("fixation", "decision") | trials.catch[:, None],
        conditions=conditions,
        labels=labels,
        decision=("decision",),
        criterion="worst condition",
        title="Parametric working memory",
        source=[SONG, "10.1038/20939"],
        inputs=["f +", "f -"],
        outputs=["f1 higher", "f2 higher"],
    )


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
        add_input_noise(
            X, trials, rng, sigma_in=sigma_in, tau_in=tau_in, rectify=False
        ),
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
        add_input_noise(
            X, trials, rng, sigma_in=sigma_in, tau_in=tau_in, rectify=False
        ),
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


@share_text
@validate_params(
    {
        **TRIALS,
        "n_bits": [COUNT],
        "duration": [POSITIVE],
        "interval": [POSITIVE],
        "pulse_prob": [Interval(Real, 0, 1, closed="both")],
    },
    prefer_skip_nested_validation=True,
)
def make_flip_flop(
    n_trials=1000,
    *,
    dt=20.0,
    n_bits=3,
    duration=1280.0,
    interval=20.0,
    pulse_prob=0.5,
    sigma_in=0.0,
    tau_in=100.0,
    random_state=None,
):
    """Make a memory of bits that pulses set or reset.

    Each input is a train of pulses of either sign; each output holds the sign of the
    last pulse of its input. A network that solves it has ``2 ** n_bits`` stable fixed
    points [1]_.

    Parameters
    ----------
    %(n_trials)s
    dt : float, default=20.0
        Length of a step, in ms; ``interval`` is a multiple. The same seed gives the
        same pulses at any step.
    n_bits : int, default=3
        Number of inputs and of outputs.
    duration : float, default=1280.0
        Length of a trial, in ms, a multiple of ``interval``: here 64 pulses or none.
    interval : float, default=20.0
        Length of a pulse, and time from one possible pulse to the next, in ms.
    pulse_prob : float, default=0.5
        Probability of a pulse in each interval, dimensionless. In the first interval
        there always is one.
    %(input_noise_off)s
    %(random_state)s

    Returns
    -------
    %(task)s

    Raises
    ------
    ValueError
        If ``interval`` is no multiple of ``dt``, or ``duration`` none of ``interval``.

    References
    ----------
    .. [1] D. Sussillo, O. Barak (2013), Neural Comput. 25, 626-649.
       :doi:`10.1162/NECO_a_00409`

    Examples
    --------
    >>> from skneuro.datasets import make_flip_flop
    >>> task = make_flip_flop(5, random_state=0)
    >>> task.X.shape, sorted(set(task.y.ravel().tolist()))
    ((5, 3, 64), [-1.0, 1.0])
    """
    rng = check_random_state(random_state)
    n_steps = check_multiple(interval, dt, "interval", "dt")
    n_slots = check_multiple(duration, interval, "duration", "interval")
    shape = (n_trials, n_bits, n_slots)
    given = rng.uniform(size=shape) < pulse_prob
    given[:, :, 0] = True
    pulses = given * rng.choice([-1.0, 1.0], size=shape)
    last = np.maximum.accumulate(np.where(given, np.arange(n_slots), 0), axis=2)
    held = np.take_along_axis(pulses, last, axis=2)
    trials = Trials({"pulses": duration}, dt, n_trials)
    X = pulses.repeat(n_steps, axis=2)
    names = [f"bit {i}" for i in range(n_bits)]
    return pack_task(
        trials,
        add_input_noise(
            X, trials, rng, sigma_in=sigma_in, tau_in=tau_in, rectify=False
        ),
        held.repeat(n_steps, axis=2),
        mask=trials.valid,
        conditions=pd.DataFrame({"n_pulses": given.sum(axis=(1, 2))}),
        criterion="sign",
        title="Flip-flop memory",
        source="10.1162/NECO_a_00409",
        inputs=names,
        outputs=names,
    )
