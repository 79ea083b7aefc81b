"""Other inputs and parameters, derived from those given: friendly shapes hide wrong backwards.

A bias gradient taken from image 0 alone is right for one image; `gx =` in place of `gx +=` is
right where windows do not overlap; swapped axes are right on squares. So a check looks at one
more image, at pictures that are taller and wider by different amounts, at updated parameters and,
where the layer can be made again, at other strides, padding and kernels.
"""

import copy
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from typing import Any

import numpy as np

from minialex.backend import Array, xp_of
from minialex.gradcheck.arrays import differentiable, host, is_array, sizes
from minialex.gradcheck.geometry import first_array
from minialex.gradcheck.layer_subject import LayerSubject
from minialex.gradcheck.remake import fill, other_settings
from minialex.gradcheck.report import Report
from minialex.gradcheck.subject import Subject, is_ours

Inputs = list[Any]


def variations(
    subject: Subject, rng: np.random.Generator, report: Report
) -> Iterator[tuple[str, Subject]]:
    """Yield (what is different, subject) for every variation that forward takes.

    Pictures that it refuses are noted in the report. The first has the given shape: a layer that
    remembers what it should compute anew does not notice another x.
    """
    same = [like(x, x.shape, rng) if differentiable(x) else x for x in subject.inputs]
    if not refusal(other := subject.changed(inputs=same)):
        yield "other values", other
    for what, inputs in _other_inputs(subject, rng):
        other, why = _fed(subject, inputs)
        if why:
            report.note(f"forward refuses {what} ({why})")
        else:
            yield what, other
    for what, other in other_settings(subject):
        if not refusal(other):
            yield what, other
    params = subject.params.values() if isinstance(subject, LayerSubject) else ()
    for slot in params:
        slot.get()[...] *= 0.75
    if params:
        yield "parameters updated in place", subject


def refusal(subject: Subject) -> str:
    """Return why forward does not take its inputs, in a few words; "" where it does."""
    try:
        with np.errstate(all="ignore"):
            y = host(subject.forward())
    except Exception as error:
        return str(error).splitlines()[0][:60] if str(error) else type(error).__name__
    return "" if y.size and np.isfinite(y).all() else "y is empty or not finite"


def _fed(subject: Subject, inputs: Inputs) -> tuple[Subject, str]:
    """Return the subject with other inputs, built anew if need be, and why it refuses them."""
    other = subject.changed(inputs=inputs)
    why = refusal(other)
    if why and isinstance(other, LayerSubject) and hasattr(other.layer, "build"):
        with suppress(Exception):
            layer = copy.deepcopy(other.layer)
            fill(layer, inputs)
            other = other.with_layer(layer)
            why = refusal(other)
    return other, why


def _other_inputs(subject: Subject, rng: np.random.Generator) -> Iterator[tuple[str, Inputs]]:
    """Yield (what is different, inputs) with one more image, and with larger pictures.

    Height and width are axes 1 and 2 of (N, H, W, C), or 2 and 3 of (N, C, H, W). Which of the two
    is told by what forward refuses: another number of channels. Where it takes both, only axis 2,
    which is spatial in both, is changed in a layer with parameters.
    """
    first = first_array(subject.inputs)
    if first.ndim == 0:
        return
    tries = [
        [_with_a_row_more(x, first, rng, *how) for x in subject.inputs]
        for how in product((True, False), (True, False))
    ]
    accepted = [inputs for inputs in tries if not refusal(subject.changed(inputs=inputs))]
    fitting = (inputs for inputs in accepted if _fits(subject.changed(inputs=inputs)))
    yield "one more image", next(fitting, accepted[0] if accepted else tries[-1])
    if first.ndim != 4 or not differentiable(first):
        return

    def grown(sides: tuple[int, ...]) -> Inputs:
        shape = _sum(first.shape, sides)
        return [like(x, shape, rng) if _shape(x) == first.shape else x for x in subject.inputs]

    options = [(0, 1, 2, 0), (0, 0, 1, 2)]
    if isinstance(subject, LayerSubject) and is_ours(subject.layer):
        options = options[:1]  # ours: the layout is known
    taken = [sides for sides in options if not refusal(subject.changed(inputs=grown(sides)))]
    if len(taken) == 2 and len(subject.slots()) > 1:
        taken = [(0, 0, 2, 0)]
    for sides in taken or options[:1]:
        yield f"x of shape ({sizes(_sum(first.shape, sides))})", grown(sides)


def _fits(subject: Subject) -> bool:
    """Tell whether backward gives every input a gradient of its shape.

    A bias of shape (1, D) is no image more, although forward would take it.
    """
    try:
        with np.errstate(all="ignore"):
            y = subject.forward()
            gradients = subject.gradients(xp_of(y).ones_like(y))
    except Exception:
        return False
    return all(gradients[name].shape == slot.get().shape for name, slot in subject.slots().items())


def _with_a_row_more(
    x: Any, first: Array, rng: np.random.Generator, every: bool, new_label: bool
) -> Any:
    """Return an input for one more image.

    Labels get a row more; so does an array of the first one's shape, or with `every` any that has
    as many rows. With `new_label` labels that are all the same get another one.
    """
    shape = _shape(x)
    has_rows = bool(shape) and shape[0] == len(first)
    if not has_rows or not (every or shape == first.shape or not differentiable(x)):
        return x
    if new_label and len(shape) == 1 and not differentiable(x) and (x == x[0]).all():
        return xp_of(x).append(x, x[:1] - 1 if x[0] > 0 else x[:1] + 1)
    return like(x, (shape[0] + 1, *shape[1:]), rng)


def like(x: Array, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Return an array of this shape with the range of x: distinct values, none near 0.

    Integers are rows of x, which may be labels with a single 1 in each.
    """
    xp = xp_of(x)
    if not differentiable(x):
        return x[xp.asarray(rng.integers(0, len(x), shape[0]))]
    low, high = float(x.min()), float(x.max())
    if not low < high:
        low, high = low - 1, high + 1
    size = int(np.prod(shape))
    gap = (high - low) / max(size, 1)
    values = low + gap * (rng.permutation(size) + 0.5 + rng.uniform(-0.2, 0.2, size))
    near = np.abs(values) < gap / 4
    values[near] += gap / 2 if high > 0 else -gap / 2
    return xp.asarray(values.reshape(shape), dtype=x.dtype)


def _shape(x: Any) -> tuple[int, ...]:
    return x.shape if is_array(x) else ()


def _sum(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(sum, zip(a, b, strict=True)))
