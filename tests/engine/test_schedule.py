"""The order of a kernel's operations."""

import re

import pytest
from engine_models import MODELS
from hypothesis import given, settings
from hypothesis import strategies as st

from skneuro.engine._codegen import make_kernel
from skneuro.engine._schedule import schedule


def most_waiting(order, operands, outputs):
    """Largest number of values that wait for a use at a time; outputs are stored."""
    last = {a: k for k, node in enumerate(order) for a in operands[node]}
    waiting = [
        sum(last.get(n, -1) > k for n in order[: k + 1]) for k in range(len(order))
    ]
    assert set(outputs) <= set(order)
    return max(waiting)


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 40))
    operands = {
        node: draw(st.lists(st.integers(0, node - 1), max_size=3)) if node else []
        for node in range(n)
    }
    outputs = draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=6))
    return outputs, operands


def reachable(outputs, operands):
    seen, stack = set(), list(outputs)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack += operands[node]
    return seen


@settings(deadline=None, max_examples=300)
@given(graphs())
def test_every_operation_comes_once_and_after_its_operands(graph):
    outputs, operands = graph
    kept = {n: operands[n] for n in operands if n in reachable(outputs, operands)}
    order = schedule(outputs, kept)
    assert sorted(order) == sorted(kept)
    place = {node: k for k, node in enumerate(order)}
    assert all(place[a] < place[n] for n in kept for a in kept[n])


def test_outputs_that_share_nothing_are_computed_one_by_one():
    # ten chains, all first links before all second ones
    operands = {(k, i): [(k - 1, i)] if k else [] for k in range(5) for i in range(10)}
    outputs = [(4, i) for i in range(10)]
    order = schedule(outputs, operands)
    assert most_waiting(list(operands), operands, outputs) == 10
    assert most_waiting(order, operands, outputs) == 1


def test_deep_chains_are_no_trouble():
    operands = {n: [n - 1] if n else [] for n in range(5000)}
    assert schedule([4999], operands) == list(range(5000))


def test_unknown_operands_are_not_scheduled():
    assert schedule(["b", "known"], {"a": ["known"], "b": ["a"]}) == ["a", "b"]


@pytest.mark.parametrize("equations", MODELS, ids=lambda e: e.name)
def test_parameters_are_read_where_they_are_used(equations):
    kernel = make_kernel(equations)
    source = kernel._print(["stage_0"], (True,) * len(kernel.hoisted))
    body = source.split("for tile")[1].splitlines()
    reads = [k for k, line in enumerate(body) if "= load(param" in line]
    assert len(reads) == len(kernel.hoisted)
    for k in reads:
        name = body[k].split()[0]
        first = next(line for line in body[k:] if "= load(param" not in line)
        assert re.search(rf"\b{name}\b", first)
