"""Flips and crops, turns and colours: other pictures of the same things, anew in every epoch."""

from dataclasses import dataclass

import numpy as np

from minialex.data.affine import Affine
from minialex.data.colour import ColourNoise
from minialex.errors import InputError


@dataclass(frozen=True)
class Augment:
    """Random changes of training pictures: affine, then crops and flips, then colour.

    The padding of crops is zero: the mean, where one has been subtracted before.

    Parameters
    ----------
    flip : bool
        Flip from left to right with probability 1/2.
    crop : int
        Pixels of padding on each side. A crop of the old size starts at one of
        (2 * crop + 1)^2 places.
    size : int, optional
        Height and width of the crops, where they are smaller than the pictures. Those of 224x224
        out of 256x256 start at one of 33^2 places: 2178 with flips, of which the paper counts 2048.
    vertical_flip : bool
        Turn upside down with probability 1/2.
    chunk : int
        Neighbours in a batch that share one crop and one flip; 32 in Krizhevsky's code
        (`crop_chunk` in convdata.py).
    affine : Affine, optional
    colour : ColourNoise, optional

    Raises
    ------
    InputError
        An option is out of range.
    """

    flip: bool = True
    crop: int = 4
    size: int | None = None
    vertical_flip: bool = False
    chunk: int = 1
    affine: Affine | None = None
    colour: ColourNoise | None = None

    def __post_init__(self) -> None:
        if self.crop < 0:
            raise InputError(f"crop {self.crop}: the padding cannot be negative; 0 means no crops")
        for name in ("size", "chunk"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} {value} of the crops is too small; use at least 1")

    def __call__(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return new pictures (N, size or H, size or W, C) from x (N, H, W, C).

        Crops and flips are drawn first: what else is done does not change them.
        """
        batch, height, width, channels = x.shape
        rows, columns = (self.size, self.size) if self.size else (height, width)
        places = np.array([[height - rows], [width - columns]]) + 2 * self.crop + 1
        if places.min() < 1:
            raise InputError(
                f"crops of {rows}x{columns} do not fit into pictures of {height}x{width}; "
                f"load them at a larger size (load_size)"
            )
        chunks = -(-batch // self.chunk)
        top, left = rng.integers(0, places, (2, chunks)).repeat(self.chunk, axis=1)
        flipped = (rng.random(chunks) < (0.5 if self.flip else 0)).repeat(self.chunk)
        upside_down = np.zeros(batch, bool)
        if self.vertical_flip:
            upside_down = (rng.random(chunks) < 0.5).repeat(self.chunk)
        if self.affine:
            x = self.affine(x, rng)
        if self.crop:
            x = np.pad(x, ((0, 0), (self.crop, self.crop), (self.crop, self.crop), (0, 0)))
        y = np.empty((batch, rows, columns, channels), x.dtype)
        for n in range(batch):
            window = x[n, top[n] : top[n] + rows, left[n] : left[n] + columns]
            window = window[:, ::-1] if flipped[n] else window
            y[n] = window[::-1] if upside_down[n] else window
        return self.colour(y, rng) if self.colour else y
