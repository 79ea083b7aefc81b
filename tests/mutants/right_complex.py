"""Right layers that lose imaginary parts: x is (N, D).

`abs`, `norm`, `var` and `vdot` take complex numbers without a word, and the complex step is wrong.
"""

import numpy as np

from mutants.case import Case, normal


class Softplus:
    """log(1 + exp(x)) without overflow: the `abs` of a complex number is real."""

    def forward(self, x):
        self.x = x
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))

    def backward(self, gy):
        positive = 1 / (1 + np.exp(-np.abs(self.x)))
        return gy * np.where(self.x > 0, positive, 1 - positive)


class UnitLength:
    """Every row divided by its length, which np.linalg.norm makes real."""

    def forward(self, x):
        self.length = np.linalg.norm(x, axis=1, keepdims=True)
        self.y = x / self.length
        return self.y

    def backward(self, gy):
        return (gy - self.y * (gy * self.y).sum(axis=1, keepdims=True)) / self.length


class BatchNorm:
    """With running statistics, which a forward in training changes; np.var is real."""

    def __init__(self, features, momentum=0.9, eps=1e-5):
        self.features, self.momentum, self.eps = features, momentum, eps
        self.params = {"gamma": 1 + 0.1 * normal(features), "beta": normal(features)}
        self.grads = {name: np.zeros_like(p) for name, p in self.params.items()}
        self.mean, self.var = np.zeros(features), np.ones(features)

    def forward(self, x, train=True):
        mean, var = (x.mean(axis=0), x.var(axis=0)) if train else (self.mean, self.var)
        if train:
            self.mean = self.momentum * self.mean + (1 - self.momentum) * mean
            self.var = self.momentum * self.var + (1 - self.momentum) * var
        self.train, self.std = train, np.sqrt(var + self.eps)
        self.normed = (x - mean) / self.std
        return self.params["gamma"] * self.normed + self.params["beta"]

    def backward(self, gy):
        self.grads = {"gamma": (gy * self.normed).sum(axis=0), "beta": gy.sum(axis=0)}
        g = gy * self.params["gamma"]
        if self.train:
            g = g - g.mean(axis=0) - self.normed * (g * self.normed).mean(axis=0)
        return g / self.std


def squared_distance(x, t):
    """loss, grads at once; vdot conjugates its first argument."""
    d = (x - t).reshape(-1)
    return np.vdot(d, d) / len(x), (2 * (x - t) / len(x), -2 * (x - t) / len(x))


def absolute_error(x, t):
    """A sum of |x - t| as a Python number."""
    return float(np.abs(x - t).sum()), (np.sign(x - t), -np.sign(x - t))


# name -> function of x (N, D), D > 1, which gives a case
LOSING = {
    "softplus with abs": lambda x: Case(Softplus(), 5 * x),
    "np.linalg.norm": lambda x: Case(UnitLength(), x),
    "batch norm with running statistics": lambda x: Case(BatchNorm(x.shape[1]), x),
    "np.vdot": lambda x: Case((squared_distance, None), x, x[::-1] * 0.5 + 0.1),
    "a Python number": lambda x: Case((absolute_error, None), x, x[::-1] * 0.5 + 0.1),
}
