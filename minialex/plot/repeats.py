"""Trainings that differ in their seed only: how far apart they end."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from minialex.errors import InputError
from minialex.figures import Epoch
from minialex.plot.style import GREY, LINES, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Log = Sequence[Epoch]
LETTERS = 28  # of a line of a name
DASHES = ("-", "--", "-.", ":")


def seeds(groups: Mapping[str, Sequence[Log]]) -> "Figure":
    """Draw the validation accuracy of trainings against epochs: each, and the mean of its group.

    The band of a group goes from its lowest to its highest run. Below the name stand the mean of
    the last epoch, its standard deviation over the runs (of a sample: n - 1), and their number.

    Parameters
    ----------
    groups : mapping of str to a sequence of logs
        Name of a group to its runs, each as `minialex.figures.read_log` returns it.

    Raises
    ------
    InputError
        Nothing was held out, or the runs of a group have different numbers of epochs.
    """
    figure, axes = canvas(size=(7.2, 3.8))
    ends = []
    for i, (name, logs) in enumerate(groups.items()):
        epochs, values = accuracies(name, logs)
        colour, dashes = LINES[i % len(LINES)], DASHES[i // len(LINES) % len(DASHES)]
        for run in values if len(values) > 1 else ():
            axes.plot(epochs, run, color=colour, linewidth=0.6, alpha=0.7)
        axes.fill_between(
            epochs, values.min(0), values.max(0), color=colour, alpha=0.18, linewidth=0
        )
        axes.plot(
            epochs, values.mean(0), dashes, color=colour, marker="o" if len(epochs) == 1 else ""
        )
        label = f"{textwrap.fill(name, LETTERS)}\n{in_words(values[:, -1])}"
        ends.append((values.mean(0)[-1], label, colour, epochs[-1]))
    ends.sort(key=lambda end: end[0])
    low, high = axes.get_ylim()
    lines = max(label.count("\n") + 1 for _, label, *_ in ends)
    places = spaced([end for end, *_ in ends], 0.065 * lines * (high - low))
    for place, (end, text, colour, last) in zip(places, ends, strict=True):
        axes.annotate(
            text, (last, end), xytext=(1.03, place), textcoords=("axes fraction", "data"),
            color=colour, va="center", fontsize=9, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.6, "alpha": 0.6},
        )  # fmt: skip
    axes.set(xlabel="epoch", ylim=(low, high))
    axes.set_title("validation accuracy, %", fontsize=10)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y")
    axes.tick_params(colors=GREY, length=0)
    return figure


def accuracies(name: str, logs: Sequence[Log]) -> tuple[list[int], np.ndarray]:
    """Return the epochs of a group, and its accuracies in per cent: (runs, epochs)."""
    lengths = sorted({len(log) for log in logs})
    if len(lengths) != 1 or lengths == [0]:
        raise InputError(
            f"{name}: runs of one group need equally many epochs, and at least one; these have "
            f"{' and '.join(map(str, lengths)) or 'no log'}"
        )
    values = [[row.val_accuracy for row in log] for log in logs]
    if any(value is None for run in values for value in run):
        raise InputError(f"{name}: a run held nothing out, and so has no validation accuracy")
    return [row.epoch for row in logs[0]], 100 * np.array(values, float)


def in_words(last: np.ndarray) -> str:
    """Write the mean of the runs with its standard deviation.

    >>> in_words(np.array([79.0, 80, 81])), in_words(np.array([80.0]))
    ('80.0 ± 1.0 (3 runs)', '80.0 (1 run)')
    """
    if len(last) == 1:
        return f"{last[0]:.1f} (1 run)"
    return f"{last.mean():.1f} ± {last.std(ddof=1):.1f} ({len(last)} runs)"


def spaced(values: Sequence[float], distance: float) -> np.ndarray:
    """Return sorted values moved apart as little as needed, so that none are nearer than this.

    >>> spaced([1.0, 1.0, 5.0], 1.0)
    array([0.5, 1.5, 5. ])
    """
    blocks = [(value, 1) for value in values]  # centre, and how many labels it holds
    i = 0
    while i < len(blocks) - 1:
        (a, n), (b, m) = blocks[i : i + 2]
        if b - a < distance * (n + m) / 2 - 1e-12:
            blocks[i : i + 2] = [((n * a + m * b) / (n + m), n + m)]
            i = max(i - 1, 0)
        else:
            i += 1
    return np.array([a + distance * (k - (n - 1) / 2) for a, n in blocks for k in range(n)])
