"""AvgPool2d against PyTorch, and the border, where averages are told apart."""

import numpy as np
import pytest
import torch
import torch_twin as twin
from hypothesis import given
from hypothesis import strategies as st

from minialex.errors import InputError
from minialex.layers import AvgPool2d
from minialex.strategies import WindowCase, distinct_array, pool_geometry, seeds


def check(case: WindowCase, seed: int, dtype: str = "float64") -> None:
    layer = AvgPool2d(case.kernel, case.stride, case.pad, rounding=case.rounding)
    assert layer.output_shape(case.shape[1:]) == case.output_shape[1:]
    kernel = (case.rows.kernel, case.columns.kernel)
    sizes = {"kernel": kernel, "stride": case.strides, "padding": case.padding}
    x = distinct_array(case.shape, np.random.default_rng(seed), dtype)
    twin.check(layer, lambda x: twin.avg_pool2d(x, **sizes), x, seed, floor=0.1)


@given(case=pool_geometry(), seed=seeds())
def test_both_passes_agree_with_pytorch(workers, dtype, case, seed):
    check(case, seed, dtype)


@given(case=pool_geometry(), seed=seeds())
def test_splitting_images_into_rows_changes_nothing(workers, case, seed):
    with twin.in_blocks_of(64):
        check(case, seed)


@given(
    size=st.integers(1, 9),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 6),
    data=st.data(),
    rounding=st.sampled_from(["floor", "ceil"]),
)
def test_it_is_pytorchs_own_without_its_padding(size, kernel, stride, data, rounding):
    """Shapes and the divisor at the border, by PyTorch's own rules for both."""
    pad = data.draw(st.integers(0, kernel // 2), label="pad")
    layer = AvgPool2d(kernel, stride, pad, rounding=rounding)
    x = distinct_array((2, size, size, 3), np.random.default_rng(size))
    options = {"ceil_mode": rounding == "ceil", "count_include_pad": False}
    try:
        theirs = torch.nn.functional.avg_pool2d(
            torch.tensor(x).permute(0, 3, 1, 2), kernel, stride, pad, **options
        )
    except RuntimeError:
        with pytest.raises(InputError):
            layer.output_shape((size, size, 3))
    else:
        expected = theirs.permute(0, 2, 3, 1).numpy()
        np.testing.assert_allclose(layer.forward(x), expected, rtol=1e-12)


def test_ones_stay_ones_up_to_the_border(dtype):
    """Krizhevsky's CIFAR networks pool 16 to 8: the last window has 2x3 or 2x2 cells."""
    y = AvgPool2d(3, 2, rounding="ceil").forward(np.ones((2, 16, 15, 3), dtype))
    assert y.shape == (2, 8, 7, 3)
    np.testing.assert_allclose(y, 1, rtol=1e-6)


def test_the_gradients_of_a_pixel_in_several_windows_add_up():
    layer = AvgPool2d(2, stride=1)
    layer.forward(np.zeros((1, 3, 3, 1)))
    gx = layer.backward(np.array([[1.0, 10], [100, 1000]]).reshape(1, 2, 2, 1))
    expected = [[1, 11, 10], [101, 1111, 1010], [100, 1100, 1000]]
    np.testing.assert_allclose(4 * gx[0, ..., 0], expected)


def test_the_stride_is_the_kernel_unless_given():
    assert AvgPool2d((2, 3)).output_shape((8, 9, 4)) == (4, 3, 4)


def test_an_input_that_does_not_fit_is_refused_by_name():
    layer = AvgPool2d(3, 2)
    layer.name = "pool3"
    with pytest.raises(InputError, match=r"pool3 \(mean 3x3, stride 2\) .*1x1"):
        layer.output_shape((1, 1, 64))


@pytest.mark.parametrize(
    "options",
    [{"kernel": 0}, {"stride": 0}, {"pad": -1}, {"pad": 3}, {"pad": (0, 0, 3, 0)},
     {"rounding": "up"}],
    ids=str,
)  # fmt: skip
def test_senseless_sizes_are_refused(options):
    with pytest.raises(InputError, match="pool"):
        AvgPool2d(**({"kernel": 3} | options))
