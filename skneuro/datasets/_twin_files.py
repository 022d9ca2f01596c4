"""Recordings for digital twins in files: the folder trees of the release, and HDF5."""

from contextlib import contextmanager
from numbers import Integral
from os import PathLike
from pathlib import Path

import numpy as np
from sklearn.utils import Bunch

from skneuro.twin._trials import check_responses, check_traces, check_videos
from skneuro.utils._param_validation import Interval, StrOptions, validate_params

# Folder, what it becomes, and the axes of one trial in a file.
_ARRAYS = {
    "stimuli": ("videos", "(n_frames, height, width, 1)"),
    "perspectives": ("gaze", "(n_frames, 2)"),
    "modulations": ("behavior", "(n_frames, 2)"),
    "units": ("responses", "(n_frames, n_neurons)"),
}
_FLAGS = ("training", "samples")
_HDF5 = (".h5", ".hdf5")


class _Folder:
    """Tree of ``.npy`` files; arrays stay on disk until they are used."""

    def __init__(self, path):
        self.path = path

    def names(self, *parts):
        folder = self.path.joinpath(*parts)
        if not folder.is_dir():
            return None
        found = (p for p in folder.iterdir() if not p.name.startswith("."))
        return sorted(p.name.removesuffix(".npy") for p in found)

    def read(self, *parts):
        path = self.path.joinpath(*parts[:-1], f"{parts[-1]}.npy")
        return np.load(path, mmap_mode="r", allow_pickle=False)

    def write(self, value, *parts):
        path = self.path.joinpath(*parts[:-1], f"{parts[-1]}.npy")
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, value, allow_pickle=False)


class _File:
    """The same tree in an HDF5 file; arrays are read into memory."""

    def __init__(self, file):
        self.file = file

    def names(self, *parts):
        group = self.file.get("/".join(parts))
        return None if group is None else sorted(group)

    def read(self, *parts):
        return self.file["/".join(parts)][()]

    def write(self, value, *parts):
        self.file["/".join(parts)] = value


@contextmanager
def _open(path, mode="r"):
    path = Path(path)
    if path.suffix in _HDF5:
        import h5py

        with h5py.File(path, mode) as file:
            yield _File(file)
    else:
        yield _Folder(path)


