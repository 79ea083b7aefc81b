"""Exercise 2: im2col, and a convolution as one matrix product."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from minialex.exercises.drawn import Wrong, asked, expect, for_all
from minialex.strategies import distinct_array, seeds


class Convolution(NamedTuple):
    """A drawn convolution: of the input, and how windows lie on it."""

    batch: int
    height: int
    width: int
    channels: int
    kh: int
    kw: int
    stride: int
    pad: int
    filters: int

    @property
    def out(self) -> tuple[int, int]:
        """Rows and columns of windows, counted by moving a window."""
        sizes = ((self.height, self.kh), (self.width, self.kw))
        rows, columns = (
            len(range(0, size + 2 * self.pad - kernel + 1, self.stride)) for size, kernel in sizes
        )
        return rows, columns

    def x(self, dtype: str = "float64") -> np.ndarray:
        """Return pictures whose pixels are 1, 2, 3, ...: a message then shows where one is from."""
        shape = (self.batch, self.height, self.width, self.channels)
        return np.arange(1, np.prod(shape) + 1, dtype=dtype).reshape(shape)

    def call(self) -> str:
        """Return what a reader may type to see the same."""
        n, h, w, c = self.batch, self.height, self.width, self.channels
        x = f"x = np.arange(1.0, {n * h * w * c + 1}).reshape({n}, {h}, {w}, {c}); "
        return f"{x}im2col(x, {self.kh}, {self.kw}, {self.stride}, {self.pad})"


@st.composite
def convolutions(
    draw, batch: int = 3, channels: int = 3, stride: int = 3, pad: int = 2, least: int = 1
) -> Convolution:
    """Draw a convolution from the size of its output: rows and columns may be left over.

    It has at least `least` channels and filters, where a gradient of one entry tells too little.
    """
    s, p = draw(st.integers(1, stride)), draw(st.integers(0, pad))
    sides = []
    for _ in ("height", "width"):
        kernel = draw(st.integers(1, 3))
        size = (draw(st.integers(1, 3)) - 1) * s + kernel + draw(st.integers(0, s - 1)) - 2 * p
        sides.append((max(size, 1), kernel))
    (height, kh), (width, kw) = sides
    batch, depth = draw(st.integers(1, batch)), draw(st.integers(least, channels))
    return Convolution(batch, height, width, depth, kh, kw, s, p, draw(st.integers(least, 3)))


def rows_of(x: np.ndarray, case: Convolution) -> np.ndarray:
    """Return cols, copied number by number as the definition says."""
    (out_height, out_width), s, pad = case.out, case.stride, case.pad
    batch, height, width, channels = x.shape
    rows = []
    for n, i, j in np.ndindex(batch, out_height, out_width):
        row = []
        for u, v, c in np.ndindex(case.kh, case.kw, channels):
            up, across = i * s + u - pad, j * s + v - pad
            inside = 0 <= up < height and 0 <= across < width
            row.append(x[n, up, across, c] if inside else 0)
        rows.append(row)
    return np.array(rows, dtype=x.dtype)


def compared(answer, case: Convolution, hint: str) -> None:
    """Compare the reader's cols with the definition."""
    right = rows_of(case.x(), case)
    with asked(case.call()):
        got = answer.im2col(case.x(), case.kh, case.kw, case.stride, case.pad)
    expect(got, right, case.call(), hint)


def check_windows(answer) -> None:
    """every window is a row: one picture, one channel"""

    @for_all(convolutions(batch=1, channels=1, stride=1, pad=0))
    def _(case):
        compared(
            answer, case,
            "Rows follow the windows from left to right, then down. In a row stand the kw pixels "
            "of the window's first line, then those of its second line, and so on: kh lines.",
        )  # fmt: skip


def check_channels(answer) -> None:
    """channels stand together: q = (u * kw + v) * C + c"""

    @for_all(convolutions(batch=1, stride=1, pad=0))
    def _(case):
        compared(
            answer, case,
            "The channels of one pixel are neighbours in x, and remain neighbours in a row.",
        )  # fmt: skip


def check_pictures(answer) -> None:
    """several pictures: r = (n * OH + i) * OW + j"""

    @for_all(convolutions(stride=1, pad=0))
    def _(case):
        compared(
            answer, case, "All windows of picture 0 come first, then those of picture 1."
        )  # fmt: skip


def check_stride(answer) -> None:
    """windows `stride` apart, and pixels left over behind the last"""

    @for_all(convolutions(pad=0))
    def _(case):
        compared(
            answer, case,
            "Window (i, j) begins at pixel (i * stride, j * stride). What is left over at the "
            "bottom and at the right appears in no window.",
        )  # fmt: skip


def check_pad(answer) -> None:
    """`pad` zeros on each side of a picture"""

    @for_all(convolutions())
    def _(case):
        compared(
            answer, case,
            "Zeros stand above, below, left and right of each picture: two of the four axes.",
        )  # fmt: skip


def check_manners(answer) -> None:
    """x stays as it was, and float32 stays float32"""

    @for_all(convolutions(), examples=30)
    def _(case):
        x = case.x("float32")
        with asked(case.call()):
            got = np.asarray(answer.im2col(x, case.kh, case.kw, case.stride, case.pad))
        if not np.array_equal(x, case.x("float32")):
            raise Wrong(f"{case.call()} changes x: write into an array of your own")
        if got.dtype != x.dtype:
            raise Wrong(
                f"{case.call()} gave {got.dtype} for an x of float32. np.zeros(shape) makes "
                "float64, np.zeros(shape, x.dtype) does not."
            )


def check_conv(answer) -> None:
    """conv_forward is the sum that defines a convolution"""

    @for_all(convolutions(), seeds(), examples=60)
    def _(case, seed):
        rng = np.random.default_rng(seed)
        shapes = (
            (case.batch, case.height, case.width, case.channels),
            (case.kh, case.kw, case.channels, case.filters),
            (case.filters,),
        )
        x, W, b = (distinct_array(shape, rng) for shape in shapes)
        right = np.empty((case.batch, *case.out, case.filters))
        for n, i, j in np.ndindex(right.shape[:3]):
            right[n, i, j] = b
            for u, v in np.ndindex(case.kh, case.kw):
                up, across = (k * case.stride + d - case.pad for k, d in ((i, u), (j, v)))
                if 0 <= up < case.height and 0 <= across < case.width:
                    right[n, i, j] += (x[n, up, across, :, None] * W[u, v]).sum(axis=0)
        call = (
            f"for x {shapes[0]}, W {shapes[1]}, b {shapes[2]}, "
            f"conv_forward(x, W, b, {case.stride}, {case.pad})"
        )
        hint = (
            "im2col is right, so look at W: row q of the matrix is W[u, v, c, :], neither flipped "
            "nor transposed; at b; and at the shape of y, (N, OH, OW, F)."
        )
        with asked(call):
            got = answer.conv_forward(x.copy(), W.copy(), b.copy(), case.stride, case.pad)
        expect(got, right, call, hint)


CHECKS = (
    check_windows, check_channels, check_pictures, check_stride, check_pad, check_manners,
    check_conv,
)  # fmt: skip
