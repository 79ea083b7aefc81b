"""Registers: one array of bits for each, with an entry for every thread.

A register has a width and no type: `%r1` may hold an integer or a float, and the instruction says
how to take its bits. So all are stored as unsigned integers, and viewed as what is asked for.
"""

import numpy as np

from ptx.dtypes import DTYPES, bits_of
from ptx.parse import Kernel, Operand
from ptx.threads import Threads

# What a register holds before it is written. As a float it is not a number, as an address it is
# nobody's: 0 would hide that somebody reads it.
GARBAGE = 0xFFC5FFC5FFC5FFC5


class Registers:
    """The registers of all threads.

    Parameters
    ----------
    kernel : Kernel
    threads : Threads
        Brings the special registers, such as %tid.x.
    symbols : dict
        Values of the names in the program: addresses of its arrays.
    """

    def __init__(self, kernel: Kernel, threads: Threads, symbols: dict[str, int]) -> None:
        self.symbols = symbols
        self.bits = dict(threads.registers)
        for name, kind in kernel.registers.items():
            bits = bits_of(DTYPES[kind])
            self.bits[name] = np.full(threads.count, GARBAGE >> (64 - 8 * bits.itemsize), bits)

    def knows(self, operand: Operand) -> bool:
        """Return whether an operand can be read."""
        return isinstance(operand, int) or operand in self.bits or operand in self.symbols

    def read(self, operand: Operand, dtype: np.dtype, lanes: np.ndarray) -> np.ndarray:
        """Return an operand as threads `lanes` see it; one number where it is a constant.

        Of a register wider than the type, the lower bits count.
        """
        if isinstance(operand, int) or operand in self.symbols:
            value = operand if isinstance(operand, int) else self.symbols[operand]
            bits = bits_of(dtype)
            width = 1 if dtype.kind == "b" else 8 * bits.itemsize
            return np.array(value & ((1 << width) - 1), bits).view(dtype)
        held = self.bits[operand][lanes]
        return held.astype(bits_of(dtype), copy=False).view(dtype)

    def write(self, register: str, values: np.ndarray, lanes: np.ndarray) -> None:
        """Store values; narrower ones are extended, with their sign if they have one."""
        held = self.bits[register]
        values = np.asarray(values)
        if values.dtype.itemsize < held.itemsize and values.dtype.kind == "i":
            values = values.astype(np.dtype(f"i{held.itemsize}"))
        held[lanes] = values.view(bits_of(values.dtype))
