"""Bias and rectifier in one pass over a block in the cache, equal to those of `layers/relu.py`."""

from numba import njit


def add_bias(y, b, rectify):
    """Add b to every row of y: (M, F), contiguous, and rectify the sum where asked."""
    _add_bias(y, b, rectify)


def backward(gy, y, gx):
    """Write gx = gy where y > 0, else 0; contiguous arrays of one shape."""
    _backward(gy.reshape(-1), y.reshape(-1), gx.reshape(-1))


@njit(nogil=True, cache=True)
def _add_bias(y, b, rectify):
    rows, filters = y.shape
    zero = y.dtype.type(0)
    for row in range(rows):
        if rectify:
            for f in range(filters):
                total = y[row, f] + b[f]
                y[row, f] = zero if total <= zero else total  # a NaN stays
        else:
            for f in range(filters):
                y[row, f] += b[f]


@njit(nogil=True, cache=True)
def _backward(gy, y, gx):
    zero = gy.dtype.type(0)
    for i in range(gy.size):
        gx[i] = gy[i] if y[i] > zero else zero
