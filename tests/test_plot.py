"""The pictures of a run: drawn without a display, and what they show is right."""

from types import SimpleNamespace

import numpy as np
import pytest
import tiny
from PIL import Image

from minialex import plot
from minialex.figures import Epoch

ORANGE = tuple(bytes.fromhex(plot.ORANGE[1:]))


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


def has(image, colour):
    return bool((image == colour).all(axis=-1).any())


@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_curves_have_both_lines(epochs, tmp_path):
    log = [Epoch(i, i, 0.1, 1 / i, 0.5, 1.1 / i, 0.5, 1.0) for i in range(1, epochs + 1)]
    plot.curves(log, tmp_path / "curves.png")
    image = pixels(tmp_path / "curves.png")
    assert has(image, ORANGE)
    assert has(image, tuple(bytes.fromhex(plot.BLUE[1:])))


@pytest.mark.parametrize("wrong", [0, 1, 20])
def test_wrong_predictions_are_marked(wrong, tmp_path):
    data = tiny.pictures(20)

    def predict(images):
        guesses = images.mean(axis=(1, 2)).argmax(axis=1)
        guesses[:wrong] = (guesses[:wrong] + 1) % 3
        return np.eye(3, dtype=np.float32)[guesses]

    run = SimpleNamespace(predict=predict, classes=tiny.CLASSES)
    plot.predictions(run, data, tmp_path / "predictions.png")
    assert has(pixels(tmp_path / "predictions.png"), ORANGE) == (wrong > 0)


def test_labels_at_the_ends_keep_their_order():
    assert plot.apart(1.01, 1.0, 0.5) == pytest.approx((1.255, 0.755))
