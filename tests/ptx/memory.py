"""Memory: arrays far apart, so that an access beside one hits nothing.

PTX has several *state spaces*: `global` memory, which all threads share; `shared`, of which every
block has a copy of its own; `local`, of which every thread has one. Array k of a space begins at
address (k + 1) * spacing: the upper bits of an address say which array, the lower ones which byte
of it, and what lies between two arrays is a guard gap of gigabytes (megabytes in shared memory,
where addresses have 32 bits).
"""

from typing import NamedTuple

import numpy as np

from ptx.faults import Misaligned, NeverWritten, OutOfBounds, ReadOnly
from ptx.races import Races
from ptx.threads import Threads

SECTOR = 32  # bytes that memory moves at once


class Array(NamedTuple):
    """Bytes `first` to `first + size` of an array exist."""

    name: str
    size: int
    first: int = 0
    contents: np.ndarray | None = None  # bytes, of the only copy
    written: bool = False  # already
    read_only: bool = False


class Space:
    """One state space.

    Parameters
    ----------
    name : "global", "shared" or "local"
    arrays : list of Array
    spacing : int
        Bytes from one array to the next, a power of two.
    threads : Threads
    copy : ndarray of int
        Which copy of the arrays each thread sees.
    races : bool
        Watch for two threads that meet.
    """

    def __init__(
        self,
        name: str,
        arrays: list[Array],
        spacing: int,
        threads: Threads,
        copy: np.ndarray,
        races: bool,
    ) -> None:
        self.name, self.arrays, self.spacing = name, arrays, spacing
        self.threads, self.copy = threads, copy
        self.first = np.array([a.first for a in arrays], np.int64)
        self.stop = self.first + np.array([a.size for a in arrays], np.int64)
        self.read_only = np.array([a.read_only for a in arrays], np.bool_)
        # All arrays of a copy lie in one array of bytes: bytes[start[k]] is the first of array k.
        self.start, end = np.zeros(len(arrays), np.int64), 0
        for k, array in enumerate(arrays):
            self.start[k] = end
            end += -(-array.size // SECTOR) * SECTOR
        self.copy_size = end
        copies = int(copy.max()) + 1
        self.bytes = np.zeros(copies * end, np.uint8)
        self.written = np.zeros(copies * end, np.bool_)
        for k, array in enumerate(arrays):
            if array.contents is not None:
                place = slice(self.start[k], self.start[k] + array.size)
                self.bytes[place], self.written[place] = array.contents, array.written
        self.races = Races(copies * end, threads) if races else None

    def addresses(self) -> dict[str, int]:
        """Return the address of byte 0 of every array, whether that byte exists or not."""
        return {array.name: (k + 1) * self.spacing for k, array in enumerate(self.arrays)}

    def which(self, addresses: np.ndarray) -> np.ndarray:
        """Return the number of the array at each address."""
        return addresses.astype(np.int64) // self.spacing - 1

    def contents(self, k: int) -> np.ndarray:
        """Return the bytes of an array, of the only copy."""
        return self.bytes[self.start[k] : self.start[k] + self.arrays[k].size]

    def barrier(self, blocks: np.ndarray) -> None:
        """Note that these blocks have passed a barrier."""
        if self.races:
            self.races.interval[blocks] += 1

    def load(self, addresses: np.ndarray, dtype: np.dtype, count: int, lanes: np.ndarray):
        """Return `count` neighbouring numbers for every thread: (count, threads)."""
        size = dtype.itemsize * count
        index = self._locate(addresses, size, lanes, "load")
        cells = index[:, None] + np.arange(size)
        if not self.written[cells].all():
            bad = int(np.argmin(self.written[cells].all(axis=1)))
            raise NeverWritten(f"{self._access('load', addresses[bad], lanes[bad])}: never written")
        if self.races:
            self.races.read(cells, lanes, lambda i: self._access("load", addresses[i], lanes[i]))
        return self.bytes.view(dtype)[index // dtype.itemsize + np.arange(count)[:, None]]

    def store(self, addresses: np.ndarray, values: np.ndarray, lanes: np.ndarray) -> None:
        """Store neighbouring numbers of every thread: values (count, threads)."""
        count, item = len(values), values.dtype.itemsize
        index = self._locate(addresses, item * count, lanes, "store")
        forbidden = self.read_only[self.which(addresses)]
        if forbidden.any():
            bad = int(np.argmax(forbidden))
            raise ReadOnly(f"{self._access('store', addresses[bad], lanes[bad])}: read-only")
        cells = index[:, None] + np.arange(item * count)
        if self.races:
            self.races.write(cells, lanes, lambda i: self._access("store", addresses[i], lanes[i]))
        self.bytes.view(values.dtype)[index // item + np.arange(count)[:, None]] = values
        self.written[cells] = True

    def _locate(self, addresses: np.ndarray, size: int, lanes: np.ndarray, verb: str) -> np.ndarray:
        """Return where in `bytes` every thread's access starts; raise unless all are allowed."""
        which, offset = self.which(addresses), addresses.astype(np.int64) % self.spacing
        inside = (which >= 0) & (which < len(self.arrays))
        if inside.all():
            inside = (offset >= self.first[which]) & (offset + size <= self.stop[which])
        if not inside.all():
            bad = int(np.argmin(inside))
            raise OutOfBounds(f"{self._access(verb, addresses[bad], lanes[bad])}: out of bounds")
        if (offset % size).any():
            bad = int(np.argmax(offset % size))
            access = self._access(verb, addresses[bad], lanes[bad])
            raise Misaligned(f"{access}: not a multiple of {size} bytes")
        copy = self.copy[lanes] * self.copy_size
        return copy + self.start[which] + offset - self.first[which]

    def _access(self, verb: str, address: int, lane: int) -> str:
        """Return "load of byte -4 of x (global, 96 bytes) by thread (0, 0, 0) of ..."."""
        k, offset = divmod(int(address), self.spacing)
        if offset > self.spacing // 2:  # a little before the next array, rather than far behind one
            k, offset = k + 1, offset - self.spacing
        if 1 <= k <= len(self.arrays):
            array = self.arrays[k - 1]
            extent = f"{array.size} bytes" + (f" from {array.first}" if array.first else "")
            target = f"byte {offset} of {array.name} ({self.name}, {extent})"
        else:
            target = f"address {int(address):#x}, where nothing is"
        return f"{verb} of {target} by {self.threads.name(int(lane))}"
