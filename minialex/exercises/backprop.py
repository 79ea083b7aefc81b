"""Exercise 3: the backward pass of a convolution."""

import numpy as np
from hypothesis import strategies as st

from minialex.exercises.drawn import Wrong, asked, expect, for_all
from minialex.exercises.im2col import Convolution, convolutions
from minialex.gradcheck import GradientMismatch, check_function
from minialex.strategies import distinct_array, seeds


def added_back(gcols: np.ndarray, case: Convolution) -> np.ndarray:
    """Return gx: every number of gcols is added to the pixel that it stands for."""
    gx = np.zeros((case.batch, case.height, case.width, case.channels))
    numbers = iter(gcols.reshape(-1))
    for n, i, j, u, v, c in np.ndindex(case.batch, *case.out, case.kh, case.kw, case.channels):
        up, across = (k * case.stride + d - case.pad for k, d in ((i, u), (j, v)))
        number = next(numbers)
        if 0 <= up < case.height and 0 <= across < case.width:
            gx[n, up, across, c] += number
    return gx


def compared(answer, case: Convolution, hint: str) -> None:
    """Compare the reader's col2im with the definition, on gcols of 1, 2, 3, ..."""
    (out_height, out_width), per_row = case.out, case.kh * case.kw * case.channels
    rows = case.batch * out_height * out_width
    gcols = np.arange(1.0, rows * per_row + 1).reshape(rows, per_row)
    shape = (case.batch, case.height, case.width, case.channels)
    call = (
        f"gcols = np.arange(1.0, {gcols.size + 1}).reshape({rows}, {per_row}); "
        f"col2im(gcols, {shape}, {case.kh}, {case.kw}, {case.stride}, {case.pad})"
    )
    with asked(call):
        got = answer.col2im(gcols.copy(), shape, case.kh, case.kw, case.stride, case.pad)
    if case.pad == 0 and got is not None and np.shape(got) != shape:
        hint = "gx is as large as x. For pad = 0, [pad:-pad] is empty."
    expect(got, added_back(gcols, case), call, hint)


def check_col2im(answer) -> None:
    """col2im without padding: a pixel gets the sum of what its copies get"""

    @for_all(convolutions(pad=0))
    def _(case):
        compared(
            answer, case,
            "A pixel that lies in three windows was copied three times: it gets three numbers, "
            "added up. A pixel in no window gets 0.",
        )  # fmt: skip


def check_padded(answer) -> None:
    """col2im with padding: what the zeros get is dropped"""

    @for_all(convolutions())
    def _(case):
        compared(
            answer, case,
            "Add into a picture of (H + 2 pad, W + 2 pad) first, then cut out the H x W in its "
            "middle.",
        )  # fmt: skip


def differentiated(answer, case: Convolution, seed: int) -> None:
    """Put the gradient checker on the reader's pair of functions, at one geometry."""
    rng = np.random.default_rng(seed)
    x, W, b = inputs = [
        distinct_array(shape, rng)
        for shape in (
            (case.batch, case.height, case.width, case.channels),
            (case.kh, case.kw, case.channels, case.filters),
            (case.filters,),
        )
    ]
    options = {"stride": case.stride, "pad": case.pad}
    call = f"conv_backward(gy, cache) for x {x.shape}, W {W.shape}, b {b.shape}, {options}"
    with asked(call):
        y, cache = answer.conv_forward(*inputs, **options)
        gradients = answer.conv_backward(np.ones_like(y), cache)
    if gradients is None:
        raise Wrong("conv_backward(gy, cache) returned None: is it written yet?")
    given = len(gradients) if isinstance(gradients, tuple | list) else 1
    if given != 3:
        raise Wrong(f"conv_backward(gy, cache) should return gx, gW, gb, and returned {given}")
    for name, gradient, array in zip(("gx", "gW", "gb"), gradients, inputs, strict=True):
        if np.shape(gradient) != array.shape:
            raise Wrong(
                f"{name} has shape {np.shape(gradient)}, and should have {array.shape}, as "
                f"{name[1]} has, in {call}. It returns gx, gW, gb, in this order."
            )
    report = check_function(
        answer.conv_forward, answer.conv_backward, inputs,
        options=options, geometry="as given", seed=seed % 1000, raises=False,
        replay="minialex exercise check 3",
    )  # fmt: skip
    if not report.ok:  # friendly geometries are drawn here too, on purpose
        report.notes = [note for note in report.notes if not note.startswith("friendly")]
        raise GradientMismatch(report)


def check_dense(answer) -> None:
    """one pixel, kernel 1 x 1: a dense layer"""

    @for_all(st.integers(1, 3), st.integers(2, 4), st.integers(2, 4), seeds(), examples=15)
    def _(batch, channels, filters, seed):
        differentiated(answer, Convolution(batch, 1, 1, channels, 1, 1, 1, 0, filters), seed)


def check_tiles(answer) -> None:
    """windows side by side, which share no pixel"""

    @for_all(st.integers(1, 2), st.integers(2, 3), st.integers(1, 2), seeds(), examples=15)
    def _(batch, filters, size, seed):
        differentiated(answer, Convolution(batch, 4, 4, 2, size, size, size, 0, filters), seed)


def check_drawn(answer) -> None:
    """any geometry: windows that overlap, stride, padding, pixels left over"""

    @for_all(convolutions(least=2), seeds(), examples=60)
    def _(case, seed):
        differentiated(answer, case, seed)


def check_forward(answer) -> None:
    """and conv_forward is still the convolution that was given"""

    @for_all(convolutions(), examples=30)
    def _(case):
        W = np.ones((case.kh, case.kw, case.channels, 1))
        y, _ = answer.conv_forward(case.x(), W, np.zeros(1), case.stride, case.pad)
        right = window_sums(case).reshape(case.batch, *case.out, 1)
        hint = "A gradient check cannot see a forward and a backward that are wrong together."
        expect(y, right, "conv_forward(x, ones, zeros)", hint)


def window_sums(case: Convolution) -> np.ndarray:
    """Return the sum over each window of x."""
    x, sums = case.x(), []
    for n, i, j in np.ndindex(case.batch, *case.out):
        top, left = i * case.stride - case.pad, j * case.stride - case.pad
        rows = slice(max(top, 0), max(top + case.kh, 0))
        columns = slice(max(left, 0), max(left + case.kw, 0))
        sums.append(x[n, rows, columns].sum())
    return np.array(sums)


CHECKS = (check_col2im, check_padded, check_dense, check_tiles, check_drawn, check_forward)
