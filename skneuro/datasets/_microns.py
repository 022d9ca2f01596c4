"""The released digital twins of the MICrONS mouse."""

import io
import zipfile
from numbers import Integral
from os import PathLike

from sklearn.utils import Bunch

from skneuro.io import fetch_file
from skneuro.utils._param_validation import Interval, validate_params

_KEY = "microns/foundational_model_weights_and_metadata_v1.zip"
_FRAME_SIZE = (144, 256)
# Session and scan of the recordings that have a twin; 7-4 has none.
_SCANS = (
    (4, 7),
    (5, 6),
    (5, 7),
    (6, 2),
    (6, 4),
    (6, 6),
    (6, 7),
    (7, 3),
    (7, 5),
    (8, 5),
    (9, 3),
    (9, 4),
    (9, 6),
)
_DESCR = """Digital twin of scan {session}-{scan} of the MICrONS mouse (17797).

{n_neurons} neurons of V1, LM, AL and RL, layers 2/3 to 5, predicted at 30 Hz from grey
video of 144 x 256 pixels, pupil centre, pupil radius and running speed; activity is
divided by its mean. Cite E. Y. Wang et al. (2025), Nature 640, 470-477,
doi:10.1038/s41586-025-08829-y, and the MICrONS Consortium (2025), Nature 640, 435-447,
doi:10.1038/s41586-025-08790-w. The licence of the weights is not stated.
"""
_WHERE = {
    "data_home": [str, PathLike, None],
    "download_if_missing": ["boolean"],
    "device": [str],
}


@validate_params(
    {
        "session": [Interval(Integral, 0, None, closed="left")],
        "scan": [Interval(Integral, 0, None, closed="left")],
        "archive": [str, PathLike, None],
        **_WHERE,
    },
    prefer_skip_nested_validation=True,
)
def fetch_microns_twin(
    session=8,
    scan=5,
    *,
    archive=None,
    data_home=None,
    download_if_missing=True,
    device="auto",
):
    """Fetch the released digital twin of one MICrONS scan [1]_ [2]_ (222 MB once).

    Parameters
    ----------
    session : int, default=8
        Session of the recording.
    scan : int, default=5
        Scan of that session. There are 4-7, 5-6, 5-7, 6-2, 6-4, 6-6, 6-7, 7-3, 7-5,
        8-5, 9-3, 9-4 and 9-6.
    archive : str or path-like, default=None
        Archive of the release that you keep yourself, read in place; None fetches it.
    data_home : str or path-like, default=None
        Folder of the cache; None is ``SKNEURO_DATA`` or the platform's cache folder.
    download_if_missing : bool, default=True
        Whether to download the archive if it is not in the cache; False raises instead.
    device : str, default="auto"
        Where the twin computes.

    Returns
    -------
    twin : Bunch
        With the fields

        - ``twin`` : DigitalTwinRegressor, fitted; videos have 144 x 256 pixels at 30 Hz
        - ``metadata`` : DataFrame with one row per neuron, in the order of predictions:
          session, scan_idx, unit_id, readout_id
        - ``DESCR`` : str

    Raises
    ------
    ValueError
        If the scan has no twin; names the nearest one that has.
    FileNotFoundError
        If the archive is not in the cache and ``download_if_missing`` is False.

    See Also
    --------
    fetch_foundation_core : The core alone, for neurons of one's own.

    References
    ----------
    .. [1] E. Y. Wang et al. (2025), Nature 640, 470-477.
       :doi:`10.1038/s41586-025-08829-y`
    .. [2] The MICrONS Consortium (2025), Nature 640, 435-447.
       :doi:`10.1038/s41586-025-08790-w`

    Examples
    --------
    >>> from skneuro.datasets import fetch_microns_twin
    >>> twin = fetch_microns_twin(session=8, scan=5).twin  # doctest: +SKIP
    >>> twin.n_neurons_  # doctest: +SKIP
    9941
    """
    check_scan(session, scan)
    if archive is not None:
        return _read_scan(archive, session, scan, device)
    path = fetch_file(
        _KEY, data_home=data_home, download_if_missing=download_if_missing
    )
    return _read_scan(path, session, scan, device)


