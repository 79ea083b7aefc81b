"""The site: `sphinx-build -nW --keep-going docs docs/_build`."""

import os
import sys
from pathlib import Path

import minialex

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project, author, version = "minialex", "The minialex authors", minialex.__version__
copyright = author
extensions = [
    "livesource", "maths", "myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx.ext.autosummary",
    "sphinx.ext.viewcode", "sphinx_copybutton",
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
nb_execution_timeout = 120
nb_execution_show_tb = True
nb_merge_streams = True
os.environ["OMP_NUM_THREADS"] = "2"

autosummary_generate = True
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
nitpick_ignore_regex = [("py:class", r"(numpy|np|matplotlib|cupy)\..*")]
copybutton_exclude = ".linenos, .gp, .go"
copybutton_prompt_text = "$ "
