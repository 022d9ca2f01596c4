"""Trials: epochs in ms become arrays on a grid of steps."""

import inspect
import re
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.metrics import make_scorer
from sklearn.utils import Bunch

from skneuro.metrics import choice_accuracy, masked_rmse, sign_accuracy
from skneuro.utils._param_validation import Interval

POSITIVE = Interval(Real, 0, None, closed="neither")
NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
COUNT = Interval(Integral, 1, None, closed="left")
PROBABILITY = Interval(Real, 0, 1, closed="left")

# Constraints of the parameters that all tasks share.
TRIALS = {
    "n_trials": [COUNT],
    "dt": [POSITIVE],
    "sigma_in": [NOT_NEGATIVE],
    "tau_in": [POSITIVE],
    "balanced": ["boolean"],
    "random_state": ["random_state"],
}
TARGETS = {"baseline": [NOT_NEGATIVE], "hi": [Real], "lo": [Real]}

_SHARED_TEXT = {
    "n_trials": """
n_trials : int, default=1000
    Number of trials.""",
    "dt": """
dt : float, default=20.0
    Length of a step, in ms. It changes the resolution and not the task: the same
    seed gives the same conditions and durations at any step.""",
    "input_noise": """
sigma_in : float, default=0.01
    Amplitude of the input noise, dimensionless. White noise with standard deviation
    ``sigma_in * sqrt(2 * tau_in / dt)`` is added to each input, whose effect on a
    slower network does not depend on ``dt``.
tau_in : float, default=100.0
    Time constant that scales the input noise, in ms.""",
    "input_noise_off": """
sigma_in : float, default=0.0
    Amplitude of the input noise, dimensionless, which has a standard deviation of
    ``sigma_in * sqrt(2 * tau_in / dt)``.
tau_in : float, default=100.0
    Time constant that scales the input noise, in ms.""",
    "baseline": """
baseline : float, default=0.2
    Constant added to all inputs, dimensionless. Inputs are rectified.""",
    "targets": """
hi : float, default=1.0
    Target of the right output during the decision, dimensionless.
lo : float, default=0.2
    Target of all other outputs and times, dimensionless.""",
    "balanced": """
balanced : bool, default=True
    Whether all conditions occur equally often, up to one trial, and catch trials as
    often as their probability says, in shuffled order. False draws each trial.""",
    "random_state": """
random_state : int, RandomState instance or None, default=None
    Seed of conditions, durations and noise.""",
    "task": """
task : Bunch
    One entry per trial in

    - ``X`` : float32 ndarray of shape (n_trials, n_inputs, n_times)
    - ``y`` : float32 ndarray of shape (n_trials, n_outputs, n_times), targets
    - ``mask`` : bool ndarray of shape (n_trials, n_times), the steps at which targets
      count; always False behind the end of shorter trials, where X and y are 0
    - ``labels`` : int ndarray of shape (n_trials,), the output that should be largest
      at the last scored step, -1 where there is none, as in catch trials; None for
      tasks without choice
    - ``step_labels`` : int ndarray of shape (n_trials, n_times), class of each step: 0
      before the answer, ``1 + labels`` while it is due (where an output for fixation
      comes first, its own numbering); None for tasks without choice
    - ``decision_mask`` : bool ndarray of shape (n_trials, n_times), the steps at which
      the answer is due
    - ``conditions`` : DataFrame, what was shown, with ``n_steps`` and ``catch``
    - ``epochs`` : dict of int ndarrays of shape (n_trials, 2), first step and step
      after the last

    and besides ``times`` (n_times,), the ends of the steps in ms, ``dt``,
    ``input_names``, ``output_names``, ``scorer``, a scikit-learn scorer of predicted
    outputs, ``criterion``, what :func:`score_task` measures, and ``DESCR``.""",
}


def share_text(function):
    """Fill ``%(name)s`` in a docstring with the text that all tasks share."""

    def fill(found):
        lines = _SHARED_TEXT[found.group(1)].strip("\n").splitlines()
        return "\n".join(lines)

    text = inspect.cleandoc(function.__doc__)
    function.__doc__ = re.sub(r"%\((\w+)\)s", fill, text) + "\n"
    return function


_ERROR = make_scorer(masked_rmse, greater_is_better=False)
# What scikit-learn's searches maximise; score_task returns the published score.
SCORERS = {
    "accuracy": make_scorer(choice_accuracy),
    "worst condition": make_scorer(choice_accuracy),
    "threshold": make_scorer(choice_accuracy, threshold=1.0),
    "sign": make_scorer(sign_accuracy),
    "every test": _ERROR,
    "produced time": _ERROR,
    "rmse": _ERROR,
}


