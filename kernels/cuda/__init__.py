"""Numba CUDA kernels for the hot paths, each equal to its reference in `minialex`.

A kernel is a function that very many threads run at once. Here it is an ordinary Python function
that asks `cuda` where its thread stands, and loops from there in strides of the whole grid. Such a
loop is right for any grid, also for one of a single thread. So nothing is written twice: with a
stand-in for `cuda` that says "you are the only thread", the same function runs on a CPU under
`njit(boundscheck=True)`, where the tests compare it with its reference on any geometry.

All arrays are (N, H, W, C). A *team* of threads has a pixel, and its *lanes* the channels: lane l
has l, l + lanes, l + 2 lanes, ... Neighbouring threads then touch neighbouring numbers, and what
must be found out about a pixel is found out once for several channels. Offsets have 64 bits: an
array may have any size, a single picture up to 2^31 pixels.

- `launch.py`: how a kernel is declared, compiled and launched, and how threads form teams.
- `scalars.py`: unsigned and single-precision numbers, and why.
- `lrn.py`, `pool.py`, `im2col.py`, `relu.py`, `sgd.py`: the kernels, each under a function that
  launches it. This has the parameters of the reference, and returns NotImplemented where that must
  run: for other dtypes than float32, and pooling windows of more than 256 cells.
- `ladder.py`: first versions, to see what makes the others fast.
- `build.py`: compiles a kernel, with or without a GPU.

Importing needs numba-cuda and no GPU: a kernel is compiled when it is first launched.
"""

from typing import NamedTuple

import numba_cuda  # noqa: F401  Numba's own numba.cuda lacks what these files use

from minialex.kernels.cuda import im2col, ladder, lrn, pool, relu, sgd
from minialex.kernels.cuda.launch import Kernel, lanes_for


class Entry(NamedTuple):
    """A kernel and constants at which to look at it: those of the paper's first layers."""

    kernel: Kernel
    constants: dict[str, int]


_window = {"n": 5, "channels": 96, "lanes": lanes_for(96)}
_pool = {"kh": 3, "kw": 3, "sh": 2, "sw": 2, "channels": 96, "lanes": lanes_for(96)}

KERNELS = {
    "lrn.forward": Entry(lrn.lrn_forward, _window),
    "lrn.forward_v1": Entry(ladder.lrn_forward_v1, {"n": 5}),
    "lrn.backward": Entry(lrn.lrn_backward, _window),
    "pool.forward": Entry(pool.pool_forward, _pool),
    "pool.backward": Entry(pool.pool_backward, _pool),
    "pool.backward_v1": Entry(ladder.pool_backward_v1, {}),
    "im2col.forward": Entry(im2col.copy_windows, {}),
    "im2col.backward": Entry(im2col.add_windows, {}),
    "relu.backward": Entry(relu.relu_backward, {}),
    "relu.add_bias": Entry(relu.add_bias_kernel, {}),
    "sgd.update": Entry(sgd.sgd_update, {}),
}
