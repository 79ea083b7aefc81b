"""What every backward pass keeps, whatever its layer computes."""

from collections.abc import Iterator

import numpy as np

from minialex.backend import Array, xp_of
from minialex.gradcheck.arrays import copied, host
from minialex.gradcheck.report import Problem
from minialex.gradcheck.subject import Subject

TWICE = (
    "twice in a row differs from once: it changes what forward remembered, or adds to old "
    "gradients (if that is meant, pass accumulates=True)"
)
ASSIGNS = "was declared to accumulate, but twice in a row does not add up to twice"
SINGLE = 1e-3  # tolerance of float32 passes beside float64 ones, relative to the largest entry
WIDENED = "for a float32 x: a buffer or a constant without dtype (np.zeros) widens it"


def contents(subject: Subject) -> dict[str, np.ndarray]:
    """Return copies of everything that neither pass may change, by name."""
    arrays = {
        name.removeprefix(subject.prefix): slot.get() for name, slot in subject.slots().items()
    }
    arrays |= {f"input {i}": x for i, x in enumerate(subject.inputs) if hasattr(x, "ndim")}
    return {name: np.array(host(a)) for name, a in arrays.items()}


def unchanged(subject: Subject, before: dict[str, np.ndarray], where: str) -> Iterator[Problem]:
    """Yield a problem where a pass changed an input or a parameter."""
    after = contents(subject)
    for name, value in before.items():
        if not np.array_equal(after[name], value, equal_nan=value.dtype.kind == "f"):
            yield Problem("changes its input", where, f"changes {name}: work on a copy")
            return


def forms(subject: Subject, gradients: dict[str, Array]) -> Iterator[Problem]:
    """Yield a problem for every gradient of a wrong shape or device, or that is not finite."""
    for name, slot in subject.slots().items():
        of, g = slot.get(), gradients[name]
        what, where = name.removeprefix(subject.prefix), f"{subject.backward_name} -> {name}"
        if g.shape != of.shape:
            yield Problem("shape", where, f"is {g.shape}, but {what} is {of.shape}")
        elif xp_of(g) is not xp_of(of):
            yield Problem("device", where, f"is on another device than {what}")
        elif not np.isfinite(host(g)).all():
            yield Problem("not finite", where, "holds NaN or infinity")


def narrowed(
    subject: Subject, given: dict[str, np.dtype], y: np.ndarray, found: dict[str, np.ndarray]
) -> Iterator[Problem]:
    """Yield a problem where y and what was given are float64, but a gradient is not."""
    for name, g in found.items():
        if g.dtype != np.float64 and y.dtype == given[name] == np.float64:
            where = f"{subject.backward_name} -> {name}"
            yield Problem("dtype", where, f"is {g.dtype} where y is float64: a buffer narrows it")


def linear(subject: Subject, gy: Array, found: dict[str, np.ndarray]) -> Iterator[Problem]:
    """Yield the first property that backward lacks.

    It gives the same when called twice, it is linear in gy, and it takes any memory layout.
    """
    trials = [("not repeatable", gy, 1, ASSIGNS if subject.accumulates else TWICE)]
    if gy.ndim:  # a loss takes no gy, or ignores it
        trials += [
            ("not linear", 0 * gy, 0, "of a gy of zeros is not zero"),
            ("not linear", -1024 * gy, -1024, "of -1024 gy is not -1024 times that of gy"),
            ("not contiguous", with_gaps(gy), 1,
             "of a gy with gaps in memory differs from that of a contiguous one"),
            ("not contiguous", xp_of(gy).ascontiguousarray(gy.T).T, 1,
             "of a gy whose first axis is the dense one differs from that of a contiguous one"),
        ]  # fmt: skip
    largest = max(np.abs(g).max(initial=0) for g in found.values())
    for kind, other, factor, summary in trials:
        try:
            again = subject.gradients(other)
        except Exception as error:
            what = f"a second call raises {type(error).__name__}: {error}"
            yield Problem("raises", subject.backward_name, what)
            return
        for name, once in found.items():
            tolerance = 1e-9 if once.dtype == np.float64 else SINGLE
            if not equal(host(again[name]), factor * once, tolerance, 1e-13 * largest):
                yield Problem(kind, f"{subject.backward_name} -> {name}", summary)
                return


def in_float32(subject: Subject, gy: Array, wide: dict[str, np.ndarray]) -> Iterator[Problem]:
    """Yield the first of y and the gradients that in float32 is not what it is in float64."""
    found = {"y": copied(subject.forward())} | subject.gradients(gy.astype(np.float32))
    largest = max(np.abs(wide[name]).max(initial=0) for name in found.keys() - {"y"})
    for name, value in found.items():
        where = (
            f"{subject.name}.forward -> y" if name == "y" else f"{subject.backward_name} -> {name}"
        )
        if value.dtype != np.float32 and value.ndim:  # a loss may well be a Python number
            yield Problem("dtype", where, f"is {value.dtype} {WIDENED}")
            return
        floor = 0.0 if name == "y" else 1e-6 * largest  # a gradient may vanish but for rounding
        if not equal(host(value), wide[name], SINGLE, floor):
            what = f"in float32 is off by more than {SINGLE:g} of its largest entry in float64"
            yield Problem("dtype", where, what)
            return


def with_gaps(a: Array) -> Array:
    """Return the same values with a gap behind each."""
    wide = xp_of(a).zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


def equal(a: np.ndarray, b: np.ndarray, tolerance: float, floor: float = 0.0) -> bool:
    """Tell whether two arrays agree, relative to the largest entry."""
    allowed = tolerance * np.abs(b).max(initial=0) + floor
    return a.shape == b.shape and bool((np.abs(a - b) <= allowed).all())
