"""What is checked: something that runs forward and backward, whoever wrote it and in which form."""

import copy
import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minialex.backend import Array
from minialex.errors import InputError
from minialex.gradcheck.arrays import Slot, copied, differentiable
from minialex.gradcheck.randomness import Randomness
from minialex.gradcheck.reach import replaced
from minialex.gradcheck.returned import Gradients, by_name

TRAIN_FLAGS = ("train", "training", "train_flg", "is_training", "is_train")


class Subject:
    """A pass forward, a pass backward, and the arrays they depend on.

    Attributes
    ----------
    name : str
    inputs : list
        Arrays and whatever else forward takes. Floating-point arrays are differentiated; integers
        (labels) are passed on.
    notes : list of str
        What was left out of the check.
    """

    prefix = "g"  # of a gradient's name: gW in a layer, dw in a pair of functions
    float32_too = True  # compare the passes in a given float32 with those in float64
    accumulates = False
    in_sequence = False  # a mistake makes all gradients before it wrong: look closely at the last

    def __init__(
        self, name: str, inputs: Sequence[Any], names: Sequence[str], rngs: Sequence[Any] = ()
    ) -> None:
        self.name, self.inputs, self.rngs = name, list(inputs), rngs
        self.backward_name = f"{name}.backward"
        self._places = [i for i, x in enumerate(inputs) if differentiable(x)]
        self.input_names = [names[i] for i in self._places]
        self.notes: list[str] = []
        self.random = Randomness(*self.roots)

    @property
    def roots(self) -> list[Any]:
        """What leads to everything that the passes may read or change."""
        return [self.inputs, self.rngs]

    def forward(self) -> Array:
        """Return y; equal calls draw equal random numbers."""
        raise NotImplementedError

    def backward(self, gy: Array) -> Any:
        """Return what the reader's backward returns."""
        raise NotImplementedError

    def gradients(self, gy: Array) -> dict[str, Array]:
        """Return copies of dL/d(input or parameter) after one backward pass, by gradient name."""
        found, rest = by_name(self.backward(gy), self.inputs, self.input_names)
        found |= self.param_gradients(rest)
        return {self.prefix + name: copied(g) for name, g in found.items()}

    def param_gradients(self, rest: Gradients) -> dict[str, Array]:
        """Return the gradients of the parameters; `rest` is returned behind those of the inputs."""
        if rest:
            self.notes.append(f"{self.backward_name} returns gradients of more than the inputs")
        return {}

    def slots(self) -> dict[str, Slot]:
        """Return everything that is differentiated, by gradient name: inputs, then parameters."""
        return {
            self.prefix + name: Slot(lambda: self.inputs, i)
            for name, i in zip(self.input_names, self._places, strict=True)
        }

    def arrays(self) -> list[Array]:
        """Return all inputs, parameters and arrays for gradients."""
        return [slot.get() for slot in self.slots().values()]

    def changed(self, **attributes: Any) -> "Subject":
        """Return the same subject with other `inputs` of the same kinds, or other `options`."""
        other = copy.copy(self)
        vars(other).update(attributes)
        other.random = Randomness(*other.roots)
        return other

    def state(self) -> str:
        """Return ", train=True" or the like, for the name of a case."""
        return ""

    def settings(self) -> dict[str, Any]:
        """Return what may say stride, padding and kernel: attributes, options."""
        return {}


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
        self.functions, self.options = (forward, backward), options
        names = names or argument_names(forward, len(inputs))
        super().__init__(getattr(forward, "__name__", "function"), inputs, names, rngs)
        self.backward_name = getattr(backward or forward, "__name__", "backward")

    @property
    def roots(self) -> list[Any]:
        return [*super().roots, self.options]

    def forward(self) -> Array:
        self.random.restore()
        returned = self.functions[0](*self.inputs, **self.options)
        if not isinstance(returned, tuple) or len(returned) != 2:
            raise InputError(f"{self.name} must return two things: out, cache (or loss, gradients)")
        y, self.cache = returned
        return y

    def backward(self, gy: Array) -> Any:
        backward = self.functions[1]
        return self.cache if backward is None else backward(gy, self.cache)

    def settings(self) -> dict[str, Any]:
        dicts = [x for x in self.inputs if isinstance(x, dict)]
        return {key: value for d in (self.options, *dicts) for key, value in d.items()}


@contextmanager
def held_as(subject: Subject, dtype: str) -> Iterator[None]:
    """Hold every input and parameter, and the arrays for gradients, in a dtype for a while."""
    arrays = [array for array in subject.arrays() if array.dtype != dtype]
    if not arrays:
        yield
        return
    with replaced({id(array): array.astype(dtype) for array in arrays}, *subject.roots):
        yield


def argument_names(function: Callable, count: int) -> list[str]:
    """Return names for the first arguments of a function."""
    names = [p.name for p in parameters(function) or [] if p.kind in (0, 1)]
    return (names + [f"input{i}" for i in range(len(names), count)])[:count]


def parameters(function: Callable) -> list[inspect.Parameter] | None:
    """Return the parameters of a function; None where nobody knows them, as of ufuncs."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None


def is_ours(layer: Any) -> bool:
    """Tell whether this is a `minialex.layer.Layer`, without importing what that needs."""
    return any(c.__module__ == "minialex.layer" for c in type(layer).__mro__)


def train_flag(forward: Callable) -> str | None:
    """Return the name of forward's argument that says whether the network is in training."""
    known = [p.name for p in parameters(forward) or []]
    return next((flag for flag in TRAIN_FLAGS if flag in known), None)
