"""Exercise 13: a training loop, and the first thing to ask of it."""

import math

import numpy as np

from minialex.data.shapes import shapes
from minialex.exercises.drawn import Wrong, expect
from minialex.layers import Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU, SoftmaxCrossEntropy
from minialex.network import Sequential
from minialex.optim import SGD

LR = 0.05


def network(dropout: float = 0.0) -> Sequential:
    """Return a small network of the course; equal ones for equal arguments."""
    head = [Dropout(dropout)] if dropout else []
    layers = [
        Conv2d(8, 5, stride=2, pad=2), ReLU(), MaxPool2d(3, 2), Flatten(), *head,
        Linear(32), ReLU(), Linear(10),
    ]  # fmt: skip
    return Sequential(layers, (16, 16, 3), dtype="float64")


def pictures(count: int = 32) -> tuple[np.ndarray, np.ndarray]:
    data = shapes(count, 16)
    return (data.images[:] - 128.0) / 64, data.labels


def step(answer, net: Sequential, x: np.ndarray, labels: np.ndarray) -> float:
    optimiser = SGD(net.params, momentum=0.9, weight_decay=0)
    return answer.train_step(net, SoftmaxCrossEntropy(), optimiser, x, labels, LR)


def right_step(net: Sequential, x: np.ndarray, labels: np.ndarray) -> float:
    """Take the step by the formula: with no velocity yet, w - lr dL/dw."""
    logits = net.forward(x, train=True)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = float(-np.log(p[np.arange(len(x)), labels]).mean())
    net.backward((p - np.eye(10)[labels]) / len(x))
    for name, w in net.params.items():
        w -= LR * net.grads[name]
    return loss


def compare(answer, dropout: float, hint: str) -> None:
    """Take a step both ways from the same weights, and compare loss and weights."""
    x, labels = pictures()
    right, theirs = network(dropout), network(dropout)
    wanted, kept = right_step(right, x, labels), x.copy()
    loss = step(answer, theirs, x, labels)
    if not np.array_equal(kept, x):
        raise Wrong("train_step changed x, which belongs to the caller")
    before = f"The loss of the batch, before the weights move. {hint}"
    expect(loss, wanted, "train_step(...)", before)
    for name, w in right.params.items():
        start = network(dropout).params[name]
        if np.array_equal(theirs.params[name], start):
            raise Wrong(f"{name} did not move: is optimiser.step called with network.grads?")
        expect(theirs.params[name], w, f"{name} after one train_step: ", hint)


def check_step(answer) -> None:
    """one step: the loss before it, and weights moved down the gradient"""
    compare(answer, 0.0, "Forward, loss, both backward passes, and only then the update.")


def check_train(answer) -> None:
    """the step of a network with dropout, which is random while training"""
    compare(answer, 0.5, "Dropout drops nothing unless forward is told to train.")


def check_overfit(answer) -> None:
    """32 pictures are learnt by heart, from ln 10 to almost 0"""
    x, labels = pictures()
    net = network()
    losses = answer.overfit(net, x, labels, LR, 60)
    if losses is None:
        raise Wrong("overfit(...) returned None: is it written yet?")
    if len(losses) != 60:
        raise Wrong(f"overfit(..., steps=60) returned {len(losses)} losses: one for each step")
    if not 0.5 * math.log(10) < losses[0] < 2 * math.log(10):
        raise Wrong(
            f"the first loss is {losses[0]:.3g}; a network that knows nothing has about ln 10 = 2.3"
        )
    right = (net.predict(x).argmax(axis=1) == labels).mean()
    if losses[-1] > 0.05 or right < 1:
        raise Wrong(
            f"after 60 steps the loss is {losses[-1]:.3g} and {100 * right:.0f} % of the pictures "
            "are right. All steps take the same optimiser, whose velocity must live on"
        )


CHECKS = (check_step, check_train, check_overfit)
