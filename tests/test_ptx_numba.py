"""What Numba really compiles runs in the emulator, and faults planted in it are found and named.

Each fault is one that a GPU, or Numba's simulator, may let pass: a wrong number now and then, or a
kernel at a thirtieth of its speed.
"""

import re

import numpy as np
import pytest

pytest.importorskip("numba_cuda", reason="pip install -e '.[gpucheck]' for the CUDA kernels")

from numba import cuda, float32, uint8, uint32, uint64
from numba.cuda import libdevice
from ptx import faults
from ptx.arguments import In, Out
from ptx.compiled import CompiledKernel

F, B = float32[::1], uint8[::1]
f32, u32, u64 = np.float32, np.uint32, np.uint64


def found(fault: type, function, block: int, *arrays, signature=(F, F), **roles) -> str:
    """Return the message of a fault, which must name the line of Python that ends in "# here"."""
    kernel = CompiledKernel(function, signature, **roles or {"out": ["y"]})
    with pytest.raises(fault) as caught:
        kernel.launch(2, block, *arrays)
    message = str(caught.value)
    assert re.search(r"PTX line \d+: \S+", message)
    assert re.search(r"test_ptx_numba\.py:\d+: .*# here", message), message
    return message


@pytest.fixture
def x(rng) -> np.ndarray:
    return rng.uniform(0.5, 2, 128).astype("f4")


@pytest.fixture
def y() -> np.ndarray:
    return np.full(128, np.nan, "f4")


def test_a_right_kernel(x, y):
    def kernel(x, y):
        i = u32(cuda.grid(1))
        if i < x.size:
            y[i] = x[i] * f32(0.5)

    counts = CompiledKernel(kernel, (F, F), out=["y"]).launch(2, 64, x[:100], y[:100])
    assert (y[:100] == x[:100] / 2).all()
    assert counts.loads["x"].sectors == 13  # 400 bytes
    assert counts.bytes_moved() == 2 * 13 * 32


@pytest.mark.parametrize("fastmath", [False, True])
def test_loops_local_arrays_and_functions_of_libdevice(x, y, fastmath):
    """Four blocks' worth of work in one block; powers are some two hundred instructions."""

    def kernel(x, y):
        some = cuda.local.array(4, float32)
        for i in range(cuda.grid(1), x.size, cuda.gridsize(1)):
            for j in range(4):
                some[j] = x[i] ** f32(-0.75) if j % 2 else libdevice.exp2f(-x[i])
            y[i] = some[i % 3] * libdevice.rsqrtf(x[i])

    CompiledKernel(kernel, (F, F), out=["y"], fastmath=fastmath).launch(1, 32, x, y)
    wide = x.astype("f8")
    expected = np.where(np.arange(128) % 3 == 1, wide**-0.75, 2**-wide) / np.sqrt(wide)
    np.testing.assert_allclose(y, expected, rtol=2e-6)


def test_a_missing_guard(x, y):
    def kernel(x, y):
        i = u32(cuda.grid(1))
        y[i] = x[i] * f32(0.5)  # here

    message = found(faults.OutOfBounds, kernel, 64, x[:100], y)
    assert "load of byte 400 of x" in message
    assert "thread (36, 0, 0) of block (1, 0, 0)" in message


def test_a_window_that_is_not_clipped(x, y):
    """Unsigned, so that the index before the first is a huge one."""

    def kernel(x, y):
        i = u32(cuda.grid(1))
        y[i] = x[u32(i - u32(1))] + x[i]  # here

    assert "thread (0, 0, 0) of block (0, 0, 0)" in found(faults.OutOfBounds, kernel, 64, x, y)


def test_a_signed_index_before_the_first_is_the_last(x, y):
    """As in Python: no access is wrong, so that only the comparison with a reference shows it."""

    def kernel(x, y):
        i = cuda.grid(1)
        y[i] = x[i - 1]

    CompiledKernel(kernel, (F, F), out=["y"]).launch(2, 64, x, y)
    assert (y == np.roll(x, 1)).all()


def test_an_index_of_32_bits(x, y):
    """Row 2^23 of 1,024 numbers begins at 2^33: in 32 bits, at 0."""

    def kernel(x, y, row):
        i = u32(cuda.grid(1))
        y[i] = x[u32(row * u32(1024) + i)]  # here

    far = In(x, "x", first=2**33)
    message = found(faults.OutOfBounds, kernel, 64, far, y, 2**23, signature=(F, F, uint32))
    assert "byte 0 of x (global, 512 bytes from 34359738368)" in message


def test_a_literal_that_computes_in_float64(x, y):
    """x * 0.1 is a product of two float64 to Numba; its simulator, and NumPy, keep float32.

    x * 0.5 is the same product, which the compiler narrows because halving is exact.
    """

    def kernel(x, y):
        i = u32(cuda.grid(1))
        y[i] = x[i] * 0.1  # here

    assert "cvt.f64.f32" in found(faults.Float64, kernel, 64, x, y)
    CompiledKernel(kernel, (F, F), out=["y"]).launch(2, 64, x, y, allow_float64=True)
    assert (y == (x.astype("f8") * 0.1).astype("f4")).all()


