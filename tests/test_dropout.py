"""Dropout: the inverted form and the paper's."""

import json

import numpy as np
import pytest

from minialex.errors import InputError
from minialex.layers import Dropout

P = 0.3
SIZE = 20_000


def dropout(p: float = P, mode: str = "inverted", dtype: str = "float64", seed: int = 0) -> Dropout:
    layer = Dropout(p, mode)
    layer.build((SIZE,), np.random.default_rng(seed), dtype)
    return layer


def x_of(dtype: str = "float64") -> np.ndarray:
    return np.linspace(1, 2, SIZE, dtype=dtype).reshape(2, -1)


@pytest.mark.parametrize(("mode", "scale"), [("inverted", 1 / (1 - P)), ("paper", 1.0)])
def test_training_drops_a_share_p_and_scales_the_rest(mode, scale, dtype):
    x = x_of(dtype)
    y = dropout(mode=mode, dtype=dtype).forward(x, train=True)
    kept = y != 0
    # Five standard deviations of a binomial share.
    assert kept.mean() == pytest.approx(1 - P, abs=5 * (P * (1 - P) / SIZE) ** 0.5)
    np.testing.assert_allclose(y[kept], scale * x[kept], rtol=1e-6)
    assert y.dtype == dtype


@pytest.mark.parametrize(("mode", "scale"), [("inverted", 1.0), ("paper", 1 - P)])
def test_at_test_nothing_is_dropped(mode, scale, dtype):
    x, gy = x_of(dtype), x_of(dtype)[:, ::-1]
    layer = dropout(mode=mode, dtype=dtype)
    np.testing.assert_allclose(layer.forward(x), scale * x, rtol=1e-6)
    np.testing.assert_allclose(layer.backward(gy), scale * gy, rtol=1e-6)


@pytest.mark.parametrize("mode", ["inverted", "paper"])
def test_the_mean_of_the_outputs_is_kept(mode):
    """What training multiplies on average, testing multiplies exactly."""
    layer = dropout(mode=mode)
    trained = layer.forward(x_of(), train=True).mean()
    assert trained == pytest.approx(layer.forward(x_of()).mean(), rel=0.03)


@pytest.mark.parametrize("mode", ["inverted", "paper"])
def test_backward_uses_the_mask_of_forward(mode, dtype):
    layer = dropout(mode=mode, dtype=dtype)
    x, gy = x_of(dtype), x_of(dtype)[:, ::-1]
    y = layer.forward(x, train=True).copy()
    np.testing.assert_allclose(layer.backward(gy), gy * (y / x), rtol=1e-6)


def test_the_state_of_the_generator_repeats_the_mask():
    layer = dropout()
    state = json.loads(json.dumps(layer.rng.bit_generator.state))
    first = layer.forward(x_of(), train=True).copy()
    second = layer.forward(x_of(), train=True).copy()
    layer.rng.bit_generator.state = state
    assert (first != second).any()
    np.testing.assert_array_equal(layer.forward(x_of(), train=True), first)


def test_testing_does_not_use_the_generator():
    layer = dropout()
    state = layer.rng.bit_generator.state
    layer.forward(x_of())
    assert layer.rng.bit_generator.state == state


def test_layers_built_from_one_generator_draw_different_masks():
    rng = np.random.default_rng(0)
    layers = [Dropout(P), Dropout(P)]
    for layer in layers:
        layer.build((SIZE,), rng)
    masks = [layer.forward(x_of("float32"), train=True) != 0 for layer in layers]
    assert (masks[0] != masks[1]).any()


@pytest.mark.parametrize("mode", ["inverted", "paper"])
def test_p_of_zero_is_the_identity(mode):
    layer = dropout(p=0.0, mode=mode)
    np.testing.assert_array_equal(layer.forward(x_of(), train=True), x_of())
    np.testing.assert_array_equal(layer.backward(x_of()), x_of())


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, float("nan")])
def test_a_senseless_p_is_refused(p):
    with pytest.raises(InputError, match=f"drop.*{p}"):
        Dropout(p)


def test_an_unknown_mode_is_refused():
    with pytest.raises(InputError, match="invert"):
        Dropout(0.5, mode="invert")
