"""A right answer to exercise 3, and what turns it into plausible wrong ones."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def conv_forward(x, W, b, stride=1, pad=0):
    kh, kw, channels, filters = W.shape
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    windows = sliding_window_view(padded, (kh, kw), axis=(1, 2))[:, ::stride, ::stride]
    batch, out_height, out_width = windows.shape[:3]
    cols = np.array(windows.transpose(0, 1, 2, 4, 5, 3)).reshape(-1, kh * kw * channels)
    y = cols @ W.reshape(-1, filters) + b
    return y.reshape(batch, out_height, out_width, filters), (x.shape, cols, W, stride, pad)


def col2im(gcols, shape, kh, kw, stride, pad):
    batch, height, width, channels = shape
    gx = np.zeros((batch, height + 2 * pad, width + 2 * pad, channels))
    out_height = (height + 2 * pad - kh) // stride + 1
    out_width = (width + 2 * pad - kw) // stride + 1
    gcols = gcols.reshape(batch, out_height, out_width, kh, kw, channels)
    for i in range(out_height):
        for j in range(out_width):
            up, left = i * stride, j * stride
            gx[:, up : up + kh, left : left + kw] += gcols[:, i, j]
    return gx[:, pad : pad + height, pad : pad + width]


def conv_backward(gy, cache):
    shape, cols, W, stride, pad = cache
    kh, kw, _, filters = W.shape
    rows = gy.reshape(-1, filters)
    gW = (cols.T @ rows).reshape(W.shape)
    gb = rows.sum(axis=0)
    gcols = rows @ W.reshape(-1, filters).T
    return col2im(gcols, shape, kh, kw, stride, pad), gW, gb


WRONG = (  # what stands there, what a reader might write instead, and what the message then says
    ("] += gcols", "] = gcols", "it gets three numbers, added up"),
    ("i * stride, j * stride", "i, j", "col2im without padding"),
    ("gx[:, pad : pad + height, pad : pad + width]", "gx[:, :height, :width]", "cut out the H x W"),
    ("gx[:, pad : pad + height, pad : pad + width]", "gx[:, pad:-pad, pad:-pad]",
     "For pad = 0, [pad:-pad] is empty"),
    ("(width + 2 * pad - kw) // stride + 1", "out_height", "Asked for was: gcols ="),
    ("kh, kw, channels)\n    for", "kw, kh, channels).swapaxes(3, 4)\n    for",
     "a pixel gets the sum"),
    ("(cols.T @ rows).reshape(W.shape)", "(rows.T @ cols).reshape(W.shape)",
     "transposed in"),
    ("(cols.T @ rows)", "(cols.T @ rows / len(gy))", "one over the batch size"),
    ("rows.sum(axis=0)", "rows.mean(axis=0)", "conv_backward -> db"),
    ("rows.sum(axis=0)", "gy[0].sum(axis=(0, 1))", "the sum over the batch is missing"),
    ("gb = rows.sum(axis=0)", "gb = gy.sum(axis=(0, 1))", "gb has shape"),
    ("W.reshape(-1, filters).T", "W.reshape(filters, -1)", "conv_backward -> dx"),
    ("kh, kw, stride, pad), gW, gb", "kh, kw, 1, pad), gW, gb", "Asked for was: conv_backward"),
    ("gcols = rows @ W.reshape(-1, filters).T",
     "gcols = np.matmul(rows, W.reshape(-1, filters).T, out=cols)", "NOT REPEATABLE"),
    ("rows = gy.reshape(-1, filters)", "rows = gy.reshape(-1, filters); rows *= 2", "changes gy"),
    ("return col2im(gcols, shape, kh, kw, stride, pad), gW, gb",
     "return gW, gb, col2im(gcols, shape, kh, kw, stride, pad)", "in this order"),
    ("return y.reshape(batch, out_height, out_width, filters), (x.shape",
     "return 2 * y.reshape(batch, out_height, out_width, filters), (x.shape",
     "conv_backward -> db"),
    ("    return col2im(gcols", "    col2im(gcols", "is it written yet?"),
)  # fmt: skip
