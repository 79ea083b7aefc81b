"""Softmax, and the loss that a classifier is trained with."""

from typing import ClassVar

import numpy as np

from minialex.backend import Array, xp_of
from minialex.errors import InputError
from minialex.layer import Layer


class Softmax(Layer):
    """y_i = exp(x_i) / sum over j of exp(x_j), along the last axis."""

    kind = "softmax"

    def forward(self, x: Array, train: bool = False) -> Array:
        self.y = softmax(x)
        return self.y

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        """gx = y (gy - sum over j of gy_j y_j): the Jacobian is diag(y) - y y^T."""
        if not need_gx:
            return None
        return self.y * (gy - (gy * self.y).sum(axis=-1, keepdims=True))


class SoftmaxCrossEntropy:
    """The loss -log softmax(logits)[label], mean over the batch.

    logits: (N, classes), labels: (N,) integers. The gradient is (softmax(logits) - one-hot) / N.
    """

    gradcheck_example: ClassVar = {"x": (4, 6), "labels": 6}

    def forward(self, logits: Array, labels: Array) -> Array:
        """Return the mean loss, a scalar of the logits' dtype, and count `correct` answers.

        Raises
        ------
        InputError
            The batch is empty, labels and logits differ in number, or a label is no class.
        """
        xp, (batch, classes) = xp_of(logits), logits.shape
        if batch == 0 or labels.shape != (batch,):
            raise InputError(f"loss: labels of shape {labels.shape} for logits {logits.shape}")
        if isinstance(labels, np.ndarray) and not 0 <= labels.min() <= labels.max() < classes:
            wrong = labels[(labels < 0) | (labels >= classes)][0]
            raise InputError(
                f"loss: label {wrong} is not one of the {classes} classes 0 to "
                f"{classes - 1}: check the labels or the model's number of classes"
            )
        shifted = logits - logits.max(axis=1, keepdims=True)  # exp never overflows
        log_sum = xp.log(xp.exp(shifted).sum(axis=1))
        self.row, self.labels = xp.arange(batch), labels
        self.probabilities = xp.exp(shifted - log_sum[:, None])
        self.correct = (logits.argmax(axis=1) == labels).sum()
        return (log_sum - shifted[self.row, labels]).mean()

    def backward(self) -> Array:
        """Return glogits."""
        glogits = self.probabilities.copy()
        glogits[self.row, self.labels] -= 1
        glogits /= len(glogits)
        return glogits


def softmax(x: Array) -> Array:
    """Return the softmax along the last axis, stable at any x.

    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    xp = xp_of(x)
    e = xp.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
