"""The models: sizes, parameters and multiply-adds as published."""

import math

import numpy as np
import pytest

from minialex import models
from minialex.errors import InputError
from minialex.network import Sequential

ALEXNET_PARAMS = [
    34_944, 307_456, 885_120, 663_936, 442_624, 37_752_832, 16_781_312, 4_097_000,
]  # fmt: skip
ALEXNET_NEURONS = [290_400, 186_624, 64_896, 64_896, 43_264, 4096, 4096, 1000]


def weighted(network: Sequential):
    """The rows of the layers that have parameters."""
    return [row for row in network.summary() if row.params]


def heights(network: Sequential) -> list[int]:
    """The height of the map after every convolution and pooling."""
    return [row.output_shape[0] for row in network.summary() if row.kind in ("conv", "pool")]


@pytest.fixture(scope="module", params=["alexnet-2012", "alexnet-2012-224"])
def alexnet(request) -> Sequential:
    return models.build(request.param)


def test_alexnet_has_the_papers_parameters(alexnet):
    assert [row.params for row in weighted(alexnet)] == ALEXNET_PARAMS
    assert sum(p.size for p in alexnet.params.values()) == 60_965_224


def test_one_tower_has_more_parameters():
    merged = models.build("alexnet-merged")
    assert sum(p.size for p in merged.params.values()) == 62_378_344
    assert {layer.groups for layer in merged.layers if layer.kind in ("conv", "lrn")} == {1}


def test_alexnet_has_the_papers_neurons(alexnet):
    assert [math.prod(row.output_shape) for row in weighted(alexnet)] == ALEXNET_NEURONS
    assert sum(ALEXNET_NEURONS) == 659_272


def test_alexnet_has_the_papers_maps(alexnet):
    assert heights(alexnet) == [55, 27, 27, 13, 13, 13, 13, 6]


def test_alexnet_costs_724_million_multiply_adds(alexnet):
    assert sum(row.multiply_adds for row in alexnet.summary()) == 724_406_816


def test_alexnet_starts_as_the_paper_says(alexnet):
    ones = {name for name, p in alexnet.params.items() if name.endswith(".b") and (p == 1).all()}
    assert ones == {f"{name}.b" for name in ("conv2", "conv4", "conv5", "fc6", "fc7")}
    assert not any(alexnet.params[f"{name}.b"].any() for name in ("conv1", "conv3", "fc8"))
    for name in ("conv1.W", "conv5.W", "fc8.W"):
        assert alexnet.params[name].std() == pytest.approx(0.01, rel=0.02)


def test_alexnet_is_ordered_as_in_the_paper(alexnet):
    """LRN behind ReLU and before pooling; dropout behind the two hidden dense layers."""
    assert " ".join(layer.kind for layer in alexnet.layers) == (
        "conv relu lrn pool conv relu lrn pool conv relu conv relu conv relu pool "
        "flatten fc relu dropout fc relu dropout fc"
    )


def test_the_input_size_is_part_of_the_name():
    found = {name: models.MODELS[name].image_size for name in models.MODELS}
    assert found["alexnet-2012"] == 227
    assert found["alexnet-2012-224"] == 224
    assert found["alexnet-cifar"] == found["alexnet-mini"] == found["lenet5"] == 32


@pytest.mark.parametrize(
    ("name", "params", "maps"),
    [
        ("alexnet-cifar", 5_341_514, [32, 15, 15, 7, 7, 7, 7, 3]),
        ("lenet5", 62_006, [28, 14, 10, 5]),
    ],
)
def test_the_small_models(name, params, maps):
    network = models.build(name)
    assert sum(p.size for p in network.params.values()) == params
    assert heights(network) == maps
    assert network.output_shape == (10,)


