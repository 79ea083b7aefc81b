"""Comparisons of CUDA kernels with their references, for whatever takes the place of a GPU."""

from types import ModuleType

import numpy as np

from minialex.kernels.cuda import lrn, pool
from minialex.layers.lrn import lrn_backward, lrn_forward
from minialex.layers.pool import maxpool_backward, maxpool_forward
from minialex.shapes import Geometry
from minialex.strategies import distinct_array

PICTURES = (64, 1024, 1024, 128)  # 2^33 numbers, 32 GiB: of these, only the last ever exist


def floats(shape, seed, odd: float | None = None) -> np.ndarray:
    """Return a float32 array, some entries of which are `odd`."""
    rng = np.random.default_rng(seed)
    x = distinct_array(shape, rng, "float32")
    return x if odd is None else np.where(rng.random(shape) < 0.2, np.float32(odd), x)


def empty(shape, dtype="float32") -> np.ndarray:
    """Return an array in which what nobody wrote is seen."""
    return np.full(shape, 123, dtype)


def assert_close(found, expected, tolerance: float = 0.0) -> None:
    """Assert equality, NaN and infinities included; tolerance: of the largest number."""
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=0)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale)


def geometry_of(case) -> Geometry:
    """Return a drawn case as kernels take it."""
    return Geometry(case.kernels, case.strides, case.padding, case.output_shape[1:3])


# Each of these runs one kernel of a file: the real one, or a copy with a fault.


def check_lrn_forward(x, constants, kernels: ModuleType = lrn) -> None:
    """constants: (n, k, c, beta, groups)."""
    y, expected = empty(x.shape), empty(x.shape)
    with np.errstate(all="ignore"):
        lrn_forward.reference(x, expected, *constants)
    kernels.forward(x, y, *constants)
    assert_close(y, expected, 1e-5)


def check_lrn_backward(x, gy, constants, kernels: ModuleType = lrn) -> None:
    """constants: (n, k, c, beta, groups)."""
    gx, expected = empty(x.shape), empty(x.shape)
    with np.errstate(all="ignore"):
        lrn_backward.reference(x, gy, expected, *constants)
    kernels.backward(x, gy, gx, *constants)
    assert_close(gx, expected, 1e-5)


def check_pool_forward(x, geometry, step: int, kernels: ModuleType = pool) -> None:
    """Write `step` output rows at a time, as the layer cuts large pictures."""
    shape = (len(x), *geometry.out, x.shape[3])
    y, index = empty(shape), empty(shape, "uint8")
    expected, expected_index = y.copy(), index.copy()
    for rows, part in _parts(geometry, step):
        maxpool_forward.reference(x, expected[part], expected_index[part], geometry, rows)
        kernels.forward(x, y[part], index[part], geometry, rows)
    assert_close(y, expected)
    np.testing.assert_array_equal(index, expected_index)


def check_pool_backward(x, gy, geometry, step: int, kernels: ModuleType = pool) -> None:
    """Read `step` rows of gy at a time, as the layer cuts large pictures."""
    y, index, gx, expected = empty(gy.shape), empty(gy.shape, "u1"), empty(x.shape), empty(x.shape)
    for rows, part in _parts(geometry, step):
        maxpool_forward.reference(x, y[part], index[part], geometry, rows)
        maxpool_backward.reference(gy[part], index[part], expected, geometry, rows)
        kernels.backward(gy[part], index[part], gx, geometry, rows)
    assert_close(gx, expected, 1e-6)


def _parts(geometry: Geometry, step: int) -> list[tuple[slice, tuple[slice, slice]]]:
    """Return (rows, what they are in an array) of every part; of one picture, if there are more."""
    ends = [slice(i, min(i + step, geometry.out[0])) for i in range(0, geometry.out[0], step)]
    return [(rows, (slice(None), rows)) for rows in ends]
