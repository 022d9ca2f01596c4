"""Weighted sums over edges, the innermost loops of a network, in vectors.

Each function adds ``sum_e weight[e] * history[offset[e] * scale + shift + ...]`` to a
few consecutive steps of one target. Edges are taken in turn into ``n_partial`` separate
sums, which hides the latency of the additions; the partial sums are then added in
pairs. The order of additions is fixed by the edge list alone, so a single run and a
batch of runs round alike.
"""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from skneuro.engine._simd import (
    _ELEMENT_OF,
    LANES,
    VectorType,
    _data,
    _llvm_call,
    _load,
    _splat,
    _store,
)

_INT64 = ir.IntType(64)


def _int(value):
    return ir.Constant(_INT64, value)


def _edge_sum(name, shapes, n_partial, *, lanes=False, pairs=False):
    """Make ``f(out, place, stride, history, offset, weight, start, stop, shift)``.

    With ``pairs`` it is ``f(out, place, second_place, stride, history, offset, weight,
    second_weight, start, stop, shift)``: two sums over the same values.

    Parameters
    ----------
    name : str
        Name of the function.
    shapes : dict
        For ``"f64"`` and ``"f32"`` the width of a vector and the number of vectors.
    n_partial : int
        Number of separate sums; ``stop - start`` must be a multiple of it.
    lanes : bool, default=False
        Whether one step is a whole vector of simulations, so that offsets count
        vectors and the steps are ``stride`` elements apart in ``out``; otherwise they
        lie side by side and ``stride`` is not used.
    """

    def make(arrays, sig, places):
        """Signature and code, given where arrays and places are among arguments."""
        element = _ELEMENT_OF[sig.args[0].dtype]
        width, n_vectors = shapes[element]
        vector = VectorType(element, width)
        scale = width if lanes else 1

        def codegen(context, builder, sig, args):
            out_data, history_data, offset_data, *weights = (
                _data(context, builder, sig.args[i], args[i]) for i in arrays
            )
            stride, start, stop, shift = args[len(places) + 1], *args[-3:]
            stride = stride if lanes else _int(width)
            sums = [
                (w, u, v)
                for w in range(len(weights))
                for u in range(n_partial)
                for v in range(n_vectors)
            ]
            zero = ir.Constant(vector.llvm, [0.0] * width)

            before = builder.block
            loop = builder.append_basic_block(f"{name}.edges")
            after = builder.append_basic_block(f"{name}.done")
            builder.cbranch(builder.icmp_signed("<", start, stop), loop, after)

            builder.position_at_end(loop)
            edge = builder.phi(_INT64)
            edge.add_incoming(start, before)
            partial = {key: builder.phi(vector.llvm) for key in sums}
            for phi in partial.values():
                phi.add_incoming(zero, before)
            grown = {}
            for u in range(n_partial):
                here = builder.add(edge, _int(u))
                at = builder.load(builder.gep(offset_data, [here]))
                at = builder.sext(at, _INT64) if at.type != _INT64 else at
                at = builder.add(builder.mul(at, _int(scale)), shift)
                factors = [
                    _splat(builder, builder.load(builder.gep(data, [here])), vector)
                    for data in weights
                ]
                for v in range(n_vectors):
                    where = builder.add(at, _int(v * width))
                    value = _load(builder, history_data, where, vector)
                    for w, factor in enumerate(factors):
                        known = [factor, value, partial[w, u, v]]
                        grown[w, u, v] = _llvm_call(builder, "llvm.fma", vector, known)
            following = builder.add(edge, _int(n_partial))
            edge.add_incoming(following, builder.block)
            for key, phi in partial.items():
                phi.add_incoming(grown[key], builder.block)
            builder.cbranch(builder.icmp_signed("<", following, stop), loop, after)

            builder.position_at_end(after)
            total = {}
            for key in sums:
                total[key] = builder.phi(vector.llvm)
                total[key].add_incoming(zero, before)
                total[key].add_incoming(grown[key], loop)
            for w, place in enumerate(places):
                for v in range(n_vectors):
                    parts = [total[w, u, v] for u in range(n_partial)]
                    while len(parts) > 1:
                        halves = zip(parts[::2], parts[1::2], strict=True)
                        parts = [builder.fadd(a, b) for a, b in halves]
                    target = builder.add(args[place], builder.mul(stride, _int(v)))
                    old = _load(builder, out_data, target, vector)
                    new = builder.fadd(old, parts[0])
                    _store(builder, out_data, target, new, element)
            return context.get_dummy_value()

        return sig, codegen

    int64 = types.int64

    @intrinsic
    def edge_sum(
        typingctx, out, place, stride, history, offset, weight, start, stop, shift
    ):
        sig = types.void(
            out, int64, int64, history, offset, weight, int64, int64, int64
        )
        return make((0, 3, 4, 5), sig, (1,))

    @intrinsic
    def edge_sum_pairs(
        typingctx,
        out,
        place,
        second_place,
        stride,
        history,
        offset,
        weight,
        second_weight,
        start,
        stop,
        shift,
    ):
        sig = types.void(
            *(out, int64, int64, int64, history, offset, weight, second_weight),
            *(int64, int64, int64),
        )
        return make((0, 4, 5, 6, 7), sig, (1, 2))

    if pairs:
        edge_sum = edge_sum_pairs
    edge_sum.__doc__ = f"Add the weighted sums of edges to `out`: {name}."
    return edge_sum


