"""Derivatives by evaluation: the complex step, central differences, and what tells a kink.

The number that is differentiated is L = sum(gy * y) with a fixed gy, so that dL/dx is what
backward returns. Differences are taken of y, element by element, before they are summed: then
what a step does not touch cancels exactly.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from minialex.backend import Array
from minialex.gradcheck.arrays import Slot, host
from minialex.gradcheck.subject import Subject, held_as

COMPLEX_STEP = 1e-30  # far below rounding: nothing is subtracted, so nothing cancels
STEP = 1e-5  # central differences in float64; error about STEP^2 + 1e-16 / STEP
FINE = 1e-7
SCAN = (1e-3, 1e-5, 1e-7)


class NotComplexSafe(Exception):
    """The layer cannot be evaluated at complex numbers without losing their imaginary part."""


class Derivative:
    """dL/dv for the elements of one array v, on which y depends.

    Parameters
    ----------
    subject : Subject
    slot : Slot
        Where v is.
    gy : array like y
    y : array
        What forward returned.
    """

    def __init__(self, subject: Subject, slot: Slot, gy: Array, y: Array) -> None:
        self.subject, self.slot, self.gy, self.y = subject, slot, host(gy), host(y)

    def complex(self, indices: np.ndarray) -> np.ndarray:
        """Return Im L(v + i h e) / h for each flat index: exact to rounding.

        Squire & Trapp 1998. No step size to choose, and no kink is ever crossed, because NumPy
        orders complex numbers by their real part.

        Raises
        ------
        NotComplexSafe
            An error, a ComplexWarning, a real y, or a y that is another one.
        """
        with self._complex_numbers() as v:
            found = np.empty(len(indices))
            flat = v.reshape(-1)
            for position, index in enumerate(indices):
                flat[index] += 1j * COMPLEX_STEP
                found[position] = self._imaginary()
                flat[index] = flat[index].real
            return found

    def complex_along(self, direction: np.ndarray) -> float:
        """Return the derivative along a direction, by the complex step."""
        with self._complex_numbers() as v:
            v += 1j * COMPLEX_STEP * direction
            return self._imaginary()

    @contextmanager
    def _complex_numbers(self) -> Iterator[Array]:
        """Make all inputs and parameters complex, and yield the one to change."""
        try:
            with (
                held_as(self.subject, "complex128"),
                warnings.catch_warnings(),
                np.errstate(all="ignore"),
            ):
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                yield self.slot.get()
        except NotComplexSafe:
            raise
        except Exception as error:  # a layer may refuse complex numbers in any way
            raise NotComplexSafe(f"{type(error).__name__}: {error}") from None

    def _imaginary(self) -> float:
        y = np.asarray(self.subject.forward())
        if y.dtype.kind != "c" or y.shape != self.y.shape:
            raise NotComplexSafe(f"y is {y.dtype} {y.shape} at complex numbers")
        if not np.allclose(y.real, self.y, rtol=1e-6, atol=1e-9, equal_nan=True):
            raise NotComplexSafe("y is another one at complex numbers")
        return float((y.imag * self.gy).sum() / COMPLEX_STEP)

    def central(self, indices: np.ndarray, step: float = STEP) -> np.ndarray:
        """Return (L(v + h e) - L(v - h e)) / 2h for each flat index."""
        return np.array([self._difference(i, step, -step) / (2 * step) for i in indices])

    def one_sided(self, index: int, step: float = FINE) -> tuple[float, float]:
        """Return the slopes to the left and to the right of one element."""
        return self._difference(index, 0, -step) / step, self._difference(index, step, 0) / step

    def precise(self, index: int, step: float = 1e-3) -> tuple[float, float]:
        """Return a five-point difference, good to about 1e-12 where v is smooth, and its error."""

        def stencil(h: float) -> float:
            near, far = self._difference(index, h, -h), self._difference(index, 2 * h, -2 * h)
            return (8 * near - far) / (12 * h)

        coarse, fine = stencil(step), stencil(step / 2)
        return fine, abs(coarse - fine)

    def along(self, direction: np.ndarray, step: float) -> float:
        """Return the central difference along a direction."""
        return self._moved_by(lambda v, sign: v.__iadd__(sign * step * direction)) / (2 * step)

    def _difference(self, index: int, up: float, down: float) -> float:
        """Return L(v + up e) - L(v + down e)."""
        steps = {1: up, -1: down}

        def move(v: Array, sign: int) -> None:
            at = np.unravel_index(index, v.shape)
            v[at] = v[at] + steps[sign]

        return self._moved_by(move)

    def _moved_by(self, move: Callable[[Array, int], object]) -> float:
        """Return L after move(v, 1) minus L after move(v, -1); v is as before afterwards."""
        v = self.slot.get()
        before = v.copy()
        found = []
        try:
            with np.errstate(all="ignore"):
                for sign in (1, -1):
                    move(v, sign)
                    found.append(np.array(host(self.subject.forward()), dtype=np.float64))
                    v[...] = before
        finally:
            v[...] = before
        return float(((found[0] - found[1]) * self.gy).sum())
