"""A short-vector number type for numba: <8 x double> and <16 x float>.

Every operation is one vector instruction written out, so a loop body is vectorised
whatever its length, and results are the same bits on every processor: there is no
re-association, and fused multiply-adds stand only where they are written.
LLVM splits the vectors for processors with shorter ones.
"""

import operator

from llvmlite import ir
from numba import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import (
    intrinsic,
    lower_builtin,
    models,
    register_model,
)
from numba.np.arrayobj import make_array

LANES = {"f64": 8, "f32": 16}  # simulations or nodes side by side

_ELEMENT = {
    "f64": ir.DoubleType(),
    "f32": ir.FloatType(),
    "i64": ir.IntType(64),
    "i32": ir.IntType(32),
    "bit": ir.IntType(1),
}
_INT32, _INT64 = ir.IntType(32), ir.IntType(64)
_NUMBA_SCALAR = {
    "f64": types.float64,
    "f32": types.float32,
    "i64": types.int64,
    "i32": types.int32,
}
_ELEMENT_OF = {
    types.float64: "f64",
    types.float32: "f32",
    types.int64: "i64",
    types.int32: "i32",
}


class VectorType(types.Type):
    """Numba type of a fixed number of equal elements held in one register."""

    def __init__(self, element, n):
        self.element, self.n = element, n
        super().__init__(name=f"Vector({element}, {n})")

    @property
    def llvm(self):
        return ir.VectorType(_ELEMENT[self.element], self.n)

    @property
    def is_float(self):
        return self.element[0] == "f"

    def like(self, kind):
        """Vector of the same shape with elements of kind "f" or "i"."""
        return VectorType(kind + self.element[1:], self.n)


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, manager, vector):
        super().__init__(manager, vector, vector.llvm)


# -- building blocks of the code generators ------------------------------------------


def _constant(vector, value):
    return ir.Constant(vector.llvm, [value] * vector.n)


def _splat(builder, value, vector):
    undefined = ir.Constant(vector.llvm, ir.Undefined)
    first = builder.insert_element(undefined, value, ir.Constant(_INT32, 0))
    zeros = ir.Constant(ir.VectorType(_INT32, vector.n), [0] * vector.n)
    return builder.shuffle_vector(first, undefined, zeros)


def _as_vector(context, builder, value, numba_type, vector):
    """Return a value as a vector; numbers are converted and repeated."""
    if isinstance(numba_type, VectorType):
        return value
    scalar = _NUMBA_SCALAR[vector.element]
    return _splat(builder, context.cast(builder, value, numba_type, scalar), vector)


def _llvm_call(builder, name, vector, args):
    full = f"{name}.v{vector.n}{vector.element}"
    function = builder.module.globals.get(full)
    if function is None:
        kind = ir.FunctionType(vector.llvm, [a.type for a in args])
        function = ir.Function(builder.module, kind, full)
    return builder.call(function, args)


def _data(context, builder, numba_type, value):
    """Pointer to the first element of an array or pointer argument."""
    if isinstance(numba_type, types.CPointer):
        return value
    return make_array(numba_type)(context, builder, value).data


def _load(builder, pointer, index, vector):
    address = builder.gep(pointer, [index])
    value = builder.load(builder.bitcast(address, vector.llvm.as_pointer()))
    value.align = int(vector.element[1:]) // 8
    return value


def _store(builder, pointer, index, value, element):
    address = builder.gep(pointer, [index])
    stored = builder.store(value, builder.bitcast(address, value.type.as_pointer()))
    stored.align = int(element[1:]) // 8


def _first_vector(numba_types):
    return next((t for t in numba_types if isinstance(t, VectorType)), None)


# -- operators -----------------------------------------------------------------------


def _operator(op, on_float, on_int=None, *, compares=False):
    @infer_global(op)
    class _Typing(AbstractTemplate):
        def generic(self, args, kws):
            vector = _first_vector(args)
            if len(args) != 2 or vector is None:
                return None
            for a in args:
                if isinstance(a, VectorType):
                    if a.element != vector.element or a.n != vector.n:
                        return None
                elif not isinstance(a, types.Number):
                    return None
            return signature(VectorType("bit", vector.n) if compares else vector, *args)

    def lower(context, builder, sig, args):
        vector = _first_vector(sig.args)
        x, y = (
            _as_vector(context, builder, value, numba_type, vector)
            for value, numba_type in zip(args, sig.args, strict=True)
        )
        return (on_float if vector.is_float else on_int)(builder, x, y)

    for pair in (
        (VectorType, VectorType),
        (VectorType, types.Number),
        (types.Number, VectorType),
    ):
        lower_builtin(op, *pair)(lower)


