"""Layers as readers write them, for tests of the gradient checker."""

import numpy as np


def normal(*shape: int, seed: int = 231) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


class Elementwise:
    """y = f(x), with gx = gy * slope(x)."""

    def __init__(self, f, slope) -> None:
        self.f, self.slope = f, slope

    def forward(self, x):
        self.x = x
        return self.f(x)

    def backward(self, gy):
        return gy * self.slope(self.x)


class Dense:
    """y = x @ W + b, with parameters in dictionaries."""

    def __init__(self, W, b=None) -> None:
        self.params = {"W": W, "b": np.zeros(W.shape[1], W.dtype) if b is None else b}
        self.grads = {key: np.zeros_like(p) for key, p in self.params.items()}

    def forward(self, x):
        self.x = x
        return x @ self.params["W"] + self.params["b"]

    def backward(self, gy):
        self.grads["W"][...] = self.x.T @ gy
        self.grads["b"][...] = gy.sum(axis=0)
        return gy @ self.params["W"].T


class Dropout:
    """Inverted dropout with p = 1/2; `draw(shape)` gives numbers in [0, 1)."""

    def __init__(self, draw, **attributes) -> None:
        self.draw = draw
        vars(self).update(attributes)

    def forward(self, x, train=True):
        self.scale = 2.0 * (self.draw(x.shape) < 0.5) if train else 1.0
        return x * self.scale

    def backward(self, gy):
        return gy * self.scale


class Chain:
    """A network of layers that anybody wrote."""

    def __init__(self, *layers) -> None:
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, gy):
        for layer in reversed(self.layers):
            gy = layer.backward(gy)


def kinds(report) -> list[str]:
    """Return what is wrong, such as "gradient Dense.backward -> gW"."""
    return [f"{problem.kind} {problem.where}" for problem in report.problems]
