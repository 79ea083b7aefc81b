"""Output sizes: where 55 comes from."""

from numbers import Integral
from typing import Any, NamedTuple

from minialex.errors import InputError

Padding = int | tuple[int, int, int, int] | str


class Geometry(NamedTuple):
    """How windows lie on a picture.

    `pad` is what must be added for the last window to fit: it includes the rows that rounding up
    appends at the bottom and the right.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    pad: tuple[int, int, int, int]  # top, bottom, left, right
    out: tuple[int, int]  # output height, width


def output_size(size: int, kernel: int, stride: int, pad: int, rounding: str = "floor") -> int:
    """Return 1 + (size + pad - kernel) / stride, rounded; below 1 where no window fits.

    `pad` counts both sides. "floor" is everyone's convolution; "ceil" is Krizhevsky's
    (cuda-convnet, layer.py), whose 224-pixel picture thus gives the same 55 as one of 227.

    >>> output_size(227, 11, 4, 0), output_size(224, 11, 4, 0), output_size(224, 11, 4, 0, "ceil")
    (55, 54, 55)
    """
    room = size + pad - kernel
    return 1 + (room // stride if rounding == "floor" else -(-room // stride))


def window_geometry(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    pad: Padding = 0,
    rounding: str = "floor",
    start_inside: bool = False,
) -> Geometry:
    """Return the geometry of windows on a picture of this (height, width).

    `pad` is one number for all sides, (top, bottom, left, right), or "same", TensorFlow's rule:
    the output has ceil(size / stride) rows, and an odd row of padding goes to the bottom.
    With `start_inside`, a window that rounding up adds must start inside the picture or the
    padding before it, as in PyTorch's pooling. Sizes below 1 in `out` mean that nothing fits.
    """
    sides: list[int] = []
    outs: list[int] = []
    for axis in (0, 1):
        if isinstance(pad, str):
            out = -(-size[axis] // stride[axis])
            total = max((out - 1) * stride[axis] + kernel[axis] - size[axis], 0)
            before, after = total // 2, total - total // 2
        else:
            before, after = sides_of(pad)[2 * axis : 2 * axis + 2]
            out = output_size(size[axis], kernel[axis], stride[axis], before + after, rounding)
            if start_inside and (out - 1) * stride[axis] >= size[axis] + before:
                out -= 1
        end = (out - 1) * stride[axis] + kernel[axis]
        sides += [before, max(after, end - size[axis] - before)]
        outs.append(out)
    top, bottom, left, right = sides
    return Geometry(kernel, stride, (top, bottom, left, right), (outs[0], outs[1]))


def pair(layer: str, what: str, value: int | tuple[int, int]) -> tuple[int, int]:
    """Return `value` as (height, width); InputError unless both are positive whole numbers."""
    both = value if isinstance(value, tuple) else (value, value)
    if len(both) != 2 or not all(isinstance(v, Integral) and v > 0 for v in both):
        raise InputError(f"{layer}: {what}={value!r} is not a positive number or (height, width)")
    return int(both[0]), int(both[1])


def sides_of(pad: Any) -> tuple[int, int, int, int]:
    """Return (top, bottom, left, right) of a padding that is one number, or these four."""
    return pad if isinstance(pad, tuple) else (pad,) * 4


def checked_padding(layer: str, pad: Padding) -> Padding:
    """Return `pad`; InputError unless it is a size, (top, bottom, left, right) or "same"."""
    sides = sides_of(pad)
    sizes = len(sides) == 4 and all(isinstance(side, int) and side >= 0 for side in sides)
    if pad != "same" and not sizes:
        raise InputError(
            f'{layer}: pad={pad!r} is not a size >= 0, (top, bottom, left, right) or "same"'
        )
    return pad
