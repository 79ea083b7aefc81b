"""The forms in which people write layers: where parameters and gradients are, pairs of functions.

A form that is not understood would be passed unchecked.
"""

import numpy as np
import pytest
from plain_layers import Dense, kinds, normal

from minialex.errors import InputError
from minialex.gradcheck import check_function, check_layer

CASES = {"as given", "other values", "one more image"}
X, W, B = normal(5, 3), normal(3, 2, seed=1), normal(2, seed=2)


class Form:
    """A dense layer that keeps its parameters in another form in every subclass."""

    factor = 1.0  # of gW: 1 is right

    def __init__(self, factor=1.0) -> None:
        self.factor = factor
        self.make(W.copy(), B.copy())

    def forward(self, x):
        self.x = x
        W, b = self.read()
        return x @ W + b

    def backward(self, gy):
        W, _ = self.read()
        gx = gy @ W.T
        return self.leave(gx, self.factor * self.x.T @ gy, gy.sum(axis=0))


class Dictionaries(Form):
    def make(self, W, b):
        self.params, self.grads = {"W": W, "b": b}, {}

    def read(self):
        return self.params.values()

    def leave(self, gx, gW, gb):
        self.grads = {"W": gW, "b": gb}
        return gx


class DictionariesWithPrefix(Dictionaries):
    def leave(self, gx, gW, gb):
        self.grads = {"dW": gW, "db": gb}
        return gx


class OnlyParams(Dictionaries):
    """No `grads` before the first backward."""

    def make(self, W, b):
        self.params = {"W": W, "b": b}


class Lists(Form):
    """As in "Deep Learning from Scratch", volume 2."""

    def make(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]

    def read(self):
        return self.params

    def leave(self, gx, gW, gb):
        self.grads[0][...], self.grads[1][...] = gW, gb
        return gx


class Attributes(Form):
    names = "dW", "db"

    def make(self, W, b):
        self.W, self.b = W, b

    def read(self):
        return self.W, self.b

    def leave(self, gx, gW, gb):
        vars(self).update(zip(self.names, (gW, gb), strict=True))
        return gx


class AttributesG(Attributes):
    names = "gW", "gb"


class AttributesGrad(Attributes):
    names = "grad_W", "grad_b"


class AttributesSuffix(Attributes):
    names = "W_grad", "b_grad"


class AttributesInPlace(Attributes):
    def make(self, W, b):
        super().make(W, b)
        self.dW, self.db = np.zeros_like(W), np.zeros_like(b)

    def leave(self, gx, gW, gb):
        self.dW[...], self.db[...] = gW, gb
        return gx


class TwoNames(Dictionaries):
    """`params` is for the optimiser; forward reads attributes."""

    def make(self, W, b):
        super().make(W, b)
        self.W, self.b = W, b

    def read(self):
        return self.W, self.b


class Property(Attributes):
    """`params` is put together anew by every access."""

    @property
    def params(self):
        return {"W": self.W, "b": self.b}

    def leave(self, gx, gW, gb):
        self.grads = {"W": gW, "b": gb}
        return gx


class Returned(Attributes):
    """backward returns all gradients."""

    def leave(self, gx, gW, gb):
        return gx, gW, gb


class ReturnedAsDictionary(Dictionaries):
    def leave(self, gx, gW, gb):
        super().leave(gx, gW, gb)
        return {"dx": gx}


FORMS = (
    Dictionaries, DictionariesWithPrefix, OnlyParams, Lists, Attributes, AttributesG,
    AttributesGrad, AttributesSuffix, AttributesInPlace, TwoNames, Property, Returned,
    ReturnedAsDictionary,
)  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("mode", ["auto", "central"])
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_parameters_are_found(form, mode, dtype):
    def made(factor):
        layer = form(factor)
        layer.make(W.astype(dtype), B.astype(dtype))
        return layer

    x = X.astype(dtype)
    report = check_layer(made(1.0), x, mode=mode)
    name = "gparams[0]" if form is Lists else "gW"
    assert {row.name for row in report.checked} == {
        "gx",
        name,
        name.replace("W", "b").replace("0", "1"),
    }
    assert not report.notes
    report = check_layer(made(2.0), x, mode=mode, raises=False)
    assert kinds(report) == [f"gradient {form.__name__}.backward -> {name}"]


