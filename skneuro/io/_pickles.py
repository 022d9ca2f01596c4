"""Read NumPy files of pickled objects and torch files, never running what is in them.

Both hold pickles. They are read by an interpreter that cannot call anything
(`_pickle_machine`), with a list of allowed names (`_pickle_names`). There is no switch
that unpickles anyway.
"""

import contextlib
import io
import math
import mmap
import os
import re
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np

from skneuro.exceptions import UnreadableFileError, UnsafeFileError
from skneuro.io._pickle_machine import MAX_EXPANSION, Budget, PickleMachine, Reader
from skneuro.io._pickle_names import (
    Array,
    DType,
    Name,
    Node,
    PickledObject,
    Record,
    Storage,
    Tensor,
    as_array,
    storage_dtype,
)

_NPY_LENGTHS = {(1, 0): "<H", (2, 0): "<I", (3, 0): "<I"}
_NPY_HEADER = re.compile(
    rb"\{'descr': '([!-&(-~]{1,12})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,15},? ?){0,32})\),? ?\} *\n?"
)
_MAX_DEPTH = 64
_MAX_VALUES = 20_000_000
_MAX_MEMBERS = 100_000
_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001


def load_npy(path):
    """Read a ``.npy`` file, also one of pickled objects, without running its code.

    Parameters
    ----------
    path : str or path-like
        File that `numpy.save` wrote.

    Returns
    -------
    ndarray, dict, list or other plain value
        An array, memory-mapped and read-only; of an array of objects without axes, the
        object in it, as numpy users save dictionaries. Objects of allowed classes
        (``argparse.Namespace``, scikit-learn's scalers, decompositions and linear
        models) are a `PickledObject`; sets are lists.

    Raises
    ------
    UnsafeFileError
        If the file names anything that is not on the list of allowed names, or
        holds far more than its length; the message says what.
    UnreadableFileError
        If it is damaged or no such file.

    See Also
    --------
    load_torch : The same for torch's files.
    open_weights : Convert once, then map what is needed.

    Examples
    --------
    >>> import numpy as np
    >>> from skneuro.io import load_npy
    >>> np.save("scaler.npy", {"mean_": np.zeros(3)})
    >>> load_npy("scaler.npy")
    {'mean_': array([0., 0., 0.])}
    """
    with _content(path) as buffer:
        return _read_npy(buffer)


def load_torch(path):
    """Read a file that ``torch.save`` wrote as numpy arrays; torch is not needed.

    Parameters
    ----------
    path : str or path-like
        A ``.pt`` or ``.pth`` file: a zip archive (torch 1.6 and later) or the older
        form.

    Returns
    -------
    dict or other plain value
        Tensors are read-only ndarrays that map the file, bfloat16 ones float32; the
        rest is as `load_npy` says.

    Raises
    ------
    UnsafeFileError
        If the file names anything that is not on the list of allowed names, holds
        code, or far more than its length; the message says what.
    UnreadableFileError
        If it is damaged or no such file.

    See Also
    --------
    load_npy : The same for numpy's files.
    open_weights : Convert once, then map what is needed.

    Examples
    --------
    >>> import torch
    >>> from skneuro.io import load_torch
    >>> torch.save({"weight": torch.ones(2)}, "network.pt")
    >>> load_torch("network.pt")
    {'weight': array([1., 1.], dtype=float32)}
    """
    with _content(path) as buffer:
        if buffer[:2] == b"PK":
            return _read_zip(buffer)
        if tarfile.is_tarfile(io.BytesIO(buffer[:1024])):
            raise UnreadableFileError(
                "it is a tar archive, torch's form before 0.1.10, which is not read; "
                "load it with torch and save it anew"
            )
        return _read_legacy(buffer)


@contextlib.contextmanager
def _content(path):
    """Map a file; every complaint about it names it."""
    path = Path(path)
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if not size:
                raise UnreadableFileError("it is empty")
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        yield memoryview(mapped)
    except UnsafeFileError as exc:
        raise UnsafeFileError(
            f"{path} is refused: {exc}. Nothing of it was run. Get the file from a "
            "source that you trust, and report this if it came from a public one."
        ) from exc
    except UnreadableFileError as exc:
        raise UnreadableFileError(
            f"{path} cannot be read: {exc}. Fetch or copy it anew."
        ) from exc


# -- numpy ------------------------------------------------------------------------