_operator(operator.add, lambda b, x, y: b.fadd(x, y), lambda b, x, y: b.add(x, y))
_operator(operator.sub, lambda b, x, y: b.fsub(x, y), lambda b, x, y: b.sub(x, y))
_operator(operator.mul, lambda b, x, y: b.fmul(x, y), lambda b, x, y: b.mul(x, y))
_operator(operator.truediv, lambda b, x, y: b.fdiv(x, y))
_operator(operator.xor, None, lambda b, x, y: b.xor(x, y))
_operator(operator.and_, None, lambda b, x, y: b.and_(x, y))
_operator(operator.or_, None, lambda b, x, y: b.or_(x, y))
_operator(operator.lshift, None, lambda b, x, y: b.shl(x, y))
_operator(operator.rshift, None, lambda b, x, y: b.ashr(x, y))
for _op, _sign in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
):
    _operator(
        _op,
        lambda b, x, y, s=_sign: b.fcmp_ordered(s, x, y),
        lambda b, x, y, s=_sign: b.icmp_signed(s, x, y),
        compares=True,
    )


@infer_global(operator.neg)
class _NegTyping(AbstractTemplate):
    def generic(self, args, kws):
        if len(args) == 1 and isinstance(args[0], VectorType):
            return signature(args[0], args[0])
        return None


@lower_builtin(operator.neg, VectorType)
def _neg(context, builder, sig, args):
    return builder.fneg(args[0])


# -- functions that are one instruction ----------------------------------------------


def _lower_with_vectors(body):
    def codegen(context, builder, sig, args):
        vector = _first_vector(sig.args)
        values = [
            _as_vector(context, builder, value, numba_type, vector)
            for value, numba_type in zip(args, sig.args, strict=True)
        ]
        return body(builder, vector, *values)

    return codegen


@intrinsic
def fma(typingctx, x, y, z):
    """Multiply and add, x * y + z, with one rounding."""
    vector = _first_vector((x, y, z))
    return vector(x, y, z), _lower_with_vectors(
        lambda b, v, *a: _llvm_call(b, "llvm.fma", v, list(a))
    )


@intrinsic
def sqrt(typingctx, x):
    """Square root."""
    return x(x), _lower_with_vectors(lambda b, v, a: _llvm_call(b, "llvm.sqrt", v, [a]))


@intrinsic
def floor(typingctx, x):
    """Largest whole number that is not larger."""
    return x(x), _lower_with_vectors(
        lambda b, v, a: _llvm_call(b, "llvm.floor", v, [a])
    )


@intrinsic
def at_least(typingctx, x, bound):
    """Larger of a value and a bound that is a number; a NaN value stays NaN."""
    return x(x, bound), _lower_with_vectors(
        lambda b, v, a, low: b.select(b.fcmp_ordered("<", a, low), low, a)
    )


@intrinsic
def at_most(typingctx, x, bound):
    """Smaller of a value and a bound that is a number; a NaN value stays NaN."""
    return x(x, bound), _lower_with_vectors(
        lambda b, v, a, high: b.select(b.fcmp_ordered(">", a, high), high, a)
    )


def _extreme(sign):
    def body(builder, vector, x, y):
        kept = builder.select(builder.fcmp_ordered(sign, x, y), y, x)
        return builder.select(builder.fcmp_unordered("uno", y, y), y, kept)

    return _lower_with_vectors(body)


@intrinsic
def maximum(typingctx, x, y):
    """Larger of two values, NaN if either is."""
    return _first_vector((x, y))(x, y), _extreme("<")


@intrinsic
def minimum(typingctx, x, y):
    """Smaller of two values, NaN if either is."""
    return _first_vector((x, y))(x, y), _extreme(">")


@intrinsic
def where(typingctx, condition, x, y):
    """Select x where the condition holds, else y; two numbers become vectors."""
    vector = _first_vector((x, y))
    if vector is None:
        element = "f64" if condition.n == LANES["f64"] else "f32"
        vector = VectorType(element, condition.n)

    def codegen(context, builder, sig, args):
        x_value, y_value = (
            _as_vector(context, builder, value, numba_type, vector)
            for value, numba_type in zip(args[1:], sig.args[1:], strict=True)
        )
        return builder.select(args[0], x_value, y_value)

    return vector(condition, x, y), codegen


