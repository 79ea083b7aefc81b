"""Hypothesis strategies: geometries at which a wrong layer cannot look right.

A wrong backward hides at friendly shapes: `gx =` for `gx +=` is right where windows do not overlap,
a bias gradient from image 0 is right for one image, swapped axes are right on squares. So a case
draws the size of the OUTPUT and then the rows and columns that are left over; height and width,
with their kernels, strides and paddings, are drawn apart.
"""

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Pair = tuple[int, int]


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
    """A convolution or pooling layer and the input that it is given."""

    batch: int
    channels: int
    rows: Axis
    columns: Axis
    pad: int | tuple[int, int, int, int] | str
    rounding: str = "floor"
    groups: int = 1
    filters: int = 0  # 0: pooling

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.batch, self.rows.size, self.columns.size, self.channels

    @property
    def output_shape(self) -> tuple[int, int, int, int]:
        return self.batch, self.rows.output, self.columns.output, self.filters or self.channels

    @property
    def kernel(self) -> int | Pair:
        return shorthand((self.rows.kernel, self.columns.kernel))

    @property
    def stride(self) -> int | Pair:
        return shorthand((self.rows.stride, self.columns.stride))

    @property
    def strides(self) -> Pair:
        return self.rows.stride, self.columns.stride

    @property
    def padding(self) -> tuple[int, int, int, int]:
        """(top, bottom, left, right) as the formulas have it, with what "same" and "ceil" add."""
        rows, columns = self.rows, self.columns
        return rows.before, rows.after + rows.extra, columns.before, columns.after + columns.extra

    def features(self) -> set[str]:
        """What this case can tell apart; `features_drawn` counts them."""
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


@dataclass(frozen=True)
class LRNCase:
    """An LRN layer and the input that it is given."""

    shape: tuple[int, int, int, int]
    n: int
    k: float
    alpha: float
    beta: float
    alpha_over_n: bool
    groups: int

    def features(self) -> set[str]:
        width = self.shape[-1] // self.groups
        present = {
            "several images": self.shape[0] > 1,
            "n even": self.n % 2 == 0,
            "n odd": self.n % 2 == 1,
            "n beyond the channels": self.n > width,
            "interior channels": width > self.n > 1,
            "groups": self.groups > 1,
            "alpha over n": self.alpha_over_n and self.n > 1,
            "beta not .75": self.beta != 0.75,
        }
        return {name for name, holds in present.items() if holds}


def shorthand(pair: Pair) -> int | Pair:
    """(2, 2) as 2, so that both spellings of a size are tested."""
    return pair[0] if pair[0] == pair[1] else pair


def _shorthand_pad(rows: Axis, columns: Axis) -> int | tuple[int, int, int, int]:
    pad = (rows.before, rows.after, columns.before, columns.after)
    return pad[0] if len(set(pad)) == 1 else pad


def batches() -> st.SearchStrategy[int]:
    return st.sampled_from((2, 3, 4, 1, 5, 0))


