"""Exercise 12: a convolution in groups, made of convolutions without."""

from itertools import product
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minialex.exercises.drawn import Wrong, expect, for_all
from minialex.gradcheck import check_function

LAYERS: dict[str, Any] = {
    "groups": st.integers(1, 3), "channels": st.integers(1, 2), "filters": st.integers(1, 2),
    "kernel": st.integers(1, 3), "batch": st.integers(1, 2),
}  # fmt: skip
SLICES = (
    "Group g has the channels g C/G to (g + 1) C/G of x and the filters g F/G to (g + 1) F/G. "
    "W has C/G channels already: only its last axis is cut."
)


def drawn(groups: int, channels: int, filters: int, kernel: int, batch: int) -> tuple:
    """Return x, W, b for so many channels and filters a group; no two axes of x are alike."""
    rng = np.random.default_rng([groups, channels, filters, kernel, batch])
    x = rng.standard_normal((batch, kernel + 1, kernel + 3, groups * channels))
    W = rng.standard_normal((kernel, kernel + 1, channels, groups * filters))
    return x, W, rng.standard_normal(groups * filters)


def formula(x: np.ndarray, W: np.ndarray, b: np.ndarray, groups: int) -> np.ndarray:
    """Compute y number by number: the sum over u, v, c with the channels of f's group."""
    kh, kw, seen, filters = W.shape
    batch, height, width, _ = x.shape
    y = np.empty((batch, height - kh + 1, width - kw + 1, filters))
    for n, i, j, f in product(*map(range, y.shape)):
        g = f // (filters // groups)
        y[n, i, j, f] = b[f] + sum(
            x[n, i + u, j + v, g * seen + c] * W[u, v, c, f]
            for u, v, c in product(range(kh), range(kw), range(seen))
        )
    return y


def forward(answer, x, W, b, groups) -> tuple:
    """Call the reader's forward; Wrong unless it returns (y, cache)."""
    got = answer.grouped_forward(x, W, b, groups)
    if got is None:
        raise Wrong("grouped_forward returned None: is it written yet?")
    if not isinstance(got, tuple) or len(got) != 2:
        raise Wrong("grouped_forward should return two things: y and what backward needs")
    return got


def check_forward(answer) -> None:
    """forward: every filter sees the channels of its group, and no other"""

    @for_all(**LAYERS)
    def _(groups, channels, filters, kernel, batch):
        x, W, b = drawn(groups, channels, filters, kernel, batch)
        call = f"grouped_forward(x{x.shape}, W{W.shape}, b{b.shape}, groups={groups})"
        y, _ = forward(answer, x, W, b, groups)
        expect(y, formula(x, W, b, groups), f"y of {call}", SLICES)


def check_holes(answer) -> None:
    """backward: what happens in one group does not reach the other"""
    x, W, b = drawn(2, 3, 2, 2, 1)
    y, cache = forward(answer, x, W, b, 2)
    gy = np.random.default_rng(0).standard_normal(y.shape)
    gy[..., 2:] = 0
    got = answer.grouped_backward(gy, cache)
    if got is None:
        raise Wrong("grouped_backward returned None: is it written yet?")
    if not isinstance(got, tuple | list) or len(got) != 3:
        raise Wrong("grouped_backward should return three things: gx, gW and gb")
    for name, array, like in zip(("gx", "gW", "gb"), got, (x, W, b), strict=True):
        if np.shape(array) != like.shape:
            raise Wrong(
                f"{name} has shape {np.shape(array)}, and should have {like.shape}, the shape of "
                f"{name[1]}. {SLICES}"
            )
    call = "where gy is 0 in the second of two groups,"
    gx, gW, gb = got
    expect(gx[..., 3:], np.zeros_like(x[..., 3:]), f"{call} gx of its channels", SLICES)
    expect(gW[..., 2:], np.zeros_like(W[..., 2:]), f"{call} gW of its filters", SLICES)
    expect(gb[2:], np.zeros(2), f"{call} gb of its filters", SLICES)


def check_backward(answer) -> None:
    """backward: the derivatives of your forward, by the gradient checker"""
    for groups, channels, filters in ((1, 2, 3), (2, 2, 1), (2, 1, 3), (3, 2, 2)):
        x, W, b = drawn(groups, channels, filters, 2, 2)
        check_function(
            answer.grouped_forward, answer.grouped_backward, [x, W, b],
            options={"groups": groups}, geometry="as given",
        )  # fmt: skip


CHECKS = (check_forward, check_holes, check_backward)
