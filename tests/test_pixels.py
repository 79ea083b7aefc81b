"""Grey levels to what a network sees, against the definition in float64."""

import json

import numpy as np
import pytest

from minialex.data import Dataset
from minialex.data.pixels import MEANS, SCALES, Pixels
from minialex.errors import InputError


@pytest.fixture
def dataset(rng):
    images = rng.integers(0, 256, (40, 6, 5, 3), dtype=np.uint8)
    images[..., 1] //= 4
    images[:, :3] //= 2
    return Dataset(images, np.zeros(40, int), ("all",), "noise")


def expected(images, scale, mean):
    x = images.astype(np.float64) / (255 if scale == "0-1" else 1)
    if mean == "channel":
        x -= x.mean(axis=(0, 1, 2))
    if mean == "image":
        x -= x.mean(axis=0)
    return x / x.std(axis=(0, 1, 2)) if scale == "unit-variance" else x


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("mean", MEANS)
def test_equals_its_definition(dataset, scale, mean, monkeypatch):
    monkeypatch.setattr(
        "minialex.data.pixels.CHUNK", 700
    )  # seven pictures: the last chunk is short
    before = dataset.images.copy()
    pixels = Pixels.fit(dataset, scale, mean)
    x = pixels(dataset.images)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x, expected(dataset.images, scale, mean), rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(dataset.images, before)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("mean", MEANS)
def test_a_run_repeats_it_to_the_bit(dataset, scale, mean):
    pixels = Pixels.fit(dataset, scale, mean)
    config = json.loads(json.dumps(pixels.config()))
    again = Pixels.restore(config, {k: v.copy() for k, v in pixels.arrays().items()})
    np.testing.assert_array_equal(pixels(dataset.images), again(dataset.images))
    assert again.config() == pixels.config()


def test_float64_sums_where_float32_would_drift():
    images = np.full((3000, 32, 32, 3), 255, np.uint8)  # 8e8 a channel, beyond 24 bits
    images[0] = 254
    pixels = Pixels.fit(Dataset(images, np.zeros(3000, int), ("all",)), "0-255")
    np.testing.assert_allclose(pixels.mean, 255 - 1 / 3000, rtol=1e-7)


def test_a_constant_channel_is_not_divided_by_zero(dataset):
    dataset.images[..., 2] = 77
    x = Pixels.fit(dataset)(dataset.images)
    assert np.isfinite(x).all()
    np.testing.assert_allclose(x[..., 2], 0, atol=1e-4)


def test_bad_input_is_named(dataset):
    with pytest.raises(InputError, match=r"'unit-varience' .* did you mean 'unit-variance'"):
        Pixels.fit(dataset, scale="unit-varience")
    with pytest.raises(InputError, match="mean 'median' is not one of none, channel, image"):
        Pixels.fit(dataset, mean="median")
    with pytest.raises(InputError, match="noise: no pictures"):
        Pixels.fit(dataset.subset([]))
    with pytest.raises(InputError, match=r"shape \(4, 4, 3\) do not fit the stored mean"):
        Pixels.fit(dataset, mean="image")(np.zeros((1, 4, 4, 3), np.uint8))
    with pytest.raises(InputError, match="lacks mean, std"):
        Pixels.restore({"scale": "0-1", "mean": "none"}, {})
    with pytest.raises(InputError, match="pixel scale None is not one of"):
        Pixels.restore({"scale": None, "mean": "none"}, Pixels.fit(dataset).arrays())
