"""First versions of two kernels: right, and slow for a reason worth knowing.

Version 2 of each is `lrn_forward` in lrn.py and `pool_backward` in pool.py.
"""

from numba import cuda

from minialex.kernels.cuda.launch import (
    BYTES,
    F32,
    FLOATS,
    U32,
    U64,
    flat,
    grid_of_threads,
    kernel,
)
from minialex.kernels.cuda.lrn import root, scale
from minialex.kernels.cuda.scalars import f32, u32, u64


def lrn_forward_by_pixel(x, y, n, k, c, beta, groups):
    """Write y_i = x_i S_i^-beta; x, y: (N, H, W, C)."""
    channels = x.shape[-1] // groups
    if x.size:
        pixels = x.size // channels
        lrn_forward_v1(*grid_of_threads(pixels), *flat(x, y), pixels, channels, k, c, beta, n=n)


def pool_backward_by_scattering(gy, index, gx, geometry):
    """Write gx, all of it, after pooling."""
    (kh, kw), (sh, sw), (top, _, left, _), (rows, columns) = geometry
    batch, height, width, channels = gx.shape
    if batch:
        sizes = (batch, height, width, channels, rows, columns, kh, kw, sh, sw, top, left)
        pool_backward_v1(*grid_of_threads(batch * channels), *flat(gy, index, gx), *sizes)


@kernel(FLOATS, FLOATS, U64, U32, F32, F32, F32)
def lrn_forward_v1(x, y, pixels, channels, k, c, beta, n):
    """One thread walks along the channels of a pixel, as one would on a CPU.

    Neighbouring threads are then a pixel apart: the 32 numbers that a warp reads at once lie in 32
    different sectors of memory, 32 bytes each, where 4 would hold them.
    """
    pixel = u64(cuda.blockIdx.x) * u64(cuda.blockDim.x) + u64(cuda.threadIdx.x)
    while pixel < pixels:
        channel = u32(0)
        while channel < channels:
            i = pixel * u64(channels) + u64(channel)
            y[i] = x[i] * root(scale(x, i, channel, k, c, n, channels), beta)
            channel = u32(channel + u32(1))
        pixel += u64(cuda.gridDim.x) * u64(cuda.blockDim.x)


@kernel(FLOATS, BYTES, FLOATS, *[U32] * 12)
def pool_backward_v1(
    gy, index, gx, batch, height, width, channels, rows, columns, kh, kw, sh, sw, top, left
):
    """One thread clears a channel of an image, and adds every gy to the pixel that it came from.

    Were there a thread for every window, two could add to one pixel at the same time, and one of
    the sums would be lost: windows overlap. So there are no more threads than N * C, of which a
    large GPU runs twenty times as many, and gx is written three times over instead of once.
    """
    thread = u64(cuda.blockIdx.x) * u64(cuda.blockDim.x) + u64(cuda.threadIdx.x)
    while thread < u64(batch) * u64(channels):
        image = thread // u64(channels)
        channel = thread - image * u64(channels)
        picture = image * u64(height) * u64(width)
        pixel = u64(0)
        while pixel < u64(height) * u64(width):
            gx[(picture + pixel) * u64(channels) + channel] = f32(0)
            pixel += u64(1)
        window = u32(0)
        while window < u32(rows * columns):
            row = u32(window // columns)
            column = u32(window - row * columns)
            at = (image * u64(rows * columns) + u64(window)) * u64(channels) + channel
            cell = u32(index[at])
            cell_i = u32(cell // kw)
            p = u32(row * sh + cell_i - top)
            q = u32(column * sw + u32(cell - cell_i * kw) - left)
            gx[(picture + u64(p) * u64(width) + u64(q)) * u64(channels) + channel] += gy[at]
            window = u32(window + u32(1))
        thread += u64(cuda.gridDim.x) * u64(cuda.blockDim.x)