@validate_params(
    {"archive": [str, PathLike, None], **_WHERE}, prefer_skip_nested_validation=True
)
def fetch_foundation_core(
    *, archive=None, data_home=None, download_if_missing=True, device="auto"
):
    """Fetch the core of the released twins, to fit new neurons on it (222 MB once).

    Parameters
    ----------
    archive : str or path-like, default=None
        Archive of the release that you keep yourself, read in place; None fetches it.
    data_home : str or path-like, default=None
        Folder of the cache; None is ``SKNEURO_DATA`` or the platform's cache folder.
    download_if_missing : bool, default=True
        Whether to download the archive if it is not in the cache; False raises instead.
    device : str, default="auto"
        Where the twin computes.

    Returns
    -------
    core : Bunch
        With the fields

        - ``core`` : DigitalTwinRegressor to pass as ``core=``: the twin of scan 4-7,
          from which the published transfer takes core and memory of behaviour
        - ``DESCR`` : str

    Raises
    ------
    FileNotFoundError
        If the archive is not in the cache and ``download_if_missing`` is False.

    See Also
    --------
    fetch_microns_twin : The twin of one scan.

    Examples
    --------
    >>> from skneuro.datasets import fetch_foundation_core
    >>> from skneuro.twin import DigitalTwinRegressor
    >>> core = fetch_foundation_core().core  # doctest: +SKIP
    >>> mine = DigitalTwinRegressor(core=core)  # doctest: +SKIP
    """
    twin = fetch_microns_twin(
        4,
        7,
        archive=archive,
        data_home=data_home,
        download_if_missing=download_if_missing,
        device=device,
    )
    return Bunch(core=twin.twin, DESCR=twin.DESCR)


def check_scan(session, scan=None):
    """Complain where a session, or one of its scans, has no twin."""
    if any(session == a and scan in (None, b) for a, b in _SCANS):
        return
    near = min(_SCANS, key=lambda s: (abs(s[0] - session), abs(s[1] - (scan or 0))))
    asked = f"session={session}" + ("" if scan is None else f", scan={scan}")
    raise ValueError(
        f"{asked} has no twin; the nearest that has is session={near[0]}, "
        f"scan={near[1]}. All are {', '.join(f'{a}-{b}' for a, b in _SCANS)}."
    )


def _read_scan(path, session, scan, device):
    """Build the twin of one scan from the archive, without unpacking it."""
    import pandas as pd
    import torch

    from skneuro.twin._saved import build_twin
    from skneuro.twin._weights import count_neurons, network_options

    state = {}
    with zipfile.ZipFile(path) as archive:
        members = {name.rpartition("/")[2]: name for name in archive.namelist()}
        for name in ("params_core.pt", f"params_{session}_{scan}.pt", "units.csv"):
            if name not in members:
                raise ValueError(
                    f"{path} lacks {name}; expected the archive of the release. Remove "
                    "the file, so that it is fetched again."
                )
        for name in ("params_core.pt", f"params_{session}_{scan}.pt"):
            data = io.BytesIO(archive.read(members[name]))
            state |= torch.load(data, map_location="cpu", weights_only=True)
        with archive.open(members["units.csv"]) as file:
            units = pd.read_csv(file)
    column = "scan_idx" if "scan_idx" in units else "scan"
    chosen = units[(units["session"] == session) & (units[column] == scan)]
    n_neurons = count_neurons(state)
    if len(chosen) != n_neurons:
        raise ValueError(
            f"units.csv of {path} lists {len(chosen)} neurons of {session}-{scan}, but "
            f"the weights have {n_neurons}; remove the file, so that it is fetched "
            "again."
        )
    options = network_options("microns") | {"n_neurons": n_neurons}
    return Bunch(
        twin=build_twin(state, options, frame_size=_FRAME_SIZE, device=device),
        metadata=chosen.sort_values("readout_id").reset_index(drop=True),
        DESCR=_DESCR.format(session=session, scan=scan, n_neurons=n_neurons),
    )
