"""Code in README and user guide runs as it stands there, page by page."""

import doctest
import re
import textwrap
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path
    for path in (
        ROOT / "README.md",
        ROOT / "doc" / "index.rst",
        *(ROOT / "doc" / "user_guide").glob("*.rst"),
    )
    if re.search(r"```python|code-block:: python|^>>> ", path.read_text(), re.M)
)
MARKDOWN = re.compile(r"^```python\n(?P<code>.*?)^```", re.M | re.S)
RST = re.compile(
    r"^(?P<indent> *)\.\. code-block:: python\n\n"
    r"(?P<code>(?:(?P=indent)    .*\n|\n)+)"
    r"|^(?P<session>>>> .*\n(?:.*\S.*\n)*)",
    re.M,
)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def snippets(path):
    """Pieces of code in the order of the page: line, text, whether it is a session."""
    text = path.read_text()
    for found in (MARKDOWN if path.suffix == ".md" else RST).finditer(text):
        groups = found.groupdict()
        is_session = groups.get("session") is not None
        code = groups["session"] if is_session else textwrap.dedent(groups["code"])
        yield text.count("\n", 0, found.start()) + 1, code, is_session


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_code_on_the_page_runs(path, request, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    if "import fetch_" in path.read_text():
        mirror = request.getfixturevalue("shared_data")
        monkeypatch.setenv("SKNEURO_MIRROR", str(mirror))
    matplotlib.use("agg")
    monkeypatch.setattr(plt, "show", lambda: None)
    names = {"__name__": path.stem}
    for line, code, is_session in snippets(path):
        if is_session:
            test = doctest.DocTestParser().get_doctest(
                code, names, path.name, str(path), line - 1
            )
            report = []
            runner = doctest.DocTestRunner(optionflags=FLAGS)
            runner.run(test, out=report.append, clear_globs=False)
            assert runner.failures == 0, "".join(report)
            names = test.globs
        else:
            exec(compile("\n" * line + code, str(path), "exec"), names)


def test_pages_are_found():
    assert {"README.md", "index.rst", "writing_a_simulator.rst"} <= {
        path.name for path in PAGES
    }
    assert all(len(list(snippets(path))) for path in PAGES)


def test_the_model_of_the_guide_is_about_thirty_lines():
    page = ROOT / "doc" / "user_guide" / "writing_a_simulator.rst"
    _, code, _ = next(snippets(page))
    lines = [line for line in code.splitlines() if line.strip()]
    assert len(lines) <= 36
