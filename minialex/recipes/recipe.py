"""What a recipe is: data."""

from typing import Any, NamedTuple


class Recipe(NamedTuple):
    """How somebody trained a network, in the words of `Config`.

    Parameters
    ----------
    title : str
        What it is, in one line.
    source : str
        Where its numbers stand.
    values : dict
        Fields of `Config`; the others keep their defaults, and a recipe leaves none of the
        defaults standing that its source contradicts.
    notes : tuple of str
        Conversions of units, and what is not as in the source.
    """

    title: str
    source: str
    values: dict[str, Any]
    notes: tuple[str, ...]
