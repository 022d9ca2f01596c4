"""Responses as images, surfaces, MNE objects and labelled arrays."""

import numpy as np


def to_nifti(responses, mask, *, affine=None, fill=np.nan):
    """Put responses of voxels into a volume.

    Parameters
    ----------
    responses : array-like of shape (n_voxels,) or (n_images, n_voxels)
        One number per voxel of the mask, in C order.
    mask : Nifti1Image, or array-like of bool of shape (nx, ny, nz)
        Where the voxels lie, such as ``roi_mask_volume`` of the published models.
    affine : array-like of shape (4, 4), default=None
        From voxel indices to mm; None takes that of an image, else the identity.
    fill : float, default=nan
        Value of all other voxels.

    Returns
    -------
    nibabel.Nifti1Image
        Volume, or with several images a series of volumes, float32.

    Raises
    ------
    ValueError
        If the mask does not have one voxel per response.
    ImportError
        If nibabel is not installed.

    See Also
    --------
    to_gifti : Surfaces.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.encoding import to_nifti
    >>> mask = np.zeros((2, 3, 4), bool)
    >>> mask[0, 1, 2] = mask[1, 2, 3] = True
    >>> image = to_nifti([[5.0, 7.0]], mask)
    >>> image.shape, float(image.dataobj[1, 2, 3, 0])
    ((2, 3, 4, 1), 7.0)
    """
    nibabel = _import("nibabel", "to_nifti", "plot")
    if hasattr(mask, "get_fdata"):
        affine = mask.affine if affine is None else affine
        mask = np.asanyarray(mask.dataobj)
    mask = np.asarray(mask).astype(bool)
    responses = np.asarray(responses, np.float32)
    n_voxels = int(mask.sum())
    if (
        mask.ndim != 3
        or responses.ndim not in (1, 2)
        or responses.shape[-1] != n_voxels
    ):
        raise ValueError(
            f"responses have shape {responses.shape}, but the mask of shape "
            f"{mask.shape} has {n_voxels} voxels; expected (n_images, {n_voxels}) and "
            "three axes. Pass the mask of the same region."
        )
    volume = np.full((*mask.shape, *responses.shape[:-1]), fill, np.float32)
    volume[mask] = responses.T
    return nibabel.Nifti1Image(volume, np.eye(4) if affine is None else affine)


