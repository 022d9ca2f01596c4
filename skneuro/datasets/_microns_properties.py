"""What the released twins of the MICrONS mouse say of its neurons, as one table."""

from numbers import Integral
from os import PathLike

import numpy as np
from sklearn.utils import Bunch

from skneuro.datasets._microns import check_scan
from skneuro.io import fetch_files
from skneuro.utils._param_validation import Interval, validate_params

_FOLDER = "microns/digital_twin_properties/v2"
_NEURON = ["session", "scan_idx", "unit_id"]
_COLUMNS = {
    "performance": ("cc_abs", "cc_max", "cc_norm"),
    "ori_dir_tuning": ("OSI", "DSI", "gOSI", "gDSI", "pref_ori", "pref_dir"),
    "anatomy": ("unit_x", "unit_y", "unit_z", "brain_area", "field"),
}
_DESCR = """Properties of neurons by the digital twins of the MICrONS mouse (17797),
release v2: 104 171 neurons of 13 scans. Tuning comes from twins that were trained
further on oriented stimuli. Cite Z. Ding et al. (2025), Nature 640, 459-469,
doi:10.1038/s41586-025-08840-3, and E. Y. Wang et al. (2025), Nature 640, 470-477,
doi:10.1038/s41586-025-08829-y. MICrONS data are CC BY 4.0.
"""


@validate_params(
    {
        "session": [Interval(Integral, 0, None, closed="left"), None],
        "scan": [Interval(Integral, 0, None, closed="left"), None],
        "readout_weights": ["boolean"],
        "data_home": [str, PathLike, None],
        "download_if_missing": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_microns_properties(
    session=None,
    scan=None,
    *,
    readout_weights=False,
    data_home=None,
    download_if_missing=True,
):
    """Fetch tuning, receptive fields and performance of MICrONS neurons [1]_ [2]_.

    Parameters
    ----------
    session : int or None, default=None
        Session of the recording; None is all.
    scan : int or None, default=None
        Scan of that session; None is all.
    readout_weights : bool, default=False
        Whether to fetch also the weights with which neurons read the core (213 MB).
    data_home : str or path-like, default=None
        Folder of the cache; None is ``SKNEURO_DATA`` or the platform's cache folder.
    download_if_missing : bool, default=True
        Whether to download tables that are not in the cache; False raises instead.

    Returns
    -------
    properties : Bunch
        With the fields

        - ``metadata`` : DataFrame with one row per neuron: session, scan_idx, unit_id;
          cc_abs, cc_max, cc_norm (performance); OSI, DSI, gOSI, gDSI, pref_ori and
          pref_dir (tuning, degrees); readout_x and readout_y (location of the receptive
          field, -1 to 1 from left to right and from top to bottom of the screen);
          unit_x, unit_y, unit_z (micrometres), brain_area and field (imaging plane).
          NaN where a table of the release lacks a neuron
        - ``readout_weights`` : ndarray of shape (n_neurons, 512), in the order of the
          table, four streams of 128 channels; None if not asked for
        - ``DESCR`` : str

    Raises
    ------
    ValueError
        If that scan has no twin, or files do not fit each other.
    FileNotFoundError
        If files are not in the cache and ``download_if_missing`` is False.

    See Also
    --------
    fetch_microns_twin : The twins themselves.

    References
    ----------
    .. [1] Z. Ding et al. (2025), Nature 640, 459-469.
       :doi:`10.1038/s41586-025-08840-3`
    .. [2] E. Y. Wang et al. (2025), Nature 640, 470-477.
       :doi:`10.1038/s41586-025-08829-y`

    Examples
    --------
    >>> from skneuro.datasets import fetch_microns_properties
    >>> neurons = fetch_microns_properties(8, 5).metadata  # doctest: +SKIP
    >>> neurons.query("cc_max > 0.6")["cc_norm"].median()  # doctest: +SKIP
    """
    import pandas as pd

    if scan is not None and session is None:
        raise ValueError(f"scan={scan}, but session is None; pass the session too.")
    if session is not None:
        check_scan(session, scan)
    files = [
        "readout/units.csv",
        "readout/readout_locations.npy",
        *(f"{name}/units.csv" for name in _COLUMNS),
        *(["readout/readout_weights.npy"] if readout_weights else []),
    ]
    paths = fetch_files(
        [f"{_FOLDER}/{name}" for name in files],
        data_home=data_home,
        download_if_missing=download_if_missing,
    )
    paths = dict(zip(files, paths, strict=True))
    table = _read_table(paths["readout/units.csv"], _NEURON)[_NEURON]
    places = _read_array(paths["readout/readout_locations.npy"], table, 2)
    table[["readout_x", "readout_y"]] = np.asarray(places, np.float64)
    for name, columns in _COLUMNS.items():
        other = _read_table(paths[f"{name}/units.csv"], [*_NEURON, *columns])
        table = table.merge(
            other[[*_NEURON, *columns]],
            on=_NEURON,
            how="left",
            validate="one_to_one",
            sort=False,
        )
    chosen = np.ones(len(table), bool)
    for column, value in (("session", session), ("scan_idx", scan)):
        if value is not None:
            chosen &= (table[column] == value).to_numpy()
    weights = None
    if readout_weights:
        weights = _read_array(paths["readout/readout_weights.npy"], table, None)
        weights = np.asarray(weights[chosen])
    places = ["readout_x", "readout_y"]
    order = [*_NEURON, *_COLUMNS["performance"], *_COLUMNS["ori_dir_tuning"], *places]
    table = table.loc[chosen, [*order, *_COLUMNS["anatomy"]]].reset_index(drop=True)
    return Bunch(metadata=pd.DataFrame(table), readout_weights=weights, DESCR=_DESCR)


def _read_table(path, columns):
    import pandas as pd

    table = pd.read_csv(path)
    if missing := [name for name in columns if name not in table]:
        raise ValueError(
            f"{path} lacks the column {missing[0]!r}, it has {list(table)}; expected "
            "the table of release v2. Remove the file, so that it is fetched again."
        )
    return table


def _read_array(path, table, n_columns):
    array = np.load(path, mmap_mode="r", allow_pickle=False)
    wanted = "n" if n_columns is None else n_columns
    if (
        array.ndim != 2
        or len(array) != len(table)
        or n_columns
        not in (
            None,
            array.shape[1],
        )
    ):
        raise ValueError(
            f"{path} has shape {array.shape}, but its units.csv {len(table)} neurons; "
            f"expected ({len(table)}, {wanted}). Remove the file, so that it is "
            "fetched again."
        )
    return array
