"""Published encoders of EEG, on a vision transformer."""

from numbers import Real

import numpy as np

from skneuro.datasets._berg_files import BergFiles, encoder_bunch
from skneuro.datasets._encoder_metadata import channel_table, stimulus_lists
from skneuro.datasets._encoder_selection import check_channels, check_subjects
from skneuro.datasets._linear_files import (
    FEATURE_CONSTRAINTS,
    check_weights,
    locate_models,
    vision_features,
)
from skneuro.exceptions import UnreadableFileError
from skneuro.io._cards import load_cards, metadata_key, weights_keys
from skneuro.utils._param_validation import StrOptions, validate_params
from skneuro.utils._validation import find_indices


@validate_params(
    FEATURE_CONSTRAINTS
    | {
        "repeats": [StrOptions({"mean", "all"})],
        "tmin": [Real, None],
        "tmax": [Real, None],
    },
    prefer_skip_nested_validation=True,
)
def fetch_things_eeg2_vit(
    subject=1,
    *,
    channels=None,
    timepoints=None,
    tmin=None,
    tmax=None,
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
    tmin, tmax : float, default=None
        First and last time to predict, in ms, both included, instead of
        ``timepoints``.
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

    if timepoints is not None and (tmin is not None or tmax is not None):
        raise ValueError(
            f"timepoints and tmin={tmin} or tmax={tmax} are both set; expected one of "
            "them."
        )
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
    locate_models(files, card, subjects, features)
    bunch = eeg_metadata(files, card, subjects, [None])
    names = bunch.metadata.loc[bunch.metadata["subject"] == subjects[0], "channel"]
    names = names.to_list()
    picks = check_channels(channels, names)
    if timepoints is not None:
        timepoints = find_indices(timepoints, len(bunch.times), "timepoints")
    encoders, times = [], bunch.times
    for s in subjects:
        opened = files.open(weights_keys(card, s)[0])
        rows = len(names) * len(times)
        sizes = {f"reg_param.rep-{i + 1}": rows for i in range(card["n_repeats"])}
        weights = check_weights(opened, sizes)
        if features is None:
            features = vision_features(files, preprocessing, device)
        encoders.append(
            EEGEncoder(
                weights,
                features=features,
                ch_names=names,
                times=times,
                channels=None if channels is None else [names[i] for i in picks],
                tmin=tmin,
                tmax=tmax,
                samples=timepoints,
                repeats=repeats,
            )
        )
    rows = [
        i * len(names) + pick for i in range(len(subjects)) for pick in picks.tolist()
    ]
    bunch.metadata = bunch.metadata.iloc[rows].reset_index(drop=True)
    bunch.times = encoders[0].times_
    several = not np.isscalar(subject) or isinstance(subject, str)
    bunch.encoder = encoders if several else encoders[0]
    return bunch


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
    return encoder_bunch(
        card,
        tables,
        times=times,
        correlation=correlation,
        correlation_single=single,
        images=images,
    )
