"""A layer to check: an object with forward and backward, whoever wrote it."""

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minialex.backend import Array, xp_of
from minialex.gradcheck.arrays import (
    Slot,
    attribute_slot,
    copied,
    differentiable,
    host,
    item_slot,
    items,
)
from minialex.gradcheck.randomness import Randomness
from minialex.gradcheck.subject import Subject, settings

TRAIN_FLAGS = ("train", "training", "train_flg", "is_training", "is_train")
GRADIENT_NAMES = ("d{}", "g{}", "grad_{}", "{}_grad")  # attributes with the gradient of W


class LayerSubject(Subject):
    """An object with forward(x) and backward(gy), and parameters where it has any.

    Parameters are found in `params` and `grads`, dictionaries with the same keys or lists of the
    same length; or in attributes that come with a gradient: W and dW, gW, grad_W or W_grad.
    """

    def __init__(
        self,
        layer: Any,
        inputs: Sequence[Any],
        train: bool | None = None,
        accumulates: bool = False,
        rngs: Sequence[Any] = (),
    ) -> None:
        names = ["x"] if len(inputs) == 1 else [f"x{i}" for i in range(len(inputs))]
        super().__init__(type(layer).__name__, inputs, names)
        self.layer, self.accumulates = layer, accumulates
        flag = train_flag(layer.forward)
        self.options = {} if flag is None or train is None else {flag: train}
        self.random = Randomness(layer, self.inputs, *rngs)
        self.params = self._find_params()

    def forward(self) -> Array:
        self.random.restore()
        return self.layer.forward(*self.inputs, **self.options)

    def backward(self, gy: Array) -> Any:
        before = {name: copied(g) for name, (_, g) in self._param_arrays().items()}
        self._before = before if self.accumulates else {}
        alone = np.ndim(gy) == 0 and not _needs_argument(self.layer.backward)
        return self.layer.backward() if alone else self.layer.backward(gy)

    def param_gradients(self, rest: Sequence[Array]) -> dict[str, Array]:
        found = {name: g for name, (_, g) in self._param_arrays().items()}
        for name, before in self._before.items():
            found[name] = found[name] - (0 if before is None else before)
        return found

    def slots(self) -> dict[str, Slot]:
        return super().slots() | {self.prefix + name: slot for name, slot in self.params.items()}

    def arrays(self) -> list[Slot]:
        return super().arrays() + items(getattr(self.layer, "grads", None))

    def with_layer(self, layer: Any, inputs: Sequence[Any]) -> "LayerSubject":
        """Return the same check of another layer."""
        train = next(iter(self.options.values()), None)
        return LayerSubject(layer, inputs, train, self.accumulates)

    def state(self) -> str:
        return "".join(f", {flag}={value}" for flag, value in self.options.items())

    def shown(self) -> list[str]:
        return settings(vars(self.layer))

    def _find_params(self) -> dict[str, Slot]:
        """Return the slots of the parameters; attributes only count if they survive a forward."""
        params, grads = getattr(self.layer, "params", None), getattr(self.layer, "grads", None)
        if isinstance(params, dict) and isinstance(grads, dict):
            return {key: item_slot(params, key) for key, p in params.items() if differentiable(p)}
        if isinstance(params, list) and isinstance(grads, list):
            return {f"params[{i}]": item_slot(params, i) for i in range(len(params))}
        return {name: attribute_slot(self.layer, name) for name in self._weight_attributes()}

    def _weight_attributes(self) -> list[str]:
        """Return the attributes that hold weights: arrays that forward only reads.

        What forward remembers, such as x beside dx, is another array after a call with another x.
        """
        before = {n: (a, copied(a)) for n, a in _attributes(self.layer) if differentiable(a)}
        kept, self.inputs = self.inputs, [_other(x) for x in self.inputs]
        try:
            self.backward(_ones_like(self.forward()))
        finally:
            self.inputs = kept
        after = dict(_attributes(self.layer))
        return [
            name
            for name, (array, value) in before.items()
            if after.get(name) is array
            and np.array_equal(host(array), host(value), equal_nan=True)
            and any(form.format(name) in after for form in GRADIENT_NAMES)
        ]

    def _param_arrays(self) -> dict[str, tuple[Array, Array | None]]:
        """Return parameter and gradient by name, as they are now."""
        found = {}
        for name, slot in getattr(self, "params", {}).items():
            grads = getattr(self.layer, "grads", None)
            if isinstance(grads, dict) and name in grads:
                gradient = grads[name]
            elif isinstance(grads, list) and name.startswith("params["):
                gradient = grads[int(name[7:-1])]
            else:
                after = dict(_attributes(self.layer))
                forms = (form.format(name) for form in GRADIENT_NAMES)
                gradient = next((after[form] for form in forms if form in after), None)
            found[name] = slot.get(), gradient
        return found


def is_ours(layer: Any) -> bool:
    """Tell whether this is a `minialex.layer.Layer`, without importing what that needs."""
    return any(c.__module__ == "minialex.layer" for c in type(layer).__mro__)


def train_flag(forward: Callable) -> str | None:
    """Return the name of forward's argument that says whether the network is in training."""
    known = inspect.signature(forward).parameters
    return next((flag for flag in TRAIN_FLAGS if flag in known), None)


def _attributes(layer: Any) -> list[tuple[str, Any]]:
    return list(getattr(layer, "__dict__", {}).items())


def _needs_argument(backward: Callable) -> bool:
    parameters = inspect.signature(backward).parameters.values()
    return any(p.default is p.empty and p.kind in (0, 1) for p in parameters)


def _other(x: Any) -> Any:
    return x * 1.25 + 0.125 if differentiable(x) else copy.copy(x)


def _ones_like(y: Array) -> Array:
    return xp_of(y).ones_like(y)
