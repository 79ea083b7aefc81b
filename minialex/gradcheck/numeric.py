"""Derivatives by evaluation: the complex step, and differences.

The number that is differentiated is L = sum(gy * y) with a fixed gy, so that dL/dx is what
backward returns. Differences are taken of y, element by element, before they are summed: then
what a step does not touch cancels exactly.
"""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np

from minialex.backend import Array, xp_of
from minialex.gradcheck.arrays import Slot, host
from minialex.gradcheck.subject import Subject, held_as

COMPLEX_STEP = 1e-30  # far below rounding: nothing is subtracted, so nothing cancels
CLOSE_LOOK = tuple(10.0**-k for k in range(1, 13))
NEARBY = 32  # points

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
    refused : Exception or None
        What forward raised where v was moved at last.
    """

    def __init__(self, subject: Subject, slot: Slot, gy: Array, y: Array) -> None:
        self.subject, self.slot, self.gy, self.y = subject, slot, host(gy), host(y)
        self.unit = float(np.abs(host(slot.get())).mean(dtype=np.float64)) or 1.0
        largest = float(np.abs(self.gy * self.y).max(initial=0))
        self.refused: Exception | None = None
        self._eps = float(np.finfo(self.y.dtype).eps)
        self.rounding = self._eps * largest / self.unit

    def along(self, move: Move, step: float) -> float:
        """Return the derivative along a move."""
        (slope,) = self.slopes([move], step)
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

    def at_many_steps(self, move: Move) -> tuple[np.ndarray, np.ndarray]:
        """Return five-point differences, with smaller and smaller steps, and how uncertain each is.

        Where y is smooth the best is good to 1e-12. A step may be too large (curvature, kinks) or
        too small (rounding): a slope is as uncertain as it differs from that of a larger step.
        """
        size = self.unit
        if isinstance(move, int):
            size = abs(float(host(self.slot.get()).reshape(-1)[move]))
        units = {self.unit, size} if 0 < size < 0.01 * self.unit else {self.unit}
        steps = np.array(sorted((h * unit for unit in units for h in CLOSE_LOOK), reverse=True))
        steps = (size + steps) - size  # v + step is then exact
        steps = steps[steps > 0]
        slopes, noise, touched = [], [], np.zeros(self.y.shape, bool)
        for step in steps:
            near, far = (self._moved(move, h) - self._moved(move, -h) for h in (step, 2 * step))
            touched |= far != 0  # a smaller step touches the same entries, if less than rounding
            slopes.append(float(((8 * near - far) * self.gy).sum() / (12 * step)))
            noise.append(self._noise(touched, step))
        uncertain = np.abs(np.diff(slopes)) + noise[1:]
        return np.array(slopes[1:]), np.nan_to_num(uncertain, nan=np.inf)

    def _noise(self, touched: np.ndarray, step: float) -> float:
        """Return what rounding of the entries of y that a step touches does to a slope."""
        return float(self._eps * np.linalg.norm((self.gy * self.y)[touched]) / step)

    def interval(self, move: Move) -> tuple[float, float, float]:
        """Return the least and the largest slope that is right along a move, and their error.

        They differ at a kink, where every entry of y has a slope to the left and one to the right,
        and what is between is right: a subgradient.
        """
        step = self.unit * self.fine
        left, here, right = (self._moved(move, by) for by in (-step, 0, step))
        slopes = self.gy * (here - left) / step, self.gy * (right - here) / step
        noise = self._noise((left != here) | (here != right), step)
        return float(np.minimum(*slopes).sum()), float(np.maximum(*slopes).sum()), noise

    def interval_nearby(self, index: int) -> tuple[float, float, float]:
        """Return the least and the largest slope at random points nearby, and their error.

        Where more than two pieces meet, as in the median of equal values, slopes at the point
        itself do not show all.
        """
        v, step = self.slot.get(), self.unit * self.fine
        before, rng = v.copy(), np.random.default_rng(0)
        slopes = []
        try:
            for _ in range(NEARBY):
                v[...] = before + xp_of(v).asarray(10 * step * rng.standard_normal(v.shape))
                up, down = self._moved(index, step), self._moved(index, -step)
                slopes.append(self.gy * (up - down) / (2 * step))
        finally:
            v[...] = before
        noise = self._noise(np.any(slopes, axis=0), step)
        return float(np.min(slopes, axis=0).sum()), float(np.max(slopes, axis=0).sum()), noise

    @property
    def fine(self) -> float:
        """The smallest step whose differences still tell slopes apart."""
        return 1e-9 if self.y.dtype == np.float64 else 1e-3

    def _moved(self, move: Move, by: complex) -> np.ndarray:
        """Return y where v is moved, or NaN where forward refuses that; afterwards v is as before.

        Forward may put another array in the place of v, such as a parameter that it converts.
        """
        v = self.slot.get()
        part = np.unravel_index(move, v.shape) if isinstance(move, int) else ...
        before = v[part].copy()
        try:
            v[part] += by if isinstance(move, int) else xp_of(v).asarray(by * move)
            with np.errstate(all="ignore"):
                y = np.array(host(self.subject.forward()))
        except Exception as error:
            if isinstance(by, complex) or isinstance(error, MemoryError):
                raise
            self.refused = error
            return np.full(self.y.shape, np.nan)
        finally:
            v[part] = before
            if self.slot.get() is not v:
                self.slot.set(v)
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
