"""MaxPool2d against PyTorch, and what only max-pooling can get wrong."""

import numpy as np
import pytest
import torch
import torch_twin as twin
from hypothesis import given
from hypothesis import strategies as st

from minialex.errors import InputError
from minialex.layers import MaxPool2d
from minialex.strategies import WindowCase, distinct_array, features_drawn, pool_geometry, seeds


def layer_for(case: WindowCase) -> MaxPool2d:
    return MaxPool2d(case.kernel, case.stride, case.pad, rounding=case.rounding)


def twin_for(case: WindowCase):
    kernel = (case.rows.kernel, case.columns.kernel)
    return lambda x: twin.max_pool2d(x, kernel=kernel, stride=case.strides, padding=case.padding)


def pool(x: np.ndarray, gy: np.ndarray | None = None, **options):
    """Return y and gx of a layer with these options; gy is 1 everywhere unless given."""
    layer = MaxPool2d(**options)
    layer.build(x.shape[1:], np.random.default_rng(0), x.dtype.name)
    y = layer.forward(x)
    return y, layer.backward(np.ones_like(y) if gy is None else gy)


@given(case=pool_geometry(), seed=seeds())
def test_both_passes_agree_with_pytorch(form, workers, dtype, case, seed):
    rng = np.random.default_rng(seed)
    layer = layer_for(case)
    assert layer.output_shape(case.shape[1:]) == case.output_shape[1:]
    twin.check(layer, twin_for(case), distinct_array(case.shape, rng, dtype), seed)


@given(case=pool_geometry(), seed=seeds(), levels=st.integers(1, 3))
def test_the_first_of_equal_maxima_gets_the_gradient(form, case, seed, levels):
    x = np.random.default_rng(seed).integers(0, levels, case.shape).astype("float64")
    twin.check(layer_for(case), twin_for(case), x, seed)


@given(case=pool_geometry(), seed=seeds(), levels=st.integers(1, 3))
def test_splitting_images_into_rows_changes_nothing(form, workers, case, seed, levels):
    """As for pictures of VGG; with ties."""
    x = np.random.default_rng(seed).integers(0, levels, case.shape).astype("float64")
    with twin.in_blocks_of(64):
        twin.check(layer_for(case), twin_for(case), x, seed)


@pytest.mark.parametrize("block_bytes", [64, 1 << 20], ids=["row by row", "whole"])
def test_where_all_is_minus_infinity_the_first_pixel_gets_the_gradient(form, block_bytes, rng):
    """Padding is minus infinity too, and never wins."""
    gy = rng.standard_normal((2, 4, 6, 3))
    expected = np.zeros((2, 7, 5, 3))
    for row, column in np.ndindex(4, 6):
        expected[:, max(0, 2 * row - 1), max(0, column - 1)] += gy[:, row, column]
    with twin.in_blocks_of(block_bytes):
        y, gx = pool(np.full((2, 7, 5, 3), -np.inf), gy, kernel=(3, 2), stride=(2, 1), pad=1)
    assert (y == -np.inf).all()
    np.testing.assert_allclose(gx, expected, atol=1e-12)


@given(case=pool_geometry(), seed=seeds())
def test_padding_never_wins(form, case, seed):
    rng = np.random.default_rng(seed)
    twin.check(layer_for(case), twin_for(case), -np.abs(distinct_array(case.shape, rng)), seed)


@given(case=pool_geometry(), seed=seeds())
def test_nan_reaches_every_window_over_it(form, dtype, case, seed):
    rng = np.random.default_rng(seed)
    x = distinct_array(case.shape, rng, dtype)
    x[..., rng.integers(case.rows.size), rng.integers(case.columns.size), :] = np.nan
    layer = layer_for(case)
    gy = rng.standard_normal(case.output_shape).astype(dtype)
    y, gx = twin.vjp(twin_for(case), gy, x)
    found = twin.results(layer, x, gy)
    np.testing.assert_array_equal(found["y"], y)
    twin.assert_close(found["gx"], gx, twin.TOLERANCE[dtype], "gx")


