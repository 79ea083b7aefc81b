"""A right answer to exercise 2, and what turns it into plausible wrong ones."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def im2col(x, kh, kw, stride, pad):
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    every = sliding_window_view(x, (kh, kw), axis=(1, 2))
    some = every[:, ::stride, ::stride]  # (N, OH, OW, C, kh, kw)
    cols = some.transpose(0, 1, 2, 4, 5, 3)
    return cols.reshape(-1, kh * kw * x.shape[3])


def conv_forward(x, W, b, stride=1, pad=0):
    kh, kw, _, filters = W.shape
    out_height = (x.shape[1] + 2 * pad - kh) // stride + 1
    cols = im2col(x, kh, kw, stride, pad)
    y = cols @ W.reshape(-1, filters) + b
    return y.reshape(len(x), out_height, -1, filters)


WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    ("cols = some.transpose(0, 1, 2, 4, 5, 3)", "cols = some", "remain neighbours in a row"),
    ("(0, 1, 2, 4, 5, 3)", "(0, 1, 2, 5, 4, 3)", "first line, then those of its second"),
    ("(0, 1, 2, 4, 5, 3)", "(0, 2, 1, 4, 5, 3)", "from left to right, then down"),
    ("(0, 1, 2, 4, 5, 3)", "(1, 2, 0, 4, 5, 3)", "All windows of picture 0 come first"),
    ("(kh, kw), axis", "(kw, kh), axis", "Asked for was: x = np.arange"),
    ("[:, ::stride, ::stride]", "", "begins at pixel (i * stride, j * stride)"),
    ("[:, ::stride, ::stride]", "[:, ::stride, ::kw]", "Rows follow the windows"),
    ("((0, 0), (pad, pad), (pad, pad), (0, 0))", "pad", "two of the four axes"),
    ("(pad, pad), (pad, pad)", "(0, 2 * pad), (0, 2 * pad)", "Zeros stand above, below, left"),
    ("np.pad(x, ((0", "np.pad(x.astype(float), ((0",
     "np.zeros(shape, x.dtype) does not"),
    ("W.reshape(-1, filters)", "W[::-1, ::-1].reshape(-1, filters)", "neither flipped nor"),
    ("W.reshape(-1, filters)", "W.reshape(filters, -1).T", "neither flipped nor transposed"),
    ("W.reshape(-1, filters) + b", "W.reshape(-1, filters)", "at b;"),
    ("+ 2 * pad - kh", "- kh", "the shape of y, (N, OH, OW, F)"),
    ("return y.reshape(len(x), out_height, -1, filters)",
     "return y.reshape(len(x), filters, out_height, -1)", "the shape of y, (N, OH, OW, F)"),
    ("return cols", "cols", "is it written yet?"),
)  # fmt: skip
