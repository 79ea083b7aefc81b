"""The layers, each in a file that can be read alone."""

from minialex.layers.avgpool import AvgPool2d
from minialex.layers.conv import Conv2d
from minialex.layers.dropout import Dropout
from minialex.layers.flatten import Flatten
from minialex.layers.leaky import LeakyReLU, PReLU, RReLU
from minialex.layers.linear import Linear
from minialex.layers.local import LocallyConnected2d
from minialex.layers.lrn import LRN
from minialex.layers.maplrn import MapLRN
from minialex.layers.pool import MaxPool2d
from minialex.layers.relu import ReLU
from minialex.layers.smooth import Sigmoid, Softplus, Tanh
from minialex.layers.softmax import Softmax, SoftmaxCrossEntropy
from minialex.layers.zeropad import ZeroPad2d

__all__ = [
    "LRN",
    "AvgPool2d",
    "Conv2d",
    "Dropout",
    "Flatten",
    "LeakyReLU",
    "Linear",
    "LocallyConnected2d",
    "MapLRN",
    "MaxPool2d",
    "PReLU",
    "RReLU",
    "ReLU",
    "Sigmoid",
    "Softmax",
    "SoftmaxCrossEntropy",
    "Softplus",
    "Tanh",
    "ZeroPad2d",
]
