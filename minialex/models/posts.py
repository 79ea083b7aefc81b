"""AlexNet as popular posts print it in TensorFlow, PyTorch, Keras and PaddlePaddle; torchvision's.

All are one tower. Weights start as the framework of each post starts them.
"""

from typing import Any

from minialex.initial import glorot, lecun, truncated, uniform, uniform_bias
from minialex.layers import LRN, Conv2d, Dropout, Linear, MaxPool2d, ZeroPad2d
from minialex.models.table import CLASSES, FLATTEN, POOL, RELU, Model, Table

Widths = tuple[int, int, int, int, int]


def tensorflow_alexnet() -> Table:
    """Return the layers of tensorflow/models, alexnet_benchmark.py: convolutions and pools only."""
    draw = truncated(0.1)
    lrn = LRN.tensorflow(depth_radius=2, bias=2, alpha=1e-4, beta=0.75)
    return (
        ("conv1", Conv2d(64, 11, stride=4, pad="same", init=draw)), RELU, lrn, POOL,
        ("conv2", Conv2d(192, 5, pad="same", init=draw)), RELU, lrn, POOL,
        ("conv3", Conv2d(384, 3, pad="same", init=draw)), RELU,
        ("conv4", Conv2d(256, 3, pad="same", init=draw)), RELU,
        ("conv5", Conv2d(256, 3, pad="same", init=draw)), RELU, POOL,
    )  # fmt: skip


def torch_alexnet(convs: Widths) -> Table:
    """Return the layers of pytorch/vision, torchvision/models/alexnet.py, in these widths."""
    start: dict[str, Any] = {"init": uniform, "bias": uniform_bias}
    f1, f2, f3, f4, f5 = convs
    return (
        ("conv1", Conv2d(f1, 11, stride=4, pad=2, **start)), RELU, POOL,
        ("conv2", Conv2d(f2, 5, pad=2, **start)), RELU, POOL,
        ("conv3", Conv2d(f3, 3, pad=1, **start)), RELU,
        ("conv4", Conv2d(f4, 3, pad=1, **start)), RELU,
        ("conv5", Conv2d(f5, 3, pad=1, **start)), RELU, POOL,
        FLATTEN, Dropout(0.5),
        ("fc6", Linear(4096, **start)), RELU, Dropout(0.5),
        ("fc7", Linear(4096, **start)), RELU,
        ("fc8", Linear(CLASSES, **start)),
    )  # fmt: skip


def keras_alexnet() -> Table:
    """Return the layers of the post in Keras, which calls the first one on the wrong `input`."""
    return (
        ("conv1", Conv2d(96, 11, stride=4, init=glorot)), RELU, POOL,
        ("conv2", Conv2d(256, 5, pad="same", init=glorot)), RELU, POOL,
        ("conv3", Conv2d(384, 3, pad="same", init=glorot)), RELU,
        ("conv4", Conv2d(384, 3, pad="same", init=glorot)), RELU,
        ("conv5", Conv2d(256, 3, pad="same", init=glorot)), RELU, POOL,
        FLATTEN,
        ("fc6", Linear(4096, init=glorot)), RELU, Dropout(0.5),
        ("fc7", Linear(4096, init=glorot)), RELU, Dropout(0.5),
        ("fc8", Linear(CLASSES, init=glorot)),
    )  # fmt: skip


def half_alexnet() -> Table:
    """Return one of the paper's two towers: ZeroPadding2D(((1, 2), (1, 2))) makes 227 of 224."""
    return (
        ZeroPad2d((1, 2, 1, 2)),
        ("conv1", Conv2d(48, 11, stride=4, init=glorot)), RELU, POOL,
        ("conv2", Conv2d(128, 5, pad="same", init=glorot)), RELU, POOL,
        ("conv3", Conv2d(192, 3, pad="same", init=glorot)), RELU,
        ("conv4", Conv2d(192, 3, pad="same", init=glorot)), RELU,
        ("conv5", Conv2d(128, 3, pad="same", init=glorot)), RELU, POOL,
        FLATTEN, Dropout(0.2),
        ("fc6", Linear(2048, init=glorot)), RELU, Dropout(0.2),
        ("fc7", Linear(2048, init=glorot)), RELU,
        ("fc8", Linear(CLASSES, init=glorot)),
    )  # fmt: skip


