"""The machine code of the CUDA kernels, for GPUs from the T4 to the RTX 50: fast by design.

A kernel that computes right may still be slow: a float literal makes it compute in float64, an
array of a thread may end up in memory, a signed index costs four instructions. Each shows in the
machine code, which can be made and read without a GPU.
"""

import dataclasses
import importlib.util
import inspect
import json

import numpy as np
import pytest

from minialex.bench import main
from minialex.bench.loops import Code, Loop

pytest.importorskip("numba_cuda", reason="pip install -e '.[gpucheck]' for the CUDA kernels")

import cuda_counts
from cuda_on_cpu import kernels_on_cpu

from minialex.bench import budgets, gpu_cases, sass
from minialex.bench.machine_code import ARCHITECTURES, OLDEST, assemble
from minialex.kernels.cuda import KERNELS, build, lrn, relu, sgd

MOST_REGISTERS = 64  # of 65,536 for 1,024 threads that run at once, which hide each other's waiting


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str], sass.Row]:
    return {(row.kernel, row.architecture): row for row in sass.rows()}


def problems(row: sass.Row) -> list[str]:
    """Return what is wrong with a kernel's machine code."""
    wrong = [name for name in ("spills", "stack", "float64") if getattr(row, name)]
    if row.calls and row.instructions:
        wrong.append("calls")  # of functions whose instructions are not counted
    if row.registers > MOST_REGISTERS:
        wrong.append("registers")
    if row.instructions and row.instructions >= row.budget:
        wrong.append("instructions")
    return wrong


def rows_of(kernels: dict, **constants: int) -> list[sass.Row]:
    """Return the rows on an H100 of kernels that stand in for some of KERNELS."""
    ptx = {
        name: build.ptx(kernel, {**KERNELS[name].constants, **constants}, OLDEST)
        for name, kernel in kernels.items()
    }
    functions = {name: kernel.function.__name__ for name, kernel in kernels.items()}
    codes = assemble({functions[name]: ptx[name] for name in kernels}, "sm_90")
    return [sass.row(name, "sm_90", codes[functions[name]], ptx[name]) for name in kernels]


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_machine_code(rows, name, architecture):
    found = rows[name, architecture]
    assert problems(found) == [], found


