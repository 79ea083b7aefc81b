"""Text of PTX -> a kernel that can be run: its parameters, registers, arrays and instructions."""

import linecache
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from ptx.faults import UnknownInstruction


class Address(NamedTuple):
    """`[base+offset]`: base is a register, or the name of a parameter or an array."""

    base: str
    offset: int


# A register, label or symbol; the bits of a number; memory; several registers in braces.
Operand = str | int | Address | tuple


@dataclass(frozen=True)
class Instruction:
    """One instruction: `@%p1 fma.rn.f32 %f4, %f3, %f3, %f2;` on a line of the PTX text."""

    words: tuple[str, ...]  # ("fma", "rn", "f32")
    operands: tuple[Operand, ...]
    guard: str | None  # "%p1": runs in the threads where this predicate ...
    guard_value: bool  # ... has this value
    text: str
    line: int
    source: tuple[str, int] | None  # the line of Python that it was compiled from

    def place(self) -> str:
        """Return the instruction, and where it stands in PTX and in Python."""
        place = f"PTX line {self.line}: {self.text}"
        if self.source and (python := linecache.getline(*self.source).strip()):
            place += f"\n  {self.source[0]}:{self.source[1]}: {python}"
        return place


@dataclass
class Kernel:
    """What `.entry` begins in a PTX text."""

    name: str = ""
    parameters: dict[str, str] = field(default_factory=dict)  # types by name, in order
    registers: dict[str, str] = field(default_factory=dict)  # types by name
    shared: dict[str, int | None] = field(default_factory=dict)  # bytes; None: given at the launch
    local: dict[str, int] = field(default_factory=dict)  # bytes of every thread
    instructions: list[Instruction] = field(default_factory=list)
    labels: dict[str, int] = field(default_factory=dict)  # the instruction that follows


ENTRY = re.compile(r"\.entry\s+([\w$]+)")
PARAMETER = re.compile(r"\.param\s+\.(\w+)\s+([\w$]+)$")
REGISTERS = re.compile(r"\.reg\s+\.(\w+)\s+(%?[\w$]+)(?:<(\d+)>)?$")
ARRAY = re.compile(r"\.(shared|local)\s+\.align\s+\d+\s+\.b8\s+([\w$]+)\[(\d*)\]$")
LABEL = re.compile(r"([\w$]+):$")
INSTRUCTION = re.compile(r"(?:@(!?)(%\w+)\s+)?([\w.]+)\s*(.*)$")
OPERAND = re.compile(r"\{[^}]*\}|\[[^\]]*\]|[^,\s][^,]*")
FILE = re.compile(r'\.file\s+(\d+)\s+"([^"]*)"')
LOCATION = re.compile(r"\.loc\s+(\d+)\s+(\d+)")
# Versions, hints about loops, and the variable that Numba adds to every module.
IGNORED = (".version", ".target", ".address_size", ".file", ".pragma", ".common")


def parse(text: str) -> Kernel:
    """Return the kernel of a PTX text, as NVVM and NVRTC print it: one statement a line.

    Raises
    ------
    UnknownInstruction
        A directive that is not emulated, such as a constant table or a second kernel.
    """
    kernel, location = Kernel(), None
    files = dict(FILE.findall(text))
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.split("//")[0].strip().rstrip(";,").strip()
        line = re.sub(r"^\.(visible|extern)\s+", "", line)
        if line.startswith(".section"):  # names for debuggers, behind everything else
            break
        if found := LOCATION.match(line):
            location = files[found[1]], int(found[2])
        elif (found := ENTRY.match(line)) and not kernel.name:
            kernel.name = found[1]
        elif found := PARAMETER.match(line):
            kernel.parameters[found[2]] = found[1]
        elif found := REGISTERS.match(line):
            kind, name, count = found.groups()
            names = [name] if count is None else [f"{name}{i}" for i in range(int(count))]
            kernel.registers.update(dict.fromkeys(names, kind))
        elif found := ARRAY.match(line):
            space, name, size = found.groups()
            getattr(kernel, space)[name] = int(size) if size else None
        elif found := LABEL.match(line):
            kernel.labels[found[1]] = len(kernel.instructions)
        elif line.startswith("."):
            if not line.startswith(IGNORED):
                raise UnknownInstruction(f"PTX line {number}: {line}")
        elif line not in ("", "{", "}", "(", ")"):
            kernel.instructions.append(_instruction(line, number, location))
    return kernel


def _instruction(line: str, number: int, location: tuple[str, int] | None) -> Instruction:
    found = INSTRUCTION.match(line)
    if found is None:
        raise UnknownInstruction(f"PTX line {number}: {line}")
    negated, guard, name, rest = found.groups()
    return Instruction(
        words=tuple(name.split(".")),
        operands=tuple(_operand(text.strip()) for text in OPERAND.findall(rest)),
        guard=guard,
        guard_value=not negated,
        text=" ".join(line.split()),
        line=number,
        # Line 0 marks what the compiler added.
        source=location if location and location[1] else None,
    )


def _operand(text: str) -> Operand:
    if text.startswith("{"):
        return tuple(_operand(part.strip()) for part in text.strip("{}").split(","))
    if text.startswith("["):
        base, _, offset = text.strip("[] ").partition("+")
        return Address(base.strip(), int(offset or 0))
    if text.startswith(("0f", "0d")):  # the bits of a float, in hexadecimal: 0f3F000000 is 0.5
        return int(text[2:], 16)
    if re.match(r"-?\d", text):
        return int(text.rstrip("U"), 0)
    return text
