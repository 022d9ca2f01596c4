"""How examples look. They run during ``make doc``, not here."""

import ast
import re
from pathlib import Path

import pytest

from skneuro.utils._testing import kind_of, public_objects

EXAMPLES_FOLDER = Path(__file__).parents[1] / "examples"
EXAMPLES = sorted(EXAMPLES_FOLDER.rglob("*.py"))
# every estimator, and whatever else is a class of simulations
CLASSES = sorted(
    address
    for address, value in public_objects().items()
    if kind_of(value) == "Estimators"
    or (
        address.startswith("skneuro.dynamics.")
        and kind_of(value) in ("Classes", "Base classes")
    )
)
LONGEST = 150


def each_example():
    return pytest.mark.parametrize(
        "path", EXAMPLES, ids=lambda path: str(path.relative_to(EXAMPLES_FOLDER))
    )


def skneuro_imports(tree):
    """Modules of skneuro that an example imports from, and what it imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "skneuro":
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (
                (alias.name, "")
                for alias in node.names
                if alias.name.split(".")[0] == "skneuro"
            )


def names_in(tree, context):
    """Names that are read (Load) or assigned (Store) in a piece of code."""
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, context)
    }


@each_example()
def test_figures_are_drawn_in_the_cell_that_makes_them(path):
    """The gallery keeps a figure as it is at the end of its cell."""
    figures = set()  # and axes, of earlier cells
    for cell in re.split(r"^# %%.*$", path.read_text(), flags=re.MULTILINE):
        tree = ast.parse(cell)
        late = names_in(tree, ast.Load) & (figures - names_in(tree, ast.Store))
        assert not late, f"{late} of an earlier cell; make a figure of its own"
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and re.search(
                r"plt\.(figure|subplots|subplot_mosaic)\(", ast.unparse(node.value)
            ):
                figures |= names_in(node, ast.Store)


@each_example()
def test_example_has_the_house_form(path):
    folder = path.parent.relative_to(EXAMPLES_FOLDER)
    assert re.fullmatch(r"\d\d_[a-z_]+", str(folder)), "examples/NN_topic/plot_x.py"
    assert re.fullmatch(r"plot_[a-z0-9_]+\.py", path.name), "plot_what_you_learn.py"
    assert (path.parent / "GALLERY_HEADER.rst").exists()
    text = path.read_text()
    assert len(text.splitlines()) <= LONGEST
    title, underline = ast.get_docstring(ast.parse(text)).splitlines()[:2]
    assert set(underline) == {"="}, "the docstring starts with a title"
    assert len(underline) >= len(title)
    cells = re.findall(r"^# %%.*\n(.*)$", text, flags=re.MULTILINE)
    assert cells, "cells start with '# %%'"
    for first_line in cells:
        assert first_line.startswith("# "), "each cell is opened by a sentence"


@each_example()
def test_example_uses_the_public_api_only(path):
    for module, name in skneuro_imports(ast.parse(path.read_text())):
        hidden = [part for part in (*module.split("."), name) if part.startswith("_")]
        assert not hidden, f"{module} {name} is private"


@pytest.mark.parametrize("address", CLASSES)
def test_every_public_class_appears_in_an_example(address):
    name = address.rpartition(".")[2]
    used = {
        imported
        for path in EXAMPLES
        for _, imported in skneuro_imports(ast.parse(path.read_text()))
    }
    assert name in used, f"no example imports {name}"
