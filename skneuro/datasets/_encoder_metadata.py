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
