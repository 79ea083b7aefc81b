"""The curves of a training."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from minialex.figures import Epoch
from minialex.plot.repeats import spaced
from minialex.plot.style import BLUE, GREY, ORANGE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def curves(log: Sequence[Epoch], path: str | Path) -> None:
    """Draw loss and accuracy against epochs, for training and held-out pictures, if there are."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    epochs = [row.epoch for row in log]
    val_loss = [row.val_loss for row in log if row.val_loss is not None]
    _lines(loss, epochs, [row.train_loss for row in log], val_loss)
    _lines(
        accuracy,
        epochs,
        [100 * row.train_accuracy for row in log],
        [100 * row.val_accuracy for row in log if row.val_accuracy is not None],
    )
    loss.set_title("loss", loc="left", fontsize=11)
    loss.set_ylim(bottom=0)
    accuracy.set_title("accuracy, %", loc="left", fontsize=11)
    figure.savefig(path, dpi=150)


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
    axes.set_xlabel("epoch", color=GREY)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y", color="#e4e4e4")
    axes.tick_params(colors=GREY, length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.spines["bottom"].set_color("#b0b0b0")
