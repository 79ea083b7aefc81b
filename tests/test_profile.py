"""The profile of a training: complete, without a trace afterwards, and without an effect."""

import copy
import re
import time

import numpy as np
import pytest
import tiny

from minialex import models
from minialex.bench.memory import peak_bytes, resident_bytes
from minialex.errors import InputError
from minialex.layers import SoftmaxCrossEntropy
from minialex.optim import SGD
from minialex.profile import BACKWARD, FORWARD, UPDATE, WAIT, Profile


@pytest.fixture
def network(monkeypatch):
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)
    return models.build("tiny")


class Loader:
    """Three batches of noise, each of which takes a while."""

    closed = 0

    def batches(self, epoch, first=0):
        rng = np.random.default_rng(epoch)
        try:
            for _ in range(first, 3):
                time.sleep(0.002)
                yield rng.standard_normal((4, 8, 8, 3), np.float32), np.array([0, 1, 2, 0])
        finally:
            self.closed += 1


def train(network, optimiser, loader, label=0):
    """Train like `minialex.loop`, evaluation included."""
    loss = SoftmaxCrossEntropy()
    for epoch in range(2):
        for x, labels in loader.batches(epoch, first=1):
            loss.forward(network.forward(x, train=True), labels + label)
            network.backward(loss.backward())
            optimiser.step(network.grads, 0.1)
        network.predict(x)


def test_every_layer_and_phase_is_timed(network, capsys):
    optimiser, loader = SGD(network.params), Loader()
    with Profile(network, optimiser, loader) as profile:
        train(network, optimiser, loader)
    names = [layer.name for layer in network.layers]
    assert profile.steps == 4
    assert all(profile.calls[name, FORWARD] == 4 for name in names)  # predict is not a step
    assert all(profile.calls[name, BACKWARD] == 4 for name in names)
    assert profile.calls["", UPDATE] == 4
    assert profile.seconds["", WAIT] >= 3 * 0.002  # the first wait belongs to the first step
    assert min(profile.seconds.values()) > 0
    assert 0 < profile.first < profile.total - sum(profile.seconds.values())
    assert [row[0] for row in profile.rows()][: len(names) + 2] == [*names, UPDATE, WAIT]
    shares = [float(row[-1].removesuffix(" %")) for row in profile.rows()]
    assert sum(shares) == pytest.approx(100, abs=1)
    profile.print()
    out = capsys.readouterr().out
    assert re.search(r"conv1 +im2col +\d", out)
    assert "4 steps: the first " in out
    assert "peak memory" in out


def test_nothing_is_left_and_nothing_changes(network):
    plain = copy.deepcopy(network)
    train(plain, SGD(plain.params), Loader())
    layers, optimiser, loader = network.layers, SGD(network.params), Loader()
    with Profile(network, optimiser, loader):
        states = network.random_state()
        network.set_random_state(states)
        train(network, optimiser, loader)
        assert network["conv1"].params is layers[0].params
    assert network.layers is layers
    assert "step" not in vars(optimiser)
    assert "batches" not in vars(loader)
    for name, w in plain.params.items():
        assert np.array_equal(network.params[name], w)


def test_an_error_and_a_loop_left_early_leave_nothing(network):
    loader, layers = Loader(), network.layers
    with pytest.raises(InputError), Profile(network, SGD(network.params), loader):
        train(network, None, loader, label=9)
    assert (network.layers, loader.closed) == (layers, 1)
    with Profile(network, loader=loader) as profile:
        batches = loader.batches(0)
        next(batches)
        batches.close()
    assert loader.closed == 2
    assert profile.steps == 0
    assert profile.rows()[0][2] == "0.00"


def test_memory_of_this_process():
    peak = peak_bytes()
    if peak is None:
        pytest.skip("this system does not tell")
    block = np.ones(1 << 24)  # 128 MB
    assert peak_bytes() >= resident_bytes() >= block.nbytes
    assert peak_bytes() >= peak
