"""Derivatives of one step of the equations, by reverse mode on their traced graph."""

import functools

import numpy as np

from skneuro.engine._equations import trace_stages
from skneuro.engine._trace import differentiate, evaluate


@functools.lru_cache(maxsize=64)
def _trace_pullback(equations):
    """List outputs, leaves to differentiate by, and the derivatives by them."""
    [stage] = trace_stages(equations, "euler", equations.ports)
    outputs = list(stage.values())
    graph = outputs[0].graph
    bars = [graph.node("input", f"bar.{kind}.{name}") for kind, name in stage]
    leaves = {}
    for group, names in (
        ("x", equations.variables),
        ("net", equations.inputs),
        ("drive", equations.ports),
        ("noise", equations.noise),
    ):
        for name in names:
            leaves[group, name] = graph.node("input", f"{group}.{name}")
    for name in (*equations.all_parameters, *(f"input_{p}" for p in equations.ports)):
        leaves["p", name] = graph.node("param", name)
    return list(stage), leaves, differentiate(outputs, bars, list(leaves.values()))


def pull_back(equations, values, bars):
    """Vector-Jacobian product of one Euler step.

    Parameters
    ----------
    equations : Equations
        The model.
    values : dict of dict
        Where to differentiate: ``"x"``, ``"net"``, ``"drive"``, ``"noise"``,
        ``"normal"`` and ``"p"``, each a dict of numbers or arrays that broadcast.
        Drives, noise and random numbers that are not named are 0.
    bars : dict
        Derivative of a scalar by what the step writes, keyed by
        ``("variable", name)``, ``("noise", name)`` or ``("source", name)``; what is not
        named is 0.

    Returns
    -------
    dict of dict
        Derivative of that scalar by the entries of ``"x"``, ``"net"``, ``"drive"``,
        ``"noise"`` and ``"p"``, element by element.
    """
    keys, leaves, outputs = _trace_pullback(equations)
    numbers = {("param", name): value for name, value in values["p"].items()}
    numbers |= {
        ("input", f"{group}.{name}"): values.get(group, {}).get(name, 0.0)
        for group, names in (
            ("drive", equations.ports),
            ("noise", equations.noise),
            ("normal", equations.noise),
        )
        for name in names
    }
    numbers |= {
        ("input", f"{group}.{name}"): values[group][name]
        for group, names in (("x", equations.variables), ("net", equations.inputs))
        for name in names
    }
    numbers |= {
        ("input", f"bar.{kind}.{name}"): bars.get((kind, name), 0.0)
        for kind, name in keys
    }
    shape = np.broadcast_shapes(*(np.shape(v) for v in numbers.values()))
    result = {}
    for (group, name), value in zip(leaves, evaluate(outputs, numbers), strict=True):
        result.setdefault(group, {})[name] = np.broadcast_to(value, shape).copy()
    return result
