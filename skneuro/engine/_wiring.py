"""Turn projections between populations into edges between rows."""

import numpy as np

from skneuro.engine._network import Block, build_edges


def wire(network, *, n_units, net_at, source_at, lanes, row_length, dtype, lead):
    """Lay out the edges of a network for one kind of run.

    Parameters
    ----------
    network : Network
        Populations and projections.
    n_units : list of int
        Units of each population: nodes and padding, or nodes times lanes.
    net_at, source_at : ndarray of int of shape (n_populations + 1,)
        First unit of the inputs, and of the visible values, of each population.
    lanes : int
        Simulations side by side.
    row_length : int
        Length of a row of the history.
    dtype : numpy.dtype
        Precision.
    lead : int
        Steps by which Heun's scheme looks ahead.

    Returns
    -------
    Edges
        Sorted by delay.
    """
    populations, projections = network.populations, network.projections
    # Rows count nodes in batches (a row is a vector of lanes), units otherwise.
    target, source, lag, weight, number, blocks = [], [], [], [], [], set()
    sizes = [len(p.equations.sources) * p.n_nodes for p in populations]
    for p in projections:
        g, name = p.target
        row = populations[g].equations.inputs.index(name)
        first_target = (net_at[g] + row * n_units[g]) // lanes
        target.append(first_target + p.to)
        size = populations[g].n_nodes, n_units[g] // lanes
        g, name = p.source
        row = populations[g].equations.sources.index(name)
        first_source = (source_at[g] + row * n_units[g]) // lanes
        source.append(first_source + p.start)
        blocks.add(Block(first_target, *size, first_source, populations[g].n_nodes))
        number.append(sum(sizes[:g]) + row * populations[g].n_nodes + p.start)
        lag.append(p.lag)
        weight.append(p.weight)
    empty = [np.zeros(0, np.int64)]
    edges = [np.concatenate(v or empty) for v in (target, source, lag, weight, number)]
    edges += _find_twins(projections, target, weight)
    place = edges[0] * max(1, source_at[-1]) + edges[1]
    if (place[1:] < place[:-1]).any():
        order = np.argsort(place, kind="stable")
        edges = [v[order] for v in edges]
    return build_edges(
        *edges[:5],
        tuple(edges[5:]),
        n_targets=max(1, net_at[-1] // lanes),
        row_length=row_length,
        dtype=dtype,
        lead=lead,
        blocks=blocks,
        as_matrices=lanes == 1,
        padding=_list_padding(populations, n_units, net_at, lanes),
    )


def _find_twins(projections, target, weight):
    """Find edges that stand twice: their target and weight in the second sum.

    Also which ones are the second of two.
    """
    second = [np.full(len(t), -1) for t in target] or [np.zeros(0, np.int64)]
    weights = [np.zeros(len(t)) for t in target] or [np.zeros(0)]
    is_second = [np.zeros(len(t), bool) for t in target] or [np.zeros(0, bool)]
    taken = set()
    for i, p in enumerate(projections):
        for j in range(i + 1, len(projections)):
            q = projections[j]
            if (
                taken.isdisjoint((i, j))
                and p.source == q.source
                and p.to is q.to
                and p.start is q.start
                and p.lag is q.lag
            ):
                taken |= {i, j}
                second[i], weights[i] = target[j], weight[j]
                is_second[j][:] = True
    return [np.concatenate(v) for v in (second, weights, is_second)]


def _list_padding(populations, n_units, net_at, lanes):
    """List the inputs of units that pad a population, and of its last node."""
    padding, padded_like = [], []
    for g, p in enumerate(populations):
        for row in range(len(p.equations.inputs)):
            start = int(net_at[g]) + row * n_units[g]
            more = range(start + p.n_nodes * lanes, start + n_units[g])
            padding += more
            padded_like += [start + p.n_nodes * lanes - 1] * len(more)
    return padding, padded_like
