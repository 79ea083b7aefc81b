"""Pictures of a run: its curves, what it predicts, and what it is trained on."""

from minialex.plot.answers import predictions
from minialex.plot.log import curves
from minialex.plot.sheet import augmentation
from minialex.plot.style import BLUE, GREY, ORANGE

__all__ = ["BLUE", "GREY", "ORANGE", "augmentation", "curves", "predictions"]
