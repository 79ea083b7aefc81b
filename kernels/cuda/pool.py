"""Max-pooling, equal to `maxpool_forward` and `maxpool_backward`.

Forward has a team for every window, backward one for every pixel: it gathers from the windows that
hold the pixel. No two threads then write to one place, so that there are no atomics, the result
is the same in every run, and gx is written once, without being cleared first.

p and q count rows and columns of the padded picture.
"""

import numpy as np
from numba import cuda

from minialex.kernels.cuda.launch import (
    BYTES,
    F32,
    FLOATS,
    U32,
    flat,
    grid_of_teams,
    kernel,
    lanes_for,
    suits,
)
from minialex.kernels.cuda.scalars import f32, has_channel, u32, u64


def forward(x, y, index, geometry, rows):
    """Write the maxima under these output rows, and the cell of its window each came from."""
    if not suits(x, y) or index.dtype != np.uint8:
        return NotImplemented
    _launch(pool_forward, (x, y, index), x.shape, y.shape, y.shape, geometry, rows)


def backward(gy, index, gx, geometry, rows):
    """Add gy to the pixels that were maxima under these output rows; the first clear gx."""
    if not suits(gy, gx) or index.dtype != np.uint8:
        return NotImplemented
    _launch(pool_backward, (gy, index, gx), gx.shape, gy.shape, gx.shape, geometry, rows)


def _launch(pool, arrays, x_shape, y_shape, team_shape, geometry, rows):
    """Launch `pool` with a team for every pixel of `team_shape`."""
    (kh, kw), (sh, sw), (top, _, left, _), _ = geometry
    batch, height, width, channels = x_shape
    sizes = (batch, height, width, *y_shape[1:3], top, left, rows.start)
    lanes = lanes_for(channels)
    if batch:
        grid, block = grid_of_teams(lanes, team_shape[1] * team_shape[2], batch)
        constants = {"kh": kh, "kw": kw, "sh": sh, "sw": sw, "channels": channels, "lanes": lanes}
        pool(grid, block, *flat(*arrays), *sizes, **constants)


@kernel(FLOATS, FLOATS, BYTES, *[U32] * 8)
def pool_forward(
    x, y, index, batch, height, width, rows, columns, top, left, first_row,
    kh, kw, sh, sw, channels, lanes,
):  # fmt: skip
    lane = u32(cuda.threadIdx.x)
    window = u32(cuda.blockIdx.x * cuda.blockDim.y + cuda.threadIdx.y)
    while window < u32(rows * columns):
        row = u32(window // columns)
        p = u32(u32(first_row + row) * u32(sh))
        q = u32(u32(window - row * columns) * u32(sw))
        first_i = u32(top - p) if p < top else u32(0)
        first_j = u32(left - q) if q < left else u32(0)
        image = u32(cuda.blockIdx.y)
        while image < batch:
            corner = (
                (u64(image) * u64(height) + u64(p) - u64(top)) * u64(width) + u64(q) - u64(left)
            )
            corner = corner * u64(channels) + u64(lane)
            out = (u64(image) * u64(rows * columns) + u64(window)) * u64(channels) + u64(lane)
            for part in range(0, channels, lanes):
                if has_channel(lane, part, lanes, channels):
                    best, best_cell = f32(-np.inf), u32(first_i * u32(kw) + first_j)
                    for i in range(kh):
                        for j in range(kw):
                            at = corner + (u64(i) * u64(width) + u64(j)) * u64(channels)
                            inside = u32(p + u32(i) - top) < height
                            inside &= u32(q + u32(j) - left) < width
                            if inside:
                                value = x[at + u64(part)]
                                # greater, or the first NaN
                                if not value <= best and best == best:
                                    best, best_cell = value, u32(i * kw + j)
                    y[out + u64(part)] = best
                    index[out + u64(part)] = best_cell
            image = u32(image + cuda.gridDim.y)
        window = u32(window + cuda.gridDim.x * cuda.blockDim.y)


@kernel(FLOATS, BYTES, FLOATS, *[U32] * 8)
def pool_backward(
    gy, index, gx, batch, height, width, rows, columns, top, left, first_row,
    kh, kw, sh, sw, channels, lanes,
):  # fmt: skip
    """The last window that holds a pixel starts at p // sh, the one before it a stride higher.

    Four channels of a thread are summed at a time, in registers.
    """
    total = cuda.local.array(4, F32)
    lane = u32(cuda.threadIdx.x)
    pixel = u32(cuda.blockIdx.x * cuda.blockDim.y + cuda.threadIdx.y)
    while pixel < u32(height * width):
        p = u32(pixel // width)
        q = u32(pixel - p * width + left)
        p = u32(p + top)
        row, column = u32(p // u32(sh)), u32(q // u32(sw))
        i, j = u32(p - row * u32(sh)), u32(q - column * u32(sw))
        row = u32(row - first_row)
        image = u32(cuda.blockIdx.y)
        while image < batch:
            last = (u64(image) * u64(rows) + u64(row)) * u64(columns) + u64(column)
            last = last * u64(channels) + u64(lane)
            out = (u64(image) * u64(height * width) + u64(pixel)) * u64(channels) + u64(lane)
            for part in range(0, channels, 4 * lanes):
                for m in range(4):
                    total[m] = f32(0)
                for a in range(-(-kh // sh)):
                    for b in range(-(-kw // sw)):
                        cell_i, cell_j = u32(i + u32(a * sh)), u32(j + u32(b * sw))
                        cell = u32(cell_i * u32(kw) + cell_j)
                        held = (cell_i < u32(kh)) & (u32(row - u32(a)) < rows)
                        held &= (cell_j < u32(kw)) & (u32(column - u32(b)) < columns)
                        if held:
                            at = last - (u64(a) * u64(columns) + u64(b)) * u64(channels) + u64(part)
                            for m in range(4):
                                there = has_channel(lane, part + m * lanes, lanes, channels)
                                if there and index[at + u64(m * lanes)] == cell:
                                    total[m] += gy[at + u64(m * lanes)]
                for m in range(4):
                    if has_channel(lane, part + m * lanes, lanes, channels):
                        if first_row > u32(0):
                            total[m] += gx[out + u64(part + m * lanes)]
                        gx[out + u64(part + m * lanes)] = total[m]
            image = u32(image + cuda.gridDim.y)
        pixel = u32(pixel + cuda.gridDim.x * cuda.blockDim.y)
