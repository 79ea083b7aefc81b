"""A Python function -> PTX, by Numba, without a GPU; and its launch by this emulator."""

import contextlib
import functools
import inspect
import warnings
from collections.abc import Callable, Collection, Iterator
from types import SimpleNamespace
from unittest import mock

import numpy as np
from numba import cuda
from numba.cuda.dispatcher import CUDADispatcher
from numba.np import numpy_support

from ptx.arguments import Buffer, In, InOut, Out, Rest
from ptx.counts import Counts
from ptx.faults import Fault, InvalidLaunch
from ptx.launch import launch
from ptx.parse import parse

CAPABILITY = (8, 0)  # PTX for an A100: later GPUs run it too


class CompiledKernel:
    """A kernel as Numba compiles it.

    Parameters
    ----------
    function : function
        What `cuda.jit` would take.
    signature : tuple of Numba types
    out, inout : collection of str
        Arguments that the kernel writes without reading them, and those that it changes. The other
        arrays must not be stored to.
    options
        Of `cuda.compile`, such as fastmath.
    """

    def __init__(
        self,
        function: Callable,
        signature: tuple,
        *,
        out: Collection[str] = (),
        inout: Collection[str] = (),
        **options: object,
    ) -> None:
        self.names = list(inspect.signature(function).parameters)
        self.signature, self.out, self.inout = signature, out, inout
        self._compile = functools.partial(compile_ptx, function, signature, **options)
        self.kernel = parse(self._compile())

    def launch(self, grid, block, *arguments, **options: object) -> Counts:
        """Run it on NumPy arrays and numbers, as `kernel[grid, block](*arguments)` would.

        An array may also be given as In, Out or InOut, or as Rest. The options are those of
        `launch`.
        """
        if len(arguments) != len(self.names):
            raise InvalidLaunch(f"{len(arguments)} arguments for {', '.join(self.names)}")
        triples = zip(self.names, self.signature, arguments, strict=True)
        buffers = [self._argument(*triple) for triple in triples]
        try:
            return launch(self.kernel, grid, block, buffers, **options)
        except Fault as fault:
            raise self._located(fault, grid, block, buffers, **options) from None

    def _located(self, fault: Fault, *arguments, **options: object) -> Fault:
        """Return a fault with its line of Python.

        Knowing the lines costs an instruction now and then, so that they are compiled in only now.
        """
        try:
            launch(parse(self._compile(lines=True)), *arguments, **options)
        except type(fault) as located:
            return located
        return fault

    def _argument(self, name: str, kind, value) -> Buffer | np.generic:
        if isinstance(value, Buffer):
            return value
        first = 0
        if isinstance(value, Rest):
            value, first = value
        if not isinstance(value, np.ndarray):
            return numpy_support.as_dtype(kind).type(value)  # as Numba casts it
        if (value.dtype, value.ndim) != (numpy_support.as_dtype(kind.dtype), kind.ndim):
            raise InvalidLaunch(f"{name} is {value.dtype}, {value.ndim}-D: the kernel takes {kind}")
        way = Out if name in self.out else InOut if name in self.inout else In
        return way(value, name, first)


def compile_ptx(
    function: Callable, signature: tuple, lines: bool = False, **options: object
) -> str:
    """Return the PTX of a kernel; on request, with the lines of Python that it comes from."""
    with _pretended_device(lines), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Could not find source")  # of a function made by `exec`
        ptx, _ = cuda.compile(
            function, signature, cc=CAPABILITY, device=False, abi="numba", output="ptx",
            lineinfo=lines, **options,
        )  # fmt: skip
    return ptx


@contextlib.contextmanager
def _pretended_device(lines: bool) -> Iterator[None]:
    """Let Numba compile functions that a kernel calls: for which device, and with their lines."""
    device = SimpleNamespace(compute_capability=CAPABILITY)
    compile_device = CUDADispatcher.compile_device

    def with_lines(self, *args, **kwargs):
        self.targetoptions["lineinfo"] = lines
        return compile_device(self, *args, **kwargs)

    with (
        mock.patch("numba.cuda.dispatcher.get_current_device", return_value=device),
        mock.patch.object(CUDADispatcher, "compile_device", with_lines),
    ):
        yield
