"""Exercise 10: initialisers that keep their promises.

Write the three functions, then: minialex exercise check 10

`rng` is a numpy.random.Generator: all random numbers come from it. Shapes are (kh, kw, C / groups,
F) for convolutions and (D, M) for dense layers; the last axis counts outputs.
"""

import numpy as np


def fan_in(shape):
    """Return how many inputs one output has, if weights have this shape."""


def he_normal(rng, shape):
    """Return weights from N(0, 2 / fan_in): the second number is the variance."""


def truncated_normal(rng, shape, sigma):
    """Return weights from a normal distribution of mean 0 that is cut off at 2 of ITS standard
    deviations: what lies beyond is drawn again, until nothing does.

    `sigma` is the standard deviation of what you return, after the cut.
    """
