"""Is a gradient right? The decision, element by element."""

from dataclasses import dataclass, field

import numpy as np

from minialex.gradcheck.numeric import FINE, SCAN, STEP, Derivative, NotComplexSafe

COMPLEX, CENTRAL, SINGLE = 1e-10, 1e-7, 2e-3  # tolerances, relative to the largest gradient
ALONG, DIRECTIONS = 1e-12, 2  # tolerance along a direction, where rounding errors average out
COMPLEX_MODE = "complex step"
DECEIVED = "it and central differences disagree: something like abs drops imaginary parts"
SINGLE_STEP = 1e-2  # for layers that compute in float32
MOST = 400
CONFIRMED = 8  # wrong elements that are looked at closely before anything is reported


@dataclass
class Comparison:
    """A gradient beside the numbers that it should equal, at some or all of its elements.

    Attributes
    ----------
    yours : array
        The whole gradient.
    indices : int (n,)
        Flat indices of the checked elements.
    numeric : float64 (n,)
        Their derivatives by evaluation.
    mode : str
        "complex step", "central differences" or "float32 differences".
    wrong : int
        Positions in `indices` of the wrong elements.
    kinks : int
        Positions of elements at a kink, where no derivative exists: not counted as wrong.
    scale, error : float
        The largest derivative, and the largest |yours - numeric| relative to it, kinks left out.
    """

    name: str
    yours: np.ndarray
    indices: np.ndarray
    numeric: np.ndarray
    mode: str
    scale: float
    error: float
    wrong: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    kinks: np.ndarray = field(default_factory=lambda: np.empty(0, int))

    @property
    def whole(self) -> bool:
        """Tell whether every element was checked."""
        return len(self.indices) == self.yours.size

    def worst(self) -> int:
        """Return the position in `indices` of the largest wrong element."""
        off = np.abs(self.yours.reshape(-1)[self.indices[self.wrong]] - self.numeric[self.wrong])
        return int(self.wrong[np.nan_to_num(off, nan=np.inf).argmax()])


class Comparer:
    """Compares gradients in one mode, and learns when the complex step does not apply.

    Parameters
    ----------
    mode : "auto", "complex" or "central"
    single : bool
        The layer computes in float32 whatever it is given.
    rng : numpy.random.Generator
        Chooses elements of large arrays.
    most : int
        Elements of an array that are looked at one by one; of larger ones a random choice.
    """

    def __init__(self, mode: str, single: bool, rng: np.random.Generator, most: int = MOST) -> None:
        self.complex_allowed = mode in ("auto", "complex") and not single
        self.required, self.single, self.rng = mode == "complex", single, rng
        self.most = most
        self.unsafe = ""  # why the complex step was given up

    def compare(self, name: str, derivative: Derivative, yours: np.ndarray) -> Comparison:
        """Return the comparison of one gradient.

        Raises
        ------
        NotComplexSafe
            mode="complex" was asked for and cannot be done.
        """
        if self.complex_allowed:
            try:
                return self._by_complex_step(name, derivative, yours)
            except NotComplexSafe as reason:
                if self.required:
                    raise
                self.complex_allowed, self.unsafe = False, str(reason)
        return self._by_differences(name, derivative, yours, self._choose(yours.size))

    def _choose(self, size: int) -> np.ndarray:
        if size <= self.most:
            return np.arange(size)
        return np.unique(np.r_[0, size - 1, self.rng.integers(0, size, self.most)])

    def _by_complex_step(self, name: str, derivative: Derivative, yours: np.ndarray) -> Comparison:
        """Look along random directions, and at single elements only where that shows a difference.

        A direction costs one evaluation for the whole array.
        """
        everything = np.arange(yours.size)
        scale, root = float(np.abs(yours).max()) or 1.0, float(np.sqrt(yours.size))
        error = 0.0
        for _ in range(DIRECTIONS):
            direction = self.rng.standard_normal(yours.shape)
            off = abs(float((yours * direction).sum()) - derivative.complex_along(direction))
            error = max(error, off / (scale * root))
        if error <= ALONG:
            if off_along(derivative, yours, direction) > 1e-6 * scale * root:
                self._doubt(name, derivative, yours)
            at = yours.reshape(-1)
            return Comparison(name, yours, everything, at, COMPLEX_MODE, scale, error)
        indices = self._suspects(derivative, yours, direction)
        numeric = derivative.complex(indices)
        result = _judge(name, yours, indices, numeric, COMPLEX_MODE, COMPLEX)
        if result.wrong.size:
            self._confirm(result, derivative)
        return result

    def _suspects(
        self, derivative: Derivative, yours: np.ndarray, direction: np.ndarray
    ) -> np.ndarray:
        """Return all flat indices of a small array; of a large one those that bisection finds
        beside a random choice."""
        if yours.size <= self.most:
            return np.arange(yours.size)
        low, high = 0, yours.size
        while high - low > self.most:
            middle = (low + high) // 2
            part = np.zeros_like(direction)
            part.reshape(-1)[low:middle] = direction.reshape(-1)[low:middle]
            off = abs(float((yours * part).sum()) - derivative.complex_along(part))
            spread = float(np.abs(yours).max()) * np.sqrt(middle - low)
            low, high = (low, middle) if off > ALONG * spread else (middle, high)
        return np.unique(np.r_[low:high, self._choose(yours.size)])

    def _doubt(self, name: str, derivative: Derivative, yours: np.ndarray) -> None:
        """Give the complex step up where differences at single elements do not bear it out."""
        if self._by_differences(name, derivative, yours, self._choose(yours.size)).wrong.size:
            raise NotComplexSafe(DECEIVED)

    def _confirm(self, result: Comparison, derivative: Derivative) -> None:
        """Ask central differences about the worst elements: complex numbers may deceive.

        `abs` and buffers of real numbers lose imaginary parts without a warning.
        """
        yours = result.yours.reshape(-1)
        order = np.abs(yours[result.indices[result.wrong]] - result.numeric[result.wrong])
        kinks, refuted = [], 0
        closest = result.wrong[np.argsort(-np.nan_to_num(order, nan=np.inf))]
        for position in closest[:CONFIRMED]:
            index = result.indices[position]
            if is_kink(derivative, index, yours[index], result.scale):
                kinks.append(position)
                continue
            value, uncertain = derivative.precise(index)
            if not uncertain <= 1e-8 * max(result.scale, abs(value)):  # a kink is near
                value, uncertain = derivative.central([index])[0], CENTRAL * result.scale
            sure = max(10 * uncertain, COMPLEX * result.scale, _floor(derivative, 1e-11))
            refuted += bool(abs(yours[index] - value) <= sure)
        if refuted:
            raise NotComplexSafe(DECEIVED)
        if kinks:
            self._set_kinks(result, derivative, kinks)

    def _by_differences(self, name, derivative, yours, indices) -> Comparison:
        step, tolerance, mode = STEP, CENTRAL, "central differences"
        if self.single:
            step, tolerance, mode = SINGLE_STEP, SINGLE, "float32 differences"
        numeric = derivative.central(indices, step)
        floor = _floor(derivative, 1e-4 if self.single else 1e-9)
        result = _judge(name, yours, indices, numeric, mode, tolerance, floor)
        if result.wrong.size and not self.single:  # a kink within one step spoils the difference
            close = derivative.central(indices[result.wrong], FINE)
            off = np.abs(yours.reshape(-1)[indices[result.wrong]] - close)
            near = off <= 1e-6 * result.scale + 10 * floor
            numeric[result.wrong[near]] = close[near]
            result.wrong = result.wrong[~near]
            if result.wrong.size:
                self._set_kinks(result, derivative, [])
            result.error = _error(result)
        return result

    def _set_kinks(self, result: Comparison, derivative: Derivative, known: list[int]) -> None:
        """Move the wrong elements that lie at a kink from `wrong` to `kinks`."""
        yours = result.yours.reshape(-1)
        kinks = [
            p
            for p in result.wrong
            if p in known
            or is_kink(derivative, result.indices[p], yours[result.indices[p]], result.scale)
        ]
        result.kinks = np.array(kinks, int)
        result.wrong = np.setdiff1d(result.wrong, result.kinks)
        result.error = _error(result)


