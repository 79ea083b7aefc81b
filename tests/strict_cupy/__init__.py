"""A strict stand-in for CuPy, which needs no GPU.

    with strict_cupy.installed() as cupy, strict_cupy.watch() as seen:
        network.to("cuda")
        ...
    assert seen.syncs == []

It computes with NumPy and refuses what a GPU or CuPy would: host arrays among its own, names and
keyword arguments that CuPy lacks, arrays of another device. New memory is full of NaN. What makes
the program wait for the GPU is counted, and so is what it sends there. The CUDA kernels, where
numba-cuda is installed, run on the CPU.

What it cannot show is how a GPU rounds, in which order streams run, and time: tests/test_gpu.py.
"""

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from minialex.layers import avgpool, winograd
from strict_cupy.devices import Machine, machine
from strict_cupy.kernels import on_the_stand_in
from strict_cupy.module import cupy, cupyx
from strict_cupy.watch import Event, Seen, watch

__all__ = ["Event", "Machine", "Seen", "cupy", "installed", "machine", "watch"]


@contextlib.contextmanager
def installed(**changes: Any) -> Iterator[Any]:
    """Let `import cupy` find the stand-in, on a `Machine` with these changes."""
    modules = {"cupy": cupy, "cupyx": cupyx}
    before = {name: sys.modules.get(name) for name in modules}
    vars(machine).update(vars(Machine(**changes)))
    sys.modules.update(modules)
    forget_arrays()  # of the real CuPy
    try:
        with on_the_stand_in():
            yield cupy
    finally:
        forget_arrays()
        vars(machine).update(vars(Machine()))
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module


def forget_arrays() -> None:
    """Empty the caches that hold arrays of a device."""
    winograd.tiling.cache_clear()
    avgpool.cells_inside.cache_clear()
