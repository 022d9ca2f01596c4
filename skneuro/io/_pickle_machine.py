"""Read pickles as data: a small interpreter that cannot call anything.

Python's own unpickler calls what a file names. This one knows the opcodes that numpy
and torch write, and instead of calling it hands the few names of `_pickle_names` to
builders of plain values. Large byte strings are views of the file, not copies.
"""

import struct

from skneuro.exceptions import UnreadableFileError, UnsafeFileError
from skneuro.io._pickle_names import Name, Node, find_name, show

_MARK = object()
_ATOMS = (str, int, float, bytes, type(None))
_MAX_INT_BYTES = 255
_MAX_STEPS = 20_000_000
# What a file makes, by naming one value several times, stays below this multiple of
# its length, or below so many bytes in a small file.
MAX_EXPANSION = 16
_MIN_LIMIT = 1 << 26
_BYTES_PER_ITEM = 100  # of a dictionary, the largest of all containers

# Opcodes that numpy and torch never write, and what they would do.
_REFUSED = {
    0x82: "EXT1 (an entry of Python's extension registry)",
    0x83: "EXT2 (an entry of Python's extension registry)",
    0x84: "EXT4 (an entry of Python's extension registry)",
    ord("i"): "INST (an instance of a named class)",
    ord("o"): "OBJ (an instance of a class)",
    ord("P"): "PERSID (a persistent id in text)",
    0x97: "NEXT_BUFFER (memory outside the file)",
    0x98: "READONLY_BUFFER (memory outside the file)",
}


class Budget:
    """Bound the bytes that a file can make of itself.

    Parameters
    ----------
    n_bytes : int
        Length of the file.
    """

    def __init__(self, n_bytes):
        self.limit = self.left = max(MAX_EXPANSION * n_bytes, _MIN_LIMIT)

    def spend(self, n_bytes):
        """Pay for bytes before they are made."""
        self.left -= n_bytes
        if self.left < 0:
            raise UnsafeFileError(
                f"it copies its values again and again, to more than {self.limit} "
                f"bytes ({MAX_EXPANSION} times its length, or {_MIN_LIMIT})"
            )

    def spend_on(self, values):
        """Pay for copies of values, of their first level only."""
        for value in values:
            if isinstance(value, (str, bytes, memoryview)):
                self.spend(len(value))
            elif isinstance(value, (list, tuple, dict)):
                self.spend(_BYTES_PER_ITEM * len(value))


