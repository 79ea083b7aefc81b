"""The maps of Winograd's convolution, from the points that they interpolate at.

A product of polynomials is known from its values at as many points as it has coefficients, and a
value of the product is the product of the values. Read the other way round (transposed), this
computes a correlation from one multiplication a point. Toom 1963, Cook 1966, Winograd 1980.
"""

import math
from fractions import Fraction

import numpy as np

POINTS = [Fraction(p) for p in ("0", "1", "-1", "2", "-2", "1/2", "-1/2")]  # and infinity


def cook_toom(outputs: int, taps: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return A, G, B of y = A^T [(G w) * (B^T x)], exact but for the last rounding.

    y_i = sum over t of w_t x_{i + t}, `outputs` of them, from outputs + taps - 1 products. G holds
    the powers of the points, scaled; A their powers; B the coefficients of the polynomials that
    vanish at all points but one. The last point is infinity.
    """
    size = outputs + taps - 1
    points = POINTS[: size - 1]
    A, G, B = np.zeros((size, outputs)), np.zeros((size, taps)), np.zeros((size, size))
    for i, point in enumerate(points):
        others = [q for q in points if q != point]
        scale = math.prod([point - q for q in others], start=Fraction(1))
        A[i] = [float(point**power) for power in range(outputs)]
        G[i] = [float(point**power / scale) for power in range(taps)]
        B[:-1, i] = _with_roots(others)
    A[-1, -1] = G[-1, -1] = 1
    B[:, -1] = _with_roots(points)
    return A, G, B


def _with_roots(roots: list[Fraction]) -> list[float]:
    """Return the coefficients, constant first, of the product of all (x - root)."""
    coefficients = [Fraction(1)]
    for root in roots:
        shifted, kept = [Fraction(0), *coefficients], [*coefficients, Fraction(0)]
        coefficients = [s - root * c for s, c in zip(shifted, kept, strict=True)]
    return [float(c) for c in coefficients]
