"""Arrays as a kernel gets them, and how arguments become its parameters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ptx.dtypes import DTYPES
from ptx.faults import InvalidLaunch
from ptx.parse import Kernel


@dataclass
class Buffer:
    """An array in global memory.

    Parameters
    ----------
    array : ndarray, C-contiguous
    name : str
        For messages.
    first : int
        `array` is these entries of a longer one and those that follow; the others do not exist. So
        the end of an array of 2^33 numbers can be tried with a few kilobytes.
    """

    array: np.ndarray
    name: str
    first: int = 0

    read_only = False
    written = True

    def __post_init__(self) -> None:
        if not self.array.flags.c_contiguous:
            raise InvalidLaunch(f"{self.name} is not C-contiguous")

    def bytes(self) -> np.ndarray:
        """Return the bytes of the array, to read and to change."""
        return self.array.reshape(-1).view(np.uint8)

    def first_byte(self) -> int:
        """Return which byte of the longer array is the first that exists."""
        return self.first * self.array.strides[0]


class In(Buffer):
    """What a kernel reads; a store to it is a fault."""

    read_only = True


class Out(Buffer):
    """What a kernel writes; a load of a byte that it has not written is a fault."""

    written = False


class InOut(Buffer):
    """What a kernel changes."""


class Rest(NamedTuple):
    """What exists of a flat array: its entries from `first` on."""

    array: np.ndarray
    first: int


def parameters(
    kernel: Kernel, arguments: Sequence[Buffer | np.generic], addresses: dict[str, int]
) -> dict[str, int]:
    """Return the bits of every parameter by name.

    Numba passes an array as two pointers for the host, which a kernel does not use, the number of
    entries, the bytes of one, the address, the shape and the strides. A kernel with one parameter
    for each argument, as C has it, gets addresses only.
    """
    plain = len(kernel.parameters) == len(arguments)
    values: list[np.generic] = []
    for argument in arguments:
        if isinstance(argument, Buffer):
            address, array = addresses[argument.name], argument.array
            length = argument.first + len(array)
            size = length * array.strides[0] // array.itemsize
            layout = [0, 0, size, array.itemsize, address, length, *array.shape[1:], *array.strides]
            values += [np.uint64(value) for value in ([address] if plain else layout)]
        else:
            values.append(argument)
    kinds = [DTYPES[kind] for kind in kernel.parameters.values()]
    if [kind.itemsize for kind in kinds] != [value.itemsize for value in values]:
        raise InvalidLaunch(
            f"the kernel takes {', '.join(map(str, kinds))}; "
            f"given {', '.join(str(value.dtype) for value in values)}"
        )
    bits = [int.from_bytes(value.tobytes(), "little") for value in values]
    return dict(zip(kernel.parameters, bits, strict=True))
