"""Code that works on a CPU and not on a GPU: the strict stand-in for CuPy finds each of these."""

import dataclasses

import numpy as np
import pytest
import strict_cupy
import tiny
from strict_cupy import watch

from minialex import backend, checkpoint, models, optim, threads, totals
from minialex.data.loader import Loader
from minialex.errors import InputError
from minialex.layers import ReLU, SoftmaxCrossEntropy, dropout
from minialex.optim import SGD
from minialex.train import fit

CUDA = dataclasses.replace(tiny.CONFIG, device="cuda:1")  # where the default device is wrong


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch):
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)
    with strict_cupy.installed():
        yield


def one_hot_of_the_host(patch):
    def backward(self):
        classes = self.probabilities.shape[1]
        return (self.probabilities - np.eye(classes)[self.labels]) / len(self.labels)

    patch.setattr(SoftmaxCrossEntropy, "backward", backward)


def a_loss_shown_in_every_step(patch):
    add = totals.Totals.add

    def shown(self, loss, correct, count):
        self.text = f"loss {loss:.3f}"
        add(self, loss, correct, count)

    patch.setattr(totals.Totals, "add", shown)


def a_mask_of_the_host(patch):
    patch.setattr(dropout, "random", lambda rng, shape, like: rng.random(shape, np.float32))


def a_velocity_of_the_host(patch):
    def __init__(self, params, momentum, **rest):
        optim.Optimiser.__init__(self, params, **rest)
        self.momentum = momentum
        self.velocity = {name: np.zeros(w.shape, w.dtype) for name, w in params.items()}

    patch.setattr(SGD, "__init__", __init__)


def work_arrays_of_the_host(patch):
    patch.setattr(threads, "xp_of", lambda x: np)
    patch.setattr(threads, "workers_for", lambda x: 1)


def batches_that_stay_on_the_host(patch):
    patch.setattr(Loader, "_delivered", lambda self, batch: batch)


def checkpoints_without_a_transfer(patch):
    patch.setattr(checkpoint, "to_host", lambda array: array)


def one_pinned_buffer_for_all_batches(patch):
    buffers = {}

    def pinned(array, name):
        copy = buffers.setdefault(array.shape, backend.pinned(array, name))
        copy[...] = array
        return copy

    patch.setattr("minialex.data.loader.pinned", pinned)


def gradients_clipped_by_looking_at_them(patch):
    step = SGD.step

    def clipped(self, grads, lr):
        for g in grads.values():
            if abs(g).max() > 1:
                g /= abs(g).max()
        step(self, grads, lr)

    patch.setattr(SGD, "step", clipped)


def a_mask_as_an_index(patch):
    def forward(self, x, train=False):
        self.y = x * (x > 0)
        self.share = len(x[x > 0]) / x.size
        return self.y

    patch.setattr(ReLU, "forward", forward)


def an_option_that_cupy_lacks(patch):
    def forward(self, x, train=False):
        xp = backend.xp_of(x)
        self.y = xp.zeros_like(x)
        return xp.multiply(x, 1, out=self.y, where=x > 0)

    patch.setattr(ReLU, "forward", forward)


def a_loader_that_sends_from_its_thread(patch):
    """Another thread has another current device."""
    prepare = Loader._batch

    def prepare_and_send(self, *which):
        return [strict_cupy.cupy.asarray(array) for array in prepare(self, *which)]

    patch.setattr(Loader, "_batch", prepare_and_send)
    patch.setattr(Loader, "_delivered", lambda self, batch: batch)


REFUSED = {  # with what message
    one_hot_of_the_host: "Implicit conversion",
    a_mask_of_the_host: "Unsupported type",
    a_velocity_of_the_host: "does not support ufuncs|Unsupported type",
    work_arrays_of_the_host: "Unsupported type",
    batches_that_stay_on_the_host: "it was given float32 .* on cpu",
    checkpoints_without_a_transfer: "Implicit conversion",
    one_pinned_buffer_for_all_batches: "read-only",
    an_option_that_cupy_lacks: r"Wrong arguments \['where'\]",
    a_loader_that_sends_from_its_thread: "it was given float32 .* on cuda:0",
}
WAITING = {  # what for
    a_loss_shown_in_every_step: "format",
    gradients_clipped_by_looking_at_them: "bool",
    a_mask_as_an_index: "mask",
}


def train(folder):
    fit(tiny.network(), tiny.splits(), CUDA, folder=folder)


@pytest.mark.parametrize("mutant", REFUSED, ids=lambda mutant: mutant.__name__)
def test_what_does_not_run_is_refused(mutant, monkeypatch, tmp_path):
    mutant(monkeypatch)
    with pytest.raises((TypeError, ValueError, InputError), match=REFUSED[mutant]):
        train(tmp_path)


@pytest.mark.parametrize("mutant", WAITING, ids=lambda mutant: mutant.__name__)
def test_what_only_waits_is_seen(mutant, monkeypatch, tmp_path):
    mutant(monkeypatch)
    with watch() as seen:
        train(tmp_path)
    waits = [event.what for event in seen.syncs if event.file != "backend.py"]
    assert set(waits) == {WAITING[mutant]}
    assert len(waits) >= 18  # at least one a step


def test_without_a_mutant_nothing_of_this_happens(tmp_path):
    with watch() as seen:
        train(tmp_path)
    assert seen.files == {"backend.py"}
