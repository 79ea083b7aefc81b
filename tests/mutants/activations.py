"""Rectifiers."""

import numpy as np

from mutants.case import Case, Mutant, normal


class ReLU:
    """y = max(x, 0)."""

    def __init__(self, fault=None):
        self.fault = fault

    def forward(self, x):
        fault = self.fault
        if fault == "changes x":
            x[x < 0] = 0
        self.x, y = x, np.maximum(x, 0)
        self.mask = y >= 0 if fault == "mask y >= 0" else x > 0
        return y

    def backward(self, gy):
        fault = self.fault
        if fault == "ignores gy":
            return self.mask.astype(gy.dtype)
        if fault == "mask from gy":
            return gy * (gy > 0)
        if fault == "gy rectified too":
            return gy * self.mask * (gy > 0)
        if fault == "changes gy":
            gy[~self.mask] = 0
            return gy
        return gy * self.mask


class LeakyReLU:
    """y = x where x > 0, else slope * x."""

    def __init__(self, slope=0.01, fault=None):
        self.slope, self.fault = slope, fault

    def forward(self, x):
        self.factor = np.where(x > 0, x.dtype.type(1), x.dtype.type(self.slope))
        return x * self.factor

    def backward(self, gy):
        if self.fault == "zero for x < 0":
            return gy * (self.factor == 1)
        return gy * (self.factor**2 if self.fault == "slope squared" else self.factor)


class PReLU:
    """y = x where x > 0, else a_c * x, a slope for every channel: x (N, C, H, W), a (C,)."""

    def __init__(self, a, fault=None):
        self.a, self.da, self.fault = a, np.zeros_like(a), fault

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.a[:, None, None] * x)

    def backward(self, gy):
        low = np.where(self.x > 0, 0, self.x)
        axes = (0, 1, 2) if self.fault == "da summed over (0, 1, 2)" else (0, 2, 3)
        self.da = (gy * low).sum(axis=axes)
        if self.fault == "da a mean over the batch":
            self.da = self.da / len(gy)
        if self.fault == "da without x":
            self.da = (gy * (low < 0)).sum(axis=axes)
        return np.where(self.x > 0, gy, self.a[:, None, None] * gy)


def relu(fault):
    return Case(ReLU(fault), normal(3, 4))


def leaky(fault):
    return Case(LeakyReLU(fault=fault), normal(3, 4))


def prelu(fault, shape=(2, 3, 4, 3)):
    return Case(PReLU(normal(shape[1]), fault), normal(*shape))


def one_image(fault):
    return prelu(fault, (1, 3, 2, 2))


MUTANTS = [
    Mutant("ReLU", "ignores gy", "gx", relu),
    Mutant("ReLU", "mask y >= 0", "gx", relu),
    Mutant("ReLU", "mask from gy", "gx", relu),
    Mutant("ReLU", "gy rectified too", "gx", relu),
    Mutant("ReLU", "changes gy", "changes gy", relu),
    Mutant("ReLU", "changes x", "changes x", relu),
    Mutant("leaky ReLU", "zero for x < 0", "gx", leaky),
    Mutant("leaky ReLU", "slope squared", "gx", leaky),
    Mutant("PReLU in NCHW", "da summed over (0, 1, 2)", "ga", prelu, "C = W"),
    Mutant("PReLU in NCHW", "da a mean over the batch", "ga", one_image, "N = 1"),
    Mutant("PReLU in NCHW", "da without x", "ga", prelu),
]
