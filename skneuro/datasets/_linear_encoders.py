"""The published linear encoders on a vision transformer: fsaverage fMRI and EEG."""

import numpy as np
from sklearn.utils import Bunch

from skneuro.datasets._berg_files import FILE_CONSTRAINTS, BergFiles
from skneuro.datasets._encoder_catalog import describe_encoder
from skneuro.datasets._encoder_metadata import (
    HEMISPHERES,
    channel_table,
    count_vertices,
    image_splits,
    stimulus_lists,
    vertex_rois,
    vertex_table,
)
from skneuro.datasets._encoder_selection import (
    check_channels,
    check_indices,
    check_rois,
    check_subjects,
)
from skneuro.exceptions import UnreadableFileError
from skneuro.io._cards import load_cards, metadata_key, weights_keys
from skneuro.utils._param_validation import HasMethods, StrOptions, validate_params

_BACKBONE = "vit_b_32-d86f8d99.pth"
_FEATURE_CONSTRAINTS = FILE_CONSTRAINTS | {
    "features": [HasMethods("transform"), None],
    "preprocessing": [StrOptions({"train", "berg"})],
}


@validate_params(
    _FEATURE_CONSTRAINTS | {"hemisphere": [StrOptions({"both", "left", "right"})]},
    prefer_skip_nested_validation=True,
)
def fetch_nsd_fsaverage_vit(
    subject=1,
    *,
    roi=None,
    hemisphere="both",
    lh_vertices=None,
    rh_vertices=None,
    features=None,
    preprocessing="train",
    berg_dir=None,
    data_home=None,
    download_if_missing=True,
    strict=False,
    progress=False,
    registry=None,
    device="auto",
):
    """Fetch encoders of 7 T fMRI on the fsaverage surface, trained on natural scenes.

    A vision transformer, the outputs of its 12 blocks reduced to 250 principal
    components, and a linear regression to all vertices, fitted to each subject of the
    Natural Scenes Dataset [1]_, as published with the Brain Encoding Response
    Generator. One file holds a subject; it is converted once, and from then on only
    the selected vertices are read.

    Parameters
    ----------
    subject : int, list of int or "all", default=1
        Subjects, 1 to 8.
    roi : str, list of str or "all", default=None
        Regions of interest, of V1d, V1v, V2d, V2v, V3d, V3v, hV4, OFA, FFA-1, FFA-2,
        mTL-faces, aTL-faces, OWFA, VWFA-1, VWFA-2, mfs-words, mTL-words, OPA, PPA, RSC,
        EBA, FBA-1, FBA-2, mTL-bodies, early, midventral, midlateral, midparietal,
        parietal, lateral, ventral and nsdgeneral. Several are united; ``"OVWFA"`` is
        ``"OWFA"``. A region may be empty. None is all vertices.
    hemisphere : {"both", "left", "right"}, default="both"
        Hemispheres to predict.
    lh_vertices, rh_vertices : array-like of shape (n_selected,), default=None
        Vertices of the left and right hemisphere instead of ``roi``, as a mask of
        163,842 values or as indices. With only one of them, the other hemisphere is
        left out.
    features : transformer, default=None
        Turns images into features; None is the published backbone, whose weights are
        fetched. Pass the one of another encoder, ``other.encoder.features``, to share
        it.
    preprocessing : {"train", "berg"}, default="train"
        ``"train"`` shows the network the whole image, as when it was trained,
        ``"berg"`` the central 87.5 %, as BERG predicts.
    berg_dir : str or path-like, default=None
        A folder of yours that mirrors the public bucket; it is used in place and never
        written to. None fetches into the cache.
    data_home : str or path-like, default=None
        Cache folder; None is ``SKNEURO_DATA`` or the platform's cache folder.
    download_if_missing : bool, default=True
        If False, raise instead of fetching files that are not in the cache.
    strict : bool, default=False
        If True, refuse files whose hash the registry does not know.
    progress : bool, default=False
        Whether to show a progress bar of bytes.
    registry : Registry, str or path-like, default=None
        Files that can be fetched; None is the list that comes with skneuro.
    device : str or torch.device, default="auto"
        Where the backbone computes.

    Returns
    -------
    bunch : Bunch
        With the fields:

        - ``encoder`` : :class:`~skneuro.encoding.LinearEncoder`, ready to predict
          (n_images, n_vertices) float32, in betas z-scored in each session: of each
          subject the left, then the right hemisphere
        - ``metadata`` : DataFrame, one row per vertex: ``subject``, ``hemisphere``,
          ``vertex``, ``ncsnr``, ``correlation``, ``r2``, ``noise_ceiling`` (as r2),
          ``explained_variance`` (in percent of the noise ceiling), the same with
          ``_nsdsynthetic`` where the file has them, and a boolean for each region
        - ``images`` : dict of subject to the numbers, from 0, of the images that
          served for training, validation and test
        - ``card`` : dict, what is known of the model
        - ``DESCR`` : str

    Raises
    ------
    ValueError
        If a subject, region or vertex does not exist; names those that do.
    FileNotFoundError
        If a file is not there and may not be fetched.
    UnreadableFileError
        If a file is damaged or belongs to another model, or (`UnsafeFileError`) could
        run code.
    DownloadError
        If a file cannot be had; see :func:`skneuro.io.fetch_file`.

    Warns
    -----
    UnverifiedDownloadWarning
        At the first download of a file whose hash the registry does not know.
    HashMismatchWarning
        If a file of ``berg_dir`` is not the one that skneuro knows.

    See Also
    --------
    fetch_nsd_fwrf : Encoders of the same data in volume space.
    list_encoders : All published encoders.

    References
    ----------
    .. [1] E. J. Allen et al. (2022), Nat. Neurosci. 25, 116-126.
       :doi:`10.1038/s41593-021-00962-x`

    Examples
    --------
    >>> from skneuro.datasets import fetch_nsd_fsaverage_vit
    >>> v1 = fetch_nsd_fsaverage_vit(roi=["V1d", "V1v"])  # doctest: +SKIP
    >>> v1.encoder.predict(images).shape  # doctest: +SKIP
    (100, 2973)
    """
    from skneuro.encoding import LinearEncoder

    card = load_cards()["fmri-nsd_fsaverage-vit_b_32"]
    subjects = check_subjects(subject, card)
    rois = None if roi is None else check_rois(roi, card)
    vertices = {"lh": lh_vertices, "rh": rh_vertices}
    by_vertex = any(v is not None for v in vertices.values())
    if by_vertex and (rois is not None or hemisphere != "both"):
        raise ValueError(
            "lh_vertices and rh_vertices select vertices themselves; leave out roi and "
            "hemisphere, or select by these."
        )
    files = BergFiles(
        berg_dir,
        data_home=data_home,
        download_if_missing=download_if_missing,
        strict=strict,
        progress=progress,
        registry=registry,
    )
    _locate(files, card, subjects, backbone=features is None)
    weights, tables, targets, images, start = [], [], [], {}, 0
    for s in subjects:
        key = metadata_key(card, s)
        found = files.read(key)
        counts = count_vertices(found, key)
        selected = {}
        for side, name in HEMISPHERES.items():
            chosen, n = vertices[side], counts[side]
            if chosen is not None:
                selected[side] = check_indices(chosen, n, f"{side}_vertices")
            elif by_vertex or hemisphere not in ("both", name):
                selected[side] = np.arange(0)
            elif rois is None:
                selected[side] = np.arange(n)
            else:
                selected[side] = _union(found, side, n, rois, key)
        tables.append(vertex_table(found, s, selected, key))
        images[s] = image_splits(found)
        opened = files.open(weights_keys(card, s)[0])
        sizes = {f"{side}_reg_param": counts[side] for side in HEMISPHERES}
        weights.append(_check_weights(opened, sizes))
        targets += [start + selected["lh"], start + counts["lh"] + selected["rh"]]
        start += sum(counts.values())
    targets = np.concatenate(targets)
    if features is None:
        features = _vision_features(files, preprocessing, device)
    encoder = LinearEncoder(
        weights[0] if len(weights) == 1 else weights,
        features=features,
        targets=None if len(targets) == start and not by_vertex else targets,
    )
    return Bunch(
        encoder=encoder,
        metadata=_concatenate(tables),
        images=images,
        card=card,
        DESCR=describe_encoder(card["model_id"]).text,
    )


