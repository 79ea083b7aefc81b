"""Locally connected: a convolution that shares no weights."""

from typing import ClassVar

import numpy as np

from minialex.backend import Array, sum_of_rows, xp_of
from minialex.errors import InputError
from minialex.initial import Initialiser, he
from minialex.layer import Shape
from minialex.shapes import Padding
from minialex.threads import WORKSPACE_BYTES, parallel, scratch, zeros
from minialex.window_layer import WindowLayer
from minialex.windows import add_unpadded, col2im, im2col, over_blocks, padded


class LocallyConnected2d(WindowLayer):
    """A convolution with filters of its own at every position; `type=local` of cuda-convnet.

    As for `Conv2d`, but with b and W of the position::

        y[n, i, j, f] = b[i, j, f] + sum over u, v, c of
                        x[n, i s + u - top, j s + v - left, c] W[i, j, u, v, c, f]

    x: (N, H, W, C), W: (OH, OW, kh, kw, C, F), b: (OH, OW, F) -> y: (N, OH, OW, F). It is one
    matrix product a position: y[:, p] = cols[:, p] @ W[p] + b[p].

    Each weight is used once a picture, so that there are OH OW times as many as in a convolution,
    and the layer takes pictures of one size only.

    Parameters
    ----------
    filters : int
        F, the number of output channels.
    kernel, stride : int or (height, width)
    pad : int, (top, bottom, left, right) or "same"
        Zeros around the picture; "same" is TensorFlow's rule.
    rounding : "floor" or "ceil"
        Of the output size. Krizhevsky's "ceil" appends zeros at the bottom and the right.
    init : function (rng, shape) -> first W of one position, (kh, kw, C, F)
    bias : float
        First value of b.
    """

    kind = "local"
    gradcheck_example: ClassVar = {"args": (3, (3, 2), (2, 1)), "x": (2, 5, 4, 2)}

    def __init__(
        self,
        filters: int,
        kernel: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        pad: Padding = 0,
        rounding: str = "floor",
        init: Initialiser = he,
        bias: float = 0.0,
    ) -> None:
        super().__init__(kernel, stride, pad, rounding)
        if filters < 1:
            raise InputError(f"local: filters={filters} is not a positive number")
        self.filters, self.init, self.bias = filters, init, bias

    def output_shape(self, input_shape: Shape) -> Shape:
        return (*self.geometry(input_shape).out, self.filters)

    def param_shapes(self, input_shape: Shape) -> dict[str, Shape]:
        y_shape = self.output_shape(input_shape)
        window = (*self.kernel, input_shape[2])
        return {"W": (*y_shape[:2], *window, self.filters), "b": y_shape}

    def build(self, input_shape, rng, dtype="float32"):
        shapes = self.param_shapes(input_shape)
        height, width, *one = shapes["W"]
        W = np.stack([self.init(rng, tuple(one)) for _ in range(height * width)])
        self.params = {
            "W": W.reshape(shapes["W"]).astype(dtype),
            "b": np.full(shapes["b"], self.bias, dtype),
        }
        self.grads = {key: np.zeros_like(param) for key, param in self.params.items()}

    def forward(self, x: Array, train: bool = False) -> Array:
        geometry, positions = self.geometry(x.shape[1:]), self.params["b"].shape[:2]
        if geometry.out != positions:  # the weights of one position would be broadcast
            raise InputError(f"{self.label()} has weights for {positions}, not {geometry.out}")
        self.x, y = x, self.buffer("y", (len(x), *positions, self.filters), x)
        b, W = self.params["b"], self._matrices(self.params["W"])

        def connect(worker: int, start: int, stop: int) -> None:
            rows = slice(start, stop)
            out = by_position(y[:, rows])
            xp_of(x).matmul(self._cols(rows), W[self._positions(rows)], out=out)
            y[:, rows] += b[rows]

        parallel(connect, geometry.out[0], self._rows_at_once(), x)
        return y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        x, xp, geometry = self.x, xp_of(gy), self.geometry(self.x.shape[1:])
        W, gW = self._matrices(self.params["W"]), self._matrices(self.grads["W"])

        def weigh(worker: int, start: int, stop: int) -> None:  # nothing is summed twice
            rows = slice(start, stop)
            cols_T = self._cols(rows).swapaxes(1, 2)
            xp.matmul(cols_T, by_position(gy[:, rows]), out=gW[self._positions(rows)])
            gb = self.grads["b"][rows].reshape(-1)
            gb[...] = sum_of_rows(gy[:, rows].reshape(len(gy), gb.size))

        parallel(weigh, geometry.out[0], self._rows_at_once(), gy)
        if not need_gx:
            return None
        gx = self.buffer("gx", x.shape, gy)
        (kh, kw), (sh, _), (_, _, left, right), (_, out_width) = geometry
        _, _, width, channels = x.shape

        def spread(worker: int, images: slice, rows: slice) -> None:
            gy_rows = gy[images, rows]
            batch, out_height = gy_rows.shape[:2]
            gcols = scratch("cols", (batch, out_height, out_width, kh * kw * channels), gy)
            W_T = W[self._positions(rows)].swapaxes(1, 2)
            xp.matmul(by_position(gy_rows), W_T, out=by_position(gcols))
            height = (out_height - 1) * sh + kh
            gpicture = zeros("gpicture", (batch, height, left + width + right, channels), gy)
            col2im(gcols, gpicture, geometry)
            add_unpadded(gx[images], gpicture, geometry, rows)

        over_blocks(spread, gx, geometry, self.window_bytes(gx))
        return gx

    def multiply_adds(self, input_shape: Shape) -> int:
        return int(np.prod(self.param_shapes(input_shape)["W"]))

    def _rows_at_once(self) -> int:
        """Return how many rows of positions make a piece of work.

        On a CPU it is one, whose weights are then read once for the whole batch.
        """
        if xp_of(self.x) is np:
            return 1
        row_bytes = len(self.x) * self.params["b"].shape[1] * self.window_bytes(self.x)
        return max(1, WORKSPACE_BYTES // max(row_bytes, 1))

    def _cols(self, rows: slice) -> Array:
        """Return the windows of these output rows, position by position: (P, N, kh kw C)."""
        geometry = self.geometry(self.x.shape[1:])
        cols = im2col(padded(self.x, geometry, rows), geometry)
        shape = (len(self.x), rows.stop - rows.start, geometry.out[1], cols.shape[1])
        return by_position(cols.reshape(shape))

    def _matrices(self, W: Array) -> Array:
        """Return W, or gW, as a matrix a position: (OH OW, kh kw C, F)."""
        return W.reshape(W.shape[0] * W.shape[1], -1, W.shape[-1])

    def _positions(self, rows: slice) -> slice:
        """Return where the positions of these output rows stand."""
        width = self.params["b"].shape[1]
        return slice(rows.start * width, rows.stop * width)


def by_position(a: Array) -> Array:
    """(N, OH, OW, K) -> (OH OW, N, K); a view where the rows lie one after the other."""
    batch, height, width, size = a.shape
    return a.reshape(batch, height * width, size).swapaxes(0, 1)
