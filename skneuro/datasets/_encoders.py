"""Published encoding models: fetched, checked, and handed out as estimators."""

from sklearn.utils import Bunch

from skneuro.datasets._berg_files import FILE_CONSTRAINTS, BergFiles
from skneuro.datasets._encoder_catalog import (
    describe_encoder,
    find_card,
    find_loader,
)
from skneuro.datasets._encoder_metadata import image_splits, voxel_table
from skneuro.datasets._encoder_selection import check_rois, check_subjects
from skneuro.datasets._linear_encoders import (
    eeg_metadata,
    fetch_nsd_fsaverage_vit,
    fetch_things_eeg2_vit,
    fsaverage_metadata,
)
from skneuro.exceptions import UnreadableFileError
from skneuro.io import fetch_files
from skneuro.io._cards import load_cards, metadata_key, weights_keys
from skneuro.io._fetch import as_registry
from skneuro.utils._param_validation import validate_params


@validate_params(FILE_CONSTRAINTS, prefer_skip_nested_validation=True)
def fetch_nsd_fwrf(
    subject=1,
    *,
    roi="V1",
    berg_dir=None,
    data_home=None,
    download_if_missing=True,
    strict=False,
    progress=False,
    registry=None,
    device="auto",
):
    """Fetch encoders of 7 T fMRI in volume space, trained on natural scenes.

    One network for each subject and region of interest, trained from images to voxels
    with free-form pooling fields [1]_ on the Natural Scenes Dataset [2]_, as published
    with the Brain Encoding Response Generator. Only the files of the selection are
    fetched.

    Parameters
    ----------
    subject : int, list of int or "all", default=1
        Subjects, 1 to 8.
    roi : str, list of str or "all", default="V1"
        Regions of interest, of V1, V2, V3, hV4, EBA, FBA-2, OFA, FFA-1, FFA-2, PPA,
        RSC, OPA, OWFA, VWFA-1, VWFA-2, mfs-words, early, midventral, midlateral,
        midparietal, parietal, lateral and ventral. ``"OVWFA"`` is ``"OWFA"``.
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
        Where the encoder computes.

    Returns
    -------
    bunch : Bunch
        With the fields:

        - ``encoder`` : :class:`~skneuro.encoding.GNetEncoder`, ready to predict
          (n_images, n_voxels) float32, in betas z-scored in each session; all voxels
          of the first subject come first, region by region in the order of ``roi``
        - ``metadata`` : DataFrame, one row per voxel: ``subject``, ``roi``, ``voxel``,
          ``ncsnr``, ``r2``, ``noise_ceiling`` (as r2), ``explained_variance`` (in
          percent of the noise ceiling), volume index ``i``, ``j``, ``k``, and ``x``,
          ``y``, ``z`` in mm
        - ``volumes`` : dict of subject to ``shape`` and ``affine`` of its volume
        - ``images`` : dict of (subject, roi) to the numbers, from 0, of the images of
          the Natural Scenes Dataset that served for training, validation and test
        - ``card`` : dict, what is known of the model
        - ``DESCR`` : str

    Raises
    ------
    ValueError
        If a subject or region does not exist; names those that do.
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
    fetch_encoder_metadata : The table alone, without weights.
    list_encoders : All published encoders.

    References
    ----------
    .. [1] G. St-Yves, E. J. Allen, Y. Wu, K. Kay, T. Naselaris (2023), Nature
       Communications 14, 3329. :doi:`10.1038/s41467-023-38674-4`
    .. [2] E. J. Allen et al. (2022), Nat. Neurosci. 25, 116-126.
       :doi:`10.1038/s41593-021-00962-x`

    Examples
    --------
    >>> from skneuro.datasets import fetch_nsd_fwrf
    >>> v1 = fetch_nsd_fwrf(subject=1, roi="V1")  # doctest: +SKIP
    >>> v1.encoder.predict(images).shape  # doctest: +SKIP
    (100, 1350)
    """
    from skneuro.encoding import GNetEncoder

    card = load_cards()["fmri-nsd-fwrf"]
    subjects, rois = check_subjects(subject, card), check_rois(roi, card)
    files = BergFiles(
        berg_dir,
        data_home=data_home,
        download_if_missing=download_if_missing,
        strict=strict,
        progress=progress,
        registry=registry,
    )
    files.locate(  # everything that is missing, under one progress bar
        [
            key
            for s in subjects
            for r in rois
            for key in (metadata_key(card, s, r), *weights_keys(card, s, r))
        ]
    )
    bunch = _fwrf_metadata(files, card, subjects, rois)
    parts, counts = [], []
    for s in subjects:
        for r in rois:
            networks = [
                _fwrf_weights(files.open(key), s) for key in weights_keys(card, s, r)
            ]
            counts.append(sum(len(network["fwrf.b"]) for network in networks))
            parts += networks
    expected = bunch.metadata.groupby(["subject", "roi"], sort=False).size()
    if counts != expected.to_list():
        raise UnreadableFileError(
            f"the weights have {counts} voxels, but the metadata "
            f"{expected.to_list()}, for subjects {subjects} and regions {rois}. The "
            "files do not belong together; fetch or copy them anew."
        )
    bunch.encoder = GNetEncoder.from_weights(*parts, device=device)
    return bunch


