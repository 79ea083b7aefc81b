"""The CUDA kernels equal their references: each runs on a CPU, as one thread, with checked indices.

What this cannot see, such as two threads in each other's way, is looked for in the code that is
compiled for a GPU: test_cuda_ptx.py.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minialex.strategies import (
    batches,
    conv_geometry,
    distinct_array,
    lrn_geometry,
    pool_geometry,
    seeds,
)

pytest.importorskip("numba_cuda", reason="pip install -e '.[gpucheck]' for the CUDA kernels")

from cuda_on_cpu import kernels_on_cpu, on_cpu
from numba import cuda

from minialex import windows
from minialex.kernels.cuda import KERNELS, im2col, ladder, launch, lrn, pool, relu, sgd
from minialex.layers.lrn import lrn_backward, lrn_forward
from minialex.layers.pool import maxpool_backward, maxpool_forward
from minialex.layers.relu import add_bias, relu_backward
from minialex.optim import sgd_update
from minialex.shapes import Geometry

ODD_VALUES = [None, np.nan, np.inf, -np.inf, 0.0]


@pytest.fixture(autouse=True)
def _no_gpu():
    with kernels_on_cpu(), np.errstate(all="ignore"):
        yield


def floats(shape, seed, odd: float | None = None) -> np.ndarray:
    """Return a float32 array, some entries of which are `odd`."""
    rng = np.random.default_rng(seed)
    x = distinct_array(shape, rng, "float32")
    return x if odd is None else np.where(rng.random(shape) < 0.2, np.float32(odd), x)


def empty(shape, dtype="float32") -> np.ndarray:
    """Return an array in which what nobody wrote is seen."""
    return np.full(shape, 123, dtype)


def assert_same(found, expected, tolerance=0.0) -> None:
    scale = np.abs(expected[np.isfinite(expected)]).max(initial=0)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale)


def geometry_of(case) -> Geometry:
    return Geometry(case.kernels, case.strides, case.padding, case.output_shape[1:3])


# Local response normalisation ------------------------------------------------------------------


def check_lrn(x, gy, constants) -> None:
    y, expected = empty(x.shape), empty(x.shape)
    lrn_forward.reference(x, expected, *constants)
    for forward in (lrn.forward, ladder.lrn_forward_by_pixel):
        y = empty(x.shape)
        assert forward(x, y, *constants) is None
        assert_same(y, expected, 1e-5)
    gx = empty(x.shape)
    lrn_backward.reference(x, gy, expected, *constants)
    assert lrn.backward(x, gy, gx, *constants) is None
    assert_same(gx, expected, 1e-5)


@given(case=lrn_geometry(batch=batches(1)), seed=seeds(), odd=st.sampled_from(ODD_VALUES))
def test_lrn(case, seed, odd):
    c = case.alpha / case.n if case.alpha_over_n else case.alpha
    x, gy = floats(case.shape, seed, odd), floats(case.shape, seed + 1)
    check_lrn(x, gy, (case.n, case.k, c, case.beta, case.groups))


def test_lrn_where_a_square_overflows():
    """The reference gives 0 there, as s^-beta is; 0 / 0 would be a NaN in every later layer."""
    x = np.array([[1e30, 1.0, 2.0, 3.0]], "float32")
    check_lrn(x, np.ones_like(x), (3, 2.0, 0.5, 0.75, 1))


@pytest.mark.parametrize(("channels", "groups"), [(96, 1), (256, 2)])
def test_lrn_at_alexnets_shapes(channels, groups):
    shape = (8, 55, 55, 96) if groups == 1 else (2, 27, 27, channels)
    check_lrn(floats(shape, 1), floats(shape, 2), (5, 2.0, 1e-4, 0.75, groups))


def test_lrn_leaves_pixels_too_wide_for_shared_memory_to_the_reference():
    x = floats((1, 1, 1, lrn.PIXELS), 1)
    assert lrn.forward(x, x.copy(), 2, 2.0, 1e-4, 0.75, 1) is None
    assert lrn.backward(x, x, x.copy(), 1, 2.0, 1e-4, 0.75, 1) is None
    assert lrn.backward(x, x, x.copy(), 2, 2.0, 1e-4, 0.75, 1) is NotImplemented


# Pooling ---------------------------------------------------------------------------------------


def check_pool(x, geometry, seed, blocks=1) -> None:
    """Compare both passes; `blocks` of output rows, as the layer cuts large pictures."""
    batch, _, _, channels = x.shape
    out_height, out_width = geometry.out
    shape = (batch, out_height, out_width, channels)
    y, index, gx = empty(shape), empty(shape, "uint8"), empty(x.shape)
    expected_y, expected_index, expected_gx = y.copy(), index.copy(), gx.copy()
    gy = floats(shape, seed)
    step = -(-out_height // blocks)
    for start in range(0, out_height, step):
        rows = slice(start, min(start + step, out_height))
        part = (slice(None), rows)
        maxpool_forward.reference(x, expected_y[part], expected_index[part], geometry, rows)
        assert pool.forward(x, y[part], index[part], geometry, rows) is None
        maxpool_backward.reference(gy[part], expected_index[part], expected_gx, geometry, rows)
        assert pool.backward(gy[part], index[part], gx, geometry, rows) is None
    assert_same(y, expected_y)
    np.testing.assert_array_equal(index, expected_index)
    assert_same(gx, expected_gx, 1e-6)
    gx = empty(x.shape)
    ladder.pool_backward_by_scattering(gy, index, gx, geometry)
    assert_same(gx, expected_gx, 1e-6)


@given(case=pool_geometry(batch=batches(1)), seed=seeds(), odd=st.sampled_from(ODD_VALUES))
def test_pooling(case, seed, odd):
    check_pool(floats(case.shape, seed, odd), geometry_of(case), seed)


@given(case=pool_geometry(batch=st.just(1)), seed=seeds(), blocks=st.integers(2, 4))
def test_pooling_by_blocks_of_rows(case, seed, blocks):
    check_pool(floats(case.shape, seed), geometry_of(case), seed, blocks)


@given(case=pool_geometry(batch=batches(1)), seed=seeds())
def test_pooling_of_equal_numbers(case, seed):
    """The first maximum wins, and the first pixel where all of them are minus infinity."""
    for value in (0, -np.inf, np.nan):
        x = np.where(floats(case.shape, seed) > 0, 1, value).astype("float32")
        check_pool(x, geometry_of(case), seed)


@pytest.mark.parametrize("size", [55, 27, 13])
def test_pooling_at_alexnets_shapes(size):
    out = (size - 3) // 2 + 1
    geometry = Geometry((3, 3), (2, 2), (0, 0, 0, 0), (out, out))
    check_pool(floats((2, size, size, 96 if size == 55 else 256), 1), geometry, 2)


def test_pooling_leaves_large_windows_to_the_reference():
    x = floats((1, 17, 17, 3), 1)
    geometry = Geometry((17, 17), (1, 1), (0, 0, 0, 0), (1, 1))
    y, index = empty((1, 1, 1, 3)), empty((1, 1, 1, 3), "int32")
    assert pool.forward(x, y, index, geometry, slice(0, 1)) is NotImplemented
    assert pool.backward(y, index, x, geometry, slice(0, 1)) is NotImplemented


# Windows into rows, and back -------------------------------------------------------------------


def check_im2col(x, geometry, shape, seed) -> None:
    """x: the padded picture or a view of some channels; shape: of cols, as a view."""
    for transposed in (False, True):  # the tiles of Winograd's algorithm lie the other way round
        axes = (3, 4, 0, 1, 2, 5) if transposed else range(6)
        back = np.argsort(axes)
        cols = empty([shape[axis] for axis in axes]).transpose(back)
        assert im2col.forward(x, cols, geometry) is None
        assert_same(cols, windows.windows(x, geometry))
        gcols = floats([shape[axis] for axis in axes], seed).transpose(back)
        gx, expected = (np.ones((*x.shape[:3], x.shape[3] + 2), "float32") for _ in range(2))
        windows.add_windows.reference(gcols, expected[..., 1:-1], geometry)
        assert im2col.backward(gcols, gx[..., 1:-1], geometry) is None
        assert_same(gx, expected, 1e-5)


@given(case=conv_geometry(batch=batches(1)), seed=seeds())
def test_im2col(case, seed):
    geometry, (top, bottom, left, right) = geometry_of(case), case.padding
    x = np.pad(floats(case.shape, seed), [(0, 0), (top, bottom), (left, right), (0, 0)])
    (kh, kw), (out_height, out_width) = geometry.kernel, geometry.out
    channels = case.channels // case.groups
    shape = (case.batch, out_height, out_width, kh, kw)
    check_im2col(x, geometry, (*shape, case.channels), seed)
    check_im2col(x[..., -channels:], geometry, (*shape, channels), seed)


@pytest.mark.parametrize(("size", "channels", "kernel", "stride"), [(63, 3, 11, 4), (31, 48, 5, 1)])
def test_im2col_at_alexnets_kernels(size, channels, kernel, stride):
    out = (size - kernel) // stride + 1
    geometry = Geometry((kernel, kernel), (stride, stride), (0, 0, 0, 0), (out, out))
    x = floats((2, size, size, channels), 1)
    check_im2col(x, geometry, (2, out, out, kernel, kernel, channels), 2)


# One number at a time --------------------------------------------------------------------------


@given(size=st.integers(0, 40), seed=seeds(), odd=st.sampled_from(ODD_VALUES))
def test_sgd(size, seed, odd):
    found = [floats((size,), seed + i, odd if i == 2 else None) for i in range(3)]
    expected = [a.copy() for a in found]
    assert sgd.update(*found, 0.1, 0.9, 0.01) is None
    sgd_update.reference(*expected, 0.1, 0.9, 0.01)
    for a, b in zip(found, expected, strict=True):
        assert_same(a, b, 1e-6)


@given(size=st.integers(0, 40), seed=seeds(), odd=st.sampled_from(ODD_VALUES))
def test_relu(size, seed, odd):
    gy, y, gx = floats((size, 3), seed, odd), floats((size, 3), seed + 1, odd), empty((size, 3))
    expected = gx.copy()
    assert relu.backward(gy, y, gx) is None
    relu_backward.reference(gy, y, expected)
    assert_same(gx, expected)


@given(
    rows=st.integers(0, 9),
    filters=st.integers(1, 40),
    rectify=st.booleans(),
    seed=seeds(),
    odd=st.sampled_from(ODD_VALUES),
)
def test_bias_and_relu(rows, filters, rectify, seed, odd):
    y, b = floats((rows, filters), seed, odd), floats((filters,), seed + 1)
    expected = y.copy()
    assert relu.add_bias(y, b, rectify) is None
    add_bias.reference(expected, b, rectify)
    assert_same(y, expected, 1e-6)


def test_a_nan_stays_where_negative_numbers_go():
    y = np.array([[np.nan, -1, 2, -np.inf, np.inf]], "float32")
    relu.add_bias(y, np.zeros(5, "float32"), True)
    np.testing.assert_array_equal(y, np.array([[np.nan, 0, 2, 0, np.inf]], "float32"))


# What surrounds them ---------------------------------------------------------------------------


def test_other_arrays_are_left_to_the_reference():
    wide, narrow = np.ones((1, 4, 4, 2)), floats((1, 4, 4, 2), 1)[:, :, :, ::2]
    geometry = Geometry((1, 1), (1, 1), (0, 0, 0, 0), (4, 4))
    for x in (wide, narrow):
        index, rows = np.zeros(x.shape, "uint8"), slice(0, 4)
        cols = x[:, :, :, None, None]
        assert lrn.forward(x, x, 5, 2.0, 1.0, 0.75, 1) is NotImplemented
        assert lrn.backward(x, x, x, 5, 2.0, 1.0, 0.75, 1) is NotImplemented
        assert pool.forward(x, x, index, geometry, rows) is NotImplemented
        assert pool.backward(x, index, x, geometry, rows) is NotImplemented
        assert im2col.forward(x, cols, geometry) is NotImplemented
        assert im2col.backward(cols, x, geometry) is NotImplemented
        assert relu.backward(x, x, x) is NotImplemented
        assert relu.add_bias(x[0, 0], x[0, 0, 0], True) is NotImplemented
        assert sgd.update(x[0, 0, :, 0], x[0, 0, :, 0], x[0, 0, :, 0], 1, 1, 1) is NotImplemented


def test_empty_batches_launch_nothing(monkeypatch):
    monkeypatch.setattr(launch, "run", None)
    x, index, rows = floats((0, 4, 4, 2), 1), empty((0, 4, 4, 2), "uint8"), slice(0, 4)
    geometry = Geometry((1, 1), (1, 1), (0, 0, 0, 0), (4, 4))
    lrn.forward(x, x, 5, 2.0, 1.0, 0.75, 1)
    lrn.backward(x, x, x, 5, 2.0, 1.0, 0.75, 1)
    pool.forward(x, x, index, geometry, rows)
    pool.backward(x, index, x, geometry, rows)
    im2col.forward(x, x[:, :, :, None, None], geometry)
    im2col.backward(x[:, :, :, None, None], x, geometry)
    relu.backward(x, x, x)
    relu.add_bias(x.reshape(0, 2), floats((2,), 1), True)
    sgd.update(x.reshape(-1), x.reshape(-1), x.reshape(-1), 1, 1, 1)


@given(
    lanes=st.integers(1, launch.THREADS),
    pixels=st.integers(1, 2**40),
    images=st.integers(1, 2**17),
    most=st.integers(1, launch.THREADS),
)
def test_grids_can_be_launched_and_no_pixel_is_left_out(lanes, pixels, images, most):
    (blocks, rows), (width, teams) = launch.grid_of_teams(lanes, pixels, images, most)
    assert width == lanes
    assert 1 <= teams <= most
    assert lanes * teams <= launch.THREADS
    assert 1 <= rows <= min(images, 65535)
    assert blocks * teams >= pixels or blocks == launch.BLOCKS


@given(channels=st.integers(1, 5000))
def test_lanes_have_four_channels_each(channels):
    lanes = launch.lanes_for(channels)
    assert 1 <= lanes <= launch.THREADS
    assert channels > launch.THREADS * 4 or -(-channels // lanes) <= 4
    if channels > 8:
        assert -(-channels // lanes) * lanes - channels < -(-channels // lanes) + 3  # few are idle


def test_scalars_arrive_as_the_signature_says(monkeypatch):
    """A Python float would become float64: the one mistake that no result shows."""
    seen = []
    monkeypatch.setattr(
        launch, "run", lambda kernel, constants, grid, block, args: seen.extend(args)
    )
    x = floats((1, 2, 2, 8), 1)
    lrn.forward(x, x.copy(), 5, 2, 1e-4, 0.75, 1)
    kinds = [type(argument).__name__ for argument in seen[2:]]
    assert kinds == ["uint64", "float32", "float32", "float32"]


def test_constants_are_filled_in():
    kernel, constants = KERNELS["lrn.forward"]
    function = kernel.filled(**constants)
    parameters = function.__code__.co_varnames[: function.__code__.co_argcount]
    assert parameters == ("x", "y", "pixels", "k", "c", "beta")
    assert len(kernel.signature) == len(parameters)


def test_an_index_out_of_bounds_is_seen():
    @launch.kernel(launch.FLOATS, launch.U64)
    def one_too_many(x, size):
        i = np.uint64(cuda.threadIdx.x)
        while i <= size:
            x[i] = np.float32(0)
            i += np.uint64(1)

    with pytest.raises(IndexError):
        on_cpu(one_too_many.function)(floats((4,), 1), np.uint64(4))
