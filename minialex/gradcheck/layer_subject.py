"""A layer to check: an object with forward and backward, whoever wrote it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minialex.backend import Array, xp_of
from minialex.errors import InputError
from minialex.gradcheck.arrays import Slot, copied, differentiable, host
from minialex.gradcheck.reach import attributes
from minialex.gradcheck.returned import SPELLINGS, spelt
from minialex.gradcheck.subject import Subject, argument_names, parameters

TRAIN_FLAGS = ("train", "training", "train_flg", "is_training", "is_train")


class LayerSubject(Subject):
    """An object with forward(x) and backward(gy), and parameters where it has any.

    Parameters are found in `params`, a dictionary or list, beside `grads` of the same form; or in
    attributes. Their gradients are in `grads`, in attributes (of W: dW, gW, grad_W, W_grad), or
    returned behind gx.
    """

    def __init__(
        self,
        layer: Any,
        inputs: Sequence[Any],
        train: bool | None = None,
        accumulates: bool = False,
        rngs: Sequence[Any] = (),
    ) -> None:
        self.layer, self.accumulates = layer, accumulates
        names = ["x"] if len(inputs) == 1 else argument_names(layer.forward, len(inputs))
        super().__init__(type(layer).__name__, inputs, names, rngs)
        flag = train_flag(layer.forward)
        self.options = {} if flag is None or train is None else {flag: train}
        known = parameters(layer.backward)
        needed = [p for p in known or () if p.default is p.empty and p.kind in (0, 1)]
        self.needs_gy = known is None or bool(needed)
        self.sizes_before = sizes_known(layer)
        self.params = self._find_params()

    @property
    def roots(self) -> list[Any]:
        return [*super().roots, self.layer]

    def forward(self) -> Array:
        self.random.restore()
        y = self.layer.forward(*self.inputs, **self.options)
        if isinstance(y, tuple):
            raise InputError(f"{self.name}.forward returns {len(y)} things: a layer returns one")
        return y

    def backward(self, gy: Array) -> Any:
        old = {name: self._gradient(name) for name in self.params if self.accumulates}
        self._before = {name: copied(g) for name, g in old.items() if g is not None}
        return self.layer.backward(gy) if np.ndim(gy) or self.needs_gy else self.layer.backward()

    def param_gradients(self, rest: Sequence[Array]) -> dict[str, Array]:
        found = {name: self._gradient(name) for name in self.params}
        if rest and len(rest) == len(found) and all(g is None for g in found.values()):
            found = dict(zip(found, rest, strict=True))
        if missing := [name for name, g in found.items() if g is None]:
            raise InputError(f"it leaves no gradient of {' and '.join(missing)}")
        return found | {name: found[name] - before for name, before in self._before.items()}

    def slots(self) -> dict[str, Slot]:
        return super().slots() | {self.prefix + name: slot for name, slot in self.params.items()}

    def arrays(self) -> list[Array]:
        gradients = [self._gradient(name) for name in self.params]
        return super().arrays() + [g for g in gradients if differentiable(g)]

    def with_layer(self, layer: Any) -> "LayerSubject":
        """Return the same check of another layer."""
        train = next(iter(self.options.values()), None)
        return LayerSubject(layer, self.inputs, train, self.accumulates, self.rngs)

    def state(self) -> str:
        return "".join(f", {flag}={value}" for flag, value in self.options.items())

    def settings(self) -> dict[str, Any]:
        return attributes(self.layer)

    def _find_params(self) -> dict[str, Slot]:
        """Return the slots of the parameters, by name."""
        params = getattr(self.layer, "params", None)
        if isinstance(params, dict) and params:
            keys = {key: key for key in params}
        elif isinstance(params, list):
            keys = {f"params[{i}]": i for i in range(len(params))}
        else:
            return {name: Slot(self.settings, name) for name in self._weights()}
        kept = {name: key for name, key in keys.items() if differentiable(params[key])}
        return {name: Slot(lambda: self.layer.params, key) for name, key in kept.items()}

    def _weights(self) -> list[str]:
        """Return the attributes that hold parameters: arrays that both passes only read, and of
        which there is a gradient.

        What forward remembers, such as x beside dx, is another array after a call with another x.
        """
        before = {n: a for n, a in attributes(self.layer).items() if differentiable(a)}
        if not before:
            return []
        values = {name: np.array(host(array)) for name, array in before.items()}
        returned, after = self._passes_of_another_x()
        read = [
            name
            for name, array in before.items()
            if after.get(name) is array
            and np.array_equal(host(array), values[name], equal_nan=True)
        ]
        found = [name for name in read if spelt(after, name) is not None]
        behind_gx = list(returned)[len(self._places) :] if isinstance(returned, tuple) else []
        if not found and len(behind_gx) == len(read):
            return read
        gradients = {form.format(name) for name in after for form in SPELLINGS}
        if others := [name for name in read if name not in {*found, *gradients}]:
            self.notes.append(f"not checked, as no gradient is found of it: {', '.join(others)}")
        return found

    def _passes_of_another_x(self) -> tuple[Any, dict[str, Any]]:
        """Return what backward returns for an x in the same domain, and the attributes then."""
        kept, self.params = self.inputs, {}
        self.inputs = [copied(0.875 * x) if differentiable(x) else x for x in kept]
        try:
            with np.errstate(all="ignore"):
                y = self.forward()
                return self.backward(xp_of(y).ones_like(y)), attributes(self.layer)
        finally:
            self.inputs = kept

    def _gradient(self, name: str) -> Array | None:
        """Return the gradient of a parameter that the last backward left; None if there is none."""
        grads = getattr(self.layer, "grads", None)
        if isinstance(grads, dict) and name in grads:
            return grads[name]
        if isinstance(grads, list) and name.startswith("params["):
            return grads[int(name[7:-1])]
        holder = grads if isinstance(grads, dict) else attributes(self.layer)
        return spelt(holder, name)


def sizes_known(layer: Any) -> set[int]:
    """Return the whole numbers in a layer's attributes, also those in tuples and lists."""
    known = [v for v in attributes(layer).values() if type(v) is int]
    for value in attributes(layer).values():
        if isinstance(value, (tuple, list)):
            known += [v for v in value if type(v) is int]
    return set(known)


def is_ours(layer: Any) -> bool:
    """Tell whether this is a `minialex.layer.Layer`, without importing what that needs."""
    return any(c.__module__ == "minialex.layer" for c in type(layer).__mro__)


def train_flag(forward: Callable) -> str | None:
    """Return the name of forward's argument that says whether the network is in training."""
    known = [p.name for p in parameters(forward) or []]
    return next((flag for flag in TRAIN_FLAGS if flag in known), None)