def paddle_alexnet(normalised: bool) -> Table:
    """Return the layers of the post in PaddlePaddle, with or without its `img_cmrnorm`.

    In its API (v2), convolutions rectify and round down, pools round up, `cmrnorm` divides its
    scale by its size and has k = 1, dropout scales at test as in the paper; convolutions start as
    `he`, dense layers as `lecun`.
    """
    lrn = (LRN.krizhevsky(5, scale=1e-4, pow=0.75, k=1),) if normalised else ()
    pool = MaxPool2d(3, stride=2, rounding="ceil")
    return (
        ("conv1", Conv2d(96, 11, stride=4, pad=1)), RELU, *lrn, pool,
        ("conv2", Conv2d(256, 5, pad=2)), RELU, *lrn, pool,
        ("conv3", Conv2d(384, 3, pad=1)), RELU,
        ("conv4", Conv2d(384, 3, pad=1)), RELU,
        ("conv5", Conv2d(256, 3, pad=1)), RELU, pool,
        FLATTEN,
        ("fc6", Linear(4096, init=lecun)), RELU, Dropout(0.5, mode="paper"),
        ("fc7", Linear(4096, init=lecun)), RELU, Dropout(0.5, mode="paper"),
        ("fc8", Linear(CLASSES, init=lecun)),
    )  # fmt: skip


COLLAPSE = "The post trains it on pictures of 32x32, of which nothing is left at pool5."
POSTS = {
    "alexnet-tf": Model(
        tensorflow_alexnet(), 224, None,
        "TensorFlow's alexnet_benchmark.py, printed by two posts",
        "64-192-384-256-256 filters in one tower, SAME padding, sigma .1 cut off at .2, all biases "
        "zero; it ends at pool5, without dense layers.",
    ),
    "alexnet-torch-96": Model(
        torch_alexnet((96, 256, 384, 384, 256)), 224, 1000,
        "the post in PyTorch, code",
        "One tower, conv1 padded by 2, no LRN, dropout before the hidden dense layers in place of "
        "behind them, PyTorch's initial weights. Its text has 227 pixels: 56 behind conv1, not 55.",
    ),
    "alexnet-keras": Model(
        keras_alexnet(), 227, 1000,
        "the post in Keras, code",
        "One tower, no LRN, Glorot's initial weights, all biases zero.",
    ),
    "alexnet-half": Model(
        half_alexnet(), 224, 10,
        "the post 'AlexNet and VGG', code in Keras for ten species of monkeys",
        "One of the two towers, on 224 pixels with zeros around them up to 227; 2048 units in the "
        "dense layers, no LRN, dropout of .2 before the hidden dense layers, Glorot's initial "
        "weights, all biases zero.",
    ),
    "alexnet-paddle": Model(
        paddle_alexnet(normalised=False), 227, 10,
        "the post 'AlexNet in PaddlePaddle and TensorFlow', code, without LRN as it says",
        "One tower, conv1 padded by 1, no LRN, PaddlePaddle's initial weights, all biases zero. As "
        f"printed, the function still has both LRNs. {COLLAPSE}",
    ),
    "alexnet-paddle-lrn": Model(
        paddle_alexnet(normalised=True), 227, 10,
        "the post 'AlexNet in PaddlePaddle and TensorFlow', code",
        "One tower, conv1 padded by 1, LRN with k = 1 and alpha / 5, PaddlePaddle's initial "
        f"weights, all biases zero. {COLLAPSE}",
    ),
    "torchvision-alexnet": Model(
        torch_alexnet((64, 192, 384, 256, 256)), 224, 1000,
        "torchvision.models.alexnet, after Krizhevsky 2014 (One weird trick)",
        "64-192-384-256-256 filters in one tower, conv1 padded by 2, no LRN, dropout before the "
        "hidden dense layers in place of behind them, PyTorch's initial weights.",
    ),
}  # fmt: skip
