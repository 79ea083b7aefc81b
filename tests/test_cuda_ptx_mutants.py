"""Faults planted in copies of the CUDA kernels: the emulator, or the comparison, catches each.

Otherwise the tests of test_cuda_ptx.py would pass whatever the kernels do.
"""

import importlib.util
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType

import numpy as np
import pytest

pytest.importorskip("numba_cuda", reason="pip install -e '.[gpucheck]' for the CUDA kernels")

from cuda_checks import (
    PICTURES,
    check_lrn_backward,
    check_lrn_forward,
    check_pool_backward,
    check_pool_forward,
    floats,
)
from cuda_in_ptx import End, kernels_in_ptx
from ptx import faults

from minialex.kernels.cuda import lrn, pool, sgd
from minialex.shapes import Geometry

# Each of these runs one kernel of a file, on a case in which its faults show.

# Even windows; 5 channels for 2 lanes; 9 pixels for 2 blocks of 2 teams.
X, GY, CONSTANTS = floats((1, 1, 3, 15), 1), floats((1, 1, 3, 15), 2), (4, 1.0, 0.5, 0.75, 3)
FEW = {"THREADS": 4, "BLOCKS": 2}

# Windows that overlap, padding, a NaN, equal maxima; the picture whole, and cut into rows.
PICTURE, GROWS = floats((1, 7, 6, 3), 1), floats((1, 4, 4, 3), 2)
PICTURE[0, 3, 3, 1], PICTURE[0, 3:5, 1:3, 0] = np.nan, PICTURE.max()
GEOMETRY = Geometry((3, 3), (2, 2), (1, 1, 1, 2), (4, 4))


def lrn_forward(kernels: ModuleType) -> None:
    with kernels_in_ptx(**FEW):
        check_lrn_forward(X, CONSTANTS, kernels)


def lrn_backward(kernels: ModuleType) -> None:
    with kernels_in_ptx(**FEW):
        check_lrn_backward(X, GY, CONSTANTS, kernels)


def pool_forward(kernels: ModuleType) -> None:
    with kernels_in_ptx(THREADS=8):
        check_pool_forward(PICTURE, GEOMETRY, 2, kernels)


def pool_backward(kernels: ModuleType) -> None:
    with kernels_in_ptx(THREADS=8):
        check_pool_backward(PICTURE, GROWS, GEOMETRY, 4, kernels)
        check_pool_backward(PICTURE, GROWS, GEOMETRY, 2, kernels)


def last_update(kernels: ModuleType) -> None:
    ends = [End(floats((256,), seed), (2**33,)) for seed in range(3)]
    with kernels_in_ptx(last_block=True, BLOCKS=2**31 - 1):
        kernels.update(*ends, 0.1, 0.9, 0.01)


def last_lrn(kernels: ModuleType) -> None:
    x, y = floats((8, 128), 1), floats((8, 128), 2)
    with kernels_in_ptx(last_block=True, BLOCKS=2**31 - 1):
        kernels.forward(End(x, PICTURES), End(y, PICTURES), 5, 2.0, 0.5, 0.75, 1)


@dataclass(frozen=True)
class Mutant:
    """`wrong` in place of `right`, where that stands first, or last before `before`."""

    kernels: ModuleType
    check: Callable[[ModuleType], None]
    name: str
    right: str
    wrong: str
    caught: type[Exception]  # AssertionError: by the comparison with the reference
    before: str = ""


GUARD = "if has_channel(lane, part, lanes, channels):"
CLIPPED = "if u32(channel + u32(t) - u32(before)) < u32(channels):"
ZEROS = "shared[own + u64(part) + u64(0 if ahead else channels)] = f32(0)"
FIRST, LAST = "cuda.syncthreads()  # all ratios", "cuda.syncthreads()  # no ratio"
OF_LATER_PARTS = "if first_row > u32(0):"
STRIDE = "u32(pixel + cuda.gridDim.x * cuda.blockDim.y)"
WRONG, BOUNDS, RACE = AssertionError, faults.OutOfBounds, faults.Race

