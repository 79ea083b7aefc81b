"""A network and pictures that train in milliseconds, for the tests of everything around training.

As a script it is the command line with this model and these pictures: python tests/tiny.py train
"""

import sys

import numpy as np

from minialex import data, models
from minialex.config import Config
from minialex.data import Dataset, Splits
from minialex.layers import Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU
from minialex.progress import Silent

CLASSES = ("red", "green", "blue")
TINY = models.Model(
    (
        ("conv1", Conv2d(4, 3, pad=1)), ReLU(), MaxPool2d(2),
        Flatten(), Dropout(0.5),
        ("fc2", Linear(8)), ReLU(),
        ("fc3", Linear(models.CLASSES)),
    ),
    8, 3, "the tests",
)  # fmt: skip
CONFIG = Config(model="tiny", data="tiny", epochs=3, batch_size=16, lr=0.05, crop=1, threads=1)


class At(Silent):
    """Does something to the training once a step is done; steps count from 1."""

    def __init__(self, step, action):
        self.when, self.action = step, action

    def step(self, position):
        if position.step == self.when:
            self.action()


def pictures(count: int, seed: int = 0) -> Dataset:
    """Noise with one channel a little brighter: that channel is the class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    images = rng.integers(0, 200, (count, 8, 8, 3), dtype=np.uint8)
    images[np.arange(count), :, :, labels] += 55
    return Dataset(images, labels, CLASSES, "tiny")


def splits() -> Splits:
    """100 pictures to train on (10 of them held out: 6 batches an epoch), and 30 to test on."""
    return Splits(pictures(100), pictures(30, seed=1))


def network(seed: int = 0):
    return models.build("tiny", seed=seed)


def register() -> None:
    """Make --model tiny --data tiny known."""
    models.MODELS["tiny"] = TINY
    load = data.load
    data.load = lambda name, *rest: splits() if name == "tiny" else load(name, *rest)


if __name__ == "__main__":
    from minialex.cli import main

    register()
    sys.exit(main())
