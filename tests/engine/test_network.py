"""Sorted edges: each one is summed once, in the level of its lag."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skneuro.engine._network import (
    _INTERLEAVED,
    _TILE_SOURCES,
    LEVELS,
    Block,
    build_edges,
)

NAMES = ("far", "sixteen", "eight", "four", "two", "one")
LEVEL_NAMES = dict(zip(LEVELS, NAMES, strict=True))
ROW_LENGTH = 400


def draw_edges(seed, n_targets, n_sources, n_edges, longest):
    """Draw edges sorted by target, then source; weights are distinct names."""
    rng = np.random.default_rng(seed)
    target, source = (
        rng.integers(n_targets, size=n_edges),
        rng.integers(n_sources, size=n_edges),
    )
    order = np.lexsort((source, target))
    lag = rng.integers(1, longest + 1, n_edges)
    return target[order], source[order], lag, 1.0 + np.arange(n_edges)


def build(edges, n_targets, **options):
    return build_edges(
        *edges,
        n_targets=n_targets,
        row_length=ROW_LENGTH,
        dtype="float64",
        **options,
    )


def level_of(part, starts, number):
    """Rows of one level of the sums or pairs that all levels share."""
    rows = slice(starts[number], starts[number + 1])
    start = part.start[rows.start : rows.stop + 1]
    edges = slice(start[0], start[-1])
    return type(part)(
        **{
            name: values[edges if "offset" in name or "weight" in name else rows]
            for name, values in part._asdict().items()
            if name != "start"
        },
        start=start - start[0],
    )


def list_edges(level):
    """Every edge of a level as (target, offset, weight), and its padding."""
    sizes = np.diff(level.start)
    assert len(level.rows) == len(sizes)
    assert (sizes > 0).all()
    assert level.start[0] == 0
    assert level.start[-1] == len(level.offset) == len(level.weight)
    target = np.repeat(level.rows, sizes)
    real = level.weight != 0
    edges = zip(target[real], level.offset[real], level.weight[real], strict=True)
    return [tuple(map(int, edge)) for edge in edges], level.offset[~real]


def list_single(level):
    """Every edge of a list as (target, offset, weight), ordered by target alone."""
    edges = zip(level.target, level.offset, level.weight, strict=True)
    return sorted((tuple(map(int, edge)) for edge in edges), key=lambda edge: edge[0])


@settings(deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    n_targets=st.integers(1, 60),
    n_sources=st.integers(1, 250),
    n_edges=st.integers(0, 300),
    longest=st.sampled_from([1, 2, 5, 17, 60]),
    lead=st.sampled_from([0, 1]),
    as_matrices=st.booleans(),
)
def test_each_edge_lands_in_exactly_one_level(
    seed, n_targets, n_sources, n_edges, longest, lead, as_matrices
):
    edges = draw_edges(seed, n_targets, n_sources, n_edges, longest)
    got = build(edges, n_targets, lead=lead, as_matrices=as_matrices)
    wanted = {name: [] for name in (*LEVEL_NAMES.values(), "now")}
    for target, source, lag, weight in zip(*edges, strict=True):
        back = int(lag) - lead
        if lag == 1:
            wanted["now"].append((target, source, int(weight)))
        else:
            level = next(size for size in LEVELS if back >= size)
            offset = source * ROW_LENGTH - back
            wanted[LEVEL_NAMES[level]].append((target, offset, int(weight)))
    for size, name in LEVEL_NAMES.items():
        if size <= 2:
            level = getattr(got, name)
            assert list_single(level) == wanted[name]  # additions keep their order
            continue
        level = level_of(got.sums, got.level[0], LEVELS.index(size))
        found, padding = list_edges(level)
        assert sorted(found) == sorted(wanted[name])
        # Rows are whole; what fills them up reads a value that exists.
        assert (np.diff(level.start) % _INTERLEAVED == 0).all()
        assert (padding == -size).all()
        if size < LEVELS[0] or n_sources <= _TILE_SOURCES:
            assert (np.diff(level.rows) > 0).all()
            assert found == wanted[name]  # additions keep their order
    assert len(got.dense.blocks) == len(got.dense.weight) == 0
    assert list_single(got.now) == wanted["now"]


def list_matrices(dense):
    """Every edge in matrices, as (target, source, weight), in the order of adding."""
    found = []
    for block in dense.blocks:
        n_sources, n_columns = block["n_sources"], block["n_columns"]
        size = n_sources * n_columns
        matrix = dense.weight[block["weight_at"] :][:size].reshape(n_sources, -1)
        assert (matrix[:, block["n_targets"] :] == 0).all()
        for row, column in np.argwhere(matrix):
            edge = block["target_at"] + column, block["source_at"] + row
            found.append((*edge, matrix[row, column]))
    return [tuple(map(int, edge)) for edge in found]


@settings(deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 10**6),
    sizes=st.tuples(st.integers(1, 8), st.integers(1, 9)),
    share=st.floats(0.0, 1.0),
)
def test_many_edges_that_see_the_latest_values_become_matrices(seed, sizes, share):
    rng = np.random.default_rng(seed)
    # two inputs of eight columns and two visible rows, with gaps between them
    blocks = [
        Block(8 * i, sizes[0], 8, 1 + 10 * j, sizes[1])
        for i, j in np.argwhere(rng.random((2, 2)) < 0.7)
    ]
    here = rng.random((16, 21)) < share * rng.random()
    target, source = np.nonzero(here)
    edges = target, source, np.ones(len(target), int), 1.0 + np.arange(len(target))
    got = build(edges, 16, blocks=blocks)
    chosen = [tuple(row)[:-1] for row in got.dense.blocks]
    n_edges = 0
    for block in blocks:
        to, start = block.target_at, block.source_at
        inside = here[to : to + sizes[0], start : start + sizes[1]]
        is_dense = inside.size > 1 and inside.mean() > 1 / 8
        assert (tuple(block) in chosen) == is_dense
        n_edges += is_dense * inside.sum()
    in_matrices = list_matrices(got.dense)
    assert len(in_matrices) == n_edges
    added = [*in_matrices, *list_single(got.now)]
    wanted = {tuple(map(int, edge)) for edge in zip(*edges[:2], edges[3], strict=True)}
    assert set(added) == wanted
    assert len(added) == len(target)
    # Batches list all of them, and add to each target in the same order.
    listed = build(edges, 16, blocks=blocks, as_matrices=False)
    assert len(listed.dense.blocks) == 0
    by_target = sorted(added, key=lambda edge: edge[0])
    assert list_single(listed.now) == by_target


def test_edges_that_stand_twice_stay_two_sums():
    edges = [0, 0, 1, 1], [0, 0, 0, 1], [1] * 4, [1.0, 2.0, 3.0, 4.0]
    got = build(edges, 8, blocks=[Block(0, 2, 8, 0, 2)])
    assert len(got.dense.blocks) == 0
    assert len(got.now.weight) == 4


def test_a_single_edge_is_not_lost_as_a_matrix_of_one():
    got = build(([0], [0], [1], [2.5]), 1, blocks=[Block(0, 1, 8, 0, 1)])
    assert len(got.dense.blocks) == 0
    np.testing.assert_array_equal(got.now.weight, [2.5])


def test_no_edges_are_no_rows():
    empty = np.zeros(0, int)
    got = build((empty, empty, empty, np.zeros(0)), 8)
    np.testing.assert_array_equal(got.level, np.zeros((2, 5)))
    for part in got.sums, got.pairs:
        assert len(part.rows) == 0
        np.testing.assert_array_equal(part.start, [0])
    for level in got[3:6]:
        assert len(level.target) == len(level.offset) == len(level.weight) == 0


def test_edges_of_a_target_are_not_listed_side_by_side():
    got = build(([0, 0, 0, 1, 1, 2], [0, 1, 2, 0, 1, 0], [2] * 6, np.ones(6)), 3)
    np.testing.assert_array_equal(got.two.target, [0, 1, 2, 0, 1, 0])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_kinds_of_numbers_are_those_of_the_integrator(dtype):
    target, source, lag, weight = draw_edges(0, 9, 9, 50, 30)
    got = build_edges(
        target.tolist(),
        source.tolist(),
        lag.tolist(),
        weight.tolist(),
        n_targets=9,
        row_length=ROW_LENGTH,
        dtype=dtype,
        padding=([1, 2], [0, 0]),
    )
    assert got.level.dtype == np.int64
    for part in got.sums, got.pairs:
        assert part.rows.dtype == part.start.dtype == np.int64
    for level in got[3:6]:
        assert level.target.dtype == np.int32
    for level in (*got[:2], *got[3:6]):
        assert level.offset.dtype == np.int32
        assert level.weight.dtype == dtype
    assert got.dense.weight.dtype == dtype
    assert got.padding.dtype == got.padded_like.dtype == np.int64


def test_edges_of_two_sums_are_read_once():
    # targets 0 ... 3 have a second sum each, 4 ... 7, with squared weights
    rng = np.random.default_rng(0)
    to, start = np.nonzero(rng.random((4, 50)) < 0.5)
    lag, weight = rng.integers(1, 60, len(to)), rng.uniform(1.0, 2.0, len(to))
    nothing, no = np.full(len(to), -1), np.zeros(len(to), bool)
    got = build_edges(
        np.concatenate([to, to + 4]),
        np.concatenate([start, start]),
        np.concatenate([lag, lag]),
        np.concatenate([weight, weight**2]),
        None,
        (
            np.concatenate([to + 4, nothing]),
            np.concatenate([weight**2, 0 * weight]),
            np.concatenate([no, ~no]),
        ),
        n_targets=8,
        row_length=100,
        dtype="float64",
    )
    assert not len(got.sums.rows)
    for number, (low, high) in enumerate(((32, 60), (16, 32), (8, 16), (4, 8))):
        pairs = level_of(got.pairs, got.level[1], number)
        here = (lag >= low) & (lag < high)
        np.testing.assert_array_equal(pairs.second_rows, pairs.rows + 4)
        np.testing.assert_array_equal(pairs.second_weight, pairs.weight**2)
        assert (pairs.weight > 0).sum() == here.sum() > 0
        sums = np.zeros(8)
        spans = zip(pairs.rows, pairs.start, pairs.start[1:], strict=False)
        for row, first, last in spans:
            sums[row] += pairs.weight[first:last].sum()
        np.testing.assert_allclose(
            sums[:4], [weight[(to == n) & here].sum() for n in range(4)]
        )
    shorter = sum((level.weight > 0).sum() for level in got[3:6])
    assert shorter == 2 * (lag < 4).sum()
