"""A check leaves everything as it found it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minialex.gradcheck.arrays import is_array, writeable
from minialex.gradcheck.randomness import Randomness
from minialex.gradcheck.reach import kept, reachable


@contextmanager
def left_as_found(*roots: Any) -> Iterator[None]:
    """Afterwards put back attributes, entries, items, arrays and generators, bit for bit."""
    arrays = [(a, a.copy()) for a in reachable(*roots) if is_array(a) and writeable(a)]
    random = Randomness(*roots)
    try:
        with kept(*roots):
            yield
    finally:
        for array, before in arrays:
            array[...] = before
        random.restore()
