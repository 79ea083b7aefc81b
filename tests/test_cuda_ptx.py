"""The CUDA kernels, as Numba compiles them for a GPU, equal their references.

test_cuda_bodies.py runs the same functions as one thread. Here all threads of a grid run, in PTX.
What is out of bounds or misaligned, two threads at one place, barriers that not all reach, and
numbers that became float64 are errors (tests/ptx); approximations are as wrong as they may be.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba_cuda", reason="pip install -e '.[gpucheck]' for the CUDA kernels")

import cuda_counts
from cuda_checks import (
    assert_close,
    check_lrn_backward,
    check_lrn_forward,
    check_pool_backward,
    check_pool_forward,
    empty,
    floats,
    geometry_of,
)
from cuda_in_ptx import CHANGED, WRITTEN, kernels_in_ptx

from minialex import windows
from minialex.kernels.cuda import KERNELS, im2col, ladder, relu, sgd
from minialex.layers.lrn import lrn_forward
from minialex.layers.pool import maxpool_backward, maxpool_forward
from minialex.layers.relu import add_bias, relu_backward
from minialex.optim import sgd_update
from minialex.shapes import Geometry
from minialex.strategies import batches, conv_geometry, lrn_geometry, pool_geometry, seeds

ODD_VALUES = [None, np.nan, np.inf, -np.inf, 0.0]
# Threads of a block and blocks of a grid, at most: with few, every thread goes round its loops.
LIMITS = st.fixed_dictionaries(
    {"THREADS": st.sampled_from([8, 64, 256]), "BLOCKS": st.sampled_from([1, 3, 4096])}
)
# Sizes of windows are constants of a kernel: each example compiles its own.
few = settings(max_examples=settings.default.max_examples // 4)


@few
@given(
    case=lrn_geometry(batch=batches(1)),
    seed=seeds(),
    odd=st.sampled_from(ODD_VALUES),
    limits=LIMITS,
)
def test_lrn(case, seed, odd, limits):
    c = case.alpha / case.n if case.alpha_over_n else case.alpha
    x, gy = floats(case.shape, seed, odd), floats(case.shape, seed + 1)
    constants = (case.n, case.k, c, case.beta, case.groups)
    with kernels_in_ptx(**limits):
        check_lrn_forward(x, constants)
        check_lrn_backward(x, gy, constants)


@pytest.mark.parametrize(("channels", "groups"), [(96, 1), (96, 2), (130, 1)])
def test_lrn_with_the_channels_of_alexnet(channels, groups):
    x, gy = floats((2, 5, 7, channels), 1), floats((2, 5, 7, channels), 2)
    with kernels_in_ptx(BLOCKS=4):
        check_lrn_forward(x, (5, 2.0, 0.05, 0.75, groups))
        check_lrn_backward(x, gy, (5, 2.0, 0.05, 0.75, groups))


@few
@given(case=lrn_geometry(batch=batches(1)), seed=seeds(), limits=LIMITS)
def test_the_first_lrn_of_the_ladder(case, seed, limits):
    constants = (case.n, case.k, case.alpha, case.beta, case.groups)
    x, y, expected = floats(case.shape, seed), empty(case.shape), empty(case.shape)
    lrn_forward.reference(x, expected, *constants)
    with kernels_in_ptx(**limits):
        ladder.lrn_forward_by_pixel(x, y, *constants)
    assert_close(y, expected, 1e-5)


@few
@given(
    case=pool_geometry(batch=batches(1)),
    seed=seeds(),
    odd=st.sampled_from(ODD_VALUES),
    limits=LIMITS,
)
def test_pooling(case, seed, odd, limits):
    x, gy = floats(case.shape, seed, odd), floats(case.output_shape, seed + 1)
    with kernels_in_ptx(**limits):
        check_pool_forward(x, geometry_of(case), case.rows.output)
        check_pool_backward(x, gy, geometry_of(case), case.rows.output)


@few
@given(case=pool_geometry(batch=st.just(1)), seed=seeds(), step=st.integers(1, 3), limits=LIMITS)
def test_pooling_by_blocks_of_rows(case, seed, step, limits):
    x, gy = floats(case.shape, seed), floats(case.output_shape, seed + 1)
    with kernels_in_ptx(**limits):
        check_pool_forward(x, geometry_of(case), step)
        check_pool_backward(x, gy, geometry_of(case), step)


@pytest.mark.parametrize("channels", [96, 130])
def test_pooling_with_the_channels_of_alexnet(channels):
    geometry = Geometry((3, 3), (2, 2), (0, 0, 0, 0), (4, 3))
    x, gy = floats((3, 9, 8, channels), 1), floats((3, 4, 3, channels), 2)
    with kernels_in_ptx(BLOCKS=4):
        check_pool_forward(x, geometry, 4)
        check_pool_backward(x, gy, geometry, 4)


@given(case=pool_geometry(batch=batches(1)), seed=seeds(), limits=LIMITS)
def test_the_first_pooling_of_the_ladder(case, seed, limits):
    x, gy = floats(case.shape, seed), floats(case.output_shape, seed + 1)
    y, index = empty(gy.shape), empty(gy.shape, "uint8")
    gx, expected, geometry = empty(x.shape), empty(x.shape), geometry_of(case)
    rows = slice(0, gy.shape[1])
    maxpool_forward.reference(x, y, index, geometry, rows)
    maxpool_backward.reference(gy, index, expected, geometry, rows)
    with kernels_in_ptx(**limits):
        ladder.pool_backward_by_scattering(gy, index, gx, geometry)
    assert_close(gx, expected, 1e-6)


@given(case=conv_geometry(batch=batches(1)), seed=seeds(), transposed=st.booleans(), limits=LIMITS)
def test_windows_into_rows_and_back(case, seed, transposed, limits):
    """x and gx: some channels of a picture; cols: in order, or as Winograd's algorithm has them."""
    top, bottom, left, right = case.padding
    batch, height, width, _ = case.shape
    channels = case.channels // case.groups
    shape = (batch, height + top + bottom, width + left + right, channels + 2)
    x, gx, expected = floats(shape, seed), floats(shape, seed + 1), floats(shape, seed + 1)
    axes = (3, 4, 0, 1, 2, 5) if transposed else tuple(range(6))
    of_cols = (batch, *case.output_shape[1:3], *case.kernels, channels)
    cols = empty([of_cols[axis] for axis in axes]).transpose(np.argsort(axes))
    gcols = floats([of_cols[axis] for axis in axes], seed + 2).transpose(np.argsort(axes))
    geometry = geometry_of(case)
    windows.add_windows.reference(gcols, expected[..., 1:-1], geometry)
    with kernels_in_ptx(**limits):
        im2col.forward(x[..., 1:-1], cols, geometry)
        im2col.backward(gcols, gx[..., 1:-1], geometry)
    assert_close(cols, windows.windows(x[..., 1:-1], geometry))
    assert_close(gx, expected, 1e-6)