def _read_npy(buffer):
    if buffer[:6] != b"\x93NUMPY":
        raise UnreadableFileError("it does not begin as numpy's files do")
    reader = Reader(buffer, 6)
    version = tuple(reader.take(2))
    if version not in _NPY_LENGTHS:
        raise UnreadableFileError(
            f"its version is {version}, expected (1, 0) to (3, 0)"
        )
    header = bytes(reader.take(reader.number(_NPY_LENGTHS[version])))
    found = _NPY_HEADER.fullmatch(header)
    if found is None:
        raise UnreadableFileError("its header is damaged or of a structured array")
    descr, fortran, shape = (group.decode() for group in found.groups())
    dtype, fortran = DType(descr).dtype, fortran == "True"
    shape = tuple(int(n) for n in shape.split(",") if n.strip())
    if not dtype.hasobject:
        data = buffer[reader.position :]
        return as_array(data, dtype, shape, "F" if fortran else "C")
    machine = PickleMachine(buffer, reader.position)
    value = machine.run()
    if not isinstance(value, Array) or value.items is None or value.items[0] != shape:
        raise UnreadableFileError("its pickle is not the array that its header tells")
    return _resolve(value, len(buffer))


# -- torch ------------------------------------------------------------------------


class _Storages:
    """Storages of a torch file by key; the calls of ``persistent_load``."""

    def __init__(self):
        self.found, self.views = {}, {}

    def __call__(self, identity):
        if not isinstance(identity, tuple) or len(identity) not in (5, 6):
            raise UnreadableFileError("a persistent id in it is no storage")
        kind, storage_type, key, _, n_items = identity[:5]
        if kind != "storage" or not isinstance(key, str):
            raise UnreadableFileError("a persistent id in it is no storage")
        dtype = storage_dtype(storage_type)
        if not isinstance(n_items, int) or not 0 <= n_items < 1 << 48:
            raise UnreadableFileError(f"storage {key[:40]!r} has an odd length")
        storage = self.found.setdefault(key, Storage(dtype, n_items))
        if (storage.dtype, storage.n_items) != (dtype, n_items):
            raise UnreadableFileError(f"storage {key[:40]!r} is named in two ways")
        if len(identity) == 6 and identity[5] is not None:
            return self.view(storage, identity[5])
        return storage

    def view(self, storage, identity):
        if not isinstance(identity, tuple) or len(identity) != 3:
            raise UnreadableFileError("a view of a storage in it is odd")
        _, offset, n_items = identity
        for n in (offset, n_items):
            if not isinstance(n, int) or n < 0:
                raise UnreadableFileError("a view of a storage in it is odd")
        return Storage(storage.dtype, n_items, storage, offset)

    def fill(self, key, data, order="<"):
        storage = self.found[key]
        plain = "<u2" if storage.dtype == "bfloat16" else storage.dtype
        dtype = np.dtype(plain).newbyteorder(order)
        storage.array = as_array(data, dtype, (storage.n_items,))


def _read_zip(buffer):
    try:
        with zipfile.ZipFile(buffer.obj) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error) as exc:
        raise UnreadableFileError(f"it is a damaged zip archive: {exc}") from exc
    if len(members) > _MAX_MEMBERS:
        raise UnsafeFileError(f"it is an archive of {len(members)} members")
    parts = {}
    for member in members:
        folder, _, name = member.filename.partition("/")
        if ".." in member.filename.split("/") or not folder or "\\" in member.filename:
            raise UnsafeFileError(
                f"its member {member.filename[:80]!r} leads out of the archive"
            )
        if name in parts:
            raise UnsafeFileError(f"it has two members {name[:80]!r}")
        if name.startswith("code/") or name == "constants.pkl":
            raise UnsafeFileError(
                f"its member {name[:80]!r} is TorchScript, which is code"
            )
        parts[name] = member
    if len({member.filename.partition("/")[0] for member in members}) > 1:
        raise UnsafeFileError("its members lie in several folders")
    if "data.pkl" not in parts:
        raise UnreadableFileError("it is a zip archive without torch's data.pkl")
    order = "<"
    if "byteorder" in parts:
        words = {b"little": "<", b"big": ">"}
        order = words.get(bytes(_member(buffer, parts["byteorder"])))
        if order is None:
            raise UnreadableFileError("its byte order is neither little nor big")
    storages = _Storages()
    value = PickleMachine(
        _member(buffer, parts["data.pkl"]), load_storage=storages
    ).run()
    for key in storages.found:
        if f"data/{key}" not in parts:
            raise UnreadableFileError(f"it lacks its member data/{key[:40]}")
        storages.fill(key, _member(buffer, parts[f"data/{key}"]), order)
    return _resolve(value, len(buffer))


def _member(buffer, member):
    """Bytes of a member, where they lie in the file."""
    if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 0x1:
        raise UnsafeFileError(
            f"its member {member.filename[:80]!r} is compressed or encrypted (from "
            f"{member.compress_size} to {member.file_size} bytes), which torch does not"
        )
    if member.compress_size != member.file_size:
        raise UnsafeFileError(f"its member {member.filename[:80]!r} has two lengths")
    header = Reader(buffer, member.header_offset)
    if header.position < 0 or header.take(4) != b"PK\x03\x04":
        raise UnreadableFileError(f"its member {member.filename[:80]!r} is lost")
    header.take(22)
    lengths = header.number("<H"), header.number("<H")
    header.take(sum(lengths))
    return header.take(member.file_size)


