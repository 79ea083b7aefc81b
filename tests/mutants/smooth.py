"""Smooth functions of every element, as pairs of functions."""

import math

import numpy as np

from mutants.case import Case, Mutant, normal


def smooth(function, derivative, wrong):
    """Return a pair of functions: dx = dout * derivative(x, y), or a wrong one by name."""

    def pair(fault):
        def forward(x):
            with np.errstate(all="ignore"):
                y = np.log(1 + np.exp(x)) if fault == "y overflows" else function(x)
            return y, (x, y)

        def backward(dout, cache):
            return dout * wrong.get(fault, derivative)(*cache)

        return forward, backward

    return pair


def logistic(x):
    return 1 / (1 + np.exp(-x))


def naive_slope(x, y):
    with np.errstate(all="ignore"):
        return np.exp(x) / (1 + np.exp(x))


ROOT = math.sqrt(2 / math.pi)
erf = np.vectorize(math.erf, otypes=[float])


def gelu(x):
    return x * (1 + erf(x / math.sqrt(2))) / 2


def gelu_slope(x, y):
    return (1 + erf(x / math.sqrt(2))) / 2 + x * np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def gelu_slope_of_tanh_form(x, y):
    t = np.tanh(ROOT * (x + 0.044715 * x**3))
    return (1 + t) / 2 + x * (1 - t * t) / 2 * ROOT * (1 + 3 * 0.044715 * x * x)


PAIRS = {
    "sigmoid": smooth(
        logistic,
        lambda x, y: y * (1 - y),
        {"derivative at x in place of y": lambda x, y: x * (1 - x)},
    ),
    "tanh": smooth(
        np.tanh,
        lambda x, y: 1 - y * y,
        {"1 - y": lambda x, y: 1 - y},
    ),
    "softplus": smooth(
        lambda x: np.logaddexp(0, x), lambda x, y: logistic(x), {"slope overflows": naive_slope}
    ),
    "GELU": smooth(
        gelu, gelu_slope, {"slope of the tanh approximation": gelu_slope_of_tanh_form}
    ),
}  # fmt: skip


def of(name, *offset):
    def make(fault):
        return Case(PAIRS[name](fault), np.concatenate([normal(12), offset]).reshape(-1, 4))

    return make


MUTANTS = [
    Mutant("sigmoid", "derivative at x in place of y", "dx", of("sigmoid")),
    Mutant("tanh", "1 - y", "dx", of("tanh")),
    Mutant("softplus", "y overflows", "not finite", of("softplus", 800, 20, -20, 1), "x up to 800"),
    Mutant("softplus", "slope overflows", "dx", of("softplus", 800, 20, -20, 1), "x up to 800"),
    Mutant("GELU", "slope of the tanh approximation", "dx", of("GELU")),
]
