"""From a wrong gradient to a message that leads to the mistake."""

import numpy as np

from minialex.backend import xp_of
from minialex.gradcheck.arrays import host, sizes
from minialex.gradcheck.closer import scan
from minialex.gradcheck.comparison import Comparison
from minialex.gradcheck.layer_subject import LayerSubject
from minialex.gradcheck.numeric import Derivative
from minialex.gradcheck.pattern import Mistake
from minialex.gradcheck.report import Problem
from minialex.gradcheck.subject import Subject, is_ours, parameters

LAYOUTS = {  # axes of pictures, and of the kernels that go with them
    "NHWC": (("image", "height", "width", "channel"), ("kh", "kw", "channel", "filter")),
    "NCHW": (("image", "channel", "height", "width"), ("filter", "channel", "kh", "kw")),
}
SHOWN = 6  # arrays whose shapes a message lists


def mismatch(result: Comparison, derivative: Derivative) -> Problem:
    """Describe a wrong gradient."""
    subject, prefix = derivative.subject, derivative.subject.prefix
    worst = result.worst()
    index = int(result.indices[worst])
    at = ",".join(map(str, np.unravel_index(index, result.yours.shape)))
    yours, numeric = result.yours.reshape(-1)[index], result.numeric[worst]
    shapes = [
        f"{name.removeprefix(prefix)}({sizes(slot.get().shape)})"
        for name, slot in subject.slots().items()
    ]
    shapes = shapes[:SHOWN] + ["..."] * (len(shapes) > SHOWN)
    values = f"yours {yours:+.6g}   numeric {numeric:+.6g} ({result.mode.name})"
    details = (
        ("shape", " ".join([*shapes, *_shown(subject), f"-> y({sizes(derivative.y.shape)})"])),
        ("worst at", f"{result.name}[{at}]   {values}"),
        ("pattern", _pattern(result, derivative)),
        ("step scan", scan(derivative, index)),
    )
    share = f"{len(result.wrong)}/{len(result.indices)} entries wrong"
    if not result.whole:
        share += f" of those looked at ({result.yours.size} in all)"
    where = f"{subject.backward_name} -> {result.name}"
    return Problem("gradient", where, share, tuple((n, t) for n, t in details if t))


def _pattern(result: Comparison, derivative: Derivative) -> str:
    """Return the pattern in words; "" where none is known or the array is too large to tell."""
    subject, shape = derivative.subject, result.yours.shape
    if not result.whole or result.slopes is None:
        return ""
    slopes = np.stack(result.slopes).reshape(result.yours.size, -1)
    yours, numeric = result.yours.copy(), result.numeric.reshape(shape).copy()
    for array in (yours, numeric):  # what is at a kink says nothing
        array.reshape(-1)[result.indices[result.kinks]] = 0
    axes, ratios = _axes(subject, result), _ratios(subject, derivative.y)
    noise, terms = 10 * result.mode.each, slopes * derivative.gy.reshape(-1)
    mistake = Mistake(yours, numeric, derivative.gy, axes, noise, ratios, terms)
    return mistake.explain(
        lambda gy: (slopes @ gy.reshape(-1)).reshape(shape), _ignores_gy(result, derivative)
    )


def _ignores_gy(result: Comparison, derivative: Derivative) -> bool:
    subject, gy = derivative.subject, derivative.gy
    if not gy.ndim or not result.yours.any():
        return False
    subject.forward()
    other = subject.gradients(xp_of(derivative.slot.get()).asarray(gy[::-1] - 3 * gy))
    return np.array_equal(host(other[result.name]), result.yours)


def _axes(subject: Subject, result: Comparison) -> tuple[str, ...]:
    """Return names for the axes of a gradient, as far as the layout is known."""
    rank = result.yours.ndim
    is_input = result.name.removeprefix(subject.prefix) in subject.input_names[:1]
    layout = _layout(subject) if rank == 4 else ""
    if layout:
        return LAYOUTS[layout][0 if is_input else 1]
    return tuple(f"axis {i}" for i in range(rank))


def _layout(subject: Subject) -> str:
    """Return "NHWC" or "NCHW" where the weights tell, by their number of channels; else ""."""
    if isinstance(subject, LayerSubject) and is_ours(subject.layer):
        return "NHWC"
    x, *others = (slot.get().shape for slot in subject.slots().values())
    weights = [shape for shape in others if len(shape) == len(x) == 4]
    fits = {"NCHW": any(w[1] == x[1] for w in weights), "NHWC": any(w[2] == x[3] for w in weights)}
    return next((layout for layout in fits if fits[layout]), "") if sum(fits.values()) == 1 else ""


def _ratios(subject: Subject, y: np.ndarray) -> dict[str, float]:
    """Return the numbers that a gradient is often multiplied or divided by in error."""
    rows = [len(a) for a in (y, *subject.inputs) if np.ndim(a)]
    ratios = {"the batch size": float(rows[0])} if rows else {}
    for name, p in subject.settings().items():
        if isinstance(p, float) and 0 < abs(p) < 1e6:
            ratios[name] = p
            if 0 < p < 1:
                ratios[f"1 - {name}"] = 1 - p
    return {what: value for what, value in ratios.items() if value != 1}


def _shown(subject: Subject) -> list[str]:
    """Return arguments that are small whole numbers or tuples of them, such as "stride=2"."""
    values = subject.settings()
    if isinstance(subject, LayerSubject):
        made_with = {p.name for p in parameters(type(subject.layer)) or []}
        values = {name: value for name, value in values.items() if name in made_with}
    return [
        f"{name}={value}".replace(" ", "")
        for name, value in values.items()
        if (type(value) is int or (isinstance(value, tuple) and 0 < len(value) <= 4))
        and all(type(v) is int for v in (value if isinstance(value, tuple) else (value,)))
    ]
