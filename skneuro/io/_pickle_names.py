"""The names that a pickle may hold, and the plain values that stand for them.

Nothing here imports or calls what a file names: ``torch.FloatStorage`` is a dtype,
``argparse.Namespace`` a record of a dictionary, an array a view of the file.
"""

import math
import re

import numpy as np

from skneuro.exceptions import UnreadableFileError, UnsafeFileError

_DTYPE = re.compile(
    r"[<>=|]?(?:b1|\?|[iu][1248]|f[248]|c(?:8|16)|[SU][1-9]\d{0,7}|O8?)"
)
_MAX_ITEMS_OF_EMPTY = 1 << 24
_INTEGER = (int, np.integer)


def show(value):
    """Write a value of a file for a message; never long, whatever is nested in it."""
    if isinstance(value, (str, bytes)):
        return repr(value[:60])
    if isinstance(value, (int, float, Name)):
        return str(value)[:60]
    if isinstance(value, tuple) and all(isinstance(n, int) for n in value):
        return str(value[:10])[:60]
    return f"a {type(value).__name__}"


class Name:
    """An allowed name, and how the value that it makes is built.

    Parameters
    ----------
    name : str
        Full name, for messages.
    make : callable, default=None
        Gets the tuple of arguments; None if the name cannot be called.
    meaning : object, default=None
        What the bare name stands for.
    """

    def __init__(self, name, make=None, meaning=None):
        self.name = name
        self._make = make
        self.meaning = name if meaning is None else meaning

    def __str__(self):
        return self.name

    def make(self, arguments):
        if self._make is None:
            raise UnsafeFileError(f"it calls {self.name}, which is only a name here")
        try:
            return self._make(*arguments)
        except TypeError as exc:
            raise UnreadableFileError(f"{self.name} has odd arguments: {exc}") from exc


class Node:
    """A value that gets its content after it is made."""

    def set_state(self, state):
        raise UnsafeFileError(f"it sets the state of a {type(self).__name__}")

    def value(self):
        return None


class PickledObject:
    """Hold the attributes of an object of a file; it can do nothing.

    Parameters
    ----------
    name : str
        Name of its class in the file, for example ``"argparse.Namespace"``.
    attributes : dict, default=None
        Its attributes; None is none.

    Examples
    --------
    >>> from skneuro.io import PickledObject
    >>> PickledObject("argparse.Namespace", {"lr": 0.001})
    <argparse.Namespace with lr>
    """

    def __init__(self, name, attributes=None):
        self.name = name
        self.attributes = {} if attributes is None else attributes

    def __repr__(self):
        attributes = ", ".join(map(str, self.attributes)) or "no attributes"
        return f"<{self.name} with {attributes}>"


class Record(Node):
    """What becomes a `PickledObject`."""

    def __init__(self, name):
        self.name, self.attributes = name, {}

    def set_state(self, state):
        if not isinstance(state, dict):
            raise UnsafeFileError(
                f"the state of its {self.name} is a {type(state).__name__}, expected a "
                "dictionary"
            )
        self.attributes = {str(key): value for key, value in state.items()}


class DType(Node):
    """A numpy dtype of plain numbers or texts, or of objects."""

    def __init__(self, text, *_):
        if isinstance(text, Name):
            text = np.dtype(_SCALARS.get(text.meaning, "V")).str
        if not isinstance(text, str) or not _DTYPE.fullmatch(text):
            raise UnreadableFileError(f"it has the dtype {show(text)}")
        self.dtype = np.dtype(text)

    def set_state(self, state):
        # (version, byte order, subarray, names, fields, size, alignment, flags)
        if not isinstance(state, tuple) or len(state) < 5 or any(state[2:5]):
            raise UnreadableFileError("it has a structured dtype")
        if not isinstance(state[1], str) or state[1] not in {"<", ">", "=", "|"}:
            raise UnreadableFileError("it has a dtype of unknown byte order")
        self.dtype = self.dtype.newbyteorder(state[1])

    def value(self):
        return self.dtype.str


class Array(Node):
    """A numpy array that is a view of the file."""

    def __init__(self, *_):
        self.array = self.items = None

    def set_state(self, state):
        if not isinstance(state, tuple) or len(state) != 5:
            raise UnreadableFileError("the state of an array is not a tuple of five")
        _, shape, dtype, fortran, data = state
        if not isinstance(dtype, DType):
            raise UnreadableFileError("an array in it has no dtype")
        if dtype.dtype.hasobject:
            shape = check_shape(shape)
            if not isinstance(data, list) or len(data) != math.prod(shape):
                raise UnreadableFileError(
                    f"an array of objects in it has shape {shape}, but other items"
                )
            self.items = (shape, "F" if fortran else "C", list(data))
        else:
            self.array = as_array(data, dtype.dtype, shape, "F" if fortran else "C")

    def value(self):
        return self.array


