"""A right answer to exercise 5, and what turns it into plausible wrong ones."""

import numpy as np


def maxpool_forward(x, kernel, stride, pad=0):
    batch, height, width, channels = x.shape
    sides = ((0, 0), (pad, pad), (pad, pad), (0, 0))
    padded = np.pad(x, sides, constant_values=-np.inf)
    out_height = 1 + (height + 2 * pad - kernel) // stride
    out_width = 1 + (width + 2 * pad - kernel) // stride
    y = np.empty((batch, out_height, out_width, channels), x.dtype)
    for i, j in np.ndindex(out_height, out_width):
        up, left = i * stride, j * stride
        y[:, i, j] = padded[:, up : up + kernel, left : left + kernel].max(axis=(1, 2))
    return y, (padded, kernel, stride, pad)


def maxpool_backward(gy, cache):
    padded, kernel, stride, pad = cache
    gx = np.zeros(padded.shape, gy.dtype)
    for n, i, j, c in np.ndindex(gy.shape):
        rows = slice(i * stride, i * stride + kernel)
        columns = slice(j * stride, j * stride + kernel)
        window, gwindow = padded[n, rows, columns, c], gx[n, rows, columns, c]
        first = np.unravel_index(window.argmax(), window.shape)
        gwindow[first] += gy[n, i, j, c]
    _, height, width, _ = gx.shape
    return gx[:, pad : height - pad, pad : width - pad]


FIRST = "gwindow[first] += gy"
WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    (FIRST, "gwindow[first] = gy", "gets the gy of all of them"),
    (", constant_values=-np.inf", "", "What is padded with?"),
    (FIRST, "gwindow[window == window.max()] += gy", "Each of several equal maxima receives all"),
    (FIRST, "gwindow += (window == window.max()) / (window == window.max()).sum() * gy",
     "It is divided among equal maxima here"),
    (FIRST, "gwindow[tuple(np.argwhere(window == window.max())[-1])] += gy",
     "It goes to the last maximum here"),
    ("up, left = i * stride, j * stride", "up, left = i, j", "Window (i, j) begins at pixel"),
    ("slice(j * stride, j * stride + kernel)", "slice(j, j + kernel)", "maxpool_backward -> dx"),
    ("return gx[:, pad : height - pad, pad : width - pad]", "return gx",
     "The gradient of padding is dropped"),
    ("pad : height - pad, pad : width - pad]", ": height - 2 * pad, : width - 2 * pad]",
     "maxpool_backward -> dx"),
    ("out_width = 1 + (width", "out_width = 1 + (height", "has shape"),
    ("(width + 2 * pad - kernel) // stride", "-((kernel - 2 * pad - width) // stride)",
     "Asked for was"),
    ("np.ndindex(gy.shape)", "np.ndindex(1, *gy.shape[1:])", "maxpool_backward -> dx"),
    ("    gx = np.zeros(padded.shape, gy.dtype)", "    gx = padded; gx *= 0; gy *= 2", "changes"),
    ("    return y, (", "    y, (", "is it written yet?"),
)  # fmt: skip
