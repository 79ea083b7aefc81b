"""Loads and stores: ld and st."""

import numpy as np

from ptx.dtypes import DTYPES
from ptx.machine import Machine, Step
from ptx.memory import Space
from ptx.parse import Address, Instruction


def load(instruction: Instruction, dtype: np.dtype, machine: Machine) -> Step | None:
    """ld.global.f32 d, [address]; ld.global.v4.f32 {d0, d1, d2, d3}, [address]: 16 bytes."""
    target, address = instruction.operands
    if "param" in instruction.words:
        return _load_parameter(instruction, dtype, machine)
    targets = target if isinstance(target, tuple) else (target,)
    space, size = _space(instruction, len(targets), machine), dtype.itemsize * len(targets)

    def step(lanes: np.ndarray) -> None:
        addresses = _addresses(address, machine, lanes)
        values = space.load(addresses, dtype, len(targets), lanes)
        machine.counts.load(space, addresses, size, machine.threads.warp[lanes])
        for register, value in zip(targets, values, strict=True):
            machine.registers.write(register, value, lanes)

    return step if space else None


def store(instruction: Instruction, dtype: np.dtype, machine: Machine) -> Step | None:
    """st.global.f32 [address], a; st.global.v2.f32 [address], {a0, a1}."""
    address, source = instruction.operands
    sources = source if isinstance(source, tuple) else (source,)
    space, size = _space(instruction, len(sources), machine), dtype.itemsize * len(sources)

    def step(lanes: np.ndarray) -> None:
        addresses = _addresses(address, machine, lanes)
        values = np.empty((len(sources), len(lanes)), dtype)
        for i, register in enumerate(sources):
            values[i] = machine.registers.read(register, dtype, lanes)
        space.store(addresses, values, lanes)
        machine.counts.store(space, addresses, size, machine.threads.warp[lanes])

    return step if space else None


def _load_parameter(instruction: Instruction, dtype: np.dtype, machine: Machine) -> Step | None:
    """ld.param.u64 d, [name]: an argument of the kernel, the same for all threads."""
    target, (name, offset) = instruction.operands

    def step(lanes: np.ndarray) -> None:
        value = machine.registers.read(machine.parameters[name], dtype, lanes)
        machine.registers.write(target, value, lanes)

    known = len(instruction.words) == 3 and offset == 0 and name in machine.parameters
    return step if known else None


def _space(instruction: Instruction, count: int, machine: Machine) -> Space | None:
    """Return the state space of a load or store; None where the form is not known."""
    known = {"volatile", "nc", *([f"v{count}"] if count > 1 else [])}  # nc: by a read-only cache
    names = [word for word in instruction.words[1:-1] if word not in known]
    return machine.spaces.get(names[0]) if len(names) == 1 else None


def _addresses(address: Address, machine: Machine, lanes: np.ndarray) -> np.ndarray:
    base = machine.registers.read(address.base, DTYPES["u64"], lanes)
    return np.broadcast_to(base + np.uint64(address.offset & (1 << 64) - 1), len(lanes))
