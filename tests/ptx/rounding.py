"""Where a GPU rounds differently from NumPy.

Add, multiply, divide and square root round to the nearest float on both; a fused multiply-add
rounds once. The fast functions (`.approx`) are allowed errors. Here their errors are as large as
the PTX ISA 9.1 allows in section 9.7.3, plus the last rounding: a kernel that is right with these
is right on every GPU. The sign of an error is an arbitrary but fixed function of the exact result.

One freedom is not tried: `mul` and `add` without `.rn` may be fused when PTX becomes machine code.
"""

import numpy as np

RELATIVE_ERROR = {
    "rcp": 2**-23,  # 9.7.3.13: 1 ulp
    "sqrt": 2**-23,  # 9.7.3.15
    "rsqrt": 2**-22.9,  # 9.7.3.16
    "div": 2**-22,  # 9.7.3.8: 2 ulp, of div.approx and of div.full
    "lg2": 2**-22,  # 9.7.3.20; within (0.5, 2) the absolute error is at most 2^-22
    "ex2": 2**-22,  # 9.7.3.21: 2 ulp
}
SMALLEST_NORMAL = np.finfo(np.float32).tiny


def flush(x: np.ndarray) -> np.ndarray:
    """Return x with subnormal numbers replaced by zeros of their sign, as `.ftz` asks."""
    return np.where(np.abs(x) < SMALLEST_NORMAL, np.copysign(x.dtype.type(0), x), x)


def wrong_by(exact: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Return float64 results as float32, off by an absolute error of arbitrary sign."""
    bits = exact.astype(np.float32).view(np.uint32)
    negative = (bits * np.uint32(2654435761)) >> np.uint32(31)  # Knuth's multiplicative hash
    return (exact + np.where(negative, -error, error)).astype(np.float32)


def approximate(name: str, exact: np.ndarray) -> np.ndarray:
    """Return float64 results as float32 with the error that this instruction may have."""
    error = np.where(np.isfinite(exact), np.abs(exact) * RELATIVE_ERROR[name], 0)
    return wrong_by(exact, error)


def approximate_log2(x: np.ndarray) -> np.ndarray:
    """Return log2 of float32 numbers with the error that lg2.approx may have."""
    exact = np.log2(x.astype(np.float64))
    near_one = (x > 0.5) & (x < 2)
    error = RELATIVE_ERROR["lg2"] * np.where(near_one, 1, np.abs(exact))
    return wrong_by(exact, np.where(np.isfinite(exact), error, 0))


def approximate_quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return a / b as div.approx does: a * (1 / b), where 1 / b is 0 for b above 2^126."""
    large = np.abs(b) > 2.0**126
    reciprocal = np.where(large, np.copysign(0.0, b), 1 / b.astype(np.float64))
    return approximate("div", a * reciprocal)


def multiply_add(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return a * b + c of float32 numbers, rounded once to nearest."""
    return _rounded_to_odd(a, b, c).astype(np.float32)


def multiply_add_down(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return a * b + c of float32 numbers, rounded once, downwards."""
    exact = _rounded_to_odd(a, b, c)
    nearest = exact.astype(np.float32)
    return np.where(nearest > exact, np.nextafter(nearest, np.float32(-np.inf)), nearest)


def _rounded_to_odd(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return a * b + c in float64, rounded so that rounding it again to float32 does no harm.

    The product of two float32 is exact in float64, the sum is not. Rounding it to nearest, and then
    to float32, may go wrong where the first rounding ends midway between two float32. To odd means:
    of the two neighbours of an inexact sum, the one whose last bit is 1, which is never midway.
    Source: Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums", 2008, theorem 1.
    """
    product, c = a.astype(np.float64) * b.astype(np.float64), c.astype(np.float64)
    total = np.atleast_1d(product + c)
    # What the sum lost, exactly: Knuth's two-sum.
    back = total - product
    lost = (product - (total - back)) + (c - back)
    even = (total.view(np.uint64) & np.uint64(1)) == 0
    move = np.isfinite(total) & (lost != 0) & even
    return np.where(move, np.nextafter(total, np.where(lost > 0, np.inf, -np.inf)), total)