def test_a_comparison_that_computes_in_float64(x, y):
    """int64 and uint64 meet in float64, in NumPy and so in Numba."""

    def kernel(x, y, n):
        i = cuda.grid(1)
        if i < n:  # here
            y[i] = x[i]

    found(faults.Float64, kernel, 64, x, y, 100, signature=(F, F, uint64))


def test_a_scatter(x, y):
    def kernel(x, y):
        i = u32(cuda.grid(1))
        y[i // u32(3)] += x[i]  # here

    assert "of y" in found(faults.Race, kernel, 64, x, y, inout=["y"])


def test_blocks_that_overlap(x, y):
    """Every block also writes the first number of the next: right or wrong by who comes last."""

    def kernel(x, y):
        i = u32(cuda.grid(1))
        y[i] = x[i]
        if cuda.threadIdx.x == 63 and i + 1 < y.size:
            y[i + u32(1)] = x[i]  # here

    message = found(faults.Race, kernel, 64, x, y)
    assert "thread (63, 0, 0) of block (0, 0, 0), stored by thread (0, 0, 0) of block (1" in message


def test_a_sum_into_an_array_that_nobody_cleared(x, y):
    def kernel(x, y):
        i = u32(cuda.grid(1))
        y[i] += x[i]  # here

    found(faults.NeverWritten, kernel, 64, x, y)


def test_a_store_to_an_input(x, y):
    def kernel(x, y):
        i = u32(cuda.grid(1))
        x[i] = max(x[i], f32(0))  # here
        y[i] = x[i]

    assert "of x" in found(faults.ReadOnly, kernel, 64, x, y)


def test_a_misaligned_load(y):
    def kernel(raw, y):
        i = u32(cuda.grid(1))
        y[i] = raw[1:].view(f32)[i]  # here

    raw = np.zeros(513, np.uint8)
    message = found(faults.Misaligned, kernel, 64, raw, y, signature=(B, F))
    assert "byte 1 of raw" in message


def test_a_barrier_for_half_a_block(x, y):
    def kernel(x, y):
        tile = cuda.shared.array(64, float32)
        j = u32(cuda.threadIdx.x)
        tile[j] = x[j]
        if j < 32:
            cuda.syncthreads()  # here
            y[cuda.grid(1)] = tile[j]

    message = found(faults.DivergentBarrier, kernel, 64, x, y)
    assert "thread (32, 0, 0) of block (0, 0, 0) has ended" in message


def test_a_missing_barrier(x, y):
    def kernel(x, y):
        tile = cuda.shared.array(64, float32)
        j = u32(cuda.threadIdx.x)
        tile[j] = x[j]
        y[cuda.grid(1)] = tile[u32(63 - j)]  # here

    found(faults.Race, kernel, 64, x, y)


def test_shared_memory_that_is_overwritten_too_early(x, y):
    """The second tile needs a barrier before it as well as after it."""

    def kernel(x, y):
        tile = cuda.shared.array(64, float32)
        j = u32(cuda.threadIdx.x)
        for first in range(0, 128, 64):
            tile[j] = x[u32(first + j)]  # here
            cuda.syncthreads()
            y[u32(first + j)] = tile[u32(63 - j)]

    kernel = CompiledKernel(kernel, (F, F), out=["y"])
    with pytest.raises(faults.Race, match=r"loaded by thread(.*\n)+.*# here"):
        kernel.launch(1, 64, x, y)


def test_shared_memory_that_nobody_wrote(x, y):
    def kernel(x, y):
        tile = cuda.shared.array(64, float32)
        j = u32(cuda.threadIdx.x)
        if j < 63:
            tile[j] = x[j]
        cuda.syncthreads()
        y[cuda.grid(1)] = tile[u32(63 - j)]  # here

    assert "byte 252" in found(faults.NeverWritten, kernel, 64, x, y)


def test_an_index_behind_shared_memory(x, y):
    def kernel(x, y):
        tile = cuda.shared.array(60, float32)
        j = u32(cuda.threadIdx.x)
        tile[j] = x[j]  # here
        y[cuda.grid(1)] = tile[j]

    assert "byte 240" in found(faults.OutOfBounds, kernel, 64, x, y)


def test_an_atomic_is_not_for_a_kernel_whose_result_must_not_change(x, y):
    def kernel(x, y):
        cuda.atomic.add(y, 0, x[cuda.grid(1)])  # here

    assert "atom.global.add.f32" in found(faults.UnknownInstruction, kernel, 64, x, y)


def test_a_launch_that_does_not_fit_the_kernel(x, y):
    def kernel(x, y):
        y[0] = x[0]

    kernel = CompiledKernel(kernel, (F, F), out=["y"])
    with pytest.raises(faults.InvalidLaunch, match="x is float64, 1-D: the kernel takes"):
        kernel.launch(1, 1, x.astype("f8"), y)
    with pytest.raises(faults.InvalidLaunch, match="1 arguments for x, y"):
        kernel.launch(1, 1, x)
    kernel.launch(1, 1, In(x, "x"), Out(y, "y"))
    assert y[0] == x[0]
