"""The line `pattern` of a message: it names the mistake, and says nothing where it knows nothing.

A pattern that is not there would send the reader to the wrong place.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_layers import Dense, Elementwise, normal

from minialex.gradcheck import check_function, check_layer
from minialex.gradcheck.pattern import Mistake

PICTURE = ("image", "height", "width", "channel")
KERNEL = ("kh", "kw", "channel", "filter")
NUMERIC = normal(3, 5, 4, 2)
GY = normal(3, 5, 4, 6, seed=1)


def explain(
    yours, numeric=NUMERIC, axes=PICTURE, gy=GY, ratios=None, by_image=None, terms=None, **how
):
    """Return the pattern; `by_image` is the gradient of each image alone."""
    terms = np.full((yours.size, 1), np.nan) if terms is None else terms
    mistake = Mistake(yours, numeric, gy, axes, 1e-9, ratios or {}, terms)

    def derivative_for(gy):
        return sum(g for g, image in zip(by_image, gy, strict=True) if image.any())

    return mistake.explain(
        derivative_for if by_image is not None else lambda gy: gy * np.nan, **how
    )


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (2, "numeric * 2"),
        (0.5, "numeric * 1/2"),
        (-1, "-numeric: the sign"),
        (-2, "-numeric * 2"),
        (3, "numeric * 3 (the batch size)"),
        (1 / 3, "numeric * 1/3 (one over the batch size)"),
        (0.7, "numeric * 0.7 (1 - p)"),
        (1 / 0.7, "numeric * 1/0.7 (one over 1 - p)"),
        (0.3, "numeric * 0.3 (p)"),
        (1.7, "numeric * 1.7, a constant"),
        (1 + 1e-6, "numeric * 1.000001, a constant"),
    ],
)
def test_a_constant_factor(factor, words):
    ratios = {"the batch size": 3.0, "p": 0.3, "1 - p": 0.7}
    assert explain(factor * NUMERIC, ratios=ratios) == f"yours == {words}"


def test_the_factor_of_a_layer_with_two_images_is_their_number():
    assert explain(2 * NUMERIC, ratios={"the batch size": 2.0}) == (
        "yours == numeric * 2 (the batch size), or 2"
    )
    assert explain(NUMERIC / 2, ratios={"the batch size": 2.0}) == (
        "yours == numeric * 1/2 (one over the batch size), or 1/2"
    )
    assert explain(-4 * NUMERIC, ratios={"the batch size": 4.0}).endswith("* 4 (the batch size)")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda g: g.transpose(1, 0, 2, 3), "transposed in (kh, kw)"),
        (lambda g: g.transpose(0, 1, 3, 2), "transposed in (channel, filter)"),
        (lambda g: g[::-1], "flipped along (kh)"),
        (lambda g: g[::-1, ::-1], "flipped along (kh, kw)"),
        (lambda g: np.roll(g, 1, axis=0), "shifted by +1 along kh: the padding?"),
        (lambda g: np.roll(g, -1, axis=1), "shifted by -1 along kw: the padding?"),
        (lambda g: np.roll(g, (1, 1), axis=(0, 1)), "shifted by +1 along kh and kw: the padding?"),
    ],
)
def test_axes(wrong, words):
    numeric = normal(4, 4, 3, 3)
    assert explain(wrong(numeric), numeric, KERNEL) == f"yours == numeric {words}"


def test_zeros():
    yours = NUMERIC.copy()
    yours[:, 4] = 0
    assert explain(yours) == "yours is zero where it should not be: height 4"
    yours[:, :, 2:, 1] = 0
    assert explain(yours).startswith("yours is zero where it should not be")
    assert explain(0 * yours) == "yours is zero everywhere"
    numeric = NUMERIC * (np.arange(4) < 3)[:, None]
    assert explain(NUMERIC, numeric) == "yours should be zero and is not: width 3"


def test_nothing_wrong_has_no_pattern():
    assert explain(NUMERIC) == ""
    assert explain(0 * NUMERIC, 0 * NUMERIC) == ""


def test_the_sum_over_the_batch_is_missing():
    by_image = normal(3, 5)
    numeric = by_image.sum(axis=0)
    for image, which in ((0, "first"), (2, "last")):
        assert explain(by_image[image], numeric, ("axis 0",), by_image=by_image) == (
            f"yours is the gradient of the {which} image alone: the sum over the batch is missing"
        )


def test_gy_is_ignored():
    assert explain(NUMERIC + 1, ignores_gy=True) == "yours does not depend on gy"


def test_assignment_where_windows_overlap():
    terms = normal(NUMERIC.size, 3, seed=5) * (normal(NUMERIC.size, 3, seed=6) > 0)
    numeric = terms.sum(axis=1).reshape(NUMERIC.shape)
    last = np.take_along_axis(terms, (terms != 0).cumsum(axis=1).argmax(axis=1)[:, None], axis=1)
    said = explain(last.reshape(NUMERIC.shape), numeric, terms=terms)
    assert said.startswith("every wrong entry is one term of its sum: `=` in place of `+=`")
    assert not explain(1.1 * NUMERIC + normal(*NUMERIC.shape, seed=9), numeric, terms=terms)


def test_assignment_in_a_convolution_with_loops():
    """The terms are gy * W, and no elements of gy."""

    def forward(x, w):
        y = np.zeros((len(x), x.shape[1] - 2), x.dtype)
        for i in range(y.shape[1]):
            y[:, i] = x[:, i : i + 3] @ w
        return y, (x, w)

    def backward(dout, cache):
        x, w = cache
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for i in range(dout.shape[1]):
            dx[:, i : i + 3] = dout[:, i : i + 1] * w
            dw += dout[:, i] @ x[:, i : i + 3]
        return dx, dw

    inputs = [normal(2, 6), normal(3, seed=3)]
    report = check_function(forward, backward, inputs, raises=False)
    assert "`=` in place of `+=`" in str(report)


def test_a_small_term():
    yours = NUMERIC + 1e-4 * normal(*NUMERIC.shape, seed=2)
    assert explain(yours).startswith("right to 8e-05 almost everywhere: a small term is missing")


def test_a_region():
    yours = NUMERIC.copy()
    yours[1, 2:4, :, 1] += 1
    assert explain(yours) == "wrong only at image 1, height 2 to 3, channel 1"


@given(st.integers(0, 999), st.sampled_from([1e-6, 1e-3, 1.0, 100.0]))
def test_random_errors_have_no_pattern(seed, size):
    rng = np.random.default_rng(seed)
    shape = rng.integers(2, 5, 4)
    numeric, gy = rng.standard_normal(shape), rng.standard_normal(shape)
    found = explain(numeric + size * rng.standard_normal(shape), numeric, gy=gy)
    assert found == "" or (size < 0.01 and "a small term" in found)


@given(st.integers(0, 999))
def test_one_wrong_entry_is_a_place_and_nothing_else(seed):
    rng = np.random.default_rng(seed)
    shape = rng.integers(2, 5, 4)
    numeric, gy = rng.standard_normal(shape), rng.standard_normal(shape)
    yours, at = numeric.copy(), tuple(rng.integers(0, shape))
    yours[at] += rng.choice([1e-6, 1.0, np.nan, np.inf])
    place = ", ".join(f"{name} {i}" for name, i in zip(PICTURE, at, strict=True))
    assert explain(yours, numeric, gy=gy) == f"wrong only at {place}"


def test_gradients_with_many_zeros_are_not_shifted():
    numeric, yours = np.zeros((6, 6)), np.zeros((6, 6))
    numeric[5], yours[0] = normal(6), normal(6, seed=1)
    assert "shifted" not in explain(yours, numeric, ("axis 0", "axis 1"))


# In a message


def pattern_of(layer, x, **settings) -> str:
    report = check_layer(layer, x, raises=False, **settings)
    return dict(report.problems[0].details)["pattern"]


class Faulty(Dense):
    """A dense layer whose gW goes through a function."""

    def __init__(self, fault) -> None:
        super().__init__(normal(4, 4))
        self.fault, self.p = fault, 0.3

    def backward(self, gy):
        gx = super().backward(gy)
        self.grads["W"] = self.fault(self.grads["W"])
        return gx


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (lambda g: g / 5, "numeric * 1/5 (one over the batch size)"),
        (lambda g: g * 0.7, "numeric * 0.7 (1 - p)"),
        (lambda g: g.T, "numeric transposed in (axis 0, axis 1)"),
        (lambda g: -g, "-numeric: the sign"),
    ],
)
def test_settings_of_the_layer_give_the_factor_its_name(fault, words):
    assert pattern_of(Faulty(fault), normal(5, 4)) == f"yours == {words}"


def test_the_rule_of_a_layer_that_ignores_gy():
    class Ignores:
        def forward(self, x):
            self.x = x
            return x**2

        def backward(self, gy):
            return 2 * self.x

    assert pattern_of(Ignores(), normal(3, 4)) == "yours does not depend on gy"
    # With gy all ones it is right, and still found: backward is not linear.
    ones = np.ones((3, 4))
    report = check_layer(Ignores(), normal(3, 4), gy=ones, raises=False, geometry="as given")
    assert [p.kind for p in report.problems] == ["not linear"]


def test_kinks_do_not_spoil_a_pattern():
    x = normal(4, 5)
    x[:, 1] = 0
    relu = Elementwise(lambda x: x * (x > 0), lambda x: 2.0 * (x > 0) + 0.5 * (x == 0))
    assert pattern_of(relu, x) == "yours == numeric * 2"


def test_large_gradients_take_no_time():
    square = Elementwise(np.square, lambda x: 2.1 * x)
    assert "pattern" not in str(check_layer(square, normal(60, 60), raises=False))