def to_gifti(responses, hemisphere, *, vertex=None, n_vertices=163_842, fill=np.nan):
    """Put responses of vertices onto the two surfaces.

    Parameters
    ----------
    responses : array-like of shape (n_targets,) or (n_images, n_targets)
        One number per vertex, the left hemisphere first, as encoders predict.
    hemisphere : str or array-like of str of shape (n_targets,)
        Side of each target, ``"left"`` or ``"right"`` (also ``"lh"``, ``"L"``), such as
        the column ``hemisphere`` of ``.metadata``.
    vertex : array-like of int of shape (n_targets,), default=None
        Number of each vertex on its surface. None: all vertices in order.
    n_vertices : int, default=163842
        Vertices of one surface; the default is fsaverage.
    fill : float, default=nan
        Value of all other vertices.

    Returns
    -------
    dict of str to nibabel.gifti.GiftiImage
        ``"left"`` and ``"right"``, those that occur, with one data array per image,
        float32.

    Raises
    ------
    ValueError
        If sides, vertices and responses do not agree.
    ImportError
        If nibabel is not installed.

    See Also
    --------
    to_nifti : Volumes.

    Examples
    --------
    >>> from skneuro.encoding import to_gifti
    >>> sides = to_gifti([1.0, 2.0, 3.0], ["left", "left", "right"], vertex=[0, 3, 1],
    ...                  n_vertices=5)
    >>> sides["left"].darrays[0].data.tolist()
    [1.0, nan, nan, 2.0, nan]
    """
    _import("nibabel", "to_gifti", "plot")
    from nibabel.gifti import GiftiDataArray, GiftiImage, GiftiMetaData

    responses = np.atleast_2d(np.asarray(responses, np.float32))
    n_targets = responses.shape[-1]
    sides = np.broadcast_to(np.asarray(hemisphere), n_targets).astype(str)
    sides = np.array([side[:1].lower() for side in sides])
    if responses.ndim != 2 or not np.isin(sides, ["l", "r"]).all():
        raise ValueError(
            f"responses have shape {responses.shape} and hemisphere names "
            f"{sorted(set(sides.tolist()))}; expected (n_images, n_targets), 'left' "
            "and 'right'."
        )
    if vertex is not None and np.shape(vertex) != (n_targets,):
        raise ValueError(
            f"vertex has shape {np.shape(vertex)}, but responses {responses.shape}; "
            f"expected ({n_targets},): one number per target."
        )
    surfaces = {}
    for name in ("left", "right"):
        chosen = sides == name[0]
        if not chosen.any():
            continue
        index = (
            np.arange(chosen.sum()) if vertex is None else np.asarray(vertex)[chosen]
        )
        if vertex is None and len(index) != n_vertices:
            raise ValueError(
                f"there are {len(index)} targets on the {name}, but {n_vertices} "
                "vertices; pass vertex=, the number of each vertex."
            )
        if index.size and not (0 <= index.min() and index.max() < n_vertices):
            raise ValueError(
                f"vertex goes from {index.min()} to {index.max()}; expected 0 to "
                f"{n_vertices - 1}."
            )
        if len(np.unique(index)) < len(index):
            raise ValueError(
                f"vertex names some vertices on the {name} more than once; expected "
                "those of one subject. Select its rows of .metadata and its columns."
            )
        arrays = []
        for row in responses[:, chosen]:
            data = np.full(n_vertices, fill, np.float32)
            data[index] = row
            arrays.append(GiftiDataArray(data, datatype="NIFTI_TYPE_FLOAT32"))
        meta = GiftiMetaData(AnatomicalStructurePrimary=f"Cortex{name.title()}")
        surfaces[name] = GiftiImage(darrays=arrays, meta=meta)
    return surfaces


def to_mne(
    responses, ch_names, times, *, ch_types="eeg", montage=None, continuous=False
):
    """Turn responses of electrodes into MNE objects.

    Parameters
    ----------
    responses : array-like of shape (n_channels, n_times) or (n_images, n_channels, \
n_times)
        Responses; average repeats first.
    ch_names : sequence of str of shape (n_channels,)
        Names, such as ``ch_names_`` of `EEGEncoder`.
    times : array-like of shape (n_times,)
        Evenly spaced times, in ms, such as ``times_``.
    ch_types : str or sequence of str, default="eeg"
        Types of the channels, as MNE names them. MNE takes values of ``"eeg"`` for
        volts; those of the published models are standard deviations of the baseline.
    montage : str or mne.channels.DigMontage, default=None
        Where the electrodes lie, for example ``"biosemi64"``.
    continuous : bool, default=False
        Whether one recording is to be continuous, such as a simulation that went
        through a `skneuro.dynamics.LeadField`, instead of a response to an event.

    Returns
    -------
    mne.EvokedArray, mne.EpochsArray or mne.io.RawArray
        Evoked response of one image, or one epoch per image, whose event code is its
        number, from 1; with ``continuous=True`` a recording.

    Raises
    ------
    ValueError
        If shapes disagree or times are not evenly spaced.
    ImportError
        If mne is not installed.

    See Also
    --------
    to_xarray : Labelled arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.encoding import to_mne
    >>> evoked = to_mne(np.zeros((2, 3)), ["O1", "O2"], [-5.0, 0.0, 5.0])
    >>> evoked.ch_names, evoked.times.tolist()
    (['O1', 'O2'], [-0.005, 0.0, 0.005])
    """
    mne = _import("mne", "to_mne", "eeg")
    responses = np.asarray(responses, np.float64)
    times = np.asarray(times, np.float64)
    ch_names = [str(name) for name in ch_names]
    expected = (len(ch_names), len(times))
    if responses.ndim not in (2, 3) or responses.shape[-2:] != expected:
        raise ValueError(
            f"responses have shape {responses.shape}; expected (n_images, "
            f"{expected[0]}, {expected[1]}): channels and times. Average repeats, or "
            "predict with repeats='mean'."
        )
    steps = np.diff(times)
    if len(steps) == 0 or steps.min() <= 0 or np.ptp(steps) > 1e-3 * steps.mean():
        found = f"{steps.min():g} to {steps.max():g} ms" if len(steps) else "one time"
        raise ValueError(
            f"times have steps of {found}; expected two or more times, evenly spaced."
        )
    sfreq = 1000 * (len(times) - 1) / (times[-1] - times[0])
    info = mne.create_info(ch_names, sfreq, ch_types)
    tmin = times[0] / 1000  # MNE wants s
    if continuous:
        if responses.ndim != 2:
            raise ValueError(
                f"responses have shape {responses.shape}; expected (n_channels, "
                "n_times) for a continuous recording. Pass one of them at a time."
            )
        first = round(tmin * sfreq)
        made = mne.io.RawArray(responses, info, first_samp=first, verbose=False)
    elif responses.ndim == 2:
        made = mne.EvokedArray(responses, info, tmin=tmin, verbose=False)
    else:
        codes = np.arange(1, len(responses) + 1)
        events = np.column_stack([codes, np.zeros_like(codes), codes])
        made = mne.EpochsArray(responses, info, events, tmin=tmin, verbose=False)
    if montage is not None:
        made.set_montage(montage)
    return made


