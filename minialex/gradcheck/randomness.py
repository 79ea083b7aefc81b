"""Random layers: the same random numbers for every call that a check compares."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minialex.gradcheck.reach import reachable


class Stream(NamedTuple):
    """A source of random numbers whose state can be read and set."""

    state: Callable[[], Any]
    set_state: Callable[[Any], object]


GLOBAL = (
    Stream(partial(np.random.get_state, legacy=False), np.random.set_state),
    Stream(random.getstate, random.setstate),
)


class Randomness:
    """The generators that something leads to, and NumPy's and Python's global ones.

    Found are `numpy.random.Generator`, `numpy.random.RandomState` and `random.Random` in the
    attributes, lists and dictionaries of `roots`. A generator that is kept elsewhere, or made
    afresh in forward, cannot be repeated: such a layer is reported as random.
    """

    def __init__(self, *roots: Any) -> None:
        streams = [stream for root in reachable(*roots) if (stream := _stream(root))]
        self.streams = [*streams, *GLOBAL]
        self.states = [stream.state() for stream in self.streams]

    def restore(self) -> None:
        """Set every generator back to where it stood when this object was made."""
        for stream, state in zip(self.streams, self.states, strict=True):
            stream.set_state(state)

    def forget_unused(self) -> None:
        """After a forward: leave alone from now on what it did not draw from (that costs time)."""
        pairs = zip(self.streams, self.states, strict=True)
        used = [(stream, state) for stream, state in pairs if _differ(stream.state(), state)]
        self.streams, self.states = [s for s, _ in used], [state for _, state in used]


def _stream(value: Any) -> Stream | None:
    if isinstance(value, np.random.Generator):
        bits = value.bit_generator
        return Stream(lambda: bits.state, lambda state: setattr(bits, "state", state))
    if isinstance(value, np.random.RandomState):
        return Stream(partial(value.get_state, legacy=False), value.set_state)
    return Stream(value.getstate, value.setstate) if isinstance(value, random.Random) else None


def _differ(a: Any, b: Any) -> bool:
    """Compare two states: numbers, or dictionaries that hold arrays."""
    if isinstance(a, dict):
        return any(_differ(a[key], b[key]) for key in a)
    return not np.array_equal(a, b) if isinstance(a, np.ndarray) else a != b
