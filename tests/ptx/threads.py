"""Which thread is which: entry i of every register belongs to thread i."""

import math
from collections.abc import Sequence

import numpy as np

from ptx.faults import InvalidLaunch

WARP = 32  # threads that take each instruction together
LARGEST_GRID = (2**31 - 1, 65535, 65535)  # CUDA C++ programming guide, "Technical specifications"
LARGEST_BLOCK = (1024, 1024, 64)
LARGEST_BLOCK_THREADS = 1024

Size = int | Sequence[int]  # x, (x, y) or (x, y, z)


class Threads:
    """The threads of a launch, block after block; x runs fastest.

    Parameters
    ----------
    grid, block : int or up to three
        Blocks of the grid, threads of a block.
    blocks : sequence of (x, y, z), optional
        Run only these blocks: a few of a grid that would be too large, or the last of a huge one.

    Raises
    ------
    InvalidLaunch
        CUDA would refuse these sizes; 0 among them, which an empty batch may lead to.
    """

    def __init__(
        self, grid: Size, block: Size, blocks: Sequence[Sequence[int]] | None = None
    ) -> None:
        self.grid = _checked("grid", grid, LARGEST_GRID)
        self.per_block = _checked("block", block, LARGEST_BLOCK)
        self.block_size = math.prod(self.per_block)
        if self.block_size > LARGEST_BLOCK_THREADS:
            raise InvalidLaunch(f"a block of {self.block_size} threads: at most 1024")
        chosen = _counted(self.grid) if blocks is None else np.array(blocks, np.uint32)
        threads = _counted(self.per_block)
        self.count = len(chosen) * len(threads)
        self.block = np.repeat(np.arange(len(chosen)), len(threads))  # of every thread
        in_block = np.tile(np.arange(len(threads)), len(chosen))
        self.warp = self.block * -(-len(threads) // WARP) + in_block // WARP
        self.registers = {"%laneid": (in_block % WARP).astype(np.uint32)}
        for axis, name in enumerate("xyz"):
            self.registers |= {
                f"%tid.{name}": threads[in_block, axis],
                f"%ctaid.{name}": chosen[self.block, axis],
                f"%ntid.{name}": np.full(self.count, self.per_block[axis], np.uint32),
                f"%nctaid.{name}": np.full(self.count, self.grid[axis], np.uint32),
            }

    def name(self, thread: int) -> str:
        """Return "thread (3, 0, 0) of block (1, 0, 0)"."""
        at, of = (
            tuple(int(self.registers[f"%{kind}.{axis}"][thread]) for axis in "xyz")
            for kind in ("tid", "ctaid")
        )
        return f"thread {at} of block {of}"


def _checked(what: str, size: Size, largest: tuple[int, int, int]) -> tuple[int, int, int]:
    given = (size,) if isinstance(size, int) else tuple(size)
    x, y, z = sizes = given + (1,) * (3 - len(given))
    if not all(1 <= n <= most for n, most in zip(sizes, largest, strict=True)):
        raise InvalidLaunch(f"{what} {given}: must be from (1, 1, 1) to {largest}")
    return int(x), int(y), int(z)


def _counted(size: tuple[int, int, int]) -> np.ndarray:
    """Return (x, y, z) of everything in a box of this size, x fastest: (n, 3)."""
    z, y, x = np.indices(size[::-1], np.uint32).reshape(3, -1)
    return np.stack([x, y, z], axis=1)
