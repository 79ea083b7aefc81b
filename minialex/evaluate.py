"""Measuring a network on labelled pictures, and finding where its numbers went wrong."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minialex.backend import Array, device, to_device, to_host, xp_of
from minialex.data.views import views as crops
from minialex.layers import SoftmaxCrossEntropy

if TYPE_CHECKING:
    from minialex.data import Dataset
    from minialex.data.pixels import Pixels
    from minialex.network import Sequential

BATCH = 256  # pictures scaled at a time; no result depends on it beyond the last digit


@dataclass(frozen=True)
class Evaluation:
    """The mean loss, the share of right answers, and the class predicted for each picture."""

    loss: float
    accuracy: float
    predicted: np.ndarray  # int64 (N,)


def evaluate(
    network: "Sequential", dataset: "Dataset", pixels: "Pixels", views: int = 1
) -> Evaluation:
    """Measure the network on a data set: no augmentation, no dropout.

    Parameters
    ----------
    network : Sequential
    dataset : Dataset
        Of pictures that are as large as the network sees them, or larger.
    pixels : Pixels
    views : int
        Crops of a picture whose probabilities are averaged: 1, 9 or 10 (`minialex.data.views`).

    Raises
    ------
    InputError
        The pictures are too small, or leave nothing to crop.
    """
    cross_entropy, total = SoftmaxCrossEntropy(), 0.0
    predicted = np.empty(len(dataset), np.int64)
    for start in range(0, len(dataset), BATCH):
        chosen = np.arange(start, min(start + BATCH, len(dataset)))
        logits = logits_of_views(network, pixels(dataset.images[chosen]), views)
        total += len(chosen) * float(cross_entropy.forward(logits, dataset.labels[chosen]))
        predicted[chosen] = logits.argmax(axis=1)
    accuracy = float((predicted == dataset.labels).mean())
    return Evaluation(total / len(dataset), accuracy, predicted)


def logits_of_views(network: "Sequential", x: Array, views: int = 1) -> Array:
    """Return logits whose softmax is the mean of the softmaxes of all views.

    x: (N, H, W, C) -> (N, classes), both on the host, wherever the network is. One view has the
    network's own logits; for more, these are the logarithms of the mean probabilities, as finite
    as the network's logits.
    """
    with device(network.device):
        x = to_device(x, network.device)
        xp = xp_of(x)
        each = [
            network.predict(xp.ascontiguousarray(view))
            for view in crops(x, network.input_shape[:2], views)
        ]
        return to_host(each[0] if views == 1 else log_mean_softmax(xp.stack(each)))


def log_mean_softmax(logits: Array) -> Array:
    """Return log(mean over views of softmax(logits)): (views, N, classes) -> (N, classes).

    >>> np.exp(log_mean_softmax(np.array([[[0.0, -1e4]], [[-1e4, 0.0]]])))
    array([[0.5, 0.5]])
    """
    xp = xp_of(logits)
    logits = logits - logits.max(axis=2, keepdims=True)
    log_p = logits - xp.log(xp.exp(logits).sum(axis=2, keepdims=True))
    largest = log_p.max(axis=0)
    return largest + xp.log(xp.exp(log_p - largest).mean(axis=0))


def accuracy_per_class(predicted: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the share of right answers among the pictures of each class; NaN where it has none.

    >>> accuracy_per_class(np.array([0, 1, 1]), np.array([0, 0, 1]), 2)
    array([0.5, 1. ])
    """
    pictures = np.bincount(labels, minlength=classes)
    right = np.bincount(labels[predicted == labels], minlength=classes)
    return np.divide(right, pictures, out=np.full(classes, np.nan), where=pictures > 0)


def confusion(predicted: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return how many pictures of class i were taken for class j: int (classes, classes).

    >>> confusion(np.array([0, 1, 1]), np.array([0, 0, 1]), 2)
    array([[1, 1],
           [0, 1]])
    """
    return np.bincount(labels * classes + predicted, minlength=classes**2).reshape(classes, classes)


def first_not_finite(network: "Sequential", x: Array) -> str:
    """Name the first thing on the way of `x` through the network that is NaN or infinite."""
    if not finite(x):
        return "the pictures"
    for layer in network.layers:
        for key, parameter in layer.params.items():
            if not finite(parameter):
                return f"the parameter {layer.name}.{key}"
        x = layer.forward(x)
        if not finite(x):
            return f"the output of {layer.name}"
    return "the loss"


def finite(array: Array) -> bool:
    """Tell whether no element is NaN or infinite."""
    return bool(to_host(xp_of(array).isfinite(array).all()))