@given(size=st.integers(0, 700), seed=seeds(), odd=st.sampled_from(ODD_VALUES), limits=LIMITS)
def test_kernels_of_single_numbers(size, seed, odd, limits):
    w, v, g = (floats((size,), seed + i) for i in range(3))
    expected = w.copy(), v.copy()
    sgd_update.reference(*expected, g, 0.1, 0.9, 0.01)
    y, gx, expected_gx = floats((size,), seed, odd), empty(size), empty(size)
    relu_backward.reference(g, y, expected_gx)
    with kernels_in_ptx(**limits):
        sgd.update(w, v, g, 0.1, 0.9, 0.01)
        relu.backward(g, y, gx)
    assert_close(w, expected[0], 1e-6)
    assert_close(v, expected[1], 1e-6)
    assert_close(gx, expected_gx)


@given(
    shape=st.tuples(st.integers(0, 20), st.integers(1, 140)),
    rectify=st.booleans(),
    seed=seeds(),
    odd=st.sampled_from(ODD_VALUES),
    limits=LIMITS,
)
def test_bias_and_relu(shape, rectify, seed, odd, limits):
    y, b = floats(shape, seed, odd), floats(shape[1:], seed + 1)
    expected = y.copy()
    add_bias.reference(expected, b, rectify)
    with kernels_in_ptx(**limits):
        relu.add_bias(y, b, rectify)
    assert_close(y, expected)


def test_every_kernel_says_what_it_writes():
    """What is not listed is taken for read only."""
    names = {entry.kernel.function.__name__ for entry in KERNELS.values()}
    assert names == WRITTEN.keys() | CHANGED.keys()


# What must move between memory and a GPU, in bytes an element: x and y of lrn.forward, for example.
BYTES = {
    "lrn.forward": 8,
    "lrn.backward": 12,
    "pool.forward": 21.6,
    "pool.backward": 5.2,
    "im2col.forward": 4 + 4 * 225 / 121 / 25,  # x: 15 x 15 pixels for 11 x 11 windows of 25
    "im2col.backward": 4 + 8 * 225 / 121 / 25,
    "relu.backward": 12,
    "relu.add_bias": 8,
    "sgd.update": 20,
}


@pytest.mark.parametrize("name", BYTES)
def test_memory_is_what_takes_the_time(name):
    """While its memory delivers a byte, an A100 executes 12.5 instructions, 8.6 an H100."""
    row = cuda_counts.row(name)
    assert row.bytes < 1.05 * BYTES[name]
    assert row.instructions < 12.5 * row.bytes


@pytest.mark.parametrize("name", KERNELS)
def test_neighbouring_threads_touch_neighbouring_numbers(name):
    """Four sectors hold the 32 numbers of a warp; a fifth where they begin within one."""
    counts = cuda_counts.row(name).counts
    ways = {**counts.loads, **counts.stores}
    sectors = {array: way.sectors_per_request() for array, way in ways.items() if way.sectors}
    if name == "lrn.forward_v1":
        assert max(sectors.values()) > 30, "this is what the first step of the ladder shows"
    else:
        assert max(sectors.values()) < (6 if not name.endswith("_v1") else 32)
    passes = [way.passes_per_request() for way in ways.values() if way.passes]
    assert max(passes, default=1) <= 2
