"""Batches, seeds, and arrays at which no kink and no tie is near."""

import numpy as np
from hypothesis import strategies as st

from minialex.errors import InputError
from minialex.gradcheck.distinct import distinct_array


def batches(smallest: int = 0, largest: int = 5) -> st.SearchStrategy[int]:
    """Draw a number of images; 0, where it is allowed, is the last that a failure shrinks to."""
    if not 0 <= smallest <= largest:
        raise InputError(f"batches({smallest}, {largest}): give 0 <= smallest <= largest")
    some = range(max(smallest, 1), largest + 1)
    return st.sampled_from([*some, 0] if smallest == 0 else list(some))


def seeds() -> st.SearchStrategy[int]:
    """Draw a seed for `distinct_array` or numpy.random.default_rng."""
    return st.integers(0, 2**32 - 1)


def distinct_arrays(
    shape: tuple[int, ...], dtype: str = "float64"
) -> st.SearchStrategy[np.ndarray]:
    """Draw what `distinct_array` gives, for tests that want the array and not its seed."""
    return seeds().map(lambda seed: distinct_array(shape, seed, dtype))
