"""The embedded data set: the same pictures everywhere, hard for a line and clear to the eye."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from minialex import data
from minialex.data.outlines import OUTLINES
from minialex.data.pixels import Pixels
from minialex.data.shapes import CLASSES, shapes
from minialex.errors import InputError

TICKS = np.linspace(-1.2, 1.2, 241, dtype=np.float32)


def test_a_seed_decides_the_pictures():
    first = shapes(120, 16, seed=5)
    assert np.array_equal(first.images, shapes(120, 16, seed=5).images)
    assert not np.array_equal(first.images, shapes(120, 16, seed=6).images)
    assert np.array_equal(first.images[:100], shapes(100, 16, seed=5).images)


def test_pictures_differ_within_a_set():
    images = shapes(1000, 16).images
    assert len(np.unique(images.reshape(1000, -1), axis=0)) == 1000


@pytest.mark.parametrize("size", [8, 24, 32, 64, 227])
def test_any_size(size):
    dataset = shapes(20, size)
    assert dataset.images.shape == (20, size, size, 3)
    assert dataset.images.dtype == np.uint8


def test_classes_are_balanced():
    train, test = data.load("shapes", image_size=8)
    assert len(train.classes) == 10
    assert np.bincount(train.labels).tolist() == [1000] * 10
    assert np.bincount(test.labels).tolist() == [200] * 10
    assert not np.array_equal(train.images[:2000], test.images)


def test_a_seed_shows_the_same_scene_at_every_size():
    large, small = shapes(50, 64, seed=2).images, shapes(50, 32, seed=2).images
    halved = large.reshape(50, 32, 2, 32, 2, 3).mean(axis=(2, 4))
    assert np.abs(halved - small).mean() < 12  # grey levels: noise, and edges


@pytest.mark.parametrize("outline", OUTLINES, ids=CLASSES)
def test_outlines_are_mirror_images_within_the_unit_circle(outline):
    x, y = np.meshgrid(TICKS, TICKS)
    distance = outline(x, y)
    assert distance.dtype == np.float32
    np.testing.assert_allclose(distance, distance[:, ::-1], atol=1e-5)
    assert np.hypot(x, y)[distance < 0].max() <= 1.01
    assert 0.1 < (distance < 0).sum() / (np.hypot(x, y) < 1).sum() < 0.9


@pytest.mark.parametrize("outline", OUTLINES, ids=CLASSES)
def test_outlines_are_distances_up_to_corners(outline):
    """A steeper function would be drawn too sharp, a flatter one blurred."""
    x, y = np.meshgrid(TICKS, TICKS)
    slope = np.hypot(*np.gradient(outline(x, y), TICKS[1] - TICKS[0]))
    assert np.quantile(slope, 0.98) < 1.01
    near = np.abs(outline(x, y)) < 0.02
    assert np.median(slope[near]) > 0.9


def test_two_outlines_always_differ():
    x, y = np.meshgrid(TICKS, TICKS)
    inside = np.stack([outline(x, y) < 0 for outline in OUTLINES]).reshape(len(OUTLINES), -1)
    share = (inside[:, None] ^ inside[None]).sum(axis=2) / (np.hypot(x, y) < 1).sum()
    assert share[~np.eye(len(OUTLINES), dtype=bool)].min() > 0.1


def test_a_linear_model_stays_below_60_percent():
    """Softmax regression, trained as far as it gets: about 37 %."""
    train, test = shapes(10_000, seed=0), shapes(2_000, seed=1)
    pixels, one_hot = Pixels.fit(train), np.eye(10, dtype=np.float32)[train.labels]
    x, held_out = (pixels(part.images).reshape(len(part), -1) for part in (train, test))
    W, velocity = np.zeros((2, x.shape[1], 10), np.float32)
    rng, steps = np.random.default_rng(0), 600
    with threadpool_limits(1):
        for step in range(steps):
            batch = rng.integers(0, len(x), 128)
            power = np.exp(x[batch] @ W)
            p = power / power.sum(axis=1, keepdims=True)
            gradient = x[batch].T @ (p - one_hot[batch]) / 128 + 0.01 * W
            velocity = 0.9 * velocity - 0.001 * (1 - step / steps) * gradient
            W += velocity
    assert 0.3 < ((held_out @ W).argmax(axis=1) == test.labels).mean() < 0.6


@pytest.mark.parametrize(("count", "size"), [(10, 7), (10, -1), (0, 32)])
def test_what_cannot_be_drawn_is_refused(count, size):
    with pytest.raises(InputError, match=f"{count} pictures of {size}x{size}"):
        shapes(count, size)
