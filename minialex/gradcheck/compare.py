"""Is a gradient right? First along random directions, and element by element where that differs."""

import numpy as np

from minialex.gradcheck.closer import closest, contradicts, look_closer, right_together
from minialex.gradcheck.comparison import Comparison
from minialex.gradcheck.modes import CENTRAL, COMPLEX, DOUBT, SINGLE, Mode
from minialex.gradcheck.numeric import Derivative, NotComplexSafe

DIRECTIONS = 2
DECEIVED = "it and central differences disagree: something like abs drops imaginary parts"
MOST = 1000  # elements of an array that are all looked at; of a larger one some
SOME = 16
MOST_SLOPES = 10**7  # entries of y in all, up to which slopes are kept for the diagnosis


class Comparer:
    """Compares gradients in one mode, and learns when the complex step does not apply.

    Parameters
    ----------
    mode : "auto", "complex" or "central"
    single : bool
        The layer computes in float32 whatever it is given.
    rng : numpy.random.Generator
        Draws directions, and elements of large arrays.
    most : int
        Elements of an array that are all looked at, where it is suspect; of a larger one some.
    """

    def __init__(self, mode: str, single: bool, rng: np.random.Generator, most: int = MOST) -> None:
        self.mode = SINGLE if single else CENTRAL if mode == "central" else COMPLEX
        self.required, self.rng, self.most = mode == "complex", rng, most
        self.unsafe = ""  # why the complex step was given up

    def compare(self, name: str, derivative: Derivative, yours: np.ndarray) -> Comparison:
        """Return the comparison of one gradient.

        Raises
        ------
        NotComplexSafe
            mode="complex" was asked for and cannot be done.
        """
        if self.required and self.mode is not COMPLEX:
            raise NotComplexSafe(f"y is {derivative.y.dtype}")
        if self.mode is COMPLEX:
            try:
                result = self._compare(COMPLEX, name, derivative, yours)
                if not result.wrong.size:
                    self._bear_out(name, derivative, yours)
                return result
            except NotComplexSafe as reason:
                if self.required:
                    raise
                self.mode, self.unsafe = CENTRAL, str(reason)
        return self._compare(self.mode, name, derivative, yours)

    def glance(self, name: str, derivative: Derivative, yours: np.ndarray) -> Comparison:
        """Return a comparison along directions only; one element stands for all that are wrong."""
        try:
            error, off = self._along(self.mode, derivative, yours)
        except NotComplexSafe:
            error, off = self._along(CENTRAL, derivative, yours)
        result = _right(name, yours, self.mode, error)
        result.wrong = np.arange(int(off is not None))
        return result

    def _compare(
        self, mode: Mode, name: str, derivative: Derivative, yours: np.ndarray
    ) -> Comparison:
        error, direction = self._along(mode, derivative, yours)
        if direction is None:
            return _right(name, yours, mode, error)
        suspects = self._suspects(mode, derivative, yours, direction)
        slopes = derivative.slopes(map(int, suspects), mode.step)
        kept = list(slopes) if suspects.size * derivative.y.size <= MOST_SLOPES else None
        numeric = np.array([float((slope * derivative.gy).sum()) for slope in kept or slopes])
        result = Comparison(name, yours, suspects, numeric, mode, slopes=kept)
        allowed = mode.allowed(derivative, yours, result.scale)
        result.wrong = np.flatnonzero(result.off() > allowed)
        contradicted = look_closer(result, derivative, allowed)
        if derivative.refused and np.isnan(result.numeric[result.wrong]).any():
            raise derivative.refused  # there is nothing to compare with
        if mode is COMPLEX and (contradicted or self._deceived(derivative, result, allowed)):
            raise NotComplexSafe(DECEIVED)
        if not result.wrong.size:
            result.together = right_together(result, derivative)
        off = result.off()
        off[result.kinks] = 0
        result.error = float(off.max(initial=0) / (result.scale or 1))
        return result

    def _along(
        self, mode: Mode, derivative: Derivative, yours: np.ndarray
    ) -> tuple[float, np.ndarray | None]:
        """Return the relative error along random directions, and one that is off too far, if any.

        A direction costs one evaluation for the whole array.
        """
        error, scale = 0.0, float(np.abs(yours).max()) or 1.0
        for _ in range(DIRECTIONS):
            direction = self.rng.standard_normal(yours.shape)
            off, allowed = self._off_along(mode, derivative, yours, direction)
            error = max(error, off / (scale * yours.size**0.5))
            if not off <= allowed:
                return error, direction
        return error, None

    def _suspects(
        self, mode: Mode, derivative: Derivative, yours: np.ndarray, direction: np.ndarray
    ) -> np.ndarray:
        """Return flat indices to look at one by one: all of a small array; of a large one those to
        which bisection leads, and some others."""
        low, high, few = 0, yours.size, min(self.most, SOME)
        if high <= self.most:
            return np.arange(high)
        while high - low > few:
            middle = (low + high) // 2
            half = np.zeros_like(direction)
            half.reshape(-1)[low:middle] = direction.reshape(-1)[low:middle]
            off, allowed = self._off_along(mode, derivative, yours, half)
            low, high = (middle, high) if off <= allowed else (low, middle)
        others = self.rng.integers(0, yours.size, few)
        return np.unique(np.r_[low:high, 0, yours.size - 1, others])

    def _off_along(
        self, mode: Mode, derivative: Derivative, yours: np.ndarray, direction: np.ndarray
    ) -> tuple[float, float]:
        """Return |yours - numeric| along a direction, and what is allowed."""
        off = abs(float((yours * direction).sum()) - derivative.along(direction, mode.step))
        length = float(np.linalg.norm(direction))
        return off, mode.allowed_along(derivative, yours, length)

    def _deceived(self, derivative: Derivative, result: Comparison, allowed: float) -> bool:
        """Tell whether differences contradict the complex step itself, where yours is another."""
        if not result.wrong.size:
            return False
        looked = np.setdiff1d(np.arange(result.indices.size), result.kinks)
        direction = np.zeros(result.yours.shape)
        direction.reshape(-1)[result.indices[looked]] = self.rng.standard_normal(looked.size)
        numeric = np.zeros(result.yours.shape)
        numeric.reshape(-1)[result.indices] = result.numeric
        off, near = self._off_along(DOUBT, derivative, numeric, direction)
        return not off <= near and contradicts(result, looked, derivative, allowed)

    def _bear_out(self, name: str, derivative: Derivative, yours: np.ndarray) -> None:
        """Raise NotComplexSafe where differences do not bear out what the complex step says."""
        direction = self.rng.standard_normal(yours.shape)
        off, allowed = self._off_along(CENTRAL, derivative, yours, direction)
        if off <= allowed:
            return
        off, roughly = self._off_along(DOUBT, derivative, yours, direction)  # crosses fewer kinks
        borne_out = off <= roughly
        if borne_out and self.most == MOST:  # in a whole network this would take long
            total = float((yours * direction).sum())
            value, near = closest(derivative, direction, total)
            borne_out = abs(total - value) <= near + allowed
        if not borne_out and self._compare(CENTRAL, name, derivative, yours).wrong.size:
            raise NotComplexSafe(DECEIVED)


def _right(name: str, yours: np.ndarray, mode: Mode, error: float) -> Comparison:
    return Comparison(name, yours, np.arange(yours.size), yours.reshape(-1), mode, error)
