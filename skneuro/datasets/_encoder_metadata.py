"""Metadata of published encoders as tables: one row per voxel, vertex or channel."""

import numpy as np

from skneuro.exceptions import UnreadableFileError


def part_of(metadata, *names, path):
    """Follow keys into nested metadata; complain where they do not lead on."""
    for name in names:
        if not isinstance(metadata, dict) or name not in metadata:
            there = sorted(map(str, metadata)) if isinstance(metadata, dict) else "none"
            raise UnreadableFileError(
                f"{path} has no {'/'.join(names)}; it has the keys {there}. Is it the "
                "metadata of another model?"
            )
        metadata = metadata[name]
    return metadata


def column(metadata, name, n, path):
    """One number per target, float64; NaN where the file has none."""
    if name not in metadata:
        return np.full(n, np.nan)
    values = np.asarray(metadata[name])
    if values.shape != (n,) or values.dtype.kind not in "biuf":
        raise UnreadableFileError(
            f"{path}: {name} has shape {values.shape} and dtype {values.dtype}, "
            f"expected ({n},) numbers."
        )
    return values.astype(np.float64)


def image_splits(metadata):
    """Image numbers of the training, validation and test images."""
    found = metadata.get("encoding_models", {})
    return {
        name: np.asarray(found[name])
        for name in ("train_img_num", "val_img_num", "test_img_num")
        if name in found
    }


def voxel_table(metadata, subject, roi, path):
    """Make the table of the voxels of one subject and region.

    Parameters
    ----------
    metadata : dict
        Content of the file.
    subject : int
        Subject.
    roi : str
        Region of interest.
    path : str
        File, for messages.

    Returns
    -------
    table : pandas.DataFrame
        One row per voxel, in C order of the volume.
    volume : dict
        ``shape`` and ``affine`` of the volume.
    """
    import pandas as pd

    fmri = part_of(metadata, "fmri", path=path)
    accuracy = part_of(metadata, "encoding_models", path=path)
    mask = np.asarray(part_of(metadata, "fmri", "roi_mask_volume", path=path))
    affine = np.asarray(part_of(metadata, "fmri", "fmri_affine", path=path), float)
    if mask.ndim != 3 or affine.shape != (4, 4):
        raise UnreadableFileError(
            f"{path}: roi_mask_volume has shape {mask.shape} and fmri_affine "
            f"{affine.shape}, expected three axes and (4, 4)."
        )
    index = np.argwhere(mask)  # C order, as volume[mask]
    n = len(index)
    places = index @ affine[:3, :3].T + affine[:3, 3]
    table = pd.DataFrame({"subject": subject, "roi": roi, "voxel": np.arange(n)})
    for name in ("ncsnr",):
        table[name] = column(fmri, name, n, path)
    for name in ("r2", "noise_ceiling", "explained_variance"):
        table[name] = column(accuracy, name, n, path)
    table[["i", "j", "k"]] = index
    table[["x", "y", "z"]] = places
    return table, {"shape": mask.shape, "affine": affine}


HEMISPHERES = {"lh": "left", "rh": "right"}
_METRICS = ("correlation", "r2", "noise_ceiling", "explained_variance")
# Suffix in the file -> suffix of the column: older files have none, newer ones tell the
# test images of the main experiment from those of nsdsynthetic.
_TEST_SETS = {"": "", "_nsdcore": "", "_nsdsynthetic": "_nsdsynthetic"}


def vertex_rois(metadata, hemisphere, n_vertices, path):
    """Vertex indices of each region of one hemisphere, by its canonical name."""
    found = part_of(metadata, "fmri", f"{hemisphere}_fsaverage_rois", path=path)
    if not isinstance(found, dict):
        raise UnreadableFileError(f"{path}: {hemisphere}_fsaverage_rois is no dict.")
    rois = {}
    for name, index in found.items():
        index = np.asarray(index)
        index = index.astype(np.int64) if index.size == 0 else index
        outside = index.size and (index.min() < 0 or index.max() >= n_vertices)
        if index.ndim != 1 or index.dtype.kind not in "iu" or outside:
            raise UnreadableFileError(
                f"{path}: {name} of {hemisphere} is no list of vertices below "
                f"{n_vertices}."
            )
        rois["OWFA" if name == "OVWFA" else name] = np.unique(index).astype(np.int64)
    return rois


