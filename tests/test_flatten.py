"""Flatten: rows, then columns, then channels."""

import numpy as np
import pytest
import torch_twin as twin

from minialex.layers import Flatten
from minialex.strategies import distinct_array


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 2, 3, 1), (0, 3, 4, 5), (3, 7)], ids=str)
def test_both_passes_agree_with_pytorch(dtype, shape, rng):
    twin.check(Flatten(), twin.flatten, distinct_array(shape, rng, dtype), seed=0)


def test_the_order_is_that_of_the_axes():
    x = np.arange(24.0).reshape(1, 2, 3, 4)
    assert Flatten().forward(x).tolist() == [list(range(24))]
    assert Flatten().output_shape((2, 3, 4)) == (24,)
