"""Convert pickled weights once into a safetensors file, and map it from then on.

The conversion lies in the cache, named by the hash of its source and the version of its
form; a note on the source's length and time saves hashing it at every start.
"""

import dataclasses
import hashlib
import json
import logging
import math
import os
import struct
import uuid
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from skneuro.exceptions import CacheError, UnreadableFileError
from skneuro.io import _cache
from skneuro.io._pickle_names import PickledObject
from skneuro.io._pickles import load_npy, load_torch

logger = logging.getLogger("skneuro")

_VERSION = 1  # of the form below; a new one converts anew
_MAX_NAME = 1000  # characters
_TYPES = {
    "F64": "<f8",
    "I64": "<i8",
    "U64": "<u8",
    "F32": "<f4",
    "I32": "<i4",
    "U32": "<u4",
    "F16": "<f2",
    "I16": "<i2",
    "U16": "<u2",
    "I8": "|i1",
    "U8": "|u1",
    "BOOL": "|b1",
}
_NAMES = {text: name for name, text in _TYPES.items()}
_MAX_HEADER = 100_000_000
_CHUNK = 1 << 24


class WeightsFile(Mapping):
    """Arrays of a weights file by name, mapped into memory and read-only.

    Only what is used is read from the disk.

    Parameters
    ----------
    arrays : dict of str to ndarray
        Arrays, named by the keys on the way to them: ``"pca_param.components_"``.
    attributes : dict of str to object
        What is no array, by the same kind of name: numbers, texts, lists of them.
    source : str
        File that they come from.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.io import WeightsFile
    >>> weights = WeightsFile({"scaler.mean_": np.zeros(3)}, {"scaler.n": 3}, "x.npy")
    >>> weights.part("scaler.")
    {'mean_': array([0., 0., 0.])}
    """

    def __init__(self, arrays, attributes, source):
        self._arrays = arrays
        self.attributes = attributes
        self.source = source

    def __getitem__(self, name):
        """Return an array by its name."""
        return self._arrays[name]

    def __iter__(self):
        return iter(self._arrays)

    def __len__(self):
        return len(self._arrays)

    def __repr__(self):
        return f"<WeightsFile of {len(self)} arrays from {self.source}>"

    def part(self, prefix):
        """Select the arrays whose names begin with a prefix, and drop it.

        Parameters
        ----------
        prefix : str
            For example ``"pca_param."``.

        Returns
        -------
        dict of str to ndarray
            The arrays, still mapped.
        """
        return {
            name.removeprefix(prefix): array
            for name, array in self._arrays.items()
            if name.startswith(prefix)
        }


def open_weights(path, *, data_home=None):
    """Open a file of pickled weights, safely and without reading all of it.

    The first time the file is read by `load_npy` or `load_torch`, which run nothing of
    it, and converted into a safetensors file in the cache. From then on that one is
    mapped into memory, for as long as the source keeps its content.

    Parameters
    ----------
    path : str or path-like
        A ``.npy``, ``.pt`` or ``.pth`` file. It is never written to.
    data_home : str or path-like, default=None
        Folder of the cache; None is ``SKNEURO_DATA`` or the platform's cache folder.

    Returns
    -------
    WeightsFile
        Arrays by name. Dictionaries and objects in the file become parts of the
        names, joined by dots.

    Raises
    ------
    UnsafeFileError
        If the file names anything that could run code; the message says what.
    UnreadableFileError
        If it is damaged, or holds what cannot be kept.
    FileNotFoundError
        If there is no such file.

    See Also
    --------
    clear_data_home : Remove downloads and conversions.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.io import open_weights
    >>> np.save("weights.npy", {"scaler": {"mean_": np.ones(3), "n": 3}})
    >>> weights = open_weights("weights.npy", data_home="cache")
    >>> weights["scaler.mean_"].tolist(), weights.attributes
    ([1.0, 1.0, 1.0], {'scaler.n': 3})
    """
    path = Path(path).expanduser().absolute()
    home = _cache.get_data_home(data_home)
    note = _Note.of(path)
    known = _read_note(home, path)
    if known is not None and known.same_file(note):
        target = _target(home, known.sha256)
        if target.is_file():
            return read_safetensors(target, source=str(path))
    sha256 = _cache.file_hash(path).removeprefix("sha256:")
    note = dataclasses.replace(note, sha256=sha256)
    target = _target(home, sha256)
    try:
        with _cache.key_lock(home, f"converted/{sha256}"):
            if not target.is_file():
                _convert(path, target, home)
            with _cache.storage_errors(home, path.name):
                _cache.write_text(_note_path(home, path), json.dumps(note.to_dict()))
    except CacheError as exc:  # a read-only or full cache: slower, but it works
        logger.warning("the conversion of %s is not kept: %s", path, exc)
        return WeightsFile(*flatten(_load(path), path), str(path))
    return read_safetensors(target, source=str(path))


