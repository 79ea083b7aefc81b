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
        Exercise(1, "sizes", "the size of an output, rounded down and up, and a layer's weights"),
        Exercise(2, "im2col", "im2col, and a convolution as one matrix product"),
        Exercise(3, "backprop", "the backward pass of a convolution"),
        Exercise(4, "saturation", "softplus and leaky ReLU, safe at any size"),
        Exercise(5, "pooling", "overlapping max-pooling, forward and backward"),
        Exercise(6, "lrn", "local response normalisation, forward and backward"),
        Exercise(7, "bootstrap", "a bootstrap interval for paired results"),
        Exercise(8, "dropout", "inverted dropout, forward and backward"),
        Exercise(9, "colour", "noise along the principal components of colour"),
        Exercise(10, "initial", "initialisers that keep their promises"),
        Exercise(11, "update", "the paper's update rule, one step at a time"),
        Exercise(12, "groups", "a convolution in groups, made of two without"),
        Exercise(13, "overfit", "a training step, and 32 pictures learnt by heart"),
        Exercise(14, "receptive", "size and jump of a receptive field"),
        Exercise(15, "kernel", "a kernel that is equal to its reference"),
    )
}  # fmt: skip


def get(number: int) -> Exercise:
    """Return the exercise of this number; InputError where there is none."""
    if number not in EXERCISES:
        numbers = ", ".join(map(str, sorted(EXERCISES)))
        raise InputError(f"there is no exercise {number}: the numbers are {numbers}")
    return EXERCISES[number]
