"""Runs a CUDA kernel on a CPU, as the only thread of its grid and with every index checked.

A kernel learns where it stands from `cuda`, a global name of its file. Here this name, and each
function that the kernel calls, is exchanged for one that `njit` can compile. What is left of a
grid is a single thread, whose loops cover everything. Shared and local arrays start as NaN.
"""

import contextlib
import functools
from collections import namedtuple
from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from unittest import mock

import numpy as np
from numba import njit

from minialex.kernels.cuda import launch

Three = namedtuple("Three", "x y z")
compiled = njit(boundscheck=True, error_model="numpy")


def module(name: str, **names) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(names)
    return made


@compiled
def _array(size, dtype):
    return np.full(size, np.nan, np.float32)


@compiled
def _nothing_to_wait_for():
    pass


ONE_THREAD = module(
    "cuda",
    threadIdx=Three(0, 0, 0),
    blockIdx=Three(0, 0, 0),
    blockDim=Three(1, 1, 1),
    gridDim=Three(1, 1, 1),
    syncthreads=_nothing_to_wait_for,
    shared=module("shared", array=_array),
    local=module("local", array=_array),
)


@functools.cache
def on_cpu(function: FunctionType) -> Callable:
    """Return a kernel's function, or one that it calls, compiled for one thread of a CPU."""
    names = dict(function.__globals__)
    for name in function.__code__.co_names:
        value = names.get(name)
        if isinstance(value, FunctionType):
            names[name] = on_cpu(value)
        elif name == "cuda":
            names[name] = ONE_THREAD
    return compiled(FunctionType(function.__code__, names, function.__name__))


def run(kernel, constants, grid, block, args) -> None:
    """Take the place of `launch.run`: a team of one thread has all channels."""
    alone = constants | {"lanes": 1} if "lanes" in constants else constants
    on_cpu(kernel.function)(*args, **alone)


@contextlib.contextmanager
def kernels_on_cpu() -> Iterator[None]:
    """Within it, what would be launched on a GPU runs here."""
    with mock.patch.object(launch, "run", run):
        yield
