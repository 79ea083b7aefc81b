"""Convolution with channels first: CS231n's pair of functions with loops, and the book's class."""

import numpy as np

from mutants.case import Case, Mutant, normal


def pair_of_functions(fault):
    """out, cache = forward(x, w, b, conv_param): x (N, C, H, W), w (F, C, kh, kw)."""

    def conv_forward(x, w, b, conv_param):
        s, p, d = conv_param["stride"], conv_param["pad"], conv_param.get("dilation", 1)
        N, _, H, W = x.shape
        F, _, kh, kw = w.shape
        xp = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        OH, OW = (H + 2 * p - d * (kh - 1) - 1) // s + 1, (W + 2 * p - d * (kw - 1) - 1) // s + 1
        out = np.zeros((N, F, OH, OW))
        used = w[:, :, ::-1, ::-1] if fault == "forward flips the kernel" else w
        for n in range(N):
            for f in range(F):
                for i in range(OH):
                    for j in range(OW):
                        rows = slice(i * s, i * s + d * kh - d + 1, d)
                        columns = slice(j * s, j * s + d * kw - d + 1, d)
                        out[n, f, i, j] = (xp[n, :, rows, columns] * used[f]).sum() + b[f]
        return out, (x, xp, w, conv_param)

    def conv_backward(dout, cache):
        x, xp, w, conv_param = cache
        s, p, d = conv_param["stride"], conv_param["pad"], conv_param.get("dilation", 1)
        (F, _, kh, kw), (H, W) = w.shape, x.shape[2:]
        if fault == "dilation forgotten":
            d = 1
        dxp, dw, db = np.zeros(xp.shape), np.zeros(w.shape), np.zeros(F)
        N, _, OH, OW = dout.shape
        for n in range(N):
            if fault == "dw of the last image":
                dw[...] = 0
            for f in range(F):
                if fault == "dx of the last filter":
                    dxp[n] = 0
                db[f] += dout[n, f].sum()
                for i in range(OH):
                    for j in range(OW):
                        rows = slice(i * s, i * s + d * kh - d + 1, d)
                        columns = slice(j * s, j * s + d * kw - d + 1, d)
                        dw[f] += xp[n, :, rows, columns] * dout[n, f, i, j]
                        dxp[n, :, rows, columns] += w[f] * dout[n, f, i, j]
        if fault == "dx cropped 1:-1":
            return dxp[:, :, 1:-1, 1:-1], dw, db
        return dxp[:, :, p : p + H, p : p + W], dw, db

    return conv_forward, conv_backward


class Convolution:
    """As in "Deep Learning from Scratch": im2col, W and dW as attributes."""

    def __init__(self, W, b, stride=1, pad=0, fault=None):
        self.W, self.b, self.stride, self.pad, self.fault = W, b, stride, pad, fault
        self.dW = self.db = None

    def forward(self, x):
        (N, C, H, W), (FN, _, FH, FW) = x.shape, self.W.shape
        out_h, out_w = ((n + 2 * self.pad - k) // self.stride + 1 for n, k in ((H, FH), (W, FW)))
        p, s = self.pad, self.stride
        img = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
        col = np.zeros((N, C, FH, FW, out_h, out_w), x.dtype)
        for y, x_ in np.ndindex(FH, FW):
            col[:, :, y, x_] = img[:, :, y : y + s * out_h : s, x_ : x_ + s * out_w : s]
        self.col = col.transpose(0, 4, 5, 1, 2, 3).reshape(N * out_h * out_w, -1)
        self.x, self.size = x, (out_h, out_w)
        out = self.col @ self.W.reshape(FN, -1).T + self.b
        return out.reshape(N, out_h, out_w, FN).transpose(0, 3, 1, 2)

    def backward(self, dout):
        (N, C, H, W), (FN, _, FH, FW), (out_h, out_w) = self.x.shape, self.W.shape, self.size
        dout = dout.transpose(0, 2, 3, 1).reshape(-1, FN)
        self.db = dout.sum(axis=0)
        dW = self.col.T @ dout
        if self.fault != "dW reshaped without its transpose":
            dW = dW.T
        self.dW = dW.reshape(FN, C, FH, FW)
        dcol = (dout @ self.W.reshape(FN, -1)).reshape(N, out_h, out_w, C, FH, FW)
        dcol = dcol.transpose(0, 3, 4, 5, 1, 2)
        p, s = self.pad, self.stride
        img = np.zeros((N, C, H + 2 * p, W + 2 * p), dcol.dtype)
        for y, x_ in np.ndindex(FH, FW):
            pixels = img[:, :, y : y + s * out_h : s, x_ : x_ + s * out_w : s]
            if self.fault == "col2im assigns":
                pixels[...] = 0
            pixels += dcol[:, :, y, x_]
        return img[:, :, p : p + H, p : p + W]


def loops(fault, shape=(2, 1, 3, 3), filters=2, kernel=3, **param):
    w, b = normal(filters, shape[1], kernel, kernel), normal(filters)
    param = {"stride": 1, "pad": 1, **param}
    return Case(pair_of_functions(fault), normal(*shape), w, b, param)


def one_image(fault):
    return loops(fault, (1, 1, 3, 3))


def dilated(fault):
    return loops(fault, (1, 1, 4, 4), kernel=2, dilation=2)


def book(fault, kernel=3, stride=1, pad=1):
    W, b = normal(2, 2, kernel, kernel), normal(2)
    return Case(Convolution(W, b, stride, pad, fault), normal(2, 2, 4, 4))


def book_patches(fault):
    return book(fault, kernel=2, stride=2, pad=0)


LOOPS, BOOK = "conv, loops in NCHW", "conv, book's class"
MUTANTS = [
    Mutant(LOOPS, "forward flips the kernel", "dx", loops),
    Mutant(LOOPS, "dx of the last filter", "dx", loops),
    Mutant(LOOPS, "dw of the last image", "dw", one_image, "N = 1"),
    Mutant(LOOPS, "dx cropped 1:-1", "dx", loops, "pad 1"),
    Mutant(LOOPS, "dilation forgotten", "d", dilated, "dilation 2"),
    Mutant(BOOK, "dW reshaped without its transpose", "gW", book),
    Mutant(BOOK, "col2im assigns", "gx", book_patches, "windows 2, stride 2"),
]
