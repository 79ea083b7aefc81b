"""Saliency and Grad-CAM, against differences and the formula of the paper."""

import numpy as np
import pytest

from minialex.errors import InputError
from minialex.inside import class_gradient, grad_cam
from minialex.layers import LRN, Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU
from minialex.network import Sequential


@pytest.fixture
def network() -> Sequential:
    layers = [
        Conv2d(4, (3, 2), pad=1), ReLU(), LRN(3, alpha=0.5), MaxPool2d(3, 2), Conv2d(5, 3, pad=1),
        ReLU(), Flatten(), Dropout(0.5), Linear(6), ReLU(), Linear(3),
    ]  # fmt: skip
    return Sequential(layers, (9, 8, 2), seed=3, dtype="float64")


@pytest.fixture
def x(rng) -> np.ndarray:
    return rng.standard_normal((3, 9, 8, 2))


CLASSES = np.array([2, 0, 2])


def test_saliency_is_the_derivative_of_the_logit(network, x, rng):
    _, gx = class_gradient(network, x, CLASSES)
    direction, h = rng.standard_normal(x.shape), 1e-6
    up, down = network.predict(x + h * direction), network.predict(x - h * direction)
    numeric = (up - down)[np.arange(3), CLASSES] / (2 * h)
    np.testing.assert_allclose((gx * direction).sum(axis=(1, 2, 3)), numeric, rtol=1e-6)


@pytest.mark.parametrize("layer", ["conv1", "relu1", "pool1", "relu2", "flatten2", "fc3"])
def test_gradient_at_a_layer(network, x, layer, rng):
    """Moving the layer's output moves the logit by as much as the gradient says."""
    a, ga = class_gradient(network, x, CLASSES, layer)
    assert a.shape == ga.shape
    names = [each.name for each in network.layers]
    direction, h = rng.standard_normal(a.shape), 1e-6

    def logits(moved):
        for each in network.layers[names.index(layer) + 1 :]:
            moved = each.forward(moved)
        return moved[np.arange(3), CLASSES].copy()

    numeric = (logits(a + h * direction) - logits(a - h * direction)) / (2 * h)
    found = (ga * direction).reshape(3, -1).sum(axis=1)
    np.testing.assert_allclose(found, numeric, rtol=1e-5, atol=1e-9)


def test_grad_cam_is_the_papers_formula(network, x):
    a, ga = class_gradient(network, x, CLASSES, "relu2")
    heat = grad_cam(network, x, CLASSES, "relu2")
    for n in range(3):
        total = np.zeros(a.shape[1:3])
        for c in range(a.shape[3]):
            weight = sum(ga[n, i, j, c] for i in range(a.shape[1]) for j in range(a.shape[2]))
            total += weight / (a.shape[1] * a.shape[2]) * a[n, :, :, c]
        total[total < 0] = 0
        np.testing.assert_allclose(heat[n], total / (total.max() or 1), atol=1e-12)


def test_a_map_that_nothing_speaks_for_is_zero(network, x):
    network["fc4"].params["W"][...] = 0
    assert not grad_cam(network, x, CLASSES, "pool1").any()


def test_pictures_and_parameters_stay_as_they_are(network, x):
    before = [x.copy(), *(p.copy() for p in network.params.values())]
    class_gradient(network, x, CLASSES, "pool1")
    after = [x, *network.params.values()]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_what_came_back_survives_the_next_call(network, x):
    a, ga = class_gradient(network, x, CLASSES, "pool1")
    kept = a.copy(), ga.copy()
    class_gradient(network, -x, CLASSES, "pool1")
    assert np.array_equal(a, kept[0])
    assert np.array_equal(ga, kept[1])


@pytest.mark.parametrize(
    ("classes", "layer", "message"),
    [
        ([0, 1, 2], "pol1", "did you mean 'pool1'"),
        ([0, 1, 3], "pool1", "0 to 2"),
        ([0, -1, 2], "pool1", "0 to 2"),
        ([0, 1], "pool1", "each of the 3 pictures"),
        ([0, 1, 2], "fc3", "before Flatten"),
    ],
)
def test_wrong_input_is_named(network, x, classes, layer, message):
    with pytest.raises(InputError, match=message):
        grad_cam(network, x, np.array(classes), layer)


def test_on_either_side(xp, network, x):
    on_cpu = grad_cam(network, x, CLASSES, "pool1")
    if xp is not np:
        network.to("cuda")
        x = xp.asarray(x)
    heat = grad_cam(network, x, xp.asarray(CLASSES), "pool1")
    np.testing.assert_allclose(heat if xp is np else heat.get(), on_cpu, rtol=1e-9, atol=1e-12)
