"""Arrays, and the places that hold them."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from minialex.backend import Array, xp_of


class Slot(NamedTuple):
    """A place that holds an array on which y depends: an input or a parameter."""

    get: Callable[[], Array]
    set: Callable[[Array], None]


def item_slot(holder: Any, key: Any) -> Slot:
    """Return the slot of an entry of a dictionary or list."""
    return Slot(lambda: holder[key], lambda value: holder.__setitem__(key, value))


def attribute_slot(owner: Any, name: str) -> Slot:
    """Return the slot of an attribute."""
    return Slot(lambda: getattr(owner, name), lambda value: setattr(owner, name, value))


def items(holder: Any) -> list[Slot]:
    """Return the slots of the floating-point arrays in a dictionary or list."""
    keys = list(holder) if isinstance(holder, dict) else range(len(holder or ()))
    return [item_slot(holder, key) for key in keys if differentiable(holder[key])]


def differentiable(value: Any) -> bool:
    """Tell whether this is an array of floating-point numbers."""
    return getattr(getattr(value, "dtype", None), "kind", "") in ("f", "c") and value.ndim > 0


def host(a: Any) -> np.ndarray:
    """Return an array, on whatever device, or a number as a NumPy array."""
    return np.asarray(a.get() if hasattr(a, "get") else a)


def copied(a: Array | None) -> Array | None:
    """Return a copy of what a pass returned; numbers become arrays."""
    return None if a is None else xp_of(a).array(a)


def copies(inputs: Sequence[Any]) -> list[Any]:
    """Return copies of the arrays, so that a check may change them; the rest as it is."""
    return [copied(x) if hasattr(x, "dtype") else x for x in inputs]


def sizes(shape: tuple[int, ...]) -> str:
    """Write a shape: "2,7,5,3"."""
    return ",".join(map(str, shape))
