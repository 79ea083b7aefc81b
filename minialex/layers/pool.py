"""Overlapping max-pooling."""

import numpy as np

from minialex.backend import Array, xp_of
from minialex.forms import has_kernel
from minialex.layer import Shape
from minialex.shapes import Geometry
from minialex.threads import zeros
from minialex.window_layer import PoolLayer
from minialex.windows import add_unpadded, over_blocks, padded, windows


class MaxPool2d(PoolLayer):
    """The maximum of every window, channel by channel; Krizhevsky et al. 2012, section 3.4.

    x: (N, H, W, C) -> y: (N, OH, OW, C). Windows overlap where stride < kernel (the paper's 3/2):
    a pixel that is the maximum of several windows receives the gradient of them all.

    The first maximum of a window, row by row, wins a tie (Caffe, PyTorch; cuda-convnet serves all
    of them). A NaN in a window is its maximum. Padding is minus infinity and never wins.

    Parameters
    ----------
    kernel : int or (height, width)
    stride : int or (height, width), optional
        Default: the kernel, so that windows tile.
    pad : int, (top, bottom, left, right) or "same"
    rounding : "floor" or "ceil"
        "ceil" adds a window for rows left over, which must start inside the picture or the padding
        before it, as in PyTorch.
    """

    def forward(self, x: Array, train: bool = False) -> Array:
        xp = xp_of(x)
        x = xp.ascontiguousarray(x)
        kh, kw = self.kernel
        geometry = self.geometry(x.shape[1:])
        self.x_shape = x.shape
        y = self.buffer("y", (len(x), *geometry.out, x.shape[3]), x)
        self.index = self.buffer("index", y.shape, x, np.uint8 if kh * kw <= 256 else np.int32)

        def pool(worker: int, images: slice, rows: slice) -> None:
            maxpool_forward(x[images], y[images, rows], self.index[images, rows], geometry, rows)

        over_blocks(pool, x, geometry, self.window_bytes(x))
        return y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        if not need_gx:
            return None
        geometry = self.geometry(self.x_shape[1:])
        gy, index = xp_of(gy).ascontiguousarray(gy), self.index
        gx = self.buffer("gx", self.x_shape, gy)

        def scatter(worker: int, images: slice, rows: slice) -> None:
            maxpool_backward(gy[images, rows], index[images, rows], gx[images], geometry, rows)

        over_blocks(scatter, gx, geometry, self.window_bytes(gx))
        return gx

    def form(self, input_shape: Shape) -> str:
        return maxpool_forward.form()


@has_kernel("pool.forward")
def maxpool_forward(x: Array, y: Array, index: Array, geometry: Geometry, rows: slice) -> None:
    """Write the maxima of these rows to y, and which cell of its window each was to index."""
    xp = xp_of(x)
    (_, kw), (sh, sw), (top, _, left, _), (_, out_width) = geometry
    cells = windows(padded(x, geometry, rows, -np.inf), geometry)
    cells = cells.reshape(*cells.shape[:3], -1, x.shape[3])  # (N, OH, OW, kh * kw, C)
    cell = cells.argmax(axis=3)
    y[...] = xp.take_along_axis(cells, cell[:, :, :, None], axis=3)[:, :, :, 0]
    # Where all pixels are minus infinity, padding is no maximum: the first pixel is.
    first_i = xp.maximum(top - sh * xp.arange(rows.start, rows.stop), 0)
    first_j = xp.maximum(left - sw * xp.arange(out_width), 0)
    first = (first_i[:, None] * kw + first_j)[..., None]  # (OH, OW, 1)
    index[...] = xp.where(y == -np.inf, first, cell)


@has_kernel("pool.backward")
def maxpool_backward(gy: Array, index: Array, gx: Array, geometry: Geometry, rows: slice) -> None:
    """Add gy to the pixels that were maxima of these rows; the first rows clear gx."""
    xp = xp_of(gy)
    (kh, kw), (sh, sw), (_, _, left, right), _ = geometry
    batch, out_height, out_width, channels = gy.shape
    shape = (batch, (out_height - 1) * sh + kh, left + gx.shape[2] + right, channels)
    gpicture = zeros("gpicture", shape, gy)
    for cell in range(kh * kw):  # one cell of every window at a time: these never overlap
        i, j = divmod(cell, kw)
        pixels = gpicture[:, i : i + sh * out_height : sh, j : j + sw * out_width : sw]
        pixels += xp.where(index == cell, gy, gy.dtype.type(0))
    add_unpadded(gx, gpicture, geometry, rows)
