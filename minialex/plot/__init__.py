"""Pictures of a run: its curves, what it predicts, and what it is trained on; figures in a page."""

from minialex.plot.answers import predictions
from minialex.plot.log import curves
from minialex.plot.page import show, slider
from minialex.plot.sheet import augmentation
from minialex.plot.style import (
    BLUE,
    FAINT,
    GREEN,
    GREY,
    INK,
    LINES,
    ORANGE,
    PAPER,
    PURPLE,
    SKY,
    YELLOW,
    bare,
    canvas,
)  # fmt: skip

__all__ = [
    "BLUE", "FAINT", "GREEN", "GREY", "INK", "LINES", "ORANGE", "PAPER", "PURPLE", "SKY", "YELLOW",
    "augmentation", "bare", "canvas", "curves", "predictions", "show", "slider",
]  # fmt: skip
