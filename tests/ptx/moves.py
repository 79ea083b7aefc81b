"""mov: a register to another, several to one, one to several."""

import numpy as np

from ptx.dtypes import DTYPES
from ptx.machine import Machine, Step
from ptx.parse import Instruction, Operand


def move(instruction: Instruction, dtype: np.dtype, machine: Machine) -> Step | None:
    """mov.u32 d, a. cvta, which makes an address fit all state spaces, changes nothing here."""
    target, source = instruction.operands
    if isinstance(target, tuple):
        return _split(target, source, dtype, machine)
    if isinstance(source, tuple):
        return _join(target, source, dtype, machine)

    def step(lanes: np.ndarray) -> None:
        machine.registers.write(target, machine.registers.read(source, dtype, lanes), lanes)

    return step if instruction.words[0] == "cvta" or len(instruction.words) == 2 else None


def _split(targets: tuple, source: Operand, dtype: np.dtype, machine: Machine) -> Step:
    """mov.b64 {low, high}, a: the parts of a register."""
    part = np.dtype(f"u{dtype.itemsize // len(targets)}")

    def step(lanes: np.ndarray) -> None:
        bits = machine.registers.read(source, DTYPES["u64"], lanes)
        for i, target in enumerate(targets):
            machine.registers.write(target, (bits >> 8 * part.itemsize * i).astype(part), lanes)

    return step


def _join(target: Operand, sources: tuple, dtype: np.dtype, machine: Machine) -> Step:
    """mov.b64 d, {low, high}: a register from its parts."""
    part = np.dtype(f"u{dtype.itemsize // len(sources)}")

    def step(lanes: np.ndarray) -> None:
        bits = np.zeros(len(lanes), np.uint64)
        for i, source in enumerate(sources):
            value = machine.registers.read(source, part, lanes).astype(np.uint64)
            bits |= value << 8 * part.itemsize * i
        machine.registers.write(target, bits.astype(np.dtype(f"u{dtype.itemsize}")), lanes)

    return step
