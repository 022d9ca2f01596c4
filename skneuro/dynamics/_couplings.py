"""Couplings between nodes of different models: matrices become projections."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np

from skneuro.dynamics._connectome import check_connectome, count_lags
from skneuro.dynamics._parameters import seen_sources
from skneuro.engine._equations import Equations
from skneuro.engine._jobs import Projection

KINDS = ("additive", "diffusive", "multiplicative")


class Group(NamedTuple):
    """Nodes of one model: its name, the model, and which nodes of the network."""

    name: str
    model: object
    start: int
    n_nodes: int

    @property
    def nodes(self):
        """Slice of the nodes of the network."""
        return slice(self.start, self.start + self.n_nodes)


class Coupling(NamedTuple):
    """Weights from one variable of a group to one input of a group.

    Attributes
    ----------
    target, source : tuple of (int, str)
        Group and name of the input; group and name of the variable.
    kind : {"additive", "diffusive", "multiplicative"}
        How the sum enters.
    weights, lengths : ndarray of shape (n_targets, n_sources)
        Weights, and lengths in mm or delays in ms.
    """

    target: tuple
    source: tuple
    kind: str
    weights: np.ndarray
    lengths: np.ndarray


@dataclass(frozen=True)
class Term:
    """A delayed sum that a network adds to an input of a model.

    Attributes
    ----------
    name : str
        Name of the sum.
    target : str
        Coupling input or port that it is added to.
    is_port : bool
        Whether the target is a port.
    kind : {"additive", "diffusive", "multiplicative"}
        How it enters.
    own : str
        The node's own variable, of which a diffusive sum takes differences and which
        multiplies a multiplicative one.
    """

    name: str
    target: str
    is_port: bool
    kind: str
    own: str


@dataclass(frozen=True)
class _WithTerms:
    """Equations of a model whose inputs get further sums."""

    equations: Equations
    terms: tuple

    def __call__(self, x, net, drive, noise, p):
        net = SimpleNamespace(**vars(net)) if net else SimpleNamespace()
        drive = SimpleNamespace(**vars(drive)) if drive else SimpleNamespace()
        for term in self.terms:
            value = getattr(net, term.name)
            if term.kind == "diffusive":
                strength = getattr(p, f"{term.name}_strength")
                value = value - strength * getattr(x, term.own)
            elif term.kind == "multiplicative":
                value = value * getattr(x, term.own)
            inputs = drive if term.is_port else net
            setattr(inputs, term.target, getattr(inputs, term.target) + value)
        return self.equations.function(x, net, drive, noise, p)


@dataclass(frozen=True)
class _WithSources:
    """What other nodes see of a model, with further variables."""

    equations: Equations
    variables: tuple

    def __call__(self, x, p):
        seen = self.equations.visible(x, p)
        return dict(seen) | {name: getattr(x, name) for name in self.variables}


@functools.lru_cache(maxsize=256)
def join_equations(equations, terms, variables):
    """Extend the equations of a model by what a network adds.

    Parameters
    ----------
    equations : Equations
        The model.
    terms : tuple of Term
        Further sums.
    variables : tuple of str
        Further variables that other nodes see.

    Returns
    -------
    Equations
        The same object where nothing is added.
    """
    variables = tuple(v for v in variables if v not in equations.sources)
    if variables:
        source_function = equations.source_function
        if source_function is not None:
            source_function = _WithSources(equations, variables)
        equations = replace(
            equations,
            sources=equations.sources + variables,
            source_function=source_function,
        )
    if terms:
        names = tuple(term.name for term in terms)
        equations = replace(
            equations,
            function=_WithTerms(equations, terms),
            inputs=equations.inputs + names,
            parameters=equations.parameters + tuple(f"{n}_strength" for n in names),
        )
    return equations


# -- what users give -------------------------------------------------------------------


def read_couplings(groups, connectivity, lengths, kinds, *, name="tract_lengths"):
    """Read the matrices of a network.

    Parameters
    ----------
    groups : list of Group
        Nodes.
    connectivity : array-like, dict or None
        One matrix, or one for each pair of a source and a target.
    lengths : float, array-like, dict or None
        Lengths or delays, likewise.
    kinds : str or dict
        How sums enter, likewise.
    name : str, default="tract_lengths"
        What lengths are called, for messages.

    Returns
    -------
    list of Coupling

    Raises
    ------
    ValueError
        If a name is unknown, or a matrix does not fit its nodes.
    """
    n_nodes = sum(g.n_nodes for g in groups)
    if not isinstance(connectivity, Mapping):
        for given, what in ((lengths, name), (kinds, "coupling_kind")):
            if isinstance(given, Mapping):
                raise ValueError(
                    f"{what} is a dict, but connectivity is not; expected one matrix "
                    "for both, or dicts with the same pairs (source, target)."
                )
        if connectivity is None:
            return []
        weights, _ = check_connectome(
            connectivity, lengths if np.ndim(lengths) == 2 else None, n_nodes
        )
        if len(weights) != n_nodes:
            sizes = {g.name: g.n_nodes for g in groups}
            raise ValueError(
                f"connectivity has shape {weights.shape}, but the groups have {sizes} "
                f"nodes; expected ({n_nodes}, {n_nodes}). Pass n_nodes to say how many "
                "each has."
            )
        lengths = _read_matrix(lengths, name, (n_nodes, n_nodes), positive=True)
        return [
            Coupling(
                (t, target),
                (s, source),
                _check_kind(kinds),
                weights[groups[t].nodes, groups[s].nodes],
                lengths[groups[t].nodes, groups[s].nodes],
            )
            for t in range(len(groups))
            for s in range(len(groups))
            if weights[groups[t].nodes, groups[s].nodes].any()
            for source, target in _usual_pairs(groups[s], groups[t])
        ]
    couplings = []
    for given, what in ((lengths, name), (kinds, "coupling_kind")):
        if isinstance(given, Mapping) and (unknown := set(given) - set(connectivity)):
            raise ValueError(
                f"{what} names {sorted(map(str, unknown))}, expected pairs of "
                f"connectivity: {list(connectivity)}."
            )
    for key, matrix in connectivity.items():
        couplings += _read_pair(groups, key, matrix, lengths, kinds, name)
    return couplings


def _read_pair(groups, key, matrix, lengths, kinds, name):
    """Read one matrix, from a variable of one or all groups to an input."""
    if not isinstance(key, tuple) or len(key) != 2:
        raise ValueError(
            f"connectivity has the key {key!r}, expected pairs (source, target) such "
            f"as ('{groups[0].name}__{_variables(groups[0].model)[0]}', "
            f"'{groups[-1].name}__{_inputs(groups[-1].model)[0]}')."
        )
    (source_side, source), (target_side, target) = (
        _find_groups(groups, key[0], _variables, "variable"),
        _find_groups(groups, key[1], _inputs, "coupling input or port"),
    )
    rows, columns = (_places(groups, side) for side in (target_side, source_side))
    shape = (len(rows), len(columns))
    what = f"connectivity[{key!r}]"
    weights = _read_matrix(matrix, what, shape)
    if isinstance(lengths, Mapping):
        lengths = lengths.get(key)
        lengths = _read_matrix(lengths, f"{name}[{key!r}]", shape, positive=True)
    else:
        n_nodes = sum(g.n_nodes for g in groups)
        lengths = _read_matrix(lengths, name, (n_nodes, n_nodes), positive=True)
        lengths = lengths[np.ix_(rows, columns)]
    kind = kinds.get(key, "additive") if isinstance(kinds, Mapping) else kinds
    couplings = []
    row = 0
    for t in target_side:
        to = slice(row, row := row + groups[t].n_nodes)
        column = 0
        for s in source_side:
            block = to, slice(column, column := column + groups[s].n_nodes)
            if not weights[block].any():
                continue
            for side, g, wanted, known in (
                ("from", s, source, _variables),
                ("to", t, target, _inputs),
            ):
                if wanted not in known(groups[g].model):
                    raise ValueError(
                        f"{what} has weights {side} {groups[g].name!r}, but a "
                        f"{type(groups[g].model).__name__} has no {wanted!r}, only "
                        f"{list(known(groups[g].model))}; expected zeros there."
                    )
            couplings.append(
                Coupling(
                    (t, target),
                    (s, source),
                    _check_kind(kind),
                    weights[block],
                    lengths[block],
                )
            )
    return couplings


def _check_kind(kind):
    if kind not in KINDS:
        raise ValueError(f"coupling_kind is {kind!r}, expected one of {KINDS}.")
    return kind


def _variables(model):
    """Names of what nodes of a model can send."""
    return tuple(
        dict.fromkeys(
            (*model.coupling_inputs.values(), *model.states, *model.algebraic)
        )
    )


def _inputs(model):
    """Names of what nodes of a model can receive at."""
    return tuple(dict.fromkeys((*model.coupling_inputs, *model.ports)))


def _places(groups, side):
    """Nodes of the network that belong to some groups."""
    return np.concatenate([np.r_[groups[g].nodes] for g in side])


def _find_groups(groups, text, names_of, what):
    """Read ``"group__name"``, or ``"name"``, which means all groups."""
    names = [g.name for g in groups]
    group, separator, name = str(text).partition("__")
    if not separator:
        side, name = list(range(len(groups))), group
    elif group in names:
        side = [names.index(group)]
    else:
        raise ValueError(
            f"connectivity names {text!r}, but there is no {group!r} among the nodes "
            f"{names}."
        )
    known = list(dict.fromkeys(n for g in side for n in names_of(groups[g].model)))
    if name not in known:
        raise ValueError(
            f"connectivity names {text!r}, expected a {what}, one of {known}."
        )
    return side, name


def _usual_pairs(source, target):
    """Pairs (source variable, coupling input) of two groups where none are given."""
    wanted = target.model.coupling_inputs
    sent = dict.fromkeys(source.model.coupling_inputs.values())
    if type(source.model) is type(target.model):
        return [(variable, name) for name, variable in wanted.items()]
    if len(sent) != 1 or len(set(wanted.values())) != 1:
        raise ValueError(
            f"connectivity joins {source.name!r} to {target.name!r}, but what a "
            f"{type(target.model).__name__} reads of a {type(source.model).__name__} "
            f"is not clear: one has the inputs {list(_inputs(target.model))}, the "
            f"other sends {list(_variables(source.model))}. Pass a dict with the pair: "
            f"{{('{source.name}__...', '{target.name}__...'): weights}}."
        )
    [variable] = sent
    return [(variable, name) for name in wanted]


def _read_matrix(value, name, shape, *, positive=False):
    """Return a finite matrix of floats; a number stands for all entries."""
    if value is None:
        return np.zeros(shape)
    if hasattr(value, "toarray"):  # sparse
        value = value.toarray()
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is no matrix of numbers: {error}.") from error
    if array.ndim and array.shape != shape:
        raise ValueError(
            f"{name} has shape {array.shape}, expected {shape}: one row per target and "
            "one column per source, or a number for all of them."
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has entries that are not finite numbers.")
    if positive and (array < 0).any():
        raise ValueError(
            f"{name} holds {array.min():g}, expected at least 0; a signal cannot "
            "arrive before it is sent."
        )
    return np.broadcast_to(array, shape)


# -- what the engine gets --------------------------------------------------------------


def name_terms(groups, couplings):
    """Name the sums that the network adds to each group, and what others must see.

    Parameters
    ----------
    groups : list of Group
        Nodes.
    couplings : list of Coupling
        Weights.

    Returns
    -------
    terms, variables : list of tuple
        Per group `Term` and further variables, for `join_equations`.
    inputs : list of str
        Per coupling the name of the sum that it adds to.

    Raises
    ------
    ValueError
        If a sum of differences, or a product, has nothing to be taken with.
    """
    terms = [{} for _ in groups]
    variables = [{} for _ in groups]
    inputs = []
    for coupling in couplings:
        (t, target), (s, source) = coupling.target, coupling.source
        if source not in seen_sources(groups[s].model):
            variables[s][source] = None
        model = groups[t].model
        is_port = target not in model.coupling_inputs
        if coupling.kind == "additive" and not is_port:
            inputs.append(target)
            continue
        own = ""
        if coupling.kind != "additive":
            own = _own_variable(groups[t], target, source, coupling.kind)
        name = "_".join(part for part in (target, coupling.kind, own) if part)
        terms[t][name] = Term(name, target, is_port, coupling.kind, own)
        inputs.append(name)
    return (
        [tuple(of_group.values()) for of_group in terms],
        [tuple(of_group) for of_group in variables],
        inputs,
    )


def _own_variable(group, target, source, kind):
    """Name the variable of a node that corresponds to what it receives."""
    model = group.model
    known = (*model.states, *model.algebraic)
    for name in (model.coupling_inputs.get(target), target, source):
        if name in known:
            return name
    raise ValueError(
        f"coupling_kind={kind!r} to {group.name}__{target}: a {type(model).__name__} "
        f"has no value of its own to go with it, only {list(known)}. Use 'additive'."
    )


def make_projections(groups, couplings, inputs, *, speed, dt):
    """Make the edges between groups, and the in-strength of every sum.

    Parameters
    ----------
    groups : list of Group
        Nodes.
    couplings : list of Coupling
        Weights.
    inputs : list of str
        Sum that each coupling adds to.
    speed : float
        What lengths are divided by to be delays in ms.
    dt : float
        Step, in ms.

    Returns
    -------
    projections : list of Projection
        Edges.
    strengths : list of dict
        Per group the in-strength of each node, by the name of the sum.
    """
    projections, strengths = [], [{} for _ in groups]
    n_sources = len({c.source for c in couplings}) * max(g.n_nodes for g in groups)
    for coupling, name in zip(couplings, inputs, strict=True):
        t, target = coupling.target
        weights = coupling.weights ** groups[t].model.weight_powers.get(target, 1)
        to, start = np.nonzero(weights)
        lag = count_lags(coupling.lengths[to, start], speed, dt, n_sources)
        projections.append(
            Projection((t, name), coupling.source, to, start, lag, weights[to, start])
        )
        strength = weights.sum(axis=1)
        strengths[t][name] = strengths[t].get(name, 0.0) + strength
    return projections, strengths
