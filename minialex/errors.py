"""Errors that a user can mend."""

from collections.abc import Iterable
from difflib import SequenceMatcher


class InputError(ValueError):
    """Something that the user gave cannot be used.

    The message names the layer or file, the value, the reason and the remedy.
    The command line prints it without a traceback and exits with 2.
    """


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a suggestion to end a message with, or "" when nothing in `known` is close.

    A slip in the first part of a long name counts as close.

    >>> nearest("alexnt", ["lenet5", "alexnet-mini"])
    "; did you mean 'alexnet-mini'?"
    >>> nearest("resnet50", ["alexnet-mini"])
    ''
    """

    def likeness(name: str) -> tuple[float, float]:
        whole, start = name, name[: len(word) + 1]
        same = [SequenceMatcher(None, word, part).ratio() for part in (whole, start)]
        return max(same), same[0]

    best = max(known, key=likeness, default="")
    return f"; did you mean {best!r}?" if likeness(best)[0] > 0.6 else ""
