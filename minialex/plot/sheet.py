"""What augmentation makes of pictures."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from minialex.data.affine import Affine
from minialex.plot.style import FAINT, GREY, bare, canvas

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from minialex.data import Dataset
    from minialex.data.augment import Augment
    from minialex.data.pixels import Pixels

DRAWS = 7
PLACES = [0, *range(2, 2 + DRAWS)]  # of pictures in the grid, whose column 1 is a gap


def augmentation(
    dataset: "Dataset",
    augment: "Augment",
    pixels: "Pixels",
    rows: int = 5,
    seed: int = 0,
) -> "Figure":
    """Show pictures, chosen at random, and beside each what a training sees of it.

    A column is a batch: where neighbours share a crop and a flip, its pictures do. The mean of
    every channel stands for a mean picture, so that padding is of one colour.

    Parameters
    ----------
    dataset : Dataset
    augment : Augment
    pixels : Pixels
    rows : int
        Pictures.
    seed : int
        Decides which pictures are shown, and what is drawn.
    """
    pixels = replace(pixels, mean=pixels.mean.reshape(-1, pixels.mean.shape[-1]).mean(axis=0))
    chosen = np.random.default_rng(seed).permutation(len(dataset))[:rows]
    images = dataset.images[chosen]
    names = [dataset.classes[label] for label in dataset.labels[chosen]]
    drawn = [
        grey_levels(augment(pixels(images), np.random.default_rng([seed, draw])), pixels)
        for draw in range(DRAWS)
    ]
    figure, grid = canvas(
        len(chosen), 2 + DRAWS, size=(10.4, 1.19 * len(chosen) + 0.3),
        squeeze=False, width_ratios=[1, 0.12] + [1] * DRAWS,
    )  # fmt: skip
    figure.set_layout_engine("constrained", w_pad=0.03, h_pad=0.03, wspace=0, hspace=0)
    for axes in grid[:, 1]:  # between the pictures and what became of them
        bare(axes)
    for row, name in enumerate(names):
        for axes, pictures in zip(grid[row, PLACES], [images, *drawn], strict=True):
            axes.imshow(pictures[row])
            bare(axes).spines[:].set(visible=True, color=FAINT, linewidth=0.5)
        grid[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", color=GREY)
    height, width = images.shape[1:3]
    loaded, trained = f"loaded: {width}x{height}", f"trained on: {in_words(augment, height)}"
    for axes, text in ((grid[0, 0], loaded), (grid[0, 2], trained)):
        size = min(10, 1150 / len(text))
        header = axes.text(0, 1.06, text, size=size, color=GREY, transform=axes.transAxes)
        header.set_in_layout(text == loaded)  # the other one is wider than its column
    return figure


def grey_levels(x: np.ndarray, pixels: "Pixels") -> np.ndarray:
    """Undo what `pixels` did: float (N, H, W, C) -> uint8. Darker than black is shown as black."""
    factor = 255 if pixels.scale == "0-1" else 1
    return (factor * (x * pixels.std + pixels.mean)).round().clip(0, 255).astype(np.uint8)


def in_words(augment: "Augment", size: int) -> str:
    """Say in a line what happens to pictures of this size.

    >>> from minialex.data.augment import Augment
    >>> in_words(Augment(crop=0, size=24, affine=Affine(rotate=40)), 32)
    'crops of 24x24, half of them mirrored, turned ±40°'
    >>> in_words(Augment(flip=False, crop=4), 32)
    'crops of 32x32 with 4 pixels of padding'
    """
    seen = augment.size or size
    padding = f" with {augment.crop} pixels of padding" if augment.crop else ""
    affine, colour = augment.affine or Affine(), augment.colour
    words = {
        f"crops of {seen}x{seen}{padding}": seen < size or padding,
        "half of them mirrored": augment.flip,
        "half upside down": augment.vertical_flip,
        f"{augment.chunk} neighbours alike": augment.chunk > 1,
        f"turned ±{affine.rotate:g}°": affine.rotate,
        f"shifted ±{100 * affine.shift:g} %": affine.shift,
        f"sheared ±{affine.shear:g}°": affine.shear,
        f"zoomed ±{100 * affine.zoom:g} %": affine.zoom,
        f"colour noise ({colour.form if colour else ''})": colour is not None,
    }
    return ", ".join(word for word, applies in words.items() if applies) or "nothing is changed"
