"""An instruction of the program -> a function that runs it for some threads.

All instructions of a kernel are decoded before the first one runs, so that an unknown one is
refused wherever it stands. Jumps and barriers, which decide who runs next, are in run.py.
"""

import numpy as np

from ptx import access, arithmetic
from ptx.comparisons import comparable, compare
from ptx.convert import MODIFIERS, convert
from ptx.dtypes import DTYPES
from ptx.faults import DivisionByZero, Float64, UnknownInstruction
from ptx.machine import Machine, Step
from ptx.moves import move
from ptx.parse import Address, Instruction, Operand
from ptx.rounding import flush

PREDICATE = DTYPES["pred"]


def decode(instruction: Instruction, machine: Machine) -> Step:
    """Return what an instruction does.

    Raises
    ------
    UnknownInstruction, Float64
    """
    words = instruction.words
    if "f64" in words and not machine.allow_float64:
        raise Float64("float64 arithmetic").at(instruction.place())
    if words[-1] in DTYPES and all(_exists(o, machine) for o in instruction.operands):
        make = MAKERS.get(words[0], _compute)
        step = make(instruction, DTYPES[words[-1]], machine)
        if step is not None:
            return step
    raise UnknownInstruction("this is not emulated").at(instruction.place())


def _exists(operand: Operand, machine: Machine) -> bool:
    if isinstance(operand, Address):
        return operand.base in machine.parameters or machine.registers.knows(operand.base)
    if isinstance(operand, tuple):
        return all(_exists(part, machine) for part in operand)
    return machine.registers.knows(operand)


# Each of these returns the step of one kind of instruction, or None where it does not know the
# form. `dtype` is the last word.


def _compute(instruction: Instruction, dtype: np.dtype, machine: Machine) -> Step | None:
    """add.f32 d, a, b; fma.rn.f32 d, a, b, c; ...: the tables of arithmetic.py."""
    name = ".".join(word for word in instruction.words[:-1] if word not in ("rn", "ftz"))
    table = arithmetic.FLOAT if dtype.kind == "f" else arithmetic.INTEGER
    function = table.get(name) or arithmetic.BITS.get(name)
    if function is None or (dtype == np.float64 and name in arithmetic.FLOAT32_ONLY):
        return None
    target, *sources = instruction.operands
    dtypes = arithmetic.operand_types(name, dtype, len(sources))
    flushes, divides = "ftz" in instruction.words, name in ("div", "rem") and dtype.kind != "f"

    def step(lanes: np.ndarray) -> None:
        values = [
            machine.registers.read(source, dtype, lanes)
            for source, dtype in zip(sources, dtypes, strict=True)
        ]
        if flushes:
            values = [flush(value) for value in values]
        if divides and not values[1].all():
            first = lanes[np.broadcast_to(values[1] == 0, len(lanes)).argmax()]
            raise DivisionByZero(f"division by zero by {machine.threads.name(first)}")
        result = function(*values)
        machine.registers.write(target, flush(result) if flushes else result, lanes)

    return step


def _compare(instruction: Instruction, dtype: np.dtype, machine: Machine) -> Step | None:
    """setp.lt.s32 p, a, b: p = a < b. setp.lt.and.s32 p, a, b, c: p = a < b and c."""
    name, *modifiers = instruction.words[1:-1]
    target, a, b, *others = instruction.operands
    flushes = "ftz" in modifiers
    joins = [word for word in modifiers if word != "ftz"]
    if len(joins) != len(others) or not set(joins) <= {"and", "or", "xor"}:
        return None
    if not comparable(name, dtype):
        return None

    def step(lanes: np.ndarray) -> None:
        values = [machine.registers.read(operand, dtype, lanes) for operand in (a, b)]
        if flushes:
            values = [flush(value) for value in values]
        result = compare(name, *values)
        for word, other in zip(joins, others, strict=True):
            joined = machine.registers.read(other, PREDICATE, lanes)
            result = arithmetic.BITS[word](result, joined)
        machine.registers.write(target, result, lanes)

    return step


def _select(instruction: Instruction, dtype: np.dtype, machine: Machine) -> Step | None:
    """selp.b32 d, a, b, p: d = a where p, else b."""
    target, a, b, predicate = instruction.operands
    read = machine.registers.read

    def step(lanes: np.ndarray) -> None:
        chosen = read(predicate, PREDICATE, lanes)
        result = np.where(chosen, read(a, dtype, lanes), read(b, dtype, lanes))
        machine.registers.write(target, result, lanes)

    return step if len(instruction.words) == 2 else None


def _convert(instruction: Instruction, dtype: np.dtype, machine: Machine) -> Step | None:
    """cvt.rzi.s32.f32 d, a: from the last type to the one before it."""
    *modifiers, name = instruction.words[1:-1]
    target, source = instruction.operands
    wanted, known = DTYPES.get(name), set(modifiers) <= MODIFIERS
    if wanted is None or not known or convert(np.empty(1, dtype), wanted, modifiers) is None:
        return None

    def step(lanes: np.ndarray) -> None:
        value = machine.registers.read(source, dtype, lanes)
        if "ftz" in modifiers:
            value = flush(value)
        machine.registers.write(target, convert(value, wanted, modifiers), lanes)

    return step


MAKERS = {
    "ld": access.load, "st": access.store, "mov": move, "cvta": move,
    "cvt": _convert, "setp": _compare, "selp": _select,
}  # fmt: skip
