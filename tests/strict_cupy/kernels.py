"""The CUDA kernels on arrays of the stand-in: one thread each, on the CPU, with checked indices."""

import contextlib
from importlib.util import find_spec
from unittest import mock

from strict_cupy.array import unwrapped


def on_the_stand_in() -> contextlib.AbstractContextManager:
    """Return a context in which launched kernels run; without numba-cuda nothing is launched."""
    if find_spec("numba_cuda") is None:
        return contextlib.nullcontext()
    import cuda_on_cpu

    from minialex.kernels.cuda import launch

    def run(kernel, constants, grid, block, args) -> None:
        cuda_on_cpu.run(kernel, constants, grid, block, [unwrapped(a) for a in args])

    return mock.patch.object(launch, "run", run)
