"""Where weights start: functions (rng, shape) -> float64 array, for W of any layer.

The last axis of `shape` counts outputs and all others the inputs of one output, fan_in of them:
(kh, kw, C / groups, F) for convolutions, (D, M) for dense layers.
"""

import math
from collections.abc import Callable

import numpy as np

Initialiser = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def fan_in(shape: tuple[int, ...]) -> int:
    """Return how many inputs one output has; at least 1.

    >>> fan_in((5, 5, 48, 256)), fan_in((9216, 4096))
    (1200, 9216)
    """
    return max(math.prod(shape[:-1]), 1)


def he(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """N(0, 2 / fan_in): keeps the size of activations through ReLU layers.

    He et al. 2015, equation 10; PaddlePaddle's default for convolutions.
    """
    return rng.standard_normal(shape) * math.sqrt(2 / fan_in(shape))


def lecun(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """N(0, 1 / fan_in): keeps the size of sums. LeCun et al. 1998, "Efficient BackProp", 4.6.

    PaddlePaddle's default for dense layers.
    """
    return rng.standard_normal(shape) * math.sqrt(1 / fan_in(shape))


def glorot(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """U(-a, a) with a^2 = 6 / (fan_in + fan_out). Glorot & Bengio 2010, equation 16.

    Keras' default. fan_out is the number of outputs that see one input: kh * kw * F of a
    convolution.
    """
    fan_out = math.prod(shape[:-2]) * shape[-1]
    bound = math.sqrt(6 / (fan_in(shape) + fan_out))
    return rng.uniform(-bound, bound, shape)


def uniform(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """U(-a, a) with a = 1 / sqrt(fan_in): PyTorch's default for Conv2d and Linear."""
    bound = 1 / math.sqrt(fan_in(shape))
    return rng.uniform(-bound, bound, shape)


def uniform_bias(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Return b with the bounds of `uniform`, as PyTorch draws it; `shape` is that of W."""
    bound = 1 / math.sqrt(fan_in(shape))
    return rng.uniform(-bound, bound, shape[-1])


def gaussian(sigma: float) -> Initialiser:
    """N(0, sigma^2); the paper's section 5 has sigma = .01 everywhere."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.standard_normal(shape) * sigma

    draw.__name__ = f"gaussian({sigma:g})"  # what `minialex models --compare` prints
    return draw


def truncated(sigma: float) -> Initialiser:
    """N(0, sigma^2) with what lies beyond 2 sigma drawn again: TensorFlow's truncated_normal.

    The tails are missing, so that the standard deviation is .880 sigma.
    """

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        W = rng.standard_normal(shape)
        while (outside := np.abs(W) > 2).any():
            W[outside] = rng.standard_normal(np.count_nonzero(outside))
        return W * sigma

    draw.__name__ = f"truncated({sigma:g})"
    return draw
