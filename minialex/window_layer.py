"""What convolution and pooling share: layers that look through windows."""

from typing import ClassVar

from minialex.backend import Array
from minialex.errors import InputError
from minialex.layer import Layer, Shape
from minialex.shapes import Geometry, Padding, checked_padding, pair, sides_of, window_geometry


class WindowLayer(Layer):
    """A layer that looks through windows: kernel, stride, padding and their checks."""

    start_inside = False

    def __init__(
        self,
        kernel: int | tuple[int, int],
        stride: int | tuple[int, int],
        pad: Padding,
        rounding: str,
    ) -> None:
        super().__init__()
        if rounding not in ("floor", "ceil"):
            raise InputError(f'{self.kind}: rounding={rounding!r} is not "floor" or "ceil"')
        self.kernel = pair(self.kind, "kernel", kernel)
        self.stride = pair(self.kind, "stride", stride)
        self.pad = checked_padding(self.kind, pad)
        self.rounding = rounding

    def geometry(self, input_shape: Shape) -> Geometry:
        """Return how the windows lie on pictures of this (H, W, C); InputError if none fits."""
        if len(input_shape) != 3:
            raise InputError(f"{self.label()} needs (height, width, channels), not {input_shape}")
        height, width, _ = input_shape
        geometry = window_geometry(
            (height, width), self.kernel, self.stride, self.pad, self.rounding, self.start_inside
        )
        if min(geometry.out) < 1:
            raise InputError(f"{self.label()} does not fit its {height}x{width} input")
        return geometry

    def window_bytes(self, x: Array) -> int:
        """Return the size of one window's copy."""
        return self.kernel[0] * self.kernel[1] * x.shape[3] * x.dtype.itemsize

    def details(self) -> str:
        kh, kw = self.kernel
        sh, sw = self.stride
        text = f"{kh}x{kw}, stride {sh if sh == sw else f'{sh}x{sw}'}"
        return text if self.pad == 0 else f"{text}, pad {self.pad}"


class PoolLayer(WindowLayer):
    """One number from every window of every channel: (N, H, W, C) -> (N, OH, OW, C)."""

    kind = "pool"
    gradcheck_example: ClassVar = {"args": (3, 2), "x": (2, 7, 6, 3)}
    start_inside = True

    def __init__(
        self,
        kernel: int | tuple[int, int],
        stride: int | tuple[int, int] | None = None,
        pad: Padding = 0,
        rounding: str = "floor",
    ) -> None:
        super().__init__(kernel, kernel if stride is None else stride, pad, rounding)
        (kh, kw), sides = self.kernel, sides_of(pad)
        if pad != "same" and (max(sides[:2]) >= kh or max(sides[2:]) >= kw):
            raise InputError(f"pool: pad={pad}: a {kh}x{kw} window could see nothing but padding")

    def output_shape(self, input_shape: Shape) -> Shape:
        return (*self.geometry(input_shape).out, input_shape[2])
