"""Command-line arguments, which tyro reads from signatures and dataclasses."""

from collections.abc import Callable, Sequence
from typing import Any


def call(target: Callable[..., Any], arguments: Sequence[str], default: Any = None) -> Any:
    """Call `target` with arguments that tyro reads; the first of them is the command's name."""
    import tyro

    name, *rest = words(arguments)  # tyro suggests a similar name for "--lrr 1" only
    options = {} if default is None else {"default": default}
    return tyro.cli(target, prog=f"minialex {name}", args=rest, **options)


def words(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with every --flag=value as two.

    >>> words(["run", "--lr=0.1", "--out", "a=b"])
    ['run', '--lr', '0.1', '--out', 'a=b']
    """
    return [word for a in arguments for word in (a.split("=", 1) if a.startswith("--") else [a])]
