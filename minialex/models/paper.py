"""AlexNet: as its paper has it, as its code has it, and as one tower."""

from minialex.initial import gaussian
from minialex.layers import LRN, Conv2d, Dropout, Linear, MapLRN, MaxPool2d
from minialex.models.table import CLASSES, FLATTEN, POOL, RELU, Model, Table

SIGMA = gaussian(0.01)
HEAD: Table = (
    FLATTEN,
    ("fc6", Linear(4096, init=SIGMA, bias=1)), RELU, Dropout(0.5, mode="paper"),
    ("fc7", Linear(4096, init=SIGMA, bias=1)), RELU, Dropout(0.5, mode="paper"),
    ("fc8", Linear(CLASSES, init=SIGMA)),
)  # fmt: skip


def paper_alexnet(groups: int, rounding: str = "floor") -> Table:
    """Return the layers of Krizhevsky, Sutskever, Hinton 2012, sections 3.5 and 5.

    Two GPUs are two groups, and windows of LRN never cross them. Biases are one in conv2, conv4,
    conv5 and the hidden dense layers.
    """
    lrn = LRN.paper(groups)
    return (
        ("conv1", Conv2d(96, 11, stride=4, rounding=rounding, init=SIGMA)), RELU, lrn, POOL,
        ("conv2", Conv2d(256, 5, pad=2, groups=groups, init=SIGMA, bias=1)), RELU, lrn, POOL,
        ("conv3", Conv2d(384, 3, pad=1, init=SIGMA)), RELU,
        ("conv4", Conv2d(384, 3, pad=1, groups=groups, init=SIGMA, bias=1)), RELU,
        ("conv5", Conv2d(256, 3, pad=1, groups=groups, init=SIGMA, bias=1)), RELU, POOL,
        *HEAD,
    )  # fmt: skip


def coded_alexnet() -> Table:
    """Return the layers of run 145, the paper's single network.

    computerhistory/AlexNet-Source-Code, layers/layers-145.cfg, with k, alpha and beta from
    layer-params-145.cfg; "a" and "b" there are the two GPUs. All output sizes are rounded up.
    """
    wide = gaussian(0.03)
    lrn = LRN.krizhevsky(5, scale=1e-4, pow=0.75, k=2, groups=2)
    pool = MaxPool2d(3, stride=2, rounding="ceil")
    return (
        ("conv1", Conv2d(96, 11, stride=4, rounding="ceil", init=SIGMA)), lrn, pool, RELU,
        ("conv2", Conv2d(256, 5, pad=2, groups=2, init=SIGMA, bias=1)), RELU, lrn,
        MapLRN(5, k=1, alpha=1e-3, beta=0.75), pool,
        ("conv3", Conv2d(384, 3, pad=1, init=wide)), RELU,
        ("conv4", Conv2d(384, 3, pad=1, groups=2, init=wide, bias=1)), RELU,
        ("conv5", Conv2d(256, 3, pad=1, groups=2, init=wide, bias=1)), pool, RELU,
        *HEAD,
    )  # fmt: skip


PAPER = {
    "alexnet-2012": Model(
        paper_alexnet(2), 227, 1000,
        "Krizhevsky, Sutskever, Hinton 2012: sections 3 to 5",
        "Pictures of 227 pixels and no rounding in place of 224 and rounding up: the sizes are the "
        "same, 55 behind conv1.",
    ),
    "alexnet-2012-224": Model(
        paper_alexnet(2, "ceil"), 224, 1000,
        "Krizhevsky et al. 2012 on its own 224 pixels, conv1 rounded up as in its code",
    ),
    "alexnet-2012-coded": Model(
        coded_alexnet(), 224, 1000,
        "AlexNet-Source-Code, layers-145.cfg: the run with 40.7 % top-1 error in the paper",
        "Not in the paper: conv1 and conv5 are rectified behind their pools, conv1 even behind its "
        "LRN; LRN divides alpha by 5; conv2 is normalised within its maps too; sigma is .03 in "
        "conv3, conv4 and conv5.",
    ),
    "alexnet-merged": Model(
        paper_alexnet(1), 227, 1000,
        "the post of TensorFlow's benchmark and the post in Keras, in words: one tower",
        "One tower: conv2, conv4 and conv5 see all channels, which takes 1,413,120 parameters "
        "more, and windows of LRN cross the border of the towers.",
    ),
}  # fmt: skip
