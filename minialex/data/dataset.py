"""Labelled pictures, and the ways to divide them."""

import zlib
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

    def described(self) -> dict[str, Any]:
        """Return what tells these pictures from others: number, labels, and how light they are.

        The grey level is the mean of up to 1,000 pictures, from the first to the last.
        """
        some = np.linspace(0, len(self) - 1, min(len(self), 1000), dtype=int)
        return {
            "pictures": len(self),
            "labels": f"{zlib.crc32(self.labels.astype('<i8').tobytes()):08x}",  # of all, in order
            "grey": float(np.mean(self.images[some])),
        }

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


def is_description(value: Any) -> bool:
    """Tell whether this has the form of what `Dataset.described` returns."""
    kinds = {"pictures": int, "labels": str, "grey": float}
    return isinstance(value, dict) and all(isinstance(value.get(k), t) for k, t in kinds.items())


def difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Say in what pictures differ by `Dataset.described`; nothing if they do not.

    Grey levels may: another Pillow decodes and resizes a little otherwise.

    >>> difference({"pictures": 3, "labels": "0", "grey": 120.0}, {"pictures": 4, "labels": "1"})
    '3 pictures then, 4 now'
    """
    if before["pictures"] != now["pictures"]:
        return f"{before['pictures']} pictures then, {now['pictures']} now"
    if before["labels"] != now["labels"]:
        return "other labels, or in another order"
    if abs(before["grey"] - now["grey"]) > 0.05:
        return f"a mean grey level of {before['grey']:.2f} then, {now['grey']:.2f} now"
    return ""


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
