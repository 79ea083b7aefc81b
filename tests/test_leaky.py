"""LeakyReLU, PReLU and RReLU against PyTorch, and the draws of RReLU."""

import json

import numpy as np
import pytest
import torch_twin as twin
from hypothesis import given
from hypothesis import strategies as st

from minialex import threads
from minialex.errors import InputError
from minialex.layers import LeakyReLU, PReLU, RReLU
from minialex.strategies import batches, distinct_array, seeds

SHAPES = st.lists(st.integers(0, 5), min_size=2, max_size=4).map(tuple)
SIZES = st.lists(st.integers(1, 5), min_size=1, max_size=3)
SIZE = 20_000


@given(shape=SHAPES, slope=st.sampled_from([0.01, 0.3, 0.0, 1.5]), seed=seeds())
def test_both_passes_of_a_leak_agree_with_pytorch(workers, dtype, shape, slope, seed):
    x = distinct_array(shape, np.random.default_rng(seed), dtype)
    twin.check(LeakyReLU(slope), lambda x: twin.leaky_relu(x, slope), x, seed)


@given(batch=batches(), sizes=SIZES, seed=seeds())
def test_both_passes_of_a_learnt_slope_agree_with_pytorch(workers, dtype, batch, sizes, seed):
    rng, shape = np.random.default_rng(seed), (batch, *sizes)
    layer = twin.randomised(PReLU(), shape, rng, dtype)
    twin.check(layer, twin.prelu, distinct_array(shape, rng, dtype), seed, floor=0.1)


def test_blocks_of_a_batch_add_up_to_the_gradient_of_a_learnt_slope(workers, rng, monkeypatch):
    monkeypatch.setattr(threads, "CACHE_BYTES", 64)
    layer = twin.randomised(PReLU(), (7, 3, 4), rng)
    twin.check(layer, twin.prelu, distinct_array((7, 3, 4), rng), seed=0)


@given(shape=SHAPES, seed=seeds())
def test_the_test_pass_of_drawn_slopes_has_their_mean(workers, dtype, shape, seed):
    """nn.RReLU in evaluation, with the defaults of both."""
    x = distinct_array(shape, np.random.default_rng(seed), dtype)
    twin.check(RReLU(), lambda x: twin.leaky_relu(x, (1 / 8 + 1 / 3) / 2), x, seed)


@pytest.mark.parametrize("layer", [LeakyReLU(0.1), PReLU(), RReLU()], ids=lambda la: la.kind)
def test_nan_and_infinity_are_not_hidden(layer, dtype):
    layer.build((3,), np.random.default_rng(0), dtype)
    y = layer.forward(np.array([[np.nan, np.inf, -np.inf]], dtype))
    np.testing.assert_array_equal(y, [[np.nan, np.inf, -np.inf]])


@pytest.mark.parametrize("layer", [LeakyReLU(0.1), PReLU(0.1), RReLU(0.1, 0.1)])
def test_the_derivative_at_zero_is_the_slope(layer, dtype):
    layer.build((2,), np.random.default_rng(0), dtype)
    layer.forward(np.array([[0.0, -0.0]], dtype))
    np.testing.assert_allclose(layer.backward(np.ones((1, 2), dtype)), 0.1, rtol=1e-6)


def test_a_learnt_slope_starts_where_it_is_told(dtype):
    layer = PReLU(0.1)
    layer.build((4, 5, 6), np.random.default_rng(0), dtype)
    np.testing.assert_array_equal(layer.params["a"], np.full(6, 0.1, dtype), strict=True)
    assert layer.param_shapes((4, 5, 6)) == {"a": (6,)}


def drawn(seed: int = 0) -> tuple[RReLU, np.ndarray]:
    layer = RReLU(0.2, 0.5)
    layer.build((SIZE // 2,), np.random.default_rng(seed))
    return layer, np.linspace(-2, -1, SIZE).reshape(2, -1)


def test_training_draws_a_slope_for_every_number():
    layer, x = drawn()
    slopes = layer.forward(x, train=True) / x
    assert 0.2 <= slopes.min() < 0.201 < 0.499 < slopes.max() <= 0.5
    # Five standard deviations of the mean of a uniform distribution.
    assert slopes.mean() == pytest.approx(0.35, abs=5 * 0.3 / (12 * SIZE) ** 0.5)
    assert len(np.unique(slopes)) > SIZE * 0.99


def test_what_is_positive_passes_unchanged():
    layer, x = drawn()
    np.testing.assert_array_equal(layer.forward(-x, train=True), -x)
    np.testing.assert_array_equal(layer.backward(x), x)


def test_backward_uses_the_slopes_of_forward(workers):
    layer, x = drawn()
    y = layer.forward(x, train=True).copy()
    np.testing.assert_allclose(layer.backward(3 * x), 3 * y, rtol=1e-12)


def test_the_state_of_the_generator_repeats_the_slopes():
    layer, x = drawn()
    state = json.loads(json.dumps(layer.rng.bit_generator.state))
    first = layer.forward(x, train=True).copy()
    second = layer.forward(x, train=True).copy()
    layer.rng.bit_generator.state = state
    assert (first != second).all()
    np.testing.assert_array_equal(layer.forward(x, train=True), first)


def test_testing_does_not_use_the_generator():
    layer, x = drawn()
    state = layer.rng.bit_generator.state
    layer.forward(x)
    assert layer.rng.bit_generator.state == state


def test_a_layer_without_generator_says_so():
    with pytest.raises(InputError, match=r"rrelu.*build"):
        RReLU().forward(np.ones((1, 2)), train=True)


@pytest.mark.parametrize("slope", [-0.1, float("nan")])
def test_a_senseless_slope_is_refused(slope):
    with pytest.raises(InputError, match=f"leaky.*{slope}"):
        LeakyReLU(slope)


@pytest.mark.parametrize(("low", "high"), [(-0.1, 0.5), (0.5, 0.2), (0.1, float("nan"))])
def test_senseless_bounds_are_refused(low, high):
    with pytest.raises(InputError, match="rrelu"):
        RReLU(low, high)
