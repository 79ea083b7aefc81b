"""Conv2d against PyTorch, and what only a convolution can get wrong."""

import re

import numpy as np
import pytest
import torch_twin as twin
from hypothesis import given
from hypothesis import strategies as st

from minialex import forms
from minialex.errors import InputError
from minialex.layers import Conv2d, winograd
from minialex.layers.cook_toom import cook_toom
from minialex.strategies import WindowCase, conv_geometry, distinct_array, features_drawn, seeds

WINOGRAD = conv_geometry(outputs=9, kernels=5, strides=1).filter(
    lambda case: max(case.rows.kernel, case.columns.kernel) > 1
)


def check(
    case: WindowCase, seed: int, dtype: str, algorithm: str = "auto", rectify: bool = False
) -> None:
    rng = np.random.default_rng(seed)
    options = {"pad": case.pad, "rounding": case.rounding, "algorithm": algorithm}
    layer = Conv2d(case.filters, case.kernel, case.stride, groups=case.groups, **options)
    layer.rectify = rectify
    twin.randomised(layer, case.shape, rng, dtype)
    assert layer.output_shape(case.shape[1:]) == case.output_shape[1:]

    def theirs(x, W, b):
        sizes = {"stride": case.strides, "padding": case.padding, "groups": case.groups}
        y = twin.conv2d(x, W, b, **sizes)
        return y.relu() if rectify else y

    twin.check(layer, theirs, distinct_array(case.shape, rng, dtype), seed, floor=0.1)


@given(case=conv_geometry(), seed=seeds())
def test_both_passes_agree_with_pytorch(form, workers, dtype, case, seed):
    check(case, seed, dtype)


@given(case=WINOGRAD, seed=seeds())
def test_winograd_agrees_with_pytorch(workers, dtype, case, seed):
    check(case, seed, dtype, "winograd")


@pytest.mark.parametrize("algorithm", ["im2col", "winograd"])
@given(case=WINOGRAD, seed=seeds())
def test_a_convolution_that_rectifies_agrees_with_pytorch(form, workers, algorithm, case, seed):
    check(case, seed, "float64", algorithm, rectify=True)


@pytest.mark.parametrize(
    ("algorithm", "geometry"),
    [("im2col", conv_geometry()), ("winograd", WINOGRAD)],
    ids=["im2col", "winograd"],
)
@pytest.mark.parametrize("block_bytes", [64, 2048], ids=["row by row", "a few rows"])
@given(data=st.data(), seed=seeds(), rectify=st.booleans())
def test_splitting_images_into_rows_changes_nothing(
    workers, algorithm, geometry, block_bytes, data, seed, rectify
):
    with twin.in_blocks_of(block_bytes):
        check(data.draw(geometry), seed, "float64", algorithm, rectify=rectify)


@pytest.mark.parametrize("outputs", winograd.OUTPUTS)
@pytest.mark.parametrize("taps", range(1, winograd.LARGEST_KERNEL + 1))
def test_winograds_maps_multiply_polynomials(outputs, taps, rng):
    A, G, B = cook_toom(outputs, taps)
    x, w = rng.standard_normal(outputs + taps - 1), rng.standard_normal(taps)
    found = A.T @ ((G @ w) * (B.T @ x))
    np.testing.assert_allclose(found, np.correlate(x, w, "valid"), rtol=1e-9, atol=1e-9)


def test_the_faster_algorithm_is_chosen_by_size():
    """A product at every point pays where there are many channels."""
    chosen = {
        "first": Conv2d(64, 5, pad=2).form((32, 32, 3)),
        "inner": Conv2d(384, 3, pad=1).form((7, 7, 192)),
        "strided": Conv2d(96, 11, stride=4).form((227, 227, 3)),
        "pointwise": Conv2d(384, 1).form((7, 7, 192)),
    }
    assert chosen == dict.fromkeys(chosen, "im2col") | {"inner": "winograd"}
    with forms.use("reference"):
        assert Conv2d(384, 3, pad=1).form((7, 7, 192)) == "im2col"


@pytest.mark.parametrize("options", [{"stride": 2}, {"kernel": 1}, {"kernel": 7}], ids=str)
def test_winograd_refuses_what_it_cannot_do(options):
    layer = Conv2d(**({"filters": 4, "kernel": 3, "algorithm": "winograd"} | options))
    layer.name = "conv7"
    with pytest.raises(InputError, match=r"conv7.*im2col"):
        layer.output_shape((9, 9, 3))


