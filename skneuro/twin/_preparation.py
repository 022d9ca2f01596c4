"""Prepare recordings: video and traces at the frames of the network, standardised."""

from numbers import Real

import numpy as np

from skneuro.utils._param_validation import Interval, StrOptions, validate_params

_POSITIVE = Interval(Real, 0, None, closed="neither")
_SMALLEST_SCALE = 1e-4  # of a standardised trace, as in the published pipeline


@validate_params(
    {
        "frames": ["array-like"],
        "times": ["array-like"],
        "sfreq": [_POSITIVE],
        "frame_size": [tuple, list, None],
    },
    prefer_skip_nested_validation=True,
)
def resample_video(frames, times, *, sfreq=30.0, frame_size=(144, 256)):
    """Show a video at regular times, as the published pipeline does [1]_.

    Sample k holds the frame that was on the screen ``k / sfreq`` after the first
    one; of frames that fall into one sample the first counts. Frames of another size
    are resized by bilinear interpolation.

    Parameters
    ----------
    frames : array-like of shape (n_frames, height, width)
        Grey frames, uint8.
    times : array-like of shape (n_frames,)
        When each frame appeared, in s, ascending.
    sfreq : float, default=30.0
        Frames per second of the result, in Hz.
    frame_size : tuple of int or None, default=(144, 256)
        Height and width of the result, in pixels; None keeps them.

    Returns
    -------
    ndarray of shape (n_samples, height, width)
        Video, uint8. The last frame has one sample.

    Raises
    ------
    ValueError
        If there is not one time per frame, or times do not ascend.
    TypeError
        If frames are not uint8.

    See Also
    --------
    resample_trace : Gaze, behaviour and activity at the same times.

    References
    ----------
    .. [1] E. Y. Wang et al. (2025), Nature 640, 470-477.
       :doi:`10.1038/s41586-025-08829-y`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.twin import resample_video
    >>> frames = np.array([10, 20], np.uint8)[:, None, None].repeat(4, 1).repeat(6, 2)
    >>> video = resample_video(frames, [0.0, 0.1], frame_size=None)
    >>> video[:, 0, 0].tolist()  # at 30 Hz, the second frame comes after three samples
    [10, 10, 10, 20]
    """
    from PIL import Image

    frames, times = np.asarray(frames), np.asarray(times, dtype=np.float64)
    if frames.ndim != 3 or times.shape != (len(frames),):
        raise ValueError(
            f"frames has shape {frames.shape} and times {times.shape}; expected "
            "(n_frames, height, width) and one time per frame, (n_frames,)."
        )
    if frames.dtype != np.uint8:
        raise TypeError(f"frames is {frames.dtype}; expected uint8, grey levels 0-255.")
    if not (np.diff(times) >= 0).all():
        raise ValueError("times must ascend and be finite; sort the frames by time.")
    sample = np.floor(np.round((times - times[0]) * sfreq, 1)).astype(int)
    first = np.flatnonzero(np.diff(sample, prepend=-1) > 0)
    shown = np.searchsorted(sample[first], np.arange(sample[-1] + 1), side="right") - 1
    if frame_size is not None and frames.shape[1:] != tuple(frame_size):
        height, width = frame_size
        size, how = (width, height), Image.Resampling.BILINEAR
        frames = np.stack(
            [np.asarray(Image.fromarray(frames[k]).resize(size, how)) for k in first]
        )
    else:
        frames = frames[first]
    return frames[shown]


