"""Pictures of networks and of runs; figures in a page."""

from minialex.plot.answers import predictions
from minialex.plot.diagram import model
from minialex.plot.first_layer import filters
from minialex.plot.log import curves
from minialex.plot.mistakes import confusion
from minialex.plot.page import show, slider
from minialex.plot.repeats import seeds
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
    "augmentation", "bare", "canvas", "confusion", "curves", "filters", "model", "predictions",
    "seeds", "show", "slider",
]  # fmt: skip
