"""A right answer to exercise 10, and what turns it into plausible wrong ones."""

import math

import numpy as np


def fan_in(shape):
    return math.prod(shape[:-1])


def he_normal(rng, shape):
    return rng.standard_normal(shape) * math.sqrt(2 / fan_in(shape))


def truncated_normal(rng, shape, sigma):
    W = rng.standard_normal(shape)
    while (outside := np.abs(W) > 2).any():
        W[outside] = rng.standard_normal(np.count_nonzero(outside))
    return W * sigma / left()


def left():
    """Return the standard deviation of N(0, 1) between -2 and 2."""
    density = math.exp(-2) / math.sqrt(2 * math.pi)
    return math.sqrt(1 - 4 * density / math.erf(math.sqrt(2)))


WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    ("math.prod(shape[:-1])", "math.prod(shape)", "whose last index is 0"),
    ("math.prod(shape[:-1])", "shape[-2]", "every row, column and channel of its window"),
    ("math.prod(shape[:-1])", "math.prod(shape[1:])", "whose last index is 0"),
    ("math.sqrt(2 / fan_in(shape))", "2 / fan_in(shape)", "the standard deviation is its root"),
    ("math.sqrt(2 / fan_in", "math.sqrt(1 / fan_in", "a ReLU halves the mean square"),
    ("math.sqrt(2 / fan_in(shape))", "math.sqrt(2 / shape[-1])", "the number of outputs"),
    (
        "math.sqrt(2 / fan_in(shape))",
        "math.sqrt(2 / (math.prod(shape[:-2]) * shape[-1]))",
        "this keeps the size of gradients",
    ),
    ("return rng.standard_normal", "return np.random.standard_normal", "no run can be repeated"),
    (
        "return rng.standard_normal(shape) * math",
        "return np.random.default_rng(0).standard_normal(shape) * math",
        "the same weights twice",
    ),
    (
        "rng.standard_normal(shape) * math.sqrt(2 /",
        "rng.uniform(-1, 1, shape) * math.sqrt(6 /",
        "of a normal distribution 4.6 % do",
    ),
    (
        "W = rng.standard_normal(shape)\n",
        "W = np.clip(rng.standard_normal(shape), -2, 2)\n",
        "pile up at the edge",
    ),
    ("while (outside := np.abs(W) > 2).any():", "if (outside := abs(W) > 2).any():", "again may"),
    ("W * sigma / left()", "W * sigma", "narrower than before"),
    ("W * sigma / left()", "W * sigma * left()", "You divide where you should multiply"),
)