def test_what_forward_remembers_is_no_parameter():
    """x beside dx, out beside dout: found with the layer already used."""

    class Remembers:
        def forward(self, x):
            self.x = x
            self.out = np.tanh(x)
            return self.out

        def backward(self, dout):
            self.dout = dout
            self.dx = dout * (1 - self.out**2)
            return self.dx

    layer = Remembers()
    layer.backward(layer.forward(X))
    report = check_layer(layer, X)
    assert {row.name for row in report.checked} == {"gx"}
    assert not report.notes


def test_weights_without_a_gradient_are_named():
    class Hidden:
        def __init__(self):
            self.weight, self.table = normal(3, 2), np.arange(3)

        def forward(self, x):
            self.x = x
            return x @ self.weight

        def backward(self, gy):
            self.slope = self.x.T @ gy
            return gy @ self.weight.T

    report = check_layer(Hidden(), X)
    assert report.notes == ["not checked, as no gradient is found of it: weight"]


def test_parameters_of_no_dimension_or_no_size():
    class Scaled:
        def __init__(self):
            self.a, self.empty = np.array(0.5), np.zeros((0, 3))
            self.da = self.dempty = None

        def forward(self, x):
            self.x = x
            return x * self.a + self.empty.sum()

        def backward(self, gy):
            self.da, self.dempty = np.array((gy * self.x).sum()), np.zeros((0, 3))
            return gy * self.a

    assert {row.name for row in check_layer(Scaled(), X).checked} == {"gx", "ga"}


class Embedding:
    """Rows of W by number: no input is differentiated, as in "Deep Learning from Scratch"."""

    def __init__(self, factor=1):
        self.params, self.grads, self.factor = [normal(7, 2)], [np.zeros((7, 2))], factor

    def forward(self, rows):
        self.rows = rows
        return self.params[0][rows]

    def backward(self, gy):
        self.grads[0][...] = 0
        if self.factor:
            np.add.at(self.grads[0], self.rows, gy)
        else:
            self.grads[0][self.rows] = gy  # forgets that a row may come twice


def test_integer_inputs_with_weights():
    for rows in (np.array([3, 0, 3, 6]), np.array([[1, 1], [2, 5]])):
        assert check_layer(Embedding(), rows).ok
        assert not check_layer(Embedding(0), rows, raises=False).ok


class Attention:
    """softmax(q k^T) v, for one head."""

    def forward(self, q, k, v):
        scores = np.exp(q @ k.transpose(0, 2, 1))
        self.inputs, self.p = (q, k, v), scores / scores.sum(axis=2, keepdims=True)
        return self.p @ v

    def backward(self, gy):
        (q, k, v), p = self.inputs, self.p
        gp = gy @ v.transpose(0, 2, 1)
        gs = p * (gp - (gp * p).sum(axis=2, keepdims=True))
        return gs @ k, gs.transpose(0, 2, 1) @ q, p.transpose(0, 2, 1) @ gy


def test_several_inputs():
    inputs = normal(2, 3, 4), normal(2, 5, 4, seed=1), normal(2, 5, 2, seed=2)
    report = check_layer(Attention(), inputs)
    assert {row.case for row in report.checked} == CASES
    assert [row.name for row in report.checked[:3]] == ["gq", "gk", "gv"]

    class Swapped(Attention):
        def backward(self, gy):
            gq, _, gv = super().backward(gy)
            return {"q": gq, "k": gv @ np.ones((2, 4)), "v": gv}

    assert kinds(check_layer(Swapped(), inputs, raises=False)) == [
        "gradient Swapped.backward -> gk"
    ]

    class Two(Attention):
        def backward(self, gy):
            return super().backward(gy)[:2]

    report = check_layer(Two(), inputs, raises=False)
    assert kinds(report) == ["missing Two.backward"]
    assert "no gradient of v" in str(report)


def test_lists_in_place_of_arrays():
    class Rows:
        def forward(self, x):
            self.x = x
            return [row**2 for row in x]

        def backward(self, gy):
            return [2 * row * g for row, g in zip(self.x, gy, strict=True)]

    assert check_layer(Rows(), X).ok
    assert check_layer(Rows(), normal(1, 1)).ok


