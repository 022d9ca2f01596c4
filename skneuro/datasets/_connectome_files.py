"""Readers of matrices and time series from the files that people keep them in."""

import csv
import json
import os
import re
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

import h5py
import numpy as np
import scipy.io
import scipy.sparse

# BIDS extension proposal 17: relationship matrices.
_RELMAT = re.compile(r"(?P<stem>.+)_relmat(?:\.dense)?\.tsv")
_MM_PER_UNIT = {"mm": 1.0, "cm": 10.0, "m": 1000.0}
_MISSING = {"n/a", "na"}
_DELIMITERS = "\t;,"
_NOT_MAT = (
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    OSError,
    zlib.error,
    scipy.io.matlab.MatReadError,
)


@dataclass(frozen=True)
class Loaded:
    """An array, where it came from, and the names that its table gave.

    Parameters
    ----------
    values : ndarray
        The numbers.
    source : str
        Path of the file or name of the argument, for errors.
    rows, columns : list of str or None, default=None
        Names beside the rows and above the columns.
    """

    values: np.ndarray
    source: str
    rows: list | None = None
    columns: list | None = None


def is_path(item):
    """Whether an argument is a path rather than numbers."""
    return isinstance(item, str | os.PathLike)


def read_array(item, name, *, variable=None, square=False):
    """Read an array from a file, a DataFrame or an array-like.

    Parameters
    ----------
    item : str, path-like, DataFrame or array-like
        A ``.mat``, ``.npy`` or ``.npz`` file; every other file is read as a table of
        text.
    name : str
        Name of the argument, for errors.
    variable : str, default=None
        Which array of a ``.mat`` or ``.npz`` file; None takes the only one that fits.
    square : bool, default=False
        Whether only square matrices, or stacks of them, fit.

    Returns
    -------
    Loaded
        Numbers (float64) and where they came from.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file cannot be read or does not say which array is meant.
    """
    if not is_path(item):
        rows = columns = None
        if hasattr(item, "columns"):
            rows, columns = _names(item.index), _names(item.columns)
        return Loaded(_as_float(_as_array(item, name), name), name, rows, columns)
    path = Path(item)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise FileNotFoundError(f"{name}: {path} {what}; pass the path of a file.")
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return Loaded(_as_float(_load_numpy(path), path), str(path))
    if suffix in {".npz", ".mat"}:
        arrays = _load_numpy(path) if suffix == ".npz" else _load_mat(path)
        array = _choose(arrays, name, path, variable, square)
        return Loaded(_as_float(array, path), str(path))
    return _read_relmat(path, _read_text(path), name)


def read_subjects(item, name, variable=None):
    """Read one array for the group, or one for each of several subjects.

    Parameters
    ----------
    item : str, path-like, DataFrame, array-like, or list of them
        ``connectivity``, ``tract_lengths`` or ``bold``.
    name : {"connectivity", "tract_lengths", "bold"}
        Name of the argument.
    variable : str, default=None
        Which array of a ``.mat`` or ``.npz`` file.

    Returns
    -------
    Loaded or list of Loaded
        A list where there are several subjects.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a file cannot be read.
    """
    square = name != "bold"
    if isinstance(item, list | tuple) and any(
        is_path(one) or getattr(one, "ndim", 0) > 1 for one in item
    ):
        return [
            read_array(one, f"{name}[{i}]", variable=variable, square=square)
            for i, one in enumerate(item)
        ]
    loaded = read_array(item, name, variable=variable, square=square)
    if loaded.values.ndim != 3:
        return loaded
    return [
        replace(loaded, values=one, source=f"{loaded.source}[{i}]")
        for i, one in enumerate(loaded.values)
    ]


def read_names(item, name):
    """Read one name per region from a list or a text file.

    Parameters
    ----------
    item : str, path-like or sequence of str
        Names; or a text file with one name per line, or a table with a column
        ``name`` or ``label``.
    name : str
        Name of the argument, for errors.

    Returns
    -------
    list of str
        The names.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a table has neither of the two columns.
    """
    if not is_path(item):
        return [str(label) for label in item]
    path = Path(item)
    if not path.is_file():
        raise FileNotFoundError(f"{name}: {path} does not exist.")
    lines = _lines(path)
    words = lines[0].lower().split()
    is_table = len(words) > 1 and not {"name", "label"}.isdisjoint(words)
    if not is_table and not any(c in lines[0] for c in _DELIMITERS):
        names = [line.strip() for line in lines]  # which may contain spaces
        return names[1:] if words[0] in {"name", "label"} else names
    rows = _split(path)
    header = [cell.lower() for cell in rows[0]]
    for column in ("name", "label"):
        if column in header:
            return [row[header.index(column)] for row in rows[1:]]
    raise ValueError(
        f"{name}: {path} has the columns {rows[0]}, expected one named 'name' or "
        "'label', or a file with one name per line."
    )


