"""Receptive fields: which pixels of the input one number of a feature map can see.

Through windows of kernel k, stride s and padding `before` (top or left)::

    size  <- size + (k - 1) jump
    start <- start - before jump
    jump  <- jump s

from size 1, start 0, jump 1. Two neighbours of a map look at fields of `size` pixels that lie
`jump` pixels apart, and the field of the first one begins at pixel `start`, below 0 where it begins
in the padding. The field of number i of a row is start + i jump ... start + i jump + size - 1.
"""

from typing import NamedTuple

from minialex.assembly import Plan
from minialex.errors import InputError
from minialex.layer import Layer, Shape
from minialex.layers import (
    LRN,
    Dropout,
    LeakyReLU,
    MapLRN,
    ReLU,
    Sigmoid,
    Softmax,
    Softplus,
    Tanh,
    ZeroPad2d,
)
from minialex.shapes import sides_of
from minialex.window_layer import WindowLayer

Pair = tuple[int, int]  # (down, across)
POINTWISE = (ReLU, LeakyReLU, Softplus, Sigmoid, Tanh, Softmax, LRN, Dropout)


class Field(NamedTuple):
    """The receptive field of the numbers that a layer puts out; each pair is (down, across)."""

    layer: str
    details: str
    output: Pair
    size: Pair
    jump: Pair
    start: Pair


def receptive_fields(network: Plan) -> list[Field]:
    """Return the receptive field of every layer up to the first without feature maps.

    Behind `Flatten` a dense layer sees everything that the last map sees.

    Raises
    ------
    InputError
        A layer is of a class that is unknown here.

    Examples
    --------
    >>> from minialex.models import plan
    >>> receptive_fields(plan("alexnet-2012"))[-1]._asdict()["size"]
    (195, 195)
    """
    fields: list[Field] = []
    size, jump, start = (1, 1), (1, 1), (0, 0)
    for layer, before, after in network.steps():
        if len(after) != 3:
            break
        kernel, stride, padding = _window(layer, before)
        size = (size[0] + (kernel[0] - 1) * jump[0], size[1] + (kernel[1] - 1) * jump[1])
        start = (start[0] - padding[0] * jump[0], start[1] - padding[1] * jump[1])
        jump = (jump[0] * stride[0], jump[1] * stride[1])
        fields.append(Field(layer.name, layer.details(), after[:2], size, jump, start))
    return fields


def _window(layer: Layer, input_shape: Shape) -> tuple[Pair, Pair, Pair]:
    """Return kernel, stride, and padding above and to the left."""
    if isinstance(layer, WindowLayer):
        kernel, stride, (top, _, left, _), _ = layer.geometry(input_shape)
        return kernel, stride, (top, left)
    if isinstance(layer, MapLRN):
        return (layer.size,) * 2, (1, 1), (layer.size // 2,) * 2
    if isinstance(layer, ZeroPad2d):
        top, _, left, _ = sides_of(layer.pad)
        return (1, 1), (1, 1), (top, left)
    if isinstance(layer, POINTWISE):
        return (1, 1), (1, 1), (0, 0)
    raise InputError(
        f"{layer.label()}: how far a {type(layer).__name__} sees is unknown to "
        "minialex.receptive: add it to _window"
    )
