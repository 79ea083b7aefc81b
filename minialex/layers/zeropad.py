"""Zeros around a picture, as a layer."""

from typing import ClassVar

from minialex.backend import Array
from minialex.errors import InputError
from minialex.layer import Layer, Shape
from minialex.shapes import checked_padding, sides_of


class ZeroPad2d(Layer):
    """Zeros around the picture: Keras' ZeroPadding2D, PyTorch's ZeroPad2d.

    x: (N, H, W, C) -> y: (N, top + H + bottom, left + W + right, C). The order of the sides is ours
    and Keras'; PyTorch has (left, right, top, bottom).

    Parameters
    ----------
    pad : int or (top, bottom, left, right)
    """

    kind = "pad"
    gradcheck_example: ClassVar = {"args": ((1, 2, 0, 3),), "x": (2, 4, 3, 2)}

    def __init__(self, pad: int | tuple[int, int, int, int]) -> None:
        super().__init__()
        checked_padding(self.kind, pad)
        if isinstance(pad, str):
            raise InputError(f"pad: pad={pad!r} depends on a kernel: give sizes")
        self.pad = pad

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 3:
            raise InputError(f"{self.label()} needs (height, width, channels), not {input_shape}")
        height, width, channels = input_shape
        top, bottom, left, right = sides_of(self.pad)
        return top + height + bottom, left + width + right, channels

    def forward(self, x: Array, train: bool = False) -> Array:
        _, height, width, _ = x.shape
        top, _, left, _ = sides_of(self.pad)
        self.inside = slice(None), slice(top, top + height), slice(left, left + width)
        y = self.buffer("y", (len(x), *self.output_shape(x.shape[1:])), x)
        y[...] = 0
        y[self.inside] = x
        return y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        return gy[self.inside] if need_gx else None

    def details(self) -> str:
        return f"{self.pad}"
