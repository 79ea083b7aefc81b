"""Exercise 7: a bootstrap interval for paired results."""

from itertools import product

import numpy as np
from hypothesis import strategies as st

from minialex.exercises.drawn import Wrong, expect, for_all

DRAWS = 20_000


def resampled_means(differences: np.ndarray) -> np.ndarray:
    """Return the mean of every one of the n^n samples, each as likely as any other."""
    n = len(differences)
    return np.array([differences[list(chosen)].mean() for chosen in product(range(n), repeat=n)])


def ask(
    answer, a: np.ndarray, b: np.ndarray, draws: int = DRAWS, seed: int = 7
) -> tuple[float, float, float]:
    got = answer.paired_interval(a, b, draws, np.random.default_rng(seed))
    if got is None:
        raise Wrong("paired_interval(...) returned None: is it written yet?")
    if not isinstance(got, tuple | list) or len(got) != 3:
        raise Wrong("paired_interval(...) should give three numbers: mean difference, low, high")
    mean, low, high = map(float, got)
    return mean, low, high


def drawn(seed: int, n: int, common: float) -> tuple[np.ndarray, np.ndarray]:
    """Return results that share what the seed of a run does to both, and differ by some noise."""
    rng = np.random.default_rng(seed)
    shared = common * rng.standard_normal(n)
    return shared + 0.4 + rng.standard_normal(n), shared + rng.standard_normal(n)


def check_mean(answer) -> None:
    """the mean of a - b, pair by pair"""

    @for_all(st.integers(0, 99), st.integers(2, 6), examples=20)
    def _(seed, n):
        a, b = drawn(seed, n, common=1)
        hint = "a - b: positive where a is better."
        expect(
            ask(answer, a, b, draws=50)[0], (a - b).mean(), "paired_interval(a, b, ...)[0]", hint
        )


def check_shift(answer) -> None:
    """a is always better by the same: there is nothing to doubt"""
    b = np.array([70.1, 68.4, 71.9, 69.5])
    mean, low, high = ask(answer, b + 1.5, b)
    if not np.allclose((mean, low, high), 1.5):
        raise Wrong(
            f"a = b + 1.5 in each of four pairs gives {low:.3g} to {high:.3g}, and should give "
            "1.5 to 1.5: draw pairs, so that what the seed of a run does to both cancels"
        )


def check_interval(answer) -> None:
    """2.5 % of all resampled means lie below the interval, and 2.5 % above"""

    @for_all(st.integers(0, 99), st.integers(4, 5), examples=6)
    def _(seed, n):
        a, b = drawn(seed, n, common=3)
        means = resampled_means(a - b)
        _, low, high = ask(answer, a, b)
        for end, outside, name in (
            (low, (means < low - 1e-12).mean(), "below"),
            (high, (means > high + 1e-12).mean(), "above"),
        ):
            touching = (np.abs(means - end) < 1e-9).mean()
            if not (outside < 0.033 and outside + touching > 0.017):
                raise Wrong(
                    f"n = {n} pairs: {100 * outside:.1f} % of all {len(means)} resampled means lie "
                    f"{name} your interval of {low:.4g} to {high:.4g}, and 2.5 % should. A sample "
                    "is n pairs, drawn with replacement; the interval ends at the percentiles 2.5 "
                    "and 97.5 of the means"
                )


def check_draws(answer) -> None:
    """the samples come from `rng`, and there are `draws` of them"""
    a, b = drawn(0, 6, common=1)
    first, again, other = (ask(answer, a, b, 5, seed)[1:] for seed in (1, 1, 2))
    if first != again or first == other:
        raise Wrong(
            "two generators of one seed should give one interval, and those of two seeds two: "
            "draw from rng"
        )
    _, low, high = ask(answer, a, b, draws=1)
    if low != high:
        raise Wrong(f"draws=1 is one mean, and your interval goes from {low:.4g} to {high:.4g}")


CHECKS = (check_mean, check_shift, check_interval, check_draws)
