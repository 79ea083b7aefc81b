"""The first weights: each distribution against its formula, and against PyTorch's where it has one.

Wrong first weights do not crash: the network just learns slower than what it is compared with.
"""

import math

import numpy as np
import pytest
import torch

from minialex import initial
from minialex.layers import Conv2d, Linear

SHAPES = [(5, 5, 48, 256), (3, 2, 40, 70), (400, 300)]  # convolutions and a dense layer
TRUNCATED = 0.8796256610342398  # standard deviation of N(0, 1) within +-2, in units of its own


def fans(shape) -> tuple[int, int]:
    """The inputs of an output, and the outputs of an input."""
    if len(shape) == 2:
        return shape
    kh, kw, channels, filters = shape
    return kh * kw * channels, kh * kw * filters


FORMULAS = {  # initialiser: (fan_in, fan_out) -> standard deviation
    "he": (initial.he, lambda i, o: math.sqrt(2 / i)),
    "lecun": (initial.lecun, lambda i, o: math.sqrt(1 / i)),
    "glorot": (initial.glorot, lambda i, o: math.sqrt(2 / (i + o))),
    "uniform": (initial.uniform, lambda i, o: math.sqrt(1 / (3 * i))),
    "gaussian": (initial.gaussian(0.03), lambda i, o: 0.03),
    "truncated": (initial.truncated(0.1), lambda i, o: 0.1 * TRUNCATED),
}
BOUNDS = {  # the largest magnitude, of those that have one
    "glorot": lambda i, o: math.sqrt(6 / (i + o)),
    "uniform": lambda i, o: 1 / math.sqrt(i),
    "truncated": lambda i, o: 0.2,
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", FORMULAS)
def test_mean_and_variance_are_those_of_the_formula(name, shape, rng):
    draw, sigma = FORMULAS[name]
    W = draw(rng, shape)
    assert W.shape == shape
    assert W.dtype == "float64"
    expected = sigma(*fans(shape))
    assert W.std() == pytest.approx(expected, rel=0.03)
    assert abs(W.mean()) < 5 * expected / math.sqrt(W.size)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_are_reached_and_not_passed(name, shape, rng):
    W = FORMULAS[name][0](rng, shape)
    bound = BOUNDS[name](*fans(shape))
    assert 0.99 * bound < np.abs(W).max() <= bound
    assert 0.99 * bound < -W.min()


def test_the_truncated_standard_deviation_is_that_of_the_cut_normal():
    """1 - 2 * 2 phi(2) / (Phi(2) - Phi(-2)) is the variance that is left."""
    density = math.exp(-2) / math.sqrt(2 * math.pi)
    inside = math.erf(2 / math.sqrt(2))
    assert pytest.approx(math.sqrt(1 - 4 * density / inside)) == TRUNCATED


def torch_weights(shape, fill) -> np.ndarray:
    """Weights that PyTorch drew, in its own layout: outputs first."""
    W = torch.empty(shape[-1], *reversed(shape[:-1]), dtype=torch.float64)
    fill(W)
    return W.numpy()


THEIRS = {
    "he": lambda W: torch.nn.init.kaiming_normal_(W, nonlinearity="relu"),
    "lecun": lambda W: torch.nn.init.kaiming_normal_(W, nonlinearity="linear"),
    "glorot": torch.nn.init.xavier_uniform_,
    "uniform": lambda W: torch.nn.init.kaiming_uniform_(W, a=math.sqrt(5)),
    "gaussian": lambda W: torch.nn.init.normal_(W, std=0.03),
    "truncated": lambda W: torch.nn.init.trunc_normal_(W, std=0.1, a=-0.2, b=0.2),
}


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", FORMULAS)
def test_pytorch_draws_from_the_same_distribution(name, shape, rng):
    torch.manual_seed(0)
    ours, theirs = FORMULAS[name][0](rng, shape), torch_weights(shape, THEIRS[name])
    shares = np.linspace(0.01, 0.99, 25)
    difference = np.quantile(ours, shares) - np.quantile(theirs, shares)
    assert np.abs(difference).max() < 0.1 * theirs.std()


@pytest.mark.parametrize(
    ("ours", "theirs", "input_shape"),
    [
        (Conv2d, torch.nn.Conv2d(6, 4000, 3, groups=2), (5, 5, 6)),
        (Linear, torch.nn.Linear(50, 4000), (50,)),
    ],
)
def test_layers_start_as_pytorchs_do(ours, theirs, input_shape, rng):
    """W and b have the bounds of W's fan_in, which a group of a convolution makes smaller."""
    sizes = {"filters": 4000, "kernel": 3, "groups": 2} if ours is Conv2d else {"units": 4000}
    layer = ours(**sizes, init=initial.uniform, bias=initial.uniform_bias)
    layer.build(input_shape, rng)
    for found, wanted in zip(layer.params.values(), (theirs.weight, theirs.bias), strict=True):
        wanted = wanted.detach().numpy()
        assert found.dtype == "float32"
        assert found.size == wanted.size
        assert np.abs(found).max() == pytest.approx(np.abs(wanted).max(), rel=0.01)
        assert found.std() == pytest.approx(wanted.std(), rel=0.05)


def test_a_bias_may_be_a_number(dtype, rng):
    for layer, shape in ((Conv2d(3, 2, bias=1), (4, 4, 2)), (Linear(3, bias=1), (4,))):
        layer.build(shape, rng, dtype)
        assert layer.params["b"].dtype == dtype
        np.testing.assert_array_equal(layer.params["b"], np.ones(3))


def test_drawn_biases_leave_the_weights_as_they_were():
    """The same seed gives the same W with and without them: W is drawn first."""
    layers = [Linear(7, initial.uniform, bias) for bias in (0, initial.uniform_bias)]
    for layer in layers:
        layer.build((5,), np.random.default_rng(3))
    np.testing.assert_array_equal(layers[0].params["W"], layers[1].params["W"])


@pytest.mark.parametrize("draw", [draw for draw, _ in FORMULAS.values()], ids=FORMULAS)
def test_no_weights_are_drawn_for_no_inputs(draw, rng):
    assert draw(rng, (0, 3)).shape == (0, 3)
