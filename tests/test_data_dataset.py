"""Data sets by hand, their subsets, and `data.load` by name."""

import subprocess
import sys

import numpy as np
import pytest

from minialex import data
from minialex.data import Dataset, split
from minialex.data.dataset import View
from minialex.errors import InputError


def numbered(count: int) -> Dataset:
    """Picture i has the grey level i and the label i % 3."""
    images = np.broadcast_to(
        np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 2, 2, 3)
    )
    return Dataset(images, np.arange(count) % 3, ("a", "b", "c"), "numbered")


def test_labels_become_int64():
    dataset = Dataset(np.zeros((2, 4, 4, 3), np.uint8), [1, 0], ["x", "y"])
    assert dataset.labels.dtype == np.int64
    assert dataset.classes == ("x", "y")
    assert len(dataset) == 2


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, 4, 4, 3)), [0, 1], "float64 of shape"),
        (np.zeros((2, 4, 4), np.uint8), [0, 1], r"\(N, H, W, C\)"),
        (np.zeros((2, 4, 4, 3), np.uint8), [0], "each of the 2 pictures"),
        (np.zeros((2, 4, 4, 3), np.uint8), [0.0, 1.0], "labels are float64"),
        (np.zeros((2, 4, 4, 3), np.uint8), [0, 2], "label 2 of picture 1 is out of range"),
        (np.zeros((2, 4, 4, 3), np.uint8), [-1, 0], "label -1 of picture 0 is out of range"),
    ],
)
def test_what_does_not_fit_together_is_named(images, labels, message):
    with pytest.raises(InputError, match=f"mine: .*{message}"):
        Dataset(images, np.array(labels), ("x", "y"), "mine")


def test_subset_keeps_order_and_copies_nothing():
    dataset = numbered(10)
    some = dataset.subset([7, 2, 2])
    assert some.images.images is dataset.images
    assert some.images.shape == (3, 2, 2, 3)
    assert np.asarray(some.images)[:, 0, 0, 0].tolist() == [7, 2, 2]
    assert some.labels.tolist() == [1, 2, 2]
    assert some.subset([2, 0]).images[np.array([0, 1])][:, 0, 0, 0].tolist() == [2, 7]


@pytest.mark.parametrize("key", [1, slice(1, 3), np.array([2, 0]), np.array([True, False, True])])
def test_a_view_is_indexed_like_an_array(key):
    images = numbered(10).images
    view = View(images, np.array([7, 2, 5]))
    np.testing.assert_array_equal(view[key], images[[7, 2, 5]][key])


def test_split_is_a_seeded_partition():
    dataset = numbered(50)
    rest, held_out = split(dataset, 10, seed=3)
    levels = [np.asarray(part.images)[:, 0, 0, 0] for part in (rest, held_out)]
    assert [len(part) for part in levels] == [40, 10]
    assert sorted(np.concatenate(levels)) == list(range(50))
    for part, level in zip((rest, held_out), levels, strict=True):
        np.testing.assert_array_equal(part.labels, level % 3)
    assert np.array_equal(split(dataset, 10, seed=3)[1].images.indices, held_out.images.indices)
    assert not np.array_equal(split(dataset, 10, seed=4)[1].images.indices, held_out.images.indices)


@pytest.mark.parametrize("size", [-1, 50, 51])
def test_split_leaves_something(size):
    with pytest.raises(InputError, match=f"numbered: {size} of 50 pictures"):
        split(numbered(50), size, seed=0)


def test_load_suggests_the_nearest_name():
    with pytest.raises(InputError, match=r"'cifar-10' is neither .* did you mean 'cifar10'\?"):
        data.load("cifar-10")
    with pytest.raises(InputError, match="image_size 0"):
        data.load("shapes", image_size=0)


def test_importing_the_package_stays_light():
    heavy = ("PIL", "pooch", "rich", "matplotlib", "numba")
    code = f"import sys, minialex.data; print([m for m in {heavy} if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
