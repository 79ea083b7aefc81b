"""Writes docs/gradcheck-mutants.md: which checker finds which wrong layer.

python tests/mutant_table.py
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from mutants import MUTANTS, ON_PICTURES, ON_ROWS, Case, Mutant
from mutants.case import normal
from other_checkers import CHECKERS, passes

from minialex.gradcheck import Report

PAGE = Path(__file__).parents[1] / "docs" / "gradcheck-mutants.md"
COLUMNS = ("minialex", "minialex, x as given", *CHECKERS)
CAUGHT, MISSED, BLIND = "caught", "**missed**", "(flagged)"
RIGHT = {
    **{name: lambda make=make: make(normal(3, 4)) for name, make in ON_ROWS.items()},
    **{name: lambda make=make: make(normal(2, 2, 4, 4)) for name, make in ON_PICTURES.items()},
}

TEXT = """# Known-wrong layers, and who finds them

`python tests/mutant_table.py` writes this page; the test suite runs every row again. The layers
are in `tests/mutants/`, written as readers write them, with faults that are switched on by name.

A row is one fault on one input, and the input is often a friendly one: a square picture, one image,
windows that tile. "minialex" is `check_layer` or `check_function` with its defaults; "x as given"
is the same with `geometry="as given"`, so the difference between the two columns is what varied
geometry is worth.

The other columns are **the decision rules of these checkers, not the libraries**: step sizes,
tolerances, directions and the order of the calls with the defaults of their sources, on NumPy
(`tests/other_checkers.py`). They get the same layer as a pair of functions and the same input, in
float64, and random layers start every forward from the same state. Every checker sees training and
test. A framework may refuse what its rule does not see, such as a gradient of another dtype or a
change of an array in place; and nobody hinders its user from trying more inputs. For CS231n, whose
notebooks print an error for the student to judge, a relative error above 1e-6 counts as caught.

{caught}: the check fails. {missed}: it passes. {blind}: it fails, but on the right layer too.

{mutants}

## Right layers

What a careful checker must let pass: layers that are right, and that lose imaginary parts, draw
random numbers, keep to float32, stand at a kink or accept one geometry only.

{right}
"""


@cache
def report(mutant: Mutant) -> Report:
    """Return what minialex says about a mutant, with its default settings."""
    return mutant.make(mutant.fault).check()


def verdicts(make: Callable[[], Case]) -> dict[str, bool]:
    """Return, by checker, whether it lets this layer pass."""
    found = {}
    for name, checker in CHECKERS.items():
        found[name] = all(passes(checker, *state) for state in make().functions())
    return found


@cache
def right_verdicts(make: Callable[[str | None], Case]) -> dict[str, bool]:
    return verdicts(lambda: make(None))


@cache
def row(mutant: Mutant) -> tuple[str, ...]:
    """Return a mutant's cells, one for each of COLUMNS."""
    as_given = mutant.make(mutant.fault).check(geometry="as given").ok
    wrong = {"minialex": report(mutant).ok, "minialex, x as given": as_given}
    wrong |= verdicts(lambda: mutant.make(mutant.fault))
    right = right_verdicts(mutant.make)
    return tuple(
        MISSED if wrong[name] else CAUGHT if right.get(name, True) else BLIND for name in COLUMNS
    )


def right_row(name: str) -> tuple[str, ...]:
    """Return a right layer's cells."""
    passed = {column: RIGHT[name]().check().ok for column in COLUMNS[:1]}
    passed |= verdicts(RIGHT[name])
    return tuple("passes" if passed[c] else "**flagged**" for c in (COLUMNS[0], *CHECKERS))


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page() -> str:
    """Return the text of the page."""
    mutants = [(mutant.name, *row(mutant)) for mutant in MUTANTS]
    counts = [sum(r[i] == MISSED for r in mutants) for i in range(1, len(COLUMNS) + 1)]
    mutants.append((f"**missed, of {len(MUTANTS)}**", *(f"**{count}**" for count in counts)))
    right = [(name, *right_row(name)) for name in RIGHT]
    return TEXT.format(
        caught=CAUGHT,
        missed=MISSED,
        blind=BLIND,
        mutants=table(("wrong layer", *COLUMNS), mutants),
        right=table(("right layer", COLUMNS[0], *CHECKERS), right),
    )


if __name__ == "__main__":
    PAGE.write_text(page())
