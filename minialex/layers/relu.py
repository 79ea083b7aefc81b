"""The rectifier."""

from minialex.backend import Array, xp_of
from minialex.forms import has_kernel
from minialex.layer import Layer, Shape
from minialex.threads import images_per_block, parallel


class ReLU(Layer):
    """y = max(x, 0), Krizhevsky et al. 2012, section 3.1; Nair & Hinton 2010.

    Any shape. The derivative at 0 is 0. A NaN stays NaN, so that a failing run is seen.

    Attributes
    ----------
    done_by : str
        Name of the convolution before it, where the network lets that rectify its own output
        while it is in the cache. Both passes of this layer then have nothing left to do.
    """

    kind = "relu"
    done_by = ""

    def forward(self, x: Array, train: bool = False) -> Array:
        if self.done_by:
            return x
        self.y = y = self.buffer("y", x.shape, x)

        def rectify(worker: int, start: int, stop: int) -> None:
            xp_of(x).maximum(x[start:stop], 0, out=y[start:stop])

        parallel(rectify, len(x), images_per_block(x), x)
        return y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        if self.done_by or not need_gx:
            return gy if need_gx else None
        gy = xp_of(gy).ascontiguousarray(gy)
        y, gx = self.y, self.buffer("gx", gy.shape, gy)

        def pass_on(worker: int, start: int, stop: int) -> None:
            relu_backward(gy[start:stop], y[start:stop], gx[start:stop])

        parallel(pass_on, len(gy), images_per_block(gy), gy)
        return gx

    def form(self, input_shape: Shape) -> str:
        return f"in {self.done_by}" if self.done_by else relu_backward.form()


@has_kernel("relu.backward")
def relu_backward(gy: Array, y: Array, gx: Array) -> None:
    """Write gx = gy where y > 0, else 0."""
    gx[...] = xp_of(gy).where(y > 0, gy, gy.dtype.type(0))


@has_kernel("relu.add_bias")
def add_bias(y: Array, b: Array, rectify: bool) -> None:
    """Add b to every row of y: (M, F), and rectify the sum where asked."""
    y += b
    if rectify:
        xp_of(y).maximum(y, 0, out=y)
