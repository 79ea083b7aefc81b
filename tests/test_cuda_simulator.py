"""The CUDA kernels in Numba's simulator: whole grids and barriers, a Python thread for each thread.

It is slow, and stays below a few thousand threads. It must be chosen before Numba is imported,
hence the second interpreter. A kernel that fails shows as an ordinary traceback there.
"""

import os
import subprocess
import sys

import pytest

pytest.importorskip("numba_cuda", reason="pip install -e '.[gpucheck]' for the CUDA kernels")

SETUP = """
import numpy as np
from numba import cuda
from minialex import windows
from minialex.kernels.cuda import im2col, launch, lrn, pool, sgd
from minialex.layers.lrn import lrn_backward, lrn_forward
from minialex.layers.pool import maxpool_backward, maxpool_forward
from minialex.optim import sgd_update
from minialex.shapes import window_geometry

def run(kernel, constants, grid, block, args):
    cuda.jit(kernel.filled(**constants))[grid, block](*args)

launch.run = run
np.seterr(over="ignore")  # what is negative wraps, as it does on a GPU
rng = np.random.default_rng(0)

def floats(*shape):
    return rng.standard_normal(shape).astype("float32")

def same(a, b):
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
"""

LRN = """
x, gy = floats(2, 2, 3, 10), floats(2, 2, 3, 10)
y, expected = np.empty_like(x), np.empty_like(x)
for beta, groups in ((0.75, 1), (0.5, 2)):
    constants = 4, 2.0, 0.5, beta, groups
    lrn.forward(x, y, *constants)
    lrn_forward.reference(x, expected, *constants)
    same(y, expected)
    lrn.backward(x, gy, y, *constants)
    lrn_backward.reference(x, gy, expected, *constants)
    same(y, expected)
"""

POOL = """
geometry = window_geometry((5, 6), (3, 2), (2, 1), (1, 0, 1, 1), "ceil", True)
rows = slice(0, geometry.out[0])
x = floats(2, 5, 6, 5)
gy = floats(2, *geometry.out, 5)
y, index = np.empty_like(gy), np.empty(gy.shape, "uint8")
expected_y, expected_index = y.copy(), index.copy()
pool.forward(x, y, index, geometry, rows)
maxpool_forward.reference(x, expected_y, expected_index, geometry, rows)
same(y, expected_y)
same(index, expected_index)
gx, expected = np.full_like(x, 123), np.empty_like(x)
pool.backward(gy, index, gx, geometry, rows)
maxpool_backward.reference(gy, index, expected, geometry, rows)
same(gx, expected)
"""

IM2COL = """
geometry = window_geometry((5, 6), (3, 2), (2, 1))
x = floats(2, 5, 6, 4)[..., 1:]
cols = np.empty_like(windows.windows(x, geometry), order="C")
im2col.forward(x, cols, geometry)
same(cols, windows.windows(x, geometry))
gx, expected = np.ones((2, 5, 6, 3), "float32"), np.ones((2, 5, 6, 3), "float32")
im2col.backward(cols, gx, geometry)
windows.add_windows.reference(cols, expected, geometry)
same(gx, expected)
"""

SGD = """
found = [floats(300) for _ in range(3)]
expected = [a.copy() for a in found]
sgd.update(*found, 0.1, 0.9, 0.01)
sgd_update.reference(*expected, 0.1, 0.9, 0.01)
same(found, expected)
"""

FEW_BLOCKS = "launch.BLOCKS = 1\n"  # so that every thread goes round its loops


@pytest.mark.parametrize("code", [LRN, POOL, IM2COL, SGD], ids=["lrn", "pool", "im2col", "sgd"])
def test_kernels_in_the_simulator(code):
    done = subprocess.run(
        [sys.executable, "-c", SETUP + code + FEW_BLOCKS + code],
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
