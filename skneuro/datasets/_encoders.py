"""Published encoding models by their id, their metadata, and BERG's photographs."""

from sklearn.utils import Bunch

from skneuro.datasets._berg_files import FILE_CONSTRAINTS, BergFiles
from skneuro.datasets._encoder_catalog import find_card, find_loader
from skneuro.datasets._encoder_selection import check_rois, check_subjects
from skneuro.datasets._nsd_fsaverage import fetch_nsd_fsaverage_vit, fsaverage_metadata
from skneuro.datasets._nsd_fwrf import fetch_nsd_fwrf, fwrf_metadata
from skneuro.datasets._things_eeg2 import eeg_metadata, fetch_things_eeg2_vit
from skneuro.io import fetch_files
from skneuro.io._cards import metadata_key
from skneuro.io._fetch import as_registry
from skneuro.utils._param_validation import validate_params

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
    TypeError
        If a loader of your own returns something else than a Bunch.

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
        bunch = loader(**parameters)
        if not hasattr(bunch, "encoder"):
            raise TypeError(
                f"the loader of {model_id} returned a {type(bunch).__name__}; expected "
                "a Bunch with encoder and metadata."
            )
        return bunch
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
    if find_loader(model_id) is not None:
        raise NotImplementedError(
            f"{model_id} is a model of yours, without files that are known; take "
            "fetch_encoder(...).metadata."
        )
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
    "fmri-nsd-fwrf": fwrf_metadata,
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
