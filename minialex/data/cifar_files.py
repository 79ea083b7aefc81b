"""The two file formats of CIFAR: binary records, and pickled batches."""

from pathlib import Path

import numpy as np

from minialex.data.pickles import refuse, unpickle

LEVELS = 3 * 32 * 32  # grey levels of a picture: all red, all green, all blue, row by row


def read_binary(
    path: Path, records: int, label_bytes: int, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Read records of label bytes and grey levels.

    Parameters
    ----------
    path : Path
    records : int
        Number of pictures in the official file.
    label_bytes : int
        Bytes before the grey levels; the last of them is the label.
    classes : int

    Returns
    -------
    images, labels : uint8 (records, 32, 32, 3) and int64 (records,)

    Raises
    ------
    InputError
        The file is missing, truncated or too long, or holds a label out of range.
    """
    raw, length = np.frombuffer(_bytes(path), np.uint8), label_bytes + LEVELS
    if raw.size != records * length:
        refuse(
            path,
            f"{'truncated' if raw.size < records * length else 'too long'}: {raw.size:,} bytes "
            f"instead of {records * length:,} ({records:,} records of {length:,} bytes)",
        )
    raw = raw.reshape(records, length)
    return _pictures(path, raw[:, label_bytes:], raw[:, label_bytes - 1], classes)


def read_python(path: Path, records: int, key: str, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Read a pickled batch whose labels lie under `key`; it returns what `read_binary` does.

    Raises
    ------
    InputError
        The file is missing, is no such pickle, asks for a name that is not admitted, or holds
        another number of pictures or a label out of range.
    """
    batch = unpickle(path)
    data, labels = batch.get("data"), batch.get(key)
    if not isinstance(data, np.ndarray):
        refuse(path, "'data' is no array")
    if data.shape != (records, LEVELS):
        refuse(path, f"'data' has the shape {data.shape} instead of {(records, LEVELS)}")
    if not (isinstance(labels, list) and all(type(label) is int for label in labels)):
        refuse(path, f"{key!r} is no list of integers")
    if len(labels) != records:
        refuse(path, f"{len(labels):,} {key} for {records:,} pictures")
    return _pictures(path, data, np.array(labels), classes)


def read_names(path: Path, key: str | None, classes: int) -> tuple[str, ...]:
    """Read the names of the classes, one a line or, with a `key`, from a pickle."""
    raw = _bytes(path).split(b"\n") if key is None else unpickle(path).get(key)
    if not (isinstance(raw, list) and all(isinstance(name, str | bytes) for name in raw)):
        refuse(path, f"{key!r} is no list of names")
    texts = [name.decode("latin1") if isinstance(name, bytes) else name for name in raw]
    names = tuple(text.strip() for text in texts if text.strip())
    if len(names) != classes:
        refuse(path, f"{len(names)} class names instead of {classes}")
    return names


def _pictures(
    path: Path, data: np.ndarray, labels: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if wrong.size:
        refuse(
            path,
            f"picture {wrong[0]} has the label {labels[wrong[0]]}; "
            f"labels go from 0 to {classes - 1}",
        )
    images = data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels.astype(np.int64)


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        refuse(path, "the file is missing")
    return path.read_bytes()
