"""From a configuration to the parts of a training: every field arrives where it belongs.

Each has a value here that no default and no recipe has.
"""

import dataclasses

import numpy as np
import pytest
import tiny

from minialex import parts
from minialex.adam import Adam
from minialex.config import Config
from minialex.data.affine import Affine
from minialex.data.augment import Augment
from minialex.data.pixels import Pixels
from minialex.evaluate import evaluate
from minialex.layers import Conv2d, Flatten, Linear, ReLU
from minialex.network import Sequential
from minialex.optim import SGD
from minialex.train import fit

PARAMS = {"conv1.W": np.ones((1, 1, 3, 2)), "conv1.b": np.ones(2), "relu1.a": np.ones(2)}


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("sgd", SGD, {"momentum": 0.45}),
        ("adam", Adam, {"beta1": 0.45, "beta2": 0.999, "epsilon": 1e-8, "inside": True}),
        ("keras-adam", Adam, {"beta1": 0.45, "beta2": 0.999, "epsilon": 1e-7, "inside": False}),
    ],
)
def test_the_optimiser(name, kind, expected):
    config = Config(optimiser=name, momentum=0.45, weight_decay=0.03, lr_scale={"*.b": 3.0},
                    decay={"*.a": 0.07})  # fmt: skip
    made = parts.optimiser(config, PARAMS)
    assert type(made) is kind
    assert {key: getattr(made, key) for key in expected} == expected
    assert made.lr_scale == {"conv1.W": 1.0, "conv1.b": 3.0, "relu1.a": 1.0}
    assert made.decay == {"conv1.W": 0.03, "conv1.b": 0.0, "relu1.a": 0.07}
    everywhere = parts.optimiser(dataclasses.replace(config, decay_biases=True), PARAMS)
    assert everywhere.decay == {"conv1.W": 0.03, "conv1.b": 0.03, "relu1.a": 0.07}


def test_the_augmentation():
    config = Config(flip=False, crop=3, crop_chunk=7, vertical_flip=True, load_size=48,
                    rotate=11.0, shift=0.12, shear=13.0, zoom=0.14)  # fmt: skip
    affine = Affine(rotate=11.0, shift=0.12, shear=13.0, zoom=0.14)
    config = dataclasses.replace(config, image_size=32)
    expected = Augment(
        flip=False, crop=3, size=32, vertical_flip=True, chunk=7, affine=affine, colour=None
    )
    assert parts.augment(config, None, epochs=0) == expected
    plain = Config(flip=True, crop=2)
    assert parts.augment(plain, None, epochs=0) == Augment(flip=True, crop=2)


def test_the_schedule():
    """60 pictures in batches of 10: six steps an epoch."""

    def rates(**settings):
        config = Config(batch_size=10, lr=0.3, **settings)
        curve = parts.schedule(config, 60)
        return [curve.lr(step) for step in range(0, 6 * config.epochs, 6)]

    rising = rates(schedule="linear", epochs=4, warmup=0.5)
    assert rising == pytest.approx([0.3 / 12, 0.3 * 7 / 12, 0.3, 0.15])
    assert rates(schedule="step", epochs=4, milestones=(1, 3)) == pytest.approx(
        [0.3, 0.03, 0.03, 0.003]
    )
    falling = rates(schedule="discexp", epochs=4, lr_factor=0.5, lr_samples=120)
    assert falling == pytest.approx([0.3, 0.3, 0.15, 0.15])
    plateau = parts.schedule(Config(schedule="plateau", lr=0.3, patience=2), 60)
    for error in (0.5, 0.6, 0.6):
        plateau.epoch_end(error)
    assert plateau.lr(0) == pytest.approx(0.03)


def test_the_log_has_the_mean_loss_and_accuracy_of_the_training_pictures():
    """At a rate of almost 0 all steps have the first weights; the last batch is a smaller one."""
    network = Sequential([Conv2d(4, 3), ReLU(), Flatten(), Linear(3)], (8, 8, 3))
    config = dataclasses.replace(
        tiny.CONFIG, epochs=1, lr=1e-12, crop=0, flip=False, val_size=0, batch_size=32
    )
    train = tiny.splits().train
    history = fit(network, train, config)
    measured = evaluate(network, train, Pixels.fit(train, config.pixels, config.mean))
    assert history.log[0].train_loss == pytest.approx(measured.loss, rel=1e-5)
    assert history.log[0].train_accuracy == pytest.approx(measured.accuracy)
