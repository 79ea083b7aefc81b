"""Windows into rows and their gradients back, equal to `copy_windows` and `add_windows`.

Both arrays may be views, such as one group of the channels, or the tiles of Winograd's algorithm
with their axes exchanged: a kernel gets the flat memory that a view spans, and its strides.
"""

import sys

import numpy as np
from numba import cuda

from minialex.kernels.cuda.launch import FLOATS, U32, U64, WARP, evenly, grid_of_teams, kernel
from minialex.kernels.cuda.scalars import f32, u32, u64


def forward(x, cols, geometry):
    """Write the windows of x: (N, H, W, C), to cols: (N, OH, OW, kh, kw, C)."""
    if not _suits(x, cols):
        return NotImplemented
    _, (sh, sw), _, _ = geometry
    batch, rows, columns, kh, kw, channels = cols.shape
    if cols.size:
        x_strides, strides = _strides(x), _strides(cols)
        if x_strides[2] == strides[4] == channels:  # a row of a window is one run of numbers
            kw, channels = 1, kw * channels
        grid, block = grid_of_teams(evenly(channels, WARP), rows * columns, batch)
        sizes = (batch, rows, columns, kh, kw, channels, sh, sw)
        copy_windows(grid, block, _span(x), _span(cols), *sizes, *x_strides, *strides)


def backward(gcols, gx, geometry):
    """Add every row of gcols: (N, OH, OW, kh, kw, C), to the pixels of gx: (N, H, W, C)."""
    if not _suits(gcols, gx):
        return NotImplemented
    _, (sh, sw), _, _ = geometry
    _, rows, columns, kh, kw, _ = gcols.shape
    batch, height, width, channels = gx.shape
    if gcols.size:
        grid, block = grid_of_teams(evenly(channels, WARP), height * width, batch)
        sizes = (batch, height, width, rows, columns, kh, kw, channels, sh, sw)
        add_windows(grid, block, _span(gcols), _span(gx), *sizes, *_strides(gcols), *_strides(gx))


def _suits(*arrays):
    """Return whether arrays are float32, with the channels side by side and no axis reversed."""
    return all(
        a.dtype == np.float32 and a.strides[-1] == a.itemsize and min(a.strides) >= 0
        for a in arrays
    )


def _strides(a):
    """Return the strides of all axes but the last, counted in numbers."""
    return [stride // a.itemsize for stride in a.strides[:-1]]


def _span(a):
    """Return the flat memory from the first number of a view to its last."""
    xp = np if isinstance(a, np.ndarray) else sys.modules["cupy"]
    last = sum((n - 1) * stride for n, stride in zip(a.shape, a.strides, strict=True))
    return xp.lib.stride_tricks.as_strided(a, (1 + last // a.itemsize,), (a.itemsize,))


@kernel(FLOATS, FLOATS, *[U32] * 8, *[U64] * 8)
def copy_windows(
    x, cols, batch, rows, columns, kh, kw, channels, sh, sw, x_image, x_row, x_column,
    image_step, row_step, column_step, i_step, j_step,
):  # fmt: skip
    window = u32(cuda.blockIdx.x * cuda.blockDim.y + cuda.threadIdx.y)
    while window < u32(rows * columns):
        row = u32(window // columns)
        column = u32(window - row * columns)
        image = u32(cuda.blockIdx.y)
        while image < batch:
            corner = u64(image) * x_image
            corner += u64(u32(row * sh)) * x_row + u64(u32(column * sw)) * x_column
            out = u64(image) * image_step + u64(row) * row_step + u64(column) * column_step
            i = u32(0)
            while i < kh:
                j = u32(0)
                while j < kw:
                    source = corner + u64(i) * x_row + u64(j) * x_column
                    target = out + u64(i) * i_step + u64(j) * j_step
                    channel = u32(cuda.threadIdx.x)
                    while channel < channels:
                        cols[target + u64(channel)] = x[source + u64(channel)]
                        channel = u32(channel + cuda.blockDim.x)
                    j = u32(j + u32(1))
                i = u32(i + u32(1))
            image = u32(image + cuda.gridDim.y)
        window = u32(window + cuda.gridDim.x * cuda.blockDim.y)


@kernel(FLOATS, FLOATS, *[U32] * 10, *[U64] * 8)
def add_windows(
    gcols, gx, batch, height, width, rows, columns, kh, kw, channels, sh, sw,
    image_step, row_step, column_step, i_step, j_step, x_image, x_row, x_column,
):  # fmt: skip
    """As in pooling, a pixel gathers from the windows that hold it, from the last to the first."""
    pixel = u32(cuda.blockIdx.x * cuda.blockDim.y + cuda.threadIdx.y)
    while pixel < u32(height * width):
        p = u32(pixel // width)
        q = u32(pixel - p * width)
        row = min(u32(p // sh), u32(rows - u32(1)))
        column = min(u32(q // sw), u32(columns - u32(1)))
        i, j = u32(p - row * sh), u32(q - column * sw)
        image = u32(cuda.blockIdx.y)
        while image < batch:
            last = u64(image) * image_step + u64(row) * row_step + u64(column) * column_step
            last += u64(i) * i_step + u64(j) * j_step
            out = u64(image) * x_image + u64(p) * x_row + u64(q) * x_column
            channel = u32(cuda.threadIdx.x)
            while channel < channels:
                total = f32(0)
                at_row, a, cell_i = last + u64(channel), u32(0), i
                while cell_i < kh and a <= row:
                    at, b, cell_j = at_row, u32(0), j
                    while cell_j < kw and b <= column:
                        total += gcols[at]
                        at += u64(sw) * j_step - column_step
                        b, cell_j = u32(b + u32(1)), u32(cell_j + sw)
                    at_row += u64(sh) * i_step - row_step
                    a, cell_i = u32(a + u32(1)), u32(cell_i + sh)
                gx[out + u64(channel)] += total
                channel = u32(channel + cuda.blockDim.x)
            image = u32(image + cuda.gridDim.y)
        pixel = u32(pixel + cuda.gridDim.x * cuda.blockDim.y)
