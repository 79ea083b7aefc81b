"""Which classes a network takes for which."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from minialex.errors import InputError
from minialex.plot.style import BLUE, GREY, INK, ORANGE, PAPER, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUMBERED, NAMED = 20, 40  # classes up to which cells have numbers, rows have names
LISTED = 5  # mistakes


def confusion(matrix: np.ndarray, classes: Sequence[str]) -> "Figure":
    """Draw a confusion matrix: what pictures of a class (a row) were taken for, in per cent.

    Right answers are on the diagonal. Mistakes have a colour scale of their own, up to the most
    frequent one, or they could not be seen beside the right answers. The most frequent mistakes are
    named below, and that is all that can be named of a hundred classes.

    Parameters
    ----------
    matrix : integer array (classes, classes)
        How many pictures of class i were predicted as class j: `minialex.evaluate.confusion`.
    classes : sequence of str

    Raises
    ------
    InputError
        There is not one row and one column for each class.
    """
    matrix, count = np.asarray(matrix), len(classes)
    if matrix.shape != (count, count):
        raise InputError(f"a confusion matrix of {count} classes has no shape {matrix.shape}")
    share = 100 * matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    right = np.eye(count, dtype=bool)
    side = min(5.2, 1.6 + 0.42 * count)
    figure, axes = canvas(size=(7.2, side + 1.0))
    for cells, colour in ((right, BLUE), (~right, ORANGE)):
        paint(axes, np.where(cells, share, 0), colour)
    if count <= NUMBERED:
        for i, j in np.argwhere(share >= 0.5):
            dark = share[i, j] > (50 if i == j else 0.6 * share[~right].max())
            text = axes.text(
                j, i, f"{share[i, j]:.0f}", ha="center", va="center", fontsize=9,
                color=PAPER if dark else INK,
            )  # fmt: skip
            if dark:
                text.set_gid("on-colour")
    if count <= NAMED:
        axes.set_xticks(range(count), classes, rotation=45, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(count), classes)
    else:
        axes.set(xticks=[], yticks=[])
    axes.set(aspect="equal", xlim=(-0.5, count - 0.5), ylim=(count - 0.5, -0.5))
    axes.set(xlabel="predicted", ylabel="true")
    axes.tick_params(length=0)
    axes.spines[["top", "right"]].set_visible(True)
    right_ones, pictures = int(np.trace(matrix)), int(matrix.sum())
    axes.set_title(f"{right_ones:,} of {pictures:,} right; rows in per cent", fontsize=10)
    below = textwrap.fill(mistakes(matrix, classes), 100)
    figure.supxlabel(below, fontsize=8, color=GREY, x=0.02, ha="left")
    return figure


def paint(axes, share: np.ndarray, colour: str) -> None:
    """Colour cells: the more, the closer to the largest. A hundred classes become one image."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgba

    colours = LinearSegmentedColormap.from_list("", [to_rgba(colour, 0), to_rgba(colour, 1)])
    edges = np.arange(len(share) + 1) - 0.5
    largest = max(float(share.max()), 1e-9)
    axes.pcolormesh(
        edges, edges, np.ma.masked_equal(share, 0), cmap=colours, vmin=0, vmax=largest,
        rasterized=len(share) > NUMBERED,
    )  # fmt: skip


def mistakes(matrix: np.ndarray, classes: Sequence[str]) -> str:
    """Say which classes are most often taken for another, the most frequent first.

    >>> mistakes(np.array([[3, 1], [0, 4]]), ["cat", "dog"])
    'most frequent mistakes (true → predicted): cat → dog 1'
    """
    wrong = np.where(np.eye(len(classes), dtype=bool), 0, matrix)
    order = np.argsort(-wrong, axis=None, kind="stable")[:LISTED]
    pairs = [np.unravel_index(cell, wrong.shape) for cell in order]
    told = [f"{classes[i]} → {classes[j]} {wrong[i, j]}" for i, j in pairs if wrong[i, j]]
    return (
        f"most frequent mistakes (true → predicted): {', '.join(told)}" if told else "no mistakes"
    )
