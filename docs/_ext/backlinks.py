"""From a page of source code back to where each name is documented.

viewcode supposes that all names of a file are documented under one prefix. Here a class may be
`minialex.layers.LRN` and the function below it `minialex.layers.lrn.lrn_forward`, and a link to the
one would take the other's prefix. Loaded before viewcode, which then takes the pages from here.
"""

import re
from collections.abc import Iterator
from typing import Any

from sphinx.application import Sphinx
from sphinx.ext import viewcode

LINK = re.compile(r'(id="([\w.]+)">\n<a class="viewcode-back" href="[^"#]*#)[\w.]+"')
collect = viewcode.collect_pages


def collect_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield viewcode's pages, with links to the names that exist."""
    objects = app.env.domains.python_domain.objects
    for page, context, template in collect(app):
        module = page.removeprefix("_modules/").replace("/", ".")

        def mended(link: re.Match[str], module: str = module) -> str:
            names = [full for full in objects if full.endswith(f".{link[2]}")]
            prefix = module
            while prefix and f"{prefix}.{link[2]}" not in names:
                prefix = prefix.rpartition(".")[0]  # documented as a name of the package, or
            full = f"{prefix}.{link[2]}" if prefix else names[0]  # of another one
            return f'{link[1]}{objects[full].node_id}"'

        context["body"] = LINK.sub(mended, context["body"])
        yield page, context, template


def setup(app: Sphinx) -> dict[str, bool]:
    viewcode.collect_pages = collect_pages
    return {"parallel_read_safe": True}