def _names(index):
    """Names of a pandas index; None for mere numbers."""
    names = list(index)
    return names if all(isinstance(name, str) for name in names) else None


def _as_array(item, name):
    if scipy.sparse.issparse(item):
        return item
    try:
        array = np.asarray(item)
    except ValueError as exc:  # rows of different lengths
        raise ValueError(
            f"{name} is not an array of numbers ({exc}); pass rows of equal lengths."
        ) from exc
    if array.ndim == 0:
        raise ValueError(
            f"{name} is {item!r}, expected an array, a DataFrame or the path of a file."
        )
    return array


def _as_float(array, source):
    if scipy.sparse.issparse(array):
        array = array.toarray()
    if array.dtype.kind not in "biuf":
        raise ValueError(
            f"{source} holds values of type {array.dtype}, expected real numbers."
        )
    return array.astype(np.float64)


def _load_numpy(path):
    """Read ``.npy`` as an array, ``.npz`` as a dict of its arrays."""
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return loaded
            return {key: loaded[key] for key in loaded.files}
    except (ValueError, OSError, EOFError, zlib.error, zipfile.BadZipFile) as exc:
        raise ValueError(
            f"{path} is not a readable NumPy file of plain numbers ({exc}); save it "
            "again with np.save or np.savez."
        ) from exc


def _load_mat(path):
    """Read a MATLAB file of any version as a dict of arrays."""
    try:
        if h5py.is_hdf5(path):  # version 7.3; HDF5 has the axes in reverse order
            with h5py.File(path) as file:
                return {
                    key: item[()].T
                    for key, item in file.items()
                    if isinstance(item, h5py.Dataset) and item.dtype.kind in "biuf"
                }
        loaded = scipy.io.loadmat(path)
    except _NOT_MAT as exc:
        raise ValueError(f"{path} is not a readable MATLAB file ({exc}).") from exc
    return {key: value for key, value in loaded.items() if not key.startswith("__")}


def _choose(arrays, name, path, variable, square):
    """Pick the array that is meant, or say what there is."""
    shapes = {key: getattr(array, "shape", ()) for key, array in arrays.items()}
    if variable is not None:
        if variable not in arrays:
            raise ValueError(
                f"{path} has no variable {variable!r}; it holds {shapes}. Pass one of "
                f"them as variables={{{_key(name)!r}: ...}}."
            )
        return arrays[variable]
    fits = [
        key
        for key, array in arrays.items()
        if (scipy.sparse.issparse(array) or array.dtype.kind in "biuf")
        and len(shapes[key]) in (2, 3)
        and (not square or shapes[key][-1] == shapes[key][-2] > 1)
    ]
    if len(fits) != 1:
        kind = "square matrix" if square else "array of two or three axes"
        raise ValueError(
            f"{path} holds {shapes}: {len(fits)} of them fit as {name}, expected "
            f"exactly one {kind}. Say which: variables={{{_key(name)!r}: ...}}."
        )
    return arrays[fits[0]]


def _key(name):
    return name.partition("[")[0]


