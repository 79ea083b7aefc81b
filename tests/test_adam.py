"""Adam in the forms of PyTorch and of Keras, which differ in where epsilon stands."""

import numpy as np
import pytest
import torch

from minialex.adam import Adam
from minialex.strategies import distinct_array

SHAPES = {"conv1.W": (3, 2, 4, 5), "conv1.b": (5,), "fc2.W": (300, 1001)}
LR, STEPS = 0.01, 50

pytestmark = pytest.mark.usefixtures("workers")


def arrays(rng: np.random.Generator, dtype: str = "float64") -> dict[str, np.ndarray]:
    return {name: distinct_array(shape, rng, dtype) for name, shape in SHAPES.items()}


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_fifty_steps_are_pytorchs(rng, dtype, tolerance, weight_decay):
    """Weight decay is in the gradient, as in torch.optim.Adam, and not as in AdamW."""
    params = arrays(rng, dtype)
    weights = {name: torch.tensor(w) for name, w in params.items()}
    theirs = torch.optim.Adam(weights.values(), lr=LR, weight_decay=weight_decay)
    optimiser = Adam(params, weight_decay=weight_decay)
    for _ in range(STEPS):
        scale = 10 ** rng.uniform(-9, 0)  # so that epsilon matters in some of them
        grads = {name: (scale * g).astype(dtype) for name, g in arrays(rng, dtype).items()}
        optimiser.step(grads, LR)
        for name, w in weights.items():
            w.grad = torch.tensor(grads[name])
        theirs.step()
    for name, w in weights.items():
        assert params[name].dtype == dtype
        np.testing.assert_allclose(params[name], w.numpy(), rtol=tolerance, atol=tolerance)


def keras(w, gradients, lr, epsilon=1e-7, beta1=0.9, beta2=0.999):
    """The update of keras.optimizers.Adam, written down from its formula; the weights by step."""
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        w = w - lr * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + epsilon)
        yield w


@pytest.mark.parametrize("size", [1e-8, 1e-3])
def test_keras_adds_epsilon_outside_of_the_correction(rng, size):
    gradients = size * rng.standard_normal((STEPS, 7))
    params = {"w": np.zeros(7)}
    optimiser = Adam(params, epsilon=1e-7, inside=False)
    for g, expected in zip(gradients, keras(np.zeros(7), gradients, LR), strict=True):
        optimiser.step({"w": g}, LR)
        np.testing.assert_allclose(params["w"], expected, rtol=1e-10)


def test_at_gradients_of_a_hundred_millionth_the_forms_are_a_hundred_times_apart():
    """In the first step PyTorch's goes lr / 2, and Keras' lr 0.0316 / (0.0316 + 10)."""
    moved = {}
    for inside, epsilon in ((True, 1e-8), (False, 1e-7)):
        params = {"w": np.zeros(1)}
        Adam(params, epsilon=epsilon, inside=inside).step({"w": np.full(1, -1e-8)}, 1.0)
        moved[inside] = params["w"][0]
    assert moved[True] == pytest.approx(0.5)
    assert moved[False] == pytest.approx(0.001**0.5 / (0.001**0.5 + 10))
    assert 100 < moved[True] / moved[False] < 200


def test_patterns_scale_rates_decay_some_and_freeze_others(rng):
    params, grads = arrays(rng), {n: np.zeros(s) for n, s in SHAPES.items()}
    before = {name: w.copy() for name, w in params.items()}
    rates = {"*.b": 2, "fc*": 0}
    optimiser = Adam(params, weight_decay=0.1, lr_scale=rates, decay={"conv1.W": 0})
    optimiser.step(grads, LR)
    np.testing.assert_array_equal(params["conv1.W"], before["conv1.W"])  # no gradient, no decay
    np.testing.assert_array_equal(params["fc2.W"], before["fc2.W"])  # frozen
    step = 2 * LR * np.sign(before["conv1.b"])  # the first step of Adam has the size of the rate
    np.testing.assert_allclose(params["conv1.b"], before["conv1.b"] - step, rtol=1e-5)


def test_a_parameter_that_thaws_begins_as_in_pytorch(rng):
    """torch.optim.Adam counts the steps of each parameter, those in which it has a gradient."""
    params = arrays(rng)
    weights = {name: torch.tensor(w) for name, w in params.items()}
    theirs = torch.optim.Adam(weights.values(), lr=LR)
    optimiser = Adam(params, lr_scale={"fc2.W": 0})
    for step in range(40):
        optimiser.lr_scale["fc2.W"] = float(step >= 30)
        grads = arrays(rng)
        optimiser.step(grads, LR)
        for name, w in weights.items():
            w.grad = torch.tensor(grads[name]) if optimiser.lr_scale[name] else None
        theirs.step()
        for name, w in weights.items():
            np.testing.assert_allclose(params[name], w.numpy(), rtol=1e-12, atol=1e-12)


def test_the_state_continues_from_stored_arrays(rng):
    params, grads = arrays(rng), arrays(rng)
    kept = {name: g.copy() for name, g in grads.items()}
    optimiser = Adam(params, weight_decay=0.1)
    for _ in range(3):
        optimiser.step(grads, LR)
    resumed = Adam({name: w.copy() for name, w in params.items()}, weight_decay=0.1)
    for name, array in optimiser.state().items():
        resumed.state()[name][...] = array
    optimiser.step(grads, LR)
    resumed.step(grads, LR)
    for name in params:
        np.testing.assert_array_equal(params[name], resumed.params[name])
        np.testing.assert_array_equal(grads[name], kept[name])
