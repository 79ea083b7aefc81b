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
        self.x_shape, self.plan = x.shape, self.geometry(x.shape[1:])
        y = self.buffer("y", (len(x), *self.plan.out, x.shape[3]), x)

        def pool(worker: int, images: slice, rows: slice) -> None:
            y_rows = y[images, rows]
            y_rows[...] = 0
            for cell in cells(padded(x[images], self.plan, rows), self.plan):
                y_rows += cell
            y_rows /= self._divisors(x)[rows]

        over_blocks(pool, x, self.plan, self.window_bytes(x))
        return y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        if not need_gx:
            return None
        gx = self.buffer("gx", self.x_shape, gy)
        (kh, _), (sh, _), (_, _, left, right), _ = self.plan
        width = left + gx.shape[2] + right

        def spread(worker: int, images: slice, rows: slice) -> None:
            share = gy[images, rows] / self._divisors(gx)[rows]
            height = (share.shape[1] - 1) * sh + kh
            gpicture = zeros("gpicture", (len(share), height, width, gx.shape[3]), gy)
            for cell in cells(gpicture, self.plan):
                cell += share
            add_unpadded(gx[images], gpicture, self.plan, rows)

        over_blocks(spread, gx, self.plan, self.window_bytes(gx))
        return gx

    def _divisors(self, x: Array) -> Array:
        return cells_inside(self.plan, x.shape[1:3], x.dtype.name, device_of(x))

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