@intrinsic
def bits(typingctx, x):
    """Bit pattern of floats as whole numbers."""
    out = x.like("i")
    return out(x), lambda c, b, s, a: b.bitcast(a[0], out.llvm)


@intrinsic
def unbits(typingctx, x):
    """Floats of a bit pattern."""
    out = x.like("f")
    return out(x), lambda c, b, s, a: b.bitcast(a[0], out.llvm)


@intrinsic
def shift_right(typingctx, x, count):
    """Logical shift to the right."""
    return x(x, count), lambda c, b, s, a: b.lshr(
        a[0], _as_vector(c, b, a[1], s.args[1], x)
    )


@intrinsic
def to_float(typingctx, x):
    """Whole numbers of 32 bits as float32, rounded."""
    out = VectorType("f32", x.n)
    return out(x), lambda c, b, s, a: b.sitofp(a[0], out.llvm)


def _halves(first, doc):
    """Make a function that takes every second 32-bit number of two vectors."""

    @intrinsic
    def halves(typingctx, x, y):
        out = VectorType("i32", 2 * x.n)

        def codegen(context, builder, sig, args):
            x_halves, y_halves = (builder.bitcast(a, out.llvm) for a in args)
            return _shuffle(builder, x_halves, y_halves, range(first, 4 * x.n, 2))

        return out(x, y), codegen

    halves.__doc__ = doc
    return halves


low_halves = _halves(0, "Lower 32 bits of the whole numbers of two vectors.")
high_halves = _halves(1, "Upper 32 bits of the whole numbers of two vectors.")


@intrinsic
def widen(typingctx, x):
    """float32 vector as float64."""
    out = VectorType("f64", x.n)
    return out(x), lambda c, b, s, a: b.fpext(a[0], out.llvm)


@intrinsic
def narrow(typingctx, x):
    """float64 vector as float32."""
    out = VectorType("f32", x.n)
    return out(x), lambda c, b, s, a: b.fptrunc(a[0], out.llvm)


# -- memory --------------------------------------------------------------------------


@intrinsic
def load(typingctx, source, index):
    """Vector of the elements of an array or pointer that start at an index."""
    element = _ELEMENT_OF[source.dtype]
    vector = VectorType(element, LANES["f64" if element == "i64" else element])

    def codegen(context, builder, sig, args):
        pointer = _data(context, builder, sig.args[0], args[0])
        return _load(builder, pointer, args[1], vector)

    return vector(source, types.int64), codegen


@intrinsic
def load8(typingctx, source, index):
    """Vector of eight elements, whatever their width."""
    vector = VectorType(_ELEMENT_OF[source.dtype], 8)

    def codegen(context, builder, sig, args):
        pointer = _data(context, builder, sig.args[0], args[0])
        return _load(builder, pointer, args[1], vector)

    return vector(source, types.int64), codegen


@intrinsic
def repeat(typingctx, source, index):
    """Vector of copies of one element of an array or pointer."""
    element = _ELEMENT_OF[source.dtype]
    vector = VectorType(element, LANES[element])

    def codegen(context, builder, sig, args):
        pointer = _data(context, builder, sig.args[0], args[0])
        return _splat(builder, builder.load(builder.gep(pointer, [args[1]])), vector)

    return vector(source, types.int64), codegen


@intrinsic
def store(typingctx, target, index, value):
    """Write a vector, or a number repeated, in the precision of the array."""
    element = _ELEMENT_OF[target.dtype]

    def codegen(context, builder, sig, args):
        vector = VectorType(element, LANES[element])
        if isinstance(value, VectorType) and value.element != element:
            convert = builder.fptrunc if value.element == "f64" else builder.fpext
            stored = convert(args[2], VectorType(element, value.n).llvm)
        else:
            stored = _as_vector(context, builder, args[2], sig.args[2], vector)
        pointer = _data(context, builder, sig.args[0], args[0])
        _store(builder, pointer, args[1], stored, element)
        return context.get_dummy_value()

    return types.void(target, types.int64, value), codegen


@intrinsic
def spread(typingctx, target, index, stride, value):
    """Write the elements of a vector one by one, ``stride`` elements apart.

    Instructions that scatter a vector are slower.
    """

    def codegen(context, builder, sig, args):
        pointer = _data(context, builder, sig.args[0], args[0])
        place = args[1]
        for k in range(value.n):
            element = builder.extract_element(args[3], ir.Constant(_INT32, k))
            builder.store(element, builder.gep(pointer, [place]))
            place = builder.add(place, args[2])
        return context.get_dummy_value()

    return types.void(target, types.int64, types.int64, value), codegen