def to_xarray(responses, metadata=None, *, ch_names=None, times=None, images=None):
    """Label responses.

    Parameters
    ----------
    responses : array-like of shape (n_images, n_targets) or (n_images, [n_repeats,] \
n_channels, n_times)
        What an encoder predicts.
    metadata : DataFrame of n_targets rows, default=None
        One row per target or channel; its columns become coordinates.
    ch_names : sequence of str of shape (n_channels,), default=None
        Names of the channels.
    times : array-like of shape (n_times,), default=None
        Times, in ms.
    images : sequence of str of shape (n_images,), default=None
        Names of the images.

    Returns
    -------
    xarray.DataArray
        Dimensions ``image`` and ``target``, or ``image``, ``repeat``, ``channel`` and
        ``time``.

    Raises
    ------
    ValueError
        If labels and axes have different lengths.

    See Also
    --------
    to_mne : Objects of MNE.

    Examples
    --------
    >>> import pandas as pd
    >>> from skneuro.encoding import to_xarray
    >>> table = pd.DataFrame({"roi": ["V1", "V2"], "noise_ceiling": [0.5, 0.2]})
    >>> responses = to_xarray([[1.0, 2.0]], table)
    >>> float(responses.sel(target=responses.roi == "V2").item())
    2.0
    """
    import xarray as xr

    responses = np.asarray(responses)
    dims = {
        2: ("image", "target"),
        3: ("image", "channel", "time"),
        4: ("image", "repeat", "channel", "time"),
    }.get(responses.ndim)
    if dims is None:
        raise ValueError(
            f"responses have shape {responses.shape}; expected (n_images, n_targets), "
            "(n_images, n_channels, n_times) or with repeats."
        )
    sizes = dict(zip(dims, responses.shape, strict=True))
    coords = {}

    def label(name, dim, values):
        values = np.asarray(values)
        if dim not in sizes or values.shape != (sizes[dim],):
            raise ValueError(
                f"{name} has shape {values.shape}, but responses have the axes "
                f"{sizes}; expected one label for each {dim}."
            )
        coords[name] = (dim, values)

    if images is not None:
        label("image", "image", images)
    if ch_names is not None:
        label("channel", "channel", [str(name) for name in ch_names])
    if times is not None:
        label("time", "time", np.asarray(times, np.float64))
    if metadata is not None:
        for column in metadata.columns:
            label(
                str(column),
                "channel" if "channel" in sizes else "target",
                metadata[column],
            )
    array = xr.DataArray(responses, dims=dims, coords=coords, name="response")
    if "time" in array.coords:
        array.time.attrs["units"] = "ms"
    return array


def _import(module, caller, extra):
    """Import an optional library, or say how to get it."""
    import importlib

    try:
        return importlib.import_module(module)
    except ImportError as exc:
        raise ImportError(
            f'{caller} needs {module}; pip install "skneuro[{extra}]".'
        ) from exc
