"""Softmax and losses: (N, classes) with integer labels."""

import numpy as np

from mutants.case import Case, Mutant, normal


class Softmax:
    """y_i = exp(x_i) / sum over j of exp(x_j)."""

    def __init__(self, fault=None):
        self.fault = fault

    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=1, keepdims=True)
        return self.y * 1

    def backward(self, gy):
        y = self.y
        if self.fault == "no cross term":
            return gy * y * (1 - y)
        if self.fault == "sum over the batch":
            return y * (gy - (gy * y).sum(axis=0, keepdims=True))
        if self.fault == "spoils its y":
            y -= y * (gy * y).sum(axis=1, keepdims=True)
            return gy * y
        return y * (gy - (gy * y).sum(axis=1, keepdims=True))


class SoftmaxWithLoss:
    """Mean cross-entropy as a layer; backward takes no gradient, as it is the last."""

    def __init__(self, fault=None):
        self.fault = fault

    def forward(self, x, t):
        self.t = t
        shifted = x - x.max(axis=1, keepdims=True)
        self.p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
        if self.fault == "log of p + 1e-2":
            return -np.log(self.p[np.arange(len(t)), t] + 1e-2).mean()
        return -np.log(self.p[np.arange(len(t)), t]).mean()

    def backward(self, dout=1):
        fault, t, N = self.fault, self.t, len(self.t)
        p = self.p if fault == "spoils its probabilities" else self.p.copy()
        if fault == "labels off by one":
            t = t - 1
        if fault == "label of image 0 for all":
            t = t[:1].repeat(N)
        p[np.arange(N), t] -= 1
        return p if fault == "not divided by N" else p / N


def svm_loss(fault):
    """loss, grads = f(x, y), both at once: the hinge loss of CS231n."""

    def hinge(x, y):
        N = len(x)
        rows = np.arange(N)
        margins = np.maximum(0, x - x[rows, y][:, None] + 1)
        margins[rows, y] = 0
        dx = (margins > 0).astype(x.dtype)
        if fault != "the right class gets no gradient":
            dx[rows, y] -= dx.sum(axis=1)
        return margins.sum() / N, dx / (len(x[0]) if fault == "divided by the classes" else N)

    return hinge, None


def regularised(fault):
    """loss, grads = f(x, w, y): a linear softmax classifier with 0.5 * reg * sum of w^2."""

    def classifier(x, w, y):
        logits = x @ w
        shifted = logits - logits.max(axis=1, keepdims=True)
        p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
        loss = -np.log(p[np.arange(len(y)), y]).mean() + 0.5 * 0.1 * (w * w).sum()
        p[np.arange(len(y)), y] -= 1
        reg = 0.2 if fault == "factor 2 in the regulariser" else 0.1
        return loss, (p @ w.T / len(y), x.T @ p / len(y) + reg * w)

    return classifier, None


def mean_square(fault):
    """loss, grads = f(x, t): mean of (x - t)^2; t is an array of numbers too."""

    def square(x, t):
        d = x - t
        factor = 1 if fault == "factor 2 missing" else 2
        return (d * d).mean(), (factor * d / d.size, -2 * d / d.size)

    return square, None


LABELS = np.array([2, 0, 3])


def softmax(fault):
    return Case(Softmax(fault), normal(3, 4))


def square_softmax(fault):
    return Case(Softmax(fault), normal(4, 4))


def entropy(fault, images=3):
    return Case(SoftmaxWithLoss(fault), normal(images, 4), LABELS[:images])


def one_image(fault):
    return entropy(fault, 1)


def hinge(fault, images=3):
    return Case(svm_loss(fault), normal(images, 4), LABELS[:images])


def as_many_classes(fault):
    return Case(svm_loss(fault), normal(4, 4), np.array([2, 0, 3, 1]))


def classifier(fault):
    return Case(regularised(fault), normal(3, 4), normal(4, 4), LABELS)


def squares(fault):
    return Case(mean_square(fault), normal(3, 4), normal(4, 3).reshape(3, 4) / 2)


ENTROPY = "softmax with cross-entropy"
MUTANTS = [
    Mutant("softmax", "no cross term", "gx", softmax),
    Mutant("softmax", "sum over the batch", "gx", square_softmax),
    Mutant("softmax", "spoils its y", "repeatable", softmax),
    Mutant(ENTROPY, "not divided by N", "gx", one_image, "N = 1"),
    Mutant(ENTROPY, "labels off by one", "gx", entropy),
    Mutant(ENTROPY, "label of image 0 for all", "gx", one_image, "N = 1"),
    Mutant(ENTROPY, "spoils its probabilities", "repeatable", entropy),
    Mutant(ENTROPY, "log of p + 1e-2", "gx", entropy),
    Mutant("hinge loss", "the right class gets no gradient", "dx", hinge),
    Mutant("hinge loss", "divided by the classes", "dx", as_many_classes, "N = classes"),
    Mutant("classifier with decay", "factor 2 in the regulariser", "dw", classifier),
    Mutant("mean square", "factor 2 missing", "dx", squares),
]
