"""Batches: the same ones whenever and however they are asked for."""

import threading
import time
import traceback

import numpy as np
import pytest

from minialex.data import Dataset
from minialex.data.affine import Affine
from minialex.data.augment import Augment
from minialex.data.colour import ColourNoise
from minialex.data.loader import Loader
from minialex.data.pixels import Pixels
from minialex.errors import InputError


@pytest.fixture
def dataset(rng):
    images = rng.integers(0, 256, (25, 6, 6, 3), dtype=np.uint8)
    return Dataset(images, np.arange(25), tuple(map(str, range(25))), "noise")


@pytest.fixture
def make(dataset):
    def make(images=None, **options):
        chosen = dataset if images is None else Dataset(images, dataset.labels, dataset.classes)
        options = {"seed": 7, "augment": Augment(crop=2)} | options
        return Loader(chosen, Pixels.fit(dataset), 4, **options)

    return make


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    assert not [t for t in threading.enumerate() if t.name.startswith("minialex-loader")]


def assert_same(left, right):
    for (x, labels), (x2, labels2) in zip(left, right, strict=True):
        np.testing.assert_array_equal(x, x2)
        np.testing.assert_array_equal(labels, labels2)


def test_an_epoch_shows_every_picture_once(make):
    loader = make()
    batches = list(loader.batches(0))
    assert [len(x) for x, _ in batches] == [4, 4, 4, 4, 4, 4, 1]
    assert len(loader) == 7
    assert sorted(np.concatenate([labels for _, labels in batches])) == list(range(25))
    assert {x.dtype for x, _ in batches} == {np.dtype(np.float32)}
    assert {labels.dtype for _, labels in batches} == {np.dtype(np.int64)}


def test_seed_and_epoch_decide(make):
    assert_same(make().batches(3), make(prefetch=1).batches(3))
    labels = [
        np.concatenate([labels for _, labels in batches]).tolist()
        for batches in (make().batches(3), make().batches(4), make(seed=8).batches(3))
    ]
    assert labels[0] != labels[1]
    assert labels[0] != labels[2]


def test_the_order_of_a_seed_and_epoch_stays_as_it_is(make):
    """Stored runs are repeatable only as long as this is."""
    labels = np.concatenate([labels for _, labels in make(seed=7).batches(3)])
    assert labels[:6].tolist() == [17, 24, 23, 13, 10, 21]


def test_seed_and_epoch_and_batch_decide_what_becomes_of_a_picture(make, dataset):
    same = dataset.images[:1].repeat(25, axis=0)
    crops = [x for loader, epoch in ((make(same), 3), (make(same), 4), (make(same, seed=8), 3))
             for x, _ in loader.batches(epoch)]  # fmt: skip
    assert len({x.tobytes() for x in crops if len(x) == 4}) == 18


@pytest.mark.parametrize("first", range(8))
def test_resuming_at_any_batch_repeats_the_rest(make, dataset, first):
    assert_same(list(make().batches(2))[first:], make().batches(2, first=first))
    colour = ColourNoise.fit(dataset, Pixels.fit(dataset), "coded")
    everything = Augment(crop=1, size=5, chunk=3, affine=Affine(10, 0.1, 5, 0.1), colour=colour)
    loader = make(augment=everything)
    batches = list(loader.batches(2))
    assert {x.shape[1:] for x, _ in batches} == {(5, 5, 3)}
    assert_same(batches[first:], loader.batches(2, first=first))


def test_batches_of_an_epoch_are_augmented_apart(dataset):
    same = Dataset(np.repeat(dataset.images[:1], 25, axis=0), dataset.labels, dataset.classes)
    loader = Loader(same, Pixels.fit(dataset), 1, seed=0, augment=Augment(crop=2))
    assert len({x.tobytes() for x, _ in loader.batches(0)}) > 5


def test_without_shuffle_and_augmentation_pictures_come_in_order(make, dataset):
    loader = make(shuffle=False, augment=None)
    x = np.concatenate([x for x, _ in loader.batches(5)])
    np.testing.assert_array_equal(x, Pixels.fit(dataset)(dataset.images))


class Counting:
    """Images that count how often they were asked, and break or wait when told to."""

    def __init__(self, images, breaks_at=None):
        self.images, self.asked, self.breaks_at = images, 0, breaks_at
        self.shape, self.dtype = images.shape, images.dtype

    def __len__(self):
        return len(self.images)

    def __getitem__(self, key):
        self.asked += 1
        if self.asked == self.breaks_at:
            raise OSError("the disk is gone")
        return self.images[key]


def test_no_more_is_prepared_than_asked_for(make, dataset):
    images = Counting(dataset.images)
    batches = make(images, prefetch=2).batches(0)
    assert images.asked == 0
    next(batches)
    deadline = time.monotonic() + 5
    while images.asked < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert images.asked == 3  # one for the consumer, two ahead
    batches.close()


def test_an_exception_arrives_in_its_place_with_its_traceback(make, dataset):
    batches = make(Counting(dataset.images, breaks_at=3)).batches(0)
    assert_same([next(batches), next(batches)], list(make().batches(0))[:2])
    with pytest.raises(OSError, match="the disk is gone") as caught:
        next(batches)
    assert "__getitem__" in [
        frame.name for frame in traceback.extract_tb(caught.value.__traceback__)
    ]


def test_leaving_early_stops_the_thread(make):
    for _ in make().batches(0):
        break
    batches = make().batches(0)
    next(batches)
    del batches


def test_an_empty_data_set_has_no_batches(dataset):
    loader = Loader(dataset.subset([]), Pixels.fit(dataset), 4, seed=0)
    assert len(loader) == 0
    assert list(loader.batches(0)) == []


@pytest.mark.parametrize(("option", "value"), [("seed", -1), ("prefetch", 0), ("batch_size", 0)])
def test_options_out_of_range_are_named(dataset, option, value):
    options = {"batch_size": 4, "seed": 0, option: value}
    with pytest.raises(InputError, match=f"{option} {value}"):
        Loader(dataset, Pixels.fit(dataset), **options)
