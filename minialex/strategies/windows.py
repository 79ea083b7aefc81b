"""What a convolution and a pooling layer have in common: windows along two axes."""

from dataclasses import dataclass

Pair = tuple[int, int]
Sides = tuple[int, int, int, int]
Shape4 = tuple[int, int, int, int]


@dataclass(frozen=True)
class Axis:
    """One axis of a window layer: `size` cells with padding on both sides give `output` windows."""

    size: int
    kernel: int
    stride: int
    before: int
    after: int
    output: int
    extra: int = 0  # cells that "ceil" appends behind the padding

    @property
    def leftover(self) -> int:
        """Input cells at the end that no window reaches."""
        covered = (self.output - 1) * self.stride + self.kernel
        return max(self.before + self.size - covered, 0)


@dataclass(frozen=True)
class WindowCase:
    """A convolution or pooling layer, and the input that it is given.

    Attributes
    ----------
    batch, channels : int
    rows, columns : Axis
    pad : int, (top, bottom, left, right) or "same"
        As a layer takes it; `padding` has it in numbers.
    rounding : "floor" or "ceil"
    groups : int
        Of a convolution.
    filters : int
        Output channels of a convolution; 0 means pooling.
    """

    batch: int
    channels: int
    rows: Axis
    columns: Axis
    pad: int | Sides | str
    rounding: str = "floor"
    groups: int = 1
    filters: int = 0

    @property
    def shape(self) -> Shape4:
        """Of x: (N, H, W, C)."""
        return self.batch, self.rows.size, self.columns.size, self.channels

    @property
    def shape_nchw(self) -> Shape4:
        """Of x: (N, C, H, W)."""
        return self.batch, self.channels, self.rows.size, self.columns.size

    @property
    def output_shape(self) -> Shape4:
        """Of y: (N, OH, OW, filters or C)."""
        return self.batch, self.rows.output, self.columns.output, self.filters or self.channels

    @property
    def output_shape_nchw(self) -> Shape4:
        """Of y: (N, filters or C, OH, OW)."""
        return self.batch, self.filters or self.channels, self.rows.output, self.columns.output

    @property
    def kernel(self) -> int | Pair:
        """(kh, kw), or one number where they are equal."""
        return shorthand((self.rows.kernel, self.columns.kernel))

    @property
    def kernels(self) -> Pair:
        """(kh, kw)."""
        return self.rows.kernel, self.columns.kernel

    @property
    def stride(self) -> int | Pair:
        """Vertical and horizontal, or one number where they are equal."""
        return shorthand(self.strides)

    @property
    def strides(self) -> Pair:
        """Vertical and horizontal."""
        return self.rows.stride, self.columns.stride

    @property
    def padding(self) -> Sides:
        """(top, bottom, left, right) as the formulas have it, with what "same" and "ceil" add."""
        rows, columns = self.rows, self.columns
        return rows.before, rows.after + rows.extra, columns.before, columns.after + columns.extra

    def features(self) -> set[str]:
        """Return what this case can tell apart; `features_drawn` counts them."""
        axes = (self.rows, self.columns)
        rows, columns = axes
        present = {
            "empty batch": self.batch == 0,
            "several images": self.batch > 1,
            "groups": self.groups > 1,
            "height is not width": rows.size != columns.size,
            "kernel not square": rows.kernel != columns.kernel,
            "stride not square": rows.stride != columns.stride,
            "windows overlap": any(a.stride < a.kernel and a.output > 1 for a in axes),
            "stride beyond kernel": any(a.stride > a.kernel and a.output > 1 for a in axes),
            "leftover": any(a.leftover for a in axes),
            "asymmetric padding": any(a.before != a.after for a in axes),
            "padding of kernel - 1": any(a.before == a.kernel - 1 > 0 for a in axes),
            "windows of padding alone": any(a.before >= a.kernel for a in axes),
            "same": self.pad == "same",
            "ceil": self.rounding == "ceil" and any(a.extra for a in axes),
        }
        return {name for name, holds in present.items() if holds}


def shorthand(pair: Pair) -> int | Pair:
    """Return (2, 2) as 2, so that both spellings of a size are tested."""
    return pair[0] if pair[0] == pair[1] else pair
