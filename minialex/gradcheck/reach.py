"""What an object leads to."""

import copy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minialex.backend import Array
from minialex.gradcheck.arrays import differentiable, host

DEPTH = 8
# Objects of these packages are not looked into: a compiled function leads to a whole compiler.
FOREIGN = {*sys.stdlib_module_names, "cupy", "numba", "numpy", "scipy", "torch"}


def reachable(*roots: Any) -> list[Any]:
    """Return the roots and what their attributes, entries and items lead to, each object once.

    The attributes of an object stand for it as the dictionary that holds them.
    """
    found: list[Any] = []
    seen: set[int] = set()
    level = list(roots)
    for _ in range(DEPTH):
        new = {id(value): value for value in level if id(value) not in seen}
        seen |= new.keys()
        found += new.values()
        level = [further for value in new.values() for further in _leads_to(value)]
    return found


def attributes(owner: Any) -> dict[str, Any]:
    """Return the dictionary of an object's attributes; {} where it has none."""
    return getattr(owner, "__dict__", {})


def sizes_known(layer: Any) -> set[int]:
    """Return the whole numbers in a layer's attributes, also those in tuples and lists."""
    known = [v for v in attributes(layer).values() if type(v) is int]
    for value in attributes(layer).values():
        if isinstance(value, (tuple, list)):
            known += [v for v in value if type(v) is int]
    return set(known)


def leaves(root: Any) -> dict[str, Array]:
    """Return the arrays of floats that an object leads to, by name: "W", "fc.W", "Ws[0]"."""
    found: dict[str, Array] = {}
    seen: set[int] = set()
    level = {"": root}
    for _ in range(DEPTH):
        new = {name: value for name, value in level.items() if id(value) not in seen}
        seen |= {id(value) for value in new.values()}
        found |= {name.lstrip("."): value for name, value in new.items() if differentiable(value)}
        level = {name + end: part for name, value in new.items() for end, part in _parts(value)}
    return found


def only_read(root: Any, run: Callable[[float], Any]) -> tuple[list[str], list[str], Any]:
    """Return the names of the leaves that `run`, called with two numbers, only reads; of those in
    whose place it puts others with equal values; and what it returned at last.

    What it remembers is another array, or has other values, after a call with another number.
    """
    seen = [leaves(root)]
    values = [{name: np.array(host(array)) for name, array in seen[0].items()}]
    for number in (0.875, 0.75):
        returned = run(number)
        seen.append(leaves(root))
        values.append({name: np.array(host(array)) for name, array in seen[-1].items()})
    first, *later = values
    equal = [
        name
        for name, value in first.items()
        if all(name in v and np.array_equal(value, v[name], equal_nan=True) for v in later)
    ]
    read = [name for name in equal if seen[0][name] is seen[1][name] is seen[2][name]]
    return read, [name for name in equal if name not in read], returned


@contextmanager
def kept(*roots: Any) -> Iterator[list[Any]]:
    """Yield the dictionaries and lists that roots lead to; afterwards they hold what they held."""
    holders = [h for h in reachable(*roots) if isinstance(h, (dict, list))]
    before = [copy.copy(holder) for holder in holders]
    try:
        yield holders
    finally:
        for holder, old in zip(holders, before, strict=True):
            if isinstance(holder, list):
                holder[:] = old
            elif list(holder) != list(old) or any(holder[key] is not old[key] for key in old):
                holder.clear()
                holder.update(old)


@contextmanager
def replaced(new: dict[int, Array], *roots: Any) -> Iterator[None]:
    """For a while, put other arrays wherever dictionaries and lists hold those with these ids.

    A layer may know an array by two names, params["W"] and W. What passes remember in the
    meantime, such as running means, is forgotten afterwards: it has another dtype.
    """
    with kept(*roots) as holders:
        for holder in holders:
            for key, value in holder.items() if isinstance(holder, dict) else enumerate(holder):
                if id(value) in new:
                    holder[key] = new[id(value)]
        yield


def _parts(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(f"[{key!r}]", part) for key, part in value.items()]
    if isinstance(value, (list, tuple)):
        return [(f"[{i}]", part) for i, part in enumerate(value)]
    if type(value).__module__.partition(".")[0] in FOREIGN:
        return []
    slots = {name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())}
    inside = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    return [(f".{name}", part) for name, part in (inside | attributes(value)).items()]


def _leads_to(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, (list, tuple)):
        return list(value)
    package = type(value).__module__.partition(".")[0]
    return [] if package in FOREIGN else [attributes(value)]
