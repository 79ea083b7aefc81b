"""The update of the paper in one pass over memory, equal to `sgd_update`."""

from numba import cuda

from minialex.kernels.cuda.launch import F32, FLOATS, U64, grid_of_threads, kernel, suits
from minialex.kernels.cuda.scalars import u64


def update(w, v, g, lr, momentum, decay):
    """Change v and w in place: v <- momentum v - lr (decay w + g), w <- w + v. Flat arrays."""
    if not suits(w, v, g):
        return NotImplemented
    if w.size:
        sgd_update(*grid_of_threads(w.size), w, v, g, w.size, lr, momentum, decay)


@kernel(FLOATS, FLOATS, FLOATS, U64, F32, F32, F32)
def sgd_update(w, v, g, size, lr, momentum, decay):
    i = u64(cuda.blockIdx.x) * u64(cuda.blockDim.x) + u64(cuda.threadIdx.x)
    while i < size:
        v[i] = momentum * v[i] - lr * (decay * w[i] + g[i])
        w[i] += v[i]
        i += u64(cuda.gridDim.x) * u64(cuda.blockDim.x)