def count_vertices(metadata, path):
    """Count the vertices of each hemisphere."""
    return {
        side: len(np.asarray(part_of(metadata, "fmri", f"{side}_ncsnr", path=path)))
        for side in HEMISPHERES
    }


def vertex_table(metadata, subject, selected, path):
    """Make the table of the selected vertices of one subject, left then right.

    Parameters
    ----------
    metadata : dict
        Content of the file, of either generation.
    subject : int
        Subject.
    selected : dict of {"lh", "rh"} to ndarray of int
        Vertices of each hemisphere.
    path : str
        File, for messages.

    Returns
    -------
    pandas.DataFrame
        One row per vertex; a boolean column for each region.
    """
    import pandas as pd

    fmri = part_of(metadata, "fmri", path=path)
    accuracy = part_of(metadata, "encoding_models", path=path)
    counts = count_vertices(metadata, path)
    rois = {side: vertex_rois(metadata, side, n, path) for side, n in counts.items()}
    names = dict.fromkeys([*rois["lh"], *rois["rh"]])
    tables = []
    for side, hemisphere in HEMISPHERES.items():
        n, index = counts[side], selected[side]
        columns = {"subject": subject, "hemisphere": hemisphere, "vertex": index}
        columns["ncsnr"] = column(fmri, f"{side}_ncsnr", n, path)[index]
        if f"{side}_ncsnr_nsdsynthetic" in fmri:
            found = column(fmri, f"{side}_ncsnr_nsdsynthetic", n, path)
            columns["ncsnr_nsdsynthetic"] = found[index]
        for suffix, ours in _TEST_SETS.items():
            for metric in _METRICS:
                if (name := f"{side}_{metric}{suffix}") in accuracy:
                    found = column(accuracy, name, n, path)
                    columns[f"{metric}{ours}"] = found[index]
        for name in names:  # also of a region that one hemisphere lacks
            columns[name] = np.isin(index, rois[side].get(name, []))
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def channel_table(metadata, subject, path):
    """Make the table of the channels of one subject, and its arrays.

    Parameters
    ----------
    metadata : dict
        Content of the file.
    subject : int
        Subject.
    path : str
        File, for messages.

    Returns
    -------
    table : pandas.DataFrame
        One row per channel.
    arrays : dict
        ``times`` in ms, ``correlation`` (n_channels, n_times) and
        ``correlation_single`` (n_repeats, n_channels, n_times).
    """
    import pandas as pd

    names = [str(name) for name in part_of(metadata, "eeg", "ch_names", path=path)]
    times = np.asarray(part_of(metadata, "eeg", "times", path=path), float) * 1000  # ms
    accuracy = metadata.get("encoding_models", {})
    shape = len(names), len(times)
    arrays = {"times": times}
    for ours, name in (
        ("correlation", "correlation_averaged_repetitions"),
        ("correlation_single", "correlation_single_repetitions"),
    ):
        found = np.asarray(accuracy.get(name, np.full(shape, np.nan)), float)
        if found.shape[-2:] != shape:
            raise UnreadableFileError(
                f"{path}: {name} has shape {found.shape}, expected "
                f"(..., {shape[0]}, {shape[1]})."
            )
        arrays[ours] = found
    correlation = arrays["correlation"]
    known = np.isfinite(correlation).any()
    table = pd.DataFrame({"subject": subject, "channel": names})
    table["correlation"] = correlation.mean(axis=1)
    table["peak_correlation"] = correlation.max(axis=1)
    table["peak_time"] = times[correlation.argmax(axis=1)] if known else np.nan
    return table, arrays


def stimulus_lists(metadata):
    """Names of the training and test images of an EEG model."""
    found = metadata.get("encoding_models", {})
    return {
        name: {key: list(values) for key, values in found[name].items()}
        for name in ("train_img_info", "test_img_info")
        if isinstance(found.get(name), dict)
    }