def test_one_nan_of_several_gets_the_gradient(form):
    x = np.array([[1.0, np.nan], [np.nan, 3.0]]).reshape(1, 2, 2, 1)
    y, gx = pool(x, kernel=2)
    assert np.isnan(y).all()
    assert gx.ravel().tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("value", [-np.inf, np.inf])
def test_infinite_inputs_keep_the_gradient_inside_the_picture(form, value):
    x = np.full((1, 3, 3, 2), value)
    y, gx = pool(x, kernel=3, stride=2, pad=1)
    theirs = torch.full((1, 2, 3, 3), value, dtype=torch.float64, requires_grad=True)
    torch.nn.functional.max_pool2d(theirs, 3, 2, padding=1).sum().backward()
    assert (y == value).all()
    np.testing.assert_array_equal(gx, theirs.grad.permute(0, 2, 3, 1).numpy())


def test_a_maximum_that_windows_share_gets_all_their_gradients(form, dtype):
    x = np.zeros((2, 5, 5, 3), dtype)
    x[:, 2, 2] = 1
    gy = np.arange(24, dtype=dtype).reshape(2, 2, 2, 3)
    y, gx = pool(x, gy, kernel=3, stride=2)
    assert (y == 1).all()
    np.testing.assert_array_equal(gx[:, 2, 2], gy.sum(axis=(1, 2)))
    assert np.count_nonzero(gx) == np.count_nonzero(gx[:, 2, 2])


@given(
    size=st.integers(1, 12),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 6),
    data=st.data(),
    rounding=st.sampled_from(["floor", "ceil"]),
)
def test_the_output_size_is_pytorchs(size, kernel, stride, data, rounding):
    pad = data.draw(st.integers(0, kernel // 2), label="pad")
    layer = MaxPool2d(kernel, stride, pad, rounding=rounding)
    x = torch.zeros(1, 1, size, size)
    try:
        y = torch.nn.functional.max_pool2d(x, kernel, stride, pad, ceil_mode=rounding == "ceil")
    except RuntimeError:
        with pytest.raises(InputError):
            layer.output_shape((size, size, 1))
    else:
        assert layer.output_shape((size, size, 1)) == (*y.shape[2:], 1)


@pytest.mark.parametrize("kernel", [(16, 16), (17, 16)], ids=["256 cells", "272 cells"])
def test_windows_as_large_as_the_index_allows_and_larger(form, kernel, rng):
    x = distinct_array((2, 30, 29, 2), rng)
    x[:, kernel[0] - 1, kernel[1] - 1] = 1e3  # the last cell of the first window
    layer = MaxPool2d(kernel, stride=(5, 7))
    twin.check(layer, lambda x: twin.max_pool2d(x, kernel=kernel, stride=(5, 7)), x, seed=1)


def test_the_stride_is_the_kernel_unless_given():
    assert MaxPool2d((2, 3)).output_shape((8, 9, 4)) == (4, 3, 4)


def test_the_strategy_draws_every_feature():
    wanted = "empty batch, several images, height is not width, kernel not square, " \
        "stride not square, windows overlap, stride beyond kernel, leftover, asymmetric padding, " \
        "padding of kernel - 1, ceil"  # fmt: skip
    assert set(wanted.split(", ")) == features_drawn(pool_geometry()).keys()


def test_an_input_that_does_not_fit_is_refused_by_name():
    layer = MaxPool2d(3, 2)
    layer.name = "pool5"
    with pytest.raises(InputError, match=r"pool5 \(3x3, stride 2\) .*1x1"):
        layer.output_shape((1, 1, 256))


@pytest.mark.parametrize(
    "options",
    [{"kernel": 0}, {"stride": 0}, {"pad": -1}, {"pad": 3}, {"pad": (0, 0, 3, 0)},
     {"rounding": "up"}],
    ids=str,
)  # fmt: skip
def test_senseless_sizes_are_refused(options):
    with pytest.raises(InputError, match="pool"):
        MaxPool2d(**({"kernel": 3} | options))
