"""Recordings for digital twins in files of Neurodata Without Borders (NWB)."""

from numbers import Real
from os import PathLike
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from skneuro.twin import resample_trace, resample_video
from skneuro.utils._param_validation import Interval, validate_params

_MOST_NAMES = 12


@validate_params(
    {
        "path": [str, PathLike],
        "video": [str],
        "responses": [str, "array-like"],
        "gaze": [str, None],
        "behavior": [str, "array-like", None],
        "trials": [str, None],
        "sfreq": [Interval(Real, 0, None, closed="neither")],
        "frame_size": [tuple, list, None],
    },
    prefer_skip_nested_validation=True,
)
def load_nwb_recording(
    path,
    *,
    video,
    responses,
    gaze=None,
    behavior=None,
    trials=None,
    sfreq=30.0,
    frame_size=(144, 256),
):
    """Load a recording from an NWB file [1]_, at the frames of a digital twin.

    Time series are found by their names, whichever module of the file they are in, and
    brought to regular frames by `skneuro.twin.resample_video` and
    `skneuro.twin.resample_trace`, as the released twins were. Nothing is standardised
    yet; see `skneuro.twin.standardize_trials`.

    Parameters
    ----------
    path : str or path-like
        The file, ``.nwb``.
    video : str
        Name of the image series that was shown, uint8, grey.
    responses : str or sequence of str
        Name of the activity of all neurons, (time, neurons) in the file; several
        series, such as planes of the microscope with their own times, are put side by
        side.
    gaze : str or None, default=None
        Name of the pupil's centre, x and y, (time, 2) in the file.
    behavior : str, sequence of str or None, default=None
        Name of pupil radius and running speed: one series of both, (time, 2), or two.
    trials : str or None, default=None
        Name of a table of intervals, such as ``"trials"``, each of which becomes a
        trial. None takes the whole video as one.
    sfreq : float, default=30.0
        Frames per second of the result, in Hz.
    frame_size : tuple of int or None, default=(144, 256)
        Height and width of the result, in pixels; None keeps them.

    Returns
    -------
    recording : Bunch
        With the fields

        - ``videos`` : list of ndarray of shape (n_frames, height, width), uint8
        - ``responses`` : list of ndarray of shape (n_neurons, n_frames), NaN where
          activity was not recorded
        - ``gaze``, ``behavior`` : list of ndarray of shape (2, n_frames), or None
        - ``metadata`` : DataFrame with one row per trial: when it starts and stops in
          the file, in s, as start_time and stop_time
        - ``DESCR`` : str

    Raises
    ------
    FileNotFoundError
        If the file is not there.
    ValueError
        If it holds no series of that name, more than one, or one that does not fit;
        names those that it holds.

    See Also
    --------
    load_twin_data : Recordings in the layout of the release.
    save_twin_data : Write what was loaded and standardised in that layout.

    References
    ----------
    .. [1] O. Ruebel et al. (2022), eLife 11, e78362. :doi:`10.7554/eLife.78362`

    Examples
    --------
    >>> from skneuro.datasets import load_nwb_recording
    >>> recording = load_nwb_recording(  # doctest: +SKIP
    ...     "scan.nwb", video="movie", responses="deconvolved", gaze="pupil",
    ...     behavior=["pupil_radius", "running_speed"], trials="trials",
    ... )
    """
    import h5py

    if not Path(path).exists():
        raise FileNotFoundError(f"{path} does not exist; expected a file of NWB.")
    with h5py.File(path, "r") as file:
        series = _find(file, "data")
        shown, flips = _read_images(_one(series, video, path, "series"))
        parts = {
            "responses": [responses] if isinstance(responses, str) else responses,
            "gaze": [gaze] if gaze is not None else [],
            "behavior": [behavior] if isinstance(behavior, str) else behavior or [],
        }
        traces = {
            name: [_read_series(_one(series, n, path, "series")) for n in names]
            for name, names in parts.items()
        }
        if trials is None:
            windows = np.array([[flips[0], np.inf]])
        else:
            table = _one(_find(file, "start_time"), trials, path, "table of intervals")
            windows = np.stack([table[c][()] for c in ("start_time", "stop_time")], 1)
    for name in ("gaze", "behavior"):
        n_rows = sum(len(values) for values, _ in traces[name])
        if traces[name] and n_rows != 2:
            raise ValueError(
                f"{name}={parts[name]!r} has {n_rows} columns; expected two, x and y "
                "of the pupil's centre, or pupil radius and running speed."
            )
    found, table = {name: [] for name in ("videos", *traces)}, []
    for start, stop in windows:
        here = (flips >= start) & (flips < stop)
        if here.sum() < 2:
            raise ValueError(
                f"the trial from {start:g} to {stop:g} s shows {here.sum()} frames of "
                f"{video!r}, whose times are {flips[0]:g} to {flips[-1]:g} s; expected "
                "at least two. Leave out that interval."
            )
        times = flips[here]
        movie = resample_video(shown[here], times, sfreq=sfreq, frame_size=frame_size)
        at = times[0] + np.arange(len(movie)) / sfreq
        found["videos"].append(movie)
        for name, members in traces.items():
            rows = [resample_trace(values, when, at) for values, when in members]
            if rows:
                found[name].append(np.concatenate(rows).astype(np.float32))
        table.append((times[0], at[-1]))
    return _bunch(found, table)


