"""Winograd's convolution: its error, its borders and when it is chosen.

That it agrees with PyTorch on drawn geometries is in test_conv.py.
"""

import numpy as np
import pytest

from minialex import models
from minialex.layers import Conv2d, winograd
from minialex.layers.cook_toom import cook_toom
from minialex.shapes import window_geometry

ERROR_BOUND = 2e-5  # of the largest entry, in float32


def both_passes(layer, x, gy):
    y = layer.forward(x).copy()
    return [y, layer.backward(gy).copy(), layer.grads["W"].copy(), layer.grads["b"].copy()]


def relative_errors(layers, dtypes, shape):
    """The largest difference of each array between two layers with the same weights."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    gy = rng.standard_normal((shape[0], *layers[0].output_shape(shape[1:])))
    results = []
    for layer, dtype in zip(layers, dtypes, strict=True):
        layer.build(shape[1:], np.random.default_rng(1), dtype)
        results.append(both_passes(layer, x.astype(dtype), gy.astype(dtype)))
    return [np.abs(a - b).max() / np.abs(b).max() for a, b in zip(*results, strict=True)]


@pytest.mark.parametrize(
    ("filters", "kernel", "groups", "shape"),
    [
        (192, 5, 1, (8, 15, 15, 64)),
        (384, 3, 1, (8, 7, 7, 192)),
        (256, 3, 1, (8, 7, 7, 384)),
        (256, 5, 2, (2, 27, 27, 96)),
        (384, 3, 2, (2, 13, 13, 384)),
    ],
)
def test_float32_stays_within_the_error_bound_at_the_sizes_of_alexnet(
    filters, kernel, groups, shape
):
    fast, exact = (
        Conv2d(filters, kernel, pad="same", groups=groups, algorithm=algorithm)
        for algorithm in ("winograd", "im2col")
    )
    errors = relative_errors([fast, exact], ["float32", "float64"], shape)
    assert max(errors) < ERROR_BOUND


@pytest.mark.parametrize("size", range(5, 18))
@pytest.mark.parametrize("kernel", [3, 5, (2, 4)])
@pytest.mark.parametrize("pad", [0, (1, 0, 2, 1), "same"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_borders_of_every_size(size, kernel, pad, dtype):
    layers = [Conv2d(4, kernel, pad=pad, algorithm=name) for name in ("winograd", "im2col")]
    bound = {"float32": ERROR_BOUND, "float64": 1e-12}[dtype]
    assert max(relative_errors(layers, [dtype, "float64"], (2, size, size + 1, 3))) < bound


@pytest.mark.parametrize("size", range(1, 5))
def test_pictures_smaller_than_a_tile(size):
    layers = [Conv2d(4, 3, pad=1, algorithm=name) for name in ("winograd", "im2col")]
    assert max(relative_errors(layers, ["float64"] * 2, (2, size, size + 1, 3))) < 1e-12


def test_f23_has_the_published_maps():
    """Lavin & Gray 2016, equation 7, up to the signs that cancel between A, G and B."""
    A, G, B = cook_toom(2, 3)
    assert np.abs(G).tolist() == [[1, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0, 0, 1]]
    assert np.abs(A).tolist() == [[1, 0], [1, 1], [1, 1], [0, 1]]
    assert sorted(np.abs(B.T).tolist()) == [[0, 1, 0, 1], [0, 1, 1, 0], [0, 1, 1, 0], [1, 0, 1, 0]]


def test_summary_names_what_is_chosen(monkeypatch):
    rows = models.build("alexnet-cifar").summary()
    forms = {row.name: row.form for row in rows if row.kind == "conv"}
    assert forms == {"conv1": "im2col"} | {f"conv{i}": "winograd" for i in (2, 3, 4, 5)}
    monkeypatch.setenv("MINIALEX_KERNELS", "reference")
    rows = models.build("alexnet-cifar").summary()
    assert {row.form for row in rows if row.kind == "conv"} == {"im2col"}


def test_the_tiling_covers_the_output_with_the_fewest_products():
    geometry = window_geometry((13, 7), (3, 3), (1, 1), 1)
    tiles = winograd.tiling(geometry, "float32").tiles
    assert (tiles.out, tiles.kernel) == ((4, 2), (6, 6))
