"""Winograd's convolution against PyTorch and against its own algebra."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from minialex import models, winograd
from minialex.errors import InputError
from minialex.layers import Conv2d
from minialex.shapes import window_geometry

ERROR_BOUND = {"float64": 1e-11, "float32": 2e-5}


def relative(got, wanted):
    return np.abs(got - wanted).max() / np.abs(wanted).max()


@st.composite
def small_kernels(draw):
    """Draw a convolution without stride, down to pictures smaller than one tile."""
    kernel = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)).filter(lambda k: max(k) > 1))
    sides = [draw(st.integers(0, kernel[axis] - 1)) for axis in (0, 0, 1, 1)]
    smallest = [max(1, kernel[a] - sides[2 * a] - sides[2 * a + 1]) for a in (0, 1)]
    size = [low + draw(st.integers(0, 14)) for low in smallest]
    groups = draw(st.sampled_from([1, 1, 2, 3]))
    channels, filters = groups * draw(st.integers(1, 3)), groups * draw(st.integers(1, 3))
    batch = draw(st.integers(1, 3))
    return (batch, *size, channels), kernel, tuple(sides), groups, filters


def both_passes(x, gy, layer):
    y = layer.forward(x).copy()
    return [y, layer.backward(gy).copy(), layer.grads["W"].copy(), layer.grads["b"].copy()]


def pytorch(x, gy, W, b, sides, groups):
    top, bottom, left, right = sides
    tx = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()).requires_grad_()
    tW = torch.from_numpy(W.transpose(3, 2, 0, 1).copy()).requires_grad_()
    tb = torch.from_numpy(b.copy()).requires_grad_()
    padded = torch.nn.functional.pad(tx, (left, right, top, bottom))
    ty = torch.nn.functional.conv2d(padded, tW, tb, groups=groups)
    ty.backward(torch.from_numpy(gy.transpose(0, 3, 1, 2).copy()))
    return [
        ty.detach().numpy().transpose(0, 2, 3, 1),
        tx.grad.numpy().transpose(0, 2, 3, 1),
        tW.grad.numpy().transpose(2, 3, 1, 0),
        tb.grad.numpy(),
    ]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@given(small_kernels(), st.integers(0, 2**32 - 1))
def test_both_passes_stay_within_the_error_bound(dtype, case, seed):
    shape, kernel, sides, groups, filters = case
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape).astype(dtype)
    layer = Conv2d(filters, kernel, pad=sides, groups=groups, bias=0.5, algorithm="winograd")
    layer.build(shape[1:], rng, dtype)
    gy = rng.standard_normal((shape[0], *layer.output_shape(shape[1:]))).astype(dtype)
    wanted = pytorch(x, gy, layer.params["W"], layer.params["b"], sides, groups)
    for got, want in zip(both_passes(x, gy, layer), wanted, strict=True):
        assert got.dtype == dtype
        assert relative(got, want) < ERROR_BOUND[dtype]


@pytest.mark.parametrize("size", range(1, 14))
def test_borders_of_every_size(size):
    rng = np.random.default_rng(size)
    x = rng.standard_normal((2, size, size + 1, 3))
    layers = [Conv2d(4, 3, pad=1, algorithm=name) for name in ("im2col", "winograd")]
    for layer in layers:
        layer.build(x.shape[1:], np.random.default_rng(1), "float64")
    gy = rng.standard_normal((2, size, size + 1, 4))
    for got, want in zip(*(both_passes(x, gy, layer) for layer in layers), strict=True):
        assert relative(got, want) < 1e-12


def test_a_picture_larger_than_the_workspace_is_split(monkeypatch):
    rng = np.random.default_rng(0)
    x, gy = rng.standard_normal((2, 23, 9, 3)), rng.standard_normal((2, 23, 9, 4))
    layer = Conv2d(4, 5, pad=2, algorithm="winograd")
    layer.build(x.shape[1:], rng, "float64")
    whole = both_passes(x, gy, layer)
    monkeypatch.setattr(winograd, "BLOCK_BYTES", 1)
    for got, want in zip(both_passes(x, gy, layer), whole, strict=True):
        assert relative(got, want) < 1e-13


@pytest.mark.parametrize("outputs", [2, 3, 4])
@pytest.mark.parametrize("taps", [2, 3, 4, 5])
def test_the_maps_give_the_correlation(outputs, taps):
    A, G, B = winograd.cook_toom(outputs, taps)
    rng = np.random.default_rng(0)
    w, x = rng.standard_normal(taps), rng.standard_normal(outputs + taps - 1)
    np.testing.assert_allclose(A.T @ ((G @ w) * (B.T @ x)), np.correlate(x, w), rtol=1e-9)


def test_f23_has_the_published_maps():
    """Lavin & Gray 2016, equation 7, up to the signs that cancel between A, G and B."""
    A, G, B = winograd.cook_toom(2, 3)
    assert np.abs(G).tolist() == [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0, 0, 1]]
    assert np.abs(A).tolist() == [[1, 0], [1, 1], [1, 1], [0, 1]]
    assert sorted(np.abs(B.T).tolist()) == [[0, 1, 0, 1], [0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 1, 0]]


def test_what_auto_chooses_is_named_by_summary(monkeypatch):
    rows = models.build("alexnet-cifar").summary()
    forms = {row.name: row.form for row in rows if row.kind == "conv"}
    assert forms == {"conv1": "im2col"} | {f"conv{i}": "winograd" for i in (2, 3, 4, 5)}
    monkeypatch.setenv("MINIALEX_KERNELS", "reference")
    rows = models.build("alexnet-cifar").summary()
    assert {row.form for row in rows if row.kind == "conv"} == {"im2col"}


@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (6, 1), (1, 1)])
def test_where_it_does_not_apply_im2col_is_the_remedy(kernel, stride):
    layer = Conv2d(4, kernel, stride=stride, algorithm="winograd")
    with pytest.raises(InputError, match="conv.*im2col"):
        layer.build((9, 9, 3), np.random.default_rng(0))
    auto = Conv2d(4, kernel, stride=stride)
    assert auto.form((9, 9, 3)) == "im2col"


def test_the_plan_covers_the_output_with_the_fewest_products():
    geometry = window_geometry((13, 7), (3, 3), (1, 1), 1)
    tiles = winograd.plan(geometry, "float32").tiles
    assert (tiles.out, tiles.kernel) == ((4, 2), (6, 6))
