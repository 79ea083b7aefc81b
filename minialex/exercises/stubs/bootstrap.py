"""Exercise 7: a bootstrap interval for paired results.

Write it, then: minialex exercise check 7
"""

import numpy as np


def paired_interval(a, b, draws, rng):
    """Return the mean of a - b, and the ends of its 95 % bootstrap interval: (mean, low, high).

    a, b: (n,) results of two networks; a[i] and b[i] had the same seed. `rng` is a NumPy generator.
    Draw a sample of n pairs, with replacement, `draws` times, and take the mean of a - b of each.
    """
