"""The one form in which connectomes leave this subpackage."""

from importlib.resources import files

import numpy as np
from sklearn.utils import Bunch

_FIELDS = (
    "connectivity",
    "tract_lengths",
    "fc",
    "subject_connectivity",
    "subject_tract_lengths",
    "subject_fc",
    "subject_bold",
    "subjects",
    "labels",
    "centroids",
    "t_r",
    "DESCR",
)


def connectome_bunch(**fields):
    """Return a Bunch with every field of a connectome; those not given are None."""
    if unknown := set(fields) - set(_FIELDS):
        raise TypeError(f"{sorted(unknown)} are no fields of a connectome: {_FIELDS}")
    return Bunch(**{name: fields.get(name) for name in _FIELDS})


def read_descr(name):
    """Read the description of a data set that is shipped with the package."""
    return (files("skneuro.datasets") / "descr" / f"{name}.rst").read_text("utf-8")


def functional_connectivity(bold):
    """Correlate the nodes of one scan; nodes without variance correlate 0 with all.

    Parameters
    ----------
    bold : ndarray of shape (n_nodes, n_volumes)
        Regional BOLD signal.

    Returns
    -------
    fc : ndarray of shape (n_nodes, n_nodes)
        Pearson correlations.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.atleast_2d(np.corrcoef(bold)))
