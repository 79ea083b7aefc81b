"""Integer arithmetic of which NumPy has no operator."""

import numpy as np


def wide(a: np.ndarray) -> np.ndarray:
    """Return integers in twice their width."""
    return a.astype(np.dtype(f"{a.dtype.kind}{2 * a.dtype.itemsize}"))


def high_half(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the upper half of the product."""
    width = 8 * a.dtype.itemsize
    if width < 64:
        return (wide(a) * wide(b) >> width).astype(a.dtype)
    # 64 bits: by halves, as on paper. A negative number, read as unsigned, is too large by 2^64.
    ua, ub, low = a.view(np.uint64), b.view(np.uint64), np.uint64(0xFFFFFFFF)
    a0, a1, b0, b1 = ua & low, ua >> 32, ub & low, ub >> 32
    middle = a1 * b0 + (a0 * b0 >> 32)
    high = a1 * b1 + (middle >> 32) + ((middle & low) + a0 * b1 >> 32)
    if a.dtype.kind == "i":
        high = high - np.where(a < 0, ub, 0) - np.where(b < 0, ua, 0)
    return high.astype(np.uint64).view(a.dtype)


def quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a / b rounded towards zero, as in C; Python rounds down."""
    down = a // b
    return down + ((down < 0) & (down * b != a))


def shifted_left(a: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Return a << by; everything is shifted out by the width or more."""
    width = 8 * a.dtype.itemsize
    return np.where(by < width, a << np.minimum(by, width - 1).astype(a.dtype), 0)


def shifted_right(a: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Return a >> by; copies of the sign come in if the type has one, else zeros."""
    last = 8 * a.dtype.itemsize - 1
    shifted = a >> np.minimum(by, last).astype(a.dtype)
    return shifted if a.dtype.kind == "i" else np.where(by <= last, shifted, 0)


def field(a: np.ndarray, first: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return `count` bits of a from bit `first` on, as a number of its own.

    What would be beyond the highest bit is a copy of it if the type has a sign, else zeros.
    """
    width, count = 8 * a.dtype.itemsize, count & 255
    beyond = np.maximum(width - np.minimum(count, width), 0)
    low = shifted_right(a, first & 255)
    return np.where(count == 0, 0, shifted_right(shifted_left(low, beyond), beyond))


def with_field(a: np.ndarray, b: np.ndarray, first: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return b with `count` bits from bit `first` on replaced by the lowest of a."""
    ones = ~shifted_left(~np.zeros_like(a), count & 255)
    mask = shifted_left(ones, first & 255)
    return (b & ~mask) | (shifted_left(a, first & 255) & mask)
