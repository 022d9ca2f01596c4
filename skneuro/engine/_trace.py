"""Trace equations once into a graph; simplify, evaluate and differentiate it.

A model's equations are an ordinary Python function. Called with `Traced` values it
leaves a graph of elementary operations, from which kernels, hoisted constants and
adjoints are made. Nothing here knows a model.
"""

import numpy as np


class Traced:
    """A value in a `Graph`: the result of one elementary operation.

    Attributes
    ----------
    graph : Graph
        Where it lives.
    index : int
        Position in ``graph.nodes``.
    op : str
        Name of the operation; ``"input"``, ``"param"`` and ``"const"`` are leaves.
    args : tuple
        Operands: `Traced` values, or a name or number for leaves.
    pure : bool
        Whether it depends on parameters and constants only, so that it can be
        computed before a run.
    """

    __array_ufunc__ = None  # numpy must not take over `array * traced`
    __hash__ = object.__hash__  # `==` below is an operation of the equations
    __slots__ = ("args", "graph", "index", "op", "pure")

    def __init__(self, graph, index, op, args, pure):
        self.graph, self.index, self.op, self.args = graph, index, op, args
        self.pure = pure

    def __repr__(self):
        return f"Traced({self.op}, {self.index})"

    def __add__(self, other):
        return self.graph.binary("add", self, other)

    def __radd__(self, other):
        return self.graph.binary("add", other, self)

    def __sub__(self, other):
        return self.graph.binary("sub", self, other)

    def __rsub__(self, other):
        return self.graph.binary("sub", other, self)

    def __mul__(self, other):
        return self.graph.binary("mul", self, other)

    def __rmul__(self, other):
        return self.graph.binary("mul", other, self)

    def __truediv__(self, other):
        return self.graph.binary("div", self, other)

    def __rtruediv__(self, other):
        return self.graph.binary("div", other, self)

    def __neg__(self):
        return self.graph.unary("neg", self)

    def __pos__(self):
        return self

    def __abs__(self):
        return self.graph.binary("maximum", self, -self)

    def __pow__(self, exponent):
        if not isinstance(exponent, Traced):
            exponent = float(exponent)
            if exponent.is_integer():
                return self._integer_power(int(exponent))
            if exponent == 0.5:
                return self.graph.unary("sqrt", self)
        log = self.graph.unary("log", self)
        return self.graph.unary("exp", self.graph.binary("mul", log, exponent))

    def __rpow__(self, base):
        base = self.graph.constant(base)
        return self.graph.unary("exp", self.graph.unary("log", base) * self)

    def _integer_power(self, exponent):
        if exponent < 0:
            return 1.0 / self._integer_power(-exponent)
        result, square = self.graph.constant(1.0), self
        while exponent:
            if exponent & 1:
                result = result * square
            exponent >>= 1
            if exponent:
                square = square * square
        return result

    def __lt__(self, other):
        return self.graph.binary("lt", self, other)

    def __le__(self, other):
        return self.graph.binary("le", self, other)

    def __gt__(self, other):
        return self.graph.binary("lt", other, self)

    def __ge__(self, other):
        return self.graph.binary("le", other, self)

    def __eq__(self, other):
        return self.graph.binary("eq", self, other)

    def __ne__(self, other):
        return self.graph.binary("lt", self == other, 0.5)

    def __bool__(self):
        raise TypeError(
            "equations must be free of branches: write where(condition, a, b) from "
            "skneuro.engine instead of `if`, `and` or `or` on a model's values."
        )

    def __float__(self):
        raise TypeError(
            "a traced value has no number yet: use the functions of skneuro.engine "
            "(exp, sqrt, maximum, ...) instead of those of math or numpy in equations."
        )


_COMPARISONS = ("lt", "le", "eq")


