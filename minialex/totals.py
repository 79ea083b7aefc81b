"""The sums of an epoch, kept where the network computes."""

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from minialex.backend import Array, to_device, to_host, xp_of

if TYPE_CHECKING:
    from minialex.resume import Position

READ_EVERY = 1.0  # seconds between two readings on a GPU, each of which waits for it


class Sums(NamedTuple):
    """What has been added up so far, on the host."""

    loss: float
    correct: int
    pictures: int
    bad_step: int | None  # the first one whose loss was NaN or infinite


class Totals:
    """Loss and right answers, summed over the steps of an epoch.

    Adding never waits: a GPU may be several steps behind the program. `due` tells when to wait for
    it and read. A loss that is NaN or infinite spoils the sum for good, so that the number of steps
    with a finite sum tells, also much later, which step was the first bad one.

    Parameters
    ----------
    device : str
        Where the losses will be.
    position : Position
        The sums of an epoch that was begun before, and the steps until now.
    """

    def __init__(self, device: str, position: "Position") -> None:
        start = np.array([position.loss, position.correct, position.step], np.float64)
        self.loss, self.correct, self.good = to_device(start, device)  # good: the last good step
        self.count, self.step = position.count, position.step
        self.interval = 0.0 if device == "cpu" else READ_EVERY
        self.last_read = time.perf_counter()
        self.unread = 0

    def add(self, loss: Array, correct: Array, count: int) -> None:
        """Add the mean loss of a batch, how many of its answers are right, and its size."""
        self.loss = self.loss + loss.astype("float64") * count
        self.correct = self.correct + correct
        self.good = self.good + xp_of(self.loss).isfinite(self.loss)
        self.count += count
        self.step += 1
        self.unread += 1

    def due(self) -> bool:
        """Tell whether it is time to read: always where that costs nothing."""
        return time.perf_counter() >= self.last_read + self.interval

    def read(self) -> Sums:
        """Return the sums, once a GPU has caught up."""
        stacked = xp_of(self.loss).stack([self.loss, self.correct, self.good])
        loss, correct, good = to_host(stacked).tolist()
        self.last_read, self.unread = time.perf_counter(), 0
        return Sums(loss, int(correct), self.count, None if good == self.step else int(good) + 1)
