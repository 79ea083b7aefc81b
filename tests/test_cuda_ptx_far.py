"""The last block of a grid over 2^33 numbers, where an offset of 32 bits would be another place.

Only the numbers that this block needs exist, so that whatever else it touches is out of bounds. The
launchers see arrays of the whole size: their grids and scalars are tested as well.
"""

import numpy as np
import pytest

pytest.importorskip("numba_cuda", reason="pip install -e '.[gpucheck]' for the CUDA kernels")

from cuda_checks import PICTURES, assert_close, empty, floats
from cuda_in_ptx import End, kernels_in_ptx

from minialex import windows
from minialex.kernels.cuda import im2col, ladder, lrn, pool, relu, sgd
from minialex.layers.lrn import lrn_backward, lrn_forward
from minialex.layers.pool import maxpool_backward, maxpool_forward
from minialex.layers.relu import add_bias, relu_backward
from minialex.optim import sgd_update
from minialex.shapes import Geometry

TEAMS = 8  # of 32 lanes, in a block of 256 threads: the pixels that the last block has
HALVES = (64, 512, 512, 128)  # windows with stride 2


@pytest.fixture(autouse=True)
def _the_last_block():
    with kernels_in_ptx(last_block=True, BLOCKS=2**31 - 1):
        yield


def test_lrn():
    x, gy = floats((1, 1, TEAMS, 128), 1), floats((1, 1, TEAMS, 128), 2)
    y, gx, expected = empty(x.shape), empty(x.shape), empty(x.shape)
    constants = (5, 2.0, 0.05, 0.75, 1)
    lrn_forward.reference(x, expected, *constants)
    lrn.forward(End(x, PICTURES), End(y, PICTURES), *constants)
    assert_close(y, expected, 1e-5)
    lrn_backward.reference(x, gy, expected, *constants)
    lrn.backward(End(x, PICTURES), End(gy, PICTURES), End(gx, PICTURES), *constants)
    assert_close(gx, expected, 1e-5)


def test_the_first_lrn_of_the_ladder():
    x, y, expected = floats((256, 128), 1), empty((256, 128)), empty((256, 128))
    constants = (5, 2.0, 0.05, 0.75, 1)
    lrn_forward.reference(x, expected, *constants)
    ladder.lrn_forward_by_pixel(End(x, PICTURES), End(y, PICTURES), *constants)
    assert_close(y, expected, 1e-5)


# Windows of 3 with stride 2, padded by 1: the last row of them sees the last three of x.
POOL = Geometry((3, 3), (2, 2), (1, 0, 1, 0), (512, 512))
LAST = Geometry((3, 3), (2, 2), (0, 0, 1, 0), (1, 512))


def test_pooling():
    x, gy = floats((1, 3, 1024, 128), 1), floats((1, 1, 512, 128), 2)
    expected_y, expected_index, expected_gx = empty(gy.shape), empty(gy.shape, "u1"), empty(x.shape)
    maxpool_forward.reference(x, expected_y, expected_index, LAST, slice(0, 1))
    maxpool_backward.reference(gy, expected_index, expected_gx, LAST, slice(0, 1))
    y, index, gx = empty((TEAMS, 128)), empty((TEAMS, 128), "u1"), empty((TEAMS, 128))
    pool.forward(End(x, PICTURES), End(y, HALVES), End(index, HALVES), POOL, slice(0, 512))
    assert_close(y, expected_y[0, 0, -TEAMS:])
    assert (index == expected_index[0, 0, -TEAMS:]).all()
    ends = End(gy, HALVES), End(expected_index, HALVES), End(gx, PICTURES)
    pool.backward(*ends, POOL, slice(0, 512))
    assert_close(gx, expected_gx[0, 2, -TEAMS:], 1e-6)


def test_windows_into_rows_and_back(monkeypatch):
    monkeypatch.setattr(im2col, "_span", lambda a: a.reshape(-1))
    geometry = Geometry((2, 2), (2, 2), (0, 0, 0, 0), (512, 512))
    shape, rows = (*HALVES[:3], 2, 2, 128), floats((1, 2, 1024, 128), 1)
    cols = empty((TEAMS, 2, 2, 128))
    im2col.forward(End(rows, PICTURES), End(cols, shape), geometry)
    assert (cols == windows.windows(rows, geometry)[0, 0, -TEAMS:]).all()

    gcols = floats((1, 1, TEAMS // 2, 2, 2, 128), 2)  # of the last two rows and eight columns
    gx, expected = np.ones((TEAMS, 128), "f4"), np.ones((1, 2, TEAMS, 128), "f4")
    windows.add_windows.reference(gcols, expected, geometry)
    im2col.backward(End(gcols, shape), End(gx, PICTURES), geometry)
    assert_close(gx, expected[0, 1], 1e-6)


def test_kernels_of_single_numbers():
    w, v, g = (floats((256,), seed) for seed in range(3))
    gx, expected = empty(256), [w.copy(), v.copy(), empty(256)]
    relu_backward.reference(g, w, expected[2])
    relu.backward(*[End(a, PICTURES) for a in (g, w, gx)])
    assert_close(gx, expected[2])
    sgd_update.reference(*expected[:2], g, 0.1, 0.9, 0.01)
    sgd.update(*[End(a, (2**33,)) for a in (w, v, g)], 0.1, 0.9, 0.01)
    assert_close(w, expected[0], 1e-6)
    assert_close(v, expected[1], 1e-6)


def test_bias_and_relu():
    y, b = floats((TEAMS, 128), 1), floats((128,), 2)
    expected = y.copy()
    add_bias.reference(expected, b, True)
    relu.add_bias(End(y, (2**26, 128)), b, True)
    assert_close(y, expected)
