"""Tables on the terminal, in which no cell is cut off: a narrow terminal wraps their lines."""

from collections.abc import Iterable, Sequence
from numbers import Integral

WIDE = 1000  # characters a line; rich would cut cells off at the width of the terminal


def show(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; a column whose name starts with ">" is aligned to the right.

    Whole numbers get their thousands separated.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.removeprefix(">"), justify="right" if right else "left")
    for row in rows:
        cells = (f"{cell:,}" if isinstance(cell, Integral) else str(cell) for cell in row)
        table.add_row(*map(Text, cells))  # Text: brackets in a file's name are no markup
    Console(width=WIDE).print(table)


def percent(share: float | None) -> str:
    """Write a share as the rest of the package does; "-" where there is none, None or NaN.

    >>> percent(0.97412)
    '97.4 %'
    """
    return "-" if share is None or share != share else f"{100 * share:.1f} %"


def shape(sizes: Iterable[int]) -> str:
    """Write a shape.

    >>> shape((55, 55, 96))
    '55x55x96'
    """
    return "x".join(map(str, sizes))
