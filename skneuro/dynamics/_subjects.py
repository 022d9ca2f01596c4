"""Connectomes and measurements of several people, in the forms that they come."""

import numpy as np
from sklearn.utils import check_array

from skneuro.metrics._pairs import as_pairs, is_symmetric

_FLOATS = (np.float64, np.float32)


def expected_graph(strengths):
    """Weights of the expected graph of given node strengths.

    Parameters
    ----------
    strengths : ndarray of shape (n_subjects, n_nodes)
        Non-negative strengths.

    Returns
    -------
    ndarray of shape (n_subjects, n_nodes, n_nodes)
        ``s_i * s_j / sum(s)``; zero where all strengths are. The diagonal is kept, the
        simulators ignore it.

    Raises
    ------
    ValueError
        If a strength is negative.
    """
    if strengths.min() < 0:
        k, i = np.argwhere(strengths < 0)[0]
        raise ValueError(
            "Negative values in data passed to WholeBrainRegressor: 2-D X holds node "
            f"strengths, expected at least 0, got X[{k}, {i}] = {strengths[k, i]:g}. "
            "Signed weights are possible as matrices (n_subjects, n_nodes, n_nodes)."
        )
    total = strengths.sum(axis=1)
    scaled = strengths / np.where(total > 0, total, 1.0)[:, None]
    return strengths[:, :, None] * scaled[:, None, :]


def check_lengths(tract_lengths, shape):
    """Validate the tract lengths of each subject.

    Parameters
    ----------
    tract_lengths : array-like of shape (n_subjects, n_nodes, n_nodes)
        Lengths, in mm.
    shape : tuple of int
        Shape of the connectivity.

    Returns
    -------
    ndarray of shape (n_subjects, n_nodes, n_nodes)
        float64.

    Raises
    ------
    ValueError
        If the shapes differ, or a length is negative or not finite.
    """
    lengths = check_array(
        tract_lengths, allow_nd=True, dtype=np.float64, input_name="tract_lengths"
    )
    if lengths.shape != shape:
        raise ValueError(
            f"tract_lengths has shape {lengths.shape}, expected {shape}: one "
            "matrix per subject, in mm. Lengths that all subjects share are a "
            "parameter of the simulator."
        )
    if (lengths < 0).any():
        k, i, j = np.argwhere(lengths < 0)[0]
        raise ValueError(
            f"tract_lengths[{k}, {i}, {j}] is {lengths[k, i, j]:g} mm, expected "
            "lengths of at least 0; a signal cannot arrive before it is sent."
        )
    return lengths


class Targets:
    """What y holds: pairs, BOLD, or one mean per subject.

    Parameters
    ----------
    y : array-like
        In any of the forms that ``fit`` takes.
    n_nodes : int
        Number of nodes of X.
    bold_expected : bool
        Whether nothing but BOLD will do.

    Attributes
    ----------
    form : {"mean", "pairs", "bold"}
        What ``values`` holds.
    values : ndarray or list of ndarray
        Shape (n_subjects,), (n_subjects, n_pairs), or one (n_nodes, n_volumes) array
        per subject.
    is_column : bool
        Whether one number per subject came as (n_subjects, 1).
    dtype : dtype
        That of predictions.
    """

    def __init__(self, y, n_nodes, *, bold_expected):
        self.n_nodes, self.is_column = n_nodes, False
        if is_ragged(y):
            arrays = [self._check(recording) for recording in y]
        else:
            arrays = self._check(y)
        self.dtype = np.result_type(*{a.dtype for a in arrays})
        if isinstance(arrays, list) or arrays.ndim == 3:
            self.form, self.values = self._read_3d(arrays, bold_expected)
        else:
            self.form, self.values = self._read_table(arrays)
        if bold_expected and self.form != "bold":
            raise ValueError(
                f"loss='fcd' with y of functional connectivity, shape {np.shape(y)}; "
                f"expected BOLD, (n_subjects, {n_nodes}, n_volumes), whose dynamics "
                "can be compared. Pass BOLD or loss='fc'."
            )

    @staticmethod
    def _check(y):
        return check_array(
            y, ensure_2d=False, allow_nd=True, dtype=_FLOATS, input_name="y"
        )

    def _read_3d(self, arrays, bold_expected):
        n = self.n_nodes
        shapes = {a.shape for a in arrays}
        if any(len(shape) != 2 or shape[0] != n for shape in shapes):
            turned = all(len(shape) == 2 and shape[1] == n for shape in shapes)
            raise ValueError(
                f"y has shape {self._shape(arrays)}, but X has {n} nodes; expected "
                f"matrices (n_subjects, {n}, {n}), node pairs (n_subjects, "
                f"{n * (n - 1) // 2}) or BOLD (n_subjects, {n}, n_volumes)."
                + (" Swap the last two axes of y." if turned else "")
            )
        if shapes != {(n, n)}:
            return "bold", list(arrays)
        if is_symmetric(np.stack(list(arrays))):
            return "pairs", as_pairs(np.stack(list(arrays)), "y")
        if not bold_expected:
            raise ValueError(
                f"y has shape {self._shape(arrays)} and is not symmetric: neither "
                "functional connectivity nor clearly BOLD, which may have as many "
                "volumes as nodes. Pass functional_connectivity(y) of BOLD, or "
                "symmetrize: (y + np.swapaxes(y, 1, 2)) / 2."
            )
        return "bold", list(arrays)

    def _read_table(self, y):
        n_pairs = self.n_nodes * (self.n_nodes - 1) // 2
        self.is_column = y.ndim == 2 and y.shape[1] == 1 != n_pairs
        if y.ndim == 1 or self.is_column:
            return "mean", y
        if y.ndim != 2 or y.shape[1] != n_pairs:
            raise ValueError(
                f"y has shape {y.shape}, but X has {self.n_nodes} nodes; expected "
                f"(n_subjects, {n_pairs}), one column per node pair, matrices, BOLD, "
                "or one mean per subject."
            )
        return "pairs", y

    @staticmethod
    def _shape(arrays):
        return (len(arrays), *sorted({a.shape for a in arrays})[0])

    def pairs(self, observe):
        """Read the functional connectivity of each subject as node pairs.

        Parameters
        ----------
        observe : callable
            Turns signals of shape (1, n_nodes, n_times) into node pairs.

        Returns
        -------
        ndarray of shape (n_subjects, n_pairs)
            Node pairs.

        Raises
        ------
        ValueError
            If y holds one number per subject.
        """
        if self.form == "mean":
            raise ValueError(
                f"y has shape {self.values.shape}, one number per subject, but fit saw "
                "functional connectivity or BOLD; expected one of them again."
            )
        if self.form == "pairs":
            return self.values
        return np.concatenate([observe(recording[None]) for recording in self.values])


def is_ragged(y):
    """Whether y is a list of recordings of unequal length.

    Parameters
    ----------
    y : array-like or list of array-like
        Targets.

    Returns
    -------
    bool
        True for a list or tuple whose elements have two axes and different shapes.
    """
    if not isinstance(y, (list, tuple)):
        return False
    shapes = {np.shape(element) for element in y}
    return len(shapes) > 1 and all(len(shape) == 2 for shape in shapes)
