"""Published encoders of the fsaverage surface, on a vision transformer."""

import numpy as np

from skneuro.datasets._berg_files import BergFiles, encoder_bunch
from skneuro.datasets._encoder_metadata import (
    HEMISPHERES,
    count_vertices,
    image_splits,
    vertex_rois,
    vertex_table,
)
from skneuro.datasets._encoder_selection import check_rois, check_subjects
from skneuro.datasets._linear_files import (
    FEATURE_CONSTRAINTS,
    check_weights,
    locate_models,
    vision_features,
)
from skneuro.io._cards import load_cards, metadata_key, weights_keys
from skneuro.utils._param_validation import StrOptions, validate_params
from skneuro.utils._validation import find_indices


@validate_params(
    FEATURE_CONSTRAINTS | {"hemisphere": [StrOptions({"both", "left", "right"})]},
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
    locate_models(files, card, subjects, features)
    weights, tables, targets, images, start = [], [], [], {}, 0
    for s in subjects:
        key = metadata_key(card, s)
        found = files.read(key)
        counts = count_vertices(found, key)
        selected = {}
        for side, name in HEMISPHERES.items():
            chosen, n = vertices[side], counts[side]
            if chosen is not None:
                selected[side] = find_indices(chosen, n, f"{side}_vertices")
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
        weights.append(check_weights(opened, sizes))
        targets += [start + selected["lh"], start + counts["lh"] + selected["rh"]]
        start += sum(counts.values())
    targets = np.concatenate(targets)
    if features is None:
        features = vision_features(files, preprocessing, device)
    encoder = LinearEncoder(
        weights[0] if len(weights) == 1 else weights,
        features=features,
        targets=None if len(targets) == start and not by_vertex else targets,
    )
    bunch = encoder_bunch(card, tables, images=images)
    bunch.encoder = encoder
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
    return encoder_bunch(card, tables, images=images)


def _union(metadata, side, n_vertices, rois, path):
    """Vertices of any of several regions, in the order of the surface."""
    known = vertex_rois(metadata, side, n_vertices, path)
    if absent := [roi for roi in rois if roi not in known]:
        raise ValueError(
            f"roi={absent[0]!r} is not in {path}, which has {', '.join(known)}. Pass "
            "one of these."
        )
    return np.unique(np.concatenate([known[roi] for roi in rois]))
