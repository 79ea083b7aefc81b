"""Views of test pictures: where they lie, and how their answers are averaged."""

import numpy as np
import pytest
import tiny

from minialex import models
from minialex.data import Dataset
from minialex.data.pixels import Pixels
from minialex.data.views import views
from minialex.errors import InputError
from minialex.evaluate import evaluate, log_mean_softmax
from minialex.layers import Flatten, Linear, SoftmaxCrossEntropy
from minialex.network import Sequential

PLACES = {  # top left pixels of 24x24 out of 32x32: border_size 4 in Krizhevsky's code
    1: [(4, 4)],
    9: [(0, 0), (0, 4), (0, 8), (4, 0), (4, 4), (4, 8), (8, 0), (8, 4), (8, 8)],
    10: [(0, 0), (0, 8), (4, 4), (8, 0), (8, 8)] * 2,
}


def numbered(height, width, batch=2):
    """Pictures whose pixels say where they are: (row, column)."""
    rows, columns = np.mgrid[:height, :width]
    return np.broadcast_to(np.stack([rows, columns], -1), (batch, height, width, 2))


@pytest.mark.parametrize("count", [1, 9, 10])
def test_crops_lie_where_krizhevskys_code_takes_them(count):
    crops = views(numbered(32, 32), 24, count)
    assert [crop.shape for crop in crops] == [(2, 24, 24, 2)] * count
    mirrored = [count == 10 and i >= 5 for i in range(count)]
    for crop, (top, left), is_mirrored in zip(crops, PLACES[count], mirrored, strict=True):
        whole = np.mgrid[top : top + 24, left : left + 24].transpose(1, 2, 0)
        np.testing.assert_array_equal(crop[1], whole[:, ::-1] if is_mirrored else whole)


def test_odd_borders_round_the_middle_down_and_reach_the_end():
    corners = [tuple(crop[0, 0, 0]) for crop in views(numbered(7, 8), (4, 3), 9)]
    assert corners == [(top, left) for top in (0, 1, 3) for left in (0, 2, 5)]
    assert tuple(views(numbered(7, 8), (4, 3))[0][0, 0, 0]) == (1, 2)


def test_nothing_is_copied():
    x = np.zeros((2, 6, 6, 3))
    assert all(np.shares_memory(x, crop) for crop in views(x, 4, 10))


@pytest.mark.parametrize(
    ("size", "count", "message"),
    [
        (9, 1, "pictures of 8x8, of which the network sees 9x9, are too small"),
        (8, 10, "10 views: .* leave nothing to crop; .*load_size"),
        (8, 9, "9 views: .* leave nothing to crop; .*load_size"),
        (6, 5, "5 views: choose one of 1, 9, 10"),
    ],
)
def test_what_cannot_be_cropped_is_named(size, count, message):
    with pytest.raises(InputError, match=message):
        views(np.zeros((1, 8, 8, 3)), size, count)
    assert views(np.zeros((1, 8, 8, 3)), 8)[0].shape == (1, 8, 8, 3)


@pytest.fixture
def network(rng):
    """A linear classifier of 5x5 pixels, whose answers depend on where the crop lies."""
    linear = Sequential([Flatten(), Linear(3)], (5, 5, 3), dtype="float64")
    for parameter in linear.params.values():
        parameter[...] = rng.standard_normal(parameter.shape)
    return linear


@pytest.fixture
def pictures():
    return tiny.pictures(300)  # of 8x8, more than evaluate takes at a time


def scaled(dataset):
    pixels = Pixels.fit(dataset, scale="0-1", mean="image")
    return lambda images: pixels(images).astype(np.float64)


@pytest.mark.parametrize("count", [1, 9, 10])
def test_probabilities_are_averaged(network, pictures, count):
    """One picture and one crop at a time, by the formulas."""
    see = scaled(pictures)
    p = np.zeros((300, 3))
    for crop in views(see(pictures.images), 5, count):
        for i, picture in enumerate(crop):
            e = np.exp(network.predict(picture[None].copy())[0])
            p[i] += e / e.sum() / count
    found = evaluate(network, pictures, see, views=count)
    right = p[np.arange(300), pictures.labels]
    assert found.loss == pytest.approx(-np.log(right).mean(), rel=1e-12)
    np.testing.assert_array_equal(found.predicted, p.argmax(axis=1))
    assert found.accuracy == (p.argmax(axis=1) == pictures.labels).mean()


def test_one_view_of_a_picture_as_large_as_the_network_is_the_picture(pictures, monkeypatch):
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)
    network, pixels = tiny.network(), Pixels.fit(pictures)
    first = Dataset(pictures.images[:100], pictures.labels[:100], pictures.classes)
    logits = network.predict(pixels(first.images))
    loss = float(SoftmaxCrossEntropy().forward(logits, first.labels))
    found = evaluate(network, first, pixels)
    assert found.loss == loss
    np.testing.assert_array_equal(found.predicted, logits.argmax(axis=1))


def test_certain_answers_have_a_finite_loss():
    """Probabilities that are zero in float32 would make it infinite."""
    logits = np.array([[[0, 300]], [[0, 200]]], np.float32)
    found = log_mean_softmax(logits)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[-200 - np.log(2), 0]], rtol=1e-6)
