"""Bias and rectifier in one pass over memory, equal to `add_bias` and `relu_backward`."""

from numba import cuda

from minialex.kernels.cuda.launch import (
    FLOATS,
    U32,
    U64,
    flat,
    grid_of_teams,
    grid_of_threads,
    kernel,
    lanes_for,
    suits,
)
from minialex.kernels.cuda.scalars import f32, u32, u64


def add_bias(y, b, rectify):
    """Add b to every row of y: (M, F), and rectify the sum where asked."""
    if not suits(y, b):
        return NotImplemented
    if y.size:
        grid, block = grid_of_teams(lanes_for(b.size), len(y))
        add_bias_kernel(grid, block, *flat(y, b), len(y), b.size, rectify)


def backward(gy, y, gx):
    """Write gx = gy where y > 0, else 0."""
    if not suits(gy, y, gx):
        return NotImplemented
    if y.size:
        relu_backward(*grid_of_threads(y.size), *flat(gy, y, gx), y.size)


@kernel(FLOATS, FLOATS, U64, U32, U32)
def add_bias_kernel(y, b, rows, filters, rectify):
    row = u64(cuda.blockIdx.x) * u64(cuda.blockDim.y) + u64(cuda.threadIdx.y)
    while row < rows:
        f = u32(cuda.threadIdx.x)
        while f < filters:
            i = row * u64(filters) + u64(f)
            total = y[i] + b[u64(f)]
            y[i] = f32(0) if rectify and total <= f32(0) else total  # a NaN stays
            f = u32(f + cuda.blockDim.x)
        row += u64(cuda.gridDim.x) * u64(cuda.blockDim.y)


@kernel(FLOATS, FLOATS, FLOATS, U64)
def relu_backward(gy, y, gx, size):
    i = u64(cuda.blockIdx.x) * u64(cuda.blockDim.x) + u64(cuda.threadIdx.x)
    while i < size:
        gx[i] = gy[i] if y[i] > f32(0) else f32(0)
        i += u64(cuda.gridDim.x) * u64(cuda.blockDim.x)
