"""The three ways to evaluate a derivative, and how far off a right gradient may be."""

from dataclasses import dataclass

import numpy as np

from minialex.gradcheck.numeric import COMPLEX_STEP, Derivative


@dataclass(frozen=True)
class Mode:
    """How derivatives are evaluated, and how far a right gradient may be off.

    Attributes
    ----------
    step : float
    along, each : float
        Tolerances along a direction, where rounding errors average out, and at an element;
        relative to the largest gradient.
    """

    name: str
    step: float
    along: float
    each: float

    def allowed(self, derivative: Derivative, yours: np.ndarray, scale: float) -> float:
        """Return how far an element may be off: relative to `scale`, and for rounding errors."""
        return max(self.each, _precision(yours)) * scale + 10 * derivative.rounding

    def allowed_along(self, derivative: Derivative, yours: np.ndarray, length: float) -> float:
        """Return how far the derivative along a direction of this length may be off."""
        relative = max(self.along, _precision(yours)) * float(np.abs(yours).max(initial=0))
        return relative * length + 10 * derivative.rounding * derivative.y.size**0.5


COMPLEX = Mode("complex step", COMPLEX_STEP, 1e-12, 1e-10)
CENTRAL = Mode("central differences", 1e-5, 1e-9, 1e-8)
SINGLE = Mode("float32 differences", 1e-2, 2e-4, 2e-3)  # of a layer that computes in float32
DOUBT = Mode("central differences", 1e-8, 1e-5, 1e-5)  # enough to see imaginary parts dropped


def _precision(yours: np.ndarray) -> float:
    """Return the precision of the dtype in which a gradient came."""
    return 100 * float(np.finfo(yours.dtype).eps) if yours.dtype.kind == "f" else 0.0
