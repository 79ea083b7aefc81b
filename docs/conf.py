"""The site: `sphinx-build -nW --keep-going -j auto docs docs/_build/html`."""

import os
import sys
from pathlib import Path

import numpydoc.xref

import minialex

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project, author, version = "minialex", "The minialex authors", minialex.__version__
copyright = author
extensions = [
    "backlinks", "livesource", "maths", "streams",  # of docs/_ext; backlinks goes before viewcode
    "myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.viewcode",
    "sphinx_copybutton",
]  # fmt: skip
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb"}  # .rst first: autosummary's stubs
exclude_patterns = ["_build", "node_modules", "gradcheck", "gpu", "results"]
if only := os.environ.get("MINIALEX_DOCS_ONLY"):  # while writing: one chapter, "06", by itself
    exclude_patterns += [
        f"course/{path.name}"
        for path in (HERE / "course").glob("[0-9]*.md")
        if not path.name.startswith(only)
    ]

html_theme = "furo"
html_title = "minialex"
html_static_path = ["_static"]
html_css_files = ["minialex.css"]
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}

myst_enable_extensions = ["amsmath", "attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# Cells of a page run whenever it is read, and one that fails fails the build. While writing,
# MINIALEX_DOCS_EXECUTE=cache runs those only that changed, but sees no change of the package.
nb_execution_mode = os.environ.get("MINIALEX_DOCS_EXECUTE", "force")
nb_execution_raise_on_error = True
nb_execution_timeout = 600  # on a machine that is busy
nb_execution_show_tb = True
nb_merge_streams = True
os.environ["OMP_NUM_THREADS"] = "2"

autosummary_generate = True
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings give types, with shapes and in words
autodoc_preserve_defaults = True
default_role = "code"  # names in docstrings
numpydoc_show_class_members = False
numpydoc_xref_param_type = True  # types in docstrings are links, where they are ours
numpydoc_xref_ignore = "all"
numpydoc.xref.DEFAULT_LINKS.clear()  # of Python and NumPy: pages need no network
numpydoc_xref_aliases = {
    **{name: f"minialex.{name}" for name in ("Config", "Sequential")},
    **{name: f"minialex.data.{name}" for name in ("Dataset", "Splits")},
    "Affine": "minialex.data.affine.Affine", "Augment": "minialex.data.augment.Augment",
    "Axis": "minialex.strategies.Axis", "Bar": "minialex.progress.Bar",
    "ColourNoise": "minialex.data.colour.ColourNoise", "Geometry": "minialex.shapes.Geometry",
    "Images": "minialex.data.dataset.Images", "Layer": "minialex.layer.Layer",
    "Lines": "minialex.progress.Lines", "Pixels": "minialex.data.pixels.Pixels",
    "Report": "minialex.gradcheck.Report", "Run": "minialex.run.Run",
}  # fmt: skip
nitpick_ignore_regex = [
    ("py:class", r"(collections|contextlib|cupy|hypothesis|matplotlib|np|numpy|pathlib|types)\..*"),
    ("py:class", r"Axes|Figure|Position"),  # imported for type checkers alone
]
copybutton_exclude = ".linenos, .gp, .go"
copybutton_prompt_text = "$ "
