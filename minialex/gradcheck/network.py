"""Whole networks: every parameter at once."""

from typing import Any

import numpy as np

from minialex.backend import Array
from minialex.errors import InputError
from minialex.gradcheck.arrays import Slot, copied, differentiable, host
from minialex.gradcheck.case import Case
from minialex.gradcheck.layer_subject import LayerSubject
from minialex.gradcheck.report import GradientMismatch, Report
from minialex.gradcheck.restore import left_as_found
from minialex.gradcheck.returned import Gradients

FEW = 8  # elements of a parameter that are looked at one by one


class NetworkSubject(LayerSubject):
    """A network: its parameters are what is differentiated, and its backward returns nothing.

    They are found in `params` and `grads` of its `layers`, or of itself.
    """

    float32_too = False  # where rounding decides a near tie in pooling, its gradients are others
    in_sequence = True

    def __init__(self, network: Any, x: Array, train: bool) -> None:
        super().__init__(network, [x], train)
        self.name = getattr(network, "name", self.name)
        self.backward_name = f"{self.name}.backward"

    def slots(self) -> dict[str, Slot]:
        return {f"g{name}": slot for name, slot in self.params.items()}

    def arrays(self) -> list[Array]:
        return [*super().arrays(), *filter(differentiable, self.inputs)]

    def gradients(self, gy: Array) -> dict[str, Array]:
        self.backward(gy)
        return {f"g{name}": copied(g) for name, g in self.param_gradients([]).items()}

    def owners(self) -> dict[str, list[str]]:
        """Return the names of the parameters of every layer, in the order of forward."""
        return {
            name: [f"{name}.{key}" if name else key for key in getattr(layer, "params", {})]
            for name, layer in self.holders.items()
        }

    def _find_params(self) -> dict[str, Slot]:
        layers = list(getattr(self.layer, "layers", None) or [])
        if not any(_has_params(layer) for layer in layers):
            layers = [self.layer]
        self.holders: dict[str, Any] = {}
        for i, layer in enumerate(layers):
            name = _name(layer, i, self.layer)
            while name in self.holders:
                name += f"_{i}"
            self.holders[name] = layer
        self.places = {
            f"{name}.{key}" if name else key: (layer, key)
            for name, layer in self.holders.items()
            if _has_params(layer)
            for key in layer.params
        }
        return {name: _slot(*place) for name, place in self.places.items()}

    def _gradient(self, name: str, rest: Gradients = ()) -> Array | None:
        layer, key = self.places[name]
        return getattr(layer, "grads", {}).get(key)


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
    with left_as_found(network):
        subject = NetworkSubject(network, copied(x), train)
        if not subject.params:
            raise InputError(
                f"{subject.name} has no parameters to check: they are looked for in dictionaries "
                "params and grads, of the network or of its layers"
            )
        gy = None if labels is None else _of_cross_entropy(subject.forward(), labels)
        state, rng = subject.state().removeprefix(", "), np.random.default_rng([seed, 1])
        report = Report(subject.name)
        replay = f"check_network(..., seed={seed})"
        case = Case(subject, state or "as given", "auto", rng, gy, FEW)
        report.problems += case.run(report, replay)
        if suspects := _suspects(subject, report):
            report.note(f"the mistake is in the backward of {' or '.join(suspects)}")
    if raises and not report.ok:
        raise GradientMismatch(report)
    return report


def _suspects(subject: NetworkSubject, report: Report) -> list[str]:
    """Return the layers among which a mistake must be.

    Gradients behind it are right, and all before it are wrong. So it is in the last layer with a
    wrong gradient or behind that, up to the first with right ones, whose gx may be wrong.
    """
    wrong = {row.name.removeprefix("g") for row in report.checked if row.wrong}
    layers = list(subject.owners().items())
    last = max((i for i, (_, own) in enumerate(layers) if wrong & {*own}), default=None)
    if last is None or len(layers) < 2:
        return []
    if any(own and not wrong & {*own} for _, own in layers[:last]):
        return [layers[last][0]]  # what it passes on is right
    behind = next((i for i, (_, own) in enumerate(layers) if i > last and own), len(layers) - 1)
    return [name for name, _ in layers[last : behind + 1]]


def _slot(layer: Any, key: str) -> Slot:
    return Slot(lambda: layer.params, key)


def _has_params(layer: Any) -> bool:
    return isinstance(getattr(layer, "params", None), dict) and bool(layer.params)


def _name(layer: Any, index: int, network: Any) -> str:
    """Return a layer's name; "" for a network that holds the parameters itself."""
    if layer is network:
        return ""
    return getattr(layer, "name", "") or f"{type(layer).__name__}{index}"


def _of_cross_entropy(logits: Array, labels: Array) -> np.ndarray:
    """Return (softmax(logits) - one-hot) / N."""
    logits, labels = host(logits).astype(np.float64), host(labels)
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    p[np.arange(len(p)), labels] -= 1
    return p / len(p)
