"""Networks for pictures of 32x32."""

from minialex.initial import lecun, truncated
from minialex.layers import LRN, Conv2d, Dropout, Linear, MaxPool2d
from minialex.models.table import CLASSES, FLATTEN, POOL, RELU, Model, Table

LRN_PAPER = LRN.paper()


def cifar_alexnet(
    convs: tuple[int, int, int, int, int],
    denses: tuple[int, int],
    norm: Table = (LRN_PAPER,),
) -> Table:
    """Return AlexNet's layers for pictures of 32x32: a 5x5 first kernel without stride."""
    f1, f2, f3, f4, f5 = convs
    d6, d7 = denses
    return (
        ("conv1", Conv2d(f1, 5, pad=2)), RELU, *norm, POOL,
        ("conv2", Conv2d(f2, 5, pad=2)), RELU, *norm, POOL,
        ("conv3", Conv2d(f3, 3, pad=1)), RELU,
        ("conv4", Conv2d(f4, 3, pad=1)), RELU,
        ("conv5", Conv2d(f5, 3, pad=1)), RELU, POOL,
        FLATTEN, Dropout(0.5),
        ("fc6", Linear(d6)), RELU, Dropout(0.5),
        ("fc7", Linear(d7)), RELU,
        ("fc8", Linear(CLASSES)),
    )  # fmt: skip


def tensorflow_cifar() -> Table:
    """Return alexnet-tf's convolutions for 32x32: conv1 as above, and a dense layer behind them."""
    draw = truncated(0.1)
    lrn = LRN.tensorflow(depth_radius=2, bias=2, alpha=1e-4, beta=0.75)
    return (
        ("conv1", Conv2d(64, 5, pad="same", init=draw)), RELU, lrn, POOL,
        ("conv2", Conv2d(192, 5, pad="same", init=draw)), RELU, lrn, POOL,
        ("conv3", Conv2d(384, 3, pad="same", init=draw)), RELU,
        ("conv4", Conv2d(256, 3, pad="same", init=draw)), RELU,
        ("conv5", Conv2d(256, 3, pad="same", init=draw)), RELU, POOL,
        FLATTEN,
        ("fc6", Linear(CLASSES, init=lecun)),
    )  # fmt: skip


LENET5: Table = (
    ("conv1", Conv2d(6, 5)), RELU, MaxPool2d(2),
    ("conv2", Conv2d(16, 5)), RELU, MaxPool2d(2),
    FLATTEN,
    ("fc3", Linear(120)), RELU,
    ("fc4", Linear(84)), RELU,
    ("fc5", Linear(CLASSES)),
)  # fmt: skip

# The post in PaddlePaddle names a simple_cnn of an earlier post. This is the convolutional network
# of PaddlePaddle's own tutorial on digits, whose names and form that post follows.
SIMPLE_CNN: Table = (
    ("conv1", Conv2d(20, 5)), RELU, MaxPool2d(2),
    ("conv2", Conv2d(50, 5)), RELU, MaxPool2d(2),
    FLATTEN,
    ("fc3", Linear(CLASSES, init=lecun)),
)  # fmt: skip

CIFAR = {
    "alexnet-cifar": Model(
        cifar_alexnet((64, 192, 384, 256, 256), (1024, 512)), 32, 10,
        "minialex: AlexNet for CIFAR-10",
        "A 5x5 conv1 without stride, 64-192-384-256-256 filters in one tower, 1024 and 512 dense "
        "units with dropout before them, He's initial weights, all biases zero.",
    ),
    "alexnet-cifar-no-lrn": Model(
        cifar_alexnet((64, 192, 384, 256, 256), (1024, 512), norm=()), 32, 10,
        "minialex: alexnet-cifar without LRN",
        "As alexnet-cifar, and no LRN.",
    ),
    "alexnet-tf-cifar": Model(
        tensorflow_cifar(), 32, 10,
        "alexnet-tf with conv1 5x5 and without stride, and one dense layer behind pool5",
        "As alexnet-tf, but for conv1, and fc6 in place of three dense layers.",
    ),
    "alexnet-mini": Model(
        cifar_alexnet((24, 64, 128, 88, 88), (344, 176)), 32, 10,
        "minialex: alexnet-cifar at a third of its width",
        "As alexnet-cifar.",
    ),
    "alexnet-mini-no-lrn": Model(
        cifar_alexnet((24, 64, 128, 88, 88), (344, 176), norm=()), 32, 10,
        "minialex: alexnet-mini without LRN",
        "As alexnet-cifar, and no LRN.",
    ),
    "lenet5": Model(
        LENET5, 32, 10,
        "LeCun et al. 1998, in the form of today's tutorials",
        "ReLU and max-pooling in place of tanh and averages with weights, every map of conv2 sees "
        "all of conv1, logits in place of radial basis functions; on colour pictures.",
    ),
    "simple-cnn": Model(
        SIMPLE_CNN, 32, 10,
        "defined here, since the post in PaddlePaddle only names it: two conv-pool blocks, one "
        "dense layer",
    ),
}  # fmt: skip
