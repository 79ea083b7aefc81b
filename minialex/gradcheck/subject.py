"""What is checked: something that runs forward and backward, whoever wrote it and in which form."""

import copy
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minialex.backend import Array
from minialex.errors import InputError
from minialex.gradcheck.arrays import Slot, copied, differentiable, item_slot
from minialex.gradcheck.randomness import Randomness


class Subject:
    """A pass forward, a pass backward, and the arrays they depend on.

    Attributes
    ----------
    name : str
    inputs : list
        Arrays and whatever else forward takes. Floating-point arrays are differentiated; integers
        (labels) are passed on.
    """

    prefix = "g"  # of a gradient's name: gW in a layer, dw in a pair of functions
    float32_too = True  # compare the passes in a given float32 with those in float64
    random: Randomness

    def __init__(self, name: str, inputs: Sequence[Any], names: Sequence[str]) -> None:
        self.name, self.inputs = name, list(inputs)
        self.backward_name = f"{name}.backward"
        self.input_names = [names[i] for i, x in enumerate(inputs) if differentiable(x)]
        self._places = [i for i, x in enumerate(inputs) if differentiable(x)]
        if not self._places:
            raise InputError(
                f"{name}: no input is a floating-point array, so there is no gradient to check"
            )

    def forward(self) -> Array:
        """Return y; equal calls draw equal random numbers."""
        raise NotImplementedError

    def backward(self, gy: Array) -> Any:
        """Return what the reader's backward returns."""
        raise NotImplementedError

    def gradients(self, gy: Array) -> dict[str, Array]:
        """Return copies of dL/d(input or parameter) after one backward pass, by gradient name."""
        returned = self.backward(gy)
        many = returned if isinstance(returned, (tuple, list)) else (returned,)
        if len(many) == len(self.inputs) and len(many) != len(self._places):
            many = [many[i] for i in self._places]  # None for the labels
        if len(many) < len(self._places):
            raise InputError(
                f"{self.name}.backward returned {len(many)} gradients for {len(self._places)} "
                f"inputs ({', '.join(self.input_names)})"
            )
        found = dict(zip(self.input_names, many, strict=False))
        found |= self.param_gradients(many[len(self._places) :])
        missing = [name for name, g in found.items() if g is None]
        if missing:
            raise InputError(f"{self.name}.backward left no gradient of {', '.join(missing)}")
        return {self.prefix + name: copied(g) for name, g in found.items()}

    def param_gradients(self, rest: Sequence[Array]) -> dict[str, Array]:
        """Return the gradients of the parameters that the last backward left."""
        return {}

    def slots(self) -> dict[str, Slot]:
        """Return everything that is differentiated, by gradient name: inputs, then parameters."""
        return {
            self.prefix + name: item_slot(self.inputs, i)
            for name, i in zip(self.input_names, self._places, strict=True)
        }

    def arrays(self) -> list[Slot]:
        """Return the slots of all inputs, parameters and arrays for gradients."""
        return list(self.slots().values())

    def with_inputs(self, inputs: Sequence[Any]) -> "Subject":
        """Return the same subject with other inputs of the same kinds."""
        other = copy.copy(self)
        other.inputs = list(inputs)
        return other

    def state(self) -> str:
        """Return ", train=True" or the like, for the name of a case."""
        return ""

    def shown(self) -> list[str]:
        """Return the settings worth a place in a message, such as "stride=2"."""
        return []


class FunctionSubject(Subject):
    """A pair of functions: out, cache = forward(*inputs, **options); grads = backward(dout, cache).

    With `backward=None`, forward is a loss that returns its gradients at once: loss, grads.
    """

    prefix = "d"

    def __init__(
        self,
        forward: Callable,
        backward: Callable | None,
        inputs: Sequence[Any],
        options: dict[str, Any],
        names: Sequence[str] | None = None,
        rngs: Sequence[Any] = (),
    ) -> None:
        super().__init__(
            getattr(forward, "__name__", "function"),
            inputs,
            names or _argument_names(forward, len(inputs)),
        )
        self.functions, self.options = (forward, backward), options
        self.backward_name = getattr(backward or forward, "__name__", "backward")
        self.random = Randomness(options, self.inputs, *rngs)

    def forward(self) -> Array:
        self.random.restore()
        returned = self.functions[0](*self.inputs, **self.options)
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise InputError(f"{self.name} must return two things: out, cache (or loss, gradients)")
        y, self.cache = returned
        return y

    def backward(self, gy: Array) -> Any:
        backward = self.functions[1]
        if backward is not None:
            return backward(gy, self.cache)
        grads = self.cache
        return tuple(grads.values()) if isinstance(grads, dict) else grads

    def shown(self) -> list[str]:
        dicts = [x for x in self.inputs if isinstance(x, dict)]
        return settings({key: v for d in (self.options, *dicts) for key, v in d.items()})


def settings(values: dict[str, Any]) -> list[str]:
    """Return small whole numbers and tuples of them as "name=value"."""
    return [
        f"{name}={value}".replace(" ", "")
        for name, value in values.items()
        if not name.startswith("_")
        and (type(value) is int or (isinstance(value, tuple) and 0 < len(value) <= 4))
        and all(type(v) is int for v in (value if isinstance(value, tuple) else (value,)))
    ]


@contextmanager
def held_as(subject: Subject, dtype: str) -> Iterator[None]:
    """Hold every input and parameter, and the arrays for gradients, in a dtype for a while."""
    before = [(slot, slot.get()) for slot in subject.arrays()]
    changed = [(slot, array) for slot, array in before if array.dtype != dtype]
    for slot, array in changed:
        slot.set(array.astype(dtype))
    try:
        yield
    finally:
        for slot, array in changed:
            slot.set(array)


def _argument_names(forward: Callable, count: int) -> list[str]:
    names = [p.name for p in inspect.signature(forward).parameters.values() if p.kind in (0, 1)]
    return (names + [f"input{i}" for i in range(len(names), count)])[:count]
