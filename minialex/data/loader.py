"""Batches, prepared in the background and decided by (seed, epoch, batch) alone."""

import contextvars
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from minialex.backend import Array, pinned, to_device
from minialex.data.augment import Augment
from minialex.data.dataset import Dataset
from minialex.data.pixels import Pixels
from minialex.errors import InputError


class Loader:
    """Batches of a data set, in a new random order in every epoch.

    A loader has no state: the order of an epoch comes from default_rng([seed, epoch, 0]), the
    augmentation of its batch i from default_rng([seed, epoch, 1 + i]). A run that is resumed at
    any batch therefore sees the same pictures, whatever had been prepared before.

    Parameters
    ----------
    dataset : Dataset
    pixels : Pixels
        From uint8 to what the network sees.
    batch_size : int
        The last batch of an epoch may be smaller.
    seed : int
    augment : Augment, optional
    shuffle : bool
        False: the pictures come in the order of the data set.
    prefetch : int
        Batches that are prepared while the network works on another one.
    device : str
        Where the batches are wanted. They are prepared on the host, and on their way to a GPU while
        it works on another one.

    Raises
    ------
    InputError
        A batch size, seed or prefetch out of range.
    """

    def __init__(
        self,
        dataset: Dataset,
        pixels: Pixels,
        batch_size: int,
        *,
        seed: int,
        augment: Augment | None = None,
        shuffle: bool = True,
        prefetch: int = 3,
        device: str = "cpu",
    ) -> None:
        for name, value, low in (
            ("batch_size", batch_size, 1),
            ("seed", seed, 0),
            ("prefetch", prefetch, 1),
        ):
            if value < low:
                raise InputError(f"{name} {value} of the loader is too small; use at least {low}")
        self.dataset, self.pixels, self.augment = dataset, pixels, augment
        self.batch_size, self.seed = batch_size, seed
        self.shuffle, self.prefetch, self.device = shuffle, prefetch, device

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self.dataset) // self.batch_size)

    def batches(self, epoch: int, first: int = 0) -> Iterator[tuple[Array, Array]]:
        """Yield (x float32 (n, H, W, C), labels int64 (n,)) from batch `first` to the last.

        H and W are those of the crops, where the augmentation takes smaller ones.

        One thread prepares them. What it raises is raised here; it ends with the iterator.
        """
        order = self._order(epoch)
        pending: deque[Future] = deque()
        worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="minialex-loader")
        run = contextvars.copy_context().run  # with this thread's number of workers
        try:
            for i in range(first, len(self)):
                pending.append(worker.submit(run, self._batch, order, epoch, i))
                if len(pending) > self.prefetch:
                    yield self._delivered(pending.popleft().result())
            while pending:
                yield self._delivered(pending.popleft().result())
        finally:
            worker.shutdown(cancel_futures=True)

    def _order(self, epoch: int) -> np.ndarray:
        if not self.shuffle:
            return np.arange(len(self.dataset))
        return np.random.default_rng([self.seed, epoch, 0]).permutation(len(self.dataset))

    def _batch(self, order: np.ndarray, epoch: int, i: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = order[i * self.batch_size : (i + 1) * self.batch_size]
        x = self.pixels(self.dataset.images[chosen])
        if self.augment:
            x = self.augment(x, np.random.default_rng([self.seed, epoch, 1 + i]))
        return pinned(x, self.device), pinned(self.dataset.labels[chosen], self.device)

    def _delivered(self, batch: tuple[np.ndarray, np.ndarray]) -> tuple[Array, Array]:
        x, labels = batch
        return to_device(x, self.device), to_device(labels, self.device)
