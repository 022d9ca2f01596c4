"""Trials: videos, gaze, behaviour and responses, checked and in one form."""

import warnings

import numpy as np

N_TRACES = 2  # of gaze: x, y; of behaviour: pupil radius, running speed


def table_to_videos(X, low, high):
    """Show each row of a table as a still image for one frame.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Numbers.
    low, high : float
        Numbers that are black and white; what lies beyond is cut.

    Returns
    -------
    list of ndarray of shape (1, side, side)
        uint8; the row fills a square from the top left, the rest is black.
    """
    side = max(2, int(np.ceil(np.sqrt(X.shape[1]))))
    scale = 255 / (high - low) if high > low else 0.0
    grey = np.clip((X - low) * scale, 0, 255)
    frames = np.zeros((len(X), side * side), np.uint8)
    frames[:, : X.shape[1]] = np.rint(grey)
    return list(frames.reshape(len(X), 1, side, side))


def check_videos(X, *, frame_size=None):
    """Return videos as a list of uint8 arrays (n_frames, height, width).

    Parameters
    ----------
    X : array-like of shape (n_trials, n_frames, height, width) or list
        Videos; trials of unequal length are a list. A last axis of length 1 goes.
    frame_size : tuple of int, default=None
        Height and width that are expected.
    """
    if not isinstance(X, (list, tuple)):
        X = np.asarray(X)
        if X.ndim == 3:
            raise ValueError(
                f"video has shape {X.shape}, expected (n_trials, n_frames, height, "
                "width); pass video[None] for one trial."
            )
    videos = []
    for i, video in enumerate(X):
        video = np.asanyarray(video)
        if video.ndim == 4 and video.shape[-1] == 1:
            video = video[..., 0]
        if video.ndim != 3 or 0 in video.shape:
            raise ValueError(
                f"trial {i} of the video has shape {video.shape}, expected (n_frames, "
                "height, width) with at least one frame, in grey."
            )
        if video.dtype != np.uint8:
            raise TypeError(
                f"trial {i} of the video is {video.dtype}, expected uint8: grey levels "
                "0 to 255. Pass np.rint(255 * video).astype(np.uint8) if yours are in "
                "[0, 1]."
            )
        frame_size = frame_size or video.shape[1:]
        if video.shape[1:] != tuple(frame_size):
            raise ValueError(
                f"frames of trial {i} have {video.shape[1:]} pixels, expected "
                f"{tuple(frame_size)} (height, width); resize them, for "
                "example with PIL.Image.resize."
            )
        videos.append(video)
    if not videos:
        raise ValueError("the video holds 0 trials, expected at least one.")
    return videos


def check_traces(traces, videos, name):
    """Return gaze or behaviour as a list of float32 arrays (2, n_frames), or None.

    Missing samples are interpolated in time, with a warning; a trace that is missing
    altogether becomes 0, the mean of standardised traces.
    """
    if traces is None:
        return None
    if len(traces) != len(videos):
        raise ValueError(
            f"{name} has {len(traces)} trials, but the video {len(videos)}; expected "
            "the same."
        )
    checked, n_missing, n_samples = [], 0, 0
    for i, (trace, video) in enumerate(zip(traces, videos, strict=True)):
        trace = np.array(trace, dtype=np.float32)
        if trace.shape != (N_TRACES, len(video)):
            raise ValueError(
                f"{name} of trial {i} has shape {trace.shape}, but its video "
                f"{len(video)} frames; expected ({N_TRACES}, {len(video)}): one row "
                "per trace, sampled at the frames."
            )
        if np.isinf(trace).any():
            raise ValueError(
                f"{name} of trial {i} is infinite; expected finite numbers, or NaN "
                "where a sample is missing."
            )
        missing = np.isnan(trace)
        n_missing, n_samples = n_missing + missing.sum(), n_samples + missing.size
        for row, gone in zip(trace, missing, strict=True):
            if gone.all():
                row[:] = 0
            elif gone.any():
                there = np.flatnonzero(~gone)
                row[gone] = np.interp(np.flatnonzero(gone), there, row[there])
        checked.append(trace)
    if n_missing:
        warnings.warn(
            f"{n_missing} of {n_samples} samples of {name} are NaN: gaps are "
            "interpolated in time, traces without any sample become 0. Pass complete "
            "traces, or leave out those trials.",
            stacklevel=4,
        )
    return checked


def check_responses(y, videos, *, n_neurons=None):
    """Return responses as a list of float32 arrays (n_neurons, n_frames)."""
    if len(y) != len(videos):
        raise ValueError(
            f"responses have {len(y)} trials, but the video {len(videos)}; expected "
            "the same."
        )
    checked = []
    for i, (response, video) in enumerate(zip(y, videos, strict=True)):
        response = np.asarray(response)
        if response.ndim != 2 or response.shape[1] != len(video):
            raise ValueError(
                f"responses of trial {i} have shape {response.shape}, but its video "
                f"{len(video)} frames; expected (n_neurons, {len(video)})."
            )
        n_neurons = n_neurons or len(response)
        if len(response) != n_neurons:
            raise ValueError(
                f"responses of trial {i} are of {len(response)} neurons, expected "
                f"{n_neurons}, the same in all trials."
            )
        if not np.isfinite(response).all():
            neuron, frame = np.argwhere(~np.isfinite(response))[0]
            raise ValueError(
                f"responses[{i}][{neuron}, {frame}] is {response[neuron, frame]}; "
                "expected finite numbers. Leave out that trial or neuron, or "
                "interpolate."
            )
        checked.append(response.astype(np.float32, copy=False))
    return checked


def check_not_negative(responses):
    """Complain of negative activity, whose Poisson loss has no minimum."""
    for i, response in enumerate(responses):
        if response.min() < 0:
            neuron, frame = np.argwhere(response < 0)[0]
            raise ValueError(
                f"responses[{i}][{neuron}, {frame}] is {response[neuron, frame]}, but "
                "Poisson rates are not negative. Pass deconvolved activity, cut at 0, "
                "or network_params={'unit': 'elu_mse'} for squared errors."
            )


def find_repeats(videos):
    """Group trials that show the same video; a list of lists of trial numbers."""
    groups = {}
    for i, video in enumerate(videos):
        groups.setdefault((video.shape, video.tobytes()), []).append(i)
    return list(groups.values())


def hold_out(data, fraction, seed):
    """Split trials into those of training and those of validation.

    Parameters
    ----------
    data : tuple of list or None
        Parts of the trials.
    fraction : float
        Of trials that are held out, drawn as the published pipeline does.
    seed : int
        Seed of the draw.

    Returns
    -------
    trained, held_out : tuple of list or None
        The same parts; the latter is None where no trial is held out.
    """
    n_trials = len(data[0])
    n_held = round(n_trials * fraction)
    if not n_held:
        return data, None
    if n_held == n_trials:
        raise ValueError(
            f"validation_fraction={fraction} leaves none of {n_trials} trials for "
            "training; hold out fewer."
        )
    held = np.random.default_rng(seed).choice(n_trials, n_held, replace=False)
    kept = np.setdiff1d(np.arange(n_trials), held)
    return tuple(
        tuple(None if part is None else [part[i] for i in chosen] for part in data)
        for chosen in (kept, np.sort(held))
    )
