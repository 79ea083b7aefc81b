"""A right answer to exercise 8, and what turns it into plausible wrong ones."""

import numpy as np


def dropout_forward(x, p, rng, train):
    if not train:
        return x.copy(), np.ones_like(x)
    mask = rng.random(x.shape) >= p
    factor = mask / (1 - p)
    y = x * factor
    return y, factor


def dropout_backward(gy, cache):
    return gy * cache


WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    ("rng.random(x.shape) >= p", "rng.random(x.shape) < p", "p is the probability of dropping"),
    ("mask / (1 - p)", "mask * 1.0", "that mean should stay 1"),
    ("mask / (1 - p)", "mask / p if p else mask * 1.0", "that mean should stay 1"),
    ("return x.copy(), np.ones_like(x)", "return x * (1 - p), 1 - p", "so that y = x at test"),
    ("if not train:", "if False:", "so that y = x at test"),
    ("rng.random(x.shape)", "np.random.random(x.shape)", "draw from the rng that is given"),
    ("rng.random(x.shape)", "rng.random(x.shape[1:])", "all pictures of x"),
    ("    y = x * factor", "    x *= factor\n    y = x", "x was changed"),
    ("    return gy * cache", "    gy *= cache\n    return gy", "gy was changed"),
    ("return y, factor", "return y, mask", "gy times forward's factor"),
    ("return y, factor", "return y, (rng.random(x.shape) >= p) / (1 - p)", "the mask that forward"),
    ("    return gy * cache", "    return gy", "the mask that forward drew"),
    ("np.ones_like(x)", "np.zeros_like(x)", "GRADIENT MISMATCH"),
    ("    return y, factor", "    return y", "two things: y, cache"),
)
