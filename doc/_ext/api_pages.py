"""Write the pages of the API reference from what each subpackage makes public.

``api.rst`` names the subpackages in an order that helps readers. For each of them this
extension writes ``api/generated/skneuro.X.rst`` with one table per kind of object, made
from ``__all__``; autosummary then writes one page per object. A public module that
``api.rst`` leaves out, and a public name that ends up on no page, are warnings, which
``make doc`` turns into failures.
"""

import importlib
import re
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.ext.autosummary import autosummary_table
from sphinx.util import logging

from skneuro.utils._testing import kind_of, public_modules, public_objects

logger = logging.getLogger(__name__)

KINDS = {
    "Estimators": "estimator.rst",
    "Base classes": "estimator.rst",
    "Classes": "estimator.rst",
    "Functions": "function.rst",
    "Exceptions": "exception.rst",
}


def sections(module_name, names):
    """One table per kind of object, in the order of ``KINDS``."""
    module = importlib.import_module(module_name)
    for kind, template in KINDS.items():
        chosen = [name for name in names if kind_of(getattr(module, name)) == kind]
        if not chosen:
            continue
        yield f"{kind}\n{'-' * len(kind)}\n"
        yield ".. autosummary::\n   :toctree: .\n   :nosignatures:"
        yield f"   :template: autosummary/{template}\n"
        yield "\n".join(f"   {name}" for name in chosen) + "\n"


def page(module_name, names):
    """Text of the page of one subpackage or public module."""
    return "\n".join(
        [
            f"{module_name}\n{'=' * len(module_name)}\n",
            f".. automodule:: {module_name}\n   :no-members:\n",
            f".. currentmodule:: {module_name}\n",
            *sections(module_name, names),
        ]
    )


def names_by_module():
    """Public names of each module, each object under one address only."""
    modules = {name: [] for name in public_modules()}
    for address in public_objects():
        module_name, _, name = address.rpartition(".")
        modules[module_name].append(name)
    return {module: sorted(names) for module, names in modules.items() if names}


def write_pages(app, config):
    folder = Path(app.srcdir) / "api" / "generated"
    folder.mkdir(parents=True, exist_ok=True)
    modules = names_by_module()
    listed = re.findall(
        r"^\s+api/generated/(skneuro\.\S+)$",
        (Path(app.srcdir) / "api.rst").read_text(),
        flags=re.MULTILINE,
    )
    for module_name in sorted(set(modules) - set(listed)):
        logger.warning("%s has public names, but api.rst leaves it out", module_name)

    expected = {f"{address}.rst" for address in public_objects()}
    for module_name in {*modules, *listed}:
        names = modules.get(module_name, [])
        path = folder / f"{module_name}.rst"
        expected.add(path.name)
        text = page(module_name, names)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
    for path in folder.glob("*.rst"):
        if path.name not in expected:
            path.unlink()  # of a name that is gone


def escape_learned_names(app, what, name, obj, options, lines):
    """Keep ``ndarray of shape (n_features_in_,)`` from being read as a link."""
    for i, line in enumerate(lines):
        head, colon, type_text = line.partition(" : ")
        if colon and re.fullmatch(r"\s*[\w*, ]+", head):
            lines[i] = head + colon + re.sub(r"(?<![`\w])(\w+)_\b", r"\1\_", type_text)


def drop_citations(app, doctree):
    """Leave "[1]_" of a one-line summary out of the tables: it has no target there."""
    for table in doctree.findall(autosummary_table):
        for node in list(table.findall(pending_xref)):
            if node["refdomain"] == "citation":
                before = node.previous_sibling()
                if isinstance(before, nodes.Text):
                    node.parent.replace(before, nodes.Text(before.rstrip()))
                node.parent.remove(node)


def check_pages(app, env):
    documented = {entry[0] for entry in env.get_domain("py").get_objects()}
    for address in sorted(set(public_objects()) - documented):
        logger.warning("%s is public, but no API page documents it", address)


def setup(app):
    app.connect("config-inited", write_pages)
    # before numpydoc, which comes at 500
    app.connect("autodoc-process-docstring", escape_learned_names, priority=400)
    app.connect("doctree-read", drop_citations)
    app.connect("env-check-consistency", check_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
