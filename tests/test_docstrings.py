"""Docstrings: complete, true to the signature, with units, and their examples run."""

import ast
import builtins
import doctest
import importlib
import inspect
import pkgutil
import re
import textwrap
import tomllib
from pathlib import Path

import pytest
from numpydoc.docscrape import ClassDoc, FunctionDoc
from numpydoc.validate import validate
from sklearn.base import BaseEstimator

import skneuro
import skneuro.exceptions
from skneuro.utils._testing import kind_of, public_objects

ROOT = Path(__file__).parents[1]
PUBLIC = public_objects()
CHECKS = set(
    tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["numpydoc_validation"][
        "checks"
    ]
)
MODULES = sorted(
    module.name for module in pkgutil.walk_packages(skneuro.__path__, "skneuro.")
)

# One unit, alone or put together: "ms", "mV/ms", "1/nC", "mV/ms/sqrt(ms)".
UNIT = r"(?:ms|s|Hz|kHz|mm|cm|m|mV|V|nA|pA|uA|nC|pF|uF|nS|mS|rad|K|degC|1|%|mM|samples"
UNIT = rf"{UNIT}|steps)"
UNIT = rf"(?:{UNIT}|sqrt\({UNIT}\))(?:\^-?\d)?"
ENDS_IN_UNIT = re.compile(rf"\bin {UNIT}(?:[/ *]{UNIT})*\.?$")
# "in units of the input": where the model decides
SAYS_NO_UNIT = re.compile(r"dimensionless|no unit|without unit|in units of (the|that) ")
IS_A_NUMBER = re.compile(r"\b(float|ndarray|array-like)\b")
NOT_PHYSICAL = {"random_state", "labels", "drive", "X", "y"}


def public_methods():
    """Public methods that skneuro's public classes define themselves."""
    for address, value in PUBLIC.items():
        if inspect.isclass(value):
            for name, member in vars(value).items():
                function = getattr(member, "__func__", member)
                if not name.startswith("_") and inspect.isfunction(function):
                    yield f"{address}.{name}", function


METHODS = dict(public_methods())
CALLABLES = PUBLIC | METHODS


def read_docstring(value):
    parse = ClassDoc if inspect.isclass(value) else FunctionDoc
    return parse(value)


def inherits_constructor(value):
    """Whether an exception takes the arguments that its parent documents."""
    return kind_of(value) == "Exceptions" and "__init__" not in vars(value)


@pytest.mark.parametrize("address", CALLABLES)
def test_docstring_is_numpydoc(address):
    checks = CHECKS - ({"PR01"} if inherits_constructor(CALLABLES[address]) else set())
    errors = [
        f"{code}: {text}"
        for code, text in validate(address)["errors"]
        if code in checks
    ]
    assert errors == []


@pytest.mark.parametrize(
    ("text", "default"),
    [
        ("float, default=0.1", "0.1"),
        ('{"euler", "heun"}, default="euler"', '"euler"'),
        ("float or None, default=None", "None"),
        ("tuple of float, default=(0, 1)", "(0, 1)"),
        ("int", None),
    ],
)
def test_stated_default_reads_the_type(text, default):
    assert stated_default(text) == default


def stated_default(type_text):
    found = re.search(r"default\s*=\s*(.+)$", type_text)
    return found.group(1).strip() if found else None


def same_default(text, default):
    """Whether the text of a docstring means the default of a signature."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text == repr(default) or text == getattr(default, "__name__", None)
    return type(value) is type(default) and value == default


@pytest.mark.parametrize(
    "address", [a for a, value in CALLABLES.items() if not inherits_constructor(value)]
)
def test_stated_defaults_are_the_defaults(address):
    value = CALLABLES[address]
    documented = {
        name.strip(): parameter.type
        for parameter in read_docstring(value)["Parameters"]
        for name in parameter.name.split(",")
    }
    for name, parameter in inspect.signature(value).parameters.items():
        if name not in documented or name.startswith("_"):
            continue
        text = stated_default(documented[name])
        if parameter.default is inspect.Parameter.empty:
            assert text is None, f"{name} has no default, but its text says {text}"
        elif name == "y" and parameter.default is None:
            continue  # scikit-learn's "y : Ignored"
        else:
            assert text is not None, f"{name}: say default={parameter.default!r}"
            assert same_default(text, parameter.default), (
                f"{name}: the text says default={text}, "
                f"the signature {parameter.default!r}"
            )


def raised_names(function):
    """Names of the exception classes that a function raises in its own body."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            called = node.exc.func
            name = called.attr if isinstance(called, ast.Attribute) else called.id
            if name[0].isupper():  # not a function that makes the error
                yield name


