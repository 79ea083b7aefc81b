"""What is checked: a layer or a pair of functions, with an input."""

import copy
import inspect
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from minialex.gradcheck import Report, check_function, check_layer

GENERATORS = ("rng", "generators")  # attributes that hold the state of a random layer


class Case:
    """A layer with its input, or (forward, backward) with theirs.

    Parameters
    ----------
    what : object, or (forward, backward)
    *inputs : arrays, labels, dictionaries of options
    **settings : of check_layer or check_function
    """

    def __init__(self, what, *inputs, **settings) -> None:
        self.what, self.inputs, self.settings = what, inputs, settings

    def check(self, **settings) -> Report:
        """Check with minialex.gradcheck, raising nothing."""
        settings = {**self.settings, **settings, "raises": False}
        if isinstance(self.what, tuple):
            return check_function(*self.what, self.inputs, **settings)
        return check_layer(self.what, self.inputs, **settings)

    def functions(self) -> list[tuple]:
        """Return (forward, backward, xs) for other checkers: one in each state, in float64."""
        if isinstance(self.what, tuple):
            return [_of_functions(*self.what, self.inputs)]
        known = inspect.signature(self.what.forward).parameters
        flag = next((name for name in ("train", "training", "train_flg") if name in known), None)
        states: list[dict] = [{flag: True}, {flag: False}] if flag else [{}]
        return [_of_layer(self.what, self.inputs, state) for state in states]


def _is_float(x) -> bool:
    return getattr(x, "dtype", np.dtype(int)).kind == "f"


def _floats(inputs) -> list[np.ndarray]:
    return [x.astype(np.float64) for x in inputs if _is_float(x)]


def _with(inputs, arrays) -> list:
    """Return the inputs with their arrays of numbers replaced."""
    rest = iter(arrays)
    return [next(rest) if _is_float(x) else x for x in inputs]


def _of_functions(f, g, inputs) -> tuple:
    kept = {}

    def forward(*xs):
        y, kept["cache"] = f(*_with(inputs, xs))
        return y

    def backward(gy):
        cache = kept["cache"]
        found = g(gy, cache) if g else cache
        found = found if isinstance(found, tuple) else (found,)
        return [gy * d for d in found] if g is None else list(found)

    return forward, backward, _floats(inputs)


def _of_layer(layer, inputs, state) -> tuple:
    params, keys = vars(layer), [name for name in vars(layer) if f"d{name}" in vars(layer)]
    if hasattr(layer, "params"):
        params = layer.params
        keys = list(params) if isinstance(params, dict) else list(range(len(params)))
    random = {name: copy.deepcopy(a) for name, a in vars(layer).items() if name in GENERATORS}
    number = len(_floats(inputs))

    def forward(*xs):
        np.random.seed(0)  # noqa: NPY002 (the book's dropout draws from NumPy's own generator)
        vars(layer).update(copy.deepcopy(random))
        for key, x in zip(keys, xs[number:], strict=True):
            params[key] = x
        return layer.forward(*_with(inputs, xs), **state)

    def backward(gy):
        found = layer.backward(gy)
        found = list(found) if isinstance(found, tuple) else [found]
        found += [layer.grads[k] if params is not vars(layer) else params[f"d{k}"] for k in keys]
        return [gy * d for d in found] if np.ndim(gy) == 0 else found  # a loss ignores gy

    return forward, backward, [*_floats(inputs), *_floats([params[key] for key in keys])]


@dataclass(frozen=True)
class Mutant:
    """A layer with a fault.

    Attributes
    ----------
    layer : str
        What kind of layer, and in which form it is written.
    fault : str
        The name of the switch.
    where : str
        What the report must name: a gradient, such as "gW", or the kind of a problem.
    make : function of fault -> Case
        With None the layer is right.
    on : str
        What is particular about the input.
    """

    layer: str
    fault: str
    where: str
    make: Callable[[str | None], Case]
    on: str = ""

    @property
    def name(self) -> str:
        return f"{self.layer}: {self.fault}" + (f" ({self.on})" if self.on else "")


def normal(*shape: int, scale: float = 1.0) -> np.ndarray:
    """Return numbers as a reader draws them for a try."""
    return scale * np.random.default_rng(231).standard_normal(shape)


def built(layer, x: np.ndarray):
    """Return the layer with parameters drawn from N(0, 1)."""
    layer.build(x.shape[1:], np.random.default_rng(7), x.dtype.name)
    return layer


def pair(value) -> tuple[int, int]:
    return value if isinstance(value, tuple) else (value, value)