@validate_params(
    _FEATURE_CONSTRAINTS | {"repeats": [StrOptions({"mean", "all"})]},
    prefer_skip_nested_validation=True,
)
def fetch_things_eeg2_vit(
    subject=1,
    *,
    channels=None,
    timepoints=None,
    repeats="mean",
    features=None,
    preprocessing="train",
    berg_dir=None,
    data_home=None,
    download_if_missing=True,
    strict=False,
    progress=False,
    registry=None,
    device="auto",
):
    """Fetch encoders of EEG responses to images, trained on THINGS EEG2.

    A vision transformer, the outputs of its 12 blocks reduced to 250 principal
    components, and four linear regressions to 63 channels and 140 times (from -100 to
    595 ms), each fitted to other repeats of the training images [1]_, as published
    with the Brain Encoding Response Generator. Files of all generations are read.

    Parameters
    ----------
    subject : int, list of int or "all", default=1
        Subjects, 1 to 10.
    channels : str, list of str or list of int, default=None
        Channels to predict, in this order, by name or number; None is all 63.
    timepoints : array-like of shape (n_selected,), default=None
        Times to predict, as a mask of 140 values or as indices; None is all.
    repeats : {"mean", "all"}, default="mean"
        Whether to average the four regressions, which predicts best, or return all.
        They are no samples of the noise.
    features : transformer, default=None
        Turns images into features; None is the published backbone, whose weights are
        fetched.
    preprocessing : {"train", "berg"}, default="train"
        ``"train"`` shows the network the whole image, as when it was trained,
        ``"berg"`` the central 87.5 %, as BERG predicts.
    berg_dir : str or path-like, default=None
        A folder of yours that mirrors the public bucket; it is used in place and never
        written to. None fetches into the cache.
    data_home : str or path-like, default=None
        Cache folder; None is ``SKNEURO_DATA`` or the platform's cache folder.
    download_if_missing : bool, default=True
        If False, raise instead of fetching files that are not in the cache.
    strict : bool, default=False
        If True, refuse files whose hash the registry does not know.
    progress : bool, default=False
        Whether to show a progress bar of bytes.
    registry : Registry, str or path-like, default=None
        Files that can be fetched; None is the list that comes with skneuro.
    device : str or torch.device, default="auto"
        Where the backbone computes.

    Returns
    -------
    bunch : Bunch
        With the fields:

        - ``encoder`` : :class:`~skneuro.encoding.EEGEncoder`, ready to predict
          (n_images, n_channels, n_times) float32, or with ``repeats="all"``
          (n_images, 4, n_channels, n_times), z-scored against the time before the
          image, after the current source density transform. If ``subject`` is a list
          or ``"all"``, a list of encoders, one per subject, that share ``features``
        - ``metadata`` : DataFrame, one row per predicted channel: ``subject``,
          ``channel``, ``correlation`` (mean over times), ``peak_correlation`` and
          ``peak_time``, in ms
        - ``times`` : ndarray of shape (n_times,), predicted times, in ms
        - ``correlation`` : dict of subject to ndarray of shape (n_channels, n_times),
          accuracy of the mean over repeats, of all channels and times of the model
        - ``correlation_single`` : dict of subject to ndarray of shape (4, n_channels,
          n_times), accuracy of each regression
        - ``images`` : dict of subject to the names of training and test images
        - ``card`` : dict, what is known of the model
        - ``DESCR`` : str

    Raises
    ------
    ValueError
        If a subject, channel or time does not exist; names those that do.
    FileNotFoundError
        If a file is not there and may not be fetched.
    UnreadableFileError
        If a file is damaged or belongs to another model, or (`UnsafeFileError`) could
        run code.
    DownloadError
        If a file cannot be had; see :func:`skneuro.io.fetch_file`.

    Warns
    -----
    UnverifiedDownloadWarning
        At the first download of a file whose hash the registry does not know.
    HashMismatchWarning
        If a file of ``berg_dir`` is not the one that skneuro knows.

    See Also
    --------
    list_encoders : All published encoders.

    References
    ----------
    .. [1] A. T. Gifford, K. Dwivedi, G. Roig, R. M. Cichy (2022), NeuroImage 264,
       119754. :doi:`10.1016/j.neuroimage.2022.119754`

    Examples
    --------
    >>> from skneuro.datasets import fetch_things_eeg2_vit
    >>> eeg = fetch_things_eeg2_vit(channels=["Oz", "O1"])  # doctest: +SKIP
    >>> eeg.encoder.predict(images).shape  # doctest: +SKIP
    (100, 2, 140)
    """
    from skneuro.encoding import EEGEncoder

    card = load_cards()["eeg-things_eeg_2-vit_b_32"]
    subjects = check_subjects(subject, card)
    files = BergFiles(
        berg_dir,
        data_home=data_home,
        download_if_missing=download_if_missing,
        strict=strict,
        progress=progress,
        registry=registry,
    )
    _locate(files, card, subjects, backbone=features is None)
    bunch = eeg_metadata(files, card, subjects, [None])
    names = bunch.metadata.loc[bunch.metadata["subject"] == subjects[0], "channel"]
    names = names.to_list()
    picks = check_channels(channels, names)
    samples = check_indices(timepoints, len(bunch.times), "timepoints")
    encoders, times = [], bunch.times
    for s in subjects:
        opened = files.open(weights_keys(card, s)[0])
        rows = len(names) * len(times)
        sizes = {f"reg_param.rep-{i + 1}": rows for i in range(card["n_repeats"])}
        weights = _check_weights(opened, sizes)
        if features is None:
            features = _vision_features(files, preprocessing, device)
        encoders.append(
            EEGEncoder(
                weights,
                features=features,
                ch_names=names,
                times=times,
                channels=None if channels is None else [names[i] for i in picks],
                samples=None if timepoints is None else samples,
                repeats=repeats,
            )
        )
    rows = [
        i * len(names) + pick for i in range(len(subjects)) for pick in picks.tolist()
    ]
    bunch.metadata = bunch.metadata.iloc[rows].reset_index(drop=True)
    bunch.times = times[samples]
    several = not np.isscalar(subject) or isinstance(subject, str)
    bunch.encoder = encoders if several else encoders[0]
    return bunch


