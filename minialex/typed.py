"""Values in the types that a dataclass declares, whether they come from JSON, flags or Python."""

import types
import typing
from collections.abc import Mapping
from typing import Any, Literal

from minialex.errors import nearest


def typed(value: Any, hint: Any) -> Any:
    """Return a value in the type of a field: a list becomes a tuple, and 1 may stand for 1.0.

    Raises
    ------
    TypeError
        It is of another type.

    Examples
    --------
    >>> typed([1, 2], tuple[int, ...]), typed({"*.b": 2}, dict[str, float]), typed(None, int | None)
    ((1, 2), {'*.b': 2.0}, None)
    """
    try:
        return _converted(value, hint)
    except (TypeError, OverflowError):  # no float is as large as some whole numbers
        choices = typing.get_args(hint) if typing.get_origin(hint) is Literal else ()
        near = nearest(value, map(str, choices)) if isinstance(value, str) else ""
        raise TypeError(f"{value!r} is not {describe(hint)}{near}") from None


def _converted(value: Any, hint: Any) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:
        for one in inner:
            try:
                return _converted(value, one)
            except TypeError:
                continue
    elif isinstance(value, bool):  # a bool is an int in Python, but not to a reader of JSON
        if hint is bool:
            return value
    elif origin is Literal:
        if value in inner:
            return value
    elif origin is tuple and isinstance(value, (list, tuple)):
        each = inner[:1] * len(value) if inner[-1] is ... else inner
        if len(each) == len(value):
            return tuple(map(_converted, value, each))
    elif origin is dict and isinstance(value, Mapping):
        return {_converted(k, inner[0]): _converted(v, inner[1]) for k, v in value.items()}
    elif origin is None and isinstance(value, (int, float) if hint is float else hint):
        return float(value) if hint is float else value
    raise TypeError


def describe(hint: Any) -> str:
    """Return a type in words.

    >>> describe(int | None), describe(Literal[1, 9]), describe(tuple[tuple[int, str], ...])
    ('int or null', 'one of 1, 9', 'a list of (int, str)')
    """
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return "one of " + ", ".join(map(repr, inner))
    if origin is types.UnionType:
        return " or ".join(map(describe, inner))
    if origin is tuple and inner[-1] is ...:
        return f"a list of {describe(inner[0])}"
    if origin is tuple:
        return f"({', '.join(map(describe, inner))})"
    if origin is dict:
        return f"an object that maps {describe(inner[0])} to {describe(inner[1])}"
    return "null" if hint is types.NoneType else hint.__name__
