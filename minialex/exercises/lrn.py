"""Exercise 6: local response normalisation and its backward pass."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from minialex.exercises.drawn import Wrong, asked, expect, for_all
from minialex.gradcheck import GradientMismatch, check_function
from minialex.strategies import distinct_array, seeds


class Case(NamedTuple):
    """A layer with a strong alpha, and the shape of its input."""

    shape: tuple[int, int, int, int]
    n: int
    k: float = 2.0
    alpha: float = 0.5
    beta: float = 0.75


def cases(windows: st.SearchStrategy[int], channels: int = 7) -> st.SearchStrategy[Case]:
    """Draw cases with this many channels in a window."""
    shapes = st.tuples(
        st.integers(1, 2), st.integers(1, 2), st.integers(1, 3), st.integers(1, channels)
    )
    ks, alphas, betas = (st.sampled_from(some) for some in ((2.0, 1.0), (0.5, 1.0), (0.75, 0.5)))
    return st.builds(Case, shapes, windows, ks, alphas, betas)


ODD, EVEN = st.sampled_from((1, 3, 5, 9)), st.sampled_from((2, 4, 6))


def normalised(x: np.ndarray, case: Case, before: int, width: int, alpha: float) -> np.ndarray:
    """Return y, channel by channel; a window is `width` wide and begins `before` channels ahead."""
    y, channels = np.empty_like(x), x.shape[-1]
    for i in range(channels):
        first = i - before
        inside = [j for j in range(first, first + width) if 0 <= j < channels]
        y[..., i] = x[..., i] / (case.k + alpha * sum(x[..., j] ** 2 for j in inside)) ** case.beta
    return y


def right(x: np.ndarray, case: Case) -> np.ndarray:
    """Return y as section 3.3 has it."""
    return normalised(x, case, case.n // 2, case.n, case.alpha)


def diagnosis(y, x: np.ndarray, case: Case) -> str:
    """Return what a wrong y looks like."""
    half, n = case.n // 2, case.n
    known = (
        (half, n, case.alpha / n, "You divided alpha by n, as PyTorch does: the paper does not."),
        (n - 1 - half, n, case.alpha,
         "Your window is mirrored: that of an even n begins n // 2 channels before i, and ends "
         "n // 2 - 1 behind it."),
        (half, 2 * half + 1, case.alpha, "Your window is n + 1 channels wide where n is even."),
        (half, 2 * half, case.alpha, "Your window ends one channel too early."),
    )  # fmt: skip
    for before, width, alpha, words in known:
        other = normalised(x, case, before, width, alpha)
        if np.shape(y) == x.shape and np.allclose(y, other) and not np.allclose(y, right(x, case)):
            return words
    return "The window of channel i begins at i - n // 2, is n wide, and is clipped at both ends."


def forward(answer, x: np.ndarray, case: Case, call: str):
    """Return what the reader's lrn_forward returns: y and the cache."""
    with asked(call):
        got = answer.lrn_forward(x, *case[1:])
    if got is None:
        raise Wrong("lrn_forward returned None: is it written yet?")
    if not isinstance(got, tuple) or len(got) != 2:
        raise Wrong("lrn_forward should return y, cache")
    return got


def compared(answer, case: Case, seed: int) -> None:
    """Compare the reader's forward with the formula, on small whole numbers."""
    x = np.random.default_rng(seed).integers(-3, 4, case.shape).astype(float)
    numbers = f"np.random.default_rng({seed}).integers(-3, 4, {case.shape}).astype(float)"
    call = f"x = {numbers}; lrn_forward(x, {', '.join(map(str, case[1:]))})"
    y, _ = forward(answer, x.copy(), case, call)
    expect(y, right(x, case), f"{call}[0]", diagnosis(y, x, case))


def check_odd(answer) -> None:
    """forward, windows of an odd n, also wider than there are channels"""

    @for_all(cases(ODD), st.integers(0, 99), examples=60)
    def _(case, seed):
        compared(answer, case, seed)


def check_even(answer) -> None:
    """forward, windows of an even n"""

    @for_all(cases(EVEN), st.integers(0, 99), examples=60)
    def _(case, seed):
        compared(answer, case, seed)


def check_loud(answer) -> None:
    """forward, quiet channels behind a loud one"""

    @for_all(st.integers(2, 5), st.integers(0, 8), examples=20)
    def _(n, place):
        x = np.full((1, 1, 1, 16), 0.3)
        x[..., place] = 1e7
        case = Case(x.shape, n)
        call = (
            f"x = np.full((1, 1, 1, 16), 0.3); x[..., {place}] = 1e7; "
            f"lrn_forward(x, {n}, 2.0, 0.5, 0.75)"
        )
        y, _ = forward(answer, x.copy(), case, call)
        quiet = slice(place + n, None)
        expect(
            np.asarray(y)[..., quiet], right(x, case)[..., quiet], f"{call}[0][..., {place + n}:]",
            "1e7 is in none of these windows. A running sum that adds what enters and subtracts "
            "what leaves keeps the rounding error of the largest number that it ever held.",
        )  # fmt: skip


def differentiated(answer, case: Case, seed: int, hint: str) -> None:
    """Put the gradient checker on the reader's pair of functions."""
    x = distinct_array(case.shape, seed)
    call = f"lrn_backward(gy, cache) for x {x.shape}, n {case.n}"
    y, cache = forward(answer, x.copy(), case, call)
    with asked(call):
        gx = answer.lrn_backward(np.ones_like(y), cache)
    if gx is None:
        raise Wrong("lrn_backward(gy, cache) returned None: is it written yet?")
    if np.shape(gx) != x.shape:
        raise Wrong(f"gx has shape {np.shape(gx)}, and should have {x.shape}, as x has, in {call}")
    options = dict(zip(("n", "k", "alpha", "beta"), case[1:], strict=True))
    report = check_function(
        answer.lrn_forward, answer.lrn_backward, [x], options=options,
        geometry="as given", seed=seed % 1000, raises=False, replay="minialex exercise check 6",
    )  # fmt: skip
    if not report.ok:
        report.notes = [note for note in report.notes if not note.startswith("friendly")]
        report.note(hint)
        raise GradientMismatch(report)


def check_alone(answer) -> None:
    """backward, n = 1: a channel that inhibits itself alone"""

    @for_all(cases(st.just(1), channels=3), seeds(), examples=15)
    def _(case, seed):
        hint = "with n = 1, y = x S^-beta and S = k + alpha x^2: x stands in S, too"
        differentiated(answer, case, seed, hint)


def check_neighbours(answer) -> None:
    """backward, odd n: what a channel does to its neighbours"""

    @for_all(cases(st.sampled_from((3, 5, 9))), seeds(), examples=25)
    def _(case, seed):
        hint = "x_i is in the window of every m near it: gx_i has a sum over these m"
        differentiated(answer, case, seed, hint)


def check_mirrored(answer) -> None:
    """backward, even n: the windows that hold i"""

    @for_all(cases(EVEN), seeds(), examples=25)
    def _(case, seed):
        hint = "n = 4: window 5 holds channels 3, 4, 5, 6. Which windows hold channel 5?"
        differentiated(answer, case, seed, hint)


CHECKS = (check_odd, check_even, check_loud, check_alone, check_neighbours, check_mirrored)