class Trials:
    """Epochs that follow each other, on a grid of steps.

    Step k lasts from ``k * dt`` to ``(k + 1) * dt``; an epoch from a to b owns the
    steps that end in ``(a, b]``. Catch trials have no epochs.

    Parameters
    ----------
    durations : dict of str to float or array-like of shape (n_trials,)
        Epochs in their order, in ms.
    dt : float
        Length of a step, in ms.
    n_trials : int
        Number of trials.
    catch : ndarray of shape (n_trials,), default=None
        Which trials are catch trials.
    catch_duration : float, default=0.0
        Their length, in ms.
    """

    def __init__(self, durations, dt, n_trials, *, catch=None, catch_duration=0.0):
        self.dt, self.n_trials = dt, n_trials
        self.catch = np.zeros(n_trials, bool) if catch is None else catch
        self.epochs = {}
        start = np.zeros(n_trials)
        for name, duration in durations.items():
            stop = start + np.asarray(duration, float)
            self.add_epoch(name, start, stop)
            start = stop
        self.lengths = self.to_steps(np.where(self.catch, catch_duration, start))
        self.n_times = int(self.lengths.max())
        self.valid = np.arange(self.n_times) < self.lengths[:, None]

    def add_epoch(self, name, start, stop):
        """Add an epoch, which may overlap with others.

        Parameters
        ----------
        name : str
            Its name.
        start, stop : float or array-like of shape (n_trials,)
            When it starts and stops, in ms.

        Raises
        ------
        ValueError
            If it lasts, but has no step.
        """
        start, stop = np.broadcast_arrays(start, stop, np.zeros(self.n_trials))[:2]
        steps = np.stack([self.to_steps(start), self.to_steps(stop)], axis=1)
        lost = (stop > start) & (steps[:, 0] == steps[:, 1])
        if lost.any():
            shortest = (stop - start)[lost].min()
            raise ValueError(
                f"dt is {self.dt:g} ms, but the epoch {name!r} lasts {shortest:g} ms "
                f"and has no step; expected dt of at most {shortest:g}. Pass a smaller "
                "dt or longer epochs."
            )
        self.epochs[name] = np.where(self.catch[:, None], 0, steps)

    def to_steps(self, times):
        """Return the number of whole steps in times in ms."""
        return np.floor(np.asarray(times) / self.dt + 1e-6).astype(int)

    def during(self, *names):
        """Return a bool mask of shape (n_trials, n_times) of one or more epochs."""
        step = np.arange(self.n_times)
        mask = np.zeros((self.n_trials, self.n_times), bool)
        for name in names:
            first, stop = self.epochs[name].T[:, :, None]
            mask |= (step >= first) & (step < stop)
        return mask

    def zeros(self, n_channels):
        """Return zeros of shape (n_trials, n_channels, n_times)."""
        return np.zeros((self.n_trials, n_channels, self.n_times))


def draw_conditions(table, n_trials, rng, *, balanced=True, catch_prob=0.0):
    """Give every trial a row of a table of conditions, or none in catch trials.

    Parameters
    ----------
    table : DataFrame
        One row per condition.
    n_trials : int
        Number of trials.
    rng : RandomState
        Source of randomness.
    balanced : bool, default=True
        Equal numbers, shuffled, or independent draws.
    catch_prob : float, default=0.0
        Probability of catch trials.

    Returns
    -------
    DataFrame
        Columns of the table, ``condition`` (row of the table) and ``catch``.
    """
    if balanced:
        n_catch = round(catch_prob * n_trials)
        n_rest = n_trials - n_catch
        rows = np.arange(n_rest) % len(table)
        whole = n_rest - n_rest % len(table)
        rows[whole:] = rng.permutation(len(table))[: n_rest - whole]
        rows = rng.permutation(np.concatenate([rows, np.full(n_catch, -1)]))
    else:
        rows = rng.randint(len(table), size=n_trials)
        rows[rng.uniform(size=n_trials) < catch_prob] = -1
    return (
        table.reindex(rows)
        .reset_index(drop=True)
        .assign(condition=rows, catch=rows == -1)
    )


def draw_durations(duration, n_trials, rng, name):
    """Return one duration per trial, in ms, uniform between the bounds of a tuple.

    Parameters
    ----------
    duration : float or tuple of float
        Duration or its bounds, in ms.
    n_trials : int
        Number of trials.
    rng : RandomState
        Source of randomness.
    name : str
        Name of the parameter, for the error.

    Returns
    -------
    ndarray of shape (n_trials,)
        Durations, in ms.

    Raises
    ------
    ValueError
        If the bounds are no bounds.
    """
    if np.ndim(duration) == 0:
        return np.full(n_trials, float(duration))
    if len(duration) != 2 or not 0 <= duration[0] <= duration[1]:
        raise ValueError(
            f"{name} is {duration}; expected a duration in ms, or its bounds such as "
            "(300.0, 600.0)."
        )
    return rng.uniform(*duration, size=n_trials)


