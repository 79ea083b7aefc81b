"""A launch: memory, registers and parameters are made, the threads run, arrays are read back."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from ptx.arguments import Buffer, parameters
from ptx.counts import Counts
from ptx.faults import InvalidLaunch
from ptx.machine import Machine
from ptx.memory import Array, Space
from ptx.parse import Kernel
from ptx.registers import Registers
from ptx.run import Run
from ptx.threads import Size, Threads

SHARED_BYTES = 48 * 1024  # at most, of a block, unless a launch asks for more


def launch(
    kernel: Kernel,
    grid: Size,
    block: Size,
    arguments: Sequence[Buffer | np.generic],
    *,
    blocks: Sequence[Sequence[int]] | None = None,
    shared_bytes: int = 0,
    allow_float64: bool = False,
    limit: int = 100_000,
) -> Counts:
    """Run a kernel; what it stores is in the arrays afterwards.

    Parameters
    ----------
    kernel : Kernel
    grid, block, blocks
        See Threads.
    arguments : sequence of In, Out, InOut or NumPy number
        Passed as Numba does or, where the kernel has one parameter for each, as addresses.
    shared_bytes : int
        Shared memory whose size the kernel leaves open.
    allow_float64 : bool
        Run float64 arithmetic too.
    limit : int
        Instructions that some threads take together, before the kernel counts as endless.

    Raises
    ------
    Fault
        One of faults.py; nothing is stored then.
    """
    threads = Threads(grid, block, blocks)
    buffers = [argument for argument in arguments if isinstance(argument, Buffer)]
    for a, b in combinations(buffers, 2):
        if np.may_share_memory(a.array, b.array) and not (a.read_only and b.read_only):
            raise InvalidLaunch(f"{a.name} and {b.name} share memory, which is not emulated")
    spaces = _spaces(kernel, buffers, threads, shared_bytes)
    symbols = spaces["shared"].addresses() | spaces["local"].addresses()
    machine = Machine(
        threads,
        Registers(kernel, threads, symbols),
        parameters(kernel, arguments, spaces["global"].addresses()),
        spaces,
        allow_float64,
    )
    with np.errstate(all="ignore"):  # a GPU does not warn either
        Run(kernel, machine, limit).run()
    for k, buffer in enumerate(buffers):
        if not buffer.read_only:
            buffer.bytes()[:] = spaces["global"].contents(k)
    return machine.counts


def _spaces(
    kernel: Kernel, buffers: list[Buffer], threads: Threads, shared_bytes: int
) -> dict[str, Space]:
    """Return the state spaces of a launch by name."""
    arrays = [
        Array(b.name, b.array.nbytes, b.first_byte(), b.bytes(), b.written, b.read_only)
        for b in buffers
    ]
    shared = [Array(n, shared_bytes if size is None else size) for n, size in kernel.shared.items()]
    if sum(array.size for array in shared) > SHARED_BYTES:
        raise InvalidLaunch(f"more than {SHARED_BYTES} bytes of shared memory: {shared}")
    local = [Array(name, size) for name, size in kernel.local.items()]
    one, own = np.zeros(threads.count, np.int64), np.arange(threads.count)
    return {
        "global": Space("global", arrays, 1 << 40, threads, copy=one, races=True),
        "shared": Space("shared", shared, 1 << 24, threads, copy=threads.block, races=True),
        "local": Space("local", local, 1 << 24, threads, copy=own, races=False),
    }