def error_class(name):
    return getattr(skneuro.exceptions, name, getattr(builtins, name, None))


def listed_errors(value):
    """Names under Raises."""
    return {entry.type or entry.name for entry in read_docstring(value)["Raises"]}


@pytest.mark.parametrize(
    "address", [a for a, value in CALLABLES.items() if inspect.isfunction(value)]
)
def test_raises_lists_what_the_body_raises(address):
    value = CALLABLES[address]
    listed = listed_errors(value)
    owner = PUBLIC.get(address.rpartition(".")[0])
    if owner is not None:  # the class may list the errors of its methods
        listed |= listed_errors(owner)
    parents = tuple(cls for cls in map(error_class, listed) if cls is not None)
    for name in raised_names(value):
        error = error_class(name)
        assert name in listed or (error is not None and issubclass(error, parents)), (
            f"raises {name}, but Raises lists {sorted(listed)}"
        )


EXAMPLE_NEEDED = [
    address
    for address, value in PUBLIC.items()
    if (inspect.isfunction(value) and not value.__name__.startswith("fetch_"))
    or (inspect.isclass(value) and issubclass(value, BaseEstimator))
]


@pytest.mark.parametrize("address", EXAMPLE_NEEDED)
def test_docstring_has_an_example(address):
    assert ">>> " in "\n".join(read_docstring(PUBLIC[address])["Examples"])


SIMULATION = {
    address: value
    for address, value in PUBLIC.items()
    if address.startswith("skneuro.dynamics.") and inspect.isclass(value)
}
SIMULATORS = {
    address: value
    for address, value in SIMULATION.items()
    if hasattr(value, "equations") and kind_of(value) == "Estimators"
}


def first_sentence(lines):
    text = " ".join(line.strip() for line in lines).strip()
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0]


@pytest.mark.parametrize(
    ("sentence", "good"),
    [
        ("Membrane time constant, in ms.", True),
        ("Noise amplitude, in 1/sqrt(ms).", True),
        ("Inverse gain, in 1/nC.", True),
        ("Standard deviation of the noise, in mV/ms/sqrt(ms).", True),
        ("Global gain on ``connectivity``, dimensionless.", True),
        ("Membrane time constant.", False),
        ("Time constant in milliseconds or so.", False),
    ],
)
def test_units_are_recognised(sentence, good):
    assert bool(ENDS_IN_UNIT.search(sentence) or SAYS_NO_UNIT.search(sentence)) == good


@pytest.mark.parametrize("address", SIMULATION)
def test_physical_parameters_have_units(address):
    value = SIMULATION[address]
    signature = inspect.signature(value).parameters
    for parameter in read_docstring(value)["Parameters"]:
        for name in map(str.strip, parameter.name.split(",")):
            default = signature[name].default if name in signature else None
            physical = isinstance(default, float) or (
                default is None and IS_A_NUMBER.search(parameter.type)
            )
            if name in NOT_PHYSICAL or not physical:
                continue
            sentence = first_sentence(parameter.desc)
            assert ENDS_IN_UNIT.search(sentence) or SAYS_NO_UNIT.search(sentence), (
                f"{name}: {sentence!r} ends neither in a unit (', in ms.') nor says "
                "'dimensionless'"
            )


@pytest.mark.parametrize("address", SIMULATORS)
def test_simulators_name_their_sources(address):
    references = "\n".join(read_docstring(SIMULATORS[address])["References"])
    assert re.search(r":doi:`10\.\d{4,}/", references), "give the DOI of the equations"


@pytest.mark.parametrize("module_name", MODULES)
def test_examples_in_docstrings_run(module_name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # what an example writes stays out of the checkout
    result = doctest.testmod(
        importlib.import_module(module_name),
        optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE,
    )
    assert result.failed == 0, f"{result.failed} of {result.attempted} lines differ"