def _read_legacy(buffer):
    storages, position, heads = _Storages(), 0, []
    for _ in range(3):  # magic number, protocol, facts of the machine
        machine = PickleMachine(buffer, position)
        heads.append(machine.run())
        position = machine.reader.position
        if heads[0] != _MAGIC or not isinstance(heads[0], int):
            raise UnreadableFileError(
                "it is neither a zip archive nor torch's old form"
            )
    system = heads[2] if isinstance(heads[2], dict) else {}
    if heads[1] != _PROTOCOL or system.get("little_endian") is not True:
        raise UnreadableFileError("its protocol or byte order is unknown")
    machine = PickleMachine(buffer, position, load_storage=storages)
    value = machine.run()
    machine = PickleMachine(buffer, machine.reader.position)
    keys = machine.run()
    reader = machine.reader
    if not isinstance(keys, list):
        raise UnreadableFileError("it has no list of its storages")
    for key in keys:
        if not isinstance(key, str) or key not in storages.found:
            raise UnreadableFileError("it lists a storage that no tensor uses")
        storage = storages.found[key]
        if reader.number("<q") != storage.n_items:
            raise UnreadableFileError(f"storage {key[:40]!r} is named in two ways")
        itemsize = (
            2 if storage.dtype == "bfloat16" else np.dtype(storage.dtype).itemsize
        )
        storages.fill(key, reader.take(storage.n_items * itemsize))
    return _resolve(value, len(buffer))


# -- from nodes to values -----------------------------------------------------------


def _resolve(value, n_bytes):
    """Put arrays in the place of nodes, once each, and bound what results."""
    return _Resolver(n_bytes).resolve(value, 0)[0]


class _Resolver:
    """Replace nodes; counts values and bytes as if nothing were shared."""

    def __init__(self, n_bytes):
        self.budget = Budget(n_bytes)  # of what is made here
        self.limit = self.budget.limit  # of what is named
        self.done, self.open, self.kept = {}, set(), []

    def resolve(self, value, depth):
        """Return the value without nodes, its number of values and of bytes."""
        if value is None or isinstance(value, (bool, int, float)):
            return value, 1, 8
        if isinstance(value, (str, bytes)):
            return value, 1, len(value)
        identity = id(value)
        if identity in self.done:
            return self.done[identity]
        if identity in self.open:
            raise UnsafeFileError("a container in it holds itself")
        if depth > _MAX_DEPTH:
            raise UnsafeFileError(f"it is nested deeper than {_MAX_DEPTH} levels")
        self.open.add(identity)
        result, count, size = self.replace(value, depth + 1)
        if count > _MAX_VALUES or size > self.limit:
            raise UnsafeFileError(
                f"it unfolds to {count} values of {size} bytes, more than "
                f"{_MAX_VALUES} values or {MAX_EXPANSION} times the file"
            )
        self.open.discard(identity)
        self.kept.append(value)  # so that its id stays its own
        self.done[identity] = result, count, size
        return self.done[identity]

    def replace(self, value, depth):
        if isinstance(value, memoryview):
            return bytes(value), 1, len(value)
        if isinstance(value, list):
            return self.replace_items(list, value, depth)
        if isinstance(value, tuple):
            return self.replace_items(tuple, value, depth)
        if isinstance(value, dict):
            items, count, size = self.replace_items(list, value.values(), depth)
            return dict(zip(value, items, strict=True)), count + len(value), size
        if isinstance(value, Record):
            attributes, count, size = self.resolve(value.attributes, depth)
            return PickledObject(value.name, attributes), count, size
        if isinstance(value, Array) and value.items is not None:
            return self.replace_objects(value.items, depth)
        if isinstance(value, Name):
            return str(value.meaning), 1, 8
        if isinstance(value, (Array, Tensor, DType)):
            if isinstance(value, Tensor) and value.storage.dtype == "bfloat16":
                self.budget.spend(4 * math.prod(value.size))
            array = value.value()
            if array is None:
                raise UnreadableFileError("an array in it has no content")
            return array, 1, getattr(array, "nbytes", 8)
        what = "its storage" if isinstance(value, Node) else "a part of its stack"
        raise UnreadableFileError(f"{what} stands where a value should")

    def replace_items(self, kind, values, depth):
        results, count, size = [], 1, 8
        for value in values:
            result, n_values, n_bytes = self.resolve(value, depth)
            results.append(result)
            count, size = count + n_values, size + n_bytes
        return kind(results), count, size

    def replace_objects(self, items, depth):
        shape, order, values = items
        results, count, size = self.replace_items(list, values, depth)
        if shape == ():
            return results[0], count, size
        array = np.empty(math.prod(shape), object)
        for i, result in enumerate(results):
            array[i] = result
        return array.reshape(shape, order=order), count, size