def _fwrf_weights(opened, subject):
    """Arrays of one network under the names that the encoder expects."""
    fields = opened.part(f"best_params.fwrfs.{subject}.")
    network = opened.part("best_params.enc.")
    if not fields or not network:
        there = sorted({".".join(name.split(".")[:3]) for name in opened})[:5]
        raise UnreadableFileError(
            f"{opened.source} has no network 'best_params.enc' or no readout "
            f"'best_params.fwrfs.{subject}' of subject {subject}; it has "
            f"{', '.join(there) or 'no arrays'}. Is it a file of another model or "
            "subject?"
        )
    named = {f"enc.{name}": array for name, array in network.items()}
    return named | {f"fwrf.{name}": array for name, array in fields.items()}


def _fwrf_metadata(files, card, subjects, rois):
    import pandas as pd

    tables, volumes, images = [], {}, {}
    for s in subjects:
        for r in rois:
            key = metadata_key(card, s, r)
            found = files.read(key)
            table, volumes[s] = voxel_table(found, s, r, key)
            images[s, r] = image_splits(found)
            tables.append(table)
    return Bunch(
        encoder=None,
        metadata=pd.concat(tables, ignore_index=True),
        volumes=volumes,
        images=images,
        card=card,
        DESCR=describe_encoder(card["model_id"]).text,
    )


_FETCHERS = {
    "fmri-nsd-fwrf": fetch_nsd_fwrf,
    "fmri-nsd_fsaverage-vit_b_32": fetch_nsd_fsaverage_vit,
    "eeg-things_eeg_2-vit_b_32": fetch_things_eeg2_vit,
}


def fetch_encoder(model_id, **parameters):
    """Fetch an encoding model by its id.

    Parameters
    ----------
    model_id : str
        Name of the model, of `list_encoders`.
    **parameters : dict
        Passed to the fetcher of the model: ``subject``, ``roi`` and so on.

    Returns
    -------
    Bunch
        With ``encoder``, ``metadata``, ``card`` and ``DESCR``; see the fetcher that
        `list_encoders` names.

    Raises
    ------
    ValueError
        If there is no such model, or a parameter is wrong.
    NotImplementedError
        If skneuro does not read the files of this model yet.

    See Also
    --------
    list_encoders : All models.

    Examples
    --------
    >>> from skneuro.datasets import fetch_encoder
    >>> bunch = fetch_encoder("fmri-nsd-fwrf", subject=1, roi="V1")  # doctest: +SKIP
    """
    card = find_card(model_id)
    if (loader := find_loader(model_id)) is not None:
        return loader(**parameters)
    _check_built(card)
    return _FETCHERS[model_id](**parameters)


def _check_built(card):
    if card["status"] != "built":
        built = ", ".join(_FETCHERS)
        raise NotImplementedError(
            f"{card['model_id']}: the reader is not built yet; skneuro reads {built}."
        )


