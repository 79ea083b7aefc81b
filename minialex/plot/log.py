"""The curves of a training."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minialex.figures import Epoch
from minialex.plot.repeats import spaced
from minialex.plot.style import BLUE, ORANGE, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def curves(log: Sequence[Epoch]) -> "Figure":
    """Draw loss and accuracy against epochs, for training and held-out pictures, if there are."""
    figure, (loss, accuracy) = canvas(1, 2, size=(9, 3.4))
    epochs = [row.epoch for row in log]
    val_loss = [row.val_loss for row in log if row.val_loss is not None]
    _lines(loss, epochs, [row.train_loss for row in log], val_loss)
    _lines(
        accuracy,
        epochs,
        [100 * row.train_accuracy for row in log],
        [100 * row.val_accuracy for row in log if row.val_accuracy is not None],
    )
    loss.set(title="loss")
    loss.set_ylim(bottom=0)
    accuracy.set(title="accuracy, %")
    return figure


def _lines(axes: "Axes", epochs: list[int], train: list[float], val: list[float]) -> None:
    """Draw one or two lines that are labelled at their ends, instead of by a legend."""
    from matplotlib.ticker import MaxNLocator

    lines = [(train, "training", BLUE), (val, "validation", ORANGE)][: 2 if val else 1]
    for values, _, colour in lines:
        axes.plot(epochs, values, color=colour, marker="o", markersize=3, linewidth=1.6)
    low, high = axes.get_ylim()
    lines.sort(key=lambda line: line[0][-1])
    ends = spaced([values[-1] for values, *_ in lines], 0.07 * (high - low))
    for end, (_, name, colour) in zip(ends, lines, strict=True):
        axes.annotate(
            name,
            (epochs[-1], end),
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            annotation_clip=False,
        )
    axes.set(xlabel="epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y")
    axes.tick_params(length=0)
