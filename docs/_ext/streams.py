"""What a cell prints, as it printed it.

On a busy machine a kernel sends its lines in pieces, and myst-nb ends every piece with a newline,
wherever it was cut. Here the pieces are joined first.
"""

import copy

from myst_nb.core import render
from nbformat import NotebookNode
from sphinx.application import Sphinx

coalesce = render.coalesce_streams


def joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return the outputs of a cell with one stream of each name."""
    whole: list[NotebookNode] = []
    streams: dict[str, NotebookNode] = {}
    for output in outputs:
        name = output.get("name") if output["output_type"] == "stream" else None
        if name in streams:
            streams[name]["text"] += output["text"]
            continue
        whole.append(copy.copy(output))
        if name:
            streams[name] = whole[-1]
    return coalesce(whole)


def setup(app: Sphinx) -> dict[str, bool]:
    render.coalesce_streams = joined
    return {"parallel_read_safe": True}
