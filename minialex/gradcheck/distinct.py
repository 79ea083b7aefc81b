"""Arrays at which no kink and no tie is near."""

import math

import numpy as np


def distinct_array(
    shape: tuple[int, ...], rng: np.random.Generator | int, dtype: str = "float64"
) -> np.ndarray:
    """Return values of both signs whose magnitudes are distinct and away from zero, up to 4.

    Magnitudes are 0.6 u apart and at least 0.8 u, with u = 4 / size, or 1 for fewer than four
    values: a step of 1e-5 crosses no kink of ReLU or max-pooling. Arrays of one shape that must
    differ come from one generator, not from one seed.

    Parameters
    ----------
    shape : tuple of int
    rng : numpy.random.Generator, or a seed
    dtype : str

    Examples
    --------
    >>> distinct_array((2, 3), 0).round(2)
    array([[-2.75, -2.11,  4.03],
           [ 3.39, -0.68, -1.45]])
    """
    rng, size = np.random.default_rng(rng), math.prod(shape)
    ranks = rng.permutation(size) + 1 + rng.uniform(-0.2, 0.2, size)
    return (ranks * rng.choice((-1.0, 1.0), size) / max(size / 4, 1)).reshape(shape).astype(dtype)
