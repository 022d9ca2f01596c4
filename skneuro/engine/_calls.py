"""Calls that numba does not write itself: of kernels by address, of the memory copy."""

from llvmlite import ir
from numba import types
from numba.core.cgutils import raw_memmove
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

_INT64 = ir.IntType(64)
_POINTER = ir.IntType(8).as_pointer()
_KERNEL = ir.FunctionType(ir.VoidType(), [_POINTER] * 8 + [_INT64, _INT64])


@intrinsic
def call_kernel(
    typingctx,
    address,
    state,
    state_at,
    net,
    net_at,
    drive,
    drive_at,
    normal,
    normal_at,
    param,
    place,
    place_at,
    source,
    source_at,
    table,
    table_at,
    n_units,
    n_tiles,
):
    """Call ``kernel(state, net, drive, normal, param, place, source, table)``.

    Each buffer is followed by the index of the element that the kernel sees first.
    """
    int64 = types.int64
    sig = types.void(
        int64,
        *(state, int64, net, int64, drive, int64, normal, int64),
        *(param, place, int64, source, int64, table, int64),
        *(int64, int64),
    )

    def codegen(context, builder, sig, args):
        def pointer(position, start):
            array = make_array(sig.args[position])
            data = array(context, builder, args[position]).data
            if start is not None:
                data = builder.gep(data, [args[start]])
            return builder.bitcast(data, _POINTER)

        kernel = builder.inttoptr(args[0], _KERNEL.as_pointer())
        buffers = [
            pointer(1, 2),
            pointer(3, 4),
            pointer(5, 6),
            pointer(7, 8),
            pointer(9, None),
            pointer(10, 11),
            pointer(12, 13),
            pointer(14, 15),
        ]
        builder.call(kernel, [*buffers, args[16], args[17]])
        return context.get_dummy_value()

    return sig, codegen


@intrinsic
def move(typingctx, target, to, source, start, n):
    """Copy ``source[start : start + n]`` to ``target[to : to + n]``; they may overlap.

    Arrays are of the same type. Left to the compiler, a copy between computed places is
    a gather and a scatter, because an index might count from the end.
    """
    if target != source:
        return None

    def codegen(context, builder, sig, args):
        target, to, source, start, n = args
        array = make_array(sig.args[0])
        size = context.get_abi_sizeof(context.get_data_type(sig.args[0].dtype))
        pointers = [
            builder.bitcast(
                builder.gep(array(context, builder, value).data, [place]), _POINTER
            )
            for value, place in ((target, to), (source, start))
        ]
        raw_memmove(builder, *pointers, n, size)
        return context.get_dummy_value()

    int64 = types.int64
    return types.void(target, int64, source, int64, int64), codegen
