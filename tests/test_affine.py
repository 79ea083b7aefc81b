"""Turns, shifts, shears and zooms against a loop over the pixels."""

from math import cos, floor, radians, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minialex.data import affine
from minialex.data.affine import Affine, matrices, resample
from minialex.errors import InputError

ALL = Affine(rotate=40, shift=0.2, shear=20, zoom=0.2)


def one(angle=0.0, right=0.0, down=0.0, shear=0.0, zoom_x=1.0, zoom_y=1.0):
    """The map of a single picture."""
    return matrices(*(np.array([v]) for v in (angle, right, down, shear, zoom_x, zoom_y)))


def pixel_by_pixel(picture, angle, right, down, shear, zoom_x, zoom_y):
    """Each step moves one point; then four pixels are mixed. No matrices."""
    height, width, _ = picture.shape
    y = np.zeros_like(picture)

    def at(row, column):
        row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)
        return picture[row, column]

    for i in range(height):
        for j in range(width):
            u, v = (j - (width - 1) / 2) * zoom_x, (i - (height - 1) / 2) * zoom_y
            u, v = u - sin(shear) * v, cos(shear) * v
            u, v = u + right, v + down
            u, v = cos(angle) * u - sin(angle) * v, sin(angle) * u + cos(angle) * v
            column, row = u + (width - 1) / 2, v + (height - 1) / 2
            left, top = floor(column), floor(row)
            p, q = column - left, row - top
            y[i, j] = (1 - q) * ((1 - p) * at(top, left) + p * at(top, left + 1)) + q * (
                (1 - p) * at(top + 1, left) + p * at(top + 1, left + 1)
            )
    return y


@given(
    st.tuples(*[st.integers(1, n) for n in (3, 6, 6, 3)]),
    st.integers(0, 2**32 - 1),
)
def test_the_loop_agrees(shape, seed):
    rng = np.random.default_rng(seed)
    x = rng.random(shape)
    low = [-3, -4, -4, -1.2, 0.3, 0.3]
    given = rng.uniform(low, [3, 4, 4, 1.2, 2, 2], (len(x), 6))
    y = resample(x, matrices(*given.T))
    expected = [pixel_by_pixel(p, *numbers) for p, numbers in zip(x, given, strict=True)]
    np.testing.assert_allclose(y, expected, atol=1e-12)


def test_a_map_to_the_same_place_changes_no_bit(rng, dtype):
    x = rng.standard_normal((3, 5, 8, 3)).astype(dtype)
    y = Affine()(x, rng)
    assert y.dtype == x.dtype
    assert not np.shares_memory(x, y)
    np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("size", [1, 4, 7])
def test_a_right_angle_is_rot90(size, rng):
    x = rng.random((1, size, size, 2))
    for quarter in range(-1, 3):
        turned = resample(x, one(angle=radians(90 * quarter)))
        np.testing.assert_allclose(turned[0], np.rot90(x[0], quarter), atol=1e-12)


def test_whole_pixels_are_shifted_exactly_and_the_border_is_repeated(rng):
    x = rng.random((1, 6, 7, 2), np.float32)
    y = resample(x, one(right=2, down=-3))
    wide = np.pad(x, ((0, 0), (3, 3), (3, 3), (0, 0)), mode="edge")
    np.testing.assert_array_equal(y, wide[:, 0:6, 5:12])


def test_a_picture_of_one_colour_keeps_it_exactly(rng):
    x = np.full((20, 9, 9, 3), 0.1, np.float32)
    np.testing.assert_array_equal(ALL(x, rng), x)


@pytest.mark.parametrize(("zoom", "grows"), [(0.5, True), (1.5, False)])
def test_a_zoom_above_one_makes_things_smaller(zoom, grows):
    x = np.zeros((1, 15, 15, 1))
    x[:, 5:10, 5:10] = 1
    y = resample(x, one(zoom_x=zoom, zoom_y=1))
    assert (y.sum() > x.sum()) == grows
    np.testing.assert_array_equal(y.sum(axis=2)[0, [4, 10]], 0)  # its height stays


def test_draws_fill_their_bounds_and_are_apart(monkeypatch):
    given = []
    monkeypatch.setattr(affine, "matrices", lambda *numbers: given.extend(numbers) or maps)
    x, maps = np.zeros((4000, 1, 3, 1), np.float32), matrices(*np.zeros((6, 4000)))
    Affine(rotate=40, shift=0.2, shear=10, zoom=0.3)(x, np.random.default_rng(0))
    ends = (radians(40), 0.2 * 3, 0.2 * 1, radians(10), 0.3, 0.3)
    for numbers, middle, end in zip(given, (0, 0, 0, 0, 1, 1), ends, strict=True):
        share = (numbers - middle) / end
        assert -1 <= share.min() < -0.99
        assert 0.99 < share.max() <= 1
        assert abs((share**2).mean() - 1 / 3) < 0.02  # of the uniform distribution
    assert np.abs(np.corrcoef(given) - np.eye(6)).max() < 0.06


def test_pictures_of_a_batch_are_drawn_apart_whatever_the_chunk(rng, monkeypatch):
    x = np.repeat(rng.random((1, 8, 8, 3), np.float32), 16, axis=0)
    before = x.copy()
    whole = ALL(x, np.random.default_rng(3))
    assert len({picture.tobytes() for picture in whole}) == 16
    np.testing.assert_array_equal(x, before)
    monkeypatch.setattr(affine, "CHUNK", 3 * 64)
    np.testing.assert_array_equal(ALL(x, np.random.default_rng(3)), whole)
    assert ALL(x[:0], rng).shape == (0, 8, 8, 3)


def test_a_shear_of_a_fifth_of_a_degree_moves_less_than_half_a_pixel():
    """What the docstring says of the 0.2 that Keras' users give."""
    corner = np.array([111.5, 111.5, 1])
    moved = one(shear=radians(0.2))[0] @ corner - corner
    assert 0.38 < np.abs(moved).max() < 0.4


@pytest.mark.parametrize(
    ("name", "value"), [("rotate", -1), ("shift", 1), ("shear", 90), ("zoom", 1), ("zoom", -0.1)]
)
def test_bounds_out_of_range_are_named(name, value):
    with pytest.raises(InputError, match=f"{name} {value}"):
        Affine(**{name: value})
