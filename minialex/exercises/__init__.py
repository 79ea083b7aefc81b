"""The exercises of the course, which check themselves.

An exercise is a stub (`stubs/<topic>.py`), which `minialex exercise start N` copies beside the
reader, and the checks of that file (`<topic>.py`). A check is a function of the reader's module;
the first line of its docstring says what is checked, and it raises where that does not hold.
"""

import importlib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from minialex.errors import InputError

Check = Callable[[ModuleType], None]


class Exercise(NamedTuple):
    """An exercise of a chapter.

    Attributes
    ----------
    number : int
        Of the chapter.
    topic : str
        Name of the modules of its checks and of its stub.
    title : str
        What is to be written.
    """

    number: int
    topic: str
    title: str

    @property
    def stub(self) -> Path:
        """The file that the reader completes."""
        return Path(__file__).parent / "stubs" / f"{self.topic}.py"

    @property
    def file_name(self) -> str:
        """How the reader's copy is called."""
        return f"exercise{self.number:02}.py"

    def checks(self) -> tuple[Check, ...]:
        """Return the checks, simplest first.

        Raises
        ------
        InputError
            hypothesis, which draws the cases, is not installed.
        """
        try:
            return importlib.import_module(f"minialex.exercises.{self.topic}").CHECKS
        except ImportError as error:
            if "hypothesis" not in str(error):
                raise
            raise InputError(
                "the exercises draw their cases with hypothesis: pip install 'minialex[gradcheck]'"
            ) from None


EXERCISES = {
    exercise.number: exercise
    for exercise in (
        Exercise(1, "sizes", "the size of an output, rounded down and up"),
    )
}  # fmt: skip


def get(number: int) -> Exercise:
    """Return the exercise of this number; InputError where there is none."""
    if number not in EXERCISES:
        numbers = ", ".join(map(str, sorted(EXERCISES)))
        raise InputError(f"there is no exercise {number}: the numbers are {numbers}")
    return EXERCISES[number]
