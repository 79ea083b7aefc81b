"""Weights in PyTorch's layout, there and back: the only place where their axes are turned.

    layer      here                       PyTorch
    Conv2d     W (kh, kw, C / groups, F)  weight (F, C / groups, kh, kw)
    Linear     W (D, M)                   weight (M, D)
    both       b (F,)                     bias (F,)
    PReLU      a (C,)                     weight (C,)

Behind `Flatten` the D numbers of a picture come in the order (H, W, C) here and (C, H, W) there.
Weights are all that is converted. Padding, LRN and dropout must agree already (the paper's dropout
halves at test, PyTorch's does not), and outputs of a network that ends in `Flatten` keep our order.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from minialex.backend import device_of, to_device, to_host
from minialex.errors import InputError
from minialex.layer import Layer, Shape
from minialex.network import Sequential
from minialex.state_dict import matched, refuse

# How others name the weighted layers of a model, in their order.
# torchvision-alexnet: pytorch/vision, torchvision/models/alexnet.py
LAYER_NAMES = {
    "torchvision-alexnet": (
        "features.0", "features.3", "features.6", "features.8", "features.10",
        "classifier.1", "classifier.4", "classifier.6",
    ),
}  # fmt: skip
Axes = tuple[int, ...]


class Layout(NamedTuple):
    """How a parameter lies here and in PyTorch."""

    name: str  # here, "fc6.W"
    key: str  # there, "fc6.weight"
    split: Shape  # its shape here, with the rows of a flattened picture as (H, W, C)
    axes: Axes  # which axis of `split` is the first one there, the second one, ...
    shape: Shape  # its shape there


def layouts(network: Sequential) -> list[Layout]:
    """Return the layout of every parameter, in the network's order.

    Raises
    ------
    InputError
        A layer with parameters has no counterpart in PyTorch.
    """
    found: list[Layout] = []
    picture: Shape = ()  # what `Flatten` made rows of, until a dense layer mixes them
    weighted = [layer.name for layer in network.layers if layer.params]
    theirs = dict(zip(weighted, LAYER_NAMES.get(network.name, weighted), strict=True))
    for layer, before in zip(network.layers, network.shapes, strict=False):
        if layer.kind == "flatten" and len(before) == 3:
            picture = before
        for key, (leaf, split, axes, shape) in _axes(layer, picture).items():
            name = f"{layer.name}.{key}"
            found.append(Layout(name, f"{theirs[layer.name]}.{leaf}", split, axes, shape))
        if layer.kind == "fc":
            picture = ()
    return found


def _axes(layer: Layer, picture: Shape) -> dict[str, tuple[str, Shape, Axes, Shape]]:
    """Return, for every parameter of a layer, what `Layout` says of it behind the layer's name."""
    shapes = {key: param.shape for key, param in layer.params.items()}
    channels_first = (2, 0, 1) if picture else (0,)
    if layer.kind == "conv":
        kh, kw, channels, filters = shapes["W"]
        return {
            "W": ("weight", shapes["W"], (3, 2, 0, 1), (filters, channels, kh, kw)),
            "b": ("bias", (filters,), (0,), (filters,)),
        }
    if layer.kind == "fc":
        inputs, units = shapes["W"]
        rows = picture or (inputs,)
        return {
            "W": ("weight", (*rows, units), (len(rows), *channels_first), (units, inputs)),
            "b": ("bias", (units,), (0,), (units,)),
        }
    if layer.kind == "prelu":
        return {"a": ("weight", picture or shapes["a"], channels_first, shapes["a"])}
    if shapes:
        raise InputError(
            f"{layer.label()} cannot be converted: PyTorch has no layer with its parameters"
        )
    return {}


def to_torch(network: Sequential) -> dict[str, np.ndarray]:
    """Return a network's parameters as PyTorch's state dict, in new NumPy arrays.

    Keys are torchvision's for "torchvision-alexnet", and else the layers' own names, "conv1.weight"
    and "conv1.bias", as in torch.nn.Sequential(OrderedDict(conv1=torch.nn.Conv2d(...), ...)).

    Raises
    ------
    InputError
        A layer with parameters has no counterpart in PyTorch.

    Examples
    --------
    >>> from minialex.layers import Conv2d, Flatten, Linear
    >>> network = Sequential([Conv2d(8, (3, 5)), Flatten(), Linear(10)], (7, 9, 2))
    >>> {key: array.shape for key, array in to_torch(network).items()}
    {'conv1.weight': (8, 2, 3, 5), 'conv1.bias': (8,), 'fc2.weight': (10, 200), 'fc2.bias': (10,)}
    """
    params = {name: to_host(param) for name, param in network.params.items()}
    return {
        key: np.array(params[name].reshape(split).transpose(axes).reshape(shape), order="C")
        for name, key, split, axes, shape in layouts(network)
    }


def from_torch(
    network: Sequential,
    state: Mapping[str, Any],
    source: str = "the state dict",
    in_order: bool = True,
) -> None:
    """Copy PyTorch's state dict into a network of the same architecture.

    Nothing is copied unless all of it fits.

    Parameters
    ----------
    network : Sequential
    state : mapping of key to array, or to a tensor on the CPU
        `minialex.state_dict.matched` finds the key of every parameter.
    source : str
        Where it came from, for messages.
    in_order : bool
        Its layers come in the network's order. False: it was sorted by key.

    Raises
    ------
    InputError
        Keys are missing or left over, a shape is another one, or the numbers are no floats. The
        message names the keys with both shapes.

    Examples
    --------
    >>> from minialex.layers import Conv2d, Flatten, Linear
    >>> table = [Conv2d(8, (3, 5)), Flatten(), Linear(10)]
    >>> first, second = (Sequential(table, (7, 9, 2), seed=seed) for seed in (0, 1))
    >>> from_torch(second, to_torch(first))
    >>> all(np.array_equal(p, second.params[name]) for name, p in first.params.items())
    True
    """
    wanted = layouts(network)
    keys = matched(wanted, state, f"{source} does not fit {network.name}", in_order)
    arrays = {name: np.asarray(state[key]) for name, key in keys.items()}
    refuse(
        f"{source} does not fit {network.name}",
        [
            f"{keys[name]} is {arrays[name].dtype} {arrays[name].shape} where {name} needs "
            f"floats {shape}"
            for name, _, _, _, shape in wanted
            if arrays[name].shape != shape or not np.issubdtype(arrays[name].dtype, np.floating)
        ],
    )
    params = network.params
    for name, _, split, axes, _ in wanted:
        param = params[name]
        turned = arrays[name].reshape([split[axis] for axis in axes]).transpose(np.argsort(axes))
        param[...] = to_device(turned.reshape(param.shape), device_of(param))
