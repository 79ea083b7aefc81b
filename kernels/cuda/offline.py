"""Compiles kernels where there is no GPU, to be read and checked."""

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from unittest import mock

from numba import cuda

from minialex.kernels.cuda.launch import Kernel

TARGET = (8, 0)


def ptx(kernel: Kernel, constants: dict[str, int], target: tuple[int, int] = TARGET) -> str:
    """Return the PTX, NVIDIA's portable assembly language, of a kernel.

    Parameters
    ----------
    kernel : Kernel
    constants : dict
        See `Kernel`.
    target : (major, minor)
        Compute capability of the GPU to compile for.
    """
    function = kernel.filled(**constants)
    with _pretended_device(target):
        text, _ = cuda.compile(
            function, kernel.signature, cc=target, device=False, abi="numba", output="ptx"
        )
    return text


@contextlib.contextmanager
def _pretended_device(target: tuple[int, int]) -> Iterator[None]:
    """Answer the question that Numba asks when a kernel calls a function: for which GPU?"""
    device = SimpleNamespace(compute_capability=target)
    with mock.patch("numba.cuda.dispatcher.get_current_device", return_value=device):
        yield
