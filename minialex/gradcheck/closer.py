"""A closer look at elements that seem wrong: kinks, curvature and rounding deceive."""

import numpy as np

from minialex.gradcheck.arrays import host
from minialex.gradcheck.comparison import Comparison
from minialex.gradcheck.numeric import Derivative, Move

CONFIRMED = 3  # wrong elements after which the others are only asked whether they are at a kink
ASKED = 50  # elements after which the others are believed to be wrong
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
    for count, position in enumerate(worst_first):
        if wrong and count >= ASKED:
            wrong.append(position)
            continue
        index = int(result.indices[position])
        if is_kink(derivative, index, yours[position], allowed):
            kinks.append(position)
            continue
        if len(wrong) < CONFIRMED:
            value, near = closest(derivative, index, yours[position])
            if abs(yours[position] - value) <= near + allowed:
                contradicted |= not abs(result.numeric[position] - value) <= near + allowed
                result.numeric[position] = value
                continue
            if np.isnan(result.numeric[position]):
                result.numeric[position] = value
            if many_pieces_meet(derivative, index, yours[position]):
                kinks.append(position)
                continue
        wrong.append(position)
    result.wrong, result.kinks = np.array(sorted(wrong), int), np.array(kinks, int)
    return contradicted


def contradicts(
    result: Comparison, looked: np.ndarray, derivative: Derivative, allowed: float
) -> bool:
    """Tell whether precise differences contradict result.numeric where rough ones differ most."""
    places = result.indices[looked]
    rough = np.array([derivative.along(int(index), SCAN[1]) for index in places])
    for k in np.argsort(-np.abs(rough - result.numeric[looked]))[:CONFIRMED]:
        numeric = float(result.numeric[looked[k]])
        if is_kink(derivative, int(places[k]), numeric, allowed):
            continue
        value, near = closest(derivative, int(places[k]), numeric)
        if not abs(numeric - value) <= near + allowed:
            return True
    return False


def closest(derivative: Derivative, move: Move, yours: float) -> tuple[float, float]:
    """Return a derivative by differences, and how far a right one may be from it.

    It is the most certain one. Where smaller steps contradict that, because kinks are near, it is
    the one that is closest to `yours`.
    """
    slopes, uncertain = derivative.at_many_steps(move)
    best = int(uncertain.argmin())
    finer = np.arange(best, len(slopes))
    apart = np.abs(slopes[finer] - slopes[best]) > 10 * (uncertain[finer] + uncertain[best])
    chosen = min([best, *finer[apart]], key=lambda k: abs(slopes[k] - yours) - 10 * uncertain[k])
    return float(slopes[chosen]), float(10 * uncertain[chosen])


def is_kink(derivative: Derivative, index: int, yours: float, allowed: float) -> bool:
    """Tell whether the slopes to the left and the right differ, and `yours` lies between them.

    There no derivative exists: ReLU at 0, two equal maxima in a window. Any slope between the two
    is a subgradient, and right.
    """
    low, high, error = derivative.interval(index)
    noise = 1e-5 * max(abs(low), abs(high)) + 10 * error
    return bool(high - low > 10 * noise and _between(yours, low, high, noise + allowed))


def many_pieces_meet(derivative: Derivative, index: int, yours: float) -> bool:
    """Tell whether the slopes at points nearby differ, and `yours` lies between them."""
    low, high, error = derivative.interval_nearby(index)
    noise = 1e-4 * max(abs(low), abs(high)) + 10 * error
    return bool(high - low > 10 * noise and _between(yours, low, high, noise))


def _between(yours: float, low: float, high: float, margin: float) -> bool:
    return low - margin <= yours <= high + margin


def right_together(result: Comparison, derivative: Derivative) -> bool:
    """Tell whether a gradient is right where equal elements move by the same.

    At a kink every element alone may look right. Where all of several equal maxima are given the
    whole gradient, their sum is too large.
    """
    v = np.abs(host(derivative.slot.get())) / derivative.unit
    direction = np.where(v == 0, 1.0, v)
    parts = result.yours * direction
    total = float(parts.sum())
    low, high, error = derivative.interval(direction)
    noise = 1e-3 * np.abs(parts).max() + 1e-5 * max(abs(low), abs(high)) + 10 * error
    if _between(total, low, high, noise):
        return True
    value, near = closest(derivative, direction, total)
    return bool(abs(total - value) <= near + noise)


def scan(derivative: Derivative, index: int) -> str:
    """Return central differences at several steps: "h=1e-3 +.812  1e-5 +.810  1e-7 +.810"."""
    values = [derivative.along(index, h) for h in SCAN]
    steps = [f"{h:.0e}".replace("e-0", "e-") for h in SCAN]
    listed = "  ".join(f"{h} {value:+.4g}" for h, value in zip(steps, values, strict=True))
    spread, largest = max(values) - min(values), max(map(abs, values))
    stable = spread <= 1e-3 * largest + 10 * derivative.rounding / SCAN[-1]
    return f"h={listed}   " + ("stable: not a kink" if stable else "not stable: a kink is near")