def test_a_forward_that_returns_a_cache_is_no_layer():
    class Pair(Dense):
        def forward(self, x):
            return super().forward(x), x

    with pytest.raises(InputError, match=r"Pair\.forward returns 2 things"):
        check_layer(Pair(W), X)


def test_one_dimension():
    class Softmax:
        def forward(self, x):
            e = np.exp(x - x.max())
            self.y = e / e.sum()
            return self.y

        def backward(self, gy):
            return self.y * (gy - (gy * self.y).sum())

    assert check_layer(Softmax(), normal(4)).ok
    assert check_layer(Softmax(), normal(1)).ok


# Pairs of functions


def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)


def test_a_pair_of_functions():
    report = check_function(affine_forward, affine_backward, [X, W, B])
    assert {row.name for row in report.checked} == {"dx", "dw", "db"}
    assert {row.case for row in report.checked} == CASES

    def wrong(dout, cache):
        dx, dw, db = affine_backward(dout, cache)
        return dx, dw, db[::-1]

    report = check_function(affine_forward, wrong, (X, W, B), raises=False)
    assert kinds(report) == ["gradient wrong -> db"]
    report = check_function(affine_forward, wrong, (X, W, B), names="abc", raises=False)
    assert kinds(report) == ["gradient wrong -> dc"]
    assert "check_function(..., seed=0)" in str(report)


def power_forward(x, param):
    return x ** param["n"], (x, param)


def power_backward(dout, cache):
    x, param = cache
    return dout * param["n"] * x ** (param["n"] - 1)


def test_dictionaries_and_options():
    def forward(x, n=1):
        return power_forward(x, {"n": n})

    assert check_function(power_forward, power_backward, [X, {"n": 3}]).ok
    assert check_function(forward, power_backward, [X], options={"n": 3}).ok
    for wrong in ({"n": 4}, {"n": 2}):
        backward = lambda dout, cache, wrong=wrong: power_backward(dout, (cache[0], wrong))  # noqa: E731
        assert not check_function(forward, backward, [X], options={"n": 3}, raises=False).ok


def batchnorm_forward(x, gamma, beta, param):
    """As in CS231n: running averages are kept in the dictionary."""
    mean, var = x.mean(axis=0), x.var(axis=0)
    if param["mode"] == "test":
        mean, var = param["running_mean"], param["running_var"]
    else:
        for name, value in (("running_mean", mean), ("running_var", var)):
            param[name] = 0.9 * param.get(name, 0) + 0.1 * value
    std = np.sqrt(var + 1e-5)
    normed = (x - mean) / std
    return gamma * normed + beta, (normed, std, gamma, param["mode"])


def batchnorm_backward(dout, cache):
    normed, std, gamma, mode = cache
    dnormed = dout * gamma
    dx = dnormed
    if mode == "train":
        dx = dx - dx.mean(axis=0) - normed * (dx * normed).mean(axis=0)
    return dx / std, (dout * normed).sum(axis=0), dout.sum(axis=0)


def test_dictionaries_that_forward_writes_into():
    param = {"mode": "train"}
    assert check_function(
        batchnorm_forward, batchnorm_backward, [X, normal(3), normal(3), param]
    ).ok
    assert param == {"mode": "train"}
    batchnorm_forward(X, 1, 0, param)
    before = {key: np.array(value) for key, value in param.items()}
    param["mode"] = "test"
    assert check_function(
        batchnorm_forward, batchnorm_backward, [X, normal(3), normal(3), param]
    ).ok
    assert np.array_equal(before["running_mean"], param["running_mean"])


def dropout_forward(x, p, rng):
    mask = (rng.random(x.shape) < p) / p
    return x * mask, mask


def test_a_generator_among_the_options():
    rng = np.random.default_rng(0)
    before = rng.bit_generator.state
    pair = dropout_forward, lambda dout, mask: dout * mask
    assert check_function(*pair, [X], options={"p": 0.5, "rng": rng}).ok
    assert check_function(*pair, [X, 0.5, rng]).ok
    assert rng.bit_generator.state == before


# Losses

LABELS = np.array([0, 2, 1, 1, 0])