def _shuffle(builder, x, y, places):
    mask = ir.Constant(ir.VectorType(_INT32, len(places)), list(places))
    return builder.shuffle_vector(x, y, mask)


def _columns(builder, rows, n_columns):
    """Turn 8 or 16 rows of 4 or 8 elements into columns."""
    if len(rows) > n_columns:  # two short rows side by side
        rows = [
            _shuffle(builder, rows[r], rows[r + n_columns], range(2 * n_columns))
            for r in range(n_columns)
        ]
    width = rows[0].type.count
    # Each round exchanges halves, quarters or neighbours between two rows.
    for span in (4, 2, 1) if n_columns == 8 else (2, 1):
        low = [i if not i & span else i - span + width for i in range(width)]
        high = [i + span if not i & span else i + width for i in range(width)]
        exchanged = list(rows)
        for r in range(len(rows)):
            if not r & span:
                pair = rows[r], rows[r + span]
                exchanged[r] = _shuffle(builder, *pair, low)
                exchanged[r + span] = _shuffle(builder, *pair, high)
        rows = exchanged
    return rows


def _transpose(n_columns):
    """Make a function that transposes blocks of 8 rows and 4 or 8 columns."""

    @intrinsic
    def transpose(typingctx, source, start, stride, target, place, first, shift):
        element = _ELEMENT_OF[source.dtype]
        row_vector = VectorType(element, n_columns)
        int64 = types.int64

        def codegen(context, builder, sig, args):
            source_data, target_data, place_data = (
                _data(context, builder, sig.args[i], args[i]) for i in (0, 3, 4)
            )
            start, stride, first, shift = (args[i] for i in (1, 2, 5, 6))
            rows, at = [], start
            for _ in range(8):
                rows.append(_load(builder, source_data, at, row_vector))
                at = builder.add(at, stride)
            rows = _columns(builder, rows, n_columns)
            for c in range(n_columns):
                index = builder.add(first, ir.Constant(_INT64, c))
                at = builder.load(builder.gep(place_data, [index]))
                _store(builder, target_data, builder.add(at, shift), rows[c], element)
            return context.get_dummy_value()

        return types.void(source, int64, int64, target, place, int64, int64), codegen

    transpose.__doc__ = f"""Transpose a block of 8 x {n_columns} elements.

    Row r of the block is ``source[start + r * stride : + {n_columns}]``; its column c
    is written to ``target[place[first + c] + shift : + 8]``.
    """
    return transpose


transpose8 = _transpose(8)
transpose4 = _transpose(4)


@intrinsic
def take_corners(typingctx, table, cell, start, last):
    """Gather two corners of the cells of a table, given by whole numbers.

    A cell is 16 elements, four corners with four columns each, and two corners are one
    load: the eight vectors that come back are the eight elements of each cell from
    element ``start`` on. Cells are moved into 0 ... last first; a NaN becomes 0, as
    converting it to an integer is undefined.
    """

    def codegen(context, builder, sig, args):
        vector, n = cell, cell.n
        zero = _constant(vector, 0.0)
        high = _as_vector(context, builder, args[3], sig.args[3], vector)
        value = builder.select(builder.fcmp_ordered(">", args[1], zero), args[1], zero)
        value = builder.select(builder.fcmp_ordered("<", value, high), value, high)
        index = builder.fptosi(value, ir.VectorType(_INT32, n))
        base = builder.gep(args[0], [args[2]])
        # two at once, since to get at an element of a vector takes its time
        pairs = builder.bitcast(index, ir.VectorType(_INT64, n // 2))
        rows = []
        for k in range(n // 2):
            pair = builder.extract_element(pairs, ir.Constant(_INT32, k))
            low = builder.and_(pair, ir.Constant(_INT64, 0xFFFFFFFF))
            for number in (low, builder.lshr(pair, ir.Constant(_INT64, 32))):
                at = builder.mul(number, ir.Constant(_INT64, 16))
                rows.append(_load(builder, base, at, VectorType(vector.element, 8)))
        columns = _columns(builder, rows, 8)
        return context.make_tuple(builder, sig.return_type, columns)

    return types.UniTuple(cell, 8)(table, cell, types.int64, last), codegen
