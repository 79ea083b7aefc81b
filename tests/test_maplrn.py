"""MapLRN against PyTorch, and against cuda-convnet's loops written out."""

import numpy as np
import pytest
import torch_twin as twin
from hypothesis import given
from hypothesis import strategies as st

from minialex.errors import InputError
from minialex.layers import MapLRN
from minialex.strategies import batches, distinct_array, seeds

SHAPES = st.tuples(batches(), st.integers(1, 6), st.integers(1, 6), st.integers(1, 3))
STRONG = st.fixed_dictionaries(  # the neighbours' term is a large part of every gradient
    {
        "size": st.integers(1, 7),  # odd, even, and beyond the picture
        "k": st.sampled_from((1.0, 2.0)),
        "alpha": st.floats(3, 10),
        "beta": st.sampled_from((0.75, 0.5, 1.0)),
    }
)


@given(shape=SHAPES, options=STRONG, seed=seeds())
def test_both_passes_agree_with_pytorch(workers, dtype, shape, options, seed):
    x = distinct_array(shape, np.random.default_rng(seed), dtype)
    twin.check(MapLRN(**options), lambda x: twin.map_lrn(x, **options), x, seed)


@given(shape=SHAPES, options=STRONG, seed=seeds())
def test_forward_is_cuda_convnets(shape, options, seed):
    """kCNorm_manyfilter in conv_util.cu, and layer.py's division of the scale by size^2."""
    size, k, alpha, beta = (options[name] for name in ("size", "k", "alpha", "beta"))
    x = distinct_array(shape, np.random.default_rng(seed))
    _, height, width, _ = shape
    expected = np.empty_like(x)
    for i in range(height):
        for j in range(width):
            top, left = i - size // 2, j - size // 2
            rows = slice(max(0, top), min(height, top + size))
            columns = slice(max(0, left), min(width, left + size))
            squares = (x[:, rows, columns] ** 2).sum(axis=(1, 2))
            expected[:, i, j] = x[:, i, j] * (k + alpha / size**2 * squares) ** -beta
    np.testing.assert_allclose(MapLRN(**options).forward(x), expected, rtol=1e-10)


def test_the_defaults_are_those_of_run_145(rng):
    """layers-145.cfg: type=rnorm, size=5; layer-params-145.cfg: scale=0.001, pow=0.75."""
    x = 100 * rng.standard_normal((2, 5, 5, 3))
    centre = x[:, 2, 2] / (1 + 0.001 / 25 * (x**2).sum(axis=(1, 2))) ** 0.75
    np.testing.assert_allclose(MapLRN().forward(x)[:, 2, 2], centre, rtol=1e-12)


def test_maps_and_pictures_keep_to_themselves(rng):
    x = rng.standard_normal((2, 4, 5, 3))
    y = MapLRN(3, alpha=5.0).forward(x)
    alone = MapLRN(3, alpha=5.0).forward(x[1:, ..., 2:])
    np.testing.assert_allclose(y[1:, ..., 2:], alone, rtol=1e-12)


def test_a_large_activation_leaves_no_trace_behind_its_window(rng):
    """A running sum that subtracts would have lost the digits of the pixels behind it."""
    x = rng.standard_normal((1, 9, 9, 1)).astype("float32")
    x[:, 3, 3] = 1e4
    options = {"size": 3, "k": 1.0, "alpha": 5.0, "beta": 0.75}
    expected = MapLRN(**options).forward(x.astype("float64"))
    np.testing.assert_allclose(MapLRN(**options).forward(x), expected, rtol=1e-5)


def test_zeros_stay_zeros(dtype):
    layer, x = MapLRN(), np.zeros((1, 3, 3, 2), dtype)
    assert not layer.forward(x).any()
    np.testing.assert_array_equal(layer.backward(x + 2), x + 2)


@pytest.mark.parametrize(
    "options",
    [{"size": 0}, {"size": 2.5}, {"k": 0.0}, {"k": -1.0}, {"alpha": -1.0}, {"k": np.nan}],
    ids=str,
)
def test_senseless_parameters_are_refused(options):
    with pytest.raises(InputError, match="maplrn"):
        MapLRN(**options)


def test_rows_are_refused_by_name():
    layer = MapLRN()
    layer.name = "cnorm2"
    with pytest.raises(InputError, match=r"cnorm2 \(5x5\).*\(12,\)"):
        layer.output_shape((12,))
