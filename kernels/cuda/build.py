"""Compiles kernels: to PTX, to be read and checked, and to the machine code that a GPU runs.

No GPU is needed, not even where one is there.
"""

import contextlib
import re
import threading
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any
from unittest import mock

from numba import cuda

from minialex.kernels.cuda.launch import Kernel

TARGET = (8, 0)
NAME = re.compile(rb"\.text\.([\w$]+)")  # of the section that holds a kernel's code
_one_at_a_time = threading.Lock()  # what is exchanged in Numba is exchanged for all threads


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
    return compiled(kernel, constants, target, "ptx")


def cubin(kernel: Kernel, constants: dict[str, int], target: tuple[int, int]) -> tuple[bytes, str]:
    """Return the machine code of a kernel for a GPU, called cubin, and its name in there.

    It goes by LTO-IR, which is not bound to a driver's version as PTX is.
    """
    program = compiled(kernel, constants, target, "ltoir")
    code, _ = link([program], "sm_{}{}".format(*target))
    return code, NAME.search(code)[1].decode()  # type: ignore[index]


def link(programs: Sequence[str | bytes], architecture: str, *options: str) -> tuple[bytes, str]:
    """Return the cubin of PTX or, as bytes, LTO-IR, and what nvJitLink says about it.

    It says nothing about what it finds in its cache; the option "-no-cache" keeps it from looking.
    """
    from cuda.bindings import nvjitlink

    options = (f"-arch={architecture}", *options)
    if any(isinstance(program, bytes) for program in programs):
        options += ("-lto",)
    handle = nvjitlink.create(len(options), options)
    try:
        for i, program in enumerate(programs):
            text = isinstance(program, str)
            kind = nvjitlink.InputType.PTX if text else nvjitlink.InputType.LTOIR
            data = program.encode() if isinstance(program, str) else program
            nvjitlink.add_data(handle, kind, data, len(data), f"program {i}")
        nvjitlink.complete(handle)
        code = bytearray(nvjitlink.get_linked_cubin_size(handle))
        nvjitlink.get_linked_cubin(handle, code)
        report = bytearray(nvjitlink.get_info_log_size(handle))
        nvjitlink.get_info_log(handle, report)
    finally:
        nvjitlink.destroy(handle)
    return bytes(code), report.decode()


def compiled(
    kernel: Kernel, constants: dict[str, int], target: tuple[int, int], output: str
) -> Any:
    """Return what Numba's compiler makes of a kernel: text, or bytes of LTO-IR."""
    with _pretended_device(target):
        program, _ = cuda.compile(
            kernel.filled(**constants), kernel.signature, cc=target, device=False, abi="numba",
            output=output,
        )  # fmt: skip
    return program


@contextlib.contextmanager
def _pretended_device(target: tuple[int, int]) -> Iterator[None]:
    """Answer the question that Numba asks when a kernel calls a function: for which GPU?"""
    device = SimpleNamespace(compute_capability=target)
    exchanged = mock.patch("numba.cuda.dispatcher.get_current_device", return_value=device)
    with _one_at_a_time, exchanged:
        yield
