"""Pictures of a run: its curves, and what it predicts."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minialex.figures import Epoch
from minialex.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from minialex.data import Dataset

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#5c5c5c"  # Okabe & Ito: distinct to colour-blind eyes
COLUMNS = 8


def curves(log: Sequence[Epoch], path: str | Path) -> None:
    """Draw loss and accuracy against epochs, for training and held-out pictures."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.4), layout="constrained")
    loss, accuracy = figure.subplots(1, 2)
    epochs = [row.epoch for row in log]
    _lines(loss, epochs, [row.train_loss for row in log], [row.val_loss for row in log])
    _lines(
        accuracy,
        epochs,
        [100 * row.train_accuracy for row in log],
        [100 * row.val_accuracy for row in log],
    )
    loss.set_title("loss", loc="left", fontsize=11)
    loss.set_ylim(bottom=0)
    accuracy.set_title("accuracy, %", loc="left", fontsize=11)
    figure.savefig(path, dpi=150)


def predictions(run: Run, dataset: "Dataset", path: str | Path, rows: int = 5) -> None:
    """Show pictures, chosen at random, each with its predicted class and the probability of it.

    Under a wrong prediction, which is marked by colour and frame, stands the true class.
    """
    from matplotlib.figure import Figure

    chosen = np.random.default_rng(0).permutation(len(dataset))[: rows * COLUMNS]
    images, labels = dataset.images[chosen], dataset.labels[chosen]
    probabilities = run.predict(images)
    rows = -(-len(chosen) // COLUMNS)
    figure = Figure(figsize=(1.35 * COLUMNS, 1.75 * rows), layout="constrained")
    for axes in figure.subplots(rows, COLUMNS, squeeze=False).flat:
        axes.axis("off")
    for axes, image, label, p in zip(figure.axes, images, labels, probabilities, strict=False):
        guess = int(p.argmax())
        right = guess == label
        axes.imshow(image)
        text = f"{run.classes[guess]} {100 * p[guess]:.0f} %"
        if not right:
            text += f"\nis {run.classes[label]}"
            axes.axis("on")
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set(color=ORANGE, linewidth=3)
        axes.set_title(text, y=0, va="top", pad=-4, fontsize=9, color=GREY if right else ORANGE)
    figure.savefig(path, dpi=150)


def _lines(axes: "Axes", epochs: list[int], train: list[float], val: list[float]) -> None:
    """Draw two lines that are labelled at their ends, instead of by a legend."""
    from matplotlib.ticker import MaxNLocator

    for values, colour in ((train, BLUE), (val, ORANGE)):
        axes.plot(epochs, values, color=colour, marker="o", markersize=3, linewidth=1.6)
    low, high = axes.get_ylim()
    ends = apart(train[-1], val[-1], 0.07 * (high - low))
    for end, name, colour in zip(ends, ("training", "validation"), (BLUE, ORANGE), strict=True):
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


def apart(a: float, b: float, distance: float) -> tuple[float, float]:
    """Return where two labels go that belong at a and b, but must not touch.

    >>> apart(1.0, 3.0, 1.0), apart(1.0, 1.5, 1.0)
    ((1.0, 3.0), (0.75, 1.75))
    """
    if abs(a - b) >= distance:
        return a, b
    half = distance / 2 if a >= b else -distance / 2
    middle = (a + b) / 2
    return middle + half, middle - half