def _bunch(found, table):
    import pandas as pd

    return Bunch(
        videos=found["videos"],
        responses=found["responses"],
        gaze=found["gaze"] or None,
        behavior=found["behavior"] or None,
        metadata=pd.DataFrame(table, columns=["start_time", "stop_time"]),
        DESCR=f"{len(table)} trials of an NWB file.",
    )


def _find(file, member):
    """Find groups that hold a member of that name, by their own names."""
    import h5py

    found = {}

    def visit(name, item):
        if isinstance(item, h5py.Group) and member in item:
            found.setdefault(name.rpartition("/")[2], {})[name] = item

    file.visititems(visit)
    return found


def _one(found, name, path, kind):
    """Return the only group of a name, or of a path in the file."""
    by_path = {
        where: item for places in found.values() for where, item in places.items()
    }
    if name.strip("/") in by_path:
        return by_path[name.strip("/")]
    places = found.get(name)
    if not places:
        known = sorted(by_path)
        more = " ..." if len(known) > _MOST_NAMES else ""
        raise ValueError(
            f"{path} holds no {kind} {name!r}; it holds "
            f"{', '.join(known[:_MOST_NAMES]) or 'none'}{more}."
        )
    if len(places) > 1:
        raise ValueError(
            f"{path} holds several of the name {name!r}: {', '.join(sorted(places))}; "
            "pass the whole path of one."
        )
    return next(iter(places.values()))


def _times(series, n_samples):
    """Return times of samples in s: as they are, or from the first and the rate."""
    if "timestamps" in series:
        times = series["timestamps"][()].astype(np.float64)
    elif "starting_time" in series:
        start = series["starting_time"]
        times = float(start[()]) + np.arange(n_samples) / float(start.attrs["rate"])
    else:
        raise ValueError(
            f"{series.name} has neither timestamps nor starting_time; expected a time "
            "series of NWB."
        )
    if len(times) != n_samples:
        raise ValueError(
            f"{series.name} has {n_samples} samples, but {len(times)} timestamps; "
            "expected the same."
        )
    return times


def _read_images(series):
    """Frames (n, height, width) in grey and when they appeared."""
    frames = series["data"]
    if "external_file" in series or 0 in frames.shape:
        raise ValueError(
            f"{series.name} keeps its frames in another file; expected them here. Read "
            "that movie yourself and pass its frames to skneuro.twin.resample_video."
        )
    shape = frames.shape
    if len(shape) == 4 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3 or frames.dtype != np.uint8:
        raise ValueError(
            f"{series.name} has shape {frames.shape} and is {frames.dtype}; expected "
            "grey frames (n_frames, height, width), uint8."
        )
    return frames[()].reshape(shape), _times(series, shape[0])


def _read_series(series):
    """Traces (n_traces, n_times) in their units, and their times."""
    data = series["data"]
    values = data[()].astype(np.float64) * data.attrs.get("conversion", 1.0)
    values = values + data.attrs.get("offset", 0.0)
    if values.ndim > 2:
        raise ValueError(
            f"{series.name} has shape {data.shape}; expected (n_times, n_traces)."
        )
    values = values.reshape(len(values), -1).T
    return values, _times(series, values.shape[1])