# Consecutive steps of one simulation. Loads are rarely aligned, and a 64-byte load that
# crosses a cache line costs two, a 32-byte one seldom crosses: hence 4 x float64.
sum_32_steps = _edge_sum("sum_32_steps", {"f64": (4, 8), "f32": (8, 4)}, 2)
sum_16_steps = _edge_sum("sum_16_steps", {"f64": (4, 4), "f32": (8, 2)}, 2)
sum_8_steps = _edge_sum("sum_8_steps", {"f64": (4, 2), "f32": (8, 1)}, 2)
sum_4_steps = _edge_sum("sum_4_steps", {"f64": (4, 1), "f32": (4, 1)}, 2)

# Two sums keep enough additions under way by themselves, and have twice as many of them
# per load, so that fewer instructions are worth more than loads within a cache line.
pairs_32_steps = _edge_sum(
    "pairs_32_steps", {"f64": (8, 4), "f32": (16, 2)}, 1, pairs=True
)
pairs_16_steps = _edge_sum(
    "pairs_16_steps", {"f64": (8, 2), "f32": (16, 1)}, 1, pairs=True
)
pairs_8_steps = _edge_sum(
    "pairs_8_steps", {"f64": (8, 1), "f32": (8, 1)}, 1, pairs=True
)
pairs_4_steps = _edge_sum(
    "pairs_4_steps", {"f64": (4, 1), "f32": (4, 1)}, 1, pairs=True
)

# The same with a vector of simulations per step, ``stride`` apart in `out`.
_W64, _W32 = LANES["f64"], LANES["f32"]
lanes_4_steps = _edge_sum(
    "lanes_4_steps", {"f64": (_W64, 4), "f32": (_W32, 4)}, 2, lanes=True
)
lanes_pairs_4_steps = _edge_sum(
    "lanes_pairs_4_steps",
    {"f64": (_W64, 4), "f32": (_W32, 4)},
    1,
    lanes=True,
    pairs=True,
)


