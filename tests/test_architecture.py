"""The floors of the house: imports point down, and the ground floor is light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skneuro

PACKAGE = Path(skneuro.__file__).parent

# A subpackage may import itself and any subpackage of a lower floor.
FLOORS = [
    {"_version", "exceptions", "utils"},
    {"io", "metrics", "engine"},
    {"dynamics", "encoding", "twin", "rnn"},
    {"control", "model_selection"},
    {"datasets", "plotting"},
    {"compat"},
]
FLOOR = {name: i for i, floor in enumerate(FLOORS) for name in floor}


def imported_modules(path):
    """Names of all modules that a file imports, also inside functions."""
    package = ("skneuro", *path.relative_to(PACKAGE).parts[:-1])
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = ".".join(base + ([node.module] if node.module else []))
            yield module
            if module == "skneuro":
                yield from (f"skneuro.{alias.name}" for alias in node.names)


SOURCES = sorted(
    p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts != ("__init__.py",)
)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path):
    here = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert here in FLOOR, f"{here} has no floor: add it to FLOORS"
    for module in imported_modules(path):
        parts = module.split(".")
        if parts[0] != "skneuro" or len(parts) == 1 or parts[1] == "__version__":
            continue
        target = parts[1]
        assert target == here or FLOOR[target] < FLOOR[here], (
            f"{path.name} of {here} imports {module}, which is not on a lower floor"
        )


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("skneuro", {"torch", "numba", "matplotlib", "optuna", "sklearn"}),
        ("skneuro.datasets", {"torch", "matplotlib", "optuna"}),
        ("skneuro.metrics", {"torch", "numba", "matplotlib", "optuna"}),
        ("skneuro.dynamics", {"torch", "matplotlib", "optuna"}),
        ("skneuro.encoding", {"torch", "matplotlib", "sklearn"}),
        ("skneuro.twin", {"torch", "matplotlib", "optuna"}),
    ],
)
def test_import_stays_light(module, absent):
    code = f"import sys, {module}; print(*sorted({absent!r} & set(sys.modules)))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert out.stdout.split() == []


def test_every_subpackage_lists_its_public_names():
    for path in PACKAGE.glob("*/__init__.py"):
        tree = ast.parse(path.read_text())
        names = {
            target.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign)
            for target in ast.walk(node)
            if isinstance(target, ast.Name)
        }
        assert "__all__" in names, f"{path} has no __all__"
