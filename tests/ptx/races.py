"""Whether two threads met at a byte.

Two accesses to one byte, of which at least one is a store, race if they come from different threads
and nothing orders them. A barrier orders what the threads of ONE block did before it and after it;
nothing orders different blocks. So every byte remembers its last store and its loads, each with the
thread and with the *interval*: how many barriers the thread's block had passed. An earlier access
is harmless to a later one of

    the same thread, or
    the same block in a later interval.
"""

from collections.abc import Callable

import numpy as np

from ptx.faults import Race
from ptx.threads import Threads

NOBODY, SEVERAL = -1, -2


class Races:
    """The accesses to every byte of a space.

    `cells`, below, are the bytes that threads access: (threads, bytes of each).
    `access(i)` names the i-th of these threads and what it does.
    """

    def __init__(self, size: int, threads: Threads) -> None:
        self.threads = threads
        self.interval = np.zeros(
            int(threads.block.max()) + 1, np.int64
        )  # of each block: the present
        self.writer = np.full(size, NOBODY, np.int64)  # the last
        self.written_in = np.zeros(size, np.int64)  # an interval
        self.reader = np.full(size, NOBODY, np.int64)  # since the block's last barrier
        self.reading_block = np.full(size, NOBODY, np.int64)
        self.read_in = np.zeros(size, np.int64)

    def read(self, cells: np.ndarray, lanes: np.ndarray, access: Callable[[int], str]) -> None:
        """Note loads; Race if another thread has stored there."""
        thread, block, interval = self._who(lanes)
        self._check_stores(cells, thread, block, interval, access)
        # Loads before the last barrier of this block matter to other blocks only, and to those
        # this load matters as much.
        old = (self.reading_block[cells] == block) & (self.read_in[cells] < interval)
        self.reader[cells[old]] = NOBODY
        for known, new in ((self.reader, thread), (self.reading_block, block)):
            before = known[cells]
            merged = np.where((before == NOBODY) | (before == new), new, SEVERAL)
            known[cells] = merged
            known[cells[known[cells] != merged]] = SEVERAL  # several threads of this instruction
        self.read_in[cells] = interval

    def write(self, cells: np.ndarray, lanes: np.ndarray, access: Callable[[int], str]) -> None:
        """Note stores; Race if another thread has loaded or stored there."""
        thread, block, interval = self._who(lanes)
        self._check_stores(cells, thread, block, interval, access)
        reader, reading_block = self.reader[cells], self.reading_block[cells]
        before = (reading_block == block) & (self.read_in[cells] < interval)
        raced = (reading_block != NOBODY) & (reader != thread) & ~before
        if raced.any():
            i = int(np.argmax(raced.any(axis=1)))
            raise Race(f"{access(i)}, loaded by {self._name(int(reader[raced][0]))}")
        self.writer[cells], self.written_in[cells] = thread, interval
        twice = self.writer[cells] != thread  # two threads of this instruction at one byte
        if twice.any():
            i = int(np.argmax(twice.any(axis=1)))
            other = self._name(int(self.writer[cells][twice][0]))
            raise Race(f"{access(i)}, stored at the same time by {other}")

    def _check_stores(self, cells, thread, block, interval, access) -> None:
        writer = self.writer[cells]
        same_block = self.threads.block[writer] == block  # of nobody: not looked at
        before = same_block & (self.written_in[cells] < interval)
        raced = (writer != NOBODY) & (writer != thread) & ~before
        if raced.any():
            i = int(np.argmax(raced.any(axis=1)))
            raise Race(f"{access(i)}, stored by {self._name(int(writer[raced][0]))}")

    def _who(self, lanes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        block = self.threads.block[lanes]
        return lanes[:, None], block[:, None], self.interval[block][:, None]

    def _name(self, thread: int) -> str:
        return "several threads" if thread == SEVERAL else self.threads.name(thread)
