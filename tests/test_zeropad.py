"""ZeroPad2d against PyTorch."""

import numpy as np
import pytest
import torch_twin as twin
from hypothesis import given
from hypothesis import strategies as st

from minialex.errors import InputError
from minialex.layers import Conv2d, ZeroPad2d
from minialex.strategies import batches, distinct_array, seeds

SIDES = st.tuples(*[st.integers(0, 3)] * 4)
SHAPES = st.tuples(batches(), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3))


@given(shape=SHAPES, sides=SIDES, seed=seeds())
def test_both_passes_agree_with_pytorch(dtype, shape, sides, seed):
    x = distinct_array(shape, np.random.default_rng(seed), dtype)
    pad = sides[0] if len(set(sides)) == 1 else sides
    twin.check(ZeroPad2d(pad), lambda x: twin.zero_pad2d(x, sides), x, seed)


def test_224_pixels_become_227():
    """The post's Keras network: ZeroPadding2D(((1, 2), (1, 2)))."""
    assert ZeroPad2d((1, 2, 1, 2)).output_shape((224, 224, 3)) == (227, 227, 3)


def test_it_is_a_convolutions_own_padding(rng):
    sides = (2, 0, 1, 3)
    x = rng.standard_normal((2, 5, 4, 3))
    inside, outside = Conv2d(4, 3, pad=sides), Conv2d(4, 3)
    for layer in (inside, outside):
        layer.build((8, 8, 3), np.random.default_rng(0), "float64")
    y = outside.forward(ZeroPad2d(sides).forward(x))
    np.testing.assert_allclose(inside.forward(x), y, rtol=1e-12)


@pytest.mark.parametrize("pad", [-1, (1, 2), (0, 0, 0, -1), 1.5, "same"], ids=str)
def test_senseless_sizes_are_refused(pad):
    with pytest.raises(InputError, match="pad"):
        ZeroPad2d(pad)


def test_rows_are_refused_by_name():
    layer = ZeroPad2d(1)
    layer.name = "pad1"
    with pytest.raises(InputError, match=r"pad1.*\(12,\)"):
        layer.output_shape((12,))
