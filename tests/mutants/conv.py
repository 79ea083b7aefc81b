"""Convolution with channels last, in the form of minialex' own layers."""

import numpy as np

from mutants.case import Case, Mutant, built, normal, pair


class Conv:
    """Cross-correlation: x (N, H, W, C), W (kh, kw, C / groups, F), b (F,) -> y (N, OH, OW, F)."""

    def __init__(self, filters, kernel, stride=1, pad=0, groups=1, fault=None):
        self.filters, self.kernel, self.stride, self.pad = filters, kernel, stride, pad
        self.groups, self.fault = groups, fault
        self.params, self.grads = {}, {}

    def build(self, input_shape, rng, dtype):
        shape = (*pair(self.kernel), input_shape[-1] // self.groups, self.filters)
        self.params = {"W": rng.standard_normal(shape), "b": rng.standard_normal(self.filters)}
        self.params = {name: p.astype(dtype) for name, p in self.params.items()}
        self.grads = {name: np.zeros_like(p) for name, p in self.params.items()}

    def sides(self):
        return self.pad if isinstance(self.pad, tuple) else (self.pad,) * 4

    def split(self):
        """Yield the channels and the filters of every group."""
        C, F = self.x.shape[3] // self.groups, self.filters // self.groups
        for g in range(self.groups):
            yield slice(g * C, (g + 1) * C), slice(g * F, (g + 1) * F)

    def forward(self, x):
        self.x, W, b = x, self.params["W"], self.params["b"]
        (sh, sw), (top, bottom, left, right) = pair(self.stride), self.sides()
        self.padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
        views = np.lib.stride_tricks.sliding_window_view(self.padded, W.shape[:2], axis=(1, 2))
        self.windows = views[:, ::sh, ::sw]  # (N, OH, OW, C, kh, kw)
        if self.fault == "first columns kept for later calls":
            self.kept = self.windows = getattr(self, "kept", self.windows)
        y = [
            np.einsum("nijcuv,uvcf->nijf", self.windows[:, :, :, c], W[..., f])
            for c, f in self.split()
        ]
        return np.concatenate(y, axis=-1) + (0 if self.fault == "forward without b" else b)

    def backward(self, gy):
        fault, W = self.fault, self.params["W"]
        if fault == "reads gy as if contiguous":
            memory = (gy if gy.base is None else gy.base).ravel(order="K")
            gy = memory[: gy.size].reshape(gy.shape)
        if fault == "ignores gy":
            gy = np.ones_like(gy)
        if fault == "gy read with rows and columns swapped" and gy.shape[1] == gy.shape[2]:
            gy = gy.swapaxes(1, 2)
        gb = gy.sum(axis=(0, 1, 2))
        if fault == "gb of image 0 only":
            gb = gy[0].sum(axis=(0, 1))
        if fault == "gb is a mean":
            gb = gy.mean(axis=(0, 1, 2))
        gW = np.concatenate(
            [
                np.einsum("nijcuv,nijf->uvcf", self.windows[:, :, :, c], gy[..., f])
                for c, f in self.split()
            ],
            axis=-1,
        )
        if fault == "gW transposed in (kh, kw)" and gW.shape[0] == gW.shape[1]:
            gW = gW.swapaxes(0, 1)
        if fault == "gW divided by N":
            gW = gW / len(gy)
        self.grads = {"W": gW, "b": gb}
        return self.input_gradient(gy, W[::-1, ::-1] if fault == "kernel flipped in gx" else W)

    def input_gradient(self, gy, W):
        fault, (sh, sw), (top, _, left, _) = self.fault, pair(self.stride), self.sides()
        OH, OW = gy.shape[1:3]
        if fault == "gx with stride 1":
            sh = sw = 1
        if fault == "one loop bound for rows and columns":
            gy = gy[:, :, :OH]
            OW = OH
        if fault == "kw is kh" and W.shape[0] <= W.shape[1]:
            W = W[:, : W.shape[0]]
        gx = np.zeros_like(self.padded)
        if fault == "buffer of np.zeros(shape)":
            gx = np.zeros(self.padded.shape)
        for u, v in np.ndindex(W.shape[:2]):
            for g, (c, f) in enumerate(self.split()):
                if fault == "gx of all groups from the filters of group 0" and g:
                    f = slice(0, self.filters // self.groups)
                pixels = gx[:, u : u + sh * OH : sh, v : v + sw * OW : sw, c]
                if fault == "gx = in place of +=":
                    pixels[...] = 0
                pixels += np.einsum("nijf,cf->nijc", gy[..., f], W[u, v, :, f])
        H, width = self.x.shape[1:3]
        leftover = (gx.shape[1] - W.shape[0]) % sh
        if fault == "gx cropped at the corner":
            top = left = 0
        if fault == "gx cropped by top for left":
            left = top
        gx = gx[:, top : top + H, left : left + width]
        if fault == "first row's gradient in rows left over" and leftover:
            gx[:, -leftover:] += gx[:, :1]
        return gx


def conv(fault, shape=(2, 3, 3, 2), filters=2, kernel=3, dtype="float64", **settings):
    """As courses try it: 3x3, stride 1, padding 1, a square picture."""
    x = normal(*shape).astype(dtype)
    settings = {"pad": 1, **settings}
    return Case(built(Conv(filters, kernel, fault=fault, **settings), x), x)


def exact_tiles(fault):
    return conv(fault, (2, 5, 5, 2), stride=2)


def leftover_row(fault):
    return conv(fault, (2, 6, 6, 2), stride=2)


def one_image(fault):
    return conv(fault, (1, 3, 3, 2))


def no_padding(fault):
    return conv(fault, (2, 4, 4, 2), pad=0)


def all_sides_alike(fault):
    return conv(fault, pad=(1, 1, 1, 1))


def unlike_sides(fault):
    return conv(fault, pad=(0, 1, 2, 1))


def patches(fault):
    return conv(fault, (2, 4, 4, 2), kernel=2, stride=2, pad=0)


def two_groups(fault):
    return conv(fault, (2, 3, 3, 4), filters=4, groups=2)


def in_float32(fault):
    return conv(fault, (2, 3, 3, 1), dtype="float32")


MUTANTS = [
    Mutant("conv", "gb of image 0 only", "gb", one_image, "N = 1"),
    Mutant("conv", "gb of image 0 only", "gb", conv, "N = 2"),
    Mutant("conv", "gb is a mean", "gb", conv),
    Mutant("conv", "gW transposed in (kh, kw)", "gW", conv),
    Mutant("conv", "gW divided by N", "gW", one_image, "N = 1"),
    Mutant("conv", "ignores gy", "g", conv),
    Mutant("conv", "gy read with rows and columns swapped", "g", conv, "square picture"),
    Mutant("conv", "forward without b", "gb", conv),
    Mutant("conv", "first columns kept for later calls", "g", conv),
    Mutant("conv", "kernel flipped in gx", "gx", conv),
    Mutant("conv", "gx cropped at the corner", "gx", no_padding, "pad 0"),
    Mutant("conv", "gx cropped by top for left", "gx", all_sides_alike, "pad (1, 1, 1, 1)"),
    Mutant("conv", "gx cropped by top for left", "gx", unlike_sides, "pad (0, 1, 2, 1)"),
    Mutant("conv", "gx with stride 1", "gx", conv, "stride 1"),
    Mutant("conv", "one loop bound for rows and columns", "gx", conv, "square picture"),
    Mutant("conv", "kw is kh", "gx", conv, "square kernel"),
    Mutant("conv", "gx = in place of +=", "gx", patches, "windows 2, stride 2"),
    Mutant("conv", "first row's gradient in rows left over", "gx", exact_tiles, "exact tiles"),
    Mutant("conv", "first row's gradient in rows left over", "gx", leftover_row, "6x6, stride 2"),
    Mutant("conv", "gx of all groups from the filters of group 0", "gx", two_groups, "2 groups"),
    Mutant("conv", "reads gy as if contiguous", "contiguous", conv),
    Mutant("conv", "buffer of np.zeros(shape)", "dtype", in_float32, "float32"),
]  # fmt: skip
