"""Linear against PyTorch."""

import numpy as np
import pytest
import torch_twin as twin
from hypothesis import given
from hypothesis import strategies as st

from minialex.errors import InputError
from minialex.layers import Linear
from minialex.strategies import batches, distinct_array, seeds


@given(batch=batches(), inputs=st.integers(1, 9), units=st.integers(1, 9), seed=seeds())
def test_both_passes_agree_with_pytorch(form, workers, dtype, batch, inputs, units, seed):
    rng = np.random.default_rng(seed)
    layer = twin.randomised(Linear(units), (batch, inputs), rng, dtype)
    twin.check(layer, twin.linear, distinct_array((batch, inputs), rng, dtype), seed, floor=0.1)


def test_parameters_have_the_documented_shapes(rng, dtype):
    layer = Linear(4, bias=1.0)
    layer.build((7,), rng, dtype)
    assert {name: p.shape for name, p in layer.params.items()} == {"W": (7, 4), "b": (4,)}
    assert (layer.params["b"] == 1).all()
    assert {p.dtype.name for p in layer.params.values()} == {dtype}


def test_pictures_are_refused_by_name():
    layer = Linear(10)
    layer.name = "fc6"
    with pytest.raises(InputError, match=r"fc6.*\(6, 6, 256\)"):
        layer.output_shape((6, 6, 256))


@pytest.mark.parametrize("units", [0, -1])
def test_senseless_sizes_are_refused(units):
    with pytest.raises(InputError, match="fc"):
        Linear(units)
