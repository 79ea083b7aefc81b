"""Colour noise: its covariance is the prescribed one, in either form and at every pixel scale."""

import dataclasses

import numpy as np
import pytest

from minialex.data import Dataset, colour
from minialex.data.colour import ColourNoise, covariance
from minialex.data.pixels import Pixels
from minialex.errors import InputError


@pytest.fixture(scope="module")
def dataset():
    """Colours whose eigenvectors are far from the axes, and far from being symmetric."""
    rng = np.random.default_rng(0)
    mix = np.array([[30, 8, -6], [12, 25, 10], [-14, 20, 9]])
    colours = 128 + rng.standard_normal((40, 6, 5, 3)) @ mix.T
    images = colours.round().clip(0, 255).astype(np.uint8)
    return Dataset(images, np.zeros(40, int), ("thing",))


def fitted(dataset, form, scale="0-255", mean="channel"):
    return ColourNoise.fit(dataset, Pixels.fit(dataset, scale=scale, mean=mean), form)


def prescribed(dataset, form):
    """0.1^2 P diag(l^k) P^T is 0.01 times a power of the covariance: no eigenvectors in sight."""
    pixels = dataset.images.reshape(-1, 3).astype(float)
    measured = np.cov(pixels.T, bias=True)
    return 0.01 * (measured @ measured if form == "paper" else measured)


def from_unit_draws(noise):
    """The covariance is the sum over z = e1, e2, e3 of what each adds, times itself."""
    added = noise.levels(np.eye(3))
    return added.T @ added


def test_the_covariance_of_all_pixels_is_measured(dataset, monkeypatch):
    monkeypatch.setattr(colour, "CHUNK", 100)  # several chunks, the last one smaller
    expected = np.cov(dataset.images.reshape(-1, 3).T.astype(float), bias=True)
    np.testing.assert_allclose(covariance(dataset), expected, rtol=1e-12)
    subset = dataset.subset(np.arange(7))
    np.testing.assert_allclose(
        covariance(subset), np.cov(dataset.images[:7].reshape(-1, 3).T, bias=True), rtol=1e-12
    )


@pytest.mark.parametrize("form", colour.FORMS)
def test_the_noise_has_the_prescribed_covariance_exactly(dataset, form):
    np.testing.assert_allclose(
        from_unit_draws(fitted(dataset, form)), prescribed(dataset, form), rtol=1e-9
    )


@pytest.mark.parametrize("form", colour.FORMS)
def test_the_noise_has_the_prescribed_covariance_when_it_is_drawn(dataset, form):
    y = fitted(dataset, form)(np.zeros((200_000, 1, 1, 3)), np.random.default_rng(0))
    added = y.reshape(-1, 3) * (1.1 if form == "coded" else 1)
    expected = prescribed(dataset, form)
    assert np.abs(added.mean(axis=0)).max() < 0.01 * np.sqrt(expected.max())
    np.testing.assert_allclose(np.cov(added.T), expected, atol=0.01 * expected.max())


@pytest.mark.parametrize("form", colour.FORMS)
def test_transposed_eigenvectors_would_be_noticed(dataset, form):
    noise = fitted(dataset, form)
    wrong = dataclasses.replace(noise, vectors=noise.vectors.T)
    off = np.abs(from_unit_draws(wrong) - prescribed(dataset, form)).max()
    assert off > 0.2 * prescribed(dataset, form).max()


@pytest.mark.parametrize("form", colour.FORMS)
@pytest.mark.parametrize("scale", ["0-255", "0-1", "unit-variance"])
@pytest.mark.parametrize("mean", ["channel", "image"])
def test_it_is_the_same_noise_in_grey_levels_at_every_pixel_scale(dataset, form, scale, mean):
    pixels = Pixels.fit(dataset, scale=scale, mean=mean)
    noise = ColourNoise.fit(dataset, pixels, form)
    x = pixels(dataset.images)
    y = noise(x, np.random.default_rng(5))
    assert y.dtype == np.float32
    draws = np.random.default_rng(5).standard_normal((len(x), 3))
    shrunk = 1.1 if form == "coded" else 1
    level = (1 / 255 if scale == "0-1" else 1) / pixels.std  # one grey level, in the units of x
    added = (y * shrunk - x) / level
    expected = np.broadcast_to(noise.levels(draws)[:, None, None, :], x.shape)
    np.testing.assert_allclose(added, expected, rtol=1e-3, atol=1e-3)


def test_each_picture_has_a_colour_of_its_own_and_the_given_one_is_kept(dataset):
    pixels = Pixels.fit(dataset)
    x = np.repeat(pixels(dataset.images[:1]), 30, axis=0)
    before = x.copy()
    y = fitted(dataset, "coded", "unit-variance")(x, np.random.default_rng(0))
    np.testing.assert_array_equal(x, before)
    assert len({picture.tobytes() for picture in y}) == 30


def test_the_eigenvectors_do_not_depend_on_the_signs_of_lapack(dataset, monkeypatch):
    eigh = np.linalg.eigh
    plain = fitted(dataset, "paper")

    def turned(matrix):
        values, vectors = eigh(matrix)
        return values, vectors * [-1, 1, -1]

    monkeypatch.setattr(np.linalg, "eigh", turned)
    np.testing.assert_array_equal(fitted(dataset, "paper").vectors, plain.vectors)
    assert (np.diff(plain.values) < 0).all()


def test_the_paper_taken_literally_moves_imagenet_by_1483_grey_levels():
    noise = ColourNoise("paper", np.array([121.78, 37.09, 19.72]) ** 2, np.eye(3), np.ones(3))
    assert np.linalg.norm(noise.levels(np.eye(3)[:1])) == pytest.approx(1483, abs=0.5)
    coded = dataclasses.replace(noise, form="coded")
    assert np.linalg.norm(coded.levels(np.eye(3)[:1])) == pytest.approx(12.178)


def test_grey_pictures_have_one_component():
    images = np.arange(100, dtype=np.uint8).reshape(1, 10, 10, 1)
    noise = fitted(Dataset(images, np.zeros(1, int), ("ramp",)), "coded")
    assert noise.levels(np.ones((1, 1))) == pytest.approx(0.1 * np.arange(100).std())


def test_pictures_of_one_colour_get_no_noise():
    images = np.full((3, 4, 4, 3), (10, 20, 30), np.uint8)
    noise = fitted(Dataset(images, np.zeros(3, int), ("flat",)), "paper")
    assert np.abs(noise.levels(np.ones((1, 3)))).max() < 1e-9


def test_what_cannot_be_used_is_named(dataset):
    with pytest.raises(InputError, match=r"colour 'codde'.*did you mean 'coded'"):
        fitted(dataset, "codde")
    with pytest.raises(InputError, match=r"divides the pictures by 1\.1.*'channel' or 'image'"):
        fitted(dataset, "coded", mean="none")
    with pytest.raises(InputError, match="no pictures"):
        covariance(dataset.subset([]))
