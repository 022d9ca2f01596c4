"""Transfer functions of the ALN model: the table that ships, or a user's own."""

import functools
import os
import zipfile
from collections.abc import Mapping
from importlib.resources import files

import numpy as np

from skneuro.dynamics._aln_transfer import check_axis
from skneuro.engine import Table

COLUMNS = ("rate", "voltage", "tau", "tau_sigma")  # the last one may be missing
_IN_NEUROLIB = {
    "mu": "mu_vals",
    "sigma": "sigma_vals",
    "rate": "r_ss",
    "voltage": "V_mean_ss",
    "tau": "tau_mu_exp",
    "tau_sigma": "tau_sigma_exp",
}


def read_transfer(transfer):
    """Make a table of transfer functions.

    Parameters
    ----------
    transfer : None, path or dict
        None is the table that ships with skneuro. Files are npz or HDF5, the latter
        with the names of neurolib; a dict is like what `aln_transfer` returns.

    Returns
    -------
    Table
        Looked up at mean input and sigma; its columns are rate (kHz), mean voltage
        (mV), and time constants of the response to mean input and to sigma (ms), the
        last one only where ``transfer`` has it.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is of another kind, an array is missing or has another shape, an
        axis is not equidistant, or a value is impossible.
    """
    if transfer is None:
        return _read_default()
    if isinstance(transfer, Mapping):
        return _make_table(transfer, "transfer")
    path = os.fspath(transfer)
    if not os.path.isfile(path):
        raise FileNotFoundError(
            f"transfer={path!r}: there is no such file. Pass None for the table that "
            "ships with skneuro, or a dict that aln_transfer returned."
        )
    about = os.stat(path)
    return _read_known(path, about.st_mtime_ns, about.st_size)


def read_transfer_inh(transfer):
    """Make the table of inhibitory neurons; see `read_transfer`.

    Parameters
    ----------
    transfer : None, path or dict
        None is the table that ships with skneuro.

    Returns
    -------
    Table

    Raises
    ------
    FileNotFoundError, ValueError
        As `read_transfer`, naming the parameter.
    """
    try:
        return read_transfer(transfer)
    except (FileNotFoundError, ValueError) as error:
        raise type(error)(f"transfer_inh: {error}") from error


@functools.cache
def _read_default():
    path = files("skneuro.dynamics") / "data" / "aln_transfer.npz"
    with path.open("rb") as file, np.load(file) as arrays:
        return _make_table(dict(arrays), str(path))


@functools.lru_cache(maxsize=8)
def _read_known(path, changed, size):
    """Read a file once while it stays the same."""
    return _make_table(_read_file(path), f"transfer={path!r}")


def _read_file(path):
    """Arrays of a file by our names."""
    import h5py

    if h5py.is_hdf5(path):
        with h5py.File(path) as file:
            return {
                ours: file[theirs][()]
                for ours, theirs in _IN_NEUROLIB.items()
                if theirs in file
            }
    if not zipfile.is_zipfile(path):
        raise ValueError(
            f"transfer={path!r} is neither an npz nor an HDF5 file; save the arrays of "
            "aln_transfer by numpy.savez."
        )
    with np.load(path) as arrays:
        return {name: arrays[name] for name in _IN_NEUROLIB if name in arrays}


def _make_table(arrays, source):
    """Check arrays by our names and put them side by side."""
    missing = [n for n in ("mu", "sigma", *COLUMNS[:3]) if arrays.get(n) is None]
    if missing:
        raise ValueError(
            f"{source} lacks {missing}, expected what aln_transfer returns: 'mu', "
            "'sigma', 'rate' (kHz), 'voltage' (mV) and 'tau' (ms); in HDF5 files by "
            f"the names {list(_IN_NEUROLIB.values())}."
        )
    mu = check_axis(arrays["mu"], "mu of transfer")
    sigma = check_axis(arrays["sigma"], "sigma of transfer")
    names = [name for name in COLUMNS if arrays.get(name) is not None]
    columns = [np.asarray(arrays[name], dtype=np.float64) for name in names]
    least = {"rate": 0.0, "voltage": -np.inf, "tau": 0.0, "tau_sigma": 0.0}
    for name, column in zip(names, columns, strict=True):
        if column.shape != (len(mu), len(sigma)):
            raise ValueError(
                f"{name} of {source} has shape {column.shape}, expected "
                f"{(len(mu), len(sigma))}: one row per mu, one column per sigma."
            )
        if not np.isfinite(column).all() or (column < least[name]).any():
            raise ValueError(
                f"{name} of {source} has values from {column.min():g} to "
                f"{column.max():g}, expected finite ones of at least {least[name]:g}."
            )
    if (columns[2] == 0).any():
        raise ValueError(
            f"tau of {source} is 0 at some inputs, expected more: mean inputs are "
            "divided by it."
        )
    return Table(
        np.stack(columns, axis=-1),
        x=(sigma[0], sigma[1] - sigma[0]),
        y=(mu[0], mu[1] - mu[0]),
    )