def fsaverage_metadata(files, card, subjects, _):
    """Tables of all vertices of some subjects, without weights."""
    tables, images = [], {}
    for s in subjects:
        key = metadata_key(card, s)
        found = files.read(key)
        counts = count_vertices(found, key)
        whole = {side: np.arange(n) for side, n in counts.items()}
        tables.append(vertex_table(found, s, whole, key))
        images[s] = image_splits(found)
    return Bunch(
        encoder=None,
        metadata=_concatenate(tables),
        images=images,
        card=card,
        DESCR=describe_encoder(card["model_id"]).text,
    )


def eeg_metadata(files, card, subjects, _):
    """Tables of all channels of some subjects, without weights."""
    tables, images, correlation, single = [], {}, {}, {}
    times, names = None, None
    for s in subjects:
        key = metadata_key(card, s)
        found = files.read(key)
        table, arrays = channel_table(found, s, key)
        if names is not None and names != table["channel"].to_list():
            raise UnreadableFileError(
                f"{key} has other channels than subject {subjects[0]}. Fetch or copy "
                "the files anew."
            )
        names, times = table["channel"].to_list(), arrays["times"]
        correlation[s], single[s] = arrays["correlation"], arrays["correlation_single"]
        images[s] = stimulus_lists(found)
        tables.append(table)
    return Bunch(
        encoder=None,
        metadata=_concatenate(tables),
        times=times,
        correlation=correlation,
        correlation_single=single,
        images=images,
        card=card,
        DESCR=describe_encoder(card["model_id"]).text,
    )


