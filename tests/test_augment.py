"""Flips and crops against brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minialex.data.augment import Augment
from minialex.errors import InputError

PICTURES = st.fixed_dictionaries(
    {
        "batch": st.integers(0, 4),
        "height": st.integers(1, 6),
        "width": st.integers(1, 6),
        "crop": st.integers(0, 7),
        "flip": st.booleans(),
        "seed": st.integers(0, 2**32 - 1),
    }
)


def windows(picture, crop, flip):
    """All that may come of a picture, pixel by pixel, as a set of bytes."""
    height, width = picture.shape[:2]
    found = set()
    for top in range(-crop, crop + 1):
        for left in range(-crop, crop + 1):
            window = np.zeros_like(picture)
            for i in range(height):
                for j in range(width):
                    if 0 <= i + top < height and 0 <= j + left < width:
                        window[i, j] = picture[i + top, j + left]
            found.add(window.tobytes())
            if flip:
                found.add(window[:, ::-1].tobytes())
    return found


@given(PICTURES)
def test_each_picture_becomes_a_window_of_itself(drawn):
    rng = np.random.default_rng(drawn["seed"])
    x = rng.random((drawn["batch"], drawn["height"], drawn["width"], 2), np.float32)
    before = x.copy()
    y = Augment(drawn["flip"], drawn["crop"])(x, rng)
    assert y.shape == x.shape
    assert y.dtype == x.dtype
    assert not np.shares_memory(x, y)
    np.testing.assert_array_equal(x, before)
    for old, new in zip(x, y, strict=True):
        assert new.tobytes() in windows(old, drawn["crop"], drawn["flip"])


def test_every_window_comes_equally_often_and_half_are_flipped():
    picture = np.arange(1, 10, dtype=np.float32).reshape(1, 3, 3, 1)
    y = Augment(flip=True, crop=1)(np.repeat(picture, 18_000, axis=0), np.random.default_rng(0))
    kinds, counts = np.unique(y.reshape(len(y), -1), axis=0, return_counts=True)
    assert len(kinds) == 18
    assert counts.min() > 800
    assert counts.max() < 1200


def test_pictures_of_a_batch_are_drawn_apart():
    x = np.repeat(np.random.default_rng(1).random((1, 8, 8, 3), np.float32), 64, axis=0)
    assert len({picture.tobytes() for picture in Augment(crop=2)(x, np.random.default_rng(0))}) > 20


def test_nothing_to_do_is_a_copy():
    x = np.random.default_rng(0).random((3, 5, 5, 3), np.float32)
    y = Augment(flip=False, crop=0)(x, np.random.default_rng(0))
    assert y is not x
    np.testing.assert_array_equal(x, y)


def test_negative_crop_is_refused():
    with pytest.raises(InputError, match="crop -1"):
        Augment(crop=-1)
