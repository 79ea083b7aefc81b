"""Sigmoid, Tanh and Softplus against PyTorch, far out, and with complex steps."""

import numpy as np
import pytest
import torch_twin as twin
from hypothesis import given
from hypothesis import strategies as st

from minialex.layers import Sigmoid, Softplus, Tanh
from minialex.strategies import distinct_array, seeds

SHAPES = st.lists(st.integers(0, 5), min_size=2, max_size=4).map(tuple)
LAYERS = pytest.mark.parametrize(
    ("make", "theirs"),
    [(Sigmoid, twin.sigmoid), (Tanh, twin.tanh), (Softplus, twin.softplus)],
    ids=["sigmoid", "tanh", "softplus"],
)


@LAYERS
@given(shape=SHAPES, seed=seeds(), size=st.sampled_from([1, 10]))
def test_both_passes_agree_with_pytorch(workers, dtype, make, theirs, shape, seed, size):
    x = size * distinct_array(shape, np.random.default_rng(seed), dtype)
    twin.check(make(), theirs, x, seed, floor=1.0)  # 1 - y has lost digits where y is almost 1


FAR = np.array([[-np.inf, -1000, -50, -1, 0, 1, 50, 1000, np.inf]])


@LAYERS
def test_far_out_nothing_overflows(dtype, make, theirs):
    """Warnings are errors here; in the tails each number keeps its own digits."""
    x, eps = FAR.astype(dtype), np.finfo(dtype).eps
    layer = make()
    y, gx = twin.vjp(theirs, np.ones_like(FAR), FAR)
    np.testing.assert_allclose(layer.forward(x), y, rtol=9 * eps)
    np.testing.assert_allclose(layer.backward(np.ones_like(x)), gx, rtol=9 * eps, atol=eps)


@LAYERS
def test_nan_is_not_hidden(dtype, make, theirs):
    x = np.array([[np.nan]], dtype)
    layer = make()
    assert np.isnan(layer.forward(x)).all()
    assert np.isnan(layer.backward(np.ones_like(x))).all()


@LAYERS
def test_complex_steps_pass_through(make, theirs):
    """f(x + ih) = f(x) + ih f'(x): the exact derivative, which an abs would lose."""
    x, h = np.linspace(-30, 30, 62).reshape(2, -1), 1e-30
    layer = make()
    step = layer.forward(x + 1j * h).imag / h
    layer.forward(x)
    np.testing.assert_allclose(step, layer.backward(np.ones_like(x)), rtol=1e-12, atol=1e-15)
