"""Our layers as functions of torch.nn.functional, and the shapes of our weights for them.

The functions close over numbers, never over a layer: its arrays would stay in memory, which is
measured.
"""

import importlib
import math
from collections.abc import Callable
from typing import Any

from minialex.bench.work import Case
from minialex.errors import InputError
from minialex.layer import Layer, Shape
from minialex.layers import AvgPool2d


def translate(layer: Layer, before: Shape, in_place: bool) -> Callable:
    """Return the function (x, train, *params) that does what this layer does.

    Raises
    ------
    InputError
        Nothing here corresponds to the layer.
    """
    translations: dict[str, Callable] = {
        "conv": _conv, "relu": _relu, "lrn": _lrn, "pool": _pool,
        "dropout": _dropout, "flatten": _flatten, "fc": _fc,
    }  # fmt: skip
    if layer.kind not in translations:
        raise InputError(f"--peers torch: {layer.label()} has no counterpart in `minialex bench`")
    functional: Any = importlib.import_module("torch.nn.functional")
    return translations[layer.kind](functional, layer, before, in_place)


def _conv(F: Any, layer: Any, before: Shape, in_place: bool) -> Callable:
    stride, groups = layer.stride, layer.groups
    around, pad = _padding(layer, before)

    def conv(x, train, W, b):
        x = F.pad(x, around) if around else x
        return F.conv2d(x, W, b, stride, pad, groups=groups)

    return conv


def _pool(F: Any, layer: Any, before: Shape, in_place: bool) -> Callable:
    kernel, stride = layer.kernel, layer.stride
    if isinstance(layer, AvgPool2d):
        sides, ceil = layer.pad, layer.rounding == "ceil"
        if not isinstance(sides, int):
            raise InputError(f"--peers torch: {layer.label()}: PyTorch pads all sides alike")
        return lambda x, train: F.avg_pool2d(x, kernel, stride, sides, ceil, False)
    around, pad = _padding(layer, before, (kernel[0] // 2, kernel[1] // 2))

    def pool(x, train):
        x = F.pad(x, around, value=-math.inf) if around else x
        return F.max_pool2d(x, kernel, stride, pad)

    return pool


def _lrn(F: Any, layer: Any, before: Shape, in_place: bool) -> Callable:
    n, beta, k, groups = layer.n, layer.beta, layer.k, layer.groups
    alpha = layer.c * n  # PyTorch divides it by n

    def lrn(x, train):
        towers = x.reshape(x.shape[0] * groups, -1, *x.shape[2:])
        return F.local_response_norm(towers, n, alpha, beta, k).reshape(x.shape)

    return lrn


def _dropout(F: Any, layer: Any, before: Shape, in_place: bool) -> Callable:
    p = layer.p
    scale = 1 - p if layer.mode == "paper" else 1

    def dropout(x, train):
        x = F.dropout(x, p, train)
        return x if scale == 1 else x * scale

    return dropout


def _relu(F: Any, layer: Layer, before: Shape, in_place: bool) -> Callable:
    return lambda x, train: F.relu(x, in_place)


def _flatten(F: Any, layer: Layer, before: Shape, in_place: bool) -> Callable:
    return lambda x, train: x.flatten(1)


def _fc(F: Any, layer: Layer, before: Shape, in_place: bool) -> Callable:
    return lambda x, train, W, b: F.linear(x, W, b)


def _padding(
    layer: Any, before: Shape, most: tuple[float, float] = (math.inf, math.inf)
) -> tuple[tuple[int, ...], tuple[int, int]]:
    """Return what F.pad adds, and what the operation adds itself: the same on opposite sides."""
    top, bottom, left, right = layer.geometry(before).pad
    if top == bottom <= most[0] and left == right <= most[1]:
        return (), (top, left)
    return (left, right, top, bottom), (0, 0)


def weight_shapes(case: Case) -> dict[str, Shape]:
    """Return the shape (kh, kw, C / groups, F) of every W.

    A dense layer behind Flatten is a convolution whose kernel is the whole picture: read so, one
    transposition turns both into PyTorch's order.
    """
    shapes: dict[str, Shape] = {}
    picture: Shape = ()  # that the last Flatten made a row of
    for layer, before, _ in case.steps():
        if layer.kind == "flatten":
            picture = before
        if layer.kind == "conv":
            shapes[f"{layer.name}.W"] = layer.params["W"].shape
        if layer.kind == "fc":
            shapes[f"{layer.name}.W"] = (*(picture or (1, 1, *before)), *layer.output_shape(before))
            picture = ()
    return shapes
