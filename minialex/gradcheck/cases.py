"""All cases of one check: the inputs as given, and then what is derived from them."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from minialex.backend import Array
from minialex.errors import InputError
from minialex.gradcheck.arrays import is_array
from minialex.gradcheck.case import Case
from minialex.gradcheck.geometry import friendly, made_for
from minialex.gradcheck.report import Report
from minialex.gradcheck.subject import Subject
from minialex.gradcheck.variations import variations

MODES = ("auto", "complex", "central")
GEOMETRIES = ("vary", "as given")


def run_cases(
    subjects: Sequence[Subject],
    mode: str,
    gy: Array | None,
    geometry: str,
    seed: int,
    replay: str,
) -> Report:
    """Check every subject as given and then varied, until one fails."""
    for what, value, known in (("mode", mode, MODES), ("geometry", geometry, GEOMETRIES)):
        if value not in known:
            raise InputError(f"{what}={value!r} is not one of {', '.join(map(repr, known))}")
    if seed < 0:
        raise InputError(f"seed={seed} is below 0")
    _require_something(subjects[0])
    # Not default_rng(seed): it may have drawn x, and gy would be the same numbers.
    rng = np.random.default_rng([seed, 1])
    report = Report(subjects[0].name)
    for subject in subjects:
        case = Case(subject, f"as given{subject.state()}", mode, rng, gy)
        report.problems += case.run(report, replay)
    if len(subjects) > 1 and report.ok:
        name = f"as given{subjects[0].state()} again"  # nothing is left of the other state
        report.problems += Case(subjects[0], name, mode, rng, gy).run(report, replay)
    if geometry == "as given":
        report.notes += friendly(subjects[0])
    for subject in subjects if geometry == "vary" else ():
        for what, other in variations(subject, rng, report):
            if not report.ok:
                break
            found = Case(other, what + subject.state(), mode, rng).run(report, replay)
            in_backward = bool(found) and {p.kind for p in found} <= {"raises", "shape"}
            if in_backward and made_for(subject, other):
                report.note(f"the layer is made for one size of pictures: no check with {what}")
            else:
                report.problems += found
    for note in chain.from_iterable(subject.notes for subject in subjects):
        report.note(note)
    return report


def _require_something(subject: Subject) -> None:
    if not subject.slots():
        raise InputError(
            f"{subject.name}: no input is a floating-point array and no parameters are found, so "
            "there is no gradient to check"
        )
    if not all(x.size for x in filter(is_array, subject.inputs)):
        raise InputError(f"{subject.name}: an input is empty, so there is nothing to check")
