"""Published encoders of voxels: networks trained from images to responses."""

from skneuro.datasets._berg_files import FILE_CONSTRAINTS, BergFiles, encoder_bunch
from skneuro.datasets._encoder_metadata import image_splits, voxel_table
from skneuro.datasets._encoder_selection import check_rois, check_subjects
from skneuro.exceptions import UnreadableFileError
from skneuro.io._cards import load_cards, metadata_key, weights_keys
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
    files.locate_models(card, subjects, rois)
    bunch = fwrf_metadata(files, card, subjects, rois)
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


def fwrf_metadata(files, card, subjects, rois):
    """Tables of all voxels of some subjects and regions, without weights."""
    tables, volumes, images = [], {}, {}
    for s in subjects:
        for r in rois:
            key = metadata_key(card, s, r)
            found = files.read(key)
            table, volumes[s] = voxel_table(found, s, r, key)
            images[s, r] = image_splits(found)
            tables.append(table)
    return encoder_bunch(card, tables, volumes=volumes, images=images)
