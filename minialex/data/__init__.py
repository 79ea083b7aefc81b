"""Pictures to train on: data sets by name, and what happens to them on the way to a network."""

from pathlib import Path

from minialex.data.dataset import Dataset, Splits, difference, split
from minialex.errors import InputError, nearest

__all__ = ["Dataset", "Splits", "difference", "load", "split"]

NAMES = ("shapes", "cifar10", "cifar100")


def load(name: str, data_dir: str | Path | None = None, image_size: int | None = None) -> Splits:
    """Load a data set: pictures to train on, and pictures to test with.

    Parameters
    ----------
    name : str
        "shapes" (drawn), "cifar10", "cifar100", or a folder with one folder of pictures a class.
    data_dir : path, optional
        Where CIFAR's files lie or are put, or the folder that `name` is relative to.
        Default: the cache of downloads, or the working folder.
    image_size : int, optional
        Height and width. Default: 32.

    Raises
    ------
    InputError
        There is no such data set, or its files cannot be used or downloaded.

    Examples
    --------
    >>> train, test = load("shapes", image_size=8)
    >>> len(train), len(test), test.images.shape[1:]
    (10000, 2000, (8, 8, 3))
    """
    if image_size is not None and image_size < 1:
        raise InputError(f"image_size {image_size}: pictures are at least 1 pixel wide")
    try:
        data_dir = Path(data_dir).expanduser() if data_dir else None
        root = Path(data_dir or "", name).expanduser()
    except RuntimeError:
        raise InputError(
            f"{data_dir or name}: there is no user of this name; write the path without ~"
        ) from None
    if name == "shapes":
        from minialex.data.shapes import shapes

        size = image_size or 32
        return Splits(shapes(10_000, size, seed=0), shapes(2_000, size, seed=1))
    if name in NAMES:
        from minialex.data import cifar

        variant = cifar.CIFAR10 if name == "cifar10" else cifar.CIFAR100
        return cifar.load(variant, data_dir, image_size)
    if not root.is_dir():
        raise InputError(
            f"data {name!r} is neither {', '.join(NAMES)} nor a folder: there is no {root}"
            f"{nearest(name, NAMES)}; give --data one of these, or a folder with one folder a class"
        )
    from minialex.data import folder

    return folder.load(root, image_size or 32)
