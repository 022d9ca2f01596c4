"""Choices, response times and errors of networks that solve trials."""

from numbers import Real

import numpy as np

from skneuro.utils._param_validation import Interval, validate_params

POSITIVE = Interval(Real, 0, None, closed="neither")


def check_trials(output, mask, name="output"):
    """Return outputs (n_trials, n_outputs, n_times) and their mask.

    Parameters
    ----------
    output : array-like of shape (n_trials, n_outputs, n_times)
        Outputs of a network.
    mask : array-like of shape (n_trials, n_times), default=None
        Steps that count; None takes all.
    name : str, default="output"
        Name in errors.

    Returns
    -------
    output : ndarray of shape (n_trials, n_outputs, n_times)
        Floats.
    mask : ndarray of shape (n_trials, n_times)
        Bools.

    Raises
    ------
    ValueError
        If the shapes are wrong or do not match.
    """
    output = np.asarray(output)
    if output.ndim != 3:
        raise ValueError(
            f"{name} has shape {output.shape}; expected (n_trials, n_outputs, "
            "n_times). Pass what predict returns for trials."
        )
    expected = (output.shape[0], output.shape[2])
    if mask is None:
        return output, np.ones(expected, bool)
    mask = np.asarray(mask, bool)
    if mask.shape != expected:
        raise ValueError(
            f"mask has shape {mask.shape}, but {name} has shape {output.shape}; "
            f"expected {expected}: one entry per trial and step."
        )
    return output, mask


def last_steps(mask):
    """Return the last True step of each trial; -1 where there is none."""
    n_times = mask.shape[1]
    last = n_times - 1 - mask[:, ::-1].argmax(axis=1)
    return np.where(mask.any(axis=1), last, -1)


@validate_params(
    {"output": ["array-like"], "mask": ["array-like", None], "threshold": [Real, None]},
    prefer_skip_nested_validation=True,
)
def trial_choices(output, *, mask=None, threshold=None):
    """Read the choice of each trial from the outputs.

    The choice is the largest output at the last scored step or, with a threshold, the
    output that first exceeds it [1]_.

    Parameters
    ----------
    output : array-like of shape (n_trials, n_outputs, n_times)
        Outputs of a network, or targets.
    mask : array-like of shape (n_trials, n_times), default=None
        Steps that count; None takes all.
    threshold : float, default=None
        What an output has to exceed, in units of that output; None reads the last step.

    Returns
    -------
    choices : int ndarray of shape (n_trials,)
        Index of the chosen output; -1 where two outputs tie, no step is scored or no
        output exceeds the threshold.

    Raises
    ------
    ValueError
        If the shapes do not match.

    References
    ----------
    .. [1] H. F. Song, G. R. Yang, X.-J. Wang (2016), PLoS Comput. Biol. 12, e1004792.
       :doi:`10.1371/journal.pcbi.1004792`

    Examples
    --------
    >>> from skneuro.metrics import trial_choices
    >>> trial_choices([[[0.2, 0.3], [0.2, 0.9]], [[0.2, 0.8], [0.2, 0.1]]]).tolist()
    [1, 0]
    """
    output, mask = check_trials(output, mask)
    trials = np.arange(len(output))
    if threshold is None:
        steps = last_steps(mask)
    else:
        above = (output > threshold).any(axis=1) & mask
        steps = np.where(above.any(axis=1), above.argmax(axis=1), -1)
    values = output[trials, :, steps]  # (n_trials, n_outputs)
    largest = values.max(axis=1, keepdims=True)
    unclear = (values == largest).sum(axis=1) > 1
    return np.where((steps < 0) | unclear, -1, values.argmax(axis=1))


@validate_params(
    {
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "mask": ["array-like", None],
        "threshold": [Real, None],
    },
    prefer_skip_nested_validation=True,
)
def choice_accuracy(y_true, y_pred, *, mask=None, threshold=None):
    """Return the fraction of trials whose choice is the right one.

    Trials whose targets name no choice, such as catch trials, are left out.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_trials, n_outputs, n_times) or (n_trials,)
        Targets and outputs of a network, or choices themselves, -1 for none; with
        shape (n_trials, n_times), the class of each step, read at the last scored one.
    mask : array-like of shape (n_trials, n_times), default=None
        Steps that count; None takes all, which suits trials of equal length.
    threshold : float, default=None
        Whether the first output that exceeds this is the choice of ``y_pred``, in units
        of the outputs; None reads the last scored step.

    Returns
    -------
    float
        Accuracy, between 0 and 1; NaN if no trial has a choice.

    Raises
    ------
    ValueError
        If the numbers of trials differ or shapes do not match.

    See Also
    --------
    trial_choices : The choices themselves.
    skneuro.datasets.score_task : The published score of each task.

    Examples
    --------
    >>> from skneuro.metrics import choice_accuracy
    >>> choice_accuracy([0, 1, 1, 0, -1], [0, 1, 0, 0, 1])
    0.75
    """
    true = read_choices(y_true, mask, None)
    chosen = read_choices(y_pred, mask, threshold)
    if len(true) != len(chosen):
        raise ValueError(
            f"y_true has {len(true)} trials and y_pred {len(chosen)}; expected as many."
        )
    asked = true != -1
    return float(np.mean(true[asked] == chosen[asked])) if asked.any() else np.nan


