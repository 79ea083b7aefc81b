"""The same layer with other strides, padding and kernels.

Only where this is safe: functions whose options say what is what, and layers that can be made
again, because every argument of their constructor is an attribute of the same name.
"""

import copy
import inspect
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from minialex.backend import xp_of
from minialex.gradcheck.arrays import differentiable
from minialex.gradcheck.layer_subject import LayerSubject
from minialex.gradcheck.subject import FunctionSubject, Subject

STRIDES = {"stride", "strides", "s", "step"}
KERNELS = {"kernel", "kernel_size", "ksize", "pool_size", "k", "size"}
WIDTHS = {"kw", "kernel_w", "kernel_width", "pool_w", "pool_width"}
PADS = {"pad", "padding", "pads"}


def other_settings(subject: Subject) -> Iterator[tuple[str, Subject]]:
    """Yield (what is different, subject) with settings that are less friendly."""
    if isinstance(subject, FunctionSubject):
        yield from _functions(subject)
    elif isinstance(subject, LayerSubject):
        yield from _layers(subject)


def _less_friendly(values: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield changes: windows that overlap, more padding on one side, a kernel that is no square."""
    for name, value in values.items():
        first, *rest = sizes = value if isinstance(value, tuple) and value else (value,)
        if any(type(v) is not int for v in sizes):
            continue
        if name in STRIDES:
            other: Any = (2 if first == 1 else 1, *rest)
        elif name in PADS or name in WIDTHS:
            other = (first + 1, *rest)
        elif name in KERNELS and set(rest) <= {first}:
            other = (first, first + 1)
        else:
            continue
        change = {name: other if isinstance(value, tuple) or len(other) > 1 else other[0]}
        yield f"{name}={change[name]}".replace(" ", ""), change


def _functions(subject: FunctionSubject) -> Iterator[tuple[str, Subject]]:
    for what, change in _less_friendly(subject.options):
        yield what, subject.changed(options=subject.options | change)
    for i, x in enumerate(subject.inputs):
        for what, change in _less_friendly(x if isinstance(x, dict) else {}):
            inputs = [*subject.inputs[:i], {**x, **change}, *subject.inputs[i + 1 :]]
            yield what, subject.changed(inputs=inputs)


def _layers(subject: LayerSubject) -> Iterator[tuple[str, Subject]]:
    arguments = _arguments(subject.layer)
    for what, change in _less_friendly(arguments):
        try:
            layer = type(subject.layer)(**(copy.deepcopy(arguments) | change))
            fill(layer, subject.inputs, getattr(subject.layer, "params", None))
            other = subject.with_layer(layer)
        except Exception:  # the layer does not take this value
            continue
        yield what, other


def _arguments(layer: Any) -> dict[str, Any]:
    """Return the arguments that make a layer like this one, or {} where that is not known."""
    try:
        parameters = inspect.signature(type(layer)).parameters.values()
        if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
            return {}
        return {p.name: getattr(layer, p.name) for p in parameters}
    except (AttributeError, TypeError, ValueError):
        return {}


def build(layer: Any, inputs: Sequence[Any], rng: np.random.Generator) -> None:
    """Call `build(input_shape, rng, dtype)` of a layer that has it, as ours; others do without."""
    x = next((x for x in inputs if differentiable(x)), None)
    if x is None or not hasattr(layer, "build"):
        return
    arguments = x.shape[1:], rng, x.dtype.name
    try:
        inspect.signature(layer.build).bind(*arguments)
    except TypeError:  # a build of another kind, which forward calls
        return
    layer.build(*arguments)


def fill(layer: Any, inputs: Sequence[Any], old: Any = None) -> None:
    """Build a layer where it can be built, and set its parameters: to `old`, or at random."""
    rng = np.random.default_rng(0)
    build(layer, inputs, rng)
    params = getattr(layer, "params", None)
    for key, value in params.items() if isinstance(params, dict) else ():
        given = old.get(key) if isinstance(old, dict) else None
        if given is not None and given.shape == value.shape:
            value[...] = given
        elif differentiable(value):
            value[...] = xp_of(value).asarray(rng.standard_normal(value.shape))
