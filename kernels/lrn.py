"""Local response normalisation on one core, equal to `lrn_forward` and `lrn_backward`.

The reference makes a pass over memory for every term. Here a block of pixels, a few kilobytes,
stays in the first cache from the squares to the result, and x and gy are read once: backward
computes the scale again rather than reading it from memory.

The pixels of a block lie side by side in one flat array, with zeros between them for the overhang
of the windows. A window sum is then n shifted additions of that whole array: long loops, which
fill the vector registers however few channels a pixel has. The sums between two pixels mean
nothing and are not used.

beta = 3/4 needs no power function: with r = s^-1/2, s^-3/4 = r sqrt(r).
"""

import math

import numpy as np
from numba import njit

BLOCK = 512  # numbers in a block


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
    block = max(1, BLOCK // channels)
    squares = np.zeros((block, channels + n - 1), x.dtype)
    scale, root = np.zeros_like(squares), np.zeros_like(squares)
    for first in range(0, pixels, block):
        x_block, y_block = x[first : first + block], y[first : first + block]
        _scale(x_block, squares, scale, n, k, c)
        _roots(scale.reshape(-1), root.reshape(-1), beta)
        for p in range(len(x_block)):
            for i in range(channels):
                y_block[p, i] = x_block[p, i] * root[p, i]


@njit(nogil=True, cache=True, error_model="numpy")
def _backward(x, gy, gx, n, k, c, beta):
    pixels, channels = x.shape
    block = max(1, BLOCK // channels)
    squares = np.zeros((block, channels + n - 1), x.dtype)
    ratios, total = np.zeros_like(squares), np.zeros_like(squares)
    scale, root = np.zeros_like(squares), np.zeros_like(squares)
    after = n - 1 - n // 2  # the window mirrored: the channels that look at i
    factor = x.dtype.type(2) * c * beta
    for first in range(0, pixels, block):
        x_block, gy_block = x[first : first + block], gy[first : first + block]
        gx_block = gx[first : first + block]
        _scale(x_block, squares, scale, n, k, c)
        _roots(scale.reshape(-1), root.reshape(-1), beta)
        for p in range(len(x_block)):
            for i in range(channels):
                y = x_block[p, i] * root[p, i]
                ratios[p, after + i] = gy_block[p, i] * y / scale[p, i]
        _window_sums(ratios.reshape(-1), total.reshape(-1), n)
        for p in range(len(x_block)):
            for i in range(channels):
                direct = gy_block[p, i] * root[p, i]
                gx_block[p, i] = direct - factor * x_block[p, i] * total[p, i]


@njit(nogil=True, cache=True, error_model="numpy")
def _scale(x, squares, scale, n, k, c):
    """Write S of every channel, after the squares that it sums."""
    pixels, channels = x.shape
    for p in range(pixels):
        for i in range(channels):
            squares[p, n // 2 + i] = x[p, i] * x[p, i]
    flat = scale.reshape(-1)
    _window_sums(squares.reshape(-1), flat, n)
    for i in range(flat.size):
        flat[i] = k + c * flat[i]


@njit(nogil=True, cache=True, error_model="numpy")
def _window_sums(a, sums, n):
    count = a.size - n + 1
    for i in range(count):
        sums[i] = a[i]
    for j in range(1, n):
        for i in range(count):
            sums[i] += a[i + j]


@njit(nogil=True, cache=True, error_model="numpy")
def _roots(scale, root, beta):
    """Write S^-beta."""
    if beta == 0.75:
        for i in range(scale.size):
            r = scale.dtype.type(1) / math.sqrt(scale[i])
            root[i] = r * math.sqrt(r)
    else:
        for i in range(scale.size):
            root[i] = scale[i] ** -beta
