"""The rectifier."""

from minialex.backend import Array, xp_of
from minialex.layer import Layer
from minialex.threads import images_per_block, parallel, workers_for


class ReLU(Layer):
    """y = max(x, 0), Krizhevsky et al. 2012, section 3.1; Nair & Hinton 2010.

    Any shape. The derivative at 0 is 0. A NaN stays NaN, so that a failing run is seen.
    """

    kind = "relu"

    def forward(self, x: Array, train: bool = False) -> Array:
        self.y = y = self.buffer("y", x.shape, x)

        def rectify(worker: int, start: int, stop: int) -> None:
            xp_of(x).maximum(x[start:stop], 0, out=y[start:stop])

        parallel(rectify, len(x), images_per_block(x), workers_for(x))
        return y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        if not need_gx:
            return None
        y, gx = self.y, self.buffer("gx", gy.shape, gy)

        def pass_on(worker: int, start: int, stop: int) -> None:
            xp_of(gy).multiply(gy[start:stop], y[start:stop] > 0, out=gx[start:stop])

        parallel(pass_on, len(gy), images_per_block(gy), workers_for(gy))
        return gx
