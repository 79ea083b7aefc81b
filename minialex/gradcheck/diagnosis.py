"""From a wrong gradient to a message that leads to the mistake."""

import numpy as np

from minialex.backend import xp_of
from minialex.gradcheck import pattern
from minialex.gradcheck.arrays import host, sizes
from minialex.gradcheck.compare import COMPLEX_MODE, Comparison, scan
from minialex.gradcheck.layer_subject import LayerSubject, is_ours
from minialex.gradcheck.numeric import Derivative
from minialex.gradcheck.report import Problem
from minialex.gradcheck.subject import Subject

MOST = 4000  # elements up to which a wrong gradient is evaluated whole
LAYOUTS = {  # axes of pictures, and of the kernels that go with them
    "NHWC": (("image", "height", "width", "channel"), ("kh", "kw", "channel", "filter")),
    "NCHW": (("image", "channel", "height", "width"), ("filter", "channel", "kh", "kw")),
}
SHOWN = 6  # arrays whose shapes a message lists


def mismatch(result: Comparison, derivative: Derivative) -> Problem:
    """Describe a wrong gradient."""
    subject, prefix = derivative.subject, derivative.subject.prefix
    worst = result.worst()
    index = result.indices[worst]
    at = ",".join(map(str, np.unravel_index(index, result.yours.shape)))
    yours, numeric = result.yours.reshape(-1)[index], result.numeric[worst]
    shapes = [
        f"{name.removeprefix(prefix)}({sizes(slot.get().shape)})"
        for name, slot in subject.slots().items()
    ]
    shapes = shapes[:SHOWN] + ["..."] * (len(shapes) > SHOWN)
    details = (
        ("shape", " ".join([*shapes, *subject.shown(), f"-> y({sizes(derivative.y.shape)})"])),
        (
            "worst at",
            f"{result.name}[{at}]   yours {yours:+.6g}   numeric {numeric:+.6g} ({result.mode})",
        ),
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
    subject, gy = derivative.subject, derivative.gy
    if result.yours.size > MOST:
        return ""
    everything = np.arange(result.yours.size)

    def evaluate(other_gy: np.ndarray) -> np.ndarray:
        other = Derivative(subject, derivative.slot, other_gy, derivative.y)
        by_complex = result.mode == COMPLEX_MODE
        values = other.complex(everything) if by_complex else other.central(everything)
        return values.reshape(result.yours.shape)

    numeric = evaluate(gy)
    kinks = result.indices[result.kinks]
    numeric.reshape(-1)[kinks] = result.yours.reshape(-1)[kinks]
    ignores_gy = False
    if gy.ndim:
        subject.forward()
        other = subject.gradients(xp_of(derivative.slot.get()).asarray(gy[::-1] - 3 * gy))
        ignores_gy = result.yours.any() and np.array_equal(host(other[result.name]), result.yours)
    noise = 1e-9 if result.mode == COMPLEX_MODE else 1e-5
    mistake = pattern.Mistake(
        result.yours, numeric, gy, _axes(subject, result), noise, _ratios(subject, derivative.y)
    )
    return mistake.explain(evaluate, bool(ignores_gy))


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
    first, *others = (slot.get().shape for slot in subject.slots().values())
    for shape in others if len(first) == 4 else ():
        if len(shape) == 4 and shape[1] == first[1]:
            return "NCHW"
        if len(shape) == 4 and shape[2] == first[3]:
            return "NHWC"
    return ""


def _ratios(subject: Subject, y: np.ndarray) -> dict[str, float]:
    """Return the numbers that a gradient is often multiplied or divided by in error."""
    ratios = {"the batch size": float(len(y)) if y.ndim else 1.0}
    values = vars(subject.layer) if isinstance(subject, LayerSubject) else {}
    for name, p in values.items():
        if isinstance(p, float) and 0 < abs(p) < 1e6:
            ratios[name] = p
            if 0 < p < 1:
                ratios[f"1 - {name}"] = 1 - p
    return {what: value for what, value in ratios.items() if value != 1}
