"""The directive ``livesource``: code as it runs, read from the imported package.

```{livesource} minialex.layers.lrn.lrn_backward
```

shows a function, class or method without its docstring and decorators, and a line below it that
names the file. Of a Numba kernel it shows the Python function. A name that is gone fails the build.
"""

import ast
import importlib
import inspect
import textwrap
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]


class LiveSource(SphinxDirective):
    """Show the source of a dotted name; the option ``docstring`` keeps its docstring."""

    required_arguments = 1
    option_spec = {"docstring": lambda _: True}  # noqa: RUF012 (docutils reads it from the class)

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        try:
            thing = resolve(name)
        except (ImportError, AttributeError) as error:
            raise ExtensionError(f"livesource {name}: {error}") from error
        path = inspect.getsourcefile(thing)
        self.env.note_dependency(path)
        text = source(thing, "docstring" in self.options)
        block = nodes.literal_block(text, text, language="python", classes=["livesource"])
        file = Path(path).relative_to(ROOT).as_posix()
        caption = nodes.paragraph("", "", nodes.literal("", name), nodes.Text(f" in {file}"))
        return [nodes.container("", block, caption, classes=["livesource-block"])]


def resolve(name: str) -> Any:
    """Return what a dotted name stands for: the longest prefix that is a module, then attributes.

    A Numba function gives the function that was compiled, a replaced one its reference.
    """
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError as error:
            if error.name and not name.startswith(error.name):
                raise  # the module is there, and something that it imports is not
            continue
        for attribute in parts[end:]:
            thing = getattr(thing, attribute)
        return inspect.unwrap(getattr(thing, "py_func", thing))
    raise ModuleNotFoundError(f"no module named {parts[0]}")


def source(thing: Any, docstring: bool = False) -> str:
    """Return the source of a function, class or method, from its `def` or `class` on."""
    lines, _ = inspect.getsourcelines(thing)
    text = textwrap.dedent("".join(lines))
    if inspect.ismodule(thing):
        return text
    tree = ast.parse(text).body[0]
    assert isinstance(tree, ast.FunctionDef | ast.ClassDef)
    lines = text.splitlines()
    if not docstring and ast.get_docstring(tree) is not None:
        first = tree.body[0]
        del lines[first.lineno - 1 : first.end_lineno]
    return "\n".join(lines[tree.lineno - 1 :]).strip("\n")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("livesource", LiveSource)
    return {"parallel_read_safe": True}
