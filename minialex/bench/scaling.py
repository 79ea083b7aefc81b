"""How time grows with the batch, the picture and the threads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from minialex import threads
from minialex.bench import agreement, peers, timing, work

AXES = ("batch", "image", "threads")


@dataclass(frozen=True)
class Curve:
    """Median seconds of one contestant and phase along an axis: time ~ value ** exponent."""

    axis: str
    contestant: str
    phase: str
    values: list[int]
    seconds: list[float]
    exponent: float | None


def measure(
    axes: Sequence[str], names: Sequence[str], request: work.Request, rounds: int
) -> list[Curve]:
    """Time the step, or both passes of a layer alone, at several points of every axis.

    Without axes, of all that apply: a dense layer alone has no pictures.
    """
    curves = []
    for axis in axes or applicable(request):
        values = points(axis, request)
        at = {value: _seconds(axis, value, names, request, rounds) for value in values}
        for contestant, phase in at[values[0]]:
            seconds = [at[value][contestant, phase] for value in values]
            slope = exponent(values, seconds)
            curves.append(Curve(axis, contestant, phase, values, seconds, slope))
    return curves


def applicable(request: work.Request) -> list[str]:
    """Return the axes of a piece of work.

    >>> applicable(work.Request("lenet5")), applicable(work.Request("lenet5", layer="fc4"))
    (['batch', 'image', 'threads'], ['batch', 'threads'])
    """
    has_pictures = work.make(replace(request, batch=1)).x.ndim == 4
    return [axis for axis in AXES if axis != "image" or has_pictures]


def points(axis: str, request: work.Request) -> list[int]:
    """Return three or four values of an axis: batches up to the one asked for, pictures from it.

    >>> points("batch", work.Request(batch=128)), points("image", work.Request("lenet5"))
    ([16, 32, 64, 128], [32, 48, 64])
    """
    if axis == "batch":
        return sorted({max(1, request.batch // part) for part in (8, 4, 2, 1)})
    if axis == "image":
        size = work.make(replace(request, batch=1)).x.shape[1]
        return [size, size * 3 // 2, size * 2]
    most = threads.count()
    return sorted({min(2**i, most) for i in range(most.bit_length() + 1)})


def exponent(values: Sequence[float], seconds: Sequence[float]) -> float | None:
    """Return the slope of log seconds over log value by least squares; None for a single point.

    >>> round(exponent([1, 2, 4], [3.0, 12.0, 48.0]), 6)
    2.0
    """
    if len(values) < 2:
        return None
    return float(np.polyfit(np.log(values), np.log(seconds), 1)[0])


def _seconds(
    axis: str, value: int, names: Sequence[str], request: work.Request, rounds: int
) -> dict[tuple[str, str], float]:
    if axis == "batch":
        request = replace(request, batch=value)
    elif axis == "image":
        request = request.resized(value)
    with threads.use(value if axis == "threads" else None):
        case = work.make(request)
        contestants = peers.enter(names, case)
        agreement.check(contestants)
        phases = ("forward", "backward") if case.labels is None else ("step",)
        found = timing.measure(contestants, phases, rounds)
    return {key: median(seconds) for key, seconds in found.items()}