def known_hash(path, data_home=None):
    """Hash of a file that was converted and has not changed since, else ``""``."""
    path = Path(path).absolute()
    home = _cache.get_data_home(data_home)
    known = _read_note(home, path)
    if known is None or not path.is_file() or not known.same_file(_Note.of(path)):
        return ""
    return f"sha256:{known.sha256}" if _target(home, known.sha256).is_file() else ""


def remove_conversions(home, paths=None):
    """Remove the conversions of some sources, or all, and their notes."""
    folder = _cache.private_folder(home, "converted")
    if paths is None:
        for path in [*folder.glob("*.safetensors"), *folder.glob("*.json")]:
            path.unlink(missing_ok=True)
        return
    for path in paths:
        known = _read_note(home, path)
        if known is not None:
            _target(home, known.sha256).unlink(missing_ok=True)
            _note_path(home, path).unlink(missing_ok=True)


# -- notes --------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class _Note:
    """What a source looked like when it was hashed."""

    source: str
    bytes: int
    mtime_ns: int
    sha256: str = ""
    version: int = _VERSION

    @classmethod
    def of(cls, path):
        status = os.stat(path)
        return cls(str(path), status.st_size, status.st_mtime_ns)

    def same_file(self, other):
        return dataclasses.replace(self, sha256="") == other

    def to_dict(self):
        return dataclasses.asdict(self)


def _target(home, sha256):
    return _cache.private_folder(home, "converted") / f"{sha256}-{_VERSION}.safetensors"


def _note_path(home, path):
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    return _cache.private_folder(home, "converted") / f"{digest}.json"


def _read_note(home, path):
    try:
        note = _Note(**json.loads(_note_path(home, path).read_text("utf-8")))
    except (OSError, ValueError, TypeError):  # absent, damaged or of another version
        return None
    return note if len(note.sha256) == 64 and note.sha256.isalnum() else None


# -- from nested values to arrays by name --------------------------------------------


def _load(path):
    with open(path, "rb") as file:
        return load_npy(path) if file.read(6) == b"\x93NUMPY" else load_torch(path)


def flatten(value, path):
    """Name every array by the keys on the way to it; the rest are attributes."""
    arrays, attributes = {}, {}

    def add(name, value):
        if len(name) > _MAX_NAME:  # each of many values would copy it
            raise UnreadableFileError(
                f"{path} names a value {name[:40]!r} and on, {len(name)} characters; "
                f"expected at most {_MAX_NAME}."
            )
        if isinstance(value, PickledObject):
            value = value.attributes
        if isinstance(value, Mapping):
            for key, item in value.items():
                add(f"{name}.{key}" if name else str(key), item)
            return
        if isinstance(value, (list, tuple)) and any(map(_holds_array, value)):
            for i, item in enumerate(value):
                add(f"{name}.{i}", item)
            return
        if name in arrays or name in attributes:
            raise UnreadableFileError(f"{path} has two values named {name!r}.")
        if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
            arrays[name] = value
        else:
            attributes[name] = _as_plain(value, name, path)

    add("", value)
    return arrays, attributes


def _holds_array(value):
    if isinstance(value, (list, tuple)):
        return any(map(_holds_array, value))
    return isinstance(value, (np.ndarray, Mapping, PickledObject))


