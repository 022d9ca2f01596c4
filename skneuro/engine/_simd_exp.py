"""Exponential functions of vectors, by a table of eight powers and a polynomial.

The same bits on every processor: its instructions decide how the table is read, not
what is read.
"""

import numpy as np
from llvmlite import ir
from numba import njit
from numba.extending import intrinsic, overload

from skneuro.engine._simd import (
    VectorType,
    _shuffle,
    at_least,
    at_most,
    bits,
    fma,
    unbits,
)


def exp(x):
    """Exponential function: 1.2 ulp; argument kept in -708 ... 709, or -87 ... 88."""
    raise NotImplementedError("for compiled code only")


def exp2(x):
    """Power of two: 1.2 ulp; argument kept in -1022 ... 1023, or -126 ... 127."""
    raise NotImplementedError("for compiled code only")


# -- table ---------------------------------------------------------------------------

_EIGHTHS = (  # powers of two of 0, 1/8, ... 7/8
    1.0,
    1.0905077326652577,
    1.189207115002721,
    1.2968395546510096,
    1.4142135623730951,
    1.5422108254079407,
    1.681792830507429,
    1.8340080864093424,
)
_EIGHTH = {"i64": 49, "i32": 20}  # bit of a float that counts eighths of its exponent


def _table(element):
    """Bit patterns of the eight powers, without the eighths that they stand for.

    A whole number of eighths, shifted to the exponent, and its pattern then add up to
    the power: what the eighths add to the fraction is missing there.
    """
    floats, integers = {"i64": "f8", "i32": "f4"}[element], {"i64": "i8", "i32": "i4"}
    patterns = np.array(_EIGHTHS, floats).view(integers[element])
    return [int(b) - (j << _EIGHTH[element]) for j, b in enumerate(patterns)]


_TABLE = {element: _table(element) for element in _EIGHTH}
_INT32 = ir.IntType(32)


def _constant(width, numbers):
    vector = ir.VectorType(ir.IntType(width), len(numbers))
    return ir.Constant(vector, [n % (1 << width) for n in numbers])


def _permute(builder, name, table, index):
    """Elements of a table by the last bits of an index, in one instruction."""
    function = builder.module.globals.get(name)
    if function is None:
        kind = ir.FunctionType(index.type, [index.type, index.type])
        function = ir.Function(builder.module, kind, name)
    return builder.call(function, [table, index])


def _read_avx512(builder, vector, table, index):
    name = {"i64": "di", "i32": "si"}[vector.element]
    repeated = _constant(int(vector.element[1:]), table * (vector.n // 8))
    return _permute(builder, f"llvm.x86.avx512.permvar.{name}.512", repeated, index)


def _read_avx2(builder, vector, table, index):
    """Read eight words at a time; lower and upper words of 64-bit numbers apart."""

    def read(numbers, places):
        numbers = _constant(32, numbers)
        eight = _shuffle(builder, words, words, places)
        return _permute(builder, "llvm.x86.avx2.permd", numbers, eight)

    words = builder.bitcast(index, ir.VectorType(_INT32, 16))
    halves = []
    for first in (0, 8):
        places = range(first, first + 8)
        if vector.element == "i32":
            halves.append(read(table, places))
        else:
            even = [place - place % 2 for place in places]
            low, high = read(table, even), read([n >> 32 for n in table], even)
            halves.append(_shuffle(builder, low, high, [0, 9, 2, 11, 4, 13, 6, 15]))
    return builder.bitcast(_shuffle(builder, *halves, range(16)), vector.llvm)


def _read_one_by_one(builder, vector, table, index):
    numbers = _constant(int(vector.element[1:]), table)
    element = numbers.type.element
    name = f"skneuro.powers.{vector.element}"
    memory = builder.module.globals.get(name)
    if memory is None:
        memory = ir.GlobalVariable(builder.module, numbers.type, name)
        memory.initializer, memory.global_constant = numbers, True
        memory.linkage = "internal"
    first = builder.bitcast(memory, element.as_pointer())
    read = ir.Constant(vector.llvm, ir.Undefined)
    last = builder.and_(index, _constant(element.width, [7] * vector.n))
    for k in range(vector.n):
        place = ir.Constant(_INT32, k)
        at = builder.gep(first, [builder.extract_element(last, place)])
        read = builder.insert_element(read, builder.load(at), place)
    return read


@intrinsic
def _read_table(typingctx, index):
    """Patterns of `_table` by the last three bits of whole numbers."""

    def codegen(context, builder, sig, args):
        features = context.codegen().magic_tuple()[2]
        if "+avx512f" in features:
            read = _read_avx512
        else:
            read = _read_avx2 if "+avx2" in features else _read_one_by_one
        return read(builder, index, _TABLE[index.element], args[0])

    return index(index), codegen


# -- functions -----------------------------------------------------------------------

# Adding this constant leaves the nearest number of eighths in the low bits of the
# result: rounding and conversion in one addition.
_MAGIC64 = 1.5 * 2**49
_MAGIC32 = 1.5 * 2**20
_LOG2E64 = 1.4426950408889634, 2.0355273740931033e-17  # upper and lower part
_LOG2E32 = 1.4426950216293335, 1.9259629911266175e-08


@njit(inline="always")
def _power64(eighths, f):
    """Two to the power of a number of eighths and a rest f, at most 1/16."""
    k = bits(eighths)
    power = unbits(_read_table(k) + (k << 49))
    # (2**f - 1) / f, interpolated at Chebyshev's points: 6e-18 off
    p = fma(f, 1.525342958649691e-05, 1.5404433819347582e-04)
    p = fma(p, f, 1.3333558132838856e-03)
    p = fma(p, f, 9.618129089983302e-03)
    p = fma(p, f, 5.550410866482224e-02)
    p = fma(p, f, 2.4022650695910933e-01)
    p = fma(p, f, 6.931471805599453e-01)
    return fma(p * f, power, power)


@njit(inline="always")
def _power32(eighths, f):
    k = bits(eighths)
    power = unbits(_read_table(k) + (k << 20))
    p = fma(f, 5.550801511160262e-02, 2.4025468639384956e-01)  # 4e-8 off
    p = fma(p, f, 6.931471805599453e-01)
    return fma(p * f, power, power)


def _exp64(x):
    x = at_most(at_least(x, -708.0), 709.0)
    eighths = fma(x, _LOG2E64[0], _MAGIC64)
    f = fma(x, _LOG2E64[1], fma(x, _LOG2E64[0], _MAGIC64 - eighths))
    return _power64(eighths, f)


def _exp32(x):
    x = at_most(at_least(x, -87.0), 88.0)
    eighths = fma(x, _LOG2E32[0], _MAGIC32)
    f = fma(x, _LOG2E32[1], fma(x, _LOG2E32[0], _MAGIC32 - eighths))
    return _power32(eighths, f)


def _exp2_64(x):
    x = at_most(at_least(x, -1022.0), 1023.0)
    eighths = x + _MAGIC64
    return _power64(eighths, x - (eighths - _MAGIC64))


def _exp2_32(x):
    x = at_most(at_least(x, -126.0), 127.0)
    eighths = x + _MAGIC32
    return _power32(eighths, x - (eighths - _MAGIC32))


@overload(exp)
def _exp_vector(x):
    if isinstance(x, VectorType):
        return _exp64 if x.element == "f64" else _exp32
    return None


@overload(exp2)
def _exp2_vector(x):
    if isinstance(x, VectorType):
        return _exp2_64 if x.element == "f64" else _exp2_32
    return None
