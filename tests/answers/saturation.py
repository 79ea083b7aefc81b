"""A right answer to exercise 4, and what turns it into plausible wrong ones."""

import numpy as np


def softplus_forward(x):
    e = np.exp(-np.abs(x))
    y = np.maximum(x, 0) + np.log1p(e)
    return y, x


def softplus_backward(gy, x):
    e = np.exp(-np.abs(x))
    slope = np.where(x > 0, 1, e) / (1 + e)
    return gy * slope


def leaky_forward(x, slope=0.01):
    y = np.where(x > 0, x, slope * x)
    return y, (x, slope)


def leaky_backward(gy, cache):
    x, slope = cache
    return np.where(x > 0, gy, slope * gy)


WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    ("np.maximum(x, 0) + np.log1p(e)", "np.log1p(np.exp(x))", "every exponent is at most 0"),
    (
        "np.maximum(x, 0) + np.log1p(e)",
        "np.where(x > 20, x, np.log1p(np.exp(np.where(x < 700, x, x))))",
        "np.where computes both of its branches",
    ),
    ("np.log1p(e)", "np.log(1 + e)", "takes log(1 + e) without forming the sum"),
    ("np.log1p(e)", "np.log2(1 + e)", "the natural logarithm"),
    ("np.maximum(x, 0) + np", "np.maximum(x, np.zeros(x.shape)) + np", "y is float64"),
    ("np.where(x > 0, 1, e) / (1 + e)", "np.exp(x) / (1 + np.exp(x))", "exponent is at most 0"),
    ("np.where(x > 0, 1, e) / (1 + e)", "e / (1 + e)", "softplus_backward -> dx"),
    ("return gy * slope", "return slope", "softplus_backward -> dx"),
    ("np.where(x > 0, x, slope * x)", "np.maximum(x, slope * x)", "a slope may exceed 1"),
    (
        "y = np.where(x > 0, x, slope * x)",
        "y = x\n    y[x < 0] *= slope",
        "changed x: who passed it in may still need it",
    ),
    ("np.where(x > 0, gy, slope * gy)", "(x > 0) * gy", "leaky_backward -> dx"),
    ("return gy * slope", "return gy * slope.astype(float)", "is float64, and x is float32"),
    (
        "return y, (x, slope)",
        "return y.astype(float), (x, slope)",
        "y is float64, and x is float32",
    ),
    (
        "np.where(x > 0, gy, slope * gy)",
        "gy * np.where(x > 0, 1, slope)",
        "leaky_backward(gy, cache) is float64",
    ),
    ("(x > 0, gy, slope * gy)", "(x >= 0, gy, slope * gy)", "At 0 the derivative is the slope"),
)
