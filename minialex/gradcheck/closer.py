"""A closer look at elements that seem wrong: kinks, curvature and rounding deceive."""

import numpy as np

from minialex.gradcheck.comparison import Comparison
from minialex.gradcheck.numeric import Derivative

CONFIRMED = 3  # wrong elements after which the others are believed to be wrong
SCAN = (1e-3, 1e-5, 1e-7)


def look_closer(result: Comparison, derivative: Derivative, allowed: float) -> bool:
    """Take out of `result.wrong`, the worst first, what is at a kink or right after all.

    Returns whether a precise difference contradicts result.numeric, not only yours.
    """
    contradicted = False
    wrong: list[int] = []
    kinks: list[int] = []
    yours = result.yours.reshape(-1)[result.indices]
    worst_first = result.wrong[np.argsort(-result.off()[result.wrong])]
    for position in worst_first:
        index = int(result.indices[position])
        if is_kink(derivative, index, yours[position], allowed):
            kinks.append(position)
            continue
        if len(wrong) < CONFIRMED:
            value, uncertain = derivative.precise(index)
            near = 10 * uncertain + allowed
            if abs(yours[position] - value) <= near:
                contradicted |= not abs(result.numeric[position] - value) <= near
                result.numeric[position] = value
                continue
        wrong.append(position)
    result.wrong, result.kinks = np.array(sorted(wrong), int), np.array(kinks, int)
    return contradicted


def is_kink(derivative: Derivative, index: int, yours: float, allowed: float) -> bool:
    """Tell whether the slopes to the left and the right differ, and `yours` lies between them.

    There no derivative exists: ReLU at 0, two equal maxima in a window.
    """
    low, high, error = derivative.interval(index)
    noise = 1e-5 * max(abs(low), abs(high)) + 10 * error
    between = low - noise - allowed <= yours <= high + noise + allowed
    return bool(high - low > 10 * noise and between)


def right_together(derivative: Derivative, yours: np.ndarray, allowed: float) -> bool:
    """Tell whether a gradient is right where all elements move by the same.

    At a kink every element alone may look right. Where all of several equal maxima are given the
    whole gradient, their sum is too large.
    """
    low, high, error = derivative.interval(np.ones_like(yours))
    noise = 1e-5 * max(abs(low), abs(high)) + 10 * error + yours.size**0.5 * allowed
    return bool(low - noise <= yours.sum() <= high + noise)


def scan(derivative: Derivative, index: int) -> str:
    """Return central differences at several steps: "h=1e-3 +.812  1e-5 +.810  1e-7 +.810"."""
    values = [derivative.at([index], h)[0] for h in SCAN]
    steps = [f"{h:.0e}".replace("e-0", "e-") for h in SCAN]
    listed = "  ".join(f"{h} {value:+.4g}" for h, value in zip(steps, values, strict=True))
    spread, largest = max(values) - min(values), max(map(abs, values))
    stable = spread <= 1e-3 * largest + 10 * derivative.rounding / SCAN[-1]
    return f"h={listed}   " + ("stable: not a kink" if stable else "not stable: a kink is near")
