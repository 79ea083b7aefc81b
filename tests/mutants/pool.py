"""Pooling with channels last, in the form of minialex' own layers."""

import numpy as np

from mutants.case import Case, Mutant, normal, pair


class MaxPool:
    """The maximum of every window: x (N, H, W, C) -> y (N, OH, OW, C)."""

    def __init__(self, kernel, stride=None, pad=0, fault=None):
        self.kernel, self.stride, self.pad = kernel, kernel if stride is None else stride, pad
        self.fault = fault

    def sides(self):
        return self.pad if isinstance(self.pad, tuple) else (self.pad,) * 4

    def padded(self, x, value):
        top, bottom, left, right = self.sides()
        widths = ((0, 0), (top, bottom), (left, right), (0, 0))
        return np.pad(x, widths, constant_values=value)

    def cells(self, x, value=-np.inf):
        """Return every window's cells: (N, OH, OW, C, kh * kw)."""
        sh, sw = pair(self.stride)
        windows = np.lib.stride_tricks.sliding_window_view(
            self.padded(x, value), pair(self.kernel), axis=(1, 2)
        )[:, ::sh, ::sw]
        return windows.reshape(*windows.shape[:4], -1)

    def forward(self, x):
        self.x = x
        cells = self.cells(x)
        self.index = cells.argmax(axis=-1)
        if self.fault == "padded with zeros in forward":
            cells = self.cells(x, 0)
        self.y = cells.max(axis=-1)
        return self.y

    def backward(self, gy):
        fault, (kh, kw), (sh, sw) = self.fault, pair(self.kernel), pair(self.stride)
        top, _, left, _ = self.sides()
        gx = np.zeros_like(self.padded(self.x, 0))
        if fault == "ignores gy":
            gy = np.ones_like(gy)
        index = self.index
        if fault == "channel 0's maxima for all channels":
            index = np.broadcast_to(index[..., :1], index.shape)
        N, OH, OW, C = np.indices(gy.shape)
        u, v = np.divmod(index, kh if fault == "divmod by kh" else kw)
        place = N, OH * sh + u, OW * (sh if fault == "stride of the rows" else sw) + v, C
        if fault == "gx = in place of +=":
            gx[place] = gy
        elif fault == "gradient to all ties":
            cells = self.cells(self.x)
            for cell in range(kh * kw):
                u, v = divmod(cell, kw)
                tie = cells[..., cell] == self.y
                np.add.at(gx, (N, OH * sh + u, OW * sw + v, C), gy * tie)
        else:
            np.add.at(gx, place, gy)
        if fault == "gx cropped at the corner":
            top = left = 0
        gx = gx[:, top : top + self.x.shape[1], left : left + self.x.shape[2]]
        leftover = (self.x.shape[2] + sum(self.sides()[2:]) - kw) % sw
        if fault == "columns left over get gradient" and leftover:
            gx[:, :, -leftover:] += gy[:, :1, :1]
        return gx


class AvgPool(MaxPool):
    """The mean of every window's cells inside the picture."""

    def counts(self, x):
        """Return how many cells of every window lie in the picture: (1, OH, OW, 1)."""
        inside = np.ones_like(x[:1, :, :, :1])
        return self.cells(inside, 0).sum(axis=-1)

    def forward(self, x):
        self.x = x
        return self.cells(x, 0).sum(axis=-1) / self.counts(x)

    def backward(self, gy):
        (kh, kw), (sh, sw), (top, _, left, _) = pair(self.kernel), pair(self.stride), self.sides()
        if self.fault == "changes gy":
            gy /= self.counts(self.x)
        elif self.fault == "divides by the full window":
            gy = gy / (kh * kw)
        elif self.fault == "divides by kh * kh":
            gy = gy * (kw / kh) / self.counts(self.x)
        else:
            gy = gy / self.counts(self.x)
        gx = np.zeros_like(self.padded(self.x, 0))
        _, OH, OW, _ = gy.shape
        for u, v in np.ndindex(kh, kw):
            pixels = gx[:, u : u + sh * OH : sh, v : v + sw * OW : sw]
            pixels[...] = pixels * (self.fault != "gx = in place of +=") + gy
        return gx[:, top : top + self.x.shape[1], left : left + self.x.shape[2]]


def max_pool(fault, kernel=2, stride=2, pad=0, shape=(2, 4, 4, 2), x=None):
    x = normal(*shape) if x is None else x
    return Case(MaxPool(kernel, stride, pad, fault), x)


def alexnet(fault):
    return max_pool(fault, 3, 2, shape=(2, 5, 5, 2))


def padded(fault):
    return max_pool(fault, 3, 2, 1, x=normal(2, 5, 5, 2) - 0.5)


def unlike_strides(fault):
    return max_pool(fault, 2, (1, 2))


def one_channel(fault):
    return max_pool(fault, 3, 2, shape=(2, 5, 5, 1))


def ties(fault):
    return max_pool(fault, x=np.round(normal(2, 4, 4, 2)))


def avg_pool(fault):
    return Case(AvgPool(2, 2, fault=fault), normal(2, 4, 4, 2))


TILES = "windows 2, stride 2"
MUTANTS = [
    Mutant("max-pool", "gx = in place of +=", "gx", max_pool, TILES),
    Mutant("max-pool", "gx = in place of +=", "gx", alexnet, "windows 3, stride 2"),
    Mutant("max-pool", "gradient to all ties", "ties", ties, "x rounded"),
    Mutant("max-pool", "ignores gy", "gx", alexnet),
    Mutant("max-pool", "divmod by kh", "raises", max_pool, "square windows"),
    Mutant("max-pool", "stride of the rows", "gx", unlike_strides, "stride (1, 2)"),
    Mutant("max-pool", "padded with zeros in forward", "gx", padded, "pad 1"),
    Mutant("max-pool", "gx cropped at the corner", "gx", max_pool, "pad 0"),
    Mutant("max-pool", "channel 0's maxima for all channels", "gx", one_channel, "one channel"),
    Mutant("max-pool", "columns left over get gradient", "gx", max_pool, TILES),
    Mutant("average pool", "changes gy", "changes gy", avg_pool),
    Mutant("average pool", "divides by the full window", "gx", avg_pool, "pad 0"),
    Mutant("average pool", "divides by kh * kh", "gx", avg_pool, "square windows"),
    Mutant("average pool", "gx = in place of +=", "gx", avg_pool, TILES),
]  # fmt: skip
