"""Arrays, and the places that hold them."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minialex.backend import Array, xp_of


@dataclass(frozen=True)
class Slot:
    """A place that holds an array on which y depends, an input or a parameter.

    `holder()` returns the dictionary or list whose entry `key` it is.
    """

    holder: Callable[[], Any]
    key: Any

    def get(self) -> Array:
        return self.holder()[self.key]

    def set(self, value: Array) -> None:
        self.holder()[self.key] = value


def is_array(value: Any) -> bool:
    """Tell whether this is an array of NumPy or CuPy; a number is none."""
    return hasattr(getattr(value, "dtype", None), "kind") and hasattr(value, "__setitem__")


def writeable(array: Array) -> bool:
    """Tell whether an array may be changed; CuPy's always may."""
    return getattr(array.flags, "writeable", True)


def differentiable(value: Any) -> bool:
    """Tell whether this is an array of floating-point numbers."""
    return is_array(value) and value.dtype.kind == "f"


def host(a: Any) -> np.ndarray:
    """Return an array, on whatever device, or a number as a NumPy array."""
    return np.asarray(a.get() if hasattr(a, "get") else a)


def copied(a: Array) -> Array:
    """Return a copy of what a pass returned; numbers and lists become arrays."""
    return xp_of(a).array(a)


def copies(inputs: Sequence[Any]) -> list[Any]:
    """Return copies of inputs, so that a check may change them."""
    return [copied(x) if is_array(x) else copy.deepcopy(x) for x in inputs]


def sizes(shape: tuple[int, ...]) -> str:
    """Write a shape: "2,7,5,3"."""
    return ",".join(map(str, shape))
