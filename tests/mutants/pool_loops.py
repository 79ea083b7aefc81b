"""Pooling with channels first: CS231n's pair of functions, the book's class, global averages."""

import numpy as np

from mutants.case import Case, Mutant, normal


def pair_of_functions(fault):
    """out, cache = forward(x, pool_param): x (N, C, H, W), the maximum of every window."""

    def max_pool_forward(x, pool_param):
        ph, pw = pool_param["pool_height"], pool_param["pool_width"]
        s = pool_param["stride"]
        N, C, H, W = x.shape
        out = np.zeros((N, C, (H - ph) // s + 1, (W - pw) // s + 1))
        for i, j in np.ndindex(out.shape[2:]):
            window = x[:, :, i * s : i * s + ph, j * s : j * s + pw]
            out[:, :, i, j] = window.max(axis=(2, 3))
        return out, (x, pool_param)

    def max_pool_backward(dout, cache):
        x, pool_param = cache
        ph, pw = pool_param["pool_height"], pool_param["pool_width"]
        s = pool_param["stride"]
        dx = np.zeros(x.shape)
        for n, c, i, j in np.ndindex(dout.shape):
            window = x[n, c, i * s : i * s + ph, j * s : j * s + pw]
            u, v = np.unravel_index(window.argmax(), window.shape)
            if fault == "dx = in place of +=":
                dx[n, c, i * s + u, j * s + v] = dout[n, c, i, j]
            elif fault == "dx gets the maximum":
                dx[n, c, i * s + u, j * s + v] += window[u, v]
            elif fault == "windows at i in place of i * stride":
                dx[n, c, i + u, j + v] += dout[n, c, i, j]
            else:
                dx[n, c, i * s + u, j * s + v] += dout[n, c, i, j]
        return dx

    return max_pool_forward, max_pool_backward


class Pooling:
    """As in "Deep Learning from Scratch": every window is a row, arg_max its largest entry."""

    def __init__(self, pool_h, pool_w, stride=2, fault=None):
        self.pool_h, self.pool_w, self.stride, self.fault = pool_h, pool_w, stride, fault

    def forward(self, x):
        (N, C, H, W), s = x.shape, self.stride
        out_h, out_w = (H - self.pool_h) // s + 1, (W - self.pool_w) // s + 1
        col = np.empty((N, out_h, out_w, C, self.pool_h * self.pool_w), x.dtype)
        for u, v in np.ndindex(self.pool_h, self.pool_w):
            pixels = x[:, :, u : u + s * out_h : s, v : v + s * out_w : s]
            col[..., u * self.pool_w + v] = pixels.transpose(0, 2, 3, 1)
        self.x, self.arg_max = x, col.argmax(axis=-1)
        return col.max(axis=-1).transpose(0, 3, 1, 2)

    def backward(self, dout):
        dout, s = dout.transpose(0, 2, 3, 1), self.stride
        N, out_h, out_w, C = dout.shape
        dcol = np.zeros((dout.size, self.pool_h * self.pool_w), dout.dtype)
        flat = dout.flatten(order="F" if self.fault == "dout flattened in another order" else "C")
        dcol[np.arange(dout.size), self.arg_max.flatten()] = flat
        dcol = dcol.reshape(N, out_h, out_w, C, self.pool_h, self.pool_w)
        dx = np.zeros(self.x.shape, dout.dtype)
        for u, v in np.ndindex(self.pool_h, self.pool_w):
            pixels = dx[:, :, u : u + s * out_h : s, v : v + s * out_w : s]
            pixels += dcol[..., u, v].transpose(0, 3, 1, 2)
        return dx


class GlobalAverage:
    """The mean of every feature map: x (N, C, H, W) -> y (N, C)."""

    def __init__(self, fault=None):
        self.fault = fault

    def forward(self, x):
        self.shape = x.shape
        return x.mean(axis=(2, 3))

    def backward(self, gy):
        _, C, H, W = self.shape
        cells = {"divides by H * H": H * H, "divides by the whole picture": C * H * W}
        g = gy / cells.get(self.fault, H * W)
        return np.ones(self.shape, gy.dtype) * g[:, :, None, None]


def loops(fault, size=2, shape=(3, 2, 4, 4)):
    """The course's geometry: windows of 2x2, stride 2."""
    param = {"pool_height": size, "pool_width": size, "stride": 2}
    return Case(pair_of_functions(fault), normal(*shape), param)


def unit_stride(fault):
    param = {"pool_height": 2, "pool_width": 2, "stride": 1}
    return Case(pair_of_functions(fault), normal(2, 2, 4, 4), param)


def book(fault):
    return Case(Pooling(2, 2, 2, fault), normal(2, 3, 4, 4))


def average(fault, channels=2):
    return Case(GlobalAverage(fault), normal(2, channels, 4, 4))


LOOPS, BOOK = "max-pool, loops in NCHW", "max-pool, book's class"
MUTANTS = [
    Mutant(LOOPS, "dx = in place of +=", "dx", loops, "windows 2, stride 2"),
    Mutant(LOOPS, "dx gets the maximum", "dx", loops),
    Mutant(LOOPS, "windows at i in place of i * stride", "dx", unit_stride, "stride 1"),
    Mutant(BOOK, "dout flattened in another order", "gx", book),
    Mutant("global average", "divides by H * H", "gx", average, "square picture"),
    Mutant(
        "global average", "divides by the whole picture", "gx", lambda f: average(f, 1), "C = 1"
    ),
]
