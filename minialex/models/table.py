"""What a model is: a table of layers, and where it comes from."""

from typing import NamedTuple

from minialex.layer import Layer
from minialex.layers import Flatten, MaxPool2d, ReLU

CLASSES = 1  # units of a last layer: replaced by the number of classes when a model is built
Table = tuple[Layer | tuple[str, Layer], ...]

# What the tables share: layers without parameters, copied whenever a model is built.
RELU, FLATTEN = ReLU(), Flatten()
POOL = MaxPool2d(3, stride=2)  # overlapping, section 3.4 of the paper


class Model(NamedTuple):
    """A table of layers, and what it was made for.

    Attributes
    ----------
    layers : tuple
        The last one gives logits, one a class; the softmax is in the loss.
    image_size : int
        Height and width of its pictures.
    classes : int or None
        Outputs of the last layer; None where the network ends without a classifier.
    source : str
        Where the table was read, in one line.
    differs : str
        How it departs from the paper that it is named after.
    """

    layers: Table
    image_size: int
    classes: int | None
    source: str
    differs: str = ""
