"""Dropout."""

import numpy as np

from minialex.backend import Array, random, xp_of
from minialex.errors import InputError
from minialex.layer import Layer, Shape


class Dropout(Layer):
    """Silence each input with probability p while training; Krizhevsky et al. 2012, section 4.2.

    Each entry of mask is 1 with probability 1 - p::

        mode         training                  test
        "inverted"   y = x * mask / (1 - p)    y = x
        "paper"      y = x * mask              y = x * (1 - p)

    Both modes have the same expectation; today's libraries scale while training, so that the
    network needs nothing at test. Any shape.

    Parameters
    ----------
    p : float
        Probability of dropping, 0 <= p < 1.
    mode : "inverted" or "paper"

    Attributes
    ----------
    rng : numpy.random.Generator
        Made by `build`; its state decides every later mask.
    """

    kind = "dropout"

    def __init__(self, p: float = 0.5, mode: str = "inverted") -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise InputError(f"dropout: p={p} is not a probability of dropping in [0, 1)")
        if mode not in ("inverted", "paper"):
            raise InputError(f'dropout: mode={mode!r} is not "inverted" or "paper"')
        self.p, self.mode = p, mode

    def build(self, input_shape: Shape, rng: np.random.Generator, dtype: str = "float32") -> None:
        self.rng = rng.spawn(1)[0]

    def forward(self, x: Array, train: bool = False) -> Array:
        xp, keep = xp_of(x), 1 - self.p
        if train:
            if self.rng is None:
                raise InputError(f"{self.label()} has no generator: call build, or set rng")
            mask = random(self.rng, x.shape, x) < keep
            scale = x.dtype.type(1 / keep if self.mode == "inverted" else 1)
            self.factor = xp.multiply(mask, scale, out=self.buffer("factor", x.shape, x))
        else:
            self.factor = x.dtype.type(1 if self.mode == "inverted" else keep)
        return xp.multiply(x, self.factor, out=self.buffer("y", x.shape, x))

    def backward(self, gy: Array, need_gx: bool = True) -> Array | None:
        if not need_gx:
            return None
        return xp_of(gy).multiply(gy, self.factor, out=self.buffer("gx", gy.shape, gy))

    def details(self) -> str:
        return f"p {self.p}" + (", paper" if self.mode == "paper" else "")
