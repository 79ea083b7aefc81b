"""The dense (fully connected) layer."""

from typing import ClassVar

from minialex.backend import Array, sum_of_rows, xp_of
from minialex.errors import InputError
from minialex.initial import Initialiser, he
from minialex.layer import Layer, Shape
from minialex.threads import parallel


class Linear(Layer):
    """y = x @ W + b.   x: (N, D), W: (D, M), b: (M,) -> y: (N, M).

    Forward gives each worker some columns of W, backward some rows of gW: nothing is summed twice.

    Parameters
    ----------
    units : int
        M, the number of outputs.
    init : function (rng, shape) -> first W
    bias : float, or function (rng, shape of W) -> first b
    """

    kind = "fc"
    gradcheck_example: ClassVar = {"args": (5,), "x": (4, 6)}

    def __init__(self, units: int, init: Initialiser = he, bias: float | Initialiser = 0.0) -> None:
        super().__init__()
        if units < 1:
            raise InputError(f"fc: units={units} is not a positive number")
        self.units, self.init, self.bias = units, init, bias

    def output_shape(self, input_shape: Shape) -> Shape:
        if len(input_shape) != 1:
            raise InputError(f"{self.label()} needs rows, not {input_shape}: put Flatten before it")
        return (self.units,)

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        self.output_shape(input_shape)  # raises where the layer cannot be applied
        return {"W": (input_shape[0], self.units), "b": (self.units,)}

    def build(self, input_shape, rng, dtype="float32"):
        self.set_params(self.param_shapes(input_shape), self.init, self.bias, rng, dtype)

    def forward(self, x: Array, train: bool = False) -> Array:
        W, b = self.params["W"], self.params["b"]
        y = self.buffer("y", (len(x), self.units), x)
        self.x = x

        def columns(worker: int, start: int, stop: int) -> None:
            xp_of(x).matmul(x, W[:, start:stop], out=y[:, start:stop])
            y[:, start:stop] += b[start:stop]

        parallel(columns, self.units, x=x)
        return y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        x, W, gW, gb, xp = self.x, self.params["W"], self.grads["W"], self.grads["b"], xp_of(gy)
        gx = self.buffer("gx", x.shape, gy) if need_gx else None

        def rows(worker: int, start: int, stop: int) -> None:
            xp.matmul(x[:, start:stop].T, gy, out=gW[start:stop])
            if gx is not None:
                xp.matmul(gy, W[start:stop].T, out=gx[:, start:stop])
            if start == 0:  # one piece, and so one worker, has it
                gb[...] = sum_of_rows(gy)

        parallel(rows, len(W), x=x)
        return gx

    def multiply_adds(self, input_shape: Shape) -> int:
        return input_shape[0] * self.units

    def details(self) -> str:
        return f"{self.units} units"
