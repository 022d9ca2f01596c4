"""Tasks that need working memory: comparisons and flip-flops."""

from numbers import Real

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
    draw_conditions,
    draw_durations,
    labels_of,
    pack_task,
    pulse,
    share_text,
)
from skneuro.utils._param_validation import Interval, validate_params
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
    return pack_task(
        trials,
        add_input_noise(X, trials, rng, sigma_in, tau_in, baseline),
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
        add_input_noise(X, trials, rng, sigma_in, tau_in),
        held.repeat(n_steps, axis=2),
        mask=trials.valid,
        conditions=pd.DataFrame({"n_pulses": given.sum(axis=(1, 2))}),
        criterion="sign",
        title="Flip-flop memory",
        source="10.1162/NECO_a_00409",
        inputs=names,
        outputs=names,
    )
