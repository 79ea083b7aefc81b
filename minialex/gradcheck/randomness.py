"""Random layers: the same random numbers for every call that a check compares."""

import random
from typing import Any

import numpy as np


class Randomness:
    """The generators that something holds, and NumPy's and Python's global ones.

    Found are `numpy.random.Generator`, `numpy.random.RandomState` and `random.Random` in the
    attributes, lists and dictionaries of `roots`. A generator that is kept elsewhere, or made
    afresh in forward, cannot be repeated: such a layer is reported as random.
    """

    def __init__(self, *roots: Any) -> None:
        self.generators = _reachable(roots)
        self.states = [_state(g) for g in self.generators]
        self.shared = [(np.random.get_state, np.random.set_state),
                       (random.getstate, random.setstate)]  # fmt: skip
        self.shared_states = [get() for get, _ in self.shared]

    def restore(self) -> None:
        """Set every generator back to where it stood when this object was made."""
        for generator, state in zip(self.generators, self.states, strict=True):
            _set_state(generator, state)
        for (_, put), state in zip(self.shared, self.shared_states, strict=True):
            put(state)

    def forget_unused(self) -> None:
        """After a forward: keep only the global generators that it drew from (they are slow)."""
        used = [
            not _same(get(), state)
            for (get, _), state in zip(self.shared, self.shared_states, strict=True)
        ]
        self.shared = [pair for pair, u in zip(self.shared, used, strict=True) if u]
        self.shared_states = [s for s, u in zip(self.shared_states, used, strict=True) if u]


def _reachable(roots: Any, depth: int = 8) -> list[Any]:
    found: list[Any] = []
    seen: set[int] = set()

    def visit(value: Any, depth: int) -> None:
        if id(value) in seen or depth < 0:
            return
        seen.add(id(value))
        if isinstance(value, (np.random.Generator, np.random.RandomState, random.Random)):
            found.append(value)
        elif isinstance(value, dict):
            for v in value.values():
                visit(v, depth - 1)
        elif isinstance(value, (list, tuple)):
            for v in value:
                visit(v, depth - 1)
        elif hasattr(value, "__dict__") and not isinstance(value, type):
            visit(vars(value), depth - 1)

    visit(list(roots), depth)
    return found


def _state(generator: Any) -> Any:
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    if isinstance(generator, np.random.RandomState):
        return generator.get_state()
    return generator.getstate()


def _set_state(generator: Any, state: Any) -> None:
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.setstate(state)


def _same(a: Any, b: Any) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
