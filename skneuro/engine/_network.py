"""Edges of a network, sorted by delay into the sums that the integrator takes.

A target row is one delayed sum of one node, a source row the history of one visible
value of one node. In step k an edge reads its source ``lag`` columns before the one
that step k writes; lag = delay + 1 steps, because the state from before the step is
one column back.
"""

from typing import NamedTuple

import numpy as np

from skneuro.engine._structures import aligned, records

# An edge whose lag is at least 32 steps is summed for 32 steps at once: until the
# shortest lag has passed, all its values are known. Shorter ones wait.
LEVELS = (32, 16, 8, 4, 2, 1)
_INTERLEAVED = 2  # separate sums of a row; rows of edges are a multiple of it
_TILE_SOURCES = 32  # source rows that are visited together, for the sake of the caches
_DENSE_SHARE = 1 / 8  # from this share of edges on, a matrix is faster than a list


class EdgeSum(NamedTuple):
    """Edges of all levels, in rows of equal target.

    Attributes
    ----------
    rows : ndarray of int64, shape (n_rows,)
        Target of each row; a target may have several rows.
    start : ndarray of int64, shape (n_rows + 1,)
        First edge of each row.
    offset : ndarray of int32, shape (n_edges,)
        Place of the source in the history, relative to the column that is written.
    weight : ndarray, shape (n_edges,)
        Weights; edges that only fill a row up have weight 0.
    """

    rows: np.ndarray
    start: np.ndarray
    offset: np.ndarray
    weight: np.ndarray


class EdgePairs(NamedTuple):
    """Edges that enter two sums, with two weights, in rows of equal targets.

    Attributes
    ----------
    rows, second_rows : ndarray of int64, shape (n_rows,)
        Targets of each row.
    start : ndarray of int64, shape (n_rows + 1,)
        First edge of each row.
    offset : ndarray of int32, shape (n_edges,)
        As in `EdgeSum`.
    weight, second_weight : ndarray, shape (n_edges,)
        Weights in both sums.
    """

    rows: np.ndarray
    second_rows: np.ndarray
    start: np.ndarray
    offset: np.ndarray
    weight: np.ndarray
    second_weight: np.ndarray


class EdgeList(NamedTuple):
    """Edges of one level, one by one: those of a target in turn with others.

    Attributes
    ----------
    target : ndarray of int32, shape (n_edges,)
        Target of each edge.
    offset, weight : ndarray, shape (n_edges,)
        As in `EdgeSum`.
    """

    target: np.ndarray
    offset: np.ndarray
    weight: np.ndarray


class Block(NamedTuple):
    """One input of a population and what one visible row of another gives to it.

    Attributes
    ----------
    target_at, n_targets, n_columns : int
        First target, targets, and the same filled up to whole vectors.
    source_at, n_sources : int
        First source and sources.
    """

    target_at: int
    n_targets: int
    n_columns: int
    source_at: int
    n_sources: int


class Matrices(NamedTuple):
    """Edges of blocks where many see the latest values.

    Attributes
    ----------
    blocks : ndarray of records, shape (n_blocks,)
        As in `Block`, ordered by source, and ``weight_at``, first weight.
    weight : ndarray
        Matrices of shape (n_sources, n_columns), one after the other.
    """

    blocks: np.ndarray
    weight: np.ndarray


class Edges(NamedTuple):
    """All edges of a network.

    Attributes
    ----------
    sums : EdgeSum
        Edges that read the history, of which 32, 16, 8 or 4 steps are summed at once.
    pairs : EdgePairs
        Those that enter two sums, which are not in ``sums``.
    level : ndarray of int64, shape (2, 5)
        First row of each of these four levels and end of the last, in both.
    two, one : EdgeList
        The same for so few steps that most time would go into the ends of rows.
    now : EdgeList
        Edges that see the latest values; offsets are source rows.
    dense : Matrices
        The same where there are many, which are added first.
    padding, padded_like : ndarray of int64, shape (n_padding,)
        Targets of units that only fill up a vector, and those whose sums they get:
        then they do what a real unit does, and leave the finite numbers only with it.
    """

    sums: EdgeSum
    pairs: EdgePairs
    level: np.ndarray
    two: EdgeList
    one: EdgeList
    now: EdgeList
    dense: Matrices
    padding: np.ndarray
    padded_like: np.ndarray