def cross(**columns):
    """Return the table of all combinations; the last column changes fastest."""
    index = pd.MultiIndex.from_product(columns.values(), names=columns.keys())
    return index.to_frame(index=False)


def labels_of(column):
    """Return int labels, -1 where the column has none."""
    return column.fillna(-1).to_numpy().astype(int)


def pulse(trials, epochs, amplitude):
    """Return an input that has one amplitude per trial during epochs, else 0."""
    amplitude = np.nan_to_num(np.broadcast_to(amplitude, trials.n_trials))
    return amplitude[:, None] * trials.during(*epochs)


def add_input_noise(signal, trials, rng, sigma_in, tau_in, baseline=None):
    """Return inputs with noise; 0 behind the end of a trial.

    Parameters
    ----------
    signal : ndarray of shape (n_trials, n_inputs, n_times)
        What is shown.
    trials : Trials
        Their step, and where they end.
    rng : RandomState
        Source of randomness.
    sigma_in, tau_in : float
        Amplitude, dimensionless, and time constant of the noise, in ms.
    baseline : float, default=None
        Added to all inputs, which are rectified then; None leaves them.

    Returns
    -------
    float32 ndarray of shape (n_trials, n_inputs, n_times)
        Inputs.
    """
    X = signal + (0.0 if baseline is None else baseline)
    if sigma_in > 0:
        X += sigma_in * np.sqrt(2 * tau_in / trials.dt) * rng.standard_normal(X.shape)
    if baseline is not None:
        np.maximum(X, 0, out=X)
    return (X * trials.valid[:, None]).astype(np.float32)


def choice_targets(trials, labels, n_outputs, *, hi, lo, decision=("decision",)):
    """Return targets that are lo, and hi for the label in the decision."""
    y = np.full((trials.n_trials, n_outputs, trials.n_times), lo)
    chosen = np.arange(n_outputs) == labels[:, None]  # (n_trials, n_outputs)
    y[chosen[:, :, None] & trials.during(*decision)[:, None]] = hi
    return y * trials.valid[:, None]


def one_hot_steps(trials, labels, n_outputs, decision=("decision",)):
    """Return the class of each step, 0 for fixation, and its one-hot targets."""
    due = trials.during(*decision)
    steps = np.where(due, labels[:, None], 0)
    y = np.arange(n_outputs)[:, None] == steps[:, None]
    return steps, y * trials.valid[:, None]


def pack_task(
    trials,
    X,
    y,
    *,
    mask,
    conditions,
    title,
    source,
    inputs,
    outputs,
    criterion="accuracy",
    labels=None,
    step_labels=None,
    decision=(),
    **extra,
):
    """Return the Bunch of a task; what its fields are is in ``_SHARED_TEXT``."""
    due = trials.during(*decision)
    if labels is not None and step_labels is None:
        step_labels = np.where(due, labels[:, None] + 1, 0)
    mask = mask & trials.valid
    conditions = conditions.assign(n_steps=trials.lengths)
    if "catch" not in conditions:
        conditions["catch"] = trials.catch
    task = Bunch(
        X=np.ascontiguousarray(X, np.float32),
        y=np.ascontiguousarray(y, np.float32),
        mask=mask,
        labels=labels,
        step_labels=step_labels,
        decision_mask=due,
        conditions=conditions,
        epochs=trials.epochs,
        times=trials.dt * np.arange(1, trials.n_times + 1),
        dt=float(trials.dt),
        input_names=list(inputs),
        output_names=list(outputs),
        scorer=SCORERS[criterion],
        criterion=criterion,
        **extra,
    )
    task.DESCR = describe(task, title, source)
    return task


def describe(task, title, source):
    """Return the text of DESCR."""
    n_trials, n_inputs, n_times = task.X.shape
    epochs = ", ".join(task.epochs) or "one"
    links = "\n".join(f"- https://doi.org/{doi}" for doi in np.atleast_1d(source))
    return (
        f"{title}\n{'-' * len(title)}\n\n"
        f":Trials: {n_trials}, of up to {n_times} steps of {task.dt:g} ms\n"
        f":Inputs: {n_inputs} ({shorten(task.input_names)})\n"
        f":Outputs: {task.y.shape[1]} ({shorten(task.output_names)})\n"
        f":Epochs: {epochs}\n"
        f":Score: {task.criterion}\n"
        ":Licence: BSD-3-Clause, as skneuro; every number is drawn from the seed\n\n"
        f".. rubric:: References\n\n{links}\n"
    )


def shorten(names):
    """Join names, leaving out the middle of many."""
    names = [str(name) for name in names]
    if len(names) > 12:
        names = [*names[:3], "...", names[-1]]
    return ", ".join(names)
