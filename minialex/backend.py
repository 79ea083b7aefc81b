"""The one switch between NumPy and CuPy, and the one place where arrays cross between the two.

An array lives on the "cpu" or on a GPU, "cuda:0", "cuda:1" and so on; "cuda" is the first one. All
other code computes where its arrays are, and asks here for everything that goes from one side to
the other. A GPU works behind the program's back: only `to_host` waits for it.
"""

import sys
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any

import numpy as np

from minialex import gpu

Array = Any  # a numpy.ndarray or a cupy.ndarray
STREAMS = 1 << 16  # independent sequences of random numbers: as many threads of a GPU draw at once


def xp_of(x: Array) -> ModuleType:
    """Return the module whose arrays `x` belongs to: `cupy` for an array on a GPU, else `numpy`.

    CuPy is never imported here: an array of it can exist only after the caller imported it.
    """
    cupy = sys.modules.get("cupy")
    return cupy if cupy is not None and isinstance(x, cupy.ndarray) else np


def device_of(x: Array) -> str:
    """Return where an array lives: "cpu", "cuda:0", "cuda:1", ..."""
    return "cpu" if xp_of(x) is np else f"cuda:{x.device.id}"


def current_device() -> str:
    """Return the GPU that CuPy works on in this thread, "cuda:0" and so on."""
    return f"cuda:{sys.modules['cupy'].cuda.runtime.getDevice()}"


def device(name: str) -> AbstractContextManager:
    """Return a context in which CuPy makes its arrays on this device; for "cpu" it does nothing.

    Raises
    ------
    InputError
        There is no such device, or it cannot be used: the message says what is missing.
    MemoryError
        From the body: the device has no room left.
    """
    return nullcontext() if name == "cpu" else gpu.on(gpu.device(name))


def to_device(array: Array, name: str) -> Array:
    """Return a host array on a device; on the "cpu" it is the same array.

    The copy to a GPU is queued behind the work that it has, and not waited for. Do not change a
    `pinned` array afterwards: the GPU may not have read it yet.
    """
    with device(name):
        return array if name == "cpu" else sys.modules["cupy"].asarray(array)


def to_host(array: Array) -> np.ndarray:
    """Return an array on the host, once the GPU has computed it; a host array as it is."""
    return array if xp_of(array) is np else array.get()


def pinned(array: np.ndarray, name: str) -> np.ndarray:
    """Return a copy that a GPU can fetch by itself, in memory that cannot be moved to disk.

    For the "cpu" it is the same array.
    """
    if name == "cpu":
        return array
    with device(name):
        from cupyx import empty_pinned

        copy = empty_pinned(array.shape, array.dtype)
    copy[...] = array
    return copy


def sum_of_rows(a: Array) -> Array:
    """Return a.sum(axis=0) of a matrix, as a product: CuPy's own sum of columns is far slower."""
    return xp_of(a).ones(len(a), a.dtype) @ a


def random(rng: np.random.Generator, shape: tuple[int, ...], like: Array) -> Array:
    """Return random float32 from [0, 1) where `like` lives.

    A GPU draws its own numbers, from a seed that `rng` gives: the state of `rng`, which is on the
    host and in every checkpoint, decides them all the same.
    """
    xp = xp_of(like)
    if xp is np:
        return rng.random(shape, dtype=np.float32)
    bits = xp.random.Philox4x3210(int(rng.integers(1 << 32)), size=STREAMS)
    return xp.random.Generator(bits).random(shape, dtype=np.float32)
