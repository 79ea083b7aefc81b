"""What a network says of pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from minialex.plot.style import GREY, ORANGE
from minialex.run import Run

if TYPE_CHECKING:
    from minialex.data import Dataset

COLUMNS = 8


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
