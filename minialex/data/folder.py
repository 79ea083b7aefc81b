"""Pictures in one folder a class. Needs Pillow."""

from pathlib import Path

import numpy as np

from minialex.data.dataset import Dataset, Splits, split
from minialex.data.pictures import read_picture, read_pictures
from minialex.errors import InputError

__all__ = ["load", "read_picture"]

TEST_FOLDERS = ("test", "val", "validation")
NOT_PICTURES = ("Thumbs.db", "desktop.ini")  # what Windows leaves beside them


def load(root: str | Path, image_size: int = 32) -> Splits:
    """Read `ROOT/train/<class>/*` and `ROOT/test/<class>/*`; test may be called val or validation.

    Where there is only `ROOT/<class>/*` or `ROOT/train/<class>/*`, a fifth of the pictures, drawn
    with a fixed seed, is the test. Labels follow the class names in alphabetical order.
    `minialex.data.pictures.read_picture` says how a picture is resized and cropped.

    Parameters
    ----------
    root : path
    image_size : int
        Height and width.

    Raises
    ------
    InputError
        Fewer than two classes, a class without pictures, other classes in the test than in the
        training, or pictures that do not open.
    """
    root = Path(root)
    train, test = root / "train", None
    is_split = any(folder.name.startswith(TEST_FOLDERS) for folder in _folders(root))
    if train.is_dir() and (is_split or _folders(train)):  # or else it is a class called train
        test = next((root / name for name in TEST_FOLDERS if (root / name).is_dir()), None)
    else:
        train = root
    files = _scan(train)
    if test is None:
        pictures = _read(files, image_size, root.name)
        return Splits(*split(pictures, max(1, len(pictures) // 5), seed=0))
    test_files = _scan(test)
    differ = sorted(files.keys() ^ test_files.keys())
    if differ:
        raise InputError(
            f"{test}: its classes differ from those of {train}: {', '.join(differ[:10])} "
            f"in one of them only; make the class folders the same"
        )
    return Splits(_read(files, image_size, root.name), _read(test_files, image_size, root.name))


def _scan(root: Path) -> dict[str, list[Path]]:
    """Return the files of each class, both in the order of their names on every system."""
    classes = {
        folder.name: sorted(
            (p for p in folder.iterdir() if p.is_file() and not _ignored(p)), key=lambda p: p.name
        )
        for folder in _folders(root)
    }
    if len(classes) < 2:
        raise InputError(
            f"{root}: {len(classes)} class folders; at least two are needed, "
            f"as in {root / 'cat' / '1.jpg'} and {root / 'dog' / '1.jpg'}"
        )
    for name, files in classes.items():
        if not files:
            raise InputError(
                f"{root / name}: a class folder without pictures; add some or remove the folder"
            )
    return classes


def _folders(root: Path) -> list[Path]:
    found = [path for path in root.iterdir() if path.is_dir() and not _ignored(path)]
    return sorted(found, key=lambda p: p.name)


def _ignored(path: Path) -> bool:
    return path.name.startswith(".") or path.name in NOT_PICTURES


def _read(files: dict[str, list[Path]], image_size: int, name: str) -> Dataset:
    paths = [path for group in files.values() for path in group]
    labels = np.repeat(np.arange(len(files)), [len(group) for group in files.values()])
    return Dataset(read_pictures(paths, image_size), labels, tuple(files), name)
