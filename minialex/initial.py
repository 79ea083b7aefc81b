"""Where weights start: functions (rng, shape) -> float64 array, for W of any layer."""

import math
from collections.abc import Callable

import numpy as np

Initialiser = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def he(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """N(0, 2 / fan_in): keeps the size of activations through ReLU layers.

    The last axis of `shape` counts outputs, all others inputs. He et al. 2015, equation 10.
    """
    fan_in = math.prod(shape[:-1])
    return rng.standard_normal(shape) * math.sqrt(2 / max(fan_in, 1))


def gaussian(sigma: float) -> Initialiser:
    """N(0, sigma^2); the paper's section 5 has sigma = .01 everywhere."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        return rng.standard_normal(shape) * sigma

    return draw
