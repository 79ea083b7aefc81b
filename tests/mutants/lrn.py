"""Local response normalisation: y_i = x_i S_i^-beta, S_i = k + alpha * sum of x_j^2 around i."""

import numpy as np

from mutants.case import Case, Mutant, normal


class LRN:
    """Across channels, with channels last; the window of channel i starts at i - n // 2."""

    def __init__(self, n=5, k=2.0, alpha=1e-4, beta=0.75, fault=None):
        self.n, self.k, self.alpha, self.beta, self.fault = n, k, alpha, beta, fault

    def window_sum(self, a, before, mode="constant"):
        """Return the sum over n channels, `before` of them before the one in question."""
        ends = ((0, 0),) * (a.ndim - 1) + ((before, self.n - 1 - before),)
        padded = np.pad(a, ends, mode=mode)
        return sum(padded[..., j : j + a.shape[-1]] for j in range(self.n))

    def forward(self, x):
        self.x = x
        self.scale = self.k + self.alpha * self.window_sum(x * x, self.n // 2)
        return x * self.scale**-self.beta

    def backward(self, gy):
        fault, x, S, beta = self.fault, self.x, self.scale, self.beta
        alpha, before = self.alpha, self.n - 1 - self.n // 2  # the mirrored window
        own = gy * S**-beta
        if fault == "no neighbour term":
            return own
        if fault == "factor 2 missing":
            alpha /= 2
        if fault == "alpha / n in backward only":
            alpha /= self.n
        if fault == "window not mirrored":
            before = self.n // 2
        if fault == "window off by one":
            before += 1
        power = -beta if fault == "S^-beta for S^-(beta + 1)" else -beta - 1
        if fault == "a^j in place of a^i":  # x_m inside the sum is left outside, and x_i inside
            return own - 2 * alpha * beta * self.window_sum(gy * x * x * S**power, before)
        if fault == "sum over the channel alone":
            return own - 2 * alpha * beta * x * gy * x * S**power
        mode = "wrap" if fault == "neighbours wrap around in backward" else "constant"
        return own - 2 * alpha * beta * x * self.window_sum(gy * x * S**power, before, mode)


class LRNLoops:
    """The same in NCHW, by loops over the channels."""

    def __init__(self, n=5, k=2.0, alpha=1e-4, beta=0.75, fault=None):
        self.n, self.k, self.alpha, self.beta, self.fault = n, k, alpha, beta, fault

    def forward(self, x):
        self.x, C = x, x.shape[1]
        half = self.n // 2
        self.scale = np.empty_like(x)
        for i in range(C):
            window = x[:, max(0, i - half) : i - half + self.n]
            self.scale[:, i] = self.k + self.alpha * (window**2).sum(axis=1)
        return x * self.scale**-self.beta

    def backward(self, gy):
        x, S, C = self.x, self.scale, self.x.shape[1]
        half = self.n // 2
        gx = gy * S**-self.beta
        inner = -2 * self.alpha * self.beta * gy * x * S ** (-self.beta - 1)
        last = C - 1 if self.fault == "last channel left out" else C
        for m in range(last):
            start, stop = max(0, m - half), m - half + self.n
            if self.fault == "windows at the border as wide as others":
                stop = start + self.n
            gx[:, start:stop] += inner[:, m : m + 1] * x[:, start:stop]
        return gx


def lrn(fault, x_scale=1.0, channels=7, **settings):
    """The paper's constants; alpha is so small that only the first term is seen."""
    return Case(LRN(fault=fault, **settings), normal(2, 2, 2, channels, scale=x_scale))


def tenth(fault):
    return lrn(fault, 0.1)


def even(fault):
    return lrn(fault, n=4)


def strong(fault):
    return lrn(fault, alpha=0.5)


def channels_first(fault):
    return Case(LRNLoops(fault=fault), normal(2, 7, 2, 2))


PAPER, TENTH = "alpha 1e-4", "alpha 1e-4, x times 0.1"
MUTANTS = [
    Mutant("LRN", "no neighbour term", "gx", strong, "alpha 0.5"),
    Mutant("LRN", "no neighbour term", "gx", lrn, PAPER),
    Mutant("LRN", "no neighbour term", "gx", tenth, TENTH),
    Mutant("LRN", "factor 2 missing", "gx", lrn, PAPER),
    Mutant("LRN", "alpha / n in backward only", "gx", tenth, TENTH),
    Mutant("LRN", "window not mirrored", "gx", even, "n = 4, alpha 1e-4"),
    Mutant("LRN", "window off by one", "gx", lrn, PAPER),
    Mutant("LRN", "a^j in place of a^i", "gx", tenth, TENTH),
    Mutant("LRN", "S^-beta for S^-(beta + 1)", "gx", lrn, PAPER),
    Mutant("LRN", "neighbours wrap around in backward", "gx", even, "n = 4, alpha 1e-4"),
    Mutant("LRN", "sum over the channel alone", "gx", tenth, TENTH),
    Mutant("LRN, loops in NCHW", "last channel left out", "gx", channels_first, PAPER),
    Mutant(
        "LRN, loops in NCHW", "windows at the border as wide as others", "gx", channels_first, PAPER
    ),
]