def softmax_loss(x, y, form="dx", scale=1.0):
    p = np.exp(x - x.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    dx = p.copy()
    dx[np.arange(len(x)), y] -= 1
    dx *= scale / len(x)
    loss = -np.log(p[np.arange(len(x)), y]).mean()
    forms = {"dx": dx, "tuple": (dx, None), "dictionary": {"x": dx}, "spelt": {"dx": dx}}
    return loss, forms[form]


@pytest.mark.parametrize("form", ["dx", "tuple", "dictionary", "spelt"])
def test_a_loss_that_returns_its_gradients(form):
    assert check_function(softmax_loss, None, [X, LABELS], options={"form": form}).ok
    options = {"form": form, "scale": len(X)}
    report = check_function(softmax_loss, None, [X, LABELS], options=options, raises=False)
    assert kinds(report) == ["gradient softmax_loss -> dx"]
    pattern = dict(report.problems[0].details)["pattern"]
    assert pattern == "yours == numeric * 5 (the batch size)"


def two_layers(x, y, W1, W2, wrong=False):
    """As in CS231n: gradients by name, the last layer first."""
    h = np.maximum(x @ W1, 0)
    loss, dscores = softmax_loss(h @ W2, y)
    dh = dscores @ W2.T * (h > 0)
    grads = {"W2": h.T @ dscores, "W1": x.T @ dh, "x": dh @ W1.T}
    if wrong:
        grads["W1"] *= 2
    return loss, grads


def test_gradients_by_name_may_come_in_any_order():
    inputs = X, LABELS, normal(3, 3), normal(3, 3, seed=1)
    assert check_function(two_layers, None, inputs).ok
    report = check_function(two_layers, None, inputs, options={"wrong": True}, raises=False)
    assert kinds(report) == ["gradient two_layers -> dW1"]


class SoftmaxWithLoss:
    """As in "Deep Learning from Scratch"; backward with or without an argument."""

    def forward(self, x, t):
        loss, self.dx = softmax_loss(x, t)
        return float(loss)

    def backward(self, dout=1):
        return self.dx * dout


def test_a_loss_with_labels():
    class NoArgument(SoftmaxWithLoss):
        def backward(self):
            return self.dx

    class Needed(SoftmaxWithLoss):
        def backward(self, gy):
            return gy * self.dx

    class ForAll(SoftmaxWithLoss):
        def backward(self, gy):
            return gy * self.dx, None

    for loss in (SoftmaxWithLoss(), NoArgument(), Needed(), ForAll()):
        for x in (X, X.astype("float32")):
            report = check_layer(loss, (x, LABELS))
            assert {row.case for row in report.checked} == CASES

    class WithoutMean(SoftmaxWithLoss):
        def backward(self):
            return self.dx * len(self.dx)

    assert not check_layer(WithoutMean(), (X, LABELS), raises=False).ok
    # One image: the mean is the sum.
    report = check_layer(WithoutMean(), (X[:1], LABELS[:1]), raises=False)
    assert dict(report.problems[0].details)["case"] == "one more image"


def test_labels_may_not_be_floating_point_without_a_gradient():
    """Rows with a single 1: integers are labels, floating-point numbers want a gradient."""

    class OneHot(SoftmaxWithLoss):
        def forward(self, x, t):
            return super().forward(x, t.argmax(axis=1))

    rows = np.eye(3, dtype=int)[LABELS]
    assert check_layer(OneHot(), (X, rows)).ok
    report = check_layer(OneHot(), (X, rows.astype(float)), raises=False)
    assert kinds(report) == ["missing OneHot.backward"]
    assert "is passed as integers" in str(report)


def test_more_gradients_than_inputs_are_noted():
    report = check_function(
        lambda x: affine_forward(x, W, B), affine_backward, [X], names=["x"], raises=False
    )
    assert report.ok
    assert report.notes == ["affine_backward returns gradients of more than the inputs"]


@pytest.mark.parametrize("returned", [X, (X,), (X, X, X)], ids=["y", "(y,)", "three"])
def test_a_forward_that_returns_no_pair(returned):
    with pytest.raises(InputError, match="must return two things: out, cache"):
        check_function(lambda x: returned, affine_backward, [X])


def test_functions_without_a_signature():
    """Ufuncs have none."""

    class Negative:
        forward = backward = np.negative

    assert check_layer(Negative(), X).ok
    assert check_function(lambda x: (-x, None), lambda dout, _: -dout, [X]).ok


class Attributes(Form):
    def make(self, W, b):
        self.b, self.W = b, W  # in another order than what is returned

    def read(self):
        return self.W, self.b


class AttributesBesideADictionary(Attributes):
    def leave(self, gx, gW, gb):
        self.grads = {"W": gW, "b": gb}
        return gx


class AttributesBelowABase(Attributes):
    """Its base class made dictionaries that it does not use."""

    def make(self, W, b):
        self.params, self.grads = {}, {}
        super().make(W, b)

    def leave(self, gx, gW, gb):
        self.dW, self.db = gW, gb
        return gx


class ListBehindGx(Attributes):
    def leave(self, gx, gW, gb):
        return [gx, gW, gb]


class DictionaryBehindGx(Attributes):
    def leave(self, gx, gW, gb):
        return gx, {"dW": gW, "db": gb}


class DictionaryWithGx(Dictionaries):
    def leave(self, gx, gW, gb):
        return {"x": gx, "W": gW, "b": gb}


class Tuples(Form):
    def make(self, W, b):
        self.params = (W, b)

    def read(self):
        return self.params

    def leave(self, gx, gW, gb):
        self.grads = (gW, gb)
        return gx


class NumbersAsKeys(Form):
    def make(self, W, b):
        self.params = {0: W, 1: b}

    def read(self):
        return self.params.values()

    def leave(self, gx, gW, gb):
        self.grads = {0: gW, 1: gb}
        return gx


@pytest.mark.parametrize(
    "form",
    [AttributesBesideADictionary, AttributesBelowABase, ListBehindGx, DictionaryBehindGx,
     DictionaryWithGx, Tuples, NumbersAsKeys],
)  # fmt: skip
def test_more_forms_are_understood(form):
    report = check_layer(form(), X)
    sizes = {row.size for row in report.checked if row.case == "as given"}
    assert sizes == {X.size, W.size, B.size}
    wrong = check_layer(form(3.0), X, raises=False)
    assert [p.kind for p in wrong.problems] == ["gradient"]
    assert "numeric * 3" in str(wrong)


class Held:
    def __init__(self, data) -> None:
        self.data, self.grad = data, None


class HeldInObjects(Attributes):
    def make(self, W, b):
        self.weights = [Held(W), Held(b)]

    def read(self):
        return (weight.data for weight in self.weights)

    def leave(self, gx, gW, gb):
        self.weights[0].grad, self.weights[1].grad = gW, gb
        return gx


class InSlots(Attributes):
    __slots__ = ("W", "b")

    def leave(self, gx, gW, gb):
        return gx


class ObjectsInParams(HeldInObjects):
    def make(self, W, b):
        super().make(W, b)
        self.params = {"W": self.weights[0], "b": self.weights[1]}


class PReLU:
    a = 0.25

    def __init__(self) -> None:
        self.a = 0.25

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.a * x)

    def backward(self, gy):
        self.da = 7.0
        return np.where(self.x > 0, gy, self.a * gy)


@pytest.mark.parametrize(
    ("layer", "note"),
    [
        (HeldInObjects(), "no gradient is found of it: weights[0].data, weights[1].data"),
        (InSlots(), "no gradient is found of it: W, b"),
        (ObjectsInParams(), "it is no array of floats: W, b"),
        (PReLU(), "it is a number: a"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_not_checked_is_named(layer, note):
    assert f"not checked, as {note}" in str(check_layer(layer, X))


def test_a_forward_that_returns_nothing_and_a_backward_without_gy_are_named():
    class Forgets(Dictionaries):
        def forward(self, x):
            super().forward(x)

    class TakesNothing(Dictionaries):
        def backward(self):
            return self.x

    with pytest.raises(InputError, match=r"Forgets\.forward returns None: where does it return y"):
        check_layer(Forgets(), X)
    report = check_layer(TakesNothing(), X, raises=False)
    assert "TakesNothing.backward takes no gy: only a loss" in str(report)
