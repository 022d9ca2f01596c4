"""Equations as MathML, which browsers draw themselves: pages read without a network."""

import xml.etree.ElementTree as ElementTree

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

logger = logging.getLogger(__name__)

NAMESPACE = "http://www.w3.org/1998/Math/MathML"
ACCENTS = set("˙¨^ˆ¯˜~→")  # noqa: RUF001
ElementTree.register_namespace("", NAMESPACE)


def put_subscripts_beside(tree):
    r"""Turn x with a dot above and n below it, from ``\dot{x}_n``, into dotted x_n."""
    for element in tree.iter(f"{{{NAMESPACE}}}munderover"):
        base, below, above = element
        if above.text in ACCENTS:
            accented = ElementTree.Element(f"{{{NAMESPACE}}}mover")
            accented.extend([base, above])
            element[:] = [accented, below]
            element.tag = f"{{{NAMESPACE}}}msub"


def convert(node, as_block):
    """TeX of a node as MathML; what cannot be converted fails the build."""
    try:
        mathml = tex2mathml(node.astext(), as_block=as_block)
        # an entity of HTML that XML does not know: it stands between sin and its angle
        mathml = mathml.replace("&ApplyFunction;", "\N{FUNCTION APPLICATION}")
        tree = ElementTree.fromstring(mathml)
    except MathError as error:
        logger.warning("cannot convert %r: %s", node.astext(), error, location=node)
        return f"<code>{node.astext()}</code>"
    put_subscripts_beside(tree)
    return ElementTree.tostring(tree, encoding="unicode")


def visit_math(self, node):
    self.body.append(convert(node, as_block=False))
    raise nodes.SkipNode


def visit_displaymath(self, node):
    self.body.append(self.starttag(node, "div", CLASS="equation"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({node["number"]})')
        self.add_permalink_ref(node, "Link to this equation")
        self.body.append("</span>")
    self.body.append(convert(node, as_block=True))
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
