"""Dense layers and flatten."""

import numpy as np

from mutants.case import Case, Mutant, built, normal


class Linear:
    """y = x W + b in the form of minialex' own layers: x (N, D), W (D, M)."""

    def __init__(self, units, fault=None):
        self.units, self.fault = units, fault
        self.params, self.grads = {}, {}

    def build(self, input_shape, rng, dtype):
        D, M = *input_shape, self.units
        self.params = {"W": rng.standard_normal((D, M)).astype(dtype),
                       "b": rng.standard_normal(M).astype(dtype)}  # fmt: skip
        self.grads = {name: np.zeros_like(p) for name, p in self.params.items()}
        self.transposed = self.params["W"].T.copy()

    def forward(self, x):
        W, b = self.params["W"], self.params["b"]
        if self.fault == "changes x":
            x -= x.mean()
        self.x = x
        if self.fault == "float64 b":
            b = b.astype(np.float64)
        return x @ W + b

    def backward(self, gy):
        fault, x, W = self.fault, self.x, self.params["W"]
        if fault == "clips gy":
            gy = np.clip(gy, -5, 5)
        gW, gb = x.T @ gy, gy.sum(axis=0)
        if fault == "gb is a mean":
            gb = gy.mean(axis=0)
        if fault == "gW transposed":
            gW = gW.T
        if fault == "gW of image 0":
            gW = x[:1].T @ gy[:1]
        if fault == "weight decay in gW":
            gW = gW + 1e-4 * W
        if fault == "gb rounded to float32":
            gb = gb.astype(np.float32).astype(gb.dtype)
        if fault == "gW accumulates":
            gW += self.grads["W"]
        self.grads = {"W": gW, "b": gb}
        gx = gy @ (W if fault == "gx = gy W" else W.T)
        if fault == "gx through a copy of W from build":
            gx = gy @ self.transposed
        if fault == "updates W":
            W -= 0.01 * gW
        if fault == "clears x to save memory":
            x[...] = 0
        return gx


class Affine:
    """As in "Deep Learning from Scratch": params and grads are lists; x of any rank."""

    def __init__(self, W, b, fault=None):
        self.params, self.fault = [W, b], fault
        self.grads = [np.zeros_like(W), np.zeros_like(b)]

    def forward(self, x):
        W, b = self.params
        self.shape = x.shape
        self.x = x.reshape(len(x), -1)
        return self.x @ W + b

    def backward(self, dout):
        W = self.params[0]
        order = "F" if self.fault == "dx in another order of the axes" else "C"
        dx = (dout @ W.T).reshape(self.shape, order=order)
        self.grads[0] = self.x.T @ dout
        if self.fault == "db left at zero":
            return dx
        self.grads[1] = dout.sum(axis=0)
        return dx


class Flatten:
    """(N, H, W, C) -> (N, H W C)."""

    def __init__(self, fault=None):
        self.fault = fault

    def forward(self, x):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, gy):
        if self.fault == "another order in backward":
            return gy.reshape(self.shape, order="F")
        if self.fault == "one image in backward":
            return gy[:1].reshape(1, *self.shape[1:])
        return gy.reshape(self.shape)


def linear(fault, shape=(3, 4), units=2, dtype="float64"):
    x = normal(*shape).astype(dtype)
    return Case(built(Linear(units, fault), x), x)


def square(fault):
    return linear(fault, units=4)


def one_image(fault):
    return linear(fault, (1, 4))


def in_float32(fault):
    return linear(fault, dtype="float32")


def affine(fault):
    return Case(Affine(normal(12, 2), normal(2), fault), normal(3, 2, 2, 3))


def flatten(fault, images=3):
    return Case(Flatten(fault), normal(images, 2, 2, 3))


BOOK = "dense, book's class"
MUTANTS = [
    Mutant("dense", "gb is a mean", "gb", one_image, "N = 1"),
    Mutant("dense", "gW transposed", "gW", square, "D = M"),
    Mutant("dense", "gW of image 0", "gW", one_image, "N = 1"),
    Mutant("dense", "gW accumulates", "repeatable", linear),
    Mutant("dense", "weight decay in gW", "gW", linear),
    Mutant("dense", "gb rounded to float32", "gb", linear),
    Mutant("dense", "clips gy", "linear", linear),
    Mutant("dense", "gx = gy W", "gx", square, "D = M"),
    Mutant("dense", "gx through a copy of W from build", "gx", linear),
    Mutant("dense", "updates W", "changes W", linear),
    Mutant("dense", "changes x", "changes x", linear),
    Mutant("dense", "clears x to save memory", "changes x", linear),
    Mutant("dense", "float64 b", "dtype", in_float32, "float32"),
    Mutant(BOOK, "dx in another order of the axes", "gx", affine),
    Mutant(BOOK, "db left at zero", "gparams[1]", affine),
    Mutant("flatten", "another order in backward", "gx", flatten),
    Mutant("flatten", "one image in backward", "gx", lambda f: flatten(f, 1), "N = 1"),
]
