"""A right answer to exercise 7, and what turns it into plausible wrong ones."""

import numpy as np


def paired_interval(a, b, draws, rng):
    difference = np.asarray(a) - np.asarray(b)
    n = len(difference)
    chosen = rng.integers(n, size=(draws, n))
    means = difference[chosen].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return difference.mean(), low, high


PAIRED = "    means = difference[chosen].mean(axis=1)\n"
UNPAIRED = """
    other = rng.integers(n, size=(draws, n))
    means = np.asarray(a)[chosen].mean(axis=1) - np.asarray(b)[other].mean(axis=1)
"""
WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    (PAIRED, UNPAIRED, "draw pairs"),
    ("np.asarray(a) - np.asarray(b)", "np.asarray(b) - np.asarray(a)",
     "positive where a is better"),
    ("[2.5, 97.5]", "[5, 95]", "2.5 % should"),
    ("rng.integers(n, size=(draws, n))", "rng.permuted(np.tile(np.arange(n), (draws, 1)), axis=1)",
     "with replacement"),
    ("np.percentile(means, [2.5, 97.5])", "difference.mean() + 2 * means.std() * np.array([-2, 2])",
     "ends at the percentiles"),
    ("size=(draws, n)", "size=(draws, 10 * n)", "A sample is n pairs"),
    ("    return difference", "    difference", "is it written yet?"),
    ("    n = len(", "    rng = np.random.default_rng(3)\n    n = len(", "draw from rng"),
    ("    n = len(", "    draws = 20_000\n    n = len(", "draws=1 is one mean"),
)  # fmt: skip