class Graph:
    """Operations in the order in which they can be computed, equal ones shared."""

    def __init__(self):
        self.nodes = []
        self._known = {}

    def node(self, op, *args):
        """Return the node of an operation, a new one only if none is equal."""
        key = (
            op,
            *(("node", a.index) if isinstance(a, Traced) else ("own", a) for a in args),
        )
        found = self._known.get(key)
        if found is None:
            pure = op in ("const", "param") or (
                op not in ("input", "take")
                and all(a.pure for a in args if isinstance(a, Traced))
            )
            found = Traced(self, len(self.nodes), op, args, pure)
            self.nodes.append(found)
            self._known[key] = found
        return found

    def constant(self, value):
        """Return a number as a node; a node passes through, a comparison as 0 or 1."""
        if not isinstance(value, Traced):
            return self.node("const", float(value))
        return self.where(value, 1.0, 0.0) if value.op in _COMPARISONS else value

    def unary(self, op, a):
        """Apply a function of one value."""
        a = self.constant(a)
        if a.op == "const":
            return self.constant(_fold(op, a.args[0]))
        if op == "neg" and a.op == "neg":
            return a.args[0]
        if op == "neg" and a.op == "mul" and a.args[1].pure and not a.pure:
            return self.binary("mul", a.args[0], self.unary("neg", a.args[1]))
        return self.node(op, a)

    def binary(self, op, a, b):
        """Apply an operation of two values, in its simplest equal form."""
        a, b = self.constant(a), self.constant(b)
        if a.op == b.op == "const" and op not in _COMPARISONS:
            return self.constant(_fold(op, a.args[0], b.args[0]))
        simpler = _SIMPLIFY.get(op)
        found = simpler(self, a, b) if simpler else None
        return self.node(op, a, b) if found is None else found

    def where(self, condition, a, b):
        """Select ``a`` where the condition holds, or is a number other than 0."""
        if condition.op not in _COMPARISONS:
            condition = condition != 0.0
        return self.node("where", condition, self.constant(a), self.constant(b))

    def reachable(self, outputs):
        """Return the nodes that some outputs need, in the order of computation."""
        seen, stack = set(), list(outputs)
        while stack:
            node = stack.pop()
            if node.index not in seen:
                seen.add(node.index)
                stack.extend(a for a in node.args if isinstance(a, Traced))
        return [node for node in self.nodes if node.index in seen]


def _is(node, value):
    return node.op == "const" and node.args[0] == value


def _simplify_add(graph, a, b):
    if _is(a, 0.0):
        return b
    if _is(b, 0.0):
        return a
    if b.op == "neg":
        return graph.binary("sub", a, b.args[0])
    if a.op == "neg":
        return graph.binary("sub", b, a.args[0])
    return _gather_terms(graph, "add", a, b)


def _gather_terms(graph, op, a, b):
    """Gather parameters on the right, (x + p) - q -> x + (p - q), to be hoisted."""
    if op == "add" and a.pure and not b.pure:
        a, b = b, a
    if b.pure and not a.pure and a.op in ("add", "sub") and a.args[1].pure:
        same = op if a.op == "add" else {"add": "sub", "sub": "add"}[op]
        return graph.binary(a.op, a.args[0], graph.binary(same, a.args[1], b))
    return graph.node(op, a, b) if op == "add" else None


def _simplify_sub(graph, a, b):
    if _is(b, 0.0):
        return a
    if _is(a, 0.0):
        return graph.unary("neg", b)
    if b.op == "neg":
        return graph.binary("add", a, b.args[0])
    return _gather_terms(graph, "sub", a, b)


def _simplify_mul(graph, a, b):
    for x, y in ((a, b), (b, a)):
        if _is(x, 0.0):
            return graph.constant(0.0)
        if _is(x, 1.0):
            return y
        if _is(x, -1.0):
            return graph.unary("neg", y)
    # Parameters gather on the right, (x * p) * q -> x * (p * q), to be hoisted.
    if a.pure and not b.pure:
        a, b = b, a
    if b.pure and not a.pure:
        if a.op == "mul" and a.args[1].pure:
            return graph.binary("mul", a.args[0], graph.binary("mul", a.args[1], b))
        if a.op == "neg":
            return graph.binary("mul", a.args[0], graph.unary("neg", b))
    return graph.node("mul", a, b)


def _simplify_div(graph, a, b):
    if _is(b, 1.0):
        return a
    if b.pure and not a.pure:  # the reciprocal of a parameter is hoisted
        return graph.binary("mul", a, graph.node("div", graph.constant(1.0), b))
    return None


