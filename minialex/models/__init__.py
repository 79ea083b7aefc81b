"""The networks, as tables that read like their papers."""

from typing import NamedTuple, cast

from minialex.errors import InputError, nearest
from minialex.initial import gaussian
from minialex.layer import Layer
from minialex.layers import LRN, Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU
from minialex.network import Sequential

CLASSES = 1  # units of a last layer: replaced by the number of classes when a model is built
RELU, FLATTEN = ReLU(), Flatten()
POOL = MaxPool2d(3, stride=2)
PAPER_LRN = LRN(n=5, k=2, alpha=1e-4, beta=0.75)
PAPER_DROPOUT = Dropout(0.5, mode="paper")
SIGMA = gaussian(0.01)
Table = tuple[Layer | tuple[str, Layer], ...]


def paper_alexnet(groups: int, rounding: str = "floor") -> Table:
    """Return the layers of Krizhevsky, Sutskever, Hinton 2012, sections 3.5 and 5.

    Two GPUs are two groups, and windows of LRN never cross them. Biases are one in conv2, conv4,
    conv5 and the hidden dense layers.
    """
    lrn = LRN(n=5, k=2, alpha=1e-4, beta=0.75, groups=groups)
    return (
        ("conv1", Conv2d(96, 11, stride=4, rounding=rounding, init=SIGMA)), RELU, lrn, POOL,
        ("conv2", Conv2d(256, 5, pad=2, groups=groups, init=SIGMA, bias=1)), RELU, lrn, POOL,
        ("conv3", Conv2d(384, 3, pad=1, init=SIGMA)), RELU,
        ("conv4", Conv2d(384, 3, pad=1, groups=groups, init=SIGMA, bias=1)), RELU,
        ("conv5", Conv2d(256, 3, pad=1, groups=groups, init=SIGMA, bias=1)), RELU, POOL,
        FLATTEN,
        ("fc6", Linear(4096, init=SIGMA, bias=1)), RELU, PAPER_DROPOUT,
        ("fc7", Linear(4096, init=SIGMA, bias=1)), RELU, PAPER_DROPOUT,
        ("fc8", Linear(CLASSES, init=SIGMA)),
    )  # fmt: skip


def cifar_alexnet(convs: tuple[int, int, int, int, int], denses: tuple[int, int]) -> Table:
    """Return AlexNet's layers for pictures of 32x32: a 5x5 first kernel without stride."""
    f1, f2, f3, f4, f5 = convs
    d6, d7 = denses
    return (
        ("conv1", Conv2d(f1, 5, pad=2)), RELU, PAPER_LRN, POOL,
        ("conv2", Conv2d(f2, 5, pad=2)), RELU, PAPER_LRN, POOL,
        ("conv3", Conv2d(f3, 3, pad=1)), RELU,
        ("conv4", Conv2d(f4, 3, pad=1)), RELU,
        ("conv5", Conv2d(f5, 3, pad=1)), RELU, POOL,
        FLATTEN, Dropout(0.5),
        ("fc6", Linear(d6)), RELU, Dropout(0.5),
        ("fc7", Linear(d7)), RELU,
        ("fc8", Linear(CLASSES)),
    )  # fmt: skip


# LeCun et al. 1998 in the form of today's tutorials, on colour pictures.
LENET5 = (
    ("conv1", Conv2d(6, 5)), RELU, MaxPool2d(2),
    ("conv2", Conv2d(16, 5)), RELU, MaxPool2d(2),
    FLATTEN,
    ("fc3", Linear(120)), RELU,
    ("fc4", Linear(84)), RELU,
    ("fc5", Linear(CLASSES)),
)  # fmt: skip


class Model(NamedTuple):
    """A table of layers, and what it was made for."""

    layers: Table
    image_size: int
    classes: int
    source: str


MODELS = {
    "alexnet-2012": Model(
        paper_alexnet(2), 227, 1000, "Krizhevsky et al. 2012: 227 pixels, rounding down"
    ),
    "alexnet-2012-224": Model(
        paper_alexnet(2, "ceil"), 224, 1000, "the same on its 224 pixels, rounding up as its code"
    ),
    "alexnet-merged": Model(paper_alexnet(1), 227, 1000, "the same as one tower, without groups"),
    "alexnet-cifar": Model(
        cifar_alexnet((64, 192, 384, 256, 256), (1024, 512)), 32, 10, "minialex, for CIFAR-10"
    ),
    "alexnet-mini": Model(
        cifar_alexnet((24, 64, 128, 88, 88), (344, 176)), 32, 10, "alexnet-cifar at a third"
    ),
    "lenet5": Model(LENET5, 32, 10, "LeCun et al. 1998, with ReLU, max-pooling and colour"),
}


def build(
    name: str,
    *,
    classes: int | None = None,
    image_size: int | None = None,
    seed: int = 0,
    dtype: str = "float32",
) -> Sequential:
    """Return a network of this name, ready to train.

    Parameters
    ----------
    name : str
        A key of MODELS.
    classes, image_size : int, optional
        Default: those of the model's source.
    seed : int
        Of the first weights and the dropout masks.
    dtype : "float32" or "float64"

    Raises
    ------
    InputError
        No model of this name, or its layers do not fit the pictures.

    Examples
    --------
    >>> network = build("lenet5")
    >>> sum(p.size for p in network.params.values())
    62006
    """
    if name not in MODELS:
        raise InputError(
            f"no model is called {name!r}{nearest(name, MODELS)} (`minialex models` lists them)"
        )
    model = MODELS[name]
    size = model.image_size if image_size is None else image_size
    last, head = cast(tuple[str, Linear], model.layers[-1])
    head = Linear(model.classes if classes is None else classes, head.init, head.bias)
    return Sequential(
        [*model.layers[:-1], (last, head)], (size, size, 3), seed=seed, dtype=dtype, name=name
    )