def test_the_strategy_draws_every_feature():
    wanted = "empty batch, several images, groups, height is not width, kernel not square, " \
        "stride not square, windows overlap, stride beyond kernel, leftover, asymmetric padding, " \
        "padding of kernel - 1, windows of padding alone, same, ceil"  # fmt: skip
    assert set(wanted.split(", ")) == features_drawn(conv_geometry()).keys()


@pytest.mark.parametrize(
    ("layer", "size", "output"),
    [
        (Conv2d(96, 11, stride=4), 227, 55),
        (Conv2d(96, 11, stride=4), 224, 54),
        (Conv2d(96, 11, stride=4, rounding="ceil"), 224, 55),
        (Conv2d(96, 11, stride=4, pad=2), 224, 55),
        (Conv2d(96, 11, stride=4, pad=(1, 2, 1, 2)), 224, 55),
        (Conv2d(64, 11, stride=4, pad="same"), 224, 56),
        (Conv2d(192, 5, pad="same"), 27, 27),
    ],
    ids=lambda value: value if isinstance(value, int) else "",
)
def test_output_sizes_of_the_first_layers(layer, size, output):
    assert layer.output_shape((size, size, 3)) == (output, output, layer.filters)


def test_rounding_up_is_padding_at_the_bottom_and_the_right(rng):
    x = rng.standard_normal((2, 8, 9, 3))
    up = twin.randomised(Conv2d(4, 3, stride=4, rounding="ceil"), x.shape, rng)
    down = Conv2d(4, 3, stride=4)
    down.build((11, 11, 3), rng, "float64")
    down.params = up.params
    bigger = np.pad(x, ((0, 0), (0, 3), (0, 2), (0, 0)))
    assert up.output_shape(x.shape[1:]) == (3, 3, 4)
    np.testing.assert_allclose(up.forward(x), down.forward(bigger), rtol=1e-12)


def test_parameters_have_the_documented_shapes(rng, dtype):
    layer = Conv2d(6, (5, 3), groups=2, bias=1.0)
    layer.build((9, 9, 4), rng, dtype)
    assert {name: p.shape for name, p in layer.params.items()} == {"W": (5, 3, 2, 6), "b": (6,)}
    assert (layer.params["b"] == 1).all()
    assert {p.dtype.name for p in layer.params.values()} == {dtype}


def test_he_initialisation_keeps_the_scale_of_activations(rng):
    layer = Conv2d(64, 5, groups=2)
    layer.build((9, 9, 32), rng)
    assert layer.params["W"].std() == pytest.approx((2 / (5 * 5 * 16)) ** 0.5, rel=0.05)


@pytest.mark.parametrize(
    ("make", "input_shape", "told"),
    [
        (lambda: Conv2d(4, 3), (2, 9, 3), "2x9"),
        (lambda: Conv2d(4, (3, 5), pad=1), (9, 2, 3), "3x5"),
        (lambda: Conv2d(4, 5, rounding="ceil"), (4, 9, 3), "4x9"),
        (lambda: Conv2d(4, 3, groups=2), (9, 9, 3), "2 groups"),
        (lambda: Conv2d(4, 3), (243,), "(243,)"),
    ],
)
def test_an_input_that_does_not_fit_is_refused_by_name(make, input_shape, told):
    layer = make()
    layer.name = "conv7"
    with pytest.raises(InputError, match=f"conv7.*{re.escape(told)}"):
        layer.output_shape(input_shape)


@pytest.mark.parametrize(
    "options",
    [
        {"filters": 0},
        {"filters": 4, "groups": 3},
        {"filters": 4, "groups": 0},
        {"kernel": 0},
        {"kernel": (3, -1)},
        {"kernel": (3, 3, 3)},
        {"stride": 0},
        {"stride": 1.5},
        {"pad": -1},
        {"pad": (1, 2)},
        {"pad": "valid"},
        {"rounding": "nearest"},
        {"algorithm": "fft"},
    ],
    ids=str,
)
def test_senseless_sizes_are_refused(options):
    with pytest.raises(InputError, match="conv"):
        Conv2d(**({"filters": 4, "kernel": 3} | options))