class Storage(Node):
    """The numbers behind torch tensors; its array is set when its bytes are found."""

    def __init__(self, dtype, n_items, parent=None, offset=0):
        self.dtype, self.n_items = dtype, n_items
        self.parent, self.offset = parent, offset
        self.array = None

    def numbers(self):
        if self.parent is not None:
            return self.parent.numbers()[self.offset : self.offset + self.n_items]
        if self.array is None:
            raise UnreadableFileError("the numbers of a tensor are missing")
        return self.array


class Tensor(Node):
    """A torch tensor: a view of a storage."""

    def __init__(self, storage, offset, size, stride, *_):
        if not isinstance(storage, Storage) or not isinstance(offset, int):
            raise UnreadableFileError("a tensor in it has no storage")
        self.storage, self.offset = storage, offset
        self.size = check_shape(size)
        steps = check_shape(stride)
        if len(steps) != len(self.size) or offset < 0:
            raise UnreadableFileError("a tensor in it has odd strides")
        self.stride = steps

    def value(self):
        numbers = self.storage.numbers()
        count = math.prod(self.size)
        steps = zip(self.size, self.stride, strict=True)
        reach = sum((n - 1) * step for n, step in steps)
        if count and (count > len(numbers) or self.offset + reach >= len(numbers)):
            raise UnreadableFileError(
                f"a tensor of shape {self.size} reaches beyond its {len(numbers)} "
                "numbers"
            )
        if not count:
            return np.empty(self.size, _plain(self.storage.dtype))
        strides = [step * numbers.itemsize for step in self.stride]
        view = np.lib.stride_tricks.as_strided(
            numbers[self.offset :], self.size, strides, writeable=False
        )
        return _from_bfloat16(view) if self.storage.dtype == "bfloat16" else view


def _plain(dtype):
    return "<f4" if dtype == "bfloat16" else dtype


def _from_bfloat16(bits):
    return (bits.astype("<u4") << 16).view("<f4")


def check_shape(shape):
    """Check the shape of an array that a file names; return a tuple of int."""
    if not isinstance(shape, tuple) or len(shape) > 32:
        raise UnreadableFileError(f"it has an array of shape {show(shape)}")
    for n in shape:
        if not isinstance(n, _INTEGER) or isinstance(n, bool) or not 0 <= n < 1 << 48:
            raise UnreadableFileError(f"it has an array of shape {show(shape)}")
    if 0 in shape and math.prod(n for n in shape if n) > _MAX_ITEMS_OF_EMPTY:
        raise UnreadableFileError(f"it has an empty array of shape {shape}")
    return tuple(int(n) for n in shape)


def as_array(data, dtype, shape, order="C"):
    """View bytes as an array; complain where their number or their values are odd."""
    if isinstance(data, str):  # how Python 2 wrote bytes
        try:
            data = data.encode("latin-1")
        except UnicodeEncodeError as exc:
            raise UnreadableFileError(f"an array in it is no bytes: {exc}") from exc
    if not isinstance(data, (bytes, memoryview)):
        raise UnreadableFileError(f"an array in it is a {type(data).__name__}")
    shape = check_shape(shape)
    expected = math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        raise UnreadableFileError(
            f"an array of shape {shape} and dtype {dtype} has {len(data)} bytes, "
            f"expected {expected}"
        )
    if not expected:
        return np.empty(shape, dtype)
    array = np.frombuffer(data, dtype)
    if dtype.kind == "b" and array.view(np.uint8).max() > 1:
        raise UnreadableFileError("it has booleans that are neither 0 nor 1")
    if dtype.kind == "U":
        codes = array.view(dtype.byteorder.replace("|", "=") + "u4")
        if codes.max() > 0x10FFFF:
            raise UnreadableFileError("it has a text with unknown characters")
    array.flags.writeable = False
    return array.reshape(shape, order=order)


def _encode(text, encoding):
    if not isinstance(text, str) or encoding not in ("latin1", "latin-1"):
        raise UnsafeFileError(f"it calls _codecs.encode for {show(encoding)}")
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as exc:
        raise UnreadableFileError(f"bytes in it are no bytes: {exc}") from exc


def _scalar(dtype, data):
    if not isinstance(dtype, DType) or dtype.dtype.hasobject:
        raise UnreadableFileError("a number in it has no dtype")
    node = Array()
    node.array = as_array(data, dtype.dtype, ())[()]
    return node


