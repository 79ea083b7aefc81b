"""Flips and crops: other pictures of the same things, drawn anew in every epoch."""

from dataclasses import dataclass

import numpy as np

from minialex.errors import InputError


@dataclass(frozen=True)
class Augment:
    """Random flips from left to right, and random crops of the padded picture.

    Each picture has its own. The padding is zero: the mean, where one has been subtracted before.

    Parameters
    ----------
    flip : bool
        Flip with probability 1/2.
    crop : int
        Pixels of padding on each side; a crop of the old size starts at one of
        (2 * crop + 1)^2 places.
    """

    flip: bool = True
    crop: int = 4

    def __post_init__(self) -> None:
        if self.crop < 0:
            raise InputError(f"crop {self.crop}: the padding cannot be negative; 0 means no crops")

    def __call__(self, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Return a new array like x (N, H, W, C)."""
        batch, (height, width), pad = len(x), x.shape[1:3], self.crop
        padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
        top, left = rng.integers(0, 2 * pad + 1, (2, batch))
        flipped = rng.random(batch) < (0.5 if self.flip else 0)
        y = np.empty_like(x)
        for n in range(batch):
            window = padded[n, top[n] : top[n] + height, left[n] : left[n] + width]
            y[n] = window[:, ::-1] if flipped[n] else window
        return y
