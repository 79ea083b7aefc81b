"""Krizhevsky's networks for CIFAR-10: cuda-convnet, example-layers/layers-*.cfg.

Layers have his names (fc10 has ten outputs). All pools are 3x3 with stride 2 and round up. Sigma is
`initW` of the files; `initB` is 0 everywhere. `rnorm` and `cmrnorm` have the scales of the files
beside them, layer-params-*.cfg, and k = 1.
"""

from minialex.initial import Initialiser, gaussian, he, lecun
from minialex.layer import Layer
from minialex.layers import (
    LRN,
    AvgPool2d,
    Conv2d,
    Linear,
    LocallyConnected2d,
    MapLRN,
    MaxPool2d,
    Tanh,
)
from minialex.models.table import CLASSES, FLATTEN, RELU, Model, Table

FIRST, SIGMA, LOCAL, DENSE = map(gaussian, (1e-4, 0.01, 0.04, 0.1))
MAX = MaxPool2d(3, stride=2, rounding="ceil")
AVERAGE = AvgPool2d(3, stride=2, rounding="ceil")


def three_convolutions(
    norm: Table = (),
    unit: Layer = RELU,
    inits: tuple[Initialiser, Initialiser, Initialiser] = (FIRST, SIGMA, SIGMA),
) -> Table:
    """Return what the networks with 26, 19 and 18 % error share, and those of figure 1."""
    first, second, third = inits
    return (
        ("conv1", Conv2d(32, 5, pad=2, init=first)), MAX, unit, *norm,
        ("conv2", Conv2d(32, 5, pad=2, init=second)), unit, AVERAGE, *norm,
        ("conv3", Conv2d(64, 5, pad=2, init=third)), unit, AVERAGE,
        FLATTEN,
    )  # fmt: skip


def figure_1(unit: Layer, init: Initialiser) -> Model:
    """Return the four layers of figure 1 of the paper, as far as it describes them."""
    layers = (
        *three_convolutions(unit=unit, inits=(init, init, init)),
        ("fc10", Linear(CLASSES, init=lecun)),
    )
    source = f"Krizhevsky, Sutskever, Hinton 2012: figure 1, with {type(unit).__name__}"
    return Model(
        layers, 32, 10, source,
        "The paper says no more than four layers: these are cuda-convnet-19pct's, whose first "
        "weights have the size that keeps that of the activations.",
    )  # fmt: skip


def local_network(local3: int, norm: Table = ()) -> Table:
    """Return two convolutions and two locally connected layers, 13 or 11 % error."""
    return (
        ("conv1", Conv2d(64, 5, pad=2, init=FIRST)), RELU, MAX, *norm,
        ("conv2", Conv2d(64, 5, pad=2, init=SIGMA)), RELU, *norm, MAX,
        ("local3", LocallyConnected2d(local3, 3, pad=1, init=LOCAL)), RELU,
        ("local4", LocallyConnected2d(32, 3, pad=1, init=LOCAL)), RELU,
        FLATTEN,
        ("fc10", Linear(CLASSES, init=SIGMA)),
    )  # fmt: skip


DENSE_64: Table = (
    *three_convolutions(),
    ("fc64", Linear(64, init=DENSE)), RELU,
    ("fc10", Linear(CLASSES, init=DENSE)),
)  # fmt: skip
ONE_DENSE: Table = (("fc10", Linear(CLASSES, init=SIGMA)),)
WITHIN_MAPS = MapLRN(3, k=1, alpha=5e-5, beta=0.75)
ACROSS_MAPS = LRN.krizhevsky(9, scale=1e-3, pow=0.75, k=1)

CUDA_CONVNET = {
    "cuda-convnet-80sec": Model(
        DENSE_64, 32, 10, "cuda-convnet, layers-80sec.cfg: 26 % error published"
    ),
    "cuda-convnet-19pct": Model(
        (*three_convolutions(), *ONE_DENSE), 32, 10,
        "cuda-convnet, layers-19pct.cfg: 19 % error published",
    ),
    "cuda-convnet-18pct": Model(
        (*three_convolutions((WITHIN_MAPS,)), *ONE_DENSE), 32, 10,
        "cuda-convnet, layers-18pct.cfg: 18 % error published",
    ),
    "cuda-convnet-13pct": Model(
        local_network(32), 24, 10,
        "cuda-convnet, layers-conv-local-13pct.cfg: 13 % error published, on crops of 24x24",
    ),
    "cuda-convnet-11pct": Model(
        local_network(64, (ACROSS_MAPS,)), 24, 10,
        "cuda-convnet, layers-conv-local-11pct.cfg: 11 % error published, on crops of 24x24",
    ),
    "figure1-relu": figure_1(RELU, he),
    "figure1-tanh": figure_1(Tanh(), lecun),
}  # fmt: skip
