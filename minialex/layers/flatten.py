"""From pictures to rows."""

import math

from minialex.backend import Array
from minialex.layer import Layer, Shape


class Flatten(Layer):
    """(N, H, W, C) -> (N, H * W * C), channels fastest; PyTorch's order is (C, H, W)."""

    kind = "flatten"

    def output_shape(self, input_shape: Shape) -> Shape:
        return (math.prod(input_shape),)

    def forward(self, x: Array, train: bool = False) -> Array:
        self.x_shape = x.shape
        return x.reshape(len(x), math.prod(x.shape[1:]))

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        return gy.reshape(self.x_shape) if need_gx else None