@st.composite
def _conv_axis(draw, mode: str, outputs: int, kernels: int, strides: int) -> Axis:
    output, kernel = draw(st.integers(1, outputs)), draw(st.integers(1, kernels))
    stride = draw(st.integers(1, strides))
    if mode == "same":  # TensorFlow: ceil(size / stride) outputs, an odd cell of padding at the end
        size = (output - 1) * stride + draw(st.integers(1, stride))
        total = max((output - 1) * stride + kernel - size, 0)
        return Axis(size, kernel, stride, total // 2, total - total // 2, output)
    if mode == "ceil":  # Krizhevsky: 1 + ceil((size + padding - kernel) / stride)
        leftover = -draw(st.integers(0, stride - 1)) if output > 1 else 0
    else:
        leftover = draw(st.integers(0, stride - 1))
    padded = (output - 1) * stride + kernel + leftover
    before = draw(st.integers(0, min(kernel, padded - 1)))  # at `kernel`, windows of padding alone
    after = draw(st.integers(0, min(kernel, padded - before - 1)))
    size, extra = padded - before - after, max(-leftover, 0)
    return Axis(size, kernel, stride, before, after, output, extra)


@st.composite
def conv_geometry(draw, outputs: int = 4, kernels: int = 4, strides: int = 5) -> WindowCase:
    """A convolution; each axis has its own kernel, stride and padding, up to the given sizes."""
    mode = draw(st.sampled_from(("floor", "floor", "ceil", "same")))
    axis = _conv_axis(mode, outputs, kernels, strides)
    rows, columns = draw(axis), draw(axis)
    groups = draw(st.integers(1, 3))
    return WindowCase(
        batch=draw(batches()),
        channels=groups * draw(st.integers(1, 3)),
        filters=groups * draw(st.integers(1, 3)),
        rows=rows,
        columns=columns,
        pad="same" if mode == "same" else _shorthand_pad(rows, columns),
        rounding="ceil" if mode == "ceil" else "floor",
        groups=groups,
    )


@st.composite
def _pool_axis(draw, rounding: str) -> Axis:
    kernel, stride = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    before, after = draw(st.integers(0, kernel - 1)), draw(st.integers(0, kernel - 1))
    leftover = draw(st.integers(0, stride - 1)) * (-1 if rounding == "ceil" else 1)
    wanted = draw(st.integers(1, 4))
    size = max((wanted - 1) * stride + kernel + leftover - before - after, 1)
    if rounding == "floor":
        size = max(size, kernel - before - after)  # one window fits
    room = (before + size + after - kernel) / stride
    output = 1 + (math.ceil(room) if rounding == "ceil" else math.floor(room))
    if (output - 1) * stride >= before + size:
        output -= 1  # PyTorch: a window starts in the input or in the padding before it
    missing = (output - 1) * stride + kernel - before - size - after
    return Axis(size, kernel, stride, before, after, output, extra=max(missing, 0))


@st.composite
def pool_geometry(draw) -> WindowCase:
    """Pooling: up to kernel - 1 cells of padding on each side, rounded down and up.

    Windows that hold padding alone are not drawn: their maximum is minus infinity.
    """
    rounding = draw(st.sampled_from(("floor", "ceil")))
    rows, columns = draw(_pool_axis(rounding)), draw(_pool_axis(rounding))
    return WindowCase(
        batch=draw(batches()),
        channels=draw(st.integers(1, 4)),
        rows=rows,
        columns=columns,
        pad=_shorthand_pad(rows, columns),
        rounding=rounding,
    )


@st.composite
def lrn_geometry(draw) -> LRNCase:
    """LRN with parameters so strong that the neighbours' term is a large part of every gradient."""
    groups = draw(st.integers(1, 3))
    channels = groups * draw(st.integers(1, 7))
    return LRNCase(
        shape=(draw(batches()), draw(st.integers(1, 3)), draw(st.integers(1, 3)), channels),
        n=draw(st.integers(1, 9)),
        k=draw(st.sampled_from((2.0, 1.0, 1.5))),
        alpha=draw(st.floats(0.3, 1.0)),
        beta=draw(st.sampled_from((0.75, 0.5, 1.0, 0.6))),
        alpha_over_n=draw(st.booleans()),
        groups=groups,
    )


def seeds() -> st.SearchStrategy[int]:
    return st.integers(0, 2**32 - 1)


def distinct_array(
    shape: tuple[int, ...], rng: np.random.Generator, dtype: str = "float64"
) -> np.ndarray:
    """Values of both signs, distinct and away from zero: no kink and no tie is near."""
    size = math.prod(shape)
    ranks = rng.permutation(size) + 1 + rng.uniform(-0.2, 0.2, size)
    return (ranks * rng.choice((-1.0, 1.0), size) / max(size / 4, 1)).reshape(shape).astype(dtype)


def features_drawn(strategy: st.SearchStrategy, examples: int = 300) -> Counter[str]:
    """How often each feature was drawn: the test of the tests."""
    seen: Counter[str] = Counter()

    @settings(
        max_examples=examples,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(case):
        seen.update(case.features())

    draw()
    return seen
