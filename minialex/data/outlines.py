"""Ten shapes as signed distance functions: negative inside, zero on the outline.

x points to the right and y up. Each shape lies within the unit circle and equals its mirror
image, so a picture that is flipped from left to right keeps its class.
After Inigo Quilez, "2D distance functions", https://iquilezles.org/articles/distfunctions2d/.
"""

from math import cos, hypot, pi, sin, sqrt

import numpy as np

from minialex.backend import Array


def circle(x: Array, y: Array) -> Array:
    return np.hypot(x, y) - 0.9


def ring(x: Array, y: Array) -> Array:
    return np.abs(np.hypot(x, y) - 0.75) - 0.2


def box(x: Array, y: Array, width: float, height: float) -> Array:
    return np.maximum(np.abs(x) - width / 2, np.abs(y) - height / 2)


def square(x: Array, y: Array) -> Array:
    return box(x, y, 1.4, 1.4)


def cross(x: Array, y: Array) -> Array:
    return np.minimum(box(x, y, 1.8, 0.6), box(x, y, 0.6, 1.8))


def sides(x: Array, y: Array, count: int) -> Array:
    """How far a point lies towards each side of a regular polygon that stands on one of them."""
    angles = [2 * pi * k / count for k in range(count)]
    return np.stack([x * sin(a) - y * cos(a) for a in angles])


def triangle(x: Array, y: Array) -> Array:
    return sides(x, y, 3).max(axis=0) - 0.48


def star(x: Array, y: Array) -> Array:
    """Inside at least four of five lines, hence the second largest distance."""
    return np.sort(sides(x, y, 5), axis=0)[-2] - 0.3


def heart(x: Array, y: Array) -> Array:
    """A square on its corner, and a half disc on each of its two upper sides."""
    x, y = np.abs(x), y + 0.15
    corner_square = (x + np.abs(y) - 0.76) / sqrt(2)
    disc = np.hypot(x - 0.38, y - 0.38) - hypot(0.38, 0.38)
    return np.minimum(corner_square, disc)


def crescent(x: Array, y: Array) -> Array:
    """A disc without the smaller disc at its upper edge."""
    return np.maximum(np.hypot(x, y) - 0.95, 0.75 - np.hypot(x, y - 0.4))


def hourglass(x: Array, y: Array) -> Array:
    """Between two lines that cross, above and below."""
    return np.maximum(np.abs(y) - 0.76, (np.abs(x) - 0.7 * np.abs(y) - 0.08) / hypot(1, 0.7))


def arrow(x: Array, y: Array) -> Array:
    return np.minimum(triangle(1.4 * x, 1.4 * y - 0.4) / 1.4, box(x, y + 0.45, 0.4, 0.9))


OUTLINES = (circle, ring, square, cross, triangle, star, heart, crescent, hourglass, arrow)
