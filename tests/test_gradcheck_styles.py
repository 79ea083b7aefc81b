"""Layers as people really write them: right ones pass, wrong ones are caught, and nothing else."""

import numpy as np
import pytest
from plain_layers import Chain, kinds, normal

from minialex.errors import InputError
from minialex.gradcheck import GradientMismatch, check_function, check_layer, check_network

X = normal(5, 3)


class Lazy:
    """Makes its parameters when it first sees an x, as Keras does."""

    def __init__(self, factor=1.0, in_dictionary=False) -> None:
        self.factor, self.scale = factor, 2.0
        self.W = None
        if in_dictionary:
            self.params, self.grads = {}, {}

    def forward(self, x):
        if self.W is None:
            self.W = np.random.default_rng(0).standard_normal((x.shape[1], 2))
            if hasattr(self, "params"):
                self.params["W"] = self.W
        self.x = x
        return self.scale * x @ (self.params["W"] if hasattr(self, "params") else self.W)

    def backward(self, gy):
        dW = self.factor * self.scale * self.x.T @ gy
        if hasattr(self, "params"):
            self.grads["W"] = dW
            return self.scale * gy @ self.params["W"].T
        self.dW = dW
        return self.scale * gy @ self.W.T


@pytest.mark.parametrize("in_dictionary", [False, True])
def test_parameters_that_the_first_forward_makes(in_dictionary):
    layer = Lazy(1.0, in_dictionary)
    report = check_layer(layer, X)
    assert {row.name for row in report.checked} == {"gx", "gW"}
    assert not report.notes
    assert layer.W is None
    with pytest.raises(GradientMismatch, match=r"Lazy\.backward -> gW"):
        check_layer(Lazy(1.5, in_dictionary), X)


class Converts:
    """Puts a parameter anew in its place at every forward."""

    def __init__(self, factor, in_dictionary):
        self.factor, self.in_dictionary = factor, in_dictionary
        self.W = normal(3, 2, seed=1)
        if in_dictionary:
            self.params, self.grads = {"W": self.W}, {}

    def forward(self, x):
        self.x, owner = x, self.params if self.in_dictionary else vars(self)
        owner["W"] = np.clip(owner["W"], -100, 100)
        self.of_this_call = np.ones(3)  # no parameter, though always the same
        return x @ owner["W"]

    def backward(self, gy):
        owner = self.params if self.in_dictionary else vars(self)
        dW = self.factor * self.x.T @ gy
        if self.in_dictionary:
            self.grads["W"] = dW
        else:
            self.dW = dW
        return gy @ owner["W"].T


@pytest.mark.parametrize("in_dictionary", [False, True])
@pytest.mark.parametrize("mode", ["auto", "central"])
def test_parameters_that_forward_replaces(in_dictionary, mode):
    report = check_layer(Converts(1.0, in_dictionary), X, mode=mode)
    assert {row.name for row in report.checked} == {"gx", "gW"}
    assert not any("not checked" in note for note in report.notes)
    for factor in (0.5, 0.0):  # half is what a step that is taken back halfway would bear out
        with pytest.raises(GradientMismatch, match="gW"):
            check_layer(Converts(factor, in_dictionary), X, mode=mode)


class OfOneName:
    """A layer whose name is that of its class."""

    name = "dense"

    def __init__(self, seed, factor=1.0):
        self.params, self.grads = {"W": normal(3, 3, seed=seed)}, {}
        self.factor = factor

    def forward(self, x):
        self.x = x
        return np.tanh(x @ self.params["W"])

    def backward(self, gy):
        slope = gy * (1 - np.tanh(self.x @ self.params["W"]) ** 2)
        self.grads["W"] = self.factor * self.x.T @ slope
        return slope @ self.params["W"].T


@pytest.mark.parametrize("wrong", [0, 1, 2])
def test_layers_of_one_name_are_all_checked(wrong):
    layers = [OfOneName(i) for i in range(3)]
    assert len(check_network(Chain(*layers), X).checked) == 3
    layers[wrong].factor = 2.0
    with pytest.raises(GradientMismatch):
        check_network(Chain(*layers), X)


def test_layers_of_a_network_may_be_made_by_forward_and_named_alike():
    layers = [Lazy(1.0, True), Lazy(1.0, True), OfOneName(1), OfOneName(2)]
    layers[2].params["W"] = normal(2, 2)
    layers[3].params["W"] = normal(2, 2)
    layers[0].name = "dense_3"  # as the second "dense" would be called
    names = [row.name for row in check_network(Chain(*layers), X).checked]
    assert names == ["gdense_3.W", "gLazy1.W", "gdense.W", "gdense_3_3.W"]