def _lines(path):
    """Lines of a text file, but for comments and empty ones; at least one."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as exc:
        raise ValueError(
            f"{path} is neither text nor a .mat, .npy or .npz file."
        ) from exc
    lines = [s for s in text.splitlines() if s.strip() and not s.startswith("#")]
    if not lines:
        raise ValueError(f"{path} is empty.")
    return lines


def _split(path):
    """Split a text file into rows of equally many cells."""
    lines = _lines(path)
    delimiter = next((c for c in _DELIMITERS if c in lines[0]), None)
    if delimiter is None:
        rows = [line.split() for line in lines]
    else:
        rows = [[c.strip() for c in r] for r in csv.reader(lines, delimiter=delimiter)]
    if all(len(row) > 1 and not row[-1] for row in rows):
        rows = [row[:-1] for row in rows]  # every line ended in a delimiter
    for i, row in enumerate(rows):
        if len(row) != len(rows[-1]):
            raise ValueError(
                f"{path}: row {i + 1} has {len(row)} cells, the last one "
                f"{len(rows[-1])}; expected equally many in each."
            )
    return rows


def _is_number(cell):
    try:
        float(cell)
    except ValueError:
        return cell.lower() in _MISSING
    return True


def _read_text(path):
    """Read a table with or without names above the columns and beside the rows."""
    table = _split(path)
    first, rest = table[0], table[1:]
    named_rows = bool(rest) and all(r[0] and not _is_number(r[0]) for r in rest)
    header = (
        first[0] == ""
        or not all(map(_is_number, first[1:]))
        or not (named_rows or _is_number(first[0]))
        # numbers 0, 1, 2, ... above a square matrix
        or (len(rest) == len(first) and first == [str(i) for i in range(len(first))])
    )
    indexed = named_rows or (header and first[0] == "")
    body = rest if header else table
    columns = first[indexed:] if header else None
    rows = [row[0] for row in body] if indexed else None
    values = np.empty((len(body), len(first) - indexed))
    for i, row in enumerate(body):
        for j, cell in enumerate(row[indexed:]):
            if not _is_number(cell):
                raise ValueError(
                    f"{path}: {cell!r} in row {i + header + 1}, column "
                    f"{j + indexed + 1} is not a number."
                )
            values[i, j] = np.nan if cell.lower() in _MISSING else float(cell)
    return Loaded(values, str(path), *map(_words, (rows, columns)))


def _words(names):
    """Drop names that only count."""
    return None if names is None or all(map(_is_number, names)) else names


def _read_relmat(path, loaded, name):
    """Apply the sidecar and the node table of a BIDS relationship matrix."""
    if "_relmat.sparse." in path.name:
        raise ValueError(
            f"{path} is stored sparse; save it dense, as *_relmat.dense.tsv."
        )
    match = _RELMAT.fullmatch(path.name)
    if match is None:
        return loaded
    stem, values = match["stem"], loaded.values
    sidecar_path = path.with_name(f"{stem}_relmat.json")
    sidecar = {}
    if sidecar_path.is_file():
        try:
            sidecar = dict(json.loads(sidecar_path.read_text(encoding="utf-8")))
        except (ValueError, TypeError) as exc:
            raise ValueError(f"{sidecar_path} is not a JSON object: {exc}") from exc
    if sidecar.get("Directed") is False and not np.array_equal(
        values, values.T, equal_nan=True
    ):
        raise ValueError(
            f"{sidecar_path} says Directed: false, but {path} is not symmetric; fill "
            "in both halves of the matrix, or correct the sidecar."
        )
    if sidecar.get("ValidDiagonal") is False:
        np.fill_diagonal(values, 0.0)
    if _key(name) == "tract_lengths":
        unit = sidecar.get("MeasureUnits", "mm")
        if unit not in _MM_PER_UNIT:
            raise ValueError(
                f"{sidecar_path} gives MeasureUnits {unit!r}, expected one of "
                f"{list(_MM_PER_UNIT)}."
            )
        values = values * _MM_PER_UNIT[unit]
    if (nodes := _node_names(path, stem, sidecar)) is not None:
        loaded = replace(loaded, rows=nodes, columns=nodes)
    return replace(loaded, values=values)


def _node_names(path, stem, sidecar):
    """Names of the nodes, from the node table that belongs to a matrix."""
    named = sidecar.get("NodeFiles") or []
    named = [named] if isinstance(named, str) else [str(node) for node in named]
    candidates = [path.with_name(Path(n).name) for n in named if n.endswith(".tsv")]
    candidates.append(path.with_name(f"{stem}_nodeindices.tsv"))
    table = next((p for p in candidates if p.is_file()), None)
    if table is None:
        return None
    header, *rows = _split(table)
    if "matrix_index" not in header:
        return None
    order = header.index("matrix_index")
    column = next((header.index(c) for c in ("label", "name") if c in header), None)
    if column is None:
        return None
    names = {row[order]: row[column] for row in rows}
    if set(names) != {str(i) for i in range(len(rows))}:
        raise ValueError(
            f"{table}: the column matrix_index holds {list(names)}, expected 0 to "
            f"{len(rows) - 1}, each once."
        )
    return [names[str(i)] for i in range(len(rows))]
