"""Predict trials: chunks of frames with carried state, equal lengths in batches."""

import numpy as np
import torch

from skneuro.twin._precision import computing

_FREED = 31 * 2**20  # bytes, just below the most that glibc learns from


def run_chunks(
    chunks, gaze, behavior, *, net, scale=1.0, dtype=np.float32, compiler=None
):
    """Yield activity, chunk by chunk, in constant memory.

    Parameters
    ----------
    chunks : iterable of ndarray of shape (n_trials, n_frames, height, width)
        Pieces of videos, in order.
    gaze, behavior : ndarray of shape (n_trials, 2, all frames) or None
        Traces of the whole videos.
    net : TwinNet
        Holds the network and its device.
    scale : float
        Factor of predictions.
    dtype : dtype
        Of predictions.
    compiler : str or None
        Backend of ``torch.compile``; None does not compile.

    Yields
    ------
    ndarray of shape (n_trials, n_neurons, n_frames)
        Activity.

    Raises
    ------
    ValueError
        If traces are not as long as all chunks together.
    """
    network, device = net.module_, net.device
    network.eval()
    # glibc keeps freed memory up to twice the largest block that it saw come and go;
    # otherwise the kernel maps the same pages anew for each layer.
    torch.empty(_FREED, dtype=torch.uint8)
    bound = state = None
    if compiler is not None:
        bound = torch.compile(network, backend=compiler, dynamic=False)
    start = 0
    for video in chunks:
        window = slice(start, start + video.shape[1])
        start += video.shape[1]
        _check_length(start, gaze, behavior, at_least=True)
        with torch.inference_mode(), computing(net.precision, device):
            if bound is None:
                bound = network.bind(batch=len(video))
            traces = (
                None
                if t is None
                else torch.from_numpy(t[..., window]).to(device).permute(2, 0, 1)
                for t in (gaze, behavior)
            )
            frames = torch.from_numpy(np.ascontiguousarray(video)).to(device)
            log_rate, state = bound(frames.transpose(0, 1), *traces, state=state)
            rate = network.rate(log_rate.float()) * scale
            rate = rate.permute(1, 2, 0).cpu().numpy()
        yield rate.astype(dtype, copy=False)
    _check_length(start, gaze, behavior)


def _check_length(n_frames, gaze, behavior, *, at_least=False):
    """Complain where traces are not as long as a video that came in pieces."""
    for name, trace in (("gaze", gaze), ("behavior", behavior)):
        length = n_frames if trace is None else trace.shape[-1]
        if length < n_frames or (length > n_frames and not at_least):
            more = "or more " if at_least else ""
            raise ValueError(
                f"{name} has {length} frames, but the pieces of the video {n_frames} "
                f"{more}together; expected one sample per frame of the whole video."
            )


def run_trials(videos, gaze, behavior, *, chunk_frames=16, trials_at_once=1, **options):
    """Activity (n_neurons, n_frames) of each trial; equal lengths go in batches.

    Parameters
    ----------
    videos : list of ndarray of shape (n_frames, height, width)
        Trials.
    gaze, behavior : list of ndarray of shape (2, n_frames) or None
        Traces.
    chunk_frames, trials_at_once : int
        How much is computed at once.
    **options : dict
        Of `run_chunks`.

    Returns
    -------
    list of ndarray
        Activity of each trial.
    """
    rates = [None] * len(videos)
    by_length = {}
    for i, video in enumerate(videos):
        by_length.setdefault(len(video), []).append(i)
    for members in by_length.values():
        for k in range(0, len(members), trials_at_once):
            batch = members[k : k + trials_at_once]
            chunks = run_chunks(
                (
                    np.stack([videos[i][w] for i in batch])
                    for w in cut(len(videos[batch[0]]), chunk_frames)
                ),
                *(
                    None if traces is None else np.stack([traces[i] for i in batch])
                    for traces in (gaze, behavior)
                ),
                **options,
            )
            joined = np.concatenate(list(chunks), axis=-1)
            for i, rate in zip(batch, joined, strict=True):
                rates[i] = rate
    return rates


def cut(length, size):
    """Slices of ``size`` that cover ``length``."""
    return (slice(k, k + size) for k in range(0, length, size))


def arrange(trials, groups, burn_in):
    """Put trials as (n_neurons, n_repeats, n_times); NaN where a repeat is missing.

    Parameters
    ----------
    trials : list of ndarray of shape (n_neurons, n_frames)
        Responses or predictions.
    groups : list of list of int
        Trials that repeat one video.
    burn_in : int
        First frames that are left out; all but one where there are fewer.
    """
    n_repeats = max(map(len, groups))
    blocks = []
    for group in groups:
        length = trials[group[0]].shape[1]
        first = min(burn_in, length - 1)
        block = np.full((len(trials[0]), n_repeats, length - first), np.nan)
        for repeat, i in enumerate(group):
            block[:, repeat] = trials[i][:, first:]
        blocks.append(block)
    return np.concatenate(blocks, axis=-1)