@pytest.mark.parametrize("channels", [64, 128, 256])
def test_other_channels(channels):
    """conv2 has 256, its towers have 128: how many is a constant of a kernel."""
    kernels = {name: KERNELS[name].kernel for name in KERNELS if "lanes" in KERNELS[name].constants}
    assert len(kernels) == 4
    for found in rows_of(kernels, channels=channels, lanes=channels // 4):
        assert problems(found) == [], found


def test_what_is_linked_for_a_launch():
    """That is not PTX but LTO-IR, which another compiler translates."""
    programs = {
        kernel.function.__name__: build.compiled(kernel, constants, (8, 0), "ltoir")
        for kernel, constants in KERNELS.values()
    }
    codes = assemble(programs, "sm_80")
    for name, (kernel, _) in KERNELS.items():
        found = sass.row(name, "sm_80", codes[kernel.function.__name__], ptx="")
        assert problems(found) == [], found


MUTANTS = {
    "a float literal": (
        "sgd.update", sgd,
        "momentum * v[i]",
        "0.9 * v[i]",
        "float64",
    ),
    "a sum that begins with one": (
        "lrn.backward", lrn,
        "total = f32(0)\n                    for",
        "total = 0.0\n                    for",
        "float64",
    ),
    "an array of a thread": (
        "sgd.update", sgd,
        "v[i] = momentum * v[i]",
        "own = cuda.local.array(64, F32); own[i % u64(64)] = v[i]; v[i] = own[i // u64(64)]",
        "stack",
    ),
    "signed indices": (
        "lrn.forward", lrn,
        "x[i + u64(t) - u64(before)]",
        "x[int(i) + int(t) - int(before)]",
        "instructions",
    ),
    "a division for every number": (
        "relu.backward", relu,
        "gx[i] = gy[i]",
        "gx[i] = gy[i % size]",
        "calls",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_fault_is_caught(name, tmp_path):
    kernel, module, right, wrong, expected = MUTANTS[name]
    source = inspect.getsource(module)
    assert source.count(right) == 1
    path = tmp_path / "mutant.py"
    path.write_text(source.replace(right, wrong))
    spec = importlib.util.spec_from_file_location("mutant", path)
    mutant = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mutant)
    function = getattr(mutant, KERNELS[kernel].kernel.function.__name__)
    (found,) = rows_of({kernel: function})
    assert expected in problems(found)


def test_too_many_registers_are_a_problem(rows):
    found = dataclasses.replace(rows["sgd.update", "sm_90"], registers=65)
    assert problems(found) == ["registers"]


# How instructions are counted --------------------------------------------------------------------

LISTING = """
.L_x_1:
        /*0000*/                   IADD R0, R0, 0x1 ;
        /*0010*/              @!P0 BRA `(.L_x_3) ;
.L_x_2:
        /*0020*/                   LDG.E R7, [R4.64] ;
        /*0030*/                   FADD R7, R7, R7 ;
        /*0040*/               @P1 BRA `(.L_x_2) ;
        /*0050*/                   BRA `(.L_x_4) ;
.L_x_3:
        /*0060*/                   MOV R1, R0 ;
        /*0070*/                   MOV R2, R0 ;
        /*0080*/                   MOV R3, R0 ;
.L_x_4:
        /*0090*/               @P2 BRA `(.L_x_1) ;
        /*00a0*/                   EXIT ;
        /*00b0*/                   NOP;
"""


def test_the_longest_way_counts():
    """Of the outer loop: either 2 + the inner loop + 2, or 2 + 3 + 1, which is longer."""
    code = Code(LISTING.splitlines())
    inner, outer = Loop(2, 4), Loop(0, 9)
    assert len(code.instructions) == 11
    assert code.nests() == [[inner, outer]]
    assert (code.way_round(inner), code.way_round(outer)) == (3, 6)
    assert code.per_element((1, 4)) == 3 + 6 / 4
    with pytest.raises(ValueError, match="expected 1 nested loops, found nests of \\[2\\]"):
        code.per_element((1,))


@pytest.mark.parametrize("name", budgets.WORK)
def test_emulation_agrees_with_the_count(rows, name):
    """PTX has other instructions, and a small launch more of them outside of its loops."""
    executed = cuda_counts.row(name).instructions
    assert 0.4 < rows[name, "sm_80"].instructions / executed < 2


@pytest.mark.parametrize("name", budgets.WORK)
def test_bytes_that_must_move(name):
    """The table, and what is timed on a GPU, say the same."""
    sizes = {"x": 55 * 55 * 96, "y": 55 * 55 * 96, "w": 9216 * 4096 / 128}
    sizes["cols"] = 27 * 27 * 5 * 5 * 48 / 4  # a quarter of the batch
    work = budgets.WORK[name]
    elements = 27 * 27 * 96 if name == "pool.forward" else sizes[work.of]
    with kernels_on_cpu():
        case = gpu_cases.CASES[name](np, 4)
        case.launch()
    assert case.bytes / (4 * elements) == pytest.approx(work.bytes, rel=0.01)


# The command -------------------------------------------------------------------------------------


def test_the_table(capsys, tmp_path, rows, monkeypatch):
    monkeypatch.setattr(sass, "rows", rows.values)
    assert main(["--device", "none", "--sass", "--json", str(tmp_path / "sass.json")]) == 0
    printed = capsys.readouterr().out
    for name in KERNELS:
        assert sum(line.split()[:1] == [name] for line in printed.splitlines()) == 6
    first, *_ = json.loads((tmp_path / "sass.json").read_text())["sass"]
    assert (first["kernel"], first["architecture"], first["bytes"]) == ("lrn.forward", "sm_75", 8)
