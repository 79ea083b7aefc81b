"""Runs the CUDA kernels as they are compiled for a GPU: an emulator takes that one's place."""

import contextlib
import functools
import math
from collections.abc import Iterator
from types import SimpleNamespace
from unittest import mock

import numpy as np
from ptx import Counts, InOut
from ptx.arguments import Rest
from ptx.compiled import CompiledKernel

from minialex.kernels.cuda import launch

# What each kernel writes without having read it, and what it changes. All else is read only.
WRITTEN = {
    "lrn_forward": ["y"],
    "lrn_forward_v1": ["y"],
    "lrn_backward": ["gx"],
    "pool_forward": ["y", "index"],
    "pool_backward": ["gx"],
    "relu_backward": ["gx"],
    "copy_windows": ["cols"],
}
CHANGED = {
    "pool_backward_v1": ["gx"],
    "add_windows": ["gx"],
    "add_bias_kernel": ["y"],
    "sgd_update": ["w", "v"],
}


def compiled(kernel: launch.Kernel, **constants: int) -> CompiledKernel:
    """Return a kernel that the emulator can launch."""
    return _compiled(kernel, tuple(sorted(constants.items())))


@functools.cache
def _compiled(kernel: launch.Kernel, constants: tuple[tuple[str, int], ...]) -> CompiledKernel:
    name = kernel.function.__name__
    return CompiledKernel(
        kernel.filled(**dict(constants)),
        kernel.signature,
        out=WRITTEN.get(name, []),
        inout=CHANGED.get(name, []),
    )


@contextlib.contextmanager
def kernels_in_ptx(last_block: bool = False, **limits: int) -> Iterator[list[Counts]]:
    """Within it, what would be launched on a GPU is emulated; the list gets each launch's counts.

    Parameters
    ----------
    last_block : bool
        Run no other block.
    limits
        THREADS and BLOCKS of launch.py: with smaller ones, a few pixels keep many blocks busy, and
        each goes several times round its loops.
    """
    counts: list[Counts] = []

    def run(kernel, constants, grid, block, args) -> None:
        args = [a.reshape(-1) if isinstance(a, End) else a for a in args]
        if kernel.function.__name__ == "pool_backward" and args[-1] > 0:
            args[2] = InOut(args[2], "gx")  # only the first rows of a picture clear it
        blocks = [(*[n - 1 for n in grid], 0, 0)[:3]] if last_block else None
        counts.append(compiled(kernel, **constants).launch(grid, block, *args, blocks=blocks))

    with mock.patch.multiple(launch, run=run, **limits):
        yield counts


class End:
    """The end of an array that would not fit into memory, with what a launcher asks of an array.

    Parameters
    ----------
    array : ndarray
        Its last numbers.
    shape : tuple of int
        Of the whole.
    """

    def __init__(self, array: np.ndarray, shape: tuple[int, ...]) -> None:
        self.array, self.shape = array, shape
        self.dtype, self.itemsize, self.size = array.dtype, array.itemsize, math.prod(shape)
        self.strides = [self.itemsize * math.prod(shape[i + 1 :]) for i in range(len(shape))]
        self.flags = SimpleNamespace(c_contiguous=True)

    def __len__(self) -> int:
        return self.shape[0]

    def reshape(self, _: int) -> Rest:
        """Return it flat, which is all that a launcher asks for."""
        flat = self.array.reshape(-1)
        return Rest(flat, self.size - flat.size)
