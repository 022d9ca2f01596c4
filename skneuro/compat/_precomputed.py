"""Responses that were computed before, in the files of NEST."""

from pathlib import Path

import numpy as np

from skneuro.io import load_npy

_ROOT = "pregenerated_insilico_neural_responses"
_DATASET = "synthetic_neural_responses"
_STEP = 1000  # images that are written at once


def _paths(folder, modality, train_dataset, model, imageset, subject, roi):
    place = Path(folder).expanduser() / _ROOT / f"modality-{modality}"
    place = place / f"train_dataset-{train_dataset}" / f"model-{model}"
    place = place / f"imageset-{imageset}"
    whose = f"sub-{int(subject):02d}" + ("" if roi is None else f"_roi-{roi}")
    return place / f"{_DATASET}_{whose}.h5", place / f"{_DATASET}_metadata_{whose}.npy"


def load_precomputed_responses(
    folder,
    *,
    modality,
    train_dataset,
    model,
    imageset,
    subject,
    roi=None,
    images=None,
    return_metadata=True,
):
    """Read responses to a set of images that were computed before, in NEST's layout.

    Parameters
    ----------
    folder : str or path-like
        Folder that mirrors the public bucket, or your own.
    modality, train_dataset, model : str
        Names of the model, for example ``"fmri"``, ``"nsd"``, ``"fwrf"``.
    imageset : str
        Set of images, for example ``"nsd"``.
    subject : int
        Subject.
    roi : str, default=None
        Region, of models that have a file for each.
    images : slice, int or array-like of int, default=None
        Images whose responses to read; None is all.
    return_metadata : bool, default=True
        Whether to return the metadata too.

    Returns
    -------
    responses : ndarray of shape (n_images, ...)
        Responses.
    metadata : dict
        Only with ``return_metadata``.

    Raises
    ------
    FileNotFoundError
        If a file is not there; names it.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.compat import (
    ...     load_precomputed_responses,
    ...     save_precomputed_responses,
    ... )
    >>> names = {"modality": "fmri", "train_dataset": "nsd", "model": "fwrf"}
    >>> names |= {"imageset": "mine", "subject": 1, "roi": "V1"}
    >>> path = save_precomputed_responses("folder", np.ones((3, 7)), {}, **names)
    >>> path.name
    'synthetic_neural_responses_sub-01_roi-V1.h5'
    >>> responses, metadata = load_precomputed_responses("folder", **names)
    >>> responses.shape
    (3, 7)
    """
    import h5py

    paths = _paths(folder, modality, train_dataset, model, imageset, subject, roi)
    for path in paths[: 1 + return_metadata]:
        if not path.is_file():
            raise FileNotFoundError(
                f"{path} does not exist. Copy it there, or compute the responses and "
                "write them with save_precomputed_responses."
            )
    with h5py.File(paths[0], "r") as file:
        responses = file[_DATASET][slice(None) if images is None else images]
    return (responses, load_npy(paths[1])) if return_metadata else responses


def save_precomputed_responses(
    folder,
    responses,
    metadata,
    *,
    modality,
    train_dataset,
    model,
    imageset,
    subject,
    roi=None,
):
    """Write responses to a set of images, in NEST's layout.

    Parameters
    ----------
    folder : str or path-like
        Folder to write into, made where there is none.
    responses : array-like of shape (n_images, ...), or tuple of them
        Responses, written as float32 a thousand images at a time, so that they may lie
        in a file that `predict` streamed to; left and right hemisphere side by side.
    metadata : dict
        Metadata to write beside them.
    modality, train_dataset, model : str
        Names of the model, for example ``"fmri"``, ``"nsd"``, ``"fwrf"``.
    imageset : str
        Set of images.
    subject : int
        Subject.
    roi : str, default=None
        Region, of models that have a file for each.

    Returns
    -------
    pathlib.Path
        The file with the responses.

    Raises
    ------
    ValueError
        If parts have different numbers of images, or no axis of targets.

    Examples
    --------
    See `load_precomputed_responses`.

    >>> import numpy as np
    >>> from skneuro.compat import save_precomputed_responses
    >>> path = save_precomputed_responses(
    ...     "folder",
    ...     np.ones((3, 2, 4)),
    ...     {},
    ...     modality="eeg",
    ...     train_dataset="things_eeg_2",
    ...     model="vit_b_32",
    ...     imageset="mine",
    ...     subject=1,
    ... )
    """
    import h5py

    parts = responses if isinstance(responses, tuple) else (responses,)
    parts = [part if hasattr(part, "shape") else np.asarray(part) for part in parts]
    shapes = [part.shape for part in parts]
    if min(map(len, shapes)) < 2 or len({shape[0] for shape in shapes}) > 1:
        raise ValueError(
            f"responses have shapes {shapes}; expected (n_images, ...) with at least "
            "one axis of targets, and as many images in all parts."
        )
    n_images, n_targets = shapes[0][0], sum(shape[1] for shape in shapes)
    place, beside = _paths(
        folder, modality, train_dataset, model, imageset, subject, roi
    )
    place.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(place, "w") as file:
        shape = (n_images, n_targets, *shapes[0][2:])
        stored = file.create_dataset(_DATASET, shape, np.float32)
        for start in range(0, n_images, _STEP):  # in constant memory
            rows = slice(start, start + _STEP)
            stored[rows] = np.concatenate([part[rows] for part in parts], axis=1)
    np.save(beside, metadata)
    return place
