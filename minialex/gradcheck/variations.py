"""Other geometries, derived from the one that was given: friendly shapes hide wrong backwards.

A bias gradient taken from image 0 alone is right for one image; `gx =` in place of `gx +=` is
right where windows do not overlap; swapped axes are right on squares. So a check looks at one
more image, at pictures that are taller and wider by different amounts and, where the layer can be
made again, at overlapping windows, padding and kernels that are not square.
"""

import copy
import inspect
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from minialex.backend import Array, xp_of
from minialex.gradcheck.arrays import differentiable, host, sizes
from minialex.gradcheck.layer_subject import LayerSubject, is_ours
from minialex.gradcheck.report import Report
from minialex.gradcheck.subject import FunctionSubject, Subject

STRIDES = {"stride", "strides", "s", "step"}
KERNELS = {"kernel", "kernel_size", "ksize", "pool_size", "k", "size"}
WIDTHS = {"kw", "kernel_w", "kernel_width", "pool_w", "pool_width"}
PADS = {"pad", "padding", "pads"}


def variations(
    subject: Subject, rng: np.random.Generator, report: Report
) -> Iterator[tuple[str, Subject]]:
    """Yield (what is different, subject) for every variation that forward takes.

    What it refuses is noted in the report.
    """
    refused = {}
    for what, inputs in _other_inputs(subject, rng):
        other = subject.with_inputs(inputs)
        why = refusal(other)
        if why and isinstance(subject, LayerSubject) and hasattr(subject.layer, "build"):
            with suppress(Exception):
                layer = copy.deepcopy(subject.layer)
                fill(layer, inputs)
                other = subject.with_layer(layer, inputs)
                why = refusal(other)
        if why:
            refused[what] = why
        else:
            yield what, other
    for what, other in _other_settings(subject):
        if not refusal(other):
            yield what, other
    for what, why in refused.items():
        report.note(f"forward refuses {what} ({why})")


def refusal(subject: Subject) -> str:
    """Return why forward does not take its inputs, in a few words; "" where it does."""
    try:
        y = host(subject.forward())
    except Exception as error:
        return str(error).splitlines()[0][:60] if str(error) else type(error).__name__
    return "" if y.size and np.isfinite(y).all() else "y is empty or not finite"


def friendly(subject: Subject) -> list[str]:
    """Return warnings about a geometry at which wrong layers look right."""
    x = next(x for x in subject.inputs if differentiable(x))
    notes = []
    if x.ndim > 1 and len(x) == 1:
        notes.append("one image: a gradient without its sum over the batch looks right")
    if x.ndim == 4 and len(set(x.shape[1:])) < 3:
        notes.append("axes of equal length: swapped axes may look right")
    values = vars(getattr(subject, "layer", subject)) | getattr(subject, "options", {})
    kernel = next((values[k] for k in sorted(KERNELS & values.keys())), None)
    stride = next((values[k] for k in sorted(STRIDES & values.keys())), None)
    if kernel is not None and kernel == stride:
        notes.append("windows that do not overlap: `gx =` in place of `gx +=` looks right")
    return [f"friendly: {note}" for note in notes]


def _other_inputs(subject: Subject, rng: np.random.Generator) -> Iterator[tuple[str, list[Any]]]:
    """Yield (what is different, inputs) with one more image, and with larger pictures.

    Everything whose first axis is as long as the first input's gets one more image. Height and
    width are axes 1 and 2 of (N, H, W, C), or 2 and 3 of (N, C, H, W). Which of the two is told by
    what forward refuses: another number of channels. Where it takes both, only axis 2, which is
    spatial in both, is changed in a layer with parameters.
    """
    inputs = subject.inputs
    first = next(x for x in inputs if differentiable(x))

    def grown(*extra: int) -> list[Any]:
        shape = tuple(n + e for n, e in zip(first.shape, extra, strict=False))
        shape += first.shape[len(extra) :]
        return [_of_shape(x, first.shape, shape, rng) for x in inputs]

    yield "one more image", grown(1)
    if first.ndim != 4:
        return
    options = [(0, 1, 2, 0), (0, 0, 1, 2)]
    if isinstance(subject, LayerSubject) and is_ours(subject.layer):
        options = options[:1]  # ours: the layout is known
    taken = [sides for sides in options if not refusal(subject.with_inputs(grown(*sides)))]
    if len(taken) == 2 and len(subject.slots()) > 1:
        taken = [(0, 0, 2, 0)]
    for sides in taken or options[:1]:
        shape = tuple(n + e for n, e in zip(first.shape, sides, strict=True))
        yield f"x of shape ({sizes(shape)})", grown(*sides)


