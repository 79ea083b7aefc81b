"""Exercise 5: overlapping max-pooling and its backward pass."""

from itertools import product

import numpy as np
from hypothesis import strategies as st

from minialex.exercises.drawn import Wrong, asked, expect, for_all
from minialex.gradcheck import GradientMismatch, check_function
from minialex.strategies import WindowCase, batches, distinct_array, pool_geometry, seeds


def cases(padding: str = "none", overlap: bool | None = None) -> st.SearchStrategy[WindowCase]:
    """Draw pictures that are not square, under square windows."""
    return pool_geometry(
        overlap, outputs=3, kernels=3, strides=4, channels=2, batch=batches(1, 2),
        rounding="floor", padding=padding, square=True,
    )  # fmt: skip


def cells(case: WindowCase, i: int, j: int) -> list[tuple[int, int]]:
    """Return the pixels of window (i, j), row by row."""
    (kernel, _), (stride, _), (pad, _, _, _) = case.kernels, case.strides, case.padding
    places = product(range(i * stride, i * stride + kernel), range(j * stride, j * stride + kernel))
    inside = [(up - pad, left - pad) for up, left in places]
    return [(r, c) for r, c in inside if 0 <= r < case.rows.size and 0 <= c < case.columns.size]


def maxima(x: np.ndarray, case: WindowCase) -> np.ndarray:
    """Return the largest pixel of every window."""
    y = np.empty(case.output_shape)
    for n, i, j, c in np.ndindex(y.shape):
        y[n, i, j, c] = max(x[n, up, left, c] for up, left in cells(case, i, j))
    return y


def pooled(answer, x: np.ndarray, case: WindowCase, call: str):
    """Return what the reader's maxpool_forward returns: y and the cache."""
    with asked(call):
        got = answer.maxpool_forward(x, case.kernels[0], case.strides[0], case.padding[0])
    if got is None:
        raise Wrong("maxpool_forward returned None: is it written yet?")
    if not isinstance(got, tuple) or len(got) != 2:
        raise Wrong("maxpool_forward should return y, cache")
    return got


def request(numbers: str, case: WindowCase) -> str:
    """Return what the reader types to see a failing case."""
    arguments = f"{case.kernels[0]}, {case.strides[0]}, {case.padding[0]}"
    return f"x = {numbers}; maxpool_forward(x, {arguments})"


def whole_numbers(low: int, high: int, case: WindowCase, seed: int) -> tuple[np.ndarray, str]:
    """Return whole numbers, and how the reader makes them too."""
    x = np.random.default_rng(seed).integers(low, high, case.shape).astype(float)
    text = f"np.random.default_rng({seed}).integers({low}, {high}, {case.shape}).astype(float)"
    return x, text


def check_forward(answer) -> None:
    """the maximum of every window, also where windows overlap or leave pixels over"""

    @for_all(cases(), st.integers(0, 99), examples=60)
    def _(case, seed):
        x, numbers = whole_numbers(-99, 100, case, seed)
        call = request(numbers, case)
        y, _ = pooled(answer, x.copy(), case, call)
        expect(
            y, maxima(x, case), f"{call}[0]",
            "Window (i, j) begins at pixel (i stride, j stride), and no window sticks out.",
        )  # fmt: skip


def check_padding(answer) -> None:
    """padding never wins: not among negative pixels either"""

    @for_all(cases("equal"), st.integers(0, 99), examples=60)
    def _(case, seed):
        x, numbers = whole_numbers(-99, 0, case, seed)
        call = request(numbers, case)
        y, _ = pooled(answer, x.copy(), case, call)
        expect(y, maxima(x, case), f"{call}[0]", "All pixels are below 0. What is padded with?")


def differentiated(answer, case: WindowCase, seed: int, hint: str) -> None:
    """Put the gradient checker on the reader's pair of functions, at one geometry."""
    x = distinct_array(case.shape, seed)
    options = {"kernel": case.kernels[0], "stride": case.strides[0], "pad": case.padding[0]}
    call = f"maxpool_backward(gy, cache) for x {x.shape}, {options}"
    y, cache = pooled(answer, x.copy(), case, call)
    with asked(call):
        gx = answer.maxpool_backward(np.ones_like(y), cache)
    if gx is None:
        raise Wrong("maxpool_backward(gy, cache) returned None: is it written yet?")
    if np.shape(gx) != x.shape:
        raise Wrong(
            f"gx has shape {np.shape(gx)}, and should have {x.shape}, as x has, in {call}. "
            "The gradient of padding is dropped; pixels that no window sees get 0."
        )
    report = check_function(
        answer.maxpool_forward, answer.maxpool_backward, [x], options=options,
        geometry="as given", seed=seed % 1000, raises=False, replay="minialex exercise check 5",
    )  # fmt: skip
    if not report.ok:  # friendly geometries are drawn here too, on purpose
        report.notes = [note for note in report.notes if not note.startswith("friendly")]
        report.note(hint)
        raise GradientMismatch(report)


def check_tiles(answer) -> None:
    """backward, windows that share no pixel"""

    @for_all(cases(overlap=False), seeds(), examples=15)
    def _(case, seed):
        hint = "gy[n, i, j, c] goes to the pixel that was y[n, i, j, c]; all others get nothing"
        differentiated(answer, case, seed, hint)


def check_overlaps(answer) -> None:
    """backward, windows that overlap, with padding"""

    @for_all(cases("equal", overlap=True), seeds(), examples=30)
    def _(case, seed):
        hint = "a pixel that is the maximum of several windows gets the gy of all of them"
        differentiated(answer, case, seed, hint)


def shared_out(x: np.ndarray, gy: np.ndarray, case: WindowCase, rule: str) -> np.ndarray:
    """Return gx by the rule of who receives gy in a tie: "first", "last", "all" or "equally"."""
    gx = np.zeros(case.shape)
    for n, i, j, c in np.ndindex(gy.shape):
        pixels = cells(case, i, j)
        largest = max(x[n, up, left, c] for up, left in pixels)
        winners = [(up, left) for up, left in pixels if x[n, up, left, c] == largest]
        chosen = {"first": winners[:1], "last": winners[-1:]}.get(rule, winners)
        for up, left in chosen:
            gx[n, up, left, c] += gy[n, i, j, c] / (len(winners) if rule == "equally" else 1)
    return gx


RULES = {
    "last": "It goes to the last maximum here: `>=` in place of `>`?",
    "all": "Each of several equal maxima receives all of it here: more leaves than comes in.",
    "equally": "It is divided among equal maxima here: a choice one can defend, but another.",
}


def check_ties(answer) -> None:
    """ties: all of gy goes to the first maximum of the window, row by row"""

    @for_all(cases("equal"), st.integers(0, 99), examples=60)
    def _(case, seed):
        x, numbers = whole_numbers(0, 2, case, seed)
        call = request(numbers, case)
        y, cache = pooled(answer, x.copy(), case, call)
        gy = 1.0 + np.arange(y.size).reshape(y.shape)
        with asked(call):
            gx = answer.maxpool_backward(gy.copy(), cache)
        hint = "x holds zeros and ones only: most windows have several maxima."
        for rule, diagnosis in RULES.items():
            if gx is not None and np.array_equal(gx, shared_out(x, gy, case, rule)):
                hint = diagnosis
        right = shared_out(x, gy, case, "first")
        expect(gx, right, f"{call}; gy = 1, 2, 3 ...; maxpool_backward(gy, cache)", hint)


CHECKS = (check_forward, check_padding, check_tiles, check_overlaps, check_ties)
