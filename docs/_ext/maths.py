"""Formulas set while the pages are built: by KaTeX, or in MathML where that is not installed.

KaTeX comes from npm (`npm install --no-package-lock --prefix docs`) and runs in one Node process,
a formula a line. Its style sheet and the WOFF2 fonts become part of the site, so that pages need
no network. Without it latex2mathml writes MathML, which today's browsers show, if less beautifully.
"""

import json
import shutil
import subprocess
from pathlib import Path

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

PACKAGE = Path(__file__).parents[1] / "node_modules" / "katex"
HAS_KATEX = PACKAGE.is_dir() and shutil.which("node") is not None
SERVE = """
const katex = require(process.argv[1]);
require('readline').createInterface({ input: process.stdin }).on('line', line => {
  const [latex, displayMode] = JSON.parse(line);
  let answer;
  try { answer = { html: katex.renderToString(latex, { displayMode, strict: 'error' }) } }
  catch (error) { answer = { error: error.message } }
  console.log(JSON.stringify(answer));
});
"""
_node: subprocess.Popen | None = None


def katex(latex: str, display: bool) -> str:
    """Return a formula as HTML; ExtensionError where KaTeX does not understand it."""
    global _node
    if _node is None:
        command = ["node", "-e", SERVE, str(PACKAGE)]
        _node = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert _node.stdin is not None
    assert _node.stdout is not None
    print(json.dumps([latex, display]), file=_node.stdin, flush=True)
    answer = json.loads(_node.stdout.readline())
    if "error" in answer:
        raise ExtensionError(f"{answer['error']} in the formula {latex}")
    return answer["html"]


def mathml(latex: str, display: bool) -> str:
    """Return a formula as MathML."""
    return convert(latex, display="block" if display else "inline")


set_formula = katex if HAS_KATEX else mathml


def visit_math(self, node: nodes.math) -> None:
    self.body.append(set_formula(node.astext(), display=False))
    raise nodes.SkipNode


def visit_math_block(self, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math"))
    self.body.append(set_formula(node.astext(), display=True))
    self.body.append("</div>")
    raise nodes.SkipNode


def copy_katex(app: Sphinx) -> None:
    """Put the style sheet and its fonts into the site."""
    target = Path(app.outdir) / "_static" / "katex"
    (target / "fonts").mkdir(parents=True, exist_ok=True)
    shutil.copy(PACKAGE / "dist" / "katex.min.css", target)
    for font in PACKAGE.glob("dist/fonts/*.woff2"):
        shutil.copy(font, target / "fonts")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("built", (visit_math, None), (visit_math_block, None))
    app.config.html_math_renderer = "built"
    if HAS_KATEX:
        app.add_css_file("katex/katex.min.css")
        app.connect("builder-inited", copy_katex)
    else:
        logging.getLogger(__name__).info(
            "KaTeX or Node is missing, so that formulas are MathML. "
            "With Node: npm install --no-package-lock --prefix docs"
        )
    return {"parallel_read_safe": True}
