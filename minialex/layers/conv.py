"""Convolution as one matrix product over windows."""

from typing import ClassVar

from minialex.backend import Array, np, sum_of_rows, xp_of
from minialex.errors import InputError
from minialex.forms import choice
from minialex.initial import Initialiser, he
from minialex.layer import Shape
from minialex.layers import winograd
from minialex.layers.relu import add_bias, relu_backward
from minialex.shapes import Padding
from minialex.threads import scratch, sum_of_workers, workers_for, zeros
from minialex.window_layer import WindowLayer
from minialex.windows import add_unpadded, col2im, im2col, over_blocks, padded


class Conv2d(WindowLayer):
    """Convolution (cross-correlation: kernels are not flipped), Krizhevsky et al. 2012, 3.5.

    With top rows and left columns of padding, and the same stride s both ways::

        y[n, i, j, f] =
            b[f] + sum over u, v, c of x[n, i s + u - top, j s + v - left, c] W[u, v, c, f]

    x: (N, H, W, C), W: (kh, kw, C / groups, F), b: (F,) -> y: (N, OH, OW, F). Group g of the
    filters sees only group g of the channels: the paper's two GPUs in conv2, conv4 and conv5.
    It is computed as y = cols @ W + b, where every row of `cols` is one window.

    Parameters
    ----------
    filters : int
        F, the number of output channels.
    kernel, stride : int or (height, width)
    pad : int, (top, bottom, left, right) or "same"
        Zeros around the picture; "same" is TensorFlow's rule.
    groups : int
        Divides the channels and the filters.
    rounding : "floor" or "ceil"
        Of the output size. Krizhevsky's "ceil" appends zeros at the bottom and the right.
    init : function (rng, shape) -> first W
    bias : float, or function (rng, shape of W) -> first b
    algorithm : "im2col", "winograd" or "auto"
        "auto" takes Winograd's on a CPU where it saves enough (layers/winograd.py,
        docs/performance.md); `summary` says which. On a GPU it takes im2col.

    Attributes
    ----------
    rectify : bool
        Set by a network whose next layer is a ReLU: y is rectified while it is in the cache.
    """

    kind = "conv"
    gradcheck_example: ClassVar = {"args": (4, (3, 2), (2, 1), 1, 2), "x": (2, 7, 5, 4)}
    rectify = False

    def __init__(
        self,
        filters: int,
        kernel: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        pad: Padding = 0,
        groups: int = 1,
        rounding: str = "floor",
        init: Initialiser = he,
        bias: float | Initialiser = 0.0,
        algorithm: str = "auto",
    ) -> None:
        super().__init__(kernel, stride, pad, rounding)
        if algorithm not in ("auto", *ALGORITHMS):
            raise InputError(f"conv: algorithm={algorithm!r} is not one of auto, im2col, winograd")
        if min(filters, groups) < 1 or filters % groups:
            raise InputError(f"conv: {filters} filters cannot be split into {groups} groups")
        self.filters, self.groups, self.init, self.bias = filters, groups, init, bias
        self.algorithm = algorithm

    def output_shape(self, input_shape: Shape) -> Shape:
        geometry = self.geometry(input_shape)
        if input_shape[2] % self.groups:
            raise InputError(
                f"{self.label()}: {input_shape[2]} channels cannot be split into "
                f"{self.groups} groups"
            )
        if self.algorithm == "winograd" and not winograd.applies(geometry):
            raise InputError(
                f"{self.label()}: Winograd's convolution needs stride 1 and a small kernel: "
                'use algorithm="im2col"'
            )
        return (*geometry.out, self.filters)

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        self.output_shape(input_shape)  # raises where the layer cannot be applied
        W_shape = (*self.kernel, input_shape[2] // self.groups, self.filters)
        return {"W": W_shape, "b": (self.filters,)}

    def build(self, input_shape, rng, dtype="float32"):
        self.set_params(self.param_shapes(input_shape), self.init, self.bias, rng, dtype)

    def forward(self, x: Array, train: bool = False) -> Array:
        geometry = self.geometry(x.shape[1:])
        self.x, self.y = x, self.buffer("y", (len(x), *geometry.out, self.filters), x)
        forward, _ = ALGORITHMS[self.algorithm_for(x)]
        forward(self, x, self.y)
        return self.y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        gx = self.buffer("gx", self.x.shape, gy) if need_gx else None
        _, backward = ALGORITHMS[self.algorithm_for(self.x)]
        backward(self, gy, gx)
        return gx

    def algorithm_for(self, x: Array) -> str:
        """Return what convolves x: on a GPU im2col, whose few large products keep it busy."""
        if self.algorithm == "auto" and xp_of(x) is not np:
            return "im2col"
        return self.form(x.shape[1:])

    def before_relu(self, gy: Array, y: Array) -> Array:
        """Return the gradient before the rectifier, where this layer rectifies; else gy."""
        if not self.rectify:
            return gy
        gated = scratch("gated", gy.shape, gy)
        relu_backward(xp_of(gy).ascontiguousarray(gy), y, gated)
        return gated

    def group_slices(self) -> list[tuple[slice, slice]]:
        """Return, group by group, its channels of x and its filters."""
        c, f = self.params["W"].shape[2], self.filters // self.groups
        return [(slice(g * c, g * c + c), slice(g * f, g * f + f)) for g in range(self.groups)]

    def multiply_adds(self, input_shape: Shape) -> int:
        out_height, out_width, filters = self.output_shape(input_shape)
        kh, kw = self.kernel
        return out_height * out_width * filters * kh * kw * input_shape[2] // self.groups

    def form(self, input_shape: Shape) -> str:
        if self.algorithm != "auto":
            return self.algorithm
        geometry = self.geometry(input_shape)
        channels = input_shape[2] // self.groups
        worth = winograd.is_worth(geometry, channels, self.filters // self.groups)
        return "winograd" if worth and choice() == "kernels" else "im2col"

    def details(self) -> str:
        groups = f", groups {self.groups}" if self.groups > 1 else ""
        return super().details() + groups


def im2col_forward(conv: Conv2d, x: Array, y: Array) -> None:
    """Write y = cols @ W + b, where each row of `cols` is a window of x."""
    geometry = conv.geometry(x.shape[1:])
    W, b = conv.params["W"].reshape(-1, conv.filters), conv.params["b"]

    def convolve(worker: int, images: slice, rows: slice) -> None:
        picture = padded(x[images], geometry, rows)
        y_rows = y[images, rows].reshape(-1, conv.filters)
        for c, f in conv.group_slices():
            cols = im2col(picture[..., c], geometry)
            xp_of(x).matmul(cols, W[:, f], out=y_rows[:, f])
        add_bias(y_rows, b, conv.rectify)

    over_blocks(convolve, x, geometry, W[:, 0].nbytes)


def im2col_backward(conv: Conv2d, gy: Array, gx: Array | None) -> None:
    """Write gW = cols^T @ gy and gb; unless it is None, add gy @ W^T to the windows of gx."""
    x, y, xp = conv.x, conv.y, xp_of(gy)
    geometry = conv.geometry(x.shape[1:])
    W = conv.params["W"].reshape(-1, conv.filters)
    gW = zeros("gW", (workers_for(gy), *W.shape), gy)  # one sum a worker
    gb = zeros("gb", (workers_for(gy), conv.filters), gy)

    def propagate(worker: int, images: slice, rows: slice) -> None:
        picture = padded(x[images], geometry, rows)
        gpicture = zeros("gpicture", picture.shape, gy)
        gy_rows = conv.before_relu(gy[images, rows], y[images, rows]).reshape(-1, conv.filters)
        gb[worker] += sum_of_rows(gy_rows)
        for c, f in conv.group_slices():
            cols = im2col(picture[..., c], geometry)
            gW[worker][:, f] += cols.T @ gy_rows[:, f]
            if gx is not None:
                gcols = xp.matmul(gy_rows[:, f], W[:, f].T, out=cols)
                col2im(gcols, gpicture[..., c], geometry)
        if gx is not None:
            add_unpadded(gx[images], gpicture, geometry, rows)

    over_blocks(propagate, x, geometry, W[:, 0].nbytes)
    conv.grads["W"][...] = sum_of_workers(gW).reshape(conv.grads["W"].shape)
    conv.grads["b"][...] = sum_of_workers(gb)


ALGORITHMS = {
    "im2col": (im2col_forward, im2col_backward),
    "winograd": (winograd.forward, winograd.backward),
}
