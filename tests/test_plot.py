"""The pictures of a run: drawn without a display, and what they show is right."""

from types import SimpleNamespace

import numpy as np
import pytest
import tiny
from PIL import Image

from minialex import plot
from minialex.data import Dataset
from minialex.data.augment import Augment
from minialex.data.pixels import MEANS, SCALES, Pixels
from minialex.figures import Epoch
from minialex.plot.sheet import DRAWS, grey_levels

ORANGE, PAPER = (tuple(bytes.fromhex(colour[1:])) for colour in (plot.ORANGE, plot.PAPER))


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB"))


def has(image, colour):
    return bool((image == colour).all(axis=-1).any())


@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_curves_have_both_lines_with_their_names(epochs, tmp_path):
    log = [Epoch(i, i, 0.1, 1 / i, 0.5 + i / 99, 1.1 / i, 0.4 + i / 99, 1.0)
           for i in range(1, epochs + 1)]  # fmt: skip
    figure = plot.curves(log)
    figure.savefig(tmp_path / "curves.png")
    image = pixels(tmp_path / "curves.png")
    assert has(image, ORANGE)
    assert has(image, tuple(bytes.fromhex(plot.BLUE[1:])))
    for axes, names in zip(
        figure.axes,
        (("train_loss", "val_loss"), ("train_accuracy", "val_accuracy")),
        strict=True,
    ):
        unit = 100 if "accuracy" in names[0] else 1
        lines = {line.get_color(): line.get_ydata() for line in axes.lines}
        for colour, name in zip((plot.BLUE, plot.ORANGE), names, strict=True):
            np.testing.assert_allclose(lines[colour], [unit * getattr(row, name) for row in log])
        words = {text.get_text(): text.get_color() for text in axes.texts}
        assert words == {"training": plot.BLUE, "validation": plot.ORANGE}


@pytest.mark.parametrize("wrong", [0, 1, 20])
def test_wrong_predictions_are_marked(wrong, tmp_path):
    data = tiny.pictures(20)

    def predict(images):
        guesses = images.mean(axis=(1, 2)).argmax(axis=1)
        guesses[:wrong] = (guesses[:wrong] + 1) % 3
        return np.eye(3, dtype=np.float32)[guesses]

    run = SimpleNamespace(predict=predict, classes=tiny.CLASSES)
    figure = plot.predictions(run, data)
    figure.savefig(tmp_path / "predictions.png")
    assert has(pixels(tmp_path / "predictions.png"), ORANGE) == (wrong > 0)
    chosen = np.random.default_rng(0).permutation(20)
    for axes, label, place in zip(figure.axes, data.labels[chosen], range(20), strict=False):
        true, other = tiny.CLASSES[label], tiny.CLASSES[(label + 1) % 3]
        expected = f"{other} 100 %\nis {true}" if place < wrong else f"{true} 100 %"
        assert axes.get_title() == expected


class Brightening(Augment):
    """Stands for any augmentation: every batch becomes brighter by its own draw."""

    def __call__(self, x, rng):
        return x + rng.uniform(40, 220)


def test_a_sheet_shows_pictures_and_what_becomes_of_them(tmp_path):
    images = np.full((2, 6, 6, 3), 20, np.uint8)
    dataset = Dataset(images, np.array([0, 1]), ("left", "right"))
    pixels = Pixels.fit(dataset, scale="0-255", mean="none")
    plot.augmentation(dataset, Brightening(), pixels).savefig(tmp_path / "sheet.png")
    greys = greys_of_areas(tmp_path / "sheet.png")
    assert len(greys) == 1 + DRAWS
    assert greys[0] == 20 < 60 <= greys[1] < greys[-1] <= 240
    plot.augmentation(dataset, Augment(crop=2, size=4), pixels).savefig(tmp_path / "same.png")
    assert greys_of_areas(tmp_path / "same.png") == [0, 20]  # padding, and the pictures


def greys_of_areas(path):
    """The grey levels, but for the page, that fill more of it than lines and letters do."""
    levels, counts = np.unique(pixels(path)[..., 0], return_counts=True)
    return [int(v) for v in levels[counts > counts.sum() / 30] if v < PAPER[0]]


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("mean", MEANS)
def test_what_pixels_did_is_undone(scale, mean):
    data = tiny.pictures(20)
    scaling = Pixels.fit(data, scale=scale, mean=mean)
    np.testing.assert_array_equal(grey_levels(scaling(data.images), scaling), data.images)
    far = scaling(data.images) + 1000 * np.array([1, -1, 1], np.float32)
    assert np.unique(grey_levels(far, scaling)).tolist() == [0, 255]