def _from_buffer(data, dtype, shape, order):
    if not isinstance(dtype, DType) or order not in ("C", "F"):
        raise UnreadableFileError("an array in it has no dtype or order")
    node = Array()
    node.array = as_array(data, dtype.dtype, shape, order)
    return node


def _ordered_dict(items=()):
    if not isinstance(items, (list, tuple)):
        raise UnreadableFileError("an ordered dictionary in it has odd items")
    made = {}
    for item in items:
        if not isinstance(item, (list, tuple)) or len(item) != 2:
            raise UnreadableFileError("an ordered dictionary in it has odd items")
        if not isinstance(item[0], (str, int)):
            raise UnreadableFileError(f"a key in it is a {type(item[0]).__name__}")
        made[item[0]] = item[1]
    return made


def _list(items=()):
    if not isinstance(items, (list, tuple)):
        raise UnreadableFileError("a list or set in it has odd items")
    return list(items)


def _complex(real, imag):
    if not (isinstance(real, (int, float)) and isinstance(imag, (int, float))):
        raise UnreadableFileError("a complex number in it has odd parts")
    return [real, imag]


def _parameter(tensor, *_):
    if not isinstance(tensor, Tensor):
        raise UnreadableFileError("a parameter in it is no tensor")
    return tensor


def _size(items=()):
    return check_shape(tuple(_list(items)))


def _text(text, *_):
    if not isinstance(text, str):
        raise UnreadableFileError("a device in it is no text")
    return text


_SCALARS = {
    f"numpy.{name}": name.rstrip("_")
    for name in (
        "bool bool_ int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 "
        "float64"
    ).split()
}
_STORAGES = {
    "Bool": "|b1",
    "Byte": "|u1",
    "Char": "|i1",
    "Short": "<i2",
    "Int": "<i4",
    "Long": "<i8",
    "Half": "<f2",
    "Float": "<f4",
    "Double": "<f8",
    "BFloat16": "bfloat16",
}
_RECORDS = [
    "argparse.Namespace",
    "sklearn.decomposition._pca.PCA",
    "sklearn.decomposition.pca.PCA",
    "sklearn.decomposition._truncated_svd.TruncatedSVD",
    "sklearn.decomposition.truncated_svd.TruncatedSVD",
    "sklearn.linear_model._base.LinearRegression",
    "sklearn.linear_model.base.LinearRegression",
    "sklearn.linear_model._ridge.Ridge",
    "sklearn.linear_model.ridge.Ridge",
    "sklearn.preprocessing._data.StandardScaler",
    "sklearn.preprocessing.data.StandardScaler",
]


def _record_maker(name):
    return lambda: Record(name)


def _buffer(data=b""):
    return data


def _allowed():
    makers = {
        "collections.OrderedDict": _ordered_dict,
        "_codecs.encode": _encode,
        "numpy.dtype": DType,
        "numpy.ndarray": None,
        "torch._utils._rebuild_tensor": Tensor,
        "torch._utils._rebuild_tensor_v2": Tensor,
        "torch._utils._rebuild_parameter": _parameter,
        "torch.Size": _size,
        "torch.device": _text,
    }
    for core in ("core", "_core"):
        makers[f"numpy.{core}.multiarray._reconstruct"] = Array
        makers[f"numpy.{core}.multiarray.scalar"] = _scalar
        makers[f"numpy.{core}.numeric._frombuffer"] = _from_buffer
    for builtins in ("builtins", "__builtin__"):
        makers[f"{builtins}.set"] = makers[f"{builtins}.frozenset"] = _list
        makers[f"{builtins}.list"] = _list
        makers[f"{builtins}.complex"] = _complex
        makers[f"{builtins}.bytearray"] = _buffer
    makers |= {name: _record_maker(name) for name in _RECORDS}
    names = {name: Name(name, make) for name, make in makers.items()}
    for name, dtype in _SCALARS.items():
        names[name] = Name(name, meaning=name)
        names[f"torch.{dtype}"] = Name(f"torch.{dtype}")
    for kind, dtype in _STORAGES.items():
        name = f"torch.{kind}Storage"
        names[name] = Name(name, meaning=dtype)
    return names


_NAMES = _allowed()


def find_name(module, name):
    """Look up a name of a pickle; refuse those that are not on the list."""
    full = f"{module}.{name}"
    if full not in _NAMES:
        raise UnsafeFileError(
            f"it names {full[:200]}, which is not on the allowed list"
        )
    return _NAMES[full]


def storage_dtype(name):
    """Find the dtype of a torch storage type."""
    if not isinstance(name, Name) or name.meaning not in _STORAGES.values():
        raise UnsafeFileError(f"it has a storage of type {show(name)}")
    return name.meaning
