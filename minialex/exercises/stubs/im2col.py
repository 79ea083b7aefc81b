"""Exercise 2: convolution is one matrix product.

Write both functions, then: minialex exercise check 2
"""

import numpy as np


def im2col(x, kh, kw, stride, pad):
    """Return every window of every picture as a row.

    x: (N, H, W, C) -> (N * OH * OW, kh * kw * C), where OH and OW count the windows of kh x kw
    pixels, `stride` apart, that fit into a picture with `pad` zeros on each of its four sides.

    Window (i, j) of picture n is row (n * OH + i) * OW + j; its pixel (u, v) in channel c is
    column (u * kw + v) * C + c.
    """


def conv_forward(x, W, b, stride=1, pad=0):
    """Return the convolution of x: (N, H, W, C) with W: (kh, kw, C, F), plus b: (F,).

    y: (N, OH, OW, F). Use im2col, and one matrix product.
    """
