"""The score by which each task was judged in its publication."""

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skneuro.metrics import response_times, trial_choices
from skneuro.utils._param_validation import validate_params

# Produced intervals may be off by this share of the interval, and this much, in ms.
TOLERANCE, MARGIN = 0.2, 25.0


@validate_params(
    {"task": [Bunch], "output": ["array-like"], "trials": ["array-like", None]},
    prefer_skip_nested_validation=True,
)
def score_task(task, output, *, trials=None):
    """Score outputs of a network by the measure published with the task.

    ``task.criterion`` names it:

    - ``"accuracy"``: fraction of trials whose largest output at the last scored step is
      the right one, without catch trials;
    - ``"worst condition"``: that fraction in the condition where it is least;
    - ``"threshold"``: fraction of trials whose first output above 1 is the right one;
    - ``"every test"``: fraction of trials right at the end of every test;
    - ``"produced time"``: fraction of trials answered within 20 % and 25 ms of the time
      asked for;
    - ``"sign"``: fraction of outputs and steps whose sign is right;
    - ``"rmse"``: root of the mean squared error; less is better.

    Parameters
    ----------
    task : Bunch
        What a ``make_*`` function of a task returned.
    output : array-like of shape (n_trials, n_outputs, n_times) or (n_trials,)
        Outputs of a network, or its choices, in the numbers of ``task.labels``.
    trials : array-like of shape (n_trials,), default=None
        Trials of the task that were answered, as indices or as a mask of all trials;
        None means all.

    Returns
    -------
    score : float
        Score of the task.
    outcomes : DataFrame
        ``task.conditions`` of these trials with the columns ``correct`` (1.0, 0.0, NaN
        in catch trials), where there are choices ``choice``, and where time counts
        ``response_time``, in ms; for errors ``rmse`` instead of ``correct``.

    Raises
    ------
    ValueError
        If the shape of ``output`` does not suit the task.

    Examples
    --------
    >>> from skneuro.datasets import make_go_nogo, score_task
    >>> task = make_go_nogo(10, random_state=0)
    >>> score, outcomes = score_task(task, task.y)
    >>> score, outcomes.choice.sum()
    (1.0, np.int64(5))
    """
    chosen = np.arange(len(task.X)) if trials is None else np.asarray(trials)
    y, mask = task.y[chosen], task.mask[chosen]
    output = np.asarray(output)
    of_choices = output.ndim == 1 and task.labels is not None
    if output.shape != ((len(y),) if of_choices else y.shape):
        raise ValueError(
            f"output has shape {output.shape}, but the task has {len(y)} trials and "
            f"targets of shape {y.shape}; expected that shape"
            f"{', or one choice per trial' if task.labels is not None else ''}. Pass "
            "trials= where only some were answered."
        )
    outcomes = task.conditions.iloc[chosen].copy()
    if task.criterion in ("rmse", "sign"):
        return _score_steps(task.criterion, y, output, mask, outcomes)
    if task.criterion == "produced time":
        return _score_times(task, chosen, output, mask, outcomes)
    if task.criterion == "every test":
        right = _right_at_tests(task, chosen, y, output)
    else:
        labels = task.labels[chosen]
        choice = output
        if not of_choices:
            by_threshold = task.criterion == "threshold"
            due = task.decision_mask[chosen] if not by_threshold else mask
            threshold = 1.0 if by_threshold else None
            choice = trial_choices(output, mask=due, threshold=threshold)
            if by_threshold:
                onset = task.epochs["stimulus"][chosen, 0]
                outcomes["response_time"] = response_times(
                    output, threshold=1.0, dt=task.dt, start=onset, mask=due
                )
        outcomes["choice"] = choice
        right = np.where(labels == -1, np.nan, choice == labels)
    outcomes["correct"] = right
    asked = outcomes[~np.isnan(right)]
    if not len(asked):
        return np.nan, outcomes
    if task.criterion == "worst condition":
        return float(asked.groupby("condition").correct.mean().min()), outcomes
    return float(asked.correct.mean()), outcomes


def _score_steps(criterion, y, output, mask, outcomes):
    """Score every step: errors, or signs."""
    weight = mask[:, None] * np.ones_like(y)
    if criterion == "rmse":
        value = (output - y.astype(float)) ** 2
    else:
        value = (np.sign(output) == np.sign(y)).astype(float)
    per_trial = (value * weight).sum(axis=(1, 2)) / weight.sum(axis=(1, 2))
    total = (value * weight).sum() / weight.sum()
    if criterion == "rmse":
        return float(np.sqrt(total)), outcomes.assign(rmse=np.sqrt(per_trial))
    return float(total), outcomes.assign(correct=per_trial)


def _score_times(task, chosen, output, mask, outcomes):
    """Score when the output crosses its threshold after set."""
    start = task.epochs["production"][chosen, 0]
    times = response_times(
        output, threshold=task.threshold, dt=task.dt, start=start, mask=mask
    )
    asked = outcomes.target_time.to_numpy()
    off = np.abs(times - asked)
    outcomes["response_time"] = times
    outcomes["correct"] = (off <= TOLERANCE * asked + MARGIN).astype(float)
    return float(outcomes.correct.mean()), outcomes


def _right_at_tests(task, chosen, y, output):
    """Return whether the largest output is right at the last step of every test."""
    trials = np.arange(len(y))
    right = np.ones(len(y), bool)
    for name, steps in task.epochs.items():
        if name.startswith("test"):
            last = steps[chosen, 1] - 1
            asked = y[trials, :, last].argmax(axis=1)
            right &= output[trials, :, last].argmax(axis=1) == asked
    return pd.Series(right).to_numpy(float)
