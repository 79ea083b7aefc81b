"""Exercise 6: local response normalisation.

Write both functions, then: minialex exercise check 6
"""

import numpy as np


def lrn_forward(x, n, k, alpha, beta):
    """Return y_i = x_i / S_i^beta, with S_i = k + alpha * (sum of x_j^2 over the window of i), and
    what backward needs: y, cache.

    x, y: (N, H, W, C). The window of channel i begins at i - n // 2, is n wide, even or odd, and is
    clipped at the first and the last channel. alpha is not divided by n.
    """


def lrn_backward(gy, cache):
    """Return gx for gy = dL/dy, all of the shape of x.

    gy and what the cache holds stay as they are. The checker calls the gradient dx.
    """
