"""What a network says of pictures."""

from typing import TYPE_CHECKING

import numpy as np

from minialex.plot.style import GREY, ORANGE, bare, canvas
from minialex.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from minialex.data import Dataset

COLUMNS = 8


def predictions(run: Run, dataset: "Dataset", rows: int = 5) -> "Figure":
    """Show pictures, chosen at random, each with its predicted class and the probability of it.

    Under a wrong prediction, which is marked by colour and frame, stands the true class.
    """
    chosen = np.random.default_rng(0).permutation(len(dataset))[: rows * COLUMNS]
    images, labels = dataset.images[chosen], dataset.labels[chosen]
    probabilities = run.predict(images)
    rows = -(-len(chosen) // COLUMNS)
    figure, grid = canvas(rows, COLUMNS, size=(1.35 * COLUMNS, 1.75 * rows), squeeze=False)
    for axes in grid.flat:
        bare(axes)
    for axes, image, label, p in zip(figure.axes, images, labels, probabilities, strict=False):
        guess = int(p.argmax())
        right = guess == label
        axes.imshow(image)
        text = f"{run.classes[guess]} {100 * p[guess]:.0f} %"
        if not right:
            text += f"\nis {run.classes[label]}"
            axes.spines[:].set(visible=True, color=ORANGE, linewidth=3)
        colour = GREY if right else ORANGE
        axes.set_title(text, loc="center", y=0, va="top", pad=-4, fontsize=9, color=colour)
    return figure
