"""What the CUDA kernels execute and move at AlexNet's shapes, counted by the PTX emulator.

    python tests/cuda_counts.py

prints a row for every kernel. Instructions are those of PTX, 32 for each that a warp issues. Bytes
are those of the sectors that were touched, each way once: what a cache that loses nothing moves
between memory and the GPU. Sectors a request: 4 are the fewest for 32 floats side by side.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from cuda_in_ptx import kernels_in_ptx
from ptx.counts import Counts

from minialex.kernels.cuda import KERNELS, im2col, ladder, lrn, pool, relu, sgd
from minialex.shapes import window_geometry

LRN = (5, 2.0, 1e-4, 0.75, 1)
POOL = window_geometry((27, 27), (3, 3), (2, 2))
WINDOWS = window_geometry((15, 15), (5, 5), (1, 1))  # conv2's kernels


@dataclass(frozen=True)
class Row:
    """The counts of one launch; an element is one number of `of`."""

    counts: Counts
    of: str
    elements: int

    @property
    def instructions(self) -> float:
        return self.counts.instructions() / self.elements

    @property
    def bytes(self) -> float:
        return self.counts.bytes_moved() / self.elements


def floats(*shape: int) -> np.ndarray:
    return np.random.default_rng(2012).standard_normal(shape).astype("float32")


def lrn_forward(launch: Callable = lrn.forward) -> tuple[str, int]:
    x = floats(1, 27, 27, 96)
    launch(x, np.empty_like(x), *LRN)
    return "x", x.size


def lrn_backward() -> tuple[str, int]:
    x = floats(1, 27, 27, 96)
    lrn.backward(x, x + 1, np.empty_like(x), *LRN)
    return "x", x.size


def pool_forward() -> tuple[str, int]:
    x, y, index = _pooled()
    pool.forward(x, y, index, POOL, slice(0, len(y[0])))
    return "y", y.size


def pool_backward(launch: Callable = pool.backward, *rows: slice) -> tuple[str, int]:
    x, y, index = _pooled()
    with kernels_in_ptx():
        pool.forward(x, y, index, POOL, slice(0, len(y[0])))
    launch(y, index, x, POOL, *rows)
    return "x", x.size


def im2col_forward() -> tuple[str, int]:
    x, cols = _windows()
    im2col.forward(x, cols, WINDOWS)
    return "cols", cols.size


def im2col_backward() -> tuple[str, int]:
    x, cols = _windows()
    im2col.backward(cols, x, WINDOWS)
    return "cols", cols.size


def relu_backward() -> tuple[str, int]:
    x = floats(1, 27, 27, 96)
    relu.backward(x, x + 1, np.empty_like(x))
    return "x", x.size


def relu_add_bias() -> tuple[str, int]:
    y = floats(27 * 27, 96)
    relu.add_bias(y, floats(96), True)
    return "y", y.size


def sgd_update() -> tuple[str, int]:
    w = floats(48 * 1024)
    sgd.update(w, w + 1, w + 2, 0.01, 0.9, 5e-4)
    return "w", w.size


def _pooled() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y = np.empty((1, *POOL.out, 96), "float32")
    return floats(1, 27, 27, 96), y, np.empty(y.shape, "uint8")


def _windows() -> tuple[np.ndarray, np.ndarray]:
    return floats(2, 15, 15, 48), floats(2, *WINDOWS.out, 5, 5, 48)


LAUNCHES = {
    "lrn.forward": lrn_forward,
    "lrn.forward_v1": functools.partial(lrn_forward, ladder.lrn_forward_by_pixel),
    "lrn.backward": lrn_backward,
    "pool.forward": pool_forward,
    "pool.backward": functools.partial(pool_backward, pool.backward, slice(0, POOL.out[0])),
    "pool.backward_v1": functools.partial(pool_backward, ladder.pool_backward_by_scattering),
    "im2col.forward": im2col_forward,
    "im2col.backward": im2col_backward,
    "relu.backward": relu_backward,
    "relu.add_bias": relu_add_bias,
    "sgd.update": sgd_update,
}


@functools.cache
def row(name: str) -> Row:
    """Return what one kernel of KERNELS does."""
    with kernels_in_ptx() as counts:
        of, elements = LAUNCHES[name]()
    return Row(counts[-1], of, elements)


def table() -> str:
    """Return a row for every kernel."""
    lines = [f"{'kernel':17} {'per':5} {'instructions':>12} {'bytes':>6}  sectors a request"]
    for name in KERNELS:
        found = row(name)
        ways = (("load", found.counts.loads), ("store", found.counts.stores))
        sectors = [
            f"{verb} {array} {traffic.sectors_per_request():.1f}"
            for verb, way in ways
            for array, traffic in way.items()
            if not traffic.passes
        ]
        passes = [
            f"{verb} shared {traffic.passes_per_request():.1f} passes"
            for verb, way in ways
            for traffic in way.values()
            if traffic.passes
        ]
        lines.append(
            f"{name:17} {found.of:5} {found.instructions:12.1f} {found.bytes:6.1f}  "
            + ", ".join(sectors + passes)
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
