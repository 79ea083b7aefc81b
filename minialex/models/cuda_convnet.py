"""Krizhevsky's networks for CIFAR-10: cuda-convnet, example-layers/layers-*.cfg.

Layers have his names (fc10 has ten outputs). All pools are 3x3 with stride 2 and round up. Sigma is
`initW` of the files; `initB` is 0 everywhere. `rnorm` and `cmrnorm` have the scales of the files
beside them, layer-params-*.cfg, and k = 1.
"""

from minialex.initial import gaussian
from minialex.layers import LRN, AvgPool2d, Conv2d, Linear, LocallyConnected2d, MapLRN, MaxPool2d
from minialex.models.table import CLASSES, FLATTEN, RELU, Model, Table

FIRST, SIGMA, LOCAL, DENSE = map(gaussian, (1e-4, 0.01, 0.04, 0.1))
MAX = MaxPool2d(3, stride=2, rounding="ceil")
AVERAGE = AvgPool2d(3, stride=2, rounding="ceil")


def three_convolutions(norm: Table = ()) -> Table:
    """Return what the networks with 26, 19 and 18 % error share."""
    return (
        ("conv1", Conv2d(32, 5, pad=2, init=FIRST)), MAX, RELU, *norm,
        ("conv2", Conv2d(32, 5, pad=2, init=SIGMA)), RELU, AVERAGE, *norm,
        ("conv3", Conv2d(64, 5, pad=2, init=SIGMA)), RELU, AVERAGE,
        FLATTEN,
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
}  # fmt: skip
