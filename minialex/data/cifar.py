"""CIFAR-10 and CIFAR-100, from the official files in either layout, or downloaded.

Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
60,000 pictures of 32x32, 10,000 of them for the test; https://www.cs.toronto.edu/~kriz/cifar.html
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from minialex.data import cifar_files as files
from minialex.data.archive import unpack
from minialex.data.dataset import Dataset, Splits
from minialex.data.download import cache_folder, fetch
from minialex.errors import InputError


class Layout(NamedTuple):
    """The files of one archive. With a `key`, they are pickles; without, binary records."""

    folder: str
    archive: str
    md5: str
    train: tuple[str, ...]
    test: str
    names: str
    key: str | None = None  # of the labels
    names_key: str | None = None


class Variant(NamedTuple):
    """CIFAR-10 or CIFAR-100."""

    name: str
    classes: int
    label_bytes: int  # in a binary record
    train_records: int  # in each training file
    test_records: int
    layouts: tuple[Layout, ...]  # the first one is downloaded


CIFAR10 = Variant(
    "cifar10", 10, 1, 10_000, 10_000,
    (
        Layout(
            "cifar-10-batches-bin", "cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530",
            tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin",
            "batches.meta.txt",
        ),
        Layout(
            "cifar-10-batches-py", "cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a",
            tuple(f"data_batch_{i}" for i in range(1, 6)), "test_batch",
            "batches.meta", "labels", "label_names",
        ),
    ),
)  # fmt: skip
CIFAR100 = Variant(
    "cifar100", 100, 2, 50_000, 10_000,  # a coarse and a fine label
    (
        Layout(
            "cifar-100-binary", "cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8",
            ("train.bin",), "test.bin",
            "fine_label_names.txt",
        ),
        Layout(
            "cifar-100-python", "cifar-100-python.tar.gz", "eb9058c3a382ffc7106e4002c42a8d85",
            ("train",), "test",
            "meta", "fine_labels", "fine_label_names",
        ),
    ),
)  # fmt: skip


def load(
    variant: Variant,
    data_dir: str | Path | None = None,
    image_size: int | None = None,
    mirrors: Sequence[str] = (),
) -> Splits:
    """Load CIFAR from `data_dir`; what does not lie there is downloaded into it.

    Parameters
    ----------
    variant : CIFAR10 or CIFAR100
    data_dir : path, optional
        Holds an official folder or is one, or holds an official archive, or the class folders
        train/<class>/* and test/<class>/*. Default: the cache of downloads.
    image_size : int, optional
        Resize the pictures. Default: 32.
    mirrors : sequence of str
        Base addresses to download from before the official one.

    Raises
    ------
    InputError
        A file is damaged, or cannot be downloaded.
    """
    root = Path(data_dir) if data_dir else cache_folder()
    if root.is_file():
        raise InputError(f"{root} is a file; give the folder that it lies in as --data-dir")
    found = _unpacked(variant, root)
    if not (found or _packed(variant, root)) and (root / "train").is_dir():
        return _class_folders(variant, root, image_size or 32)
    splits = _read(variant, *(found or _unpack(variant, root, mirrors)))
    if image_size in (None, 32):
        return splits
    from minialex.data.pictures import read_pictures

    for dataset in splits:
        dataset.images = read_pictures(dataset.images, image_size)
    return splits


def _unpacked(variant: Variant, root: Path) -> tuple[Layout, Path] | None:
    """Return the layout whose files lie under `root`, and their folder."""
    for layout in variant.layouts:
        for folder in (root / layout.folder, root):
            if any((folder / name).is_file() for name in (*layout.train, layout.test)):
                return layout, folder
    return None


def _packed(variant: Variant, root: Path) -> Layout | None:
    """Return the layout whose archive lies under `root`."""
    return next((x for x in variant.layouts if (root / x.archive).is_file()), None)


def _unpack(variant: Variant, root: Path, mirrors: Sequence[str]) -> tuple[Layout, Path]:
    """Download an archive, where there is none, and unpack it; other processes wait for that."""
    from filelock import FileLock

    root.mkdir(parents=True, exist_ok=True)
    with FileLock(root / f".{variant.name}.lock"):
        if found := _unpacked(variant, root):  # by the one that was waited for
            return found
        layout = _packed(variant, root) or variant.layouts[0]
        if not (root / layout.archive).is_file():
            fetch(layout.archive, root, layout.md5, mirrors)
        return layout, unpack(root / layout.archive, layout.md5, layout.folder)


def _read(variant: Variant, layout: Layout, folder: Path) -> Splits:
    names = files.read_names(folder / layout.names, layout.names_key, variant.classes)

    def read(name: str, records: int) -> tuple[np.ndarray, np.ndarray]:
        if layout.key:
            return files.read_python(folder / name, records, layout.key, variant.classes)
        return files.read_binary(folder / name, records, variant.label_bytes, variant.classes)

    parts = [read(name, variant.train_records) for name in layout.train]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return Splits(
        Dataset(images, labels, names, variant.name),
        Dataset(*read(layout.test, variant.test_records), names, variant.name),
    )


def _class_folders(variant: Variant, root: Path, image_size: int) -> Splits:
    """Read a copy of CIFAR as pictures in class folders; the official labels are alphabetical."""
    from minialex.data import folder

    splits = folder.load(root, image_size)
    if len(splits.train.classes) != variant.classes:
        raise InputError(
            f"{root / 'train'} holds {len(splits.train.classes)} class folders, and "
            f"{variant.name} has {variant.classes} classes; for other pictures use --data {root}"
        )
    for dataset in splits:
        dataset.name = variant.name
    return splits
