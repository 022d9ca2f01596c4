"""Videos as film strips, GIF and MP4."""

from numbers import Integral, Real
from os import PathLike
from pathlib import Path

import numpy as np

from skneuro.plotting._axes import get_axes
from skneuro.utils._param_validation import Interval, validate_params

_POSITIVE = Interval(Real, 0, None, closed="neither")


def _check(video):
    video = np.asarray(video)
    if video.ndim == 4 and video.shape[-1] == 1:
        video = video[..., 0]
    if video.ndim != 3 or video.dtype != np.uint8 or 0 in video.shape:
        raise ValueError(
            f"video is {video.dtype} of shape {video.shape}; expected uint8 of shape "
            "(n_frames, height, width), grey levels 0 to 255."
        )
    return video


def plot_frames(video, *, n_frames=6, sfreq=30.0, ax=None):
    """Draw frames of a video side by side.

    Parameters
    ----------
    video : array-like of shape (n_all_frames, height, width)
        Grey frames, uint8.
    n_frames : int, default=6
        How many are drawn, evenly spaced from the first to the last; all where there
        are fewer.
    sfreq : float, default=30.0
        Frames per second, in Hz.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; None opens a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the frames, whose ticks are their times.

    Raises
    ------
    ValueError
        If the video is not uint8 or has another shape.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from skneuro.datasets import make_movies
    >>> from skneuro.plotting import plot_frames
    >>> movies = make_movies(n_movies=1, duration=0.5, frame_size=(36, 64))
    >>> ax = plot_frames(movies.videos[0], n_frames=3)
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['0.00', '0.23', '0.47']
    """
    video = _check(video)
    ax = get_axes(ax, "plot_frames", (9, 1.6), layout="compressed")
    chosen = np.linspace(0, len(video) - 1, min(n_frames, len(video))).round()
    chosen = chosen.astype(int)
    _, height, width = video.shape
    gap = max(1, width // 20)
    strip = np.full((height, len(chosen) * (width + gap) - gap), 255, np.uint8)
    starts = np.arange(len(chosen)) * (width + gap)
    for start, k in zip(starts, chosen, strict=True):
        strip[:, start : start + width] = video[k]
    ax.imshow(strip, cmap="gray", vmin=0, vmax=255)
    ax.set_xticks(starts + width / 2, [f"{k / sfreq:.2f}" for k in chosen])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    ax.set_xlabel("time (s)")
    return ax


@validate_params(
    {
        "path": [str, PathLike],
        "video": ["array-like"],
        "sfreq": [_POSITIVE],
        "scale": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def save_movie(path, video, *, sfreq=30.0, scale=1):
    """Write a video as GIF or MP4.

    Parameters
    ----------
    path : str or path-like
        File that ends in ``.gif``, or in ``.mp4``, which needs the
        program ``ffmpeg``.
    video : array-like of shape (n_frames, height, width)
        Grey frames, uint8.
    sfreq : float, default=30.0
        Frames per second, in Hz. GIF knows steps of 10 ms: 30 becomes 33.
    scale : int, default=1
        Side of the square that a pixel becomes.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ValueError
        If the video is not uint8 or has another shape, or the file ends otherwise.
    RuntimeError
        If there is no ``ffmpeg``.

    Examples
    --------
    >>> from skneuro.datasets import make_movies
    >>> from skneuro.plotting import save_movie
    >>> movies = make_movies(n_movies=1, duration=0.2, frame_size=(36, 64))
    >>> save_movie("grating.gif", movies.videos[0]).name
    'grating.gif'
    """
    video, path = _check(video), Path(path)
    video = video.repeat(scale, axis=1).repeat(scale, axis=2)
    if path.suffix == ".gif":
        from PIL import Image

        frames = [Image.fromarray(frame) for frame in video]
        duration = 10 * max(1, round(100 / sfreq))  # ms
        frames[0].save(
            path,
            save_all=True,
            append_images=frames[1:],
            duration=duration,
            loop=0,
            optimize=False,
        )
    elif path.suffix == ".mp4":
        _save_mp4(path, video, sfreq)
    else:
        raise ValueError(f"path ends in {path.suffix!r}; expected '.gif' or '.mp4'.")
    return path


def _save_mp4(path, video, sfreq):
    import shutil
    import subprocess

    program = shutil.which("ffmpeg")
    if program is None:
        raise RuntimeError(
            "an .mp4 file needs the program ffmpeg, which is not on the path; install "
            "it, or write a .gif."
        )
    size = f"{video.shape[2]}x{video.shape[1]}"
    source = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", size, "-r", str(sfreq)]
    even = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p"]
    subprocess.run(
        [program, "-y", "-loglevel", "error", *source, "-i", "-", *even, path],
        input=np.ascontiguousarray(video).tobytes(),
        check=True,
    )
