"""One case: a subject with fixed inputs in one state, checked in every respect."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from minialex.backend import Array, xp_of
from minialex.errors import InputError
from minialex.gradcheck import properties
from minialex.gradcheck.arrays import host
from minialex.gradcheck.compare import MOST, Comparer
from minialex.gradcheck.diagnosis import mismatch
from minialex.gradcheck.numeric import Derivative, NotComplexSafe
from minialex.gradcheck.report import Checked, Problem, Report
from minialex.gradcheck.subject import Subject, held_as

SINGLE = 1e-3  # tolerance of float32 passes beside float64 ones, relative to the largest entry
WIDENED = "for a float32 x: a buffer or a constant without dtype (np.zeros) widens it"
RANDOM = (
    "two calls with the same input differ, and no generator that could be set back was found: "
    "keep it in an attribute of the layer, or pass it as rngs=[...]"
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

    def run(self, report: Report, replay: str = "") -> None:
        """Add to a report what is wrong, what was compared, and notes."""
        lines = tuple((name, text) for name, text in (("replay", replay),) if text)
        for problem in self._problems(report):
            details = (("case", self.name), *problem.details, *lines)
            report.problems.append(replace(problem, details=details))

    def _problems(self, report: Report) -> Iterator[Problem]:
        given = [slot.get().dtype for slot in self.subject.slots().values()]
        with held_as(self.subject, "float64"):
            before = properties.contents(self.subject)
            y = self.subject.forward()
            value = np.array(host(y))
            wrong = [*self._forward(value), *properties.unchanged(self.subject, before, "forward")]
            if not wrong:
                gy = self._gy(y)
                wrong, found = self._backward(gy, value, before, report)
        yield from wrong
        if not wrong and np.float32 in given and self.subject.float32_too:
            yield from self._in_float32(gy, value, found)

    def _forward(self, y: np.ndarray) -> Iterator[Problem]:
        """Yield what is wrong with y: dtype, values, or that it is another the next time."""
        forward = f"{self.subject.name}.forward"
        if y.dtype.kind != "f":
            yield Problem("dtype", forward, f"y is {y.dtype}, not an array of real numbers")
        elif not np.isfinite(y).all():
            yield Problem("not finite", forward, "y holds NaN or infinity at this input")
        else:
            again = np.array(host(self.subject.forward()))
            if not np.array_equal(again, y):
                yield Problem("random", forward, RANDOM)
            self.subject.random.forget_unused()

    def _gy(self, y: Array) -> Array:
        xp = xp_of(y)
        if self.gy is not None:
            if self.gy.shape != y.shape:
                raise InputError(f"gy of shape {self.gy.shape} for y of shape {y.shape}")
            return xp.array(self.gy, dtype=y.dtype)
        if y.ndim == 0:
            return xp.asarray(1.0)
        return xp.asarray(self.rng.standard_normal(y.shape), dtype=y.dtype)

    def _backward(
        self, gy: Array, y: np.ndarray, before: dict[str, np.ndarray], report: Report
    ) -> tuple[list[Problem], dict[str, np.ndarray]]:
        """Return what is wrong with the gradients, the worst first, and the gradients."""
        subject, kept = self.subject, np.array(host(gy))
        try:
            gradients = subject.gradients(gy)
        except InputError as error:
            return [Problem("shape", subject.backward_name, str(error))], {}
        except Exception as error:
            if self.name.startswith("as given"):
                raise
            what = f"raises {type(error).__name__}: {error}, where forward passes"
            return [Problem("raises", subject.backward_name, what)], {}
        wrong = []
        if not np.array_equal(host(gy), kept):
            what = "changes gy: work on a copy"
            wrong.append(Problem("changes its input", subject.backward_name, what))
            gy = xp_of(gy).asarray(kept)
        wrong += properties.unchanged(subject, before, subject.backward_name)
        wrong += properties.forms(subject, gradients)
        found = {name: np.array(host(g)) for name, g in gradients.items()}
        if any(p.kind == "shape" for p in wrong):
            return wrong, found
        wrong += properties.linear(subject, subject.gradients, gy, found)
        return [*self._compare(kept, y, found, report), *wrong], found

    def _compare(
        self, gy: np.ndarray, y: np.ndarray, found: dict[str, np.ndarray], report: Report
    ) -> list[Problem]:
        """Return the wrong gradients, the last parameter first: that is nearest to the mistake."""
        single = y.dtype == np.float32
        comparer = Comparer(self.mode, single, self.rng, self.most)
        wrong: list[Problem] = []
        for name, slot in self.subject.slots().items():
            if found[name].size == 0:
                continue
            derivative = Derivative(self.subject, slot, gy, y)
            try:
                result = comparer.compare(name, derivative, found[name].astype(np.float64))
            except NotComplexSafe as reason:
                raise InputError(
                    f"{self.subject.name} cannot be checked with mode='complex' ({reason}): use "
                    "mode='auto' or 'central'"
                ) from None
            report.checked.append(Checked.of(self.name, result))
            if result.wrong.size:
                wrong.insert(0, mismatch(result, derivative))
        if single:
            report.note("y is float32 for a float64 x: errors below 0.2 % cannot be seen")
        if comparer.unsafe:
            report.note(f"no complex step ({comparer.unsafe}): central differences instead")
        return wrong

    def _in_float32(
        self, gy: Array, wide_y: np.ndarray, wide: dict[str, np.ndarray]
    ) -> Iterator[Problem]:
        """Yield where the passes in the given float32 differ from those in float64."""
        y = self.subject.forward()
        found = {"y": y} | self.subject.gradients(gy.astype(np.float32))
        for name, value in found.items():
            expected = wide_y if name == "y" else wide[name]
            where = self.subject.backward_name if name != "y" else f"{self.subject.name}.forward"
            if value.dtype != np.float32:
                yield Problem("dtype", f"{where} -> {name}", f"is {value.dtype} {WIDENED}")
                return
            if not properties.equal(host(value), expected, SINGLE):
                what = f"in float32 is off by more than {SINGLE:g} of its largest entry in float64"
                yield Problem("dtype", f"{where} -> {name}", what)
                return
