"""Runs what docs/gradcheck.md shows, and writes what it printed into the page.

    python docs/gradcheck/page.py

Filled in are the text below a marker: `<!-- $ minialex gradcheck try1:MyConv -->` for a command,
which runs in tries/, `<!-- printed -->` for the block of code above it, `<!-- table -->`.
"""

import contextlib
import io
import re
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

from minialex import cli

HERE = Path(__file__).parent
PAGE = HERE.with_suffix(".md")
BLOCK = re.compile(r"```python\n(.*?)```\n", re.DOTALL)
COMMAND = re.compile(r"<!-- \$ minialex (.*?) -->\n```text\n.*?```\n", re.DOTALL)
PRINTED = re.compile(r"<!-- printed -->\n```text\n.*?```\n", re.DOTALL)
TABLE = re.compile(r"<!-- table -->\n(\|.*\n)*")


def filled(text: str) -> str:
    """Return the page with every output as it is today."""
    table = runpy.run_path(str(HERE / "table.py"))["table"]
    text = COMMAND.sub(lambda m: f"<!-- $ minialex {m[1]} -->\n{fence(command(m[1]))}", text)
    text = TABLE.sub(lambda m: f"<!-- table -->\n{table()}\n", text)
    return code(text)


def code(text: str) -> str:
    """Run the blocks of Python in one namespace, and fill in what they print."""
    parts, namespace = [], {"__name__": "page"}
    end = 0
    for block in BLOCK.finditer(text):
        printed = said(lambda block=block: exec(block[1], namespace))
        parts.append(text[end : block.end()])
        end = block.end()
        if below := PRINTED.match(text, end + 1):
            parts.append(f"\n<!-- printed -->\n{fence(printed)}")
            end = below.end()
    return "".join([*parts, text[end:]])


def command(arguments: str) -> str:
    """Return a command as typed in tries/, and what it printed."""
    path = sys.path.copy()
    with contextlib.chdir(HERE / "tries"):
        printed = said(lambda: cli.main(arguments.split()))
    sys.path[:] = path
    return f"$ minialex {arguments}\n{printed}"


def said(run: Callable[[], object]) -> str:
    """Return what a function prints."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        run()
    return out.getvalue().rstrip() + "\n"


def fence(text: str) -> str:
    return f"```text\n{text}```\n"


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
