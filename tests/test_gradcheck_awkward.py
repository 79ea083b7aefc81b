"""Right layers that are hard to check: sums that cancel, ties, complex numbers inside, loops.

Each is checked on several inputs, and must be found wrong once its gradient is 0.1 % too large.
"""

import numpy as np
import pytest
from plain_layers import normal

from minialex.gradcheck import check_layer


class Normalise:
    """(x - mean) / deviation over some axes, with a scale and a shift for each of the last one.

    With one or two values a mean the gradient nearly vanishes: only rounding errors are left.
    """

    def __init__(self, features, axes) -> None:
        self.axes = axes
        self.params = {"gamma": 1 + 0.1 * normal(features), "beta": normal(features)}

    def forward(self, x):
        mean = x.mean(self.axes, keepdims=True)
        self.deviation = np.sqrt(((x - mean) ** 2).mean(self.axes, keepdims=True) + 1e-5)
        self.normed = (x - mean) / self.deviation
        return self.params["gamma"] * self.normed + self.params["beta"]

    def backward(self, gy):
        all_but_last = tuple(range(gy.ndim - 1))
        self.grads = {"gamma": (gy * self.normed).sum(all_but_last), "beta": gy.sum(all_but_last)}
        g = gy * self.params["gamma"]
        along = self.normed * (g * self.normed).mean(self.axes, keepdims=True)
        return (g - g.mean(self.axes, keepdims=True) - along) / self.deviation


class Softmax:
    """Over axis 1, whatever comes behind it."""

    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=1, keepdims=True)
        return self.y

    def backward(self, gy):
        return self.y * (gy - (gy * self.y).sum(axis=1, keepdims=True))


class Maxout:
    """The larger of two neighbours."""

    def forward(self, x):
        pairs = x.reshape(*x.shape[:-1], -1, 2)
        self.second = pairs[..., 1] > pairs[..., 0]
        return np.where(self.second, pairs[..., 1], pairs[..., 0])

    def backward(self, gy):
        return np.stack([gy * ~self.second, gy * self.second], axis=-1).reshape(*gy.shape[:-1], -1)


class TransposedConv:
    """In loops, on (N, C, H, W): every value of x spreads W over a window of y."""

    def __init__(self, W, stride) -> None:
        self.W, self.stride = W, stride

    def windows(self, x):
        s, k = self.stride, self.W.shape[2]
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                yield i, j, np.s_[:, :, i * s : i * s + k, j * s : j * s + k]

    def forward(self, x):
        self.x, s, (_, filters, k, _) = x, self.stride, self.W.shape
        y = np.zeros((len(x), filters, *((n - 1) * s + k for n in x.shape[2:])))
        for i, j, window in self.windows(x):
            y[window] += np.tensordot(x[:, :, i, j], self.W, 1)
        return y

    def backward(self, gy):
        gx, self.dW = np.zeros(self.x.shape), np.zeros(self.W.shape)
        for i, j, window in self.windows(gx):
            gx[:, :, i, j] = np.tensordot(gy[window], self.W, ((1, 2, 3), (1, 2, 3)))
            self.dW += np.tensordot(self.x[:, :, i, j], gy[window], (0, 0))
        return gx


class Recurrent:
    """h_t = tanh(x_t Wx + h_(t-1) Wh), for (N, T, D)."""

    def __init__(self, inputs, states) -> None:
        self.params = [0.5 * normal(inputs, states), 0.5 * normal(states, states, seed=1)]
        self.grads = [np.zeros_like(p) for p in self.params]

    def forward(self, x):
        self.x, (Wx, Wh) = x, self.params
        self.h = [np.zeros((len(x), len(Wh)))]
        for t in range(x.shape[1]):
            self.h.append(np.tanh(x[:, t] @ Wx + self.h[-1] @ Wh))
        return np.stack(self.h[1:], axis=1)

    def backward(self, gy):
        (Wx, Wh), gx, gh = self.params, np.empty(self.x.shape), 0
        for g in self.grads:
            g[...] = 0
        for t in reversed(range(gy.shape[1])):
            gz = (gy[:, t] + gh) * (1 - self.h[t + 1] ** 2)
            gx[:, t], gh = gz @ Wx.T, gz @ Wh.T
            self.grads[0] += self.x[:, t].T @ gz
            self.grads[1] += self.h[t].T @ gz
        return gx


