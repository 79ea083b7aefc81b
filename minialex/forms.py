"""Which form of a hot path runs: the reference that a reader sees, or the kernel equal to it::

    @has_kernel("lrn.forward")
    def lrn_forward(x, y, ...):
        ...                          # array-module code: what the course prints

Calling `lrn_forward` runs `minialex.kernels.lrn.forward`, which takes the same arguments, on real
NumPy arrays where Numba is installed, and `minialex.kernels.cuda.lrn.forward` on CuPy arrays where
numba-cuda is. A kernel that has no form for its arguments returns NotImplemented, and the reference
runs. `lrn_forward.reference` is always the code that stands there. MINIALEX_KERNELS=reference, or
`with use("reference")`, turns all kernels off.
"""

import contextlib
import contextvars
import functools
import importlib
import os
from collections.abc import Callable, Iterator

import numpy as np

from minialex.backend import Array, xp_of
from minialex.errors import InputError

_chosen: contextvars.ContextVar[str | None] = contextvars.ContextVar("form", default=None)


def has_kernel(path: str, cpu: bool = True) -> Callable[[Callable], "Dispatched"]:
    """Mark a reference whose kernel is `minialex.kernels.<path>`, on a GPU that of `kernels.cuda`.

    The first argument decides. Without `cpu` there is one for a GPU only.
    """
    return lambda reference: Dispatched(reference, path, cpu)


class Dispatched:
    """A reference function and the kernels that may run in its place."""

    def __init__(self, reference: Callable, path: str, cpu: bool = True) -> None:
        functools.update_wrapper(self, reference)
        self.reference = reference
        self.path, self.cpu = path, cpu

    def __call__(self, x: Array, *args) -> None:
        function = self.kernel_for(x)
        if function is None or function(x, *args) is NotImplemented:
            self.reference(x, *args)

    def kernel_for(self, x: Array) -> Callable | None:
        """Return the kernel for arrays like x, or None where the reference runs."""
        if xp_of(x) is not np:
            return None if choice() == "reference" else load(f"cuda.{self.path}")
        return self.kernel() if x.dtype.kind == "f" else None  # the gradient checker has complex

    def kernel(self) -> Callable | None:
        """Return the CPU kernel, or None where the reference runs."""
        return None if choice() == "reference" or not self.cpu else load(self.path)

    def form(self) -> str:
        """Return the name of what runs on NumPy arrays, as `summary` prints it."""
        return f"kernels/{self.path.split('.')[0]}.py" if self.kernel() else "NumPy"


def choice() -> str:
    """Return "kernels" or "reference".

    Raises
    ------
    InputError
        MINIALEX_KERNELS is something else.
    """
    chosen = _chosen.get() or os.environ.get("MINIALEX_KERNELS") or "kernels"
    if chosen not in ("kernels", "reference"):
        raise InputError(f'MINIALEX_KERNELS={chosen!r}: use "reference", or unset it for kernels')
    return chosen


@contextlib.contextmanager
def use(form: str) -> Iterator[None]:
    """Run the body, in this thread, with "kernels" or "reference"."""
    before = _chosen.set(form)
    try:
        yield
    finally:
        _chosen.reset(before)


@functools.cache
def load(path: str) -> Callable | None:
    """Return the kernel `lrn.forward` of minialex/kernels/lrn.py; None where Numba is missing.

    `cuda.lrn.forward` is that of kernels/cuda/lrn.py, and needs numba-cuda.

    Raises
    ------
    RuntimeError
        Numba is there, but the kernel cannot be loaded.
    """
    module, function = path.rsplit(".", 1)
    try:
        return getattr(importlib.import_module(f"minialex.kernels.{module}"), function)
    except ModuleNotFoundError as error:
        if error.name in ("numba", "numba_cuda"):
            return None
        raise
    except Exception as error:
        raise RuntimeError(
            f"the kernel {path} could not be loaded ({error}). Set NUMBA_CACHE_DIR to a folder "
            "that can be written, or MINIALEX_KERNELS=reference to work without kernels."
        ) from error
