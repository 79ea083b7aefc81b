"""A layer to check: an object with forward and backward, whoever wrote it."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from minialex.backend import Array, xp_of
from minialex.errors import InputError
from minialex.gradcheck.arrays import Slot, copied, differentiable
from minialex.gradcheck.reach import attributes, leaves, only_read, sizes_known
from minialex.gradcheck.restore import left_as_found
from minialex.gradcheck.returned import Gradients, by_name, named, spellings, spelt
from minialex.gradcheck.subject import Subject, argument_names, is_ours, parameters, train_flag


class LayerSubject(Subject):
    """An object with forward(x) and backward(gy), and parameters where it has any.

    Parameters are found in `params`, a dictionary, list or tuple, or in attributes. Their gradients
    are in `grads` of the same form, in attributes (of W: dW, gW, grad_W, W_grad), or returned
    behind gx, one by one or in a dictionary. What else both passes read is named in `notes`.
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
        if len(needed) > 1:
            raise InputError(
                f"{self.backward_name} takes {needed[1].name} too: give it a default, or keep it "
                "in an attribute"
            )
        self.needs_gy = known is None or bool(needed)
        self.sizes_before = sizes_known(layer)
        self._make_params()
        self.params = self._find_params()

    @property
    def roots(self) -> list[Any]:
        return [*super().roots, self.layer]

    def forward(self) -> Array:
        self.random.restore()
        y = self.layer.forward(*self.inputs, **self.options)
        if isinstance(y, tuple):
            raise InputError(f"{self.name}.forward returns {len(y)} things: a layer returns one")
        if y is None:
            raise InputError(f"{self.name}.forward returns None: where does it return y?")
        return y

    def backward(self, gy: Array) -> Any:
        old = {name: self._gradient(name) for name in self.params if self.accumulates}
        self._before = {name: copied(g) for name, g in old.items() if g is not None}
        if np.ndim(gy) and not self.needs_gy:
            raise InputError(
                f"{self.backward_name} takes no gy: only a loss, whose y is a number, needs none"
            )
        return self.layer.backward(gy) if np.ndim(gy) or self.needs_gy else self.layer.backward()

    def param_gradients(self, rest: Gradients) -> dict[str, Array]:
        found = {name: self._gradient(name, rest) for name in self.params}
        unnamed = all(g is None for g in found.values())
        if unnamed and not isinstance(rest, dict) and len(rest) == len(found):
            found = self._in_order(rest)
        if missing := [name for name, g in found.items() if g is None]:
            raise InputError(f"it leaves no gradient of {' and '.join(missing)}")
        return found | {name: found[name] - before for name, before in self._before.items()}

    def _in_order(self, gradients: Sequence[Array]) -> dict[str, Array]:
        """Return gradients by parameter: in the order of these, or in the one that shapes tell."""
        shapes = {name: slot.get().shape for name, slot in self.params.items()}
        by_shape = {np.shape(g): g for g in gradients}
        if len(by_shape) == len(gradients) and by_shape.keys() == set(shapes.values()):
            return {name: by_shape[shape] for name, shape in shapes.items()}
        return dict(zip(shapes, gradients, strict=True))

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

    def _make_params(self) -> None:
        """Run forward once where that makes parameters: arrays that were not there, and stay."""
        if is_ours(self.layer):
            return
        given, made = leaves(self.layer), set()
        with left_as_found(self.layer), suppress(Exception):  # the check itself will say why
            first, second = (self._leaves_behind(factor) for factor in (1.0, 0.875))
            made = {name for name, array in first.items() if array is second.get(name)}
        if made - given.keys():
            self._leaves_behind(1.0)

    def _leaves_behind(self, factor: float) -> dict[str, Array]:
        """Return the arrays that the layer leads to after forward of another x."""
        with self._another_x(factor):
            self.forward()
        return leaves(self.layer)

    def _find_params(self) -> dict[str, Slot]:
        """Return the slots of the parameters, by name."""
        params = getattr(self.layer, "params", None)
        if isinstance(params, dict) and params:
            keys: dict[str, Any] = {str(key): key for key in params}
        elif isinstance(params, (list, tuple)) and params:
            keys = {f"params[{i}]": i for i in range(len(params))}
        else:
            return {name: Slot(self.settings, name) for name in self._weights()}
        kept = {name: key for name, key in keys.items() if differentiable(params[key])}
        self._leave_out("it is no array of floats", keys.keys() - kept.keys())
        return {name: Slot(lambda: self.layer.params, key) for name, key in kept.items()}

    def _weights(self) -> list[str]:
        """Return the attributes that hold parameters: arrays that both passes only read, and of
        which there is a gradient.
        """
        own = attributes(self.layer)
        if not leaves(self.layer) and not any(type(value) is float for value in own.values()):
            return []
        read, equal, rest = only_read(self.layer, self._passes_of_another_x)
        mine = [name for name in read if name in own]
        known = [name for name in own if name in {*read, *equal}]
        found = [name for name in known if self._gradient(name, rest) is not None]
        if not found and not isinstance(rest, dict) and len(rest) == len(mine):
            found = mine
        gradients = {gradient for name in leaves(self.layer) for gradient in spellings(name)}
        self._leave_out("no gradient is found of it", set(read) - {*found, *gradients})
        numbers = {name for name, value in own.items() if type(value) is float}
        self._leave_out("it is a number", {n for n in numbers if spelt(own, n) is not None})
        return found

    def _leave_out(self, why: str, names: Collection[str]) -> None:
        if names:
            self.notes.append(f"not checked, as {why}: {', '.join(sorted(names))}")

    def _passes_of_another_x(self, factor: float) -> Gradients:
        """Run both passes; return what stands behind gx.

        Where that raises, the check itself will say so.
        """
        self.params = {}
        with suppress(Exception), self._another_x(factor):
            y = self.forward()
            returned = self.backward(factor * xp_of(y).ones_like(y))
            return by_name(returned, self.inputs, self.input_names)[1]
        return []

    @contextmanager
    def _another_x(self, factor: float) -> Iterator[None]:
        """For a while, take an x in the same domain: copies, since forward may change it."""
        kept = self.inputs
        self.inputs = [copied(factor * x) if differentiable(x) else x for x in kept]
        try:
            with np.errstate(all="ignore"):
                yield
        finally:
            self.inputs = kept

    def _gradient(self, name: str, rest: Gradients = ()) -> Array | None:
        """Return the gradient of a parameter that the last backward left; None if there is none.

        Where backward returned a dictionary behind gx, it is `rest`.
        """
        grads = getattr(self.layer, "grads", None)
        if isinstance(grads, (list, tuple)) and name.startswith("params["):
            return dict(enumerate(grads)).get(int(name[7:-1]))
        for gradients in (rest, grads):
            if isinstance(gradients, dict):
                by_text = {str(key): g for key, g in gradients.items()}
                if (g := named(by_text, name)) is not None:
                    return g
        return spelt(attributes(self.layer), name)