def build_edges(
    target,
    source,
    lag,
    weight,
    number=None,
    twin=None,
    *,
    n_targets,
    row_length,
    dtype,
    lead=0,
    blocks=(),
    as_matrices=True,
    padding=((), ()),
):
    """Sort edges into levels.

    Parameters
    ----------
    target, source, lag : ndarray of int, shape (n_edges,)
        Target row, source row and lag in steps (at least 1), sorted by target, then
        source.
    weight : ndarray of shape (n_edges,)
        Weights.
    number : ndarray of int, shape (n_edges,), default=None
        Number of the source among the real ones, which single runs and batches count
        alike; default: ``source``.
    twin : tuple of ndarray, default=None
        Of each edge the target of the same edge in a second sum, or -1; its weight
        there; and whether it is itself that second one.
    n_targets : int
        Number of target rows, padding included.
    row_length : int
        Columns of a history row.
    dtype : {"float64", "float32"}
        Precision of the weights.
    lead : int, default=0
        Steps by which sums look ahead: 1 for the second stage of Heun's scheme.
    blocks : sequence of Block, default=()
        Parts whose edges become a matrix where many see the latest values.
    as_matrices : bool, default=True
        Whether they do; else they are listed in the order in which they would be added.
    padding : tuple of (array-like of int, array-like of int), default=((), ())
        Targets of units that only fill up a vector, and those whose sums they get.

    Returns
    -------
    Edges
    """
    target, source = np.asarray(target, np.int64), np.asarray(source, np.int64)
    weight = np.asarray(weight, np.float64)
    number = source if number is None else number
    back = np.asarray(lag, np.int64) - lead
    offset = source * row_length - back

    # Level of each edge: 0 sees the latest values, 1 ... 6 sum 1 ... 32 steps at once.
    of_lag = np.array([0, 1, 2, 2, *[3] * 4, *[4] * 8, *[5] * 16, 6], np.int8)
    if not lead:
        of_lag[1] = 0
    level = of_lag[np.minimum(back, LEVELS[0])]
    order = np.argsort(level, kind="stable")
    stop = np.searchsorted(level[order], np.arange(1, 8))
    latest, *members = np.split(order, stop[:-1])

    if twin is None:
        twin = (
            np.full(len(target), -1),
            np.zeros(len(target)),
            np.zeros(len(target), bool),
        )
    second_target, second_weight, is_second = twin
    partner = np.zeros(n_targets, np.int64)
    has_partner = second_target >= 0
    partner[target[has_partner]] = second_target[has_partner]
    sums, pairs, lists = [], [], []
    for steps, chosen in zip(LEVELS, members[::-1], strict=True):
        if steps <= 2:
            part = target[chosen], offset[chosen], weight[chosen]
            lists.append(_edge_list(*part, dtype))
            continue
        chosen = chosen[~is_second[chosen]]
        in_two = has_partner[chosen]
        rows = []
        for of_level, weights in (
            (chosen[~in_two], [weight]),
            (chosen[in_two], [weight, second_weight]),
        ):
            tile = np.zeros(len(of_level), np.int64)
            if steps == LEVELS[0]:
                tile = number[of_level] // _TILE_SOURCES
            part = target[of_level], offset[of_level], [w[of_level] for w in weights]
            rows.append(_edge_rows(*part, tile, fill=-steps, dtype=dtype))
        alone, (first, *rest) = rows
        sums.append(alone)
        pairs.append((first, partner[first], *rest))

    in_matrix, dense = _make_matrices(
        blocks, target[latest], source[latest], weight[latest], dtype
    )
    if as_matrices:
        latest = latest[~in_matrix]
    else:
        latest = latest[np.lexsort((~in_matrix, target[latest]))]
        dense = Matrices(dense.blocks[:0], dense.weight[:0])
    now = _edge_list(target[latest], source[latest], weight[latest], dtype)
    padding = (np.array(p, np.int64) for p in padding)
    level = [np.cumsum([0, *(len(part[0]) for part in of)]) for of in (sums, pairs)]
    return Edges(
        EdgeSum(*_join_levels(sums, 1)),
        EdgePairs(*_join_levels(pairs, 2)),
        np.array(level, np.int64),
        *lists,
        now,
        dense,
        *padding,
    )


