"""Right layers that a careless checker takes for wrong: x is (N, C, H, W).

They hold buffers of real numbers, which refuse the complex step, or accept one geometry only.
"""

import numpy as np

from mutants import activations, conv_loops, pool_loops
from mutants.case import Case, normal


class TileMaxPool:
    """Max-pooling of tiles through a reshape: (N, C, H, W) with H and W multiples of size."""

    def __init__(self, size=2):
        self.size = size

    def forward(self, x):
        N, C, H, W = x.shape
        assert H % self.size == 0, "the windows must tile the picture"
        assert W % self.size == 0, "the windows must tile the picture"
        self.shape = x.shape
        tiles = x.reshape(N, C, H // self.size, self.size, W // self.size, self.size)
        tiles = tiles.transpose(0, 1, 2, 4, 3, 5)
        self.tiles = tiles.reshape(*tiles.shape[:4], -1)
        return self.tiles.max(axis=-1)

    def backward(self, gy):
        first = self.tiles.argmax(axis=-1)[..., None] == np.arange(self.size**2)
        gx = (gy[..., None] * first).reshape(*gy.shape, self.size, self.size)
        return gx.transpose(0, 1, 2, 4, 3, 5).reshape(self.shape)


class IndexedConv:
    """One filter on pictures of one size: a table of indices, made when the layer is made."""

    def __init__(self, height, width, size, W, b):
        self.height, self.width, self.size = height, width, size
        self.params, self.grads = {"W": W, "b": b}, {}
        rows, columns = height - size + 1, width - size + 1
        corner = (np.arange(rows)[:, None] * width + np.arange(columns)).reshape(-1, 1)
        cell = (np.arange(size)[:, None] * width + np.arange(size)).reshape(1, -1)
        self.table = corner + cell  # (windows, size * size) into a flattened picture

    def forward(self, x):
        if x.shape[1:] != (self.height, self.width):
            raise ValueError(f"pictures of {self.height}x{self.width}, please")
        self.cols = x.reshape(len(x), -1)[:, self.table]
        return self.cols @ self.params["W"] + self.params["b"]

    def backward(self, gy):
        gW = np.einsum("nwc,nw->c", self.cols, gy)
        self.grads = {"W": gW, "b": np.array([gy.sum()])}
        gx = np.zeros((len(gy), self.height * self.width), gy.dtype)
        np.add.at(gx, (slice(None), self.table), gy[..., None] * self.params["W"])
        return gx.reshape(len(gy), self.height, self.width)


def in_loops(x):
    """Convolution with buffers of np.zeros(shape)."""
    w, b = normal(2, x.shape[1], 2, 2), normal(2)
    return Case(conv_loops.pair_of_functions(None), x, w, b, {"stride": 1, "pad": 1})


def pool_in_loops(x):
    param = {"pool_height": 2, "pool_width": 2, "stride": 1}
    return Case(pool_loops.pair_of_functions(None), x, param)


def indexed(x):
    _, _, H, W = x.shape
    return Case(IndexedConv(H, W, 2, normal(4), normal(1)), x[:, 0])


# name -> function of x (N, C, H, W), H and W even, which gives a case
ON_PICTURES = {
    "loops with float buffers": in_loops,
    "max-pool, loops with float buffers": pool_in_loops,
    "max-pool of tiles only": lambda x: Case(TileMaxPool(), x),
    "max-pool of tiles, ties": lambda x: Case(TileMaxPool(), np.round(x)),
    "a table of indices": indexed,
    "PReLU, one channel": lambda x: Case(activations.PReLU(normal(1)), x[:, :1]),
}
