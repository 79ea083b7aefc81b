"""Exercise 4: softplus and leaky ReLU."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from minialex.exercises.drawn import Wrong, expect, for_all
from minialex.gradcheck import check_function
from minialex.strategies import distinct_array, seeds

SHAPES = st.sampled_from([(3,), (2, 3), (2, 3, 2, 4)])
SLOPES = st.sampled_from([0.01, 0.25, 0.0, 1.5])
HUGE = (90.0, 800.0, 1e6, 1e30)
WHERE = "np.where computes both of its branches everywhere, and chooses afterwards."


def quietly(function: Callable, args: tuple, call: str) -> Any:
    """Call a function of the reader; where NumPy would warn, say what overflowed."""
    try:
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            return function(*args)
    except FloatingPointError as error:
        raise Wrong(
            f"{call}: {error}. Rearrange the formula so that every exponent is at most 0. {WHERE}"
        ) from None


def pair(result: Any, call: str) -> tuple:
    """Return (y, cache), if that is what came."""
    if result is None:
        raise Wrong(f"{call} returned None: is it written yet?")
    if not isinstance(result, tuple) or len(result) != 2:
        raise Wrong(f"{call} should return two things: y, and what backward needs")
    return result


def kept(result: Any, x: np.ndarray, call: str) -> None:
    """Raise unless a result has the dtype of x."""
    if np.asarray(result).dtype != x.dtype:
        raise Wrong(f"{call} is {np.asarray(result).dtype}, and x is {x.dtype}")


def check_softplus(answer) -> None:
    """softplus, log(1 + e^x), for x between -20 and 20"""

    @for_all(st.floats(-20, 20))
    def _(value):
        x = np.array([value])
        call = f"softplus_forward([{value:.6g}])"
        y, _ = pair(answer.softplus_forward(x), call)
        expect(y, np.log(1 + np.exp(x)), f"{call}: y", "log is the natural logarithm.")


def check_softplus_far(answer) -> None:
    """softplus of huge numbers, without overflow, and of -40, where it is tiny but not 0"""
    for dtype in (np.float64, np.float32):
        for size in HUGE:
            x = np.array([size, -size], dtype)
            call = f"softplus_forward({np.dtype(dtype).name} [{size:g}, {-size:g}])"
            y, _ = pair(quietly(answer.softplus_forward, (x,), call), call)
            right = np.array([float(x[0]), 0.0])
            expect(y, right, f"{call}: y", "Far to the right softplus is x itself, far left 0.")
            kept(y, x, f"{call}: y")
    call = "softplus_forward([-40.0])"
    y, _ = pair(answer.softplus_forward(np.array([-40.0])), call)
    if not abs(float(y[0]) / np.exp(-40.0) - 1) < 1e-9:
        raise Wrong(
            f"{call} gave {y[0]:.6g}, and should give {np.exp(-40.0):.6g}. In 16 digits 1 + e^-40 "
            f"is 1, and its logarithm 0: NumPy has a function that takes log(1 + e) without "
            f"forming the sum"
        )


def check_softplus_backward(answer) -> None:
    """the backward of softplus, against its forward (gradient checker)"""

    @for_all(SHAPES, seeds(), examples=4)
    def _(shape, seed):
        x = distinct_array(shape, seed)
        check_function(answer.softplus_forward, answer.softplus_backward, [x])


def check_softplus_backward_far(answer) -> None:
    """the backward of softplus at huge numbers"""
    for dtype in (np.float64, np.float32):
        for size in HUGE:
            x, gy = np.array([size, -size], dtype), np.array([3.0, 3.0], dtype)
            of = f"x = {np.dtype(dtype).name} [{size:g}, {-size:g}]"
            _, cache = pair(answer.softplus_forward(x), "softplus_forward(x)")
            call = f"softplus_backward([3, 3], cache), with {of}"
            gx = quietly(answer.softplus_backward, (gy, cache), call)
            expect(gx, np.array([3.0, 0.0]), call, "The derivative goes to 1 and to 0.")
            kept(gx, x, call)


def check_leaky(answer) -> None:
    """leaky ReLU, for slopes of 0, .01, .25 and 1.5"""

    @for_all(SHAPES, SLOPES, seeds())
    def _(shape, slope, seed):
        x = distinct_array(shape, seed)
        x.flat[0] = 0
        before, right = x.copy(), x.copy()
        for place, value in np.ndenumerate(x):
            if value < 0:
                right[place] = slope * value
        call = f"leaky_forward(x{shape}, {slope})"
        y, _ = pair(answer.leaky_forward(x, slope), call)
        if not np.array_equal(x, before):
            raise Wrong(f"{call} changed x: who passed it in may still need it")
        expect(y, right, f"{call}: y", "Compare with 0, not with slope * x: a slope may exceed 1.")


def check_leaky_backward(answer) -> None:
    """the backward of leaky ReLU (gradient checker), and its derivative at 0"""

    @for_all(SHAPES, SLOPES, seeds(), examples=6)
    def _(shape, slope, seed):
        x = distinct_array(shape, seed)
        options = {"slope": slope}
        check_function(answer.leaky_forward, answer.leaky_backward, [x], options=options)

    gy = np.array([2.0, -3.0])
    _, cache = answer.leaky_forward(np.zeros(2), 0.25)
    expect(
        answer.leaky_backward(gy, cache), 0.25 * gy, "leaky_backward([2, -3], cache), with x = 0",
        "At 0 the derivative is the slope, as below it.",
    )  # fmt: skip


def check_leaky_float32(answer) -> None:
    """leaky ReLU of float32, forward and backward, is float32"""
    x = np.array([-2, 3], np.float32)
    y, cache = pair(answer.leaky_forward(x, 0.25), "leaky_forward(x, 0.25)")
    kept(y, x, "leaky_forward(x, 0.25): y")
    kept(answer.leaky_backward(x, cache), x, "leaky_backward(gy, cache)")


CHECKS = (
    check_softplus, check_softplus_far, check_softplus_backward, check_softplus_backward_far,
    check_leaky, check_leaky_backward, check_leaky_float32,
)  # fmt: skip
