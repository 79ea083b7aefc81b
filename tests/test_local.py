"""LocallyConnected2d against PyTorch, and what tells it from a convolution."""

import numpy as np
import pytest
import torch_twin as twin
from hypothesis import given

from minialex.errors import InputError
from minialex.initial import he
from minialex.layers import Conv2d, LocallyConnected2d
from minialex.strategies import WindowCase, conv_geometry, distinct_array, seeds


def check(case: WindowCase, seed: int, dtype: str = "float64") -> None:
    rng = np.random.default_rng(seed)
    options = {"pad": case.pad, "rounding": case.rounding}
    layer = LocallyConnected2d(case.filters, case.kernel, case.stride, **options)
    twin.randomised(layer, case.shape, rng, dtype)
    assert layer.output_shape(case.shape[1:]) == case.output_shape[1:]

    def theirs(x, W, b):
        return twin.locally_connected2d(x, W, b, stride=case.strides, padding=case.padding)

    twin.check(layer, theirs, distinct_array(case.shape, rng, dtype), seed, floor=0.1)


NOT_EMPTY = conv_geometry().filter(lambda case: case.batch)  # PyTorch's unfold refuses no pictures


@given(case=NOT_EMPTY, seed=seeds())
def test_both_passes_agree_with_pytorch(workers, dtype, case, seed):
    check(case, seed, dtype)


@given(case=NOT_EMPTY, seed=seeds())
def test_splitting_images_into_rows_changes_nothing(workers, case, seed):
    with twin.in_blocks_of(64):
        check(case, seed)


def test_with_the_same_filters_everywhere_it_is_a_convolution(workers, rng):
    shape = (3, 6, 7, 4)
    x = rng.standard_normal(shape)
    conv = twin.randomised(Conv2d(5, 3, pad=1), shape, rng)
    local = twin.randomised(LocallyConnected2d(5, 3, pad=1), shape, rng)
    for key, value in conv.params.items():
        local.params[key][...] = value
    gy = rng.standard_normal((3, 6, 7, 5))
    ours, theirs = twin.results(local, x, gy), twin.results(conv, x, gy)
    for name in ("gW", "gb"):  # what shares a weight adds its gradients
        ours[name] = ours[name].sum(axis=(0, 1))
    for name, expected in theirs.items():
        twin.assert_close(ours[name], expected, 1e-10, name)


def test_parameters_have_the_documented_shapes(rng, dtype):
    layer = LocallyConnected2d(4, (3, 2), stride=(2, 1), bias=0.5)
    layer.build((7, 5, 6), rng, dtype)
    shapes = {name: p.shape for name, p in layer.params.items()}
    assert shapes == {"W": (3, 4, 3, 2, 6, 4), "b": (3, 4, 4)}
    assert shapes == layer.param_shapes((7, 5, 6))
    assert (layer.params["b"] == 0.5).all()
    assert {p.dtype.name for p in layer.params.values()} == {dtype}


def test_parameters_of_krizhevskys_networks():
    """layers-conv-local-13pct.cfg and -11pct.cfg, as its 24-pixel crops and on 32 pixels."""

    def parameters(size, filters, channels):
        shapes = LocallyConnected2d(filters, 3, pad=1).param_shapes((size, size, channels))
        return sum(int(np.prod(shape)) for shape in shapes.values())

    assert parameters(6, 64, 64) == 36 * (9 * 64 * 64 + 64)
    assert parameters(8, 32, 64) == 64 * (9 * 64 * 32 + 32)


def test_every_position_draws_filters_for_its_own_window(rng):
    """He's variance is 2 over the inputs of one window, not of all windows."""
    asked = []

    def init(rng, shape):
        asked.append(shape)
        return he(rng, shape)

    layer = LocallyConnected2d(16, 3, init=init)
    layer.build((6, 6, 32), rng)
    assert asked == [(3, 3, 32, 16)] * 16
    assert layer.params["W"].var() == pytest.approx(2 / (9 * 32), rel=0.05)


def test_multiply_adds_are_those_of_a_convolution():
    layers = LocallyConnected2d(32, 3, pad=1), Conv2d(32, 3, pad=1)
    counts = [layer.multiply_adds((8, 8, 64)) for layer in layers]
    assert counts == [64 * 9 * 64 * 32] * 2


def test_an_input_that_does_not_fit_is_refused_by_name():
    layer = LocallyConnected2d(32, 3)
    layer.name = "local3"
    with pytest.raises(InputError, match=r"local3 \(3x3, stride 1\) .*2x2"):
        layer.output_shape((2, 2, 64))


@pytest.mark.parametrize(
    "options", [{"filters": 0}, {"kernel": 0}, {"stride": 0}, {"pad": -1}, {"rounding": "up"}],
    ids=str,
)  # fmt: skip
def test_senseless_sizes_are_refused(options):
    with pytest.raises(InputError, match="local"):
        LocallyConnected2d(**({"filters": 4, "kernel": 3} | options))


def test_larger_pictures_than_it_was_built_for_are_refused():
    """With weights for a single position, a product would broadcast them over all positions."""
    layer = LocallyConnected2d(2, 3)
    layer.build((3, 3, 4), np.random.default_rng(0), "float64")
    with pytest.raises(InputError, match=r"weights for \(1, 1\), not \(2, 3\)"):
        layer.forward(np.zeros((2, 4, 5, 4)))
