"""Exercise 8: inverted dropout.

Write both functions, then: minialex exercise check 8
"""


def dropout_forward(x, p, rng, train):
    """Return y, and a cache of whatever dropout_backward needs.

    x is an array of any shape, and p the probability of DROPPING an entry. While training, each
    entry is dropped by a draw of its own from `rng`, a numpy.random.Generator, and the others are
    scaled, so that nothing is left to do at test. x stays as it is.
    """


def dropout_backward(gy, cache):
    """Return dL/dx, given gy = dL/dy and what dropout_forward returned as cache.

    gy stays as it is.
    """
