"""Pickles that Python 2 wrote, read without trusting them.

A pickle is a program. This reader lets it build arrays, bytes, lists and dictionaries, and
refuses every other name that it asks for. NumPy's names get stand-ins: a forged state of its own
`dtype` would damage the process.
"""

import codecs
import pickle
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from minialex.errors import InputError


def unpickle(path: Path) -> dict[Any, Any]:
    """Return the dictionary in a pickle. Its keys become str; other strings of Python 2 are bytes.

    Raises
    ------
    InputError
        The file is missing or damaged, asks for a name that is not admitted, or holds no
        dictionary.
    """
    if not path.is_file():
        refuse(path, "the file is missing")
    with path.open("rb") as file:
        try:
            batch = _Unpickler(file, encoding="bytes").load()
        except Exception as error:  # a damaged pickle can fail in any way
            refuse(path, f"not a pickle of arrays, lists and bytes: {error}", error)
    if not isinstance(batch, dict):
        refuse(path, f"it holds a {type(batch).__name__} instead of a dictionary")
    return {
        key.decode("latin1") if isinstance(key, bytes) else key: getattr(value, "array", value)
        for key, value in batch.items()
    }


class _Array:
    """Stands in for numpy.ndarray and its constructor."""

    def __init__(self, *_: Any) -> None:  # class, shape and type of an empty array
        self.array: np.ndarray | None = None

    def __setstate__(self, state: tuple) -> None:
        _version, shape, dtype, column_major, raw = state
        if not isinstance(dtype, _Dtype) or dtype.code not in ("u1", b"u1"):
            raise pickle.UnpicklingError("an array of something else than uint8")
        flat = np.frombuffer(raw, np.uint8)
        self.array = flat.reshape(shape, order="F" if column_major else "C")


class _Dtype:
    """Stands in for numpy.dtype."""

    def __init__(self, code: str | bytes, *_: Any) -> None:  # align, copy
        self.code = code

    def __setstate__(self, state: tuple) -> None:
        """A byte has no byte order, and nothing else is admitted."""


_ADMITTED = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy._core.multiarray", "_reconstruct"): _Array,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): codecs.encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ADMITTED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is never loaded")
        return _ADMITTED[module, name]


def refuse(path: Path, reason: str, cause: Exception | None = None) -> NoReturn:
    """Raise InputError for a file of CIFAR that cannot be used."""
    message = f"{path}: {reason}. Unpack or download the official archive again"
    raise InputError(message) from cause