def _make_matrices(blocks, target, source, weight, dtype):
    """Make the matrices of blocks with many edges.

    Returns which edges became part of one, and the `Matrices`.
    """
    in_matrix = np.zeros(len(target), bool)
    chosen, weights, size = [], [], 0
    for block in sorted(blocks, key=lambda b: (b.source_at, b.target_at)):
        column, row = target - block.target_at, source - block.source_at
        inside = (0 <= column) & (column < block.n_targets)
        inside &= (0 <= row) & (row < block.n_sources)
        column, row, n = column[inside], row[inside], block.n_targets * block.n_sources
        repeated = (np.diff(column) == 0) & (np.diff(row) == 0)  # two sums, in a list
        if n == 1 or len(row) <= _DENSE_SHARE * n or repeated.any():
            continue
        in_matrix |= inside
        matrix = np.zeros((block.n_sources, block.n_columns), dtype)
        matrix[row, column] = weight[inside]
        chosen.append((*block, size))
        weights.append(matrix.ravel())
        size += matrix.size
    names = (*Block._fields, "weight_at")
    columns = zip(*chosen, strict=True) if chosen else [()] * len(names)
    return in_matrix, Matrices(
        records(**dict(zip(names, columns, strict=True))),
        aligned(np.concatenate([*weights, np.zeros(0)]), dtype),
    )


def _join_levels(levels, at):
    """Join the arrays of levels; that at place ``at`` counts edges."""
    joined = [np.concatenate(arrays) for arrays in zip(*levels, strict=True)]
    before, starts = 0, []
    for level in levels:
        starts.append(level[at][:-1] + before)
        before += level[at][-1]
    joined[at] = np.concatenate([*starts, [before]])
    return joined


def _edge_list(target, offset, weight, dtype):
    """Make a list of the first edges of all targets, then the second ones, and so on.

    A sum that grows in memory is not waited for then.
    """
    first = np.searchsorted(target, target)
    order = np.argsort(np.arange(len(target)) - first, kind="stable")
    return EdgeList(
        target[order].astype(np.int32),
        offset[order].astype(np.int32),
        weight[order].astype(dtype),
    )


def _edge_rows(target, offset, weights, tile, *, fill, dtype):
    """Make rows of equal tile and target, filled up to whole groups of edges.

    Returns their targets and first edges, all offsets, and each kind of weights.
    """
    order = np.argsort(tile, kind="stable")
    target, tile = target[order], tile[order]
    is_first = np.ones(len(target), bool)
    is_first[1:] = (target[1:] != target[:-1]) | (tile[1:] != tile[:-1])
    first = np.flatnonzero(is_first)
    counts = np.diff(first, append=len(target))
    start = np.zeros(len(first) + 1, np.int64)
    np.cumsum(-(-counts // _INTERLEAVED) * _INTERLEAVED, out=start[1:])
    place = np.arange(len(target)) + np.repeat(start[:-1] - first, counts)
    offsets = np.full(start[-1], fill, np.int32)
    offsets[place] = offset[order]
    filled = [np.zeros(start[-1], dtype) for _ in weights]
    for all_of_kind, weight in zip(filled, weights, strict=True):
        all_of_kind[place] = weight[order]
    return target[first], start, offsets, *filled
