"""Local response normalisation on one core, equal to `lrn_forward` and `lrn_backward`.

The reference makes a pass over memory for every term. Here one pixel's channels, a few hundred
bytes, stay in the first cache from the squares to the result, and x and gy are read once: backward
computes the scale again rather than reading it from memory.

Window sums are n shifted additions, which the compiler turns into vector code. beta = 3/4 needs no
power function: with r = s^-1/2, s^-3/4 = r sqrt(r) and 1 / s = r r.
"""

import math

import numpy as np
from numba import njit


def forward(x, y, n, k, c, beta, groups):
    """Write y_i = x_i S_i^-beta; x, y: (N, H, W, C), contiguous."""
    rows, real = _rows(x, groups), x.dtype.type
    _forward(x.reshape(rows), y.reshape(rows), n, real(k), real(c), real(beta))


def backward(x, gy, gx, n, k, c, beta, groups):
    """Write gx_i = gy_i S_i^-beta - 2 c beta x_i * sum over m of gy_m y_m / S_m."""
    rows, real = _rows(x, groups), x.dtype.type
    _backward(x.reshape(rows), gy.reshape(rows), gx.reshape(rows), n, real(k), real(c), real(beta))


def _rows(x, groups):
    return x.size * groups // max(x.shape[-1], 1), x.shape[-1] // groups


@njit(nogil=True, cache=True, error_model="numpy")
def _forward(x, y, n, k, c, beta):
    pixels, channels = x.shape
    squares = np.zeros(channels + n - 1, x.dtype)  # the window's overhang at both ends stays 0
    scale = np.empty(channels, x.dtype)
    root = np.empty(channels, x.dtype)
    for p in range(pixels):
        _scale(x[p], squares, scale, n, k, c)
        _roots(scale, root, beta)
        for i in range(channels):
            y[p, i] = x[p, i] * root[i]


@njit(nogil=True, cache=True, error_model="numpy")
def _backward(x, gy, gx, n, k, c, beta):
    pixels, channels = x.shape
    squares = np.zeros(channels + n - 1, x.dtype)
    ratios = np.zeros(channels + n - 1, x.dtype)
    scale = np.empty(channels, x.dtype)
    root = np.empty(channels, x.dtype)
    total = np.empty(channels, x.dtype)
    after = n - 1 - n // 2  # the window mirrored: the channels that look at i
    factor = x.dtype.type(2) * c * beta
    for p in range(pixels):
        _scale(x[p], squares, scale, n, k, c)
        _roots(scale, root, beta)
        for i in range(channels):
            ratios[after + i] = gy[p, i] * x[p, i] * root[i] / scale[i]
        _window_sums(ratios, total, n)
        for i in range(channels):
            gx[p, i] = gy[p, i] * root[i] - factor * x[p, i] * total[i]


@njit(nogil=True, cache=True, error_model="numpy")
def _scale(x, squares, scale, n, k, c):
    for i in range(x.size):
        squares[n // 2 + i] = x[i] * x[i]
    _window_sums(squares, scale, n)
    for i in range(x.size):
        scale[i] = k + c * scale[i]


@njit(nogil=True, cache=True, error_model="numpy")
def _window_sums(a, sums, n):
    for i in range(sums.size):
        sums[i] = a[i]
    for j in range(1, n):
        for i in range(sums.size):
            sums[i] += a[i + j]


@njit(nogil=True, cache=True, error_model="numpy")
def _roots(scale, root, beta):
    if beta == 0.75:
        for i in range(scale.size):
            r = scale.dtype.type(1) / math.sqrt(scale[i])
            root[i] = r * math.sqrt(r)
    else:
        for i in range(scale.size):
            root[i] = scale[i] ** -beta
