"""Exercise 5: overlapping max-pooling.

Write both functions, then: minialex exercise check 5
"""

import numpy as np


def maxpool_forward(x, kernel, stride, pad=0):
    """Return y, the maximum of every window, channel by channel, and what backward needs: y, cache.

    x: (N, H, W, C) -> y: (N, OH, OW, C), with OH = 1 + (H + 2 pad - kernel) // stride

    Window (i, j) begins at pixel (i stride, j stride) of the padded picture. Padding never wins.
    """


def maxpool_backward(gy, cache):
    """Return gx, of the shape of x, for gy = dL/dy: (N, OH, OW, C).

    Where several pixels of a window are its maximum, the first of them, row by row, gets all of gy.
    gy and what the cache holds stay as they are. The checker calls the gradient dx.
    """
