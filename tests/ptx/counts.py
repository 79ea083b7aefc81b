"""How much a launch did: instructions, and what they moved.

A warp issues an instruction once for its 32 threads, also where few of them take part; so the
instructions that a GPU must find time for are 32 times those of its warps. A load or store of a
warp is one *request*. Global memory answers it in *sectors* of 32 bytes: four for 32 neighbouring
floats, up to 32 for scattered ones. Shared memory has 32 *banks*, word i in bank i mod 32, and
answers in as many *passes* as one bank has different words to deliver: one at best.

PTX is not yet machine code: address conversions vanish, and a division becomes many instructions.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from ptx.memory import SECTOR, Space
from ptx.threads import WARP

BANKS, WORD = 32, 4


@dataclass
class Traffic:
    """The loads, or the stores, of one array."""

    requests: int = 0
    sectors: int = 0
    passes: int = 0
    bytes: int = 0
    touched: set[int] = field(default_factory=set)  # different sectors: what a perfect cache moves

    def sectors_per_request(self) -> float:
        return self.sectors / max(self.requests, 1)

    def passes_per_request(self) -> float:
        return self.passes / max(self.requests, 1)


@dataclass
class Counts:
    """What `launch` counted: `warp_instructions["fma"]`, `loads["x"]`, `stores["y"]`."""

    warp_instructions: Counter[str] = field(default_factory=Counter)
    thread_instructions: int = 0
    loads: dict[str, Traffic] = field(default_factory=dict)
    stores: dict[str, Traffic] = field(default_factory=dict)

    def instructions(self) -> int:
        """Return the instructions that warps issued, times 32."""
        return WARP * self.warp_instructions.total()

    def bytes_moved(self) -> int:
        """Return the bytes of the sectors of global memory that were touched, each way once."""
        ways = (*self.loads.values(), *self.stores.values())
        return SECTOR * sum(len(traffic.touched) for traffic in ways)

    def issue(self, name: str, warps: np.ndarray) -> None:
        """Count an instruction of threads of these warps, in order."""
        self.thread_instructions += len(warps)
        self.warp_instructions[name] += int((warps[1:] != warps[:-1]).sum()) + 1

    def load(self, space: Space, addresses: np.ndarray, size: int, warps: np.ndarray) -> None:
        """Count `size` bytes loaded by every thread."""
        _count(self.loads, space, addresses, size, warps)

    def store(self, space: Space, addresses: np.ndarray, size: int, warps: np.ndarray) -> None:
        """Count `size` bytes stored by every thread."""
        _count(self.stores, space, addresses, size, warps)


def _count(
    way: dict[str, Traffic], space: Space, addresses: np.ndarray, size: int, warps: np.ndarray
) -> None:
    which = space.which(addresses)
    for k in np.unique(which):
        traffic = way.setdefault(space.arrays[k].name, Traffic())
        warp, at = warps[which == k], addresses[which == k].astype(np.int64)
        traffic.requests += len(np.unique(warp))
        traffic.bytes += size * len(at)
        if space.name == "shared":
            warp, word = _pairs(warp, at // WORD)
            traffic.passes += _busiest_banks(warp, word % BANKS)
        else:
            _, sectors = _pairs(warp, at // SECTOR)
            traffic.sectors += len(sectors)
            traffic.touched.update(np.unique(sectors).tolist())


def _pairs(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the different pairs (a, b), sorted."""
    low, span = b.min(), b.max() - b.min() + 1
    first, second = np.divmod(np.unique(a * span + (b - low)), span)
    return first, second + low


def _busiest_banks(warp: np.ndarray, bank: np.ndarray) -> int:
    """Return the sum over warps of how often their most frequent bank occurs."""
    warps, which = np.unique(warp, return_inverse=True)
    times = np.bincount(which * BANKS + bank, minlength=len(warps) * BANKS)
    return int(times.reshape(-1, BANKS).max(axis=1).sum())
