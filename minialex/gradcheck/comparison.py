"""A gradient beside the numbers that it should equal."""

from dataclasses import dataclass, field

import numpy as np

from minialex.gradcheck.modes import Mode


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
    mode : Mode
    wrong : int
        Positions in `indices` of the wrong elements.
    kinks : int
        Positions of elements at a kink, where no derivative exists: not counted as wrong.
    error : float
        The largest |yours - numeric| relative to the largest derivative, kinks left out.
    together : bool
        Elements at kinks are right together, not only one by one.
    slopes : list of arrays like y, optional
        dy/dv for each index, where they were kept.
    """

    name: str
    yours: np.ndarray
    indices: np.ndarray
    numeric: np.ndarray
    mode: Mode
    error: float = 0.0
    wrong: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    kinks: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    together: bool = True
    slopes: list[np.ndarray] | None = None

    @property
    def whole(self) -> bool:
        """Tell whether every element was checked."""
        return len(self.indices) == self.yours.size

    @property
    def scale(self) -> float:
        """The largest derivative."""
        finite = self.numeric[np.isfinite(self.numeric)]
        return float(np.abs(finite).max(initial=0))

    def off(self) -> np.ndarray:
        """Return |yours - numeric| of the checked elements; infinity stands for NaN."""
        off = np.abs(self.yours.reshape(-1)[self.indices] - self.numeric)
        return np.nan_to_num(off, nan=np.inf)

    def worst(self) -> int:
        """Return the position in `indices` of the largest wrong element."""
        return int(self.wrong[self.off()[self.wrong].argmax()])
