"""What each CUDA kernel is timed on: AlexNet's layers, and the bytes that must move."""

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from minialex.backend import Array
from minialex.errors import InputError
from minialex.forms import load
from minialex.shapes import window_geometry

BATCH = 128
MAP = (55, 55, 96)  # behind conv1; larger than any GPU's cache, as are all arrays here
LRN = 5, 2.0, 1e-4, 0.75, 1  # n, k, c, beta, groups
POOL = window_geometry(MAP[:2], (3, 3), (2, 2))
CONV2 = window_geometry((31, 31), (5, 5), (1, 1))  # of a padded picture, 48 channels for each tower
FC6 = 9216 * 4096  # weights


class Case(NamedTuple):
    """A launch, and the bytes that it must move; an array that it changes counts twice."""

    launch: Callable[[], None]
    bytes: int


def kernel(path: str) -> Callable:
    """Return a launcher: "lrn.forward" is that of kernels/cuda/lrn.py.

    Raises
    ------
    InputError
        numba-cuda is not installed.
    """
    found = load(f"cuda.{path}")
    if found is None:
        raise InputError(
            "the CUDA kernels need numba-cuda, which is not installed: pip install "
            "'minialex[cuda13]', or 'minialex[cuda12]' where the driver is older"
        )
    return found


def lrn_forward(xp: Any, batch: int) -> Case:
    x, y = _floats(xp, 2, (batch, *MAP))
    launch = partial(kernel("lrn.forward"), x, y, *LRN)
    return Case(launch, _bytes(x, y))


def lrn_backward(xp: Any, batch: int) -> Case:
    x, gy, gx = _floats(xp, 3, (batch, *MAP))
    launch = partial(kernel("lrn.backward"), x, gy, gx, *LRN)
    return Case(launch, _bytes(x, gy, gx))


def pool_forward(xp: Any, batch: int) -> Case:
    x, y, index, rows = _pooled(xp, batch)
    launch = partial(kernel("pool.forward"), x, y, index, POOL, rows)
    return Case(launch, _bytes(x, y, index))


def pool_backward(xp: Any, batch: int) -> Case:
    gx, gy, index, rows = _pooled(xp, batch)
    kernel("pool.forward")(gx, gy, index, POOL, rows)
    launch = partial(kernel("pool.backward"), gy, index, gx, POOL, rows)
    return Case(launch, _bytes(gy, index, gx))


def im2col_forward(xp: Any, batch: int) -> Case:
    x, cols = _windows(xp, batch)
    launch = partial(kernel("im2col.forward"), x, cols, CONV2)
    return Case(launch, _bytes(x, cols))


def im2col_backward(xp: Any, batch: int) -> Case:
    gx, gcols = _windows(xp, batch)
    launch = partial(kernel("im2col.backward"), gcols, gx, CONV2)
    return Case(launch, _bytes(gcols, gx, gx))


def relu_backward(xp: Any, batch: int) -> Case:
    gy, y, gx = _floats(xp, 3, (batch, *MAP))
    launch = partial(kernel("relu.backward"), gy, y, gx)
    return Case(launch, _bytes(gy, y, gx))


def relu_add_bias(xp: Any, batch: int) -> Case:
    (y,) = _floats(xp, 1, (batch * MAP[0] * MAP[1], MAP[2]))
    b = y[0].copy()
    launch = partial(kernel("relu.add_bias"), y, b, True)
    return Case(launch, _bytes(y, y, b))


def sgd_update(xp: Any, batch: int) -> Case:
    w, v, g = _floats(xp, 3, (FC6 * batch // BATCH,))
    launch = partial(kernel("sgd.update"), w, v, g, 1e-6, 0.9, 5e-4)
    return Case(launch, _bytes(w, w, v, v, g))


CASES: dict[str, Callable[[Any, int], Case]] = {
    "lrn.forward": lrn_forward,
    "lrn.backward": lrn_backward,
    "pool.forward": pool_forward,
    "pool.backward": pool_backward,
    "im2col.forward": im2col_forward,
    "im2col.backward": im2col_backward,
    "relu.backward": relu_backward,
    "relu.add_bias": relu_add_bias,
    "sgd.update": sgd_update,
}


def _floats(xp: Any, count: int, shape: tuple[int, ...]) -> list[Array]:
    """Return arrays that differ from number to number, so that maxima are spread."""
    wave = xp.sin(xp.arange(math.prod(shape), dtype=xp.float32)).reshape(shape)
    return [wave.copy() for _ in range(count)]


def _pooled(xp: Any, batch: int) -> tuple[Array, Array, Array, slice]:
    shape = (batch, *POOL.out, MAP[2])
    (x,) = _floats(xp, 1, (batch, *MAP))
    return x, xp.zeros(shape, xp.float32), xp.zeros(shape, xp.uint8), slice(0, POOL.out[0])


def _windows(xp: Any, batch: int) -> tuple[Array, Array]:
    batch = max(1, batch // 4)  # `cols` is 25 times as large as x
    (x,) = _floats(xp, 1, (batch, 31, 31, 48))
    return x, xp.zeros((batch, *CONV2.out, 5, 5, 48), xp.float32)


def _bytes(*arrays: Array) -> int:
    return sum(a.nbytes for a in arrays)
