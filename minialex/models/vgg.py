"""VGG: Simonyan & Zisserman 2014, table 1; and with the small head of a post.

The weights start as `glorot`, in both. The post has Keras' default; the paper, section 3.1, says
that Glorot & Bengio's procedure works, while the authors trained configuration A from N(0, .1^2)
and the deeper ones from A's layers.
"""

from minialex.initial import glorot
from minialex.layers import Conv2d, Dropout, Linear, MaxPool2d
from minialex.models.table import CLASSES, FLATTEN, RELU, Model, Table

WIDTHS = (64, 128, 256, 512, 512)
DEPTHS = {  # convolutions in each of the five blocks
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}
CONFIGURATION = {"vgg11": "A", "vgg13": "B", "vgg16": "D", "vgg19": "E"}
POOL = MaxPool2d(2)


def blocks(depths: tuple[int, ...]) -> Table:
    """Return the convolutions and pools, with the names of the authors' Caffe models."""
    layers: list = []
    for block, (depth, filters) in enumerate(zip(depths, WIDTHS, strict=True), 1):
        for i in range(1, depth + 1):
            layers.append((f"conv{block}_{i}", Conv2d(filters, 3, pad="same", init=glorot)))
            layers.append((f"relu{block}_{i}", RELU))
        layers.append((f"pool{block}", POOL))
    return tuple(layers)


PAPER_HEAD: Table = (
    ("flatten5", FLATTEN),
    ("fc6", Linear(4096, init=glorot)), ("relu6", RELU), ("dropout6", Dropout(0.5)),
    ("fc7", Linear(4096, init=glorot)), ("relu7", RELU), ("dropout7", Dropout(0.5)),
    ("fc8", Linear(CLASSES, init=glorot)),
)  # fmt: skip
POST_HEAD: Table = (
    ("flatten5", FLATTEN), ("dropout5", Dropout(0.5)),
    ("fc6", Linear(512, init=glorot)), ("relu6", RELU), ("dropout6", Dropout(0.5)),
    ("fc7", Linear(512, init=glorot)), ("relu7", RELU),
    ("fc8", Linear(CLASSES, init=glorot)),
)  # fmt: skip
VGG = {
    name: Model(
        (*blocks(depths), *PAPER_HEAD), 224, 1000,
        f"Simonyan & Zisserman 2014, configuration {CONFIGURATION[name]}",
        "Weights start as Glorot's, which the authors found to work after they had trained theirs.",
    )
    for name, depths in DEPTHS.items()
} | {
    f"{name}-512": Model(
        (*blocks(depths), *POST_HEAD), 224, 10,
        "the post 'AlexNet and VGG', code in Keras",
        "512 units in place of 4096, dropout before the hidden dense layers in place of behind "
        "them, Glorot's initial weights.",
    )
    for name, depths in DEPTHS.items()
}  # fmt: skip
