"""What every backward pass keeps, whatever its layer computes."""

from collections.abc import Callable, Iterator

import numpy as np

from minialex.backend import Array, xp_of
from minialex.gradcheck.arrays import host
from minialex.gradcheck.report import Problem
from minialex.gradcheck.subject import Subject

ADDS = "or adds to old gradients (if that is meant, pass accumulates=True)"
TWICE = f"twice in a row differs from once: it changes what forward remembered, {ADDS}"
Find = Callable[[Array], dict[str, Array]]


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


def linear(
    subject: Subject, gradients: Find, gy: Array, found: dict[str, np.ndarray]
) -> Iterator[Problem]:
    """Yield the first property that backward lacks.

    It gives the same when called twice, it is linear in gy, and it takes any memory layout.
    """
    trials = [("not repeatable", gy, 1, TWICE)]
    if gy.ndim:  # a loss takes no gy, or ignores it
        trials += [
            ("not linear", 0 * gy, 0, "of a gy of zeros is not zero"),
            ("not linear", -2 * gy, -2, "of -2 gy is not -2 times that of gy"),
            ("not contiguous", with_gaps(gy), 1,
             "of a gy with gaps in memory differs from that of a contiguous one"),
        ]  # fmt: skip
    for kind, other, factor, summary in trials:
        try:
            again = gradients(other)
        except Exception as error:
            yield Problem("raises", subject.backward_name, f"a second call: {error}")
            return
        for name in subject.slots():
            if not equal(host(again[name]), factor * found[name]):
                yield Problem(kind, f"{subject.backward_name} -> {name}", summary)
                return


def with_gaps(a: Array) -> Array:
    """Return the same values with a gap behind each."""
    wide = xp_of(a).zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    wide[..., ::2] = a
    return wide[..., ::2]


def equal(a: np.ndarray, b: np.ndarray, tolerance: float = 1e-9) -> bool:
    """Tell whether two arrays agree, relative to the largest entry."""
    scale = max(np.abs(b).max(initial=0), 1e-12)
    return a.shape == b.shape and bool((np.abs(a - b) <= tolerance * scale + 1e-15).all())
