"""How the two axes of a window layer are drawn."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from minialex.errors import InputError
from minialex.strategies.windows import Axis, Pair, Sides

PADDINGS = ("any", "symmetric", "equal", "none")


@dataclass(frozen=True)
class Limits:
    """What may be drawn; the arguments of `conv_geometry` and `pool_geometry`."""

    layer: str
    outputs: int
    kernels: int
    strides: int
    padding: str
    square: bool

    def __post_init__(self) -> None:
        for what in ("outputs", "kernels", "strides"):
            if getattr(self, what) < 1:
                raise InputError(
                    f"{self.layer}_geometry({what}={getattr(self, what)}): the largest must be "
                    "at least 1"
                )
        chosen(self.layer, "padding", self.padding, PADDINGS)

    @property
    def pools(self) -> bool:
        """Pooling: windows of padding alone have no maximum, and start inside (PyTorch)."""
        return self.layer == "pool"


def chosen(layer: str, what: str, value: str | Sequence[str], known: Sequence[str]) -> list[str]:
    """Return one or several words as a list; InputError unless all are known."""
    words = [value] if isinstance(value, str) else list(value)
    if not words or not set(words) <= set(known):
        raise InputError(
            f"{layer}_geometry({what}={value!r}): choose from {', '.join(map(repr, known))}"
        )
    return words


def draw_axes(draw: st.DrawFn, rounding: str, limits: Limits) -> tuple[Axis, Axis]:
    """Draw rows and columns: first the output, then what is left over, then the padding."""
    rows = draw(st.integers(1, limits.kernels)), draw(st.integers(1, limits.strides))
    columns = rows
    if not limits.square:
        columns = draw(st.integers(1, limits.kernels)), draw(st.integers(1, limits.strides))
    sizes = [_padded_size(draw, rounding, window, limits) for window in (rows, columns)]
    sides = _sides(draw, limits, (rows[0], columns[0]), sizes)
    if rounding == "same":  # sides are drawn all the same: a failure shrinks to the fewest draws
        return _same(sizes[0], *rows), _same(sizes[1], *columns)
    return (
        _axis(sizes[0], rows, sides[:2], rounding, limits),
        _axis(sizes[1], columns, sides[2:], rounding, limits),
    )


def shorthand_pad(rows: Axis, columns: Axis) -> int | Sides:
    """Return the padding as a layer takes it: one number where all sides are equal."""
    pad = (rows.before, rows.after, columns.before, columns.after)
    return pad[0] if len(set(pad)) == 1 else pad


def _padded_size(draw: st.DrawFn, rounding: str, window: Pair, limits: Limits) -> int:
    """Draw the size of the padded picture, or of the bare one for "same"."""
    (kernel, stride), output = window, draw(st.integers(1, limits.outputs))
    if rounding == "same":  # TensorFlow: ceil(size / stride) outputs
        return (output - 1) * stride + draw(st.integers(1, stride))
    fits = rounding == "floor" or output > 1 or limits.pools
    leftover = draw(st.integers(0, stride - 1 if fits else 0))
    if rounding == "ceil":  # Krizhevsky: 1 + ceil((padded - kernel) / stride) outputs
        leftover = -leftover
    return max((output - 1) * stride + kernel + leftover, 1)


def _sides(draw: st.DrawFn, limits: Limits, kernels: Pair, padded: Sequence[int]) -> Sides:
    """Draw (top, bottom, left, right): up to `kernel` cells, a window of padding alone."""
    largest = [kernel - 1 if limits.pools else kernel for kernel in kernels]
    halves = [min(most, (size - 1) // 2) for most, size in zip(largest, padded, strict=True)]
    if limits.padding == "none":
        return 0, 0, 0, 0
    if limits.padding == "equal":
        pad = draw(st.integers(0, min(halves)))
        return pad, pad, pad, pad
    if limits.padding == "symmetric":
        vertical, horizontal = (draw(st.integers(0, half)) for half in halves)
        return vertical, vertical, horizontal, horizontal
    sides = []
    for most, size in zip(largest, padded, strict=True):
        before = draw(st.integers(0, min(most, size - 1)))
        sides += [before, draw(st.integers(0, min(most, size - before - 1)))]
    top, bottom, left, right = sides
    return top, bottom, left, right


def _axis(padded: int, window: Pair, sides: Pair, rounding: str, limits: Limits) -> Axis:
    (kernel, stride), (before, after), room = window, sides, padded - window[0]
    output = 1 + (-(-room // stride) if rounding == "ceil" else room // stride)
    if limits.pools and (output - 1) * stride >= padded - after:
        output -= 1  # PyTorch: a window starts in the input or in the padding before it
    extra = max((output - 1) * stride + kernel - padded, 0)
    return Axis(padded - before - after, kernel, stride, before, after, output, extra)


def _same(size: int, kernel: int, stride: int) -> Axis:
    """Pad as TensorFlow does: an odd cell goes to the end."""
    output = -(-size // stride)
    total = max((output - 1) * stride + kernel - size, 0)
    return Axis(size, kernel, stride, total // 2, total - total // 2, output)