def _of_shape(x: Any, old: tuple[int, ...], new: tuple[int, ...], rng: np.random.Generator) -> Any:
    """Return an input beside a first one whose shape changes: inputs of the same shape, and the
    labels of its images, change with it."""
    if getattr(x, "shape", None) == old:
        return like(x, new, rng)
    labels = getattr(x, "ndim", 0) and not differentiable(x) and len(x) == old[0]
    return like(x, (new[0], *x.shape[1:]), rng) if labels else x


def like(x: Array, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Return an array of this shape with the range of x: distinct values, none near 0.

    Integers are drawn from those of x.
    """
    xp = xp_of(x)
    if not differentiable(x):
        values = host(x).reshape(-1)
        return xp.asarray(rng.choice(values, shape))
    low, high = float(x.min()), float(x.max())
    if not low < high:
        low, high = low - 1, high + 1
    size = int(np.prod(shape))
    gap = (high - low) / max(size, 1)
    values = low + gap * (rng.permutation(size) + 0.5 + rng.uniform(-0.2, 0.2, size))
    near = np.abs(values) < gap / 4
    values[near] += gap / 2 if high > 0 else -gap / 2
    return xp.asarray(values.reshape(shape), dtype=x.dtype)


def _other_settings(subject: Subject) -> Iterator[tuple[str, Subject]]:
    """Yield (what is different, subject) with strides, padding and kernels that are less friendly.

    Only where this is safe: functions whose options say so, and layers that can be made again
    because every argument of their constructor is an attribute of the same name.
    """
    if isinstance(subject, FunctionSubject):
        yield from _functions(subject)
    elif isinstance(subject, LayerSubject):
        yield from _layers(subject)


def remade(layer: Any) -> dict[str, Any] | None:
    """Return the arguments that make a layer like this one, or None where that is not known."""
    try:
        parameters = inspect.signature(type(layer)).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return None
    try:
        return {p.name: getattr(layer, p.name) for p in parameters}
    except AttributeError:
        return None


def _less_friendly(values: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield changes of window settings: one that overlaps, one that pads, one that is no square."""
    for name, value in values.items():
        sizes = value if isinstance(value, tuple) else (value,)
        if not sizes or any(type(v) is not int for v in sizes):
            continue
        if name in STRIDES:
            other = 2 if max(sizes) == 1 else 1
            yield from _change(name, other if value == sizes[0] else (other,) * len(sizes))
        elif name in PADS and max(sizes) == 0:
            yield from _change(name, 1 if value == sizes[0] else (1,) * len(sizes))
        elif name in KERNELS and len(set(sizes)) == 1 and len(sizes) <= 2:
            yield from _change(name, (sizes[0], sizes[0] + 1))
        elif name in WIDTHS:
            yield from _change(name, sizes[0] + 1)


def _change(name: str, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    yield f"{name}={value}".replace(" ", ""), {name: value}


def _layers(subject: LayerSubject) -> Iterator[tuple[str, Subject]]:
    arguments = remade(subject.layer)
    for what, change in _less_friendly(arguments or {}):
        try:
            layer = type(subject.layer)(**(copy.deepcopy(arguments) | change))
            fill(layer, subject.inputs, getattr(subject.layer, "params", None))
        except Exception:  # the layer does not take this value
            continue
        yield what, subject.with_layer(layer, subject.inputs)


def _functions(subject: FunctionSubject) -> Iterator[tuple[str, Subject]]:
    for what, change in _less_friendly(subject.options):
        other = copy.copy(subject)
        other.options = subject.options | change
        yield what, other
    for i, x in enumerate(subject.inputs):
        for what, change in _less_friendly(x if isinstance(x, dict) else {}):
            yield (
                what,
                subject.with_inputs(
                    [*subject.inputs[:i], {**x, **change}, *subject.inputs[i + 1 :]]
                ),
            )


def fill(layer: Any, inputs: Sequence[Any], old: Any = None) -> None:
    """Build a layer where it can be built, and set its parameters: to `old`, or at random."""
    x = next(x for x in inputs if differentiable(x))
    rng = np.random.default_rng(0)
    if hasattr(layer, "build"):
        layer.build(x.shape[1:], rng, x.dtype.name)
    params = getattr(layer, "params", None)
    for key, value in params.items() if isinstance(params, dict) else ():
        given = old.get(key) if isinstance(old, dict) else None
        if given is not None and given.shape == value.shape:
            value[...] = given
        elif differentiable(value):
            value[...] = xp_of(value).asarray(rng.standard_normal(value.shape))