_SIMPLIFY = {
    "add": _simplify_add,
    "sub": _simplify_sub,
    "mul": _simplify_mul,
    "div": _simplify_div,
}


def differentiate(outputs, output_bars, inputs):
    """Reverse mode: extend the graph by a vector-Jacobian product.

    Parameters
    ----------
    outputs : list of Traced
        Values to differentiate.
    output_bars : list of Traced
        Derivative of a scalar loss by each output, nodes of the same graph.
    inputs : list of Traced
        Values to differentiate by.

    Returns
    -------
    list of Traced
        Derivative of the loss by each input. Where an operation has a kink, the
        derivative is that of the side which is selected.
    """
    graph = outputs[0].graph
    order = graph.reachable(outputs)
    bars = {}

    def accumulate(node, value):
        known = bars.get(node.index)
        bars[node.index] = value if known is None else known + value

    for output, bar in zip(outputs, output_bars, strict=True):
        accumulate(output, bar)
    for node in reversed(order):
        bar = bars.get(node.index)
        rule = _PULLBACK.get(node.op)
        if bar is None or rule is None:
            continue
        for argument, value in rule(graph, bar, node, *node.args):
            accumulate(argument, value)
    zero = graph.constant(0.0)
    return [bars.get(node.index, zero) for node in inputs]


def _extreme(graph, bar, a, b, take_a):
    return [(a, graph.where(take_a, bar, 0.0)), (b, graph.where(take_a, 0.0, bar))]


def _quotient(graph, bar, node, a, b):
    scaled = bar / b
    return [(a, scaled), (b, -(scaled * node))]


_PULLBACK = {
    "add": lambda g, d, n, a, b: [(a, d), (b, d)],
    "sub": lambda g, d, n, a, b: [(a, d), (b, -d)],
    "mul": lambda g, d, n, a, b: [(a, d * b), (b, d * a)],
    "div": _quotient,
    "neg": lambda g, d, n, a: [(a, -d)],
    "exp": lambda g, d, n, a: [(a, d * n)],
    "log": lambda g, d, n, a: [(a, d / a)],
    "sqrt": lambda g, d, n, a: [(a, d * 0.5 / n)],
    "sin": lambda g, d, n, a: [(a, d * g.unary("cos", a))],
    "cos": lambda g, d, n, a: [(a, -(d * g.unary("sin", a)))],
    "tanh": lambda g, d, n, a: [(a, d * (1.0 - n * n))],
    "maximum": lambda g, d, n, a, b: _extreme(g, d, a, b, g.node("lt", b, a)),
    "minimum": lambda g, d, n, a, b: _extreme(g, d, a, b, g.node("lt", a, b)),
    "where": lambda g, d, n, c, a, b: [
        (a, g.where(c, d, 0.0)),
        (b, g.where(c, 0.0, d)),
    ],
}

_NUMPY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "neg": np.negative,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "floor": np.floor,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "where": np.where,
}


def _fold(op, *numbers):
    """Compute an operation of constants as numpy does: infinite or NaN, no error."""
    with np.errstate(all="ignore"):
        return float(_NUMPY[op](*numbers))


def evaluate(outputs, leaves):
    """Compute nodes with numpy.

    Parameters
    ----------
    outputs : list of Traced
        Nodes to compute.
    leaves : dict
        Value of each leaf, keyed by ``(op, name)``, for example
        ``("param", "tau")``; values broadcast against each other.

    Returns
    -------
    list of ndarray
        One value per output.
    """
    if not outputs:
        return []
    values = {}
    with np.errstate(all="ignore"):  # infinite parameters may cancel; runs are checked
        for node in outputs[0].graph.reachable(outputs):
            if node.op == "const":
                value = node.args[0]
            elif node.op in ("input", "param"):
                value = leaves[node.op, node.args[0]]
            elif node.op == "take":
                table, position, column, offset = node.args
                value = table.take(values[position.index], column, offset)
            else:
                value = _NUMPY[node.op](*(values[a.index] for a in node.args))
            values[node.index] = value
    return [np.asarray(values[node.index], dtype=float) for node in outputs]