@validate_params(FILE_CONSTRAINTS, prefer_skip_nested_validation=True)
def fetch_encoder_metadata(
    model_id,
    *,
    subject=1,
    roi=None,
    berg_dir=None,
    data_home=None,
    download_if_missing=True,
    strict=False,
    progress=False,
    registry=None,
):
    """Fetch the metadata of an encoding model, without its weights.

    Parameters
    ----------
    model_id : str
        Name of the model, of `list_encoders`.
    subject : int, list of int or "all", default=1
        Subjects.
    roi : str, list of str or "all", default=None
        Regions of interest, for models that have a file for each; None is all.
    berg_dir : str or path-like, default=None
        A folder of yours that mirrors the public bucket; None fetches.
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

    Returns
    -------
    bunch : Bunch
        The fields of the model's fetcher, where ``encoder`` is None.

    Raises
    ------
    ValueError
        If a model, subject or region does not exist; names those that do.
    NotImplementedError
        If skneuro does not read the files of this model yet.
    FileNotFoundError
        If a file is not there and may not be fetched.
    UnreadableFileError
        If a file is damaged or belongs to another model.
    DownloadError
        If a file cannot be had; see :func:`skneuro.io.fetch_file`.

    Examples
    --------
    >>> from skneuro.datasets import fetch_encoder_metadata
    >>> found = fetch_encoder_metadata("fmri-nsd-fwrf", roi="V1")  # doctest: +SKIP
    """
    card = find_card(model_id)
    _check_built(card)
    subjects = check_subjects(subject, card)
    if "{roi}" in card["files"]["metadata"]:
        rois = check_rois("all" if roi is None else roi, card)
    elif roi is not None:
        raise ValueError(
            f"roi={roi!r}, but {model_id} has one file for all regions; leave roi out "
            "and select rows of .metadata."
        )
    else:
        rois = [None]
    files = BergFiles(
        berg_dir,
        data_home=data_home,
        download_if_missing=download_if_missing,
        strict=strict,
        progress=progress,
        registry=registry,
    )
    files.locate([metadata_key(card, s, r) for s in subjects for r in rois])
    return _METADATA[model_id](files, card, subjects, rois)


_METADATA = {
    "fmri-nsd-fwrf": _fwrf_metadata,
    "fmri-nsd_fsaverage-vit_b_32": fsaverage_metadata,
    "eeg-things_eeg_2-vit_b_32": eeg_metadata,
}


@validate_params(
    {k: v for k, v in FILE_CONSTRAINTS.items() if k != "berg_dir"},
    prefer_skip_nested_validation=True,
)
def fetch_berg_tutorial_images(
    *,
    data_home=None,
    download_if_missing=True,
    strict=False,
    progress=False,
    registry=None,
):
    """Fetch the 100 photographs of the tutorials of BERG, from COCO [1]_.

    Parameters
    ----------
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

    Returns
    -------
    bunch : Bunch
        With the fields:

        - ``filenames`` : list of str, the files, which encoders take as they are
        - ``images`` : list of ndarray of shape (height, width, 3), uint8
        - ``DESCR`` : str

    Raises
    ------
    FileNotFoundError
        If a file is not in the cache and may not be fetched.
    DownloadError
        If a file cannot be had; see :func:`skneuro.io.fetch_file`.

    References
    ----------
    .. [1] T.-Y. Lin et al. (2014), Microsoft COCO, ECCV.
       :doi:`10.1007/978-3-319-10602-1_48`

    Examples
    --------
    >>> from skneuro.datasets import fetch_berg_tutorial_images
    >>> photographs = fetch_berg_tutorial_images()  # doctest: +SKIP
    """
    import numpy as np
    from PIL import Image

    registry = as_registry(registry)
    keys = sorted(registry.match("berg_tutorials/tutorial_images"))
    paths = fetch_files(
        keys,
        data_home=data_home,
        download_if_missing=download_if_missing,
        strict=strict,
        progress=progress,
        registry=registry,
    )
    images = []
    for path in paths:
        with Image.open(path) as image:
            images.append(np.asarray(image.convert("RGB")))
    return Bunch(
        filenames=[str(path) for path in paths],
        images=images,
        DESCR=(
            f"{len(paths)} photographs of the validation set of COCO 2017, as the "
            "tutorials of the Brain Encoding Response Generator use them. The "
            "photographs belong to their authors on Flickr, under the terms that COCO "
            "lists: https://cocodataset.org/#termsofuse"
        ),
    )