def off_along(derivative: Derivative, yours: np.ndarray, direction: np.ndarray) -> float:
    """Return |yours - central difference| along a direction."""
    return abs(float((yours * direction).sum()) - derivative.along(direction, FINE))


def is_kink(derivative: Derivative, index: int, yours: float, scale: float) -> bool:
    """Tell whether the slopes to the left and the right differ, and `yours` lies between them.

    There no derivative exists: ReLU at 0, two equal maxima in a window. Any slope between the two
    is a subgradient, and right.
    """
    left, right = derivative.one_sided(index)
    margin = 1e-5 * max(scale, abs(left), abs(right)) + _floor(derivative, 1e-8)
    between = min(left, right) - margin <= yours <= max(left, right) + margin
    return bool(abs(left - right) > 10 * margin and between)


def scan(derivative: Derivative, index: int) -> str:
    """Return central differences at several steps: "h=1e-3 .812  1e-5 .810  1e-7 .810"."""
    values = [derivative.central([index], h)[0] for h in SCAN]
    listed = "  ".join(f"{h:.0e} {v:+.4g}" for h, v in zip(SCAN, values, strict=True))
    size = max(map(abs, values))
    stable = max(values) - min(values) <= 1e-3 * size + 1e-8
    return f"h={listed}   " + ("stable: not a kink" if stable else "not stable: a kink is near")


def _judge(name, yours, indices, numeric, mode, tolerance, floor=1e-12) -> Comparison:
    at = yours.reshape(-1)[indices]
    scale = float(np.abs(numeric).max(initial=0))
    # written so that NaN is wrong
    wrong = np.flatnonzero(~(np.abs(at - numeric) <= tolerance * scale + floor))
    result = Comparison(name, yours, indices, numeric, mode, scale, 0.0, wrong)
    result.error = _error(result)
    return result


def _error(result: Comparison) -> float:
    off = np.abs(result.yours.reshape(-1)[result.indices] - result.numeric)
    off[result.kinks] = 0
    return float(off.max(initial=0) / result.scale) if result.scale else float(off.max(initial=0))


def _floor(derivative: Derivative, relative: float) -> float:
    """Return an absolute tolerance: what rounding y costs a difference."""
    return relative * max(1.0, float(np.abs(derivative.gy * derivative.y).max(initial=0)))
