"""What to check, by its name: "mypkg.mymod:MyConv" is imported, made, built and fed."""

import inspect
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minialex.errors import InputError
from minialex.gradcheck.arrays import is_array, sizes
from minialex.gradcheck.check import check_function, check_layer
from minialex.gradcheck.distinct import distinct_array
from minialex.gradcheck.example import DECLARE, example_of, inputs_of
from minialex.gradcheck.layer_subject import LayerSubject
from minialex.gradcheck.names import described, imported
from minialex.gradcheck.remake import build
from minialex.gradcheck.report import Report
from minialex.gradcheck.subject import train_flag

SHAPES = ((2, 4, 7, 6), (4, 6))  # tried where no example is given; pictures in either layout


@dataclass(frozen=True)
class Target:
    """Something to check: a layer, or (forward, backward), with its inputs."""

    name: str
    what: Any
    inputs: list[Any]
    seed: int
    options: dict[str, Any] = field(default_factory=dict)

    def check(self, mode: str = "auto", geometry: str = "vary", raises: bool = True) -> Report:
        """Check it; see `check_layer`."""
        replay = f"minialex gradcheck {self.name} --seed {self.seed}"
        replay += "" if mode == "auto" else f" --mode {mode}"
        replay += "" if geometry == "vary" else f' --geometry "{geometry}"'
        how: dict[str, Any] = {"mode": mode, "geometry": geometry, "seed": self.seed}
        how |= {"raises": raises, "replay": replay, **self.options}
        if isinstance(self.what, tuple):
            forward, backward = self.what
            return check_function(forward, backward, self.inputs, **how)
        return check_layer(self.what, self.inputs, **how)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed NumPy's and Python's global generators; afterwards they stand where they stood."""
    states = np.random.get_state(), random.getstate()  # noqa: NPY002 (some layers draw from them)
    np.random.seed(seed)  # noqa: NPY002
    random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(states[0])  # noqa: NPY002
        random.setstate(states[1])


def load(name: str, seed: int = 0) -> Target:
    """Return what a name stands for, ready to be checked.

    Parameters
    ----------
    name : str
        "module:name" of a class, an instance, a function that returns a layer, or a loss that
        returns (loss, gradients); "module:forward,backward" of a pair of functions. `example_of`
        tells how they are made and fed; it is an attribute of the class or the first function.
        Without, a class is made without arguments and given pictures, or else rows.
    seed : int
        Of the inputs and the parameters. Parameters that are all alike, as biases of zero, get
        distinct values: zeros hide wrong gradients.

    Raises
    ------
    InputError
        It cannot be imported, made or run.

    Examples
    --------
    >>> load("minialex.layers:ReLU").check().ok
    True
    """
    rng = np.random.default_rng(seed)
    first, *second = imported(name)
    example = example_of(name, first)
    args, kwargs = example.get("args", ()), example.get("kwargs", {})
    if second or (inspect.isfunction(first) and not _takes(first, args, kwargs)):
        inputs = [*inputs_of(name, example.get("x"), example, rng), *args]
        backward = second[0] if second else None
        _try_function(name, first, backward, inputs, kwargs)
        return Target(name, (first, backward), inputs, seed, {"options": kwargs})
    is_made = not (inspect.isclass(first) or inspect.isroutine(first))
    make = (lambda: first) if is_made else (lambda: _made(name, first, args, kwargs))
    layer = make()
    if not all(callable(getattr(layer, method, None)) for method in ("forward", "backward")):
        raise InputError(f"{name}: {type(layer).__name__} has no forward(x) and backward(gy)")
    example = example or example_of(name, layer)
    train = (example.get("train") or (False,))[0]
    layer, inputs = _fed(name, make, example, rng, train)
    if not is_made:
        _make_distinct(layer, inputs, rng, train)
    options = {key: value for key, value in example.items() if key in ("accumulates", "train")}
    return Target(name, layer, inputs, seed, options)


def _takes(function: Callable, args: tuple, kwargs: dict[str, Any]) -> bool:
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError:
        return False
    return True


def _try_function(
    name: str, forward: Callable, backward: Callable | None, inputs: list[Any], kwargs: dict
) -> None:
    """Raise InputError where forward fails, or stands alone and is no loss."""
    try:
        returned = forward(*inputs, **kwargs)
    except Exception as error:
        raise InputError(f"{name} cannot be called: {described(error)}") from error
    if backward is None and not (isinstance(returned, tuple) and np.ndim(returned[0]) == 0):
        raise InputError(
            f"{name} does not return (loss, gradients); name its backward too: {name},backward"
        )


def _made(name: str, make: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
    try:
        return make(*args, **kwargs)
    except Exception as error:
        raise InputError(f"{name} cannot be made: {described(error)}; {DECLARE}") from error


def _fed(
    name: str,
    make: Callable[[], Any],
    example: dict[str, Any],
    rng: np.random.Generator,
    train: bool,
) -> tuple[Any, list[Any]]:
    """Return a layer that was built, and inputs that it takes."""
    refusals = []
    for x in [example["x"]] if "x" in example else SHAPES:
        layer, inputs = make(), inputs_of(name, x, example, rng)
        try:
            _build_and_run(layer, inputs, rng, train)
        except Exception as error:
            shapes = ", ".join(sizes(x.shape) for x in inputs if is_array(x))
            refusals.append(f"x({shapes}) raises {described(error)}")
        else:
            return layer, inputs
    raise InputError(f"{name}: {'; '.join(refusals)}; {DECLARE}")


def _build_and_run(layer: Any, inputs: list[Any], rng: np.random.Generator, train: bool) -> None:
    if not getattr(layer, "params", None):
        build(layer, inputs, rng)
    flag = train_flag(layer.forward)
    layer.forward(*inputs, **({flag: train} if flag else {}))


def _make_distinct(layer: Any, inputs: list[Any], rng: np.random.Generator, train: bool) -> None:
    """Spread parameters that are all alike, such as biases of zero or scales of one."""
    try:
        params = LayerSubject(layer, inputs, train).params
    except Exception:  # backward raises: the check will say so
        return
    for slot in params.values():
        value = slot.get()
        if value.size and (value == value.reshape(-1)[0]).all():
            spread = distinct_array(value.shape, rng)
            value[...] = value + 0.5 * spread / np.abs(spread).max()