class Spectrum:
    """The cosine part of a Fourier transform, which refuses complex numbers."""

    def forward(self, x):
        self.length = x.shape[-1]
        return np.fft.rfft(x).real

    def backward(self, gy):
        turns = np.outer(np.arange(gy.shape[-1]), np.arange(self.length)) / self.length
        return gy @ np.cos(2 * np.pi * turns)


class Inverse:
    def forward(self, x):
        self.y = np.linalg.inv(x)
        return self.y

    def backward(self, gy):
        transposed = self.y.swapaxes(1, 2)
        return -transposed @ gy @ transposed


class PixelShuffle:
    """(N, H, W, 4 C) -> (N, 2 H, 2 W, C)"""

    def forward(self, x):
        N, H, W, C = x.shape
        x = x.reshape(N, H, W, 2, 2, C // 4).transpose(0, 1, 3, 2, 4, 5)
        return x.reshape(N, 2 * H, 2 * W, C // 4)

    def backward(self, gy):
        N, H, W, C = gy.shape
        gy = gy.reshape(N, H // 2, 2, W // 2, 2, C).transpose(0, 1, 3, 2, 4, 5)
        return gy.reshape(N, H // 2, W // 2, 4 * C)


LAYERS = {
    "batch normalisation": (lambda: Normalise(3, (0, 1, 2)), (2, 4, 3, 3)),
    "of one image": (lambda: Normalise(3, (0, 1, 2)), (1, 4, 3, 3)),
    "of two rows": (lambda: Normalise(3, 0), (2, 3)),
    "layer normalisation": (lambda: Normalise(4, -1), (3, 4)),
    "of one feature": (lambda: Normalise(1, -1), (3, 1)),
    "instance normalisation": (lambda: Normalise(3, (1, 2)), (2, 4, 3, 3)),
    "softmax over channels": (Softmax, (2, 3, 4, 2)),
    "softmax of one": (Softmax, (3, 1)),
    "maxout": (Maxout, (3, 6)),
    "transposed convolution": (lambda: TransposedConv(normal(3, 2, 3, 3), 2), (2, 3, 3, 2)),
    "recurrent": (lambda: Recurrent(3, 4), (2, 5, 3)),
    "spectrum": (Spectrum, (2, 6)),
    "inverse": (Inverse, (2, 3, 3)),
    "pixel shuffle": (PixelShuffle, (2, 2, 3, 4)),
}
NOTHING_LEFT = {"of one feature", "softmax of one"}  # the gradient of x is zero
INPUTS = {
    "normal": lambda x: x,
    "whole numbers": lambda x: np.round(3 * x),
    "large": lambda x: 1e6 * x,
    "small": lambda x: 1e-6 * x,
    "far from zero": lambda x: 1e5 + x,
}


@pytest.mark.parametrize("mode", ["auto", "central"])
@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize("name", LAYERS)
def test_right_layers_pass(name, kind, mode):
    make, shape = LAYERS[name]
    report = check_layer(make(), INPUTS[kind](normal(*shape)), mode=mode, raises=False)
    assert report.ok, report


@pytest.mark.parametrize("name", [name for name in LAYERS if name not in NOTHING_LEFT])
def test_they_do_not_pass_because_they_are_hard(name):
    make, shape = LAYERS[name]
    layer = make()
    backward = layer.backward
    layer.backward = lambda gy: 1.001 * backward(gy)
    for mode in ("auto", "central"):
        assert not check_layer(layer, normal(*shape), mode=mode, raises=False).ok