def _edge_list(name, n_steps, *, lanes=False):
    """Make ``f(out, place, stride, history, target, offset, weight, n, shift)``.

    Edge after edge it adds ``weight * history`` to one value, or a vector of lanes, of
    ``n_steps`` consecutive steps, which are ``stride`` elements apart in ``out``.
    """

    @intrinsic
    def edge_list(
        typingctx, out, place, stride, history, target, offset, weight, n, shift
    ):
        element = _ELEMENT_OF[out.dtype]
        width = LANES[element] if lanes else 1
        vector = VectorType(element, width)
        int64 = types.int64
        sig = types.void(
            out, int64, int64, history, target, offset, weight, int64, int64
        )

        def codegen(context, builder, sig, args):
            out_data, history_data, target_data, offset_data, weight_data = (
                _data(context, builder, sig.args[i], args[i]) for i in (0, 3, 4, 5, 6)
            )
            place, stride, n, shift = (args[i] for i in (1, 2, 7, 8))
            before = builder.block
            loop = builder.append_basic_block(f"{name}.edges")
            after = builder.append_basic_block(f"{name}.done")
            builder.cbranch(builder.icmp_signed("<", _int(0), n), loop, after)

            builder.position_at_end(loop)
            edge = builder.phi(_INT64)
            edge.add_incoming(_int(0), before)

            def index(data, start):
                value = builder.load(builder.gep(data, [edge]))
                value = builder.sext(value, _INT64)
                return builder.add(builder.mul(value, _int(width)), start)

            to, at = index(target_data, place), index(offset_data, shift)
            factor = builder.load(builder.gep(weight_data, [edge]))
            factor = _splat(builder, factor, vector)
            for k in range(n_steps):
                value = _load(builder, history_data, at, vector)
                old = _load(builder, out_data, to, vector)
                new = _llvm_call(builder, "llvm.fma", vector, [factor, value, old])
                _store(builder, out_data, to, new, element)
                if k + 1 < n_steps:
                    at = builder.add(at, _int(width))
                    to = builder.add(to, stride)
            following = builder.add(edge, _int(1))
            edge.add_incoming(following, builder.block)
            builder.cbranch(builder.icmp_signed("<", following, n), loop, after)
            builder.position_at_end(after)
            return context.get_dummy_value()

        return sig, codegen

    edge_list.__doc__ = f"Add weighted edges to `out`: {name}."
    return edge_list


add_2_steps = _edge_list("add_2_steps", 2)
add_1_step = _edge_list("add_1_step", 1)
add_lanes_2_steps = _edge_list("add_lanes_2_steps", 2, lanes=True)
add_lanes_1_step = _edge_list("add_lanes_1_step", 1, lanes=True)


def _dense_sum(name, n_vectors):
    """Make ``f(out, place, weight, start, stride, source, first, n_sources)``.

    It adds ``sum_j weight[start + j * stride + ...] * source[first + j]`` to
    ``n_vectors`` vectors of targets, rounded as `add_1_step` rounds.
    """

    @intrinsic
    def dense_sum(
        typingctx, out, place, weight, start, stride, source, first, n_sources
    ):
        element = _ELEMENT_OF[out.dtype]
        vector = VectorType(element, LANES[element])
        int64 = types.int64
        sig = types.void(out, int64, weight, int64, int64, source, int64, int64)

        def codegen(context, builder, sig, args):
            out_data, weight_data, source_data = (
                _data(context, builder, sig.args[i], args[i]) for i in (0, 2, 5)
            )
            place, start, stride, first, n_sources = (args[i] for i in (1, 3, 4, 6, 7))
            source_data = builder.gep(source_data, [first])
            targets = [builder.add(place, _int(v * vector.n)) for v in range(n_vectors)]
            old = [_load(builder, out_data, at, vector) for at in targets]
            before = builder.block
            loop = builder.append_basic_block(f"{name}.sources")
            after = builder.append_basic_block(f"{name}.done")
            builder.branch(loop)

            builder.position_at_end(loop)
            j = builder.phi(_INT64)
            j.add_incoming(_int(0), before)
            sums = [builder.phi(vector.llvm) for _ in range(n_vectors)]
            value = builder.load(builder.gep(source_data, [j]))
            value = _splat(builder, value, vector)
            row = builder.add(start, builder.mul(j, stride))
            grown = []
            for v, phi in enumerate(sums):
                at = builder.add(row, _int(v * vector.n))
                factor = _load(builder, weight_data, at, vector)
                grown.append(
                    _llvm_call(builder, "llvm.fma", vector, [factor, value, phi])
                )
            following = builder.add(j, _int(1))
            j.add_incoming(following, loop)
            for phi, start_value, value in zip(sums, old, grown, strict=True):
                phi.add_incoming(start_value, before)
                phi.add_incoming(value, loop)
            builder.cbranch(builder.icmp_signed("<", following, n_sources), loop, after)

            builder.position_at_end(after)
            for at, value in zip(targets, grown, strict=True):
                _store(builder, out_data, at, value, element)
            return context.get_dummy_value()

        return sig, codegen

    dense_sum.__doc__ = f"Add all sources to {n_vectors} vectors of targets."
    return dense_sum


dense_sum_4 = _dense_sum("dense_sum_4", 4)
dense_sum_1 = _dense_sum("dense_sum_1", 1)