class WithDots:
    """A network that holds its parameters itself, by names with dots."""

    def __init__(self):
        self.params, self.grads = {"fc1.W": normal(3, 2, seed=1)}, {}

    def forward(self, x):
        self.x = x
        return x @ self.params["fc1.W"]

    def backward(self, gy):
        self.grads["fc1.W"] = self.x.T @ gy


def test_names_may_have_dots():
    report = check_network(WithDots(), X)
    assert [row.name for row in report.checked] == ["gfc1.W"]


class Strided:
    """Every 11th column; of a narrow x none."""

    def forward(self, x):
        self.shape = x.shape
        return x[:, 10::11]

    def backward(self, gy):
        return np.full(self.shape, 7.0)


def test_an_empty_y_is_no_check():
    with pytest.raises(InputError, match=r"Strided.forward returns an empty y \(5, 0\): give it"):
        check_layer(Strided(), normal(5, 3))


def loss_with_l1(forgets):
    def loss(w):
        value = (w**2).sum() + 1e-6 * np.abs(w).sum()
        return value, 2 * w + (0 if forgets else 1e-6 * np.sign(w))

    return loss


def test_a_small_term_that_the_complex_step_loses():
    w = normal(4, 5)
    assert check_function(loss_with_l1(False), None, [w]).ok
    with pytest.raises(GradientMismatch):
        check_function(loss_with_l1(True), None, [w])


def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0, keepdims=True)


def test_a_bias_in_a_row_is_no_image():
    report = check_function(
        affine_forward, affine_backward, [normal(1, 3), normal(3, 4), normal(1, 4)]
    )
    assert "one more image" in {row.case for row in report.checked}


class WholeNumbers:
    """Right: its derivative is 0 where there is one."""

    def forward(self, x):
        if (x != np.round(x)).any():
            raise ValueError("whole numbers, please")
        self.shape = x.shape
        return np.round(x)

    def backward(self, gy):
        return np.zeros(self.shape)


def test_a_forward_that_refuses_everything_nearby_says_why():
    with pytest.raises(ValueError, match="whole numbers, please"):
        check_layer(WholeNumbers(), np.arange(6.0).reshape(2, 3))


class Updates:
    """A layer of a tutorial: backward takes a step at once."""

    def __init__(self):
        self.weights, self.bias = normal(3, 2), normal(1, 2)

    def forward(self, x):
        self.x = x
        return x @ self.weights + self.bias

    def backward(self, gy, learning_rate=0.1):
        gx = gy @ self.weights.T
        self.weights = self.weights - learning_rate * self.x.T @ gy
        self.bias = self.bias - learning_rate * gy.sum(axis=0)
        return gx


class UpdatesInPlace(Updates):
    def backward(self, gy, learning_rate=0.1):
        gx = gy @ self.weights.T
        self.weights -= learning_rate * self.x.T @ gy
        return gx


@pytest.mark.parametrize("layer", [Updates, UpdatesInPlace])
def test_weights_that_backward_updates(layer):
    made = layer()
    before = made.weights.copy()
    report = check_layer(made, X, raises=False)
    assert kinds(report) == [f"changes its input {layer.__name__}.backward"]
    assert "are weights updated here?" in str(report)
    np.testing.assert_array_equal(made.weights, before)


class Asks(Updates):
    def backward(self, gy, learning_rate):
        return gy @ self.weights.T


def test_a_backward_that_needs_more_is_told_so():
    with pytest.raises(InputError, match=r"Asks.backward takes learning_rate too: give it a"):
        check_layer(Asks(), X)


def centred_forward(x, b):
    """A bias before a mean is taken away has no gradient, but for rounding."""
    y = x + b
    return y - y.mean(axis=0), None


def centred_backward(dout, cache):
    dy = dout - dout.mean(axis=0)
    return dy, dy.sum(axis=0)


def test_a_gradient_that_vanishes_in_float32():
    x, b = (a.astype("float32") for a in (normal(50, 3), normal(3, seed=1)))
    assert check_function(centred_forward, centred_backward, [x, b]).ok


class Entropy:
    """-log p, which asserts its domain."""

    def __init__(self, factor):
        self.factor = factor

    def forward(self, p):
        assert ((p > 0) & (p < 1)).all()
        self.p = p
        return -np.log(p).mean()

    def backward(self):
        return -self.factor / (self.p * self.p.size)


def test_a_forward_that_refuses_what_lies_beyond_its_domain():
    p = np.random.default_rng(0).uniform(0.02, 0.98, (4, 5))
    assert check_layer(Entropy(1.0), p).ok
    report = check_layer(Entropy(2.0), p, raises=False)
    assert kinds(report) == ["gradient Entropy.backward -> gx"]
    assert "numeric * 2" in str(report)
