"""Dropout: the same random numbers must serve both passes."""

import numpy as np

from mutants.case import Case, Mutant, normal


class Dropout:
    """Inverted: training divides by 1 - p; test does nothing. Any shape."""

    def __init__(self, p=0.3, fault=None):
        self.p, self.fault = p, fault
        self.rng = np.random.default_rng(0)
        self.mask = None

    def forward(self, x, train=True):
        if self.fault == "a new generator in every forward":
            self.rng = np.random.default_rng()
        if train:
            self.mask = self.rng.random(x.shape) >= self.p
        elif self.fault != "mask of training kept at test":
            self.mask = None
        if self.mask is None or not train:
            return x * 1
        return x * self.mask / (1 - self.p)

    def backward(self, gy):
        fault, mask, p = self.fault, self.mask, self.p
        if mask is None:
            return gy * 1
        if fault == "backward without 1 / (1 - p)":
            return gy * mask
        if fault == "a new mask in backward":
            mask = self.rng.random(gy.shape) >= p
        if fault == "p for 1 - p in backward":
            return gy * mask / p
        if fault == "mask of image 0 for all":
            mask = mask[:1]
        return gy * mask / (1 - p)


class BookDropout:
    """As in "Deep Learning from Scratch": the mask from NumPy's own generator, test scales."""

    def __init__(self, dropout_ratio=0.5, fault=None):
        self.dropout_ratio, self.fault = dropout_ratio, fault

    def forward(self, x, train_flg=True):
        if train_flg:
            self.mask = np.random.rand(*x.shape) > self.dropout_ratio  # noqa: NPY002
            return x * self.mask
        self.mask = 1.0 - self.dropout_ratio
        if self.fault == "test scales forward only":
            self.mask = 1.0
        return x * (1.0 - self.dropout_ratio)

    def backward(self, dout):
        return dout * self.mask


def dropout(fault, images=3):
    return Case(Dropout(fault=fault), normal(images, 8))


def one_image(fault):
    return dropout(fault, 1)


def book(fault):
    return Case(BookDropout(fault=fault), normal(3, 8))


MUTANTS = [
    Mutant("dropout", "backward without 1 / (1 - p)", "gx", dropout),
    Mutant("dropout", "a new mask in backward", "gx", dropout),
    Mutant("dropout", "p for 1 - p in backward", "gx", dropout),
    Mutant("dropout", "mask of image 0 for all", "gx", one_image, "N = 1"),
    Mutant("dropout", "mask of training kept at test", "gx", dropout),
    Mutant("dropout", "a new generator in every forward", "random", dropout),
    Mutant("dropout, book's class", "test scales forward only", "gx", book),
]
