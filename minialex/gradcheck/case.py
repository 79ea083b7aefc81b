"""One case: a subject with fixed inputs in one state, checked in every respect."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from minialex.backend import Array, xp_of
from minialex.errors import InputError
from minialex.gradcheck import properties
from minialex.gradcheck.arrays import copied, host
from minialex.gradcheck.compare import MOST, Comparer
from minialex.gradcheck.diagnosis import mismatch
from minialex.gradcheck.numeric import Derivative, NotComplexSafe
from minialex.gradcheck.report import Checked, Problem, Report
from minialex.gradcheck.subject import Subject, held_as

RANDOM = (
    "two calls with the same input differ, and no generator that could be set back was found: "
    "keep it in an attribute of the layer, or pass it as rngs=[...]; or forward depends on what "
    "an earlier forward left"
)
UPDATES = (
    "changes what forward computes with: are weights updated here? Let it leave their gradients, "
    "and update them elsewhere"
)
TIES = (
    "is right at each kink alone, but not where elements move together: does every one of several "
    "equal maxima get the whole gradient?"
)


@dataclass
class Case:
    """Checks one geometry and state.

    Parameters
    ----------
    subject : Subject
    name : str
        Such as "one more image, train=True".
    mode : "auto", "complex" or "central"
    rng : numpy.random.Generator
    gy : array, optional
        Default: drawn from N(0, 1), so that no two entries are equal.
    most : int
        Elements of an array that are looked at one by one; of larger ones a random choice.
    """

    subject: Subject
    name: str
    mode: str
    rng: np.random.Generator
    gy: Array | None = None
    most: int = MOST

    def run(self, report: Report, replay: str) -> list[Problem]:
        """Return what is wrong; add to the report what was compared, and notes."""
        return [
            replace(p, details=(("case", self.name), *p.details, ("replay", replay)))
            for p in self._problems(report)
        ]

    def _problems(self, report: Report) -> Iterator[Problem]:
        subject = self.subject
        given = {name: slot.get().dtype for name, slot in subject.slots().items()}
        with held_as(subject, "float64"):
            before = properties.contents(subject)
            y = copied(subject.forward())
            wrong = [*properties.unchanged(subject, before, f"{subject.name}.forward")]
            wrong = wrong or [*self._forward(host(y))]
            if not wrong:
                gy = self._gy(y)
                wrong, found = self._backward(gy, host(y), before, report)
                wrong += properties.narrowed(subject, given, host(y), found)
        yield from wrong
        if not wrong and subject.float32_too and set(given.values()) == {np.dtype("float32")}:
            yield from properties.in_float32(subject, gy, {"y": host(y)} | found)

    def _forward(self, y: np.ndarray) -> Iterator[Problem]:
        """Yield what is wrong with y: dtype, values, or that it is another the next time."""
        forward = f"{self.subject.name}.forward"
        if not y.size:
            raise InputError(f"{forward} returns an empty y {y.shape}: give it a larger x")
        if y.dtype.kind != "f":
            yield Problem("dtype", forward, f"y is {y.dtype}, not an array of real numbers")
        elif not np.isfinite(y).all():
            yield Problem("not finite", forward, "y holds NaN or infinity at this input")
        else:
            if not np.array_equal(host(self.subject.forward()), y):
                yield Problem("random", forward, RANDOM)
            self.subject.random.forget_unused()

    def _gy(self, y: Array) -> Array:
        xp = xp_of(y)
        if self.gy is not None:
            if np.shape(self.gy) != y.shape:
                raise InputError(f"gy of shape {np.shape(self.gy)} for y of shape {y.shape}")
            return xp.array(self.gy, dtype=y.dtype)
        return xp.asarray(self.rng.standard_normal(y.shape) if y.ndim else 1.0, dtype=y.dtype)

    def _backward(
        self, gy: Array, y: np.ndarray, before: dict[str, np.ndarray], report: Report
    ) -> tuple[list[Problem], dict[str, np.ndarray]]:
        """Return what is wrong with the gradients, the worst first, and the gradients."""
        subject, kept = self.subject, np.array(host(gy))
        try:
            gradients = subject.gradients(gy)
        except InputError as error:
            return [Problem("missing", subject.backward_name, str(error))], {}
        except Exception as error:
            if self.name == f"as given{subject.state()}":
                if state := subject.state().removeprefix(", "):
                    way_out = "train=(True,), in gradcheck_example too, leaves that out"
                    error.add_note(f"with {state}; {way_out}")
                raise
            what = f"raises {type(error).__name__}: {error}, where forward passes"
            return [Problem("raises", subject.backward_name, what)], {}
        wrong = [*properties.unchanged(subject, before, subject.backward_name)]
        if not np.array_equal(host(gy), kept):
            wrong.append(Problem("changes its input", subject.backward_name, "changes gy: copy it"))
        wrong += properties.forms(subject, gradients)
        found = {name: np.array(host(g)) for name, g in gradients.items()}
        if not any(p.kind in ("shape", "changes its input") for p in wrong):
            wrong += properties.linear(subject, gy, found)
            if not np.array_equal(host(subject.forward()), y):  # there is nothing to compare with
                return [Problem("changes its input", subject.backward_name, UPDATES)], found
            wrong = [*self._compare(kept, y, found, report), *wrong]
        return wrong, found

    def _compare(
        self, gy: np.ndarray, y: np.ndarray, found: dict[str, np.ndarray], report: Report
    ) -> list[Problem]:
        """Return the wrong gradients, the last parameter first: that is nearest to the mistake."""
        single = y.dtype.itemsize < 8
        comparer = Comparer(self.mode, single, self.rng, self.most)
        wrong: list[Problem] = []
        rows: list[Checked] = []
        for name, slot in reversed(self.subject.slots().items()):
            if found[name].size == 0:
                continue
            derivative = Derivative(self.subject, slot, gy, y)
            compare = comparer.glance if wrong and self.subject.in_sequence else comparer.compare
            try:
                result = compare(name, derivative, found[name])
            except NotComplexSafe as reason:
                raise InputError(
                    f"{self.subject.name} cannot be checked with mode='complex' ({reason}): use "
                    "mode='auto' or 'central'"
                ) from None
            where = f"{self.subject.backward_name} -> {name}"
            if compare == comparer.glance and result.wrong.size:
                wrong.append(Problem("gradient", where, "wrong too: the first may be why"))
            elif result.wrong.size:
                wrong.append(mismatch(result, derivative))
            elif not result.together:
                wrong.append(Problem("ties", where, TIES))
            rows.insert(0, Checked.of(self.name, result))
        report.checked += rows
        if single:
            report.note(f"y is {y.dtype} for a float64 x: errors below 0.2 % cannot be seen")
        if comparer.unsafe:
            report.note(f"no complex step ({comparer.unsafe}): central differences instead")
        return wrong