def test_alexnet_mini_is_alexnet_cifar_at_a_third_of_the_width():
    mini, cifar = (models.build(f"alexnet-{name}").layers for name in ("mini", "cifar"))
    assert [layer.name for layer in mini] == [layer.name for layer in cifar]
    for small, large in zip(mini, cifar, strict=True):
        if small.params and small.name != "fc8":
            width, full = (layer.params["b"].size for layer in (small, large))
            assert 0.25 < width / full < 0.45


@pytest.mark.parametrize("name", models.MODELS)
def test_every_model_says_where_it_comes_from(name):
    assert models.MODELS[name].source


@pytest.mark.parametrize("name", ["alexnet-cifar", "alexnet-mini", "lenet5"])
def test_every_small_model_runs(name, form, workers, rng):
    network = models.build(name, classes=7, seed=3)
    x = rng.standard_normal((4, 32, 32, 3)).astype("float32")
    y = network.forward(x, train=True)
    assert y.shape == (4, 7)
    network.backward(np.ones_like(y))
    assert all(np.isfinite(g).all() and g.any() for g in network.grads.values())


def fits(size: int, *windows: tuple[int, int, int], ceil: bool = False) -> bool:
    """Whether windows of (kernel, stride, pad) can be applied one after the other."""
    for kernel, stride, pad in windows:
        rounded = math.ceil if ceil else math.floor
        size, ceil = 1 + rounded((size + 2 * pad - kernel) / stride), False
        if size < 1:
            return False
    return True


ALEXNET = ((11, 4, 0), (3, 2, 0), (5, 1, 2), (3, 2, 0), *[(3, 1, 1)] * 3, (3, 2, 0))
CIFAR = ((5, 1, 2), (3, 2, 0), (5, 1, 2), (3, 2, 0), *[(3, 1, 1)] * 3, (3, 2, 0))
LENET = ((5, 1, 0), (2, 2, 0), (5, 1, 0), (2, 2, 0))


@pytest.mark.parametrize(
    ("name", "windows", "ceil"),
    [
        ("alexnet-2012", ALEXNET, False),
        ("alexnet-2012-224", ALEXNET, True),
        ("alexnet-cifar", CIFAR, False),
        ("alexnet-mini", CIFAR, False),
        ("lenet5", LENET, False),
    ],
)
def test_the_smallest_picture_is_found(name, windows, ceil):
    smallest = next(size for size in range(1, 300) if fits(size, *windows, ceil=ceil))
    with pytest.raises(InputError, match=f"{name}: .*at least {smallest}x{smallest}"):
        models.build(name, image_size=smallest - 1)
    assert models.build(name, image_size=smallest).output_shape == (models.MODELS[name].classes,)


@pytest.mark.parametrize(
    ("size", "layer"),
    [(10, r"conv1 .* its 10x10"), (32, r"pool2 .* its 2x2"), (35, r"pool5 .* its 1x1")],
)
def test_the_layer_that_a_small_picture_does_not_fit_is_named(size, layer):
    with pytest.raises(InputError, match=rf"alexnet-2012: {layer} .*at least 67x67"):
        models.build("alexnet-2012", image_size=size)


def test_classes_and_image_size_may_be_chosen():
    network = models.build("alexnet-mini", classes=3, image_size=48)
    assert network.input_shape == (48, 48, 3)
    assert network.output_shape == (3,)


@pytest.mark.parametrize("option", ["classes", "image_size"])
@pytest.mark.parametrize("value", [0, -1])
def test_senseless_sizes_are_refused(option, value):
    with pytest.raises(InputError):
        models.build("lenet5", **{option: value})


def test_the_seed_decides_the_weights(dtype):
    first, same, other = (models.build("lenet5", seed=s, dtype=dtype).params for s in (1, 1, 2))
    assert {p.dtype.name for p in first.values()} == {dtype}
    assert all((first[name] == same[name]).all() for name in first)
    assert (first["conv1.W"] != other["conv1.W"]).any()


def test_an_unknown_model_suggests_the_nearest():
    with pytest.raises(InputError, match=r"'alexnet-2021'.*did you mean 'alexnet-2012'\?"):
        models.build("alexnet-2021")
