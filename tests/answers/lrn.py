"""A right answer to exercise 6, and what turns it into plausible wrong ones."""

import numpy as np


def window_sum(a, before, behind):
    channels = a.shape[-1]
    total = np.zeros_like(a)
    for i in range(channels):
        total[..., i] = a[..., max(i - before, 0) : i + behind + 1].sum(axis=-1)
    return total


def lrn_forward(x, n, k, alpha, beta):
    S = k + alpha * window_sum(x * x, n // 2, n - 1 - n // 2)
    return x * S**-beta, (x, S, n, alpha, beta)


def lrn_backward(gy, cache):
    x, S, n, alpha, beta = cache
    ratio = gy * x * S ** (-beta - 1)
    neighbours = window_sum(ratio, n - 1 - n // 2, n // 2)
    return gy * S**-beta - 2 * alpha * beta * x * neighbours


RUNNING = """def window_sum(a, before, behind):
    ends = np.zeros((*a.shape[:-1], before + 1))
    more = np.concatenate([ends, a, ends[..., :1].repeat(behind, axis=-1)], axis=-1)
    total = more.cumsum(axis=-1)
    return total[..., before + behind + 1 :] - total[..., : a.shape[-1]]


def unused(a, before, behind):"""

WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    ("    S = k + alpha *", "    S = k + alpha / n *", "You divided alpha by n"),
    (" - 2 * alpha * beta * x * neighbours", "", "x stands in S, too"),
    ("window_sum(ratio, n - 1 - n // 2, n // 2)", "window_sum(ratio, n // 2, n - 1 - n // 2)",
     "Which windows hold channel 5?"),
    ("window_sum(ratio, n - 1 - n // 2, n // 2)", "ratio", "gx_i has a sum over these m"),
    ("beta * x * neighbours", "beta * neighbours", "x stands in S, too"),
    ("2 * alpha", "alpha", "x stands in S, too"),
    ("gy * x * S ** (-beta - 1)", "gy * x * S**-beta", "x stands in S, too"),
    ("window_sum(x * x, n // 2, n - 1 - n // 2)", "window_sum(x * x, n // 2, n // 2)",
     "n + 1 channels wide where n is even"),
    ("window_sum(x * x, n // 2, n - 1 - n // 2)", "window_sum(x * x, n - 1 - n // 2, n // 2)",
     "Your window is mirrored"),
    ("max(i - before, 0) : i + behind + 1", "max(i - before, 0) : i + behind",
     "Your window ends one channel too early"),
    ("max(i - before, 0) :", "i - before :", "is clipped at both ends"),
    ("def window_sum(a, before, behind):", RUNNING, "A running sum that adds what enters"),
    ("    ratio = gy", "    ratio = gy.mean(axis=0)", "lrn_backward -> dx"),
    ("    x, S, n, alpha, beta = cache", "    x, S, n, alpha, beta = cache; gy *= 2", "changes"),
    ("    return x * S**-beta, (", "    x * S**-beta, (", "is it written yet?"),
)  # fmt: skip
