"""Checkpoints: the arrays of a run and its position, in one safetensors file (never pickle).

Tensors are "conv1.W" (parameters), "velocity.conv1.W" or "adam.m.conv1.W" (what the optimiser
remembers) and "pixels.mean"; the position is one JSON document in the file's metadata. A file is
written beside its place and then renamed, so a full disk or a power cut leaves the earlier file
as it was.
"""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minialex.backend import Array, device_of, to_device, to_host
from minialex.errors import InputError

Tensors = dict[str, np.ndarray]


def write(path: Path, data: bytes) -> None:
    """Write a whole file, or raise OSError and leave what was there before."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        error.filename = str(path)  # a failing write does not name its file
        raise
    finally:
        temporary.unlink(missing_ok=True)


def save(paths: Iterable[Path], tensors: Mapping[str, Array], position: dict[str, Any]) -> None:
    """Write the same checkpoint to each of `paths`, in their order."""
    from safetensors.numpy import save as encode

    contiguous = {name: np.ascontiguousarray(to_host(a)) for name, a in tensors.items()}
    data = encode(contiguous, metadata={"minialex": json.dumps(position)})
    for path in paths:
        write(path, data)


def load(path: Path) -> tuple[Tensors, dict[str, Any]]:
    """Return the tensors and the position of a checkpoint.

    Raises
    ------
    InputError
        The file is missing, cut off, corrupt or not a checkpoint of minialex.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            position = json.loads((file.metadata() or {})["minialex"])
            if not isinstance(position, dict):
                raise KeyError("minialex")
            return {name: file.get_tensor(name) for name in file.keys()}, position  # noqa: SIM118
    except FileNotFoundError:
        others = ", ".join(sorted(p.name for p in path.parent.glob("*.safetensors"))) or "none"
        raise InputError(f"{path}: there is no such checkpoint (in the folder: {others})") from None
    except KeyError:
        raise InputError(f"{path} is not a checkpoint of minialex: it has no position") from None
    except (SafetensorError, json.JSONDecodeError, OSError) as error:
        raise InputError(
            f"{path} is damaged ({error}); another checkpoint of the run may still load"
        ) from None


def group(tensors: Tensors, prefix: str = "") -> Tensors:
    """Return the tensors under a prefix, without it; no prefix stands for the parameters.

    >>> tensors = {"conv1.W": 1, "velocity.conv1.W": 2, "pixels.mean": 3}
    >>> group(tensors), group(tensors, "velocity"), group(tensors, "pixels")
    ({'conv1.W': 1}, {'conv1.W': 2}, {'mean': 3})
    """
    if prefix:
        start = prefix + "."
        return {n.removeprefix(start): t for n, t in tensors.items() if n.startswith(start)}
    return {n: t for n, t in tensors.items() if not n.startswith(("velocity.", "adam.", "pixels."))}


def copy_into(arrays: Mapping[str, Array], tensors: Tensors, source: str | Path) -> None:
    """Copy each tensor into the array of its name; nothing is copied unless all of them fit.

    Raises
    ------
    InputError
        Tensors are missing, unexpected, or of another shape; the message lists them.
    """
    both = arrays.keys() & tensors.keys()
    faults = {
        "missing": [n for n in arrays if n not in both],
        "unexpected": [n for n in tensors if n not in both],
        "of another shape": [
            f"{n} {tensors[n].shape} where {arrays[n].shape} is needed"
            for n in arrays
            if n in both and tensors[n].shape != arrays[n].shape
        ],
    }
    if any(faults.values()):
        listed = [f"{fault}: {', '.join(names)}" for fault, names in faults.items() if names]
        raise InputError(f"{source} is of another model. Tensors {'; '.join(listed)}")
    for name, array in arrays.items():
        array[...] = to_device(tensors[name], device_of(array))


def copy_all_but_last(arrays: Mapping[str, Array], tensors: Tensors, source: str | Path) -> None:
    """Copy trained parameters, except into the last layer, which stays as it is."""
    last = list(arrays)[-1].split(".")[0]
    copy_into(
        {n: a for n, a in arrays.items() if n.split(".")[0] != last},
        {n: t for n, t in tensors.items() if n.split(".")[0] != last},
        source,
    )
