"""Labelled pictures, and the ways to divide them."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from minialex.errors import InputError


class Images(Protocol):
    """What a data set needs of its pictures. An array uint8 (N, H, W, C) is the usual one."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...

    def __len__(self) -> int: ...

    def __getitem__(self, key: Any, /) -> Any: ...


@dataclass(eq=False)
class Dataset:
    """Pictures with a label each.

    Parameters
    ----------
    images : Images
        uint8 (N, H, W, C); `images[indices]` is an array.
    labels : int64 (N,)
        From 0 to len(classes) - 1.
    classes : tuple of str
        The name of each label.
    name : str
        What messages call the data.

    Raises
    ------
    InputError
        These do not fit together.
    """

    images: Images
    labels: np.ndarray
    classes: tuple[str, ...]
    name: str = "data"

    def __post_init__(self) -> None:
        images, labels = self.images, np.asarray(self.labels)
        if len(images.shape) != 4 or images.dtype != np.uint8:
            raise InputError(
                f"{self.name}: images are {images.dtype} of shape {images.shape}; "
                f"give uint8 grey levels of shape (N, H, W, C)"
            )
        if labels.shape != (len(images),) or (labels.size and labels.dtype.kind not in "iu"):
            raise InputError(
                f"{self.name}: labels are {labels.dtype} of shape {labels.shape}; "
                f"give one integer for each of the {len(images)} pictures"
            )
        wrong = np.flatnonzero((labels < 0) | (labels >= len(self.classes)))
        if wrong.size:
            raise InputError(
                f"{self.name}: label {labels[wrong[0]]} of picture {wrong[0]} is out of range; "
                f"labels of {len(self.classes)} classes go from 0 to {len(self.classes) - 1}"
            )
        self.labels, self.classes = labels.astype(np.int64), tuple(self.classes)

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: np.ndarray) -> "Dataset":
        """Return the pictures at these indices, in this order. None is copied."""
        indices = np.asarray(indices, np.int64)
        return Dataset(View(self.images, indices), self.labels[indices], self.classes, self.name)


class View:
    """Some of the pictures of `images`, taken from there whenever they are asked for."""

    def __init__(self, images: Images, indices: np.ndarray) -> None:
        self.images, self.indices = images, indices
        self.shape, self.dtype = (len(indices), *images.shape[1:]), images.dtype

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, key: Any) -> Any:
        return self.images[self.indices[key]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)


class Splits(NamedTuple):
    """What is trained on, and what is measured once at the end."""

    train: Dataset
    test: Dataset


def split(dataset: Dataset, size: int, seed: int) -> tuple[Dataset, Dataset]:
    """Hold out `size` pictures drawn by `seed`: the rest, and what is held out.

    Raises
    ------
    InputError
        No picture would be left.

    Examples
    --------
    >>> numbers = Dataset(np.zeros((5, 1, 1, 3), np.uint8), np.arange(5), tuple("abcde"))
    >>> rest, held_out = split(numbers, 2, seed=0)
    >>> rest.labels, held_out.labels
    (array([0, 1, 3]), array([2, 4]))
    """
    if not 0 <= size < len(dataset):
        raise InputError(
            f"{dataset.name}: {size} of {len(dataset)} pictures cannot be held out; "
            f"hold out fewer than there are"
        )
    order = np.random.default_rng(seed).permutation(len(dataset))
    return dataset.subset(np.sort(order[size:])), dataset.subset(np.sort(order[:size]))
