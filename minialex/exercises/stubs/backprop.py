"""Exercise 3: the backward pass of a convolution.

conv_forward is given. Write the other two, then: minialex exercise check 3
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_forward(x, W, b, stride=1, pad=0):
    """Return y = cols @ W + b, and what the backward pass needs.

    x: (N, H, W, C), W: (kh, kw, C, F), b: (F,) -> y: (N, OH, OW, F)
    """
    kh, kw, channels, filters = W.shape
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    windows = sliding_window_view(padded, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    batch, out_height, out_width = windows.shape[:3]
    cols = np.array(windows.transpose(0, 1, 2, 4, 5, 3)).reshape(-1, kh * kw * channels)
    y = cols @ W.reshape(-1, filters) + b
    return y.reshape(batch, out_height, out_width, filters), (x.shape, cols, W, stride, pad)


def col2im(gcols, shape, kh, kw, stride, pad):
    """Return gx, of this shape (N, H, W, C): every number of gcols, added to its pixel.

    gcols: (N * OH * OW, kh * kw * C). Row (n * OH + i) * OW + j, column (u * kw + v) * C + c was
    copied from pixel (i * stride + u, j * stride + v), channel c, of picture n with `pad` zeros on
    each side.
    """


def conv_backward(gy, cache):
    """Return gx, gW, gb for gy = dL/dy: (N, OH, OW, F).

    cache: (shape of x, cols, W, stride, pad), as conv_forward has left it.
    gy and what the cache holds stay as they are. The checker calls the gradients dx, dW and db.
    """
