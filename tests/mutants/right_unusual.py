"""Right layers that remember, draw, round or stand at a kink: x is (N, D)."""

import random

import numpy as np

from mutants.case import Case, built, normal
from mutants.dense import Linear


class AccumulatingLinear(Linear):
    """Adds to its gradients until somebody clears them."""

    def backward(self, gy):
        before = self.grads
        gx = super().backward(gy)
        self.grads = {name: before[name] + g for name, g in self.grads.items()}
        return gx


class SingleLinear:
    """Computes in float32 whatever it is given."""

    def __init__(self, W):
        self.W, self.dW = W.astype(np.float32), np.zeros(W.shape, np.float32)

    def forward(self, x):
        self.x = x.astype(np.float32)
        return self.x @ self.W.astype(np.float32)

    def backward(self, gy):
        gy = gy.astype(np.float32)
        self.dW = self.x.T @ gy
        return gy @ self.W.astype(np.float32).T


class ReLUWithSlopeAtZero:
    """Its gradient at 0 is 1, which is as right as 0."""

    def forward(self, x):
        self.mask = x >= 0
        return x * self.mask

    def backward(self, gy):
        return gy * self.mask


class ReusedBuffer:
    """tanh into an array that is made once; it refuses another shape only by making a new one."""

    def __init__(self):
        self.y = None

    def forward(self, x):
        if self.y is None or self.y.shape != x.shape or self.y.dtype != x.dtype:
            self.y = np.empty_like(x)
        return np.tanh(x, out=self.y)

    def backward(self, gy):
        return gy * (1 - self.y**2)


class Noise:
    """x times a random number for every row, from Python's generator, kept in a list."""

    def __init__(self):
        self.generators = [random.Random(3)]

    def forward(self, x, training=False):
        drawn = [self.generators[0].uniform(0.5, 1.5) if training else 1.0 for _ in x]
        self.factor = np.array(drawn, x.real.dtype).reshape(-1, *[1] * (x.ndim - 1))
        return x * self.factor

    def backward(self, gy):
        return gy * self.factor


class Product:
    """Two inputs: y = a * b."""

    def forward(self, a, b):
        self.a, self.b = a, b
        return a * b

    def backward(self, gy):
        return gy * self.b, gy * self.a


def one_hot(x, t):
    """The mean cross-entropy of x with labels as rows of a single 1."""
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    return -(t * np.log(p)).sum() / len(x), (p - t) / len(x)


# name -> function of x (N, D), D > 1, which gives a case
UNUSUAL = {
    "accumulates, and says so": lambda x: Case(
        built(AccumulatingLinear(2), x), x, accumulates=True
    ),
    "float32 only": lambda x: Case(SingleLinear(normal(x.shape[1], 2)), x + 20),
    "slope 1 at zero": lambda x: Case(ReLUWithSlopeAtZero(), np.round(x)),
    "one buffer for y": lambda x: Case(ReusedBuffer(), x),
    "random numbers of Python": lambda x: Case(Noise(), x),
    "two inputs": lambda x: Case(Product(), x, x[::-1] + 0.1),
    "one-hot labels": lambda x: Case(
        (one_hot, None), x, np.eye(x.shape[1], dtype=int)[np.arange(len(x)) % x.shape[1]]
    ),
}
