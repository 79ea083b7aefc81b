"""Whole networks: a mistake in one layer makes most gradients wrong; the report leads to it."""

from collections import OrderedDict

import numpy as np
import pytest
from plain_layers import Chain, Dense, kinds, normal

from minialex.errors import InputError
from minialex.gradcheck import GradientMismatch, check_network
from minialex.layers import LRN, Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU
from minialex.network import Sequential

X, LABELS = normal(4, 8, 7, 2), np.array([0, 2, 1, 2])


def network(dtype="float64", **layers) -> Sequential:
    """conv1 relu1 lrn1 pool1 conv2 relu2 flatten1 drop1 fc3 fc4; some replaced."""
    made = {
        "conv1": Conv2d(6, 3, pad=1), "relu1": ReLU(), "lrn1": LRN(alpha=0.5),
        "pool1": MaxPool2d(3, 2), "conv2": Conv2d(4, 3, pad=1), "relu2": ReLU(),
        "flatten1": Flatten(), "drop1": Dropout(0.5), "fc3": Linear(5), "fc4": Linear(3),
    } | layers  # fmt: skip
    net = Sequential(list(made.items()), (8, 7, 2), dtype=dtype)
    for p in net.params.values():
        p[...] = 0.5 * normal(*p.shape, seed=p.size)
    return net


def broken(cls, fault):
    """The class with a backward that returns something else, or leaves something else in grads."""

    class Broken(cls):
        def backward(self, gy, need_gx=True):
            return fault(self, super().backward(gy, need_gx))

    return Broken


def half_gx(layer, gx):
    return None if gx is None else gx / 2


def double(key):
    def fault(layer, gx):
        layer.grads[key] *= 2
        return gx

    return fault


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_right_network(dtype):
    net, x = network(dtype), X.astype(dtype)
    expected = {f"g{name}" for name in net.params}
    for report in (
        check_network(net, x),
        check_network(net, x, LABELS),
        check_network(net, x, LABELS, train=False),
    ):
        assert {row.name for row in report.checked} == expected
        assert all(row.error < 1e-10 for row in report.checked)


def test_everything_is_left_as_it_was_found():
    net = network("float32")
    params, random = {n: p.copy() for n, p in net.params.items()}, str(net.random_state())
    kept = dict(net.params)
    wrong = network("float32", lrn1=broken(LRN, half_gx)())
    for checked in (net, wrong):
        check_network(checked, X.astype("float32"), raises=False)
    assert str(net.random_state()) == random
    for name, p in net.params.items():
        assert p is kept[name]
        assert np.array_equal(p, params[name])


FAULTS = {
    "lrn1": (broken(LRN, half_gx)(alpha=0.5), "conv1.b", "conv1 relu1 lrn1 pool1 conv2"),
    "drop1": (broken(Dropout, half_gx)(0.5), "conv2.b", "conv2 relu2 flatten1 drop1 fc3"),
    "fc4": (broken(Linear, half_gx)(3), "fc3.b", "fc3 fc4"),
    "fc3": (broken(Linear, double("W"))(5), "fc3.W", "fc3"),
    "conv2": (broken(Conv2d, double("b"))(4, 3, pad=1), "conv2.b", "conv2"),
    "conv1": (broken(Conv2d, double("b"))(6, 3, pad=1), "conv1.b", "conv1 relu1 lrn1 pool1 conv2"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_mistake_in_one_layer(name):
    layer, first, suspects = FAULTS[name]
    report = check_network(network(**{name: layer}), X, LABELS, raises=False)
    assert kinds(report)[0] == f"gradient network.backward -> g{first}"
    listed = suspects.replace(" ", " or ")
    assert report.notes == [f"the mistake is in the backward of {listed}"]


def test_a_mistake_behind_all_parameters():
    net = network(relu4=broken(ReLU, half_gx)())
    report = check_network(net, X, raises=False)
    assert kinds(report)[0] == "gradient network.backward -> gfc4.b"
    assert report.notes == ["the mistake is in the backward of fc4 or relu4"]


def test_one_wrong_weight_of_many():
    def fault(layer, gx):
        layer.grads["W"][17, 3] += 1
        return gx

    net = network(fc3=broken(Linear, fault)(200))
    with pytest.raises(GradientMismatch, match=r"gfc3\.W\[17,3\]"):
        check_network(net, X)


def test_the_message_repeats():
    net = network(lrn1=broken(LRN, half_gx)())
    first, second = (str(check_network(net, X, seed=3, raises=False)) for _ in range(2))
    assert first == second
    assert "check_network(..., seed=3)" in first


# Networks of others


class TwoLayers:
    """As in "Deep Learning from Scratch": the layers hold the network's arrays."""

    def __init__(self, dtype="float64", fault=1.0) -> None:
        self.params = {
            "W1": normal(3, 4).astype(dtype), "b1": np.zeros(4, dtype),
            "W2": normal(4, 2, seed=1).astype(dtype), "b2": np.zeros(2, dtype),
        }  # fmt: skip
        p = self.params
        self.layers = OrderedDict(one=Affine(p["W1"], p["b1"]), two=Affine(p["W2"], p["b2"]))
        self.fault = fault

    def forward(self, x):
        h = self.layers["one"].forward(x)
        self.mask = h > 0
        return self.layers["two"].forward(h * self.mask)

    def backward(self, gy):
        gh = self.layers["two"].backward(gy) * self.mask * self.fault
        self.layers["one"].backward(gh)
        one, two = self.layers.values()
        self.grads = {"W1": one.dW, "b1": one.db, "W2": two.dW, "b2": two.db}


class Affine:
    def __init__(self, W, b) -> None:
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        return dout @ self.W.T


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_network_that_holds_the_parameters(dtype):
    x = normal(5, 3).astype(dtype)
    report = check_network(TwoLayers(dtype), x)
    assert [row.name for row in report.checked] == ["gW1", "gb1", "gW2", "gb2"]
    assert all(row.error < 1e-10 for row in report.checked)
    report = check_network(TwoLayers(dtype, fault=0.5), x, raises=False)
    assert kinds(report) == [
        "gradient TwoLayers.backward -> gb1",
        "gradient TwoLayers.backward -> gW1",
    ]


class Tanh:
    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, gy):
        return gy * (1 - self.y**2)


class WrongTanh(Tanh):
    def backward(self, gy):
        return gy * (1 - self.y)


def test_a_list_of_layers_of_others():
    dense = [Dense(normal(3, 4)), Dense(normal(4, 2))]
    assert check_network(Chain(dense[0], Tanh(), dense[1]), normal(5, 3)).ok
    report = check_network(Chain(dense[0], WrongTanh(), dense[1]), normal(5, 3), raises=False)
    assert kinds(report)[0] == "gradient Chain.backward -> gDense0.b"
    assert report.notes == ["the mistake is in the backward of Dense0 or WrongTanh1 or Dense2"]


def test_a_gradient_that_is_not_there():
    net = TwoLayers()
    backward = net.backward
    net.backward = lambda gy: [backward(gy), net.grads.pop("b1")]
    report = check_network(net, normal(5, 3), raises=False)
    assert kinds(report) == ["missing TwoLayers.backward"]


def test_a_network_without_parameters():
    with pytest.raises(InputError, match="Chain has no parameters to check"):
        check_network(Chain(Tanh()), normal(5, 3))