@validate_params(
    {
        "values": ["array-like"],
        "times": ["array-like"],
        "sample_times": ["array-like"],
        "lowpass": [_POSITIVE, None],
    },
    prefer_skip_nested_validation=True,
)
def resample_trace(values, times, sample_times, *, lowpass=None):
    """Resample traces to the times of frames, as the published pipeline does [1]_.

    Missing samples are interpolated; where the result has fewer samples per second, the
    trace is smoothed by a Hamming window of twice the new period before it is
    interpolated.

    Parameters
    ----------
    values : array-like of shape (..., n_times)
        Traces, NaN where a sample is missing.
    times : array-like of shape (n_times,)
        Their times, in s, ascending.
    sample_times : array-like of shape (n_samples,)
        Times of the result, in s, regular.
    lowpass : float or None, default=None
        Frequency whose period sets the width of the window instead, in Hz.

    Returns
    -------
    ndarray of shape (..., n_samples)
        NaN outside ``times``, and where all of a trace is missing.

    Raises
    ------
    ValueError
        If there is not one time per value, times do not ascend, or there are fewer than
        two.

    References
    ----------
    .. [1] E. Y. Wang et al. (2025), Nature 640, 470-477.
       :doi:`10.1038/s41586-025-08829-y`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.twin import resample_trace
    >>> times = np.arange(0, 1, 0.001)
    >>> trace = resample_trace(np.sin(times), times, np.arange(0.1, 0.9, 1 / 30))
    >>> bool(np.abs(trace - np.sin(np.arange(0.1, 0.9, 1 / 30))).max() < 1e-3)
    True
    """
    values, times = np.asarray(values, np.float64), np.asarray(times, np.float64)
    sample_times = np.asarray(sample_times, np.float64)
    if times.ndim != 1 or values.shape[-1:] != times.shape:
        raise ValueError(
            f"values has shape {values.shape} and times {times.shape}; expected (..., "
            "n_times) and one time for each, (n_times,)."
        )
    if len(times) < 2 or len(sample_times) < 2 or not (np.diff(times) > 0).all():
        raise ValueError(
            f"there are {len(times)} times and {len(sample_times)} sample_times; "
            "expected at least two of each, finite and ascending."
        )
    target = np.median(np.diff(sample_times)) if lowpass is None else 1 / lowpass
    half = round(target / np.median(np.diff(times)))
    smooth = target > np.median(np.diff(times))
    result = np.empty((*values.shape[:-1], len(sample_times)))
    middle = np.median(times)
    for where in np.ndindex(values.shape[:-1]):
        trace = values[where]
        there = np.flatnonzero(np.isfinite(trace))
        if not len(there):
            result[where] = np.nan
            continue
        level = np.median(trace[there])  # for precision
        trace = np.interp(np.arange(len(trace)), there, trace[there] - level)
        if smooth:
            window = np.hamming(2 * half + 1)
            trace = np.convolve(trace, window / window.sum())[half : half + len(trace)]
        result[where] = level + np.interp(
            sample_times - middle, times - middle, trace, left=np.nan, right=np.nan
        )
    return result


@validate_params(
    {
        "trials": ["array-like"],
        "reference": ["array-like", None],
        "by": [StrOptions({"std", "mean"})],
        "center": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def standardize_trials(trials, *, reference=None, by="std", center=True):
    """Standardise traces over all trials: gaze, behaviour or activity.

    The published twins [1]_ take pupil position, pupil radius and running speed less
    their mean over their standard deviation, and activity over its mean
    (``by="mean", center=False``), all of them over the training trials.

    Parameters
    ----------
    trials : array-like of shape (n_trials, n_traces, n_frames) or list
        Traces; trials of unequal length are a list. NaN are left out of statistics.
    reference : array-like of shape (n_trials, n_traces, n_frames) or list, default=None
        Trials that statistics are taken from, those of training. None takes ``trials``.
    by : {"std", "mean"}, default="std"
        What traces are divided by, at least 0.0001.
    center : bool, default=True
        Whether the mean is taken off. The pipeline that made the released twins left
        running speed uncentred, so that 0 is standing still.

    Returns
    -------
    ndarray of shape (n_trials, n_traces, n_frames) or list
        Standardised, float32.

    Raises
    ------
    ValueError
        If trials differ in the number of traces.

    References
    ----------
    .. [1] E. Y. Wang et al. (2025), Nature 640, 470-477.
       :doi:`10.1038/s41586-025-08829-y`

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.twin import standardize_trials
    >>> standardize_trials([[[1.0, 2.0, 3.0]]], by="mean", center=False).round(2)
    array([[[0.5, 1. , 1.5]]], dtype=float32)
    """
    source = trials if reference is None else reference
    shapes = {np.shape(trial)[:-1] for part in (trials, source) for trial in part}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise ValueError(
            f"trials have the shapes {sorted(shapes)} before their frames; expected "
            "(n_traces,), the same for all trials and those of reference."
        )
    joined = np.concatenate([np.asarray(t, np.float64) for t in source], axis=-1)
    mean = np.nanmean(joined, axis=-1, keepdims=True)
    scale = mean if by == "mean" else np.nanstd(joined, axis=-1, keepdims=True)
    scale = np.maximum(scale, _SMALLEST_SCALE)
    shift = mean if center else 0.0
    done = [((np.asarray(t) - shift) / scale).astype(np.float32) for t in trials]
    return np.stack(done) if len({t.shape for t in done}) == 1 else done