FAULTS = {
    (lrn, lrn_forward): [
        ("no guard at the last channel", GUARD, "if True:", RACE),
        ("no guard at the last pixel", "pixel < pixels", "pixel <= pixels", BOUNDS),
        ("window not clipped", CLIPPED, "if True:", BOUNDS),
        ("window clipped at one end", CLIPPED, CLIPPED.replace(" - u32(before)", ""), BOUNDS),
        ("root without its last factor", "r * r * rsqrt", "r * rsqrt", WRONG),
    ],
    (lrn, lrn_backward): [
        ("window of the ratios not mirrored", "n - 1 - n // 2", "n // 2", WRONG),
        ("one ratio too many", "range(n)", "range(n + 1)", faults.NeverWritten, "no ratio"),
        ("no zeros around the ratios", ZEROS, "pass", faults.NeverWritten),
        ("a factor in float64", "f32(2) * c", "2.0 * c", faults.Float64),
        ("no barrier before the sums", FIRST, "pass  # all ratios", RACE),
        ("no barrier behind the sums", LAST, "pass  # no ratio", RACE),
        ("a barrier for some", FIRST, f"if pixel < pixels: {FIRST}", faults.DivergentBarrier),
    ],
    (lrn, last_lrn): [
        ("offset in 32 bits", "pixel * u64(channels)", "pixel * u64(channels) % u64(2**32)", BOUNDS)
    ],
    (pool, pool_forward): [
        ("rows not clipped", "u32(p + u32(i) - top) < height", "True", BOUNDS),
        ("columns not clipped", "u32(q + u32(j) - left) < width", "True", BOUNDS),
        ("a row below the picture is read", "- top) < height", "- top) <= height", BOUNDS),
        ("the last of equals wins", "not value <= best", "not value < best", WRONG),
        ("a NaN is no maximum", "not value <= best and best == best", "value > best", WRONG),
    ],
    (pool, pool_backward): [
        ("rows of another part", "row = u32(row - first_row)", "pass", WRONG),
        ("later parts clear earlier ones", OF_LATER_PARTS, "if False:", WRONG),
        ("the first part clears nothing", OF_LATER_PARTS, "if True:", faults.NeverWritten),
        ("one window too few", "-(-kh // sh)", "kh // sh", WRONG),
        ("two teams at a pixel", STRIDE, "u32(pixel + cuda.blockDim.y)", RACE),
    ],
    (sgd, last_update): [
        ("index in 32 bits", "v[i] = ", "v[i % u64(2**32)] = ", BOUNDS),
    ],
}
MUTANTS = [Mutant(*key, *fault) for key, some in FAULTS.items() for fault in some]


def planted(mutant: Mutant, folder) -> ModuleType:
    """Return a copy of a file of kernels with the fault."""
    source = inspect.getsource(mutant.kernels)
    at = source.index(mutant.right)
    if mutant.before:
        at = source.rindex(mutant.right, 0, source.index(mutant.before))
    end = source.index("\n", at)
    line = source[at:end].replace(mutant.right, mutant.wrong, 1)
    path = folder / f"{mutant.kernels.__name__.split('.')[-1]}_mutant.py"
    path.write_text(f"{source[:at]}{line}{source[end:]}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_planted_fault_is_caught(mutant, tmp_path):
    kernels = planted(mutant, tmp_path)
    with pytest.raises(mutant.caught) as caught:
        mutant.check(kernels)
    if issubclass(mutant.caught, faults.Fault):
        assert re.search(r"PTX line \d+: .*\n.*_mutant\.py:\d+: .", str(caught.value))


@pytest.mark.parametrize(("kernels", "check"), FAULTS)
def test_without_a_fault_nothing_is_caught(kernels, check):
    check(kernels)
