"""From PTX to the machine code of a GPU, and what there is to know about it. No GPU is needed.

`nvJitLink`, through which Numba goes too, assembles. `nvdisasm` prints the result, called SASS:

    .L_x_2:
            /*0340*/                   LDG.E R7, [R4.64] ;
            /*0350*/              @!P0 BRA `(.L_x_2) ;
"""

import importlib
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from minialex.bench.loops import Code

ARCHITECTURES = ("sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120")
OLDEST = (7, 5)  # PTX for it can be linked for all of them

FUNCTION = re.compile(r"Compiling entry function '(\S+)'")
MEMORY = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
REGISTERS = re.compile(r"Used (\d+) registers")
SECTION = re.compile(r"^\.text\.(\S+):$", re.MULTILINE)
FLOAT64 = re.compile(r"\bD(ADD|MUL|FMA|SETP)\b|\.F64")
CALL = re.compile(r"\bCALL\b(?!.*\.L_x_)")  # to a label is only a way to jump


@dataclass(frozen=True)
class MachineCode:
    """One kernel for one architecture.

    Attributes
    ----------
    registers : int
        Of a thread.
    stack, spills : int
        Bytes of a thread in memory: arrays of its own, and registers that it had to put aside.
    float64 : int
        Instructions that compute in float64.
    calls : int
        Calls of functions, such as that for a division of 64 bits.
    code : Code
    """

    registers: int
    stack: int
    spills: int
    float64: int
    calls: int
    code: Code


def assemble(programs: Mapping[str, str | bytes], architecture: str) -> dict[str, MachineCode]:
    """Return the machine code of kernels, by the names of their Python functions.

    Parameters
    ----------
    programs : dict
        By those names: PTX, or as bytes LTO-IR, which is what is linked for a launch.
    architecture : str
        "sm_80", for example.
    """
    build: Any = importlib.import_module("minialex.kernels.cuda.build")  # needs numba-cuda
    cubin, log = build.link(list(programs.values()), architecture, "-Xptxas=-v", "-no-cache")
    logs, texts = _parts(FUNCTION, log), _parts(SECTION, disassemble(cubin))
    found = {}
    for name in programs:
        # Numba's names are mangled as those of C++: "10sgd_updateB", after its file and before its
        # types.
        symbol = next(symbol for symbol in logs if f"{len(name)}{name}B" in symbol)
        code, facts = Code(texts[symbol].splitlines()), logs[symbol]
        registers, memory = REGISTERS.search(facts), MEMORY.search(facts)
        stack, stores, loads = map(int, memory.groups())  # type: ignore[union-attr]
        float64, calls = (
            sum(bool(pattern.search(instruction)) for instruction in code.instructions)
            for pattern in (FLOAT64, CALL)
        )
        used = int(registers[1])  # type: ignore[index]
        found[name] = MachineCode(used, stack, stores + loads, float64, calls, code)
    return found


def _parts(heading: re.Pattern[str], text: str) -> dict[str, str]:
    """Return what follows each heading of a text, up to the next one."""
    _, *parts = heading.split(text)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def disassemble(cubin: bytes) -> str:
    """Return the machine code of a cubin as text."""
    files = metadata.files("nvidia-cuda-nvdisasm") or []
    program = next(file.locate() for file in files if file.stem == "nvdisasm")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernels.cubin")
        path.write_bytes(cubin)
        command = [str(program), str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
