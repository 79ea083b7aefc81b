"""Our layers as functions of TensorFlow's.

The functions close over numbers, never over a layer: its arrays would stay in memory, which is
measured.
"""

import math
from collections.abc import Callable
from typing import Any

from minialex.errors import InputError
from minialex.layer import Shape
from minialex.layers import AvgPool2d


def translate(tf: Any, layer: Any, before: Shape) -> Callable:
    """Return the function (x, train, *params) that does what this layer does.

    Raises
    ------
    InputError
        TensorFlow has no counterpart.
    """
    translations: dict[str, Callable] = {
        "conv": _conv, "lrn": _lrn, "pool": _pool, "dropout": _dropout,
        "relu": lambda tf, layer, before: lambda x, train: tf.nn.relu(x),
        "flatten": lambda tf, layer, before: lambda x, train: tf.reshape(x, (x.shape[0], -1)),
        "fc": lambda tf, layer, before: lambda x, train, W, b: tf.nn.bias_add(x @ W, b),
    }  # fmt: skip
    even, average = layer.kind == "lrn" and layer.n % 2 == 0, isinstance(layer, AvgPool2d)
    if layer.kind not in translations or even or average:
        raise InputError(f"--peers tensorflow: {layer.label()} has no counterpart in TensorFlow")
    return translations[layer.kind](tf, layer, before)


def _conv(tf: Any, layer: Any, before: Shape) -> Callable:
    stride, groups, pad = layer.stride, layer.groups, _padding(layer, before)

    def conv(x, train, W, b):
        towers = zip(tf.split(x, groups, 3), tf.split(W, groups, 3), strict=True)
        parts = [tf.nn.conv2d(x, W, stride, pad) for x, W in towers]
        return tf.nn.bias_add(parts[0] if len(parts) == 1 else tf.concat(parts, 3), b)

    return conv


def _pool(tf: Any, layer: Any, before: Shape) -> Callable:
    kernel, stride, pad = layer.kernel, layer.stride, _padding(layer, before)
    padded = any(map(any, pad))

    def pool(x, train):
        x = tf.pad(x, pad, constant_values=-math.inf) if padded else x
        return tf.nn.max_pool2d(x, kernel, stride, "VALID")

    return pool


def _lrn(tf: Any, layer: Any, before: Shape) -> Callable:
    radius, k, alpha, beta, groups = layer.n // 2, layer.k, layer.c, layer.beta, layer.groups

    def lrn(x, train):
        towers = tf.split(x, groups, 3)
        parts = [tf.nn.local_response_normalization(t, radius, k, alpha, beta) for t in towers]
        return parts[0] if len(parts) == 1 else tf.concat(parts, 3)

    return lrn


def _dropout(tf: Any, layer: Any, before: Shape) -> Callable:
    p, scale = layer.p, 1 - layer.p if layer.mode == "paper" else 1

    def dropout(x, train):
        x = tf.nn.dropout(x, p) if train else x
        return x if scale == 1 else x * scale

    return dropout


def _padding(layer: Any, before: Shape) -> list[tuple[int, int]]:
    """Return the zeros or minus infinities around (N, H, W, C)."""
    top, bottom, left, right = layer.geometry(before).pad
    return [(0, 0), (top, bottom), (left, right), (0, 0)]