def _as_plain(value, name, path):
    if isinstance(value, np.ndarray) and value.dtype.kind in "OSU":
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, (list, tuple)):
        return [_as_plain(item, name, path) for item in value]
    if not isinstance(value, (str, bool, int, float, type(None))):
        raise UnreadableFileError(
            f"{path}: {name} is a {type(value).__name__} and cannot be kept; expected "
            "arrays of real numbers, numbers, texts, or lists of them."
        )
    return value


# -- safetensors --------------------------------------------------------------------


def _convert(path, target, home):
    arrays, attributes = flatten(_load(path), path)
    with _cache.storage_errors(home, path.name):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_name(f"{uuid.uuid4().hex}.tmp")
        try:
            write_safetensors(temporary, arrays, attributes)
            _cache.install(temporary, target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def write_safetensors(path, arrays, attributes):
    """Write arrays to a new safetensors file, in pieces rather than through memory."""
    order = sorted(arrays, key=lambda name: -arrays[name].dtype.itemsize)  # aligned
    header = {"__metadata__": {"skneuro": json.dumps(attributes)}}
    end = 0
    for name in order:
        array = arrays[name]
        begin, end = end, end + array.nbytes
        header[name] = {
            "dtype": _NAMES[array.dtype.newbyteorder("<").str],
            "shape": list(array.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 64)
    with open(path, "xb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            for piece in _pieces(arrays[name]):
                file.write(piece)


def _pieces(array):
    """Yield the bytes of an array in C order, some megabytes at a time."""
    array = np.asarray(array)
    plain = array.dtype.newbyteorder("<")
    if array.ndim == 0 or array.nbytes <= _CHUNK:
        yield np.ascontiguousarray(array, plain).tobytes()
        return
    step = max(1, _CHUNK * len(array) // array.nbytes)
    for start in range(0, len(array), step):
        yield np.ascontiguousarray(array[start : start + step], plain).tobytes()


def read_safetensors(path, *, source=None):
    """Map the arrays of a safetensors file into memory.

    Parameters
    ----------
    path : str or path-like
        File.
    source : str, default=None
        Where its content comes from, for messages; None is ``path``.

    Returns
    -------
    WeightsFile
        Read-only arrays by name.

    Raises
    ------
    UnreadableFileError
        If it is no such file, or damaged.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import numpy as np
    >>> from safetensors.numpy import save_file
    >>> from skneuro.io import read_safetensors
    >>> save_file({"w": np.ones(2)}, "w.safetensors")
    >>> read_safetensors("w.safetensors")["w"].tolist()
    [1.0, 1.0]
    """
    path = Path(path)
    try:
        header, start = _read_header(path)
        extra = header.pop("__metadata__", {})
        attributes = json.loads(extra.get("skneuro", "{}"))
        if path.stat().st_size > start:
            data = np.memmap(path, np.uint8, "r", offset=start)
        else:
            data = np.empty(0, np.uint8)
        arrays = {name: _view(data, **entry) for name, entry in header.items()}
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,  # lists in lists in lists
        struct.error,
    ) as exc:
        raise UnreadableFileError(
            f"{path} is no safetensors file, or damaged ({exc}). Fetch or convert it "
            "anew; `python -m skneuro.datasets clear` removes conversions."
        ) from exc
    return WeightsFile(arrays, attributes, str(path if source is None else source))


def _read_header(path):
    """Read the header of a safetensors file, and where its data begin."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > min(size - 8, _MAX_HEADER):
            raise ValueError(f"its header would have {length} bytes")
        return json.loads(file.read(length)), 8 + length


def _view(data, dtype, shape, data_offsets):
    begin, end = data_offsets
    dtype = np.dtype(_TYPES[dtype])
    if not 0 <= begin <= end <= len(data) or (
        end - begin != math.prod(shape) * dtype.itemsize
    ):
        raise ValueError(f"an array of shape {shape} lies at {begin} to {end}")
    return data[begin:end].view(dtype).reshape(shape)
