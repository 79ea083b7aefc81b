"""Derivatives by evaluation: the complex step, and differences.

The number that is differentiated is L = sum(gy * y) with a fixed gy, so that dL/dx is what
backward returns. Differences are taken of y, element by element, before they are summed: then
what a step does not touch cancels exactly.
"""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from minialex.backend import Array
from minialex.gradcheck.arrays import Slot, host
from minialex.gradcheck.subject import Subject, held_as

COMPLEX_STEP = 1e-30  # far below rounding: nothing is subtracted, so nothing cancels
CLOSE_LOOK = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7)

Move = int | np.ndarray  # of one element, by its flat index, or of all, along a direction


class NotComplexSafe(Exception):
    """The layer cannot be evaluated at complex numbers without losing their imaginary part."""


class Derivative:
    """dL/dv for one array v on which y depends.

    Parameters
    ----------
    subject : Subject
    slot : Slot
        Where v is.
    gy : array like y
    y : array
        What forward returned.

    Attributes
    ----------
    unit : float
        The mean of |v|, or 1 where v is zero: steps are given in it, since v may be in any unit.
    rounding : float
        How far rounding errors of y can turn a slope over one unit.
    """

    def __init__(self, subject: Subject, slot: Slot, gy: Array, y: Array) -> None:
        self.subject, self.slot, self.gy, self.y = subject, slot, host(gy), host(y)
        self.unit = float(np.abs(host(slot.get())).mean(dtype=np.float64)) or 1.0
        largest = float(np.abs(self.gy * self.y).max(initial=0))
        self.rounding = float(np.finfo(self.y.dtype).eps) * largest / self.unit

    def at(self, indices: Iterable[int], step: float) -> np.ndarray:
        """Return the derivatives at flat indices."""
        slopes = self.slopes(map(int, indices), step)
        return np.array([float((slope * self.gy).sum()) for slope in slopes])

    def along(self, direction: np.ndarray, step: float) -> float:
        """Return the derivative along a direction."""
        (slope,) = self.slopes([direction], step)
        return float((slope * self.gy).sum())

    def slopes(self, moves: Iterable[Move], step: float) -> Iterator[np.ndarray]:
        """Yield dy/dv along each move, by central differences.

        With COMPLEX_STEP it is Im y(v + i h) / h, Squire & Trapp 1998: exact to rounding. No kink
        is ever crossed, because NumPy orders complex numbers by their real part.

        Raises
        ------
        NotComplexSafe
            An error, a ComplexWarning, a real y, or a y that is another one.
        """
        if step == COMPLEX_STEP:
            with self._complex_numbers():
                for move in moves:
                    yield self._complex(self._moved(move, 1j * step)).imag / step
        else:
            step *= self.unit
            for move in moves:
                yield (self._moved(move, step) - self._moved(move, -step)) / (2 * step)

    def interval(self, move: Move) -> tuple[float, float, float]:
        """Return the least and the largest slope that is right along a move, and their error.

        They differ at a kink, where every entry of y has a slope to the left and one to the right,
        and what is between is right: a subgradient.
        """
        step = self.unit * (1e-7 if self.y.dtype == np.float64 else 1e-3)
        left, here, right = (self._moved(move, by) for by in (-step, 0, step))
        slopes = self.gy * (here - left) / step, self.gy * (right - here) / step
        touched = np.abs(self.gy * self.y)[(left != here) | (here != right)]
        error = np.finfo(self.y.dtype).eps * np.linalg.norm(touched) / step
        return float(np.minimum(*slopes).sum()), float(np.maximum(*slopes).sum()), float(error)

    def precise(self, index: int) -> tuple[float, float]:
        """Return the derivative, to about 1e-12 where v is smooth, and how uncertain it is.

        Five-point differences at many steps. Of neighbours the two that differ least are taken;
        steps may be too large (curvature, kinks) or too small (rounding).
        """
        size = abs(float(host(self.slot.get()).reshape(-1)[index]))
        units = [self.unit, size] if 0 < size < 0.01 * self.unit else [self.unit]
        steps = [h * unit / self.unit for unit in units for h in CLOSE_LOOK]
        slopes = [self._five_point(index, h) for h in steps]
        off = np.abs(np.diff(slopes)) + self.rounding / np.array(steps[1:])
        best = int(np.nan_to_num(off, nan=np.inf).argmin())
        return slopes[best + 1], float(off[best])

    def _five_point(self, index: int, step: float) -> float:
        near, far = self.at([index], step)[0], self.at([index], 2 * step)[0]
        return (4 * near - far) / 3

    def _moved(self, move: Move, by: complex) -> np.ndarray:
        """Return y where v is moved; afterwards v is as before."""
        v = self.slot.get()
        part = np.unravel_index(move, v.shape) if isinstance(move, int) else ...
        before = v[part].copy()
        try:
            v[part] += by if isinstance(move, int) else by * move
            with np.errstate(all="ignore"):
                y = np.array(host(self.subject.forward()))
        finally:
            v[part] = before
        return y if y.dtype.kind == "c" else y.astype(np.float64)

    @contextmanager
    def _complex_numbers(self) -> Iterator[None]:
        """Make all inputs and parameters complex."""
        try:
            with held_as(self.subject, "complex128"), warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                yield
        except NotComplexSafe:
            raise
        except Exception as error:  # a layer may refuse complex numbers in any way
            raise NotComplexSafe(f"{type(error).__name__}: {error}") from None

    def _complex(self, y: np.ndarray) -> np.ndarray:
        if y.dtype.kind != "c" or y.shape != self.y.shape:
            raise NotComplexSafe(f"y is {y.dtype} {y.shape} at complex numbers")
        if not np.abs(y.real - self.y).max(initial=0) <= 1e-6 * np.abs(self.y).max(initial=0):
            raise NotComplexSafe("y is another one at complex numbers")
        return y
