"""Flips and crops against brute force, and what else is done around them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minialex.data.affine import Affine
from minialex.data.augment import Augment
from minialex.errors import InputError

PICTURES = st.fixed_dictionaries(
    {
        "batch": st.integers(0, 4),
        "height": st.integers(1, 6),
        "width": st.integers(1, 6),
        "crop": st.integers(0, 7),
        "flip": st.booleans(),
        "vertical_flip": st.booleans(),
        "size": st.none() | st.integers(1, 6),
        "seed": st.integers(0, 2**32 - 1),
    }
)


def windows(picture, crop, flip, size=None, vertical_flip=False):
    """All that may come of a picture, pixel by pixel, as a set of bytes."""
    height, width, channels = picture.shape
    rows, columns = (size, size) if size else (height, width)
    found = set()
    for top in range(-crop, height + crop - rows + 1):
        for left in range(-crop, width + crop - columns + 1):
            window = np.zeros((rows, columns, channels), picture.dtype)
            for i in range(rows):
                for j in range(columns):
                    if 0 <= i + top < height and 0 <= j + left < width:
                        window[i, j] = picture[i + top, j + left]
            for down in (1, -1) if vertical_flip else (1,):
                for right in (1, -1) if flip else (1,):
                    found.add(window[::down, ::right].tobytes())
    return found


@given(PICTURES)
def test_each_picture_becomes_a_window_of_itself(drawn):
    rng = np.random.default_rng(drawn["seed"])
    x = rng.random((drawn["batch"], drawn["height"], drawn["width"], 2), np.float32)
    before = x.copy()
    options = {name: drawn[name] for name in ("crop", "flip", "size", "vertical_flip")}
    size, room = drawn["size"], min(x.shape[1:3]) + 2 * drawn["crop"]
    if size and size > room:
        with pytest.raises(InputError, match=f"crops of {size}x{size} do not fit"):
            Augment(**options)(x, rng)
        return
    y = Augment(**options)(x, rng)
    assert y.shape == ((len(x), size, size, 2) if size else x.shape)
    assert y.dtype == x.dtype
    assert not np.shares_memory(x, y)
    np.testing.assert_array_equal(x, before)
    for old, new in zip(x, y, strict=True):
        assert new.tobytes() in windows(old, **options)


@pytest.mark.parametrize(
    ("options", "kinds"),
    [
        ({"crop": 1}, 9 * 2),
        ({"crop": 0, "size": 2}, 4 * 2),
        ({"crop": 1, "size": 3}, 9 * 2),
        ({"crop": 0, "size": 2, "vertical_flip": True, "flip": False}, 4 * 2),
        ({"crop": 0, "vertical_flip": True}, 2 * 2),
    ],
)
def test_every_window_comes_equally_often(options, kinds):
    picture = np.arange(1, 10, dtype=np.float32).reshape(1, 3, 3, 1)
    x = np.repeat(picture, 1000 * kinds, axis=0)
    y = Augment(**options)(x, np.random.default_rng(0))
    found, counts = np.unique(y.reshape(len(y), -1), axis=0, return_counts=True)
    assert len(found) == kinds
    assert counts.min() > 800
    assert counts.max() < 1200


def test_crops_of_224_out_of_256_start_at_33_places_in_each_direction():
    """33 * 33 * 2 = 2178 pictures of each; the paper counts 2048."""
    rows = np.arange(256, dtype=np.float32)
    x = np.broadcast_to(rows[:, None, None] * 1000 + rows[None, :, None], (500, 256, 256, 1))
    y = Augment(flip=False, crop=0, size=224)(x, np.random.default_rng(0))
    tops, lefts = divmod(y[:, 0, 0, 0], 1000)
    assert set(tops) == set(lefts) == set(range(33))


@pytest.mark.parametrize(
    ("options", "centre", "right"),
    [
        (
            {"flip": True, "crop": 4},
            [63, 38, 22, 5, 33, 71, 37, 65, 11, 73, 50, 45],
            [62, 37, 23, 4, 32, 72, 0, 64, 10, 0, 51, 0],
        ),
        (
            {"flip": False, "crop": 4},
            [63, 38, 22, 5, 33, 71, 37, 65, 11, 73, 50, 45],
            [0, 39, 23, 6, 34, 72, 38, 66, 12, 74, 51, 0],
        ),
        (
            {"flip": True, "crop": 0},
            [41] * 12,
            [42, 40, 42, 42, 42, 40, 40, 42, 42, 40, 40, 42],
        ),
    ],
)
def test_stored_results_are_still_trained_on_the_same_pictures(options, centre, right):
    """Written down when flips and padded crops were all there was."""
    x = np.arange(1, 82, dtype=np.float32).reshape(1, 9, 9, 1).repeat(12, axis=0)
    y = Augment(**options)(x, np.random.default_rng([7, 3, 1]))
    assert y[:, 4, 4, 0].tolist() == centre
    assert y[:, 4, 5, 0].tolist() == right


@pytest.mark.parametrize(("batch", "chunk"), [(13, 5), (4, 32), (6, 1), (0, 3)])
def test_neighbours_share_a_crop_and_a_flip(batch, chunk, rng):
    picture = rng.random((1, 7, 7, 1), np.float32)
    x = np.repeat(picture, batch, axis=0)
    y = Augment(crop=3, chunk=chunk, vertical_flip=True)(x, np.random.default_rng(1))
    kinds = [len({p.tobytes() for p in y[i : i + chunk]}) for i in range(0, batch, chunk)]
    assert kinds == [1] * -(-batch // chunk)
    assert len({p.tobytes() for p in y}) == -(-batch // chunk)


class Reddening:
    """Stands for colour noise: it adds what it draws to the first channel."""

    def __call__(self, x, rng):
        return x + rng.random((len(x), 1, 1, 1), x.dtype) * np.array([1, 0, 0], x.dtype)


def test_affine_comes_first_and_colour_last_and_neither_moves_the_crops(rng):
    x = rng.random((6, 9, 9, 3), np.float32)
    affine = Affine(rotate=30, shift=0.2)
    crops = Augment(crop=2, size=7)
    everything = Augment(crop=2, size=7, affine=affine, colour=Reddening())
    crop_draws = np.random.default_rng(4)
    crops(x, crop_draws)
    turned = affine(x, crop_draws)  # drawn behind the crops
    expected = crops(turned, np.random.default_rng(4))
    y = everything(x, np.random.default_rng(4))
    np.testing.assert_array_equal(y[..., 1:], expected[..., 1:])
    added = (y - expected)[..., 0]
    np.testing.assert_allclose(added, np.broadcast_to(added[:, :1, :1], added.shape), atol=1e-6)
    assert added.min() > 0  # also where the crop has padding


def test_pictures_of_a_batch_are_drawn_apart():
    x = np.repeat(np.random.default_rng(1).random((1, 8, 8, 3), np.float32), 64, axis=0)
    assert len({picture.tobytes() for picture in Augment(crop=2)(x, np.random.default_rng(0))}) > 20


def test_nothing_to_do_is_a_copy():
    x = np.random.default_rng(0).random((3, 5, 5, 3), np.float32)
    y = Augment(flip=False, crop=0)(x, np.random.default_rng(0))
    assert y is not x
    np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize(("name", "value"), [("crop", -1), ("size", 0), ("chunk", 0)])
def test_options_out_of_range_are_named(name, value):
    with pytest.raises(InputError, match=f"{name} {value}"):
        Augment(**{name: value})
