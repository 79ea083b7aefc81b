"""The layers, each in a file that can be read alone."""

from minialex.layers.conv import Conv2d
from minialex.layers.dropout import Dropout
from minialex.layers.flatten import Flatten
from minialex.layers.linear import Linear
from minialex.layers.lrn import LRN
from minialex.layers.pool import MaxPool2d
from minialex.layers.relu import ReLU
from minialex.layers.softmax import Softmax, SoftmaxCrossEntropy

__all__ = [
    "LRN",
    "Conv2d",
    "Dropout",
    "Flatten",
    "Linear",
    "MaxPool2d",
    "ReLU",
    "Softmax",
    "SoftmaxCrossEntropy",
]