def _concatenate(tables):
    import pandas as pd

    return pd.concat(tables, ignore_index=True)


def _locate(files, card, subjects, *, backbone):
    """Fetch everything that is missing, under one progress bar."""
    files.locate(
        [
            key
            for s in subjects
            for key in (metadata_key(card, s), *weights_keys(card, s))
        ]
    )
    if backbone:
        files.open_backbone(_BACKBONE)


def _vision_features(files, preprocessing, device):
    from skneuro.encoding import EncoderWeights, VisionFeatures

    weights = EncoderWeights(dict(files.open_backbone(_BACKBONE)))
    return VisionFeatures(weights=weights, preprocessing=preprocessing, device=device)


def _union(metadata, side, n_vertices, rois, path):
    """Vertices of any of several regions, in the order of the surface."""
    known = vertex_rois(metadata, side, n_vertices, path)
    if absent := [roi for roi in rois if roi not in known]:
        raise ValueError(
            f"roi={absent[0]!r} is not in {path}, which has {', '.join(known)}. Pass "
            "one of these."
        )
    return np.unique(np.concatenate([known[roi] for roi in rois]))


def _check_weights(opened, sizes):
    """Take the arrays of a linear encoder; complain about files of another model."""
    from skneuro.encoding import EncoderWeights

    kept = {}
    for name, array in opened.items():
        wanted = ("mean_", "scale_", "components_", "coef_", "intercept_")
        if name.rpartition(".")[2] in wanted:
            kept[name] = array
    for name, n_targets in sizes.items():
        if f"{name}.coef_" not in kept or "scaler_param.mean_" not in kept:
            there = sorted({key.partition(".")[0] for key in opened})
            raise UnreadableFileError(
                f"{opened.source} has no 'scaler_param' or no '{name}'; it has "
                f"{', '.join(there) or 'no arrays'}. Is it a file of another model?"
            )
        found = kept[f"{name}.coef_"].shape
        if len(found) != 2 or found[0] != n_targets:
            raise UnreadableFileError(
                f"{opened.source}: {name} has coefficients of shape {found}, but the "
                f"metadata have {n_targets} targets. The files do not belong together; "
                "fetch or copy them anew."
            )
    return EncoderWeights(kept)