class Reader:
    """Take bytes from a buffer, never beyond its end.

    Parameters
    ----------
    buffer : memoryview
        Content of the file.
    position : int, default=0
        Where to begin.
    """

    def __init__(self, buffer, position=0):
        self.buffer = buffer
        self.position = position

    def take(self, n_bytes):
        end = self.position + n_bytes
        if n_bytes < 0 or end > len(self.buffer):
            left = len(self.buffer) - self.position
            raise UnreadableFileError(
                f"it ends early: {n_bytes} bytes should follow at byte "
                f"{self.position}, but {left} are left"
            )
        part = self.buffer[self.position : end]
        self.position = end
        return part

    def number(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def line(self):
        text = bytes(self.buffer[self.position : self.position + 256])
        end = text.find(b"\n")
        if end < 0:
            raise UnreadableFileError(
                f"a name at byte {self.position} has no end within 256 bytes"
            )
        self.position += end + 1
        return decode(text[:end])


def decode(data):
    """Turn UTF-8 into text."""
    try:
        return str(data, "utf-8", "surrogatepass")
    except UnicodeDecodeError as exc:
        raise UnreadableFileError(f"a text in it is not UTF-8: {exc}") from exc


class PickleMachine:
    """Run one pickle and keep its values.

    Parameters
    ----------
    buffer : memoryview
        Content of the file.
    position : int, default=0
        Where the pickle begins.
    load_storage : callable, default=None
        Gets a persistent id and returns a value; None refuses persistent ids.
    """

    def __init__(self, buffer, position=0, *, load_storage=None):
        self.reader = Reader(buffer, position)
        self.load_storage = load_storage
        self.stack, self.memo = [], {}
        self.budget = Budget(len(buffer))

    def run(self):
        """Run to the end of the pickle.

        Returns
        -------
        object
            Lists, dicts, texts, numbers and nodes of `_pickle_names`.
        """
        reader = self.reader
        for _ in range(_MAX_STEPS):
            code = reader.take(1)[0]
            if code == 0x2E:  # STOP
                return self.pop()
            operation = _OPERATIONS.get(code)
            if operation is None:
                self.refuse(code)
            operation(self, reader)
        raise UnsafeFileError(f"its pickle has more than {_MAX_STEPS} steps")

    def refuse(self, code):
        at = self.reader.position - 1
        if code in _REFUSED:
            raise UnsafeFileError(f"opcode {_REFUSED[code]} at byte {at}")
        raise UnreadableFileError(
            f"byte {at} is {code:#04x}, no opcode that numpy or torch write"
        )

    # -- stack and memo ---------------------------------------------------------

    def pop(self):
        if not self.stack or self.stack[-1] is _MARK:
            raise UnreadableFileError("a value is missing on its stack")
        return self.stack.pop()

    def top(self, kind):
        if not self.stack or not isinstance(self.stack[-1], kind):
            raise UnreadableFileError(f"no {kind.__name__} to add to on its stack")
        return self.stack[-1]

    def push(self, value):
        self.stack.append(value)

    def pop_to_mark(self):
        for i in range(len(self.stack) - 1, -1, -1):
            if self.stack[i] is _MARK:
                values = self.stack[i + 1 :]
                del self.stack[i:]
                return values
        raise UnreadableFileError("a mark is missing on its stack")

    def put(self, index):
        value = self.pop()
        self.memo[index] = value
        self.push(value)

    def get(self, index):
        if index not in self.memo:
            raise UnreadableFileError(f"it refers to entry {index}, which it has not")
        self.push(self.memo[index])

    # -- containers -------------------------------------------------------------

    def append(self, values):
        self.top(list).extend(values)

    def set_items(self, values):
        if len(values) % 2:
            raise UnreadableFileError("a dictionary in it has a key without a value")
        target = self.top(dict)
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[self.as_key(key)] = value

    def as_key(self, value):
        """Check that a value can be a key: hashing is cheap and calls nothing."""
        self.budget.spend_on([value] if not isinstance(value, str) else [])
        if isinstance(value, tuple) and all(isinstance(item, _ATOMS) for item in value):
            return value
        if isinstance(value, memoryview):
            return bytes(value)
        if isinstance(value, Node):
            value = value.value()  # a numpy scalar
            if getattr(value, "shape", None) == () and hasattr(value, "item"):
                self.budget.spend(value.nbytes)
                value = value.item()
        if not isinstance(value, _ATOMS):
            raise UnreadableFileError(f"a key in it is a {type(value).__name__}")
        return value

    # -- what would be calls ----------------------------------------------------

    def push_name(self, module, name):
        if not isinstance(module, str) or not isinstance(name, str):
            raise UnreadableFileError("a name in it is no text")
        self.push(find_name(module, name))

    def build_from(self, arguments, keywords=None):
        name = self.pop()
        if not isinstance(name, Name) or not isinstance(arguments, tuple):
            raise UnsafeFileError(
                f"it calls {show(name)}, which is no name of the allowed list"
            )
        if keywords:
            raise UnsafeFileError(f"it makes {name} with keyword arguments")
        self.budget.spend_on([arguments, *arguments])
        self.push(name.make(arguments))

    def set_state(self):
        state = self.pop()
        target = self.top(object)
        if isinstance(target, dict):
            return  # attributes of an ordered dictionary, such as torch's versions
        if not isinstance(target, Node):
            raise UnsafeFileError(f"it sets the state of a {type(target).__name__}")
        self.budget.spend_on([state, *(state if isinstance(state, tuple) else ())])
        target.set_state(state)

    def persistent(self):
        identity = self.pop()
        if self.load_storage is None:
            raise UnsafeFileError("it has persistent ids, which only torch files have")
        self.push(self.load_storage(identity))


def _as_int(reader, n_bytes):
    if n_bytes > _MAX_INT_BYTES:
        raise UnreadableFileError(f"it has a whole number of {n_bytes} bytes")
    return int.from_bytes(reader.take(n_bytes), "little", signed=True)


def _protocol(machine, reader):
    if (protocol := reader.take(1)[0]) > 5:
        raise UnreadableFileError(f"its pickle protocol is {protocol}, newer than 5")


def _tuple_of(n):
    def make(machine, reader):
        values = [machine.pop() for _ in range(n)]
        machine.push(tuple(reversed(values)))

    return make


def _set_items(machine, reader):
    value, key = machine.pop(), machine.pop()
    machine.set_items([key, value])


def _global(machine, reader):
    module = reader.line()
    machine.push_name(module, reader.line())


def _stack_global(machine, reader):
    name, module = machine.pop(), machine.pop()
    machine.push_name(module, name)


def _new_object_ex(machine, reader):
    keywords, arguments = machine.pop(), machine.pop()
    machine.build_from(arguments, keywords)


def _frozen(machine, reader):
    machine.push([machine.as_key(value) for value in machine.pop_to_mark()])


def _number(form):
    return lambda machine, reader: machine.push(reader.number(form))


def _text(form, convert=decode):
    return lambda machine, reader: machine.push(
        convert(reader.take(reader.number(form)))
    )


def _latin1(data):
    return str(data, "latin-1")


def _keep(data):
    return data


def _dict_from_mark(machine, reader):
    values = machine.pop_to_mark()
    machine.push({})
    machine.set_items(values)


# Sets become lists: what is written as one holds numbers or texts.
_OPERATIONS = {
    0x80: _protocol,
    0x95: lambda machine, reader: reader.number("<Q"),  # FRAME
    ord("("): lambda machine, reader: machine.push(_MARK),
    ord("0"): lambda machine, reader: machine.pop(),
    ord("1"): lambda machine, reader: machine.pop_to_mark(),
    ord("2"): lambda machine, reader: machine.push(machine.top(object)),
    ord("N"): lambda machine, reader: machine.push(None),
    0x88: lambda machine, reader: machine.push(True),
    0x89: lambda machine, reader: machine.push(False),
    ord("J"): _number("<i"),
    ord("K"): _number("<B"),
    ord("M"): _number("<H"),
    0x8A: lambda m, reader: m.push(_as_int(reader, reader.number("<B"))),
    0x8B: lambda m, reader: m.push(_as_int(reader, reader.number("<I"))),
    ord("G"): _number(">d"),
    0x8C: _text("<B"),
    ord("X"): _text("<I"),
    0x8D: _text("<Q"),
    ord("U"): _text("<B", _latin1),
    ord("T"): _text("<I", _latin1),
    ord("C"): _text("<B", _keep),
    ord("B"): _text("<I", _keep),
    0x8E: _text("<Q", _keep),
    0x96: _text("<Q", _keep),
    ord(")"): lambda machine, reader: machine.push(()),
    ord("t"): lambda machine, reader: machine.push(tuple(machine.pop_to_mark())),
    0x85: _tuple_of(1),
    0x86: _tuple_of(2),
    0x87: _tuple_of(3),
    ord("]"): lambda machine, reader: machine.push([]),
    ord("l"): lambda machine, reader: machine.push(machine.pop_to_mark()),
    ord("a"): lambda machine, reader: machine.append([machine.pop()]),
    ord("e"): lambda machine, reader: machine.append(machine.pop_to_mark()),
    ord("}"): lambda machine, reader: machine.push({}),
    ord("d"): _dict_from_mark,
    ord("s"): _set_items,
    ord("u"): lambda machine, reader: machine.set_items(machine.pop_to_mark()),
    0x8F: lambda machine, reader: machine.push([]),
    0x90: lambda machine, reader: machine.append(machine.pop_to_mark()),
    0x91: _frozen,
    ord("h"): lambda machine, reader: machine.get(reader.number("<B")),
    ord("j"): lambda machine, reader: machine.get(reader.number("<I")),
    ord("q"): lambda machine, reader: machine.put(reader.number("<B")),
    ord("r"): lambda machine, reader: machine.put(reader.number("<I")),
    0x94: lambda machine, reader: machine.put(len(machine.memo)),
    ord("c"): _global,
    0x93: _stack_global,
    ord("R"): lambda machine, reader: machine.build_from(machine.pop()),
    0x81: lambda machine, reader: machine.build_from(machine.pop()),
    0x92: _new_object_ex,
    ord("b"): lambda machine, reader: machine.set_state(),
    ord("Q"): lambda machine, reader: machine.persistent(),
}
