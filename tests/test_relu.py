"""ReLU against PyTorch."""

import numpy as np
import torch_twin as twin
from hypothesis import given
from hypothesis import strategies as st

from minialex.layers import ReLU
from minialex.strategies import distinct_array, seeds

SHAPES = st.lists(st.integers(0, 5), min_size=2, max_size=4).map(tuple)


@given(shape=SHAPES, seed=seeds())
def test_both_passes_agree_with_pytorch(form, workers, dtype, shape, seed):
    x = distinct_array(shape, np.random.default_rng(seed), dtype)
    twin.check(ReLU(), twin.relu, x, seed)


def test_zero_passes_no_gradient(dtype):
    x = np.array([[-1.0, -0.0, 0.0, 1.0]], dtype)
    twin.check(ReLU(), twin.relu, x, seed=0)


def test_nan_and_infinity_are_not_hidden(form):
    y = ReLU().forward(np.array([[np.nan, np.inf, -np.inf]]))
    np.testing.assert_array_equal(y, [[np.nan, np.inf, 0]])
