"""Max-pooling on one core, equal to `maxpool_forward` and `maxpool_backward`.

Channels are the innermost loop: one cell of a window is compared with the maximum so far for all
channels at once, in vector registers, while both lie in the first cache. Windows are clipped
where the reference pads.

The compiler makes a vector loop of it only if the cell of a maximum is as wide as a float32 pixel
until its window is done, and is chosen before the maximum itself (docs/performance.md).
"""

import numpy as np
from numba import njit


def forward(x, y, index, geometry, rows):
    """Write the maxima under these output rows, and the cell of its window each came from."""
    (kh, kw), (sh, sw), (top, _, left, _), _ = geometry
    _forward(x, y, index, kh, kw, sh, sw, top - rows.start * sh, left)


def backward(gy, index, gx, geometry, rows):
    """Add gy to the pixels that were maxima under these output rows; the first clear gx."""
    if rows.start == 0:
        gx[...] = 0
    (kh, kw), (sh, sw), (top, _, left, _), _ = geometry
    _backward(gy, index, gx, kh, kw, sh, sw, top - rows.start * sh, left)


@njit(nogil=True, cache=True)
def _forward(x, y, index, kh, kw, sh, sw, top, left):
    batch, height, width, channels = x.shape
    _, out_height, out_width, _ = y.shape
    cells = np.empty(channels, np.int32)
    for b in range(batch):
        for row in range(out_height):
            first_i = max(0, top - row * sh)
            last_i = min(kh, height + top - row * sh)
            for column in range(out_width):
                first_j = max(0, left - column * sw)
                last_j = min(kw, width + left - column * sw)
                best = y[b, row, column]
                best[:] = -np.inf
                cells[:] = first_i * kw + first_j
                for i in range(first_i, last_i):
                    for j in range(first_j, last_j):
                        pixel = x[b, row * sh + i - top, column * sw + j - left]
                        cell = np.int32(i * kw + j)
                        for c in range(channels):
                            new, old = pixel[c], best[c]
                            stays = (new <= old) | (old != old)  # the first NaN does
                            cells[c] = cells[c] if stays else cell
                            best[c] = old if stays else new
                index[b, row, column, :] = cells


@njit(nogil=True, cache=True)
def _backward(gy, index, gx, kh, kw, sh, sw, top, left):
    _, height, width, _ = gx.shape
    batch, out_height, out_width, channels = gy.shape
    zero = gy.dtype.type(0)
    for b in range(batch):
        for row in range(out_height):
            first_i = max(0, top - row * sh)
            last_i = min(kh, height + top - row * sh)
            for column in range(out_width):
                first_j = max(0, left - column * sw)
                last_j = min(kw, width + left - column * sw)
                gradient, cells = gy[b, row, column], index[b, row, column]
                for i in range(first_i, last_i):
                    for j in range(first_j, last_j):
                        pixel = gx[b, row * sh + i - top, column * sw + j - left]
                        cell = index.dtype.type(i * kw + j)
                        for c in range(channels):
                            pixel[c] += gradient[c] if cells[c] == cell else zero
