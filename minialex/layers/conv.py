"""Convolution as one matrix product over windows."""

from minialex.backend import Array, xp_of
from minialex.errors import InputError
from minialex.initial import Initialiser, he
from minialex.layer import Shape
from minialex.shapes import Padding
from minialex.threads import count, scratch
from minialex.windows import WindowLayer, add_unpadded, col2im, im2col, over_blocks, padded


class Conv2d(WindowLayer):
    """Convolution (cross-correlation: kernels are not flipped), Krizhevsky et al. 2012, 3.5.

    y[n, i, j, f] = b[f] + sum over u, v, c of x[n, i s + u - top, j s + v - left, c] W[u, v, c, f]

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
    bias : float
        First value of b.
    """

    kind = "conv"

    def __init__(
        self,
        filters: int,
        kernel: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        pad: Padding = 0,
        groups: int = 1,
        rounding: str = "floor",
        init: Initialiser = he,
        bias: float = 0.0,
    ) -> None:
        super().__init__(kernel, stride, pad, rounding)
        if min(filters, groups) < 1 or filters % groups:
            raise InputError(f"conv: {filters} filters cannot be split into {groups} groups")
        self.filters, self.groups, self.init, self.bias = filters, groups, init, bias

    def output_shape(self, input_shape: Shape) -> Shape:
        geometry = self.geometry(input_shape)
        if input_shape[2] % self.groups:
            raise InputError(
                f"{self.label()}: {input_shape[2]} channels cannot be split into "
                f"{self.groups} groups"
            )
        return (*geometry.out, self.filters)

    def build(self, input_shape, rng, dtype="float32"):
        W_shape = (*self.kernel, input_shape[2] // self.groups, self.filters)
        self.set_params(self.init(rng, W_shape), self.bias, dtype)

    def forward(self, x: Array, train: bool = False) -> Array:
        geometry = self.geometry(x.shape[1:])
        W, b = self.params["W"].reshape(-1, self.filters), self.params["b"]
        y = self.buffer("y", (len(x), *geometry.out, self.filters), x)
        self.x = x

        def convolve(worker: int, images: slice, rows: slice) -> None:
            picture = padded(x[images], geometry, rows)
            y_rows = y[images, rows].reshape(-1, self.filters)
            for c, f in self.group_slices():
                cols = im2col(picture[..., c], geometry)
                xp_of(x).matmul(cols, W[:, f], out=y_rows[:, f])
            y_rows += b

        over_blocks(convolve, x, geometry, self.groups)
        return y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        x, xp = self.x, xp_of(gy)
        geometry = self.geometry(x.shape[1:])
        W = self.params["W"].reshape(-1, self.filters)
        gW = self.buffer("gW", (count(), *W.shape), gy)  # one sum a worker
        gb = self.buffer("gb", (count(), self.filters), gy)
        gx = self.buffer("gx", x.shape, gy) if need_gx else None
        gW[...], gb[...] = 0, 0
        if need_gx:
            gx[...] = 0

        def propagate(worker: int, images: slice, rows: slice) -> None:
            picture = padded(x[images], geometry, rows)
            gpicture = scratch("gpicture", picture.shape, picture)
            gpicture[...] = 0
            gy_rows = gy[images, rows].reshape(-1, self.filters)
            gb[worker] += gy_rows.sum(axis=0)
            for c, f in self.group_slices():
                cols = im2col(picture[..., c], geometry)
                gW[worker][:, f] += cols.T @ gy_rows[:, f]
                if need_gx:
                    gcols = xp.matmul(gy_rows[:, f], W[:, f].T, out=cols)
                    col2im(gcols, gpicture[..., c], geometry)
            if need_gx:
                add_unpadded(gx[images], gpicture, geometry, rows)

        over_blocks(propagate, x, geometry, self.groups)
        self.grads["W"][...] = gW.sum(axis=0).reshape(self.grads["W"].shape)
        self.grads["b"][...] = gb.sum(axis=0)
        return gx

    def group_slices(self) -> list[tuple[slice, slice]]:
        """Return, group by group, its channels of x and its filters."""
        c, f = self.params["W"].shape[2], self.filters // self.groups
        return [
            (slice(g * c, g * c + c), slice(g * f, g * f + f)) for g in range(self.groups)
        ]

    def multiply_adds(self, input_shape: Shape) -> int:
        out_height, out_width, filters = self.output_shape(input_shape)
        kh, kw = self.kernel
        return out_height * out_width * filters * kh * kw * input_shape[2] // self.groups

    def form(self) -> str:
        return "im2col"

    def details(self) -> str:
        groups = f", groups {self.groups}" if self.groups > 1 else ""
        return super().details() + groups
