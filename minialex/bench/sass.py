"""`minialex bench --device none --sass`: the machine code of every CUDA kernel, without a GPU."""

import importlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from typing import Any

from minialex import tables
from minialex.bench.budgets import WORK
from minialex.bench.machine_code import ARCHITECTURES, OLDEST, MachineCode, assemble
from minialex.errors import InputError

PACKAGES = ("numba-cuda", "cuda-bindings", "nvidia-cuda-nvdisasm")
NOTES = """\
Instructions: what a thread executes for each element in the longest case, at AlexNet's sizes, read
off the loops of the machine code; a warp that is partly idle counts in full. Budget: what an A100
(up to sm_86) or an H100 executes while it moves the bytes that an element needs; below it, memory
takes the time. First versions, which are there to be read, have none. Nothing here was timed."""


@dataclass(frozen=True)
class Row:
    """One kernel on one architecture; the figures of an element are None for first versions."""

    kernel: str
    architecture: str
    registers: int
    spills: int
    stack: int
    float64: int
    calls: int
    size: int
    element: str | None = None
    instructions: float | None = None
    budget: float | None = None
    bytes: float | None = None


def report() -> list[dict[str, Any]]:
    """Print the table; return its rows as JSON takes them."""
    found = list(rows())
    columns = (
        "kernel",
        "GPU",
        ">registers",
        ">spills B",
        ">stack B",
        ">.f64",
        ">calls",
        ">size",
        "per",
    )
    tables.show([*columns, ">instructions", ">budget", ">bytes"], map(_cells, found))
    print(NOTES)
    return [asdict(row) for row in found]


def rows() -> Iterator[Row]:
    """Yield a row for every kernel and architecture.

    Raises
    ------
    InputError
        A package is missing.
    """
    _check_packages()
    kernels: Any = importlib.import_module("minialex.kernels.cuda")
    build: Any = importlib.import_module("minialex.kernels.cuda.build")
    ptx = {
        n: build.ptx(entry.kernel, entry.constants, OLDEST) for n, entry in kernels.KERNELS.items()
    }
    functions = {name: entry.kernel.function.__name__ for name, entry in kernels.KERNELS.items()}
    programs = {functions[name]: text for name, text in ptx.items()}
    codes = {architecture: assemble(programs, architecture) for architecture in ARCHITECTURES}
    for name in kernels.KERNELS:
        for architecture, code in codes.items():
            yield row(name, architecture, code[functions[name]], ptx[name])


def instructions(name: str, code: MachineCode) -> float:
    """Return the machine instructions that a GPU executes for each element of a kernel."""
    work = WORK[name]
    warps = -(-work.threads // 32)
    return code.code.per_element(work.around) * 32 * warps / work.threads


def row(name: str, architecture: str, code: MachineCode, ptx: str) -> Row:
    """Return what there is to know about a kernel of KERNELS, or one in its place."""
    facts = code.registers, code.spills, code.stack, ptx.count(".f64") + code.float64, code.calls
    found = Row(name, architecture, *facts, len(code.code.instructions))
    if name not in WORK:
        return found
    work = WORK[name]
    return replace(
        found,
        element=work.of,
        instructions=instructions(name, code),
        budget=work.instructions(architecture),
        bytes=work.bytes,
    )


def _cells(row: Row) -> list[object]:
    figures = (row.instructions, row.budget, row.bytes)
    numbers = ("-" if figure is None else f"{figure:.1f}" for figure in figures)
    counts = row.registers, row.spills, row.stack, row.float64, row.calls, row.size
    return [row.kernel, row.architecture, *counts, row.element or "-", *numbers]


def _check_packages() -> None:
    for package in PACKAGES:
        try:
            metadata.version(package)
        except metadata.PackageNotFoundError:
            raise InputError(
                f"--sass: {package} is not installed: pip install 'minialex[gpucheck]' (0.9 GB)"
            ) from None
