"""Whole networks: every parameter at once."""

from typing import Any

import numpy as np

from minialex.backend import Array, xp_of
from minialex.errors import InputError
from minialex.gradcheck.arrays import Slot, host, item_slot, items
from minialex.gradcheck.case import Case
from minialex.gradcheck.layer_subject import LayerSubject
from minialex.gradcheck.report import GradientMismatch, Report

FEW = 16  # elements of a parameter that central differences look at


class NetworkSubject(LayerSubject):
    """A network: its parameters are what is differentiated, and its backward returns nothing.

    They are found in `params` and `grads` of its `layers`, or of itself.
    """

    float32_too = False  # where rounding decides a near tie in pooling, its gradients are others

    def __init__(self, network: Any, x: Array, train: bool) -> None:
        layers = getattr(network, "layers", None)
        self.holders = {f"{layer.name}.": layer for layer in layers} if layers else {"": network}
        super().__init__(network, [x], train)
        self.name = getattr(network, "name", self.name)
        self.backward_name = f"{self.name}.backward"

    def _find_params(self) -> dict[str, Slot]:
        return {
            prefix + key: item_slot(holder.params, key)
            for prefix, holder in self.holders.items()
            for key in holder.params
        }

    def slots(self) -> dict[str, Slot]:
        return {f"g{name}": slot for name, slot in self.params.items()}

    def arrays(self) -> list[Slot]:
        grads = [slot for holder in self.holders.values() for slot in items(holder.grads)]
        return [item_slot(self.inputs, 0), *self.params.values(), *grads]

    def gradients(self, gy: Array) -> dict[str, Array]:
        self.backward(gy)
        return {
            f"g{prefix}{key}": xp_of(g).array(g)
            for prefix, holder in self.holders.items()
            for key, g in holder.grads.items()
        }


def check_network(
    network: Any,
    x: Array,
    labels: Array | None = None,
    *,
    seed: int = 0,
    train: bool = True,
    raises: bool = True,
) -> Report:
    """Check the gradients of all parameters of a network.

    Element by element would take an evaluation a parameter. The derivative along a random
    direction takes one for a whole array, and a wrong gradient has no chance to look right along
    two of them; where one does not, bisection leads to wrong elements.

    Parameters
    ----------
    network : object
        With forward(x[, train]), backward(gy), and dictionaries `params` and `grads`.
    x : (N, ...)
    labels : int (N,), optional
        gy is then the gradient of the mean cross-entropy of the outputs; without, random.
    seed : int
        Decides the directions and gy.
    train : bool
        Dropout draws the same mask in every evaluation.
    raises : bool

    Returns
    -------
    Report
        `checked` has a row for every parameter.

    Raises
    ------
    GradientMismatch
        A gradient is wrong, unless `raises` is False.
    InputError
        The network has no parameters.
    """
    subject = NetworkSubject(network, xp_of(x).array(x), train)
    if not subject.params:
        raise InputError(f"{subject.name} has no parameters to check")
    gy = None if labels is None else _of_cross_entropy(subject.forward(), labels)
    state = subject.state().removeprefix(", ") or "as given"
    replay = f"check_network(..., seed={seed})"
    report = Report(subject.name)
    Case(subject, state, "auto", np.random.default_rng(seed), gy, FEW).run(report, replay)
    if raises and not report.ok:
        raise GradientMismatch(report)
    return report


def _of_cross_entropy(logits: Array, labels: Array) -> np.ndarray:
    """Return (softmax(logits) - one-hot) / N."""
    logits, labels = host(logits).astype(np.float64), host(labels)
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    p[np.arange(len(p)), labels] -= 1
    return p / len(p)
