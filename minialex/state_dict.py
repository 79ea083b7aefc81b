"""PyTorch's state dicts: the parameters of a model by key, such as "features.0.weight".

Here their files are read and written, and their keys matched with our parameters; the arrays stay
as PyTorch has them (`minialex.convert` turns their axes). safetensors needs no PyTorch.
"""

import importlib
import io
import pickle
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from minialex import checkpoint
from minialex.errors import InputError

if TYPE_CHECKING:
    from minialex.convert import Layout

State = dict[str, np.ndarray]
KINDS = {4: "convolution", 2: "dense layer", 1: "PReLU"}  # by the axes of PyTorch's weight
LONGEST_LIST = 8  # faults that one message names
REMEDY = "Write the state dict alone: torch.save(model.state_dict(), FILE)"


def matched(
    wanted: "Sequence[Layout]", state: Mapping[str, Any], complaint: str, in_order: bool = True
) -> dict[str, str]:
    """Return the key of every parameter in a state dict, by the parameter's name.

    If the keys are those that `to_torch` gives, they decide. If not, layers are matched by their
    order: the first convolution here with the first one there, and so on; dense layers (a weight
    of two axes) and PReLU (of one) likewise. Shapes are left to `from_torch`.

    Parameters
    ----------
    wanted : list of Layout
    state : mapping of key to array
    complaint : str
        What an error message starts with.
    in_order : bool
        The layers come in the network's order. False: keys were sorted, as safetensors does, and
        the numbers in them tell the order.

    Raises
    ------
    InputError
        Layers are missing or left over, or sorted keys do not tell their order.
    """
    if {layout.key for layout in wanted} == state.keys():
        return {layout.name: layout.key for layout in wanted}
    layers: dict[str, dict[str, tuple]] = {}  # "features.0." -> {"weight": shape, "bias": shape}
    for key, array in state.items():
        layer, dot, leaf = key.rpartition(".")
        layers.setdefault(layer + dot, {})[leaf] = tuple(np.shape(array))
    names = list(layers) if in_order else _by_number(layers, complaint)
    waiting = {
        axes: iter([n for n in names if len(layers[n].get("weight", ())) == axes]) for axes in KINDS
    }
    keys, faults, found = {}, [], None
    for layout in wanted:
        leaf = layout.key.rpartition(".")[2]
        if leaf == "weight":  # a layer's first parameter; its bias comes next
            found = next(waiting[len(layout.shape)], None)
            if found is None:
                kind = KINDS[len(layout.shape)]
                faults.append(f"no {kind} is there for {layout.name}, weight {layout.shape}")
        if found is not None:
            keys[layout.name] = found + leaf
            if found + leaf not in state:
                faults.append(f"{found}{leaf} {layout.shape} is missing for {layout.name}")
    taken = set(keys.values())
    faults += [f"{k} {tuple(np.shape(state[k]))} is left over" for k in state if k not in taken]
    refuse(complaint, faults)
    return keys


def _by_number(layers: Mapping[str, Mapping[str, tuple]], complaint: str) -> list[str]:
    """Return layer names in order: 10 behind 9. Refuse what could be swapped unnoticed.

    Those are layers of equal shapes in whose names more than numbers differ.
    """
    alike: dict[frozenset, str] = {}
    for name, leaves in layers.items():
        if "weight" not in leaves:  # nothing that is matched: left over, as `matched` will say
            continue
        other = alike.setdefault(frozenset(leaves.items()), name)
        if re.sub(r"\d+", "0", name) != re.sub(r"\d+", "0", other):
            raise InputError(
                f"{complaint}: its keys are sorted, so whether {other}weight or {name}weight comes "
                "first is not known. Save it with torch.save, or with keys as export-torch has them"
            )
    return sorted(layers, key=_natural)


def _natural(name: str) -> list:
    return [int(part) if i % 2 else part for i, part in enumerate(re.split(r"(\d+)", name))]


def refuse(complaint: str, faults: Sequence[str]) -> None:
    """Raise InputError if there are faults, and name the first of them."""
    if faults:
        more = len(faults) - LONGEST_LIST
        listed = [*faults[:LONGEST_LIST], *([f"and {more} more"] if more > 0 else [])]
        raise InputError(f"{complaint}: {'; '.join(listed)}. Was it made for another model?")


def read(path: Path) -> State:
    """Return the arrays of a state dict that PyTorch or safetensors wrote.

    Raises
    ------
    InputError
        The file is missing, damaged or no state dict, or it needs PyTorch, which is not installed.
    """
    check_suffix(path)
    if not path.is_file():
        raise InputError(f"{path}: there is no such file")
    return _read_safetensors(path) if path.suffix == ".safetensors" else _read_pth(path)


def write(path: Path, state: State) -> None:
    """Write a state dict as a whole; a .pth file needs PyTorch."""
    check_suffix(path)
    if path.suffix == ".safetensors":
        from safetensors.numpy import save

        data = save(state, metadata={"format": "pt"})  # some readers ask for this word
    else:
        torch, buffer = _torch(path), io.BytesIO()
        torch.save({key: torch.from_numpy(array) for key, array in state.items()}, buffer)
        data = buffer.getvalue()
    checkpoint.write(path, data)


def check_suffix(path: Path) -> None:
    """Raise InputError unless the name of a file tells its format."""
    if path.suffix not in (".safetensors", ".pth", ".pt"):
        raise InputError(f"{path}: weights are .safetensors, .pth or .pt files")


def _read_safetensors(path: Path) -> State:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            return {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except TypeError as error:  # bfloat16 and what else NumPy has not
        raise InputError(f"{path}: {error} by NumPy; save its tensors as float32") from None
    except SafetensorError as error:
        raise InputError(f"{path} is damaged or no safetensors file ({error})") from None


def _read_pth(path: Path) -> State:
    torch = _torch(path)
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise InputError(
            f"{path} does not hold weights alone: it is a whole model, which could run code when "
            f"opened, or no file of PyTorch's. {REMEDY}"
        ) from None
    except Exception as error:  # torch raises many kinds for a damaged file
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(f"{path} is damaged or not written by PyTorch ({reason})") from None
    if not isinstance(loaded, Mapping) or not all(torch.is_tensor(v) for v in loaded.values()):
        inside = f" with {', '.join(map(repr, loaded))}" if isinstance(loaded, Mapping) else ""
        raise InputError(f"{path} is no state dict but a {type(loaded).__name__}{inside}. {REMEDY}")
    tensors = {str(key): tensor.detach() for key, tensor in loaded.items()}
    return {key: _as_numpy(tensor, f"{path}: {key}") for key, tensor in tensors.items()}


def _as_numpy(tensor: Any, where: str) -> np.ndarray:
    """Return a tensor as an array; bfloat16, which NumPy has not, as float32."""
    try:
        return (tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor).numpy()
    except (TypeError, RuntimeError):
        kind = f"{str(tensor.layout).removeprefix('torch.')}, {tensor.dtype}"
        raise InputError(f"{where} is {kind}, which NumPy has not; save it as float32") from None


def _torch(path: Path) -> Any:
    try:
        return importlib.import_module("torch")
    except ImportError:
        raise InputError(
            f"{path}: a {path.suffix} file needs PyTorch, which is not installed (pip install "
            "torch). A .safetensors file does not"
        ) from None
