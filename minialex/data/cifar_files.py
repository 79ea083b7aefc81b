"""The two file formats of CIFAR: binary records, and pickles that Python 2 wrote.

A pickle is a program. This reader lets it build arrays, bytes, lists and dictionaries, and
refuses every other name that it asks for.
"""

import codecs
import pickle
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy._core.multiarray import _reconstruct

from minialex.errors import InputError

LEVELS = 3 * 32 * 32  # grey levels of a picture: all red, all green, all blue, row by row
ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): codecs.encode,
}


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
        _refuse(
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
    if not (isinstance(data, np.ndarray) and data.dtype == np.uint8):
        _refuse(path, "'data' is no array of uint8")
    if data.shape != (records, LEVELS):
        _refuse(path, f"'data' has the shape {data.shape} instead of {(records, LEVELS)}")
    if not (isinstance(labels, list) and all(type(label) is int for label in labels)):
        _refuse(path, f"{key!r} is no list of integers")
    if len(labels) != records:
        _refuse(path, f"{len(labels):,} {key} for {records:,} pictures")
    return _pictures(path, data, np.array(labels), classes)


def read_names(path: Path, key: str | None, classes: int) -> tuple[str, ...]:
    """Read the names of the classes, one a line or, with a `key`, from a pickle."""
    raw = _bytes(path).split(b"\n") if key is None else unpickle(path).get(key)
    if not (isinstance(raw, list) and all(isinstance(name, str | bytes) for name in raw)):
        _refuse(path, f"{key!r} is no list of names")
    texts = [name.decode("latin1") if isinstance(name, bytes) else name for name in raw]
    names = tuple(text.strip() for text in texts if text.strip())
    if len(names) != classes:
        _refuse(path, f"{len(names)} class names instead of {classes}")
    return names


def unpickle(path: Path) -> dict[Any, Any]:
    """Return the dictionary in a pickle. Its keys become str; other strings of Python 2 are bytes.

    Raises
    ------
    InputError
        The file is missing or damaged, asks for a name that is not admitted, or holds no
        dictionary.
    """
    if not path.is_file():
        _refuse(path, "the file is missing")
    with path.open("rb") as file:
        try:
            batch = _ArrayUnpickler(file, encoding="bytes").load()
        except Exception as error:  # a damaged pickle can fail in any way
            _refuse(path, f"not a pickle of arrays, lists and bytes: {error}", error)
    if not isinstance(batch, dict):
        _refuse(path, f"it holds a {type(batch).__name__} instead of a dictionary")
    return {k.decode("latin1") if isinstance(k, bytes) else k: v for k, v in batch.items()}


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is never loaded")
        return ADMITTED[module, name]


def _pictures(
    path: Path, data: np.ndarray, labels: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if wrong.size:
        _refuse(
            path,
            f"picture {wrong[0]} has the label {labels[wrong[0]]}; "
            f"labels go from 0 to {classes - 1}",
        )
    images = data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels.astype(np.int64)


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        _refuse(path, "the file is missing")
    return path.read_bytes()


def _refuse(path: Path, reason: str, cause: Exception | None = None) -> NoReturn:
    raise InputError(
        f"{path}: {reason}. Remove it and unpack or download the official archive again"
    ) from cause
