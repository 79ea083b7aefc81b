"""Average pooling."""

import functools
from collections.abc import Iterator

import numpy as np

from minialex.backend import Array, device_of, to_device
from minialex.shapes import Geometry
from minialex.threads import zeros
from minialex.window_layer import PoolLayer
from minialex.windows import add_unpadded, over_blocks, padded


class AvgPool2d(PoolLayer):
    """The mean of every window, channel by channel; `pool=avg` of cuda-convnet (conv_util.cuh).

    y = sum of the window's cells / number of its cells inside the picture

    x: (N, H, W, C) -> y: (N, OH, OW, C). A window that hangs over the border is divided by fewer
    cells than the others: padding counts neither above nor below the line. PyTorch's default does
    count it; `count_include_pad=False` is this layer.

    Parameters
    ----------
    kernel : int or (height, width)
    stride : int or (height, width), optional
        Default: the kernel, so that windows tile.
    pad : int, (top, bottom, left, right) or "same"
    rounding : "floor" or "ceil"
        "ceil" adds a window for rows left over, which must start inside the picture or the padding
        before it, as in PyTorch. In cuda-convnet, which rounds up, no stride exceeds its kernel,
        and so every window starts inside.
    """

    def forward(self, x: Array, train: bool = False) -> Array:
        geometry = self.geometry(x.shape[1:])
        divisors = cells_inside(geometry, x.shape[1:3], x.dtype.name, device_of(x))
        self.x_shape = x.shape
        y = self.buffer("y", (len(x), *geometry.out, x.shape[3]), x)

        def pool(worker: int, images: slice, rows: slice) -> None:
            y_rows = y[images, rows]
            y_rows[...] = 0
            for cell in cells(padded(x[images], geometry, rows), geometry):
                y_rows += cell
            y_rows /= divisors[rows]

        over_blocks(pool, x, geometry, self.window_bytes(x))
        return y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        if not need_gx:
            return None
        geometry = self.geometry(self.x_shape[1:])
        (kh, _), (sh, _), (_, _, left, right), _ = geometry
        gx = self.buffer("gx", self.x_shape, gy)
        divisors = cells_inside(geometry, gx.shape[1:3], gx.dtype.name, device_of(gx))
        width = left + gx.shape[2] + right

        def spread(worker: int, images: slice, rows: slice) -> None:
            share = gy[images, rows] / divisors[rows]
            height = (share.shape[1] - 1) * sh + kh
            gpicture = zeros("gpicture", (len(share), height, width, gx.shape[3]), gy)
            for cell in cells(gpicture, geometry):
                cell += share
            add_unpadded(gx[images], gpicture, geometry, rows)

        over_blocks(spread, gx, geometry, self.window_bytes(gx))
        return gx

    def details(self) -> str:
        return f"mean {super().details()}"


def cells(picture: Array, geometry: Geometry) -> Iterator[Array]:
    """Yield cell (0, 0) of every window of a padded picture, then cell (0, 1), ...

    Each is a view (N, OH, OW, C): one cell of all windows, and these never overlap.
    """
    (kh, kw), (sh, sw), _, (_, out_width) = geometry
    out_height = (picture.shape[1] - kh) // sh + 1
    for i in range(kh):
        for j in range(kw):
            yield picture[:, i : i + sh * out_height : sh, j : j + sw * out_width : sw]


@functools.lru_cache(maxsize=256)
def cells_inside(geometry: Geometry, size: tuple[int, int], dtype: str, device: str) -> Array:
    """Return how many cells of each window lie inside a picture of this size: (OH, OW, 1)."""
    sides = []
    for k, s, before, out, length in zip(
        geometry.kernel, geometry.stride, geometry.pad[::2], geometry.out, size, strict=True
    ):
        first = s * np.arange(out) - before  # of each window
        sides.append(np.minimum(first + k, length) - np.maximum(first, 0))
    return to_device(np.multiply.outer(*sides)[..., None].astype(dtype), device)
