"""The paper's SGD: v <- .9 v - lr decay w - lr g, w <- w + v."""

import numpy as np
import pytest
import torch

from minialex.errors import InputError
from minialex.layers import Linear
from minialex.optim import SGD
from minialex.strategies import distinct_array

# Gradients 1, 2, -1; decay .1; the rate falls from .1 to .01 before the third step. By hand:
#   v1 =                 -.1  * .1 * 1     - .1  * 1 = -.11         w1 = .89
#   v2 = .9 * -.11       -.1  * .1 * .89   - .1  * 2 = -.3079       w2 = .5821
#   v3 = .9 * -.3079     -.01 * .1 * .5821 + .01 * 1 = -.2676921    w3 = .3144079
GRADIENTS, RATES = (1.0, 2.0, -1.0), (0.1, 0.1, 0.01)
VELOCITIES = (-0.11, -0.3079, -0.2676921)
WEIGHTS = (0.89, 0.5821, 0.3144079)

SHAPES = {"conv1.W": (3, 2, 4, 5), "conv1.b": (5,), "fc2.W": (300, 501), "fc2.b": (501,)}

pytestmark = pytest.mark.usefixtures("form", "workers")


def arrays(rng: np.random.Generator, dtype: str = "float64") -> dict[str, np.ndarray]:
    return {name: distinct_array(shape, rng, dtype) for name, shape in SHAPES.items()}


def one(value: float, dtype: str = "float64") -> dict[str, np.ndarray]:
    return {"w": np.array([value], dtype)}


def moved(**options) -> dict[str, float]:
    """How far one step at rate 1 moves weights of 2 with gradients of 1."""
    params = {name: np.full(shape, 2.0) for name, shape in SHAPES.items()}
    SGD(params, **options).step({name: np.ones(shape) for name, shape in SHAPES.items()}, lr=1.0)
    return {name: float(2 - w.flat[0]) for name, w in params.items()}


def test_the_trace_across_a_drop_of_the_rate(dtype):
    params = one(1, dtype)
    optimiser = SGD(params, momentum=0.9, weight_decay=0.1)
    for g, lr, v, w in zip(GRADIENTS, RATES, VELOCITIES, WEIGHTS, strict=True):
        optimiser.step(one(g, dtype), lr)
        assert optimiser.velocity["w"][0] == pytest.approx(v, rel=1e-6)
        assert params["w"][0] == pytest.approx(w, rel=1e-6)
    assert params["w"].dtype == optimiser.velocity["w"].dtype == dtype


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
def test_at_a_constant_rate_pytorch_agrees(rng, dtype, tolerance):
    params = arrays(rng, dtype)
    weights = {name: torch.tensor(w.astype("float64")) for name, w in params.items()}
    theirs = torch.optim.SGD(weights.values(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    optimiser = SGD(params)
    for _ in range(4):
        grads = arrays(rng, dtype)
        optimiser.step(grads, 0.05)
        for name, w in weights.items():
            w.grad = torch.tensor(grads[name].astype("float64"))
        theirs.step()
    for name, w in weights.items():
        np.testing.assert_allclose(params[name], w.numpy(), rtol=tolerance, atol=tolerance)


def test_gradients_stay_as_they_are(rng):
    params, grads = arrays(rng), arrays(rng)
    kept = {name: g.copy() for name, g in grads.items()}
    SGD(params).step(grads, 0.1)
    for name, g in grads.items():
        np.testing.assert_array_equal(g, kept[name])


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda w: w[:, ::2]], ids=["F", "gaps"])
def test_parameters_that_are_not_contiguous_are_refused(layout):
    """Their flat form would be a copy, and training would change nothing."""
    with pytest.raises(InputError, match=r"fc1\.W is not C-contiguous"):
        SGD({"fc1.W": layout(np.zeros((4, 6)))})


def test_weights_that_were_drawn_transposed_are_trained():
    layer = Linear(3, init=lambda rng, shape: rng.standard_normal(shape[::-1]).T)
    layer.build((4,), np.random.default_rng(0))
    before = layer.params["W"].copy()
    SGD(layer.params, weight_decay=0).step({"W": np.ones((4, 3)), "b": np.ones(3)}, lr=1.0)
    np.testing.assert_allclose(layer.params["W"], before - 1, rtol=1e-6)


def test_the_rate_and_the_decay_of_biases_may_differ():
    assert moved(weight_decay=0.1) == dict.fromkeys(SHAPES, pytest.approx(1.2))
    found = moved(weight_decay=0.1, lr_scale={"*.b": 2}, decay={"*.b": 0})
    assert found == {name: pytest.approx(2.0 if name.endswith("b") else 1.2) for name in SHAPES}


def test_the_last_pattern_that_matches_counts():
    found = moved(weight_decay=0.0, lr_scale={"*": 3, "conv1.*": 0, "conv1.b": 0.5})
    assert found == pytest.approx({"conv1.W": 0, "conv1.b": 0.5, "fc2.W": 3, "fc2.b": 3})


def test_decay_by_pattern_stands_in_place_of_the_other():
    found = moved(weight_decay=0.1, decay={"fc*.W": 3.0, "conv*": 0})
    assert found == pytest.approx({"conv1.W": 1, "conv1.b": 1, "fc2.W": 7, "fc2.b": 1.2})


def test_what_is_frozen_stops_at_once(rng):
    """As in cuda-convnet: its velocity would carry it on for dozens of steps."""
    params, grads = arrays(rng), arrays(rng)
    optimiser = SGD(params)
    optimiser.step(grads, 0.1)
    optimiser.lr_scale["conv1.W"] = 0.0
    before = {name: array.copy() for name, array in (params | optimiser.state()).items()}
    optimiser.step(grads, 0.1)
    frozen = {"conv1.W", "velocity.conv1.W"}
    for name, array in (params | optimiser.state()).items():
        assert np.array_equal(array, before[name]) == (name in frozen), name


@pytest.mark.parametrize("option", ["lr_scale", "decay"])
def test_a_pattern_that_matches_nothing_is_refused(option):
    with pytest.raises(InputError, match=rf"{option}.*'fc9\.\*'.*conv1\.W"):
        SGD(arrays(np.random.default_rng(0)), **{option: {"*.b": 2, "fc9.*": 2}})


def test_the_state_continues_from_stored_arrays(rng):
    params, grads = arrays(rng), arrays(rng)
    optimiser = SGD(params)
    optimiser.step(grads, 0.1)
    copies = {name: w.copy() for name, w in params.items()}
    resumed = SGD(copies)
    for name, v in optimiser.state().items():
        resumed.state()[name][...] = v
    optimiser.step(grads, 0.01)
    resumed.step(grads, 0.01)
    for name in params:
        np.testing.assert_array_equal(params[name], copies[name])