@validate_params(
    {
        "path": [str, PathLike],
        "kind": [StrOptions({"training", "evaluation"})],
        "max_trials": [Interval(Integral, 1, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def load_twin_data(path, *, kind="training", max_trials=None):
    """Load a recording in the layout that the release of the twins uses [1]_.

    ``training_data`` has the folders training, samples, stimuli, perspectives,
    modulations and units with one ``.npy`` file per trial; ``evaluation_data`` has the
    latter four, with one folder per video and in it one file per repeat.

    Parameters
    ----------
    path : str or path-like
        That folder, or an HDF5 file (``.h5``) with groups and arrays of the same names.
    kind : {"training", "evaluation"}, default="training"
        Which of the two layouts.
    max_trials : int or None, default=None
        Number of trials that are read, in the order of their names. None reads all.

    Returns
    -------
    recording : Bunch
        With the fields

        - ``videos`` : list of ndarray of shape (n_frames, height, width), uint8;
          memory-mapped where the files are ``.npy``
        - ``responses`` : list of ndarray of shape (n_neurons, n_frames)
        - ``gaze``, ``behavior`` : list of ndarray of shape (2, n_frames)
        - ``metadata`` : DataFrame with one row per trial: trial and training (bool) of
          training data, video and repeat of evaluation data

    Raises
    ------
    FileNotFoundError
        If the path, or one of its folders or files is not there.
    ValueError
        If trials differ between folders, or arrays do not fit.

    See Also
    --------
    save_twin_data : Write such files.

    References
    ----------
    .. [1] E. Y. Wang et al. (2025), Nature 640, 470-477.
       :doi:`10.1038/s41586-025-08829-y`

    Examples
    --------
    >>> from skneuro.datasets import load_twin_data, make_twin_data, save_twin_data
    >>> made = make_twin_data(
    ...     n_neurons=3, n_trials=2, n_test_videos=1, duration=0.2, random_state=0
    ... )
    >>> save_twin_data("training_data", made.videos, made.responses, gaze=made.gaze)
    >>> loaded = load_twin_data("training_data")
    >>> loaded.responses[1].shape, loaded.metadata["trial"].tolist()
    ((3, 6), ['000', '001'])
    """
    import pandas as pd

    if not Path(path).exists():
        raise FileNotFoundError(
            f"{path} does not exist; expected the folder training_data or "
            "evaluation_data, or an HDF5 file (.h5)."
        )
    with _open(path) as tree:
        folders = [*(_FLAGS if kind == "training" else ()), *_ARRAYS]
        names = _same_names(tree, folders, path)
        if kind == "evaluation":
            trials = [
                (video, repeat)
                for video in names
                for repeat in _same_names(tree, [(f, video) for f in folders], path)
            ]
        else:
            trials = [(name,) for name in names]
        trials = trials[:max_trials]
        arrays = {
            folder: [tree.read(folder, *trial) for trial in trials]
            for folder in folders
        }
    videos = check_videos(arrays["stimuli"])
    for folder in list(_ARRAYS)[1:]:
        _check_axes(folder, arrays[folder], trials)
    recording = Bunch(
        videos=videos,
        responses=check_responses([r.T for r in arrays["units"]], videos),
        gaze=check_traces([t.T for t in arrays["perspectives"]], videos, "gaze"),
        behavior=check_traces([t.T for t in arrays["modulations"]], videos, "behavior"),
        DESCR=f"{len(trials)} trials of {kind} data.",
    )
    if kind == "training":
        for trial, samples, video in zip(
            trials, arrays["samples"], videos, strict=True
        ):
            if int(np.ravel(samples)[0]) != len(video):
                raise ValueError(
                    f"samples of trial {trial[0]} is {int(np.ravel(samples)[0])}, but "
                    f"its video has {len(video)} frames; expected the same."
                )
        flags = [bool(np.ravel(flag)[0]) for flag in arrays["training"]]
        table = {"trial": [trial[0] for trial in trials], "training": flags}
    else:
        table = {"video": [t[0] for t in trials], "repeat": [t[1] for t in trials]}
    return Bunch(**recording, metadata=pd.DataFrame(table))


def _same_names(tree, folders, path):
    """Names in folders, which must be the same in all."""
    folders = [(f,) if isinstance(f, str) else f for f in folders]
    found = {"/".join(folder): tree.names(*folder) for folder in folders}
    absent = [folder for folder, names in found.items() if names is None]
    if absent:
        raise FileNotFoundError(
            f"{path} has no {absent[0]}; expected the folders {list(found)}."
        )
    every = set().union(*found.values())
    for folder, names in found.items():
        if missing := sorted(every - set(names)):
            raise FileNotFoundError(
                f"{folder} of {path} lacks {missing[0]}, which other folders have; "
                "expected the same names in all."
            )
    return sorted(every)


def _check_axes(folder, trials, names):
    for trial, name in zip(trials, names, strict=True):
        if trial.ndim != 2:
            raise ValueError(
                f"{folder} of trial {'/'.join(name)} has shape {trial.shape}; expected "
                f"{_ARRAYS[folder][1]}."
            )


@validate_params(
    {
        "path": [str, PathLike],
        "videos": ["array-like"],
        "responses": ["array-like"],
        "gaze": ["array-like", None],
        "behavior": ["array-like", None],
        "training": ["array-like", None],
        "videos_shown": ["array-like", None],
    },
    prefer_skip_nested_validation=True,
)
def save_twin_data(
    path,
    videos,
    responses,
    *,
    gaze=None,
    behavior=None,
    training=None,
    videos_shown=None,
):
    """Write a recording in the layout that the release of the twins uses.

    Parameters
    ----------
    path : str or path-like
        Folder, or an HDF5 file (``.h5``), which is replaced.
    videos : array-like of shape (n_trials, n_frames, height, width) or list
        Videos, uint8.
    responses : array-like of shape (n_trials, n_neurons, n_frames) or list
        Activity, over its mean.
    gaze, behavior : array-like of shape (n_trials, 2, n_frames) or list, default=None
        Pupil centre; pupil radius and running speed; standardised. None is 0.
    training : array-like of bool of shape (n_trials,), default=None
        Which trials are for training, not for validation. None is all.
    videos_shown : array-like of shape (n_trials,), default=None
        Name of the video of each trial. With it, evaluation data are written: trials of
        the same video are its repeats.

    Raises
    ------
    ValueError
        If trials do not fit, or both of the last parameters are given.
    TypeError
        If videos are not uint8.

    See Also
    --------
    load_twin_data : Read them.
    skneuro.twin.standardize_trials : Standardise traces before.

    Examples
    --------
    >>> from skneuro.datasets import load_twin_data, make_twin_data, save_twin_data
    >>> made = make_twin_data(
    ...     n_neurons=3, n_trials=1, n_test_videos=1, n_repeats=2, duration=0.2,
    ...     random_state=0,
    ... )
    >>> save_twin_data(
    ...     "test.h5", made.test_videos, made.test_responses, videos_shown=["a", "a"]
    ... )
    >>> load_twin_data("test.h5", kind="evaluation").metadata["repeat"].tolist()
    ['000', '001']
    """
    videos = check_videos(videos)
    responses = check_responses(list(responses), videos)
    traces = {
        folder: check_traces(trace, videos, name)
        or [np.zeros((2, len(video)), np.float32) for video in videos]
        for folder, name, trace in (
            ("perspectives", "gaze", gaze),
            ("modulations", "behavior", behavior),
        )
    }
    if training is not None and videos_shown is not None:
        raise ValueError(
            "training and videos_shown are both given; expected one: evaluation data "
            "have no trials for training."
        )
    for name, value in (("training", training), ("videos_shown", videos_shown)):
        if value is not None and len(value) != len(videos):
            raise ValueError(
                f"{name} has {len(value)} entries, but there are {len(videos)} trials; "
                "expected one for each."
            )
    names = _trial_names(len(videos), videos_shown)
    with _open(path, "w") as tree:
        for i, name in enumerate(names):
            tree.write(videos[i][..., None], "stimuli", *name)
            tree.write(responses[i].T, "units", *name)
            for folder, values in traces.items():
                tree.write(values[i].T, folder, *name)
            if videos_shown is None:
                flag = True if training is None else bool(training[i])
                tree.write(np.array(flag), "training", *name)
                tree.write(np.array(len(videos[i])), "samples", *name)


def _trial_names(n_trials, videos_shown):
    width = max(3, len(str(n_trials)))
    if videos_shown is None:
        return [(f"{i:0{width}}",) for i in range(n_trials)]
    seen, names = {}, []
    for video in map(str, videos_shown):
        names.append((video, f"{seen.setdefault(video, 0):0{width}}"))
        seen[video] += 1
    return names