def read_choices(y, mask, threshold):
    """Return choices from outputs, classes of steps, or choices."""
    y = np.asarray(y)
    if y.ndim == 1:
        return y
    if y.ndim == 2:
        n_trials = len(y)
        mask = np.ones(y.shape, bool) if mask is None else np.asarray(mask, bool)
        return np.where(mask.any(axis=1), y[np.arange(n_trials), last_steps(mask)], -1)
    return trial_choices(y, mask=mask, threshold=threshold)


@validate_params(
    {"y_true": ["array-like"], "y_pred": ["array-like"], "mask": ["array-like", None]},
    prefer_skip_nested_validation=True,
)
def masked_rmse(y_true, y_pred, *, mask=None):
    """Return the root of the mean squared error over the steps that count.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_trials, n_outputs, n_times)
        Targets and outputs.
    mask : array-like of shape (n_trials, n_times), default=None
        Steps that count; None takes all.

    Returns
    -------
    float
        Error, in units of the outputs.

    Raises
    ------
    ValueError
        If the shapes do not match, or no step counts.

    Examples
    --------
    >>> from skneuro.metrics import masked_rmse
    >>> masked_rmse([[[0.0, 1.0]]], [[[3.0, 2.0]]], mask=[[False, True]])
    1.0
    """
    true, mask = check_trials(y_true, mask, "y_true")
    predicted = np.asarray(y_pred)
    if predicted.shape != true.shape:
        raise ValueError(
            f"y_pred has shape {predicted.shape}, but y_true has {true.shape}; "
            "expected the same."
        )
    if not mask.any():
        raise ValueError("mask has no True step; expected at least one that counts.")
    error = np.moveaxis(predicted - true.astype(float), 1, 2)[mask]
    return float(np.sqrt(np.mean(error**2)))


@validate_params(
    {
        "output": ["array-like"],
        "threshold": [Real],
        "dt": [POSITIVE],
        "start": ["array-like", None],
        "mask": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def response_times(output, *, threshold, dt, start=None, mask=None):
    """Return when an output first exceeds a threshold.

    Parameters
    ----------
    output : array-like of shape (n_trials, n_outputs, n_times)
        Outputs of a network.
    threshold : float
        What one of them has to exceed, in units of the outputs.
    dt : float
        Length of a step, in ms.
    start : array-like of shape (n_trials,), default=None
        Step from which time counts, and before which crossings do not; None takes the
        start of the trial.
    mask : array-like of shape (n_trials, n_times), default=None
        Steps that count; None takes all.

    Returns
    -------
    ndarray of shape (n_trials,)
        Time from the start of step ``start`` to the end of the step that exceeds the
        threshold, in ms; NaN where none does.

    Raises
    ------
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> from skneuro.metrics import response_times
    >>> response_times([[[0.0, 0.4, 0.9, 1.1]]], threshold=0.8, dt=20.0).tolist()
    [60.0]
    """
    output, mask = check_trials(output, mask)
    start = np.zeros(len(output), int) if start is None else np.asarray(start)
    if start.shape != (len(output),):
        raise ValueError(
            f"start has shape {start.shape}, but there are {len(output)} trials; "
            f"expected ({len(output)},)."
        )
    mask = mask & (np.arange(output.shape[2]) >= start[:, None])
    above = (output > threshold).any(axis=1) & mask
    return np.where(above.any(axis=1), (above.argmax(axis=1) + 1 - start) * dt, np.nan)


@validate_params(
    {"y_true": ["array-like"], "y_pred": ["array-like"], "mask": ["array-like", None]},
    prefer_skip_nested_validation=True,
)
def sign_accuracy(y_true, y_pred, *, mask=None):
    """Return the fraction of outputs and steps whose sign is right.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_trials, n_outputs, n_times)
        Targets and outputs.
    mask : array-like of shape (n_trials, n_times), default=None
        Steps that count; None takes all.

    Returns
    -------
    float
        Accuracy, between 0 and 1; 0.5 is chance.

    Raises
    ------
    ValueError
        If the shapes do not match.

    Examples
    --------
    >>> from skneuro.metrics import sign_accuracy
    >>> sign_accuracy([[[-1, 1, 1, 1]]], [[[-0.2, 0.4, 2.0, -0.1]]])
    0.75
    """
    true, mask = check_trials(y_true, mask, "y_true")
    predicted, _ = check_trials(y_pred, mask, "y_pred")
    right = np.sign(true) == np.sign(predicted)  # (n_trials, n_outputs, n_times)
    return float(np.moveaxis(right, 1, 2)[mask].mean())
