"""The models: sizes, parameters and multiply-adds as published.

Most tests look at shapes only: nobody wants to wait for the weights of VGG.
"""

import math
import tracemalloc

import numpy as np
import pytest
from thin import thin

from minialex import layers, models
from minialex.assembly import Plan
from minialex.errors import InputError
from minialex.network import Sequential

ALEXNET_PARAMS = [
    34_944, 307_456, 885_120, 663_936, 442_624, 37_752_832, 16_781_312, 4_097_000,
]  # fmt: skip
ALEXNET_NEURONS = [290_400, 186_624, 64_896, 64_896, 43_264, 4096, 4096, 1000]
PAPERS = ["alexnet-2012", "alexnet-2012-224", "alexnet-2012-coded"]
MAPS = ("conv", "local", "pool")


def weighted(network: Plan):
    """The rows of the layers that have parameters."""
    return [row for row in network.summary() if row.params]


def heights(network: Plan) -> list[int]:
    """The height of the map after every convolution and pooling."""
    return [row.output_shape[0] for row in network.summary() if row.kind in MAPS]


# Sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAPERS)
def test_alexnet_has_the_papers_sizes(name):
    alexnet = models.plan(name)
    assert [row.params for row in weighted(alexnet)] == ALEXNET_PARAMS
    assert [math.prod(row.output_shape) for row in weighted(alexnet)] == ALEXNET_NEURONS
    assert sum(ALEXNET_NEURONS) == 659_272
    assert alexnet.totals() == (60_965_224, 724_406_816)
    assert heights(alexnet) == [55, 27, 27, 13, 13, 13, 13, 6]
    assert [layer.groups for layer in alexnet.layers if layer.kind == "conv"] == [1, 2, 1, 2, 2]
    assert [layer.groups for layer in alexnet.layers if layer.kind == "lrn"] == [2, 2]


ONE_TOWER = [55, 27, 27, 13, 13, 13, 13, 6]
VGG11, VGG13 = (1, 1, 2, 2, 2), (2, 2, 2, 2, 2)
VGG16, VGG19 = (2, 2, 3, 3, 3), (2, 2, 4, 4, 4)


def vgg_maps(depths) -> list[int]:
    maps = []
    for size, depth in zip((224, 112, 56, 28, 14), depths, strict=True):
        maps += [size] * depth + [size // 2]
    return maps


@pytest.mark.parametrize(
    ("name", "options", "params", "maps"),
    [
        ("alexnet-merged", {}, 62_378_344, ONE_TOWER),
        ("alexnet-2012-coded", {}, 60_965_224, ONE_TOWER),
        ("alexnet-tf", {}, 2_469_696, [56, *ONE_TOWER[1:]]),
        ("alexnet-torch-96", {}, 62_378_344, ONE_TOWER),
        ("alexnet-torch-96", {"image_size": 227}, 62_378_344, [56, *ONE_TOWER[1:]]),
        ("alexnet-keras", {}, 62_378_344, ONE_TOWER),
        ("alexnet-half", {}, 14_601_930, ONE_TOWER),
        ("alexnet-half", {"classes": 1000}, 16_630_440, ONE_TOWER),
        ("alexnet-paddle", {}, 58_322_314, ONE_TOWER),
        ("alexnet-paddle-lrn", {}, 58_322_314, ONE_TOWER),
        ("torchvision-alexnet", {}, 61_100_840, ONE_TOWER),
        ("vgg11", {}, 132_863_336, vgg_maps(VGG11)),
        ("vgg13", {}, 133_047_848, vgg_maps(VGG13)),
        ("vgg16", {}, 138_357_544, vgg_maps(VGG16)),
        ("vgg19", {}, 143_667_240, vgg_maps(VGG19)),
        ("vgg11-512", {}, 22_333_834, vgg_maps(VGG11)),
        ("vgg13-512", {}, 22_518_346, vgg_maps(VGG13)),
        ("vgg16-512", {}, 27_828_042, vgg_maps(VGG16)),
        ("vgg19-512", {}, 33_137_738, vgg_maps(VGG19)),
        ("lenet5", {}, 62_006, [28, 14, 10, 5]),
        ("simple-cnn", {}, 39_080, [28, 14, 10, 5]),
        ("alexnet-cifar", {}, 5_341_514, [32, 15, 15, 7, 7, 7, 7, 3]),
        ("cuda-convnet-80sec", {}, 145_578, [32, 16, 16, 8, 8, 4]),
        ("cuda-convnet-19pct", {}, 89_578, [32, 16, 16, 8, 8, 4]),
        ("cuda-convnet-18pct", {}, 89_578, [32, 16, 16, 8, 8, 4]),
        ("figure1-relu", {}, 89_578, [32, 16, 16, 8, 8, 4]),
        ("figure1-tanh", {}, 89_578, [32, 16, 16, 8, 8, 4]),
        ("cuda-convnet-13pct", {}, 1_116_490, [24, 12, 12, 6, 6, 6]),
        ("cuda-convnet-13pct", {"image_size": 32}, 1_901_386, [32, 16, 16, 8, 8, 8]),
        ("cuda-convnet-11pct", {}, 2_112_970, [24, 12, 12, 6, 6, 6]),
        ("cuda-convnet-11pct", {"image_size": 32}, 3_672_906, [32, 16, 16, 8, 8, 8]),
    ],
)  # fmt: skip
def test_parameters_and_maps(name, options, params, maps):
    network = models.plan(name, **options)
    assert network.totals()[0] == params
    assert heights(network) == maps


@pytest.mark.parametrize(
    ("sizes", "names"),
    [
        ((227, 1000), ["alexnet-2012", "alexnet-merged", "alexnet-keras"]),
        ((224, 1000), ["alexnet-2012-224", "alexnet-2012-coded", "alexnet-torch-96",
                       "torchvision-alexnet", "vgg11", "vgg13", "vgg16", "vgg19"]),
        ((224, 10), ["alexnet-half", "vgg11-512", "vgg13-512", "vgg16-512", "vgg19-512"]),
        ((227, 10), ["alexnet-paddle", "alexnet-paddle-lrn"]),
        ((32, 10), ["lenet5", "simple-cnn", "alexnet-cifar", "alexnet-mini", "cuda-convnet-80sec",
                    "cuda-convnet-19pct", "cuda-convnet-18pct", "figure1-relu", "figure1-tanh"]),
        ((24, 10), ["cuda-convnet-13pct", "cuda-convnet-11pct"]),
        ((224, None), ["alexnet-tf"]),
    ],
)  # fmt: skip
def test_pictures_and_classes_are_those_of_the_source(sizes, names):
    assert {(models.MODELS[name].image_size, models.MODELS[name].classes) for name in names} == {
        sizes
    }
    for name in names:
        output = models.plan(name).output_shape
        assert output == ((sizes[1],) if sizes[1] else (6, 6, 256))


def test_the_usual_mistake_with_224_pixels():
    """Rounded down and without padding, AlexNet's maps and its parameters are others."""
    network = models.plan("alexnet-2012", image_size=224)
    assert heights(network) == [54, 26, 26, 12, 12, 12, 12, 5]
    assert network.totals()[0] == 49_430_888


def test_a_post_pairs_dense_layers_of_one_tower_with_convolutions_of_two():
    """Its table of sizes has 2048 units behind 96 ... 256 filters: the sum is no AlexNet's."""
    table = thin(models.MODELS["alexnet-merged"].layers, units=2048)
    for entry, (_, whole) in zip(table, _entries("alexnet-merged"), strict=True):
        layer = entry[1] if isinstance(entry, tuple) else entry
        if layer.kind == "conv":
            layer.filters = whole.filters
    table[-1][1].units = 1000
    assert Plan(table, (227, 227, 3)).totals()[0] == 28_868_968


def _entries(name):
    return [e if isinstance(e, tuple) else ("", e) for e in models.MODELS[name].layers]


def test_alexnet_mini_is_alexnet_cifar_at_a_third_of_the_width():
    mini, cifar = (weighted(models.plan(f"alexnet-{name}")) for name in ("mini", "cifar"))
    assert [row.name for row in mini] == [row.name for row in cifar]
    for small, large in zip(mini[:-1], cifar[:-1], strict=True):
        assert 0.25 < small.output_shape[-1] / large.output_shape[-1] < 0.45


def test_a_plan_counts_what_is_built():
    """Also the layers with a parameter for every position, and those of dense layers."""
    for name in ("cuda-convnet-13pct", "lenet5", "cuda-convnet-18pct"):
        network, plan = models.build(name), models.plan(name)
        assert plan.totals() == network.totals()
        assert plan.totals()[0] == sum(p.size for p in network.params.values())
        assert plan.summary() == network.summary()


def test_a_plan_allocates_no_weights():
    models.plan("lenet5").summary()  # what is loaded once
    tracemalloc.start()
    models.plan("vgg19").summary()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1e6  # the weights are 575 MB


def test_a_readers_layer_need_not_tell_its_shapes_to_be_counted():
    class Scale(layers.ReLU):
        def build(self, input_shape, rng, dtype="float32"):
            self.params = {"a": np.ones(input_shape[-1:], dtype)}
            self.grads = {"a": np.zeros(input_shape[-1:], dtype)}

    assert Sequential([Scale()], (4, 4, 3)).summary()[0].params == 3


# Use ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", models.MODELS)
def test_every_model_says_where_it_comes_from(name):
    model = models.MODELS[name]
    assert model.source.isascii()  # for any terminal
    assert model.differs.isascii()
    assert len(model.source) <= 100
    posts = ("alexnet-merged", "alexnet-tf", "alexnet-torch-96", "alexnet-keras", "alexnet-half")
    if name in posts or name.startswith("alexnet-paddle") or name.endswith("-512"):
        assert "post" in model.source
        assert model.differs


SMALL = [name for name, model in models.MODELS.items() if model.image_size <= 32]


@pytest.mark.parametrize("name", SMALL)
def test_every_small_model_runs(name, form, workers, rng):
    network = models.build(name, classes=7, seed=3)
    x = rng.standard_normal((4, *network.input_shape)).astype("float32")
    y = network.forward(x, train=True)
    assert y.shape == (4, 7)
    network.backward(np.ones_like(y))
    assert all(np.isfinite(g).all() and g.any() for g in network.grads.values())


@pytest.mark.parametrize("name", [name for name in models.MODELS if name not in SMALL])
def test_every_large_model_runs_with_few_channels(name, rng):
    table = thin(models.MODELS[name].layers, channels=4)
    network = Sequential(table, (models.MODELS[name].image_size,) * 2 + (3,), seed=3)
    x = rng.standard_normal((2, *network.input_shape)).astype("float32")
    y = network.forward(x, train=True)
    network.backward(rng.standard_normal(y.shape).astype("float32"))
    assert np.isfinite(y).all()
    assert all(np.isfinite(g).all() for g in network.grads.values())
    assert y.shape[1:] == network.output_shape


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
        ("simple-cnn", LENET, False),
        ("vgg16", ((2, 2, 0),) * 5, False),
        ("torchvision-alexnet", ((11, 4, 2), *ALEXNET[1:]), False),
    ],
)
def test_the_smallest_picture_is_found(name, windows, ceil):
    smallest = next(size for size in range(1, 300) if fits(size, *windows, ceil=ceil))
    with pytest.raises(InputError, match=f"{name}: .*at least {smallest}x{smallest}"):
        models.build(name, image_size=smallest - 1)
    assert models.plan(name, image_size=smallest).output_shape == (models.MODELS[name].classes,)


@pytest.mark.parametrize(
    ("size", "layer"),
    [(10, r"conv1 .* its 10x10"), (32, r"pool2 .* its 2x2"), (35, r"pool5 .* its 1x1")],
)
def test_the_layer_that_a_small_picture_does_not_fit_is_named(size, layer):
    with pytest.raises(InputError, match=rf"alexnet-2012: {layer} .*at least 67x67"):
        models.build("alexnet-2012", image_size=size)


@pytest.mark.parametrize("name", ["alexnet-paddle", "alexnet-paddle-lrn"])
def test_a_posts_network_collapses_on_the_pictures_that_it_was_trained_on(name):
    """32 pixels: 6, 3, 3, 1, 1, and nothing is left for the last pool."""
    told = rf"{name}: pool5 \(3x3, stride 2\) does not fit its 1x1 input.*at least 37x37"
    with pytest.raises(InputError, match=told):
        models.build(name, image_size=32)
    assert heights(models.plan(name, image_size=37))[-1] == 1


def test_a_network_without_a_classifier_has_no_classes():
    assert models.plan("alexnet-tf").output_shape == (6, 6, 256)
    with pytest.raises(
        InputError, match=r"alexnet-tf ends without a classifier.*Linear\(classes\)"
    ):
        models.build("alexnet-tf", classes=10)
    table = [*models.MODELS["alexnet-tf"].layers, layers.Flatten(), layers.Linear(10)]
    assert Sequential(table, (67, 67, 3)).output_shape == (10,)  # the remedy that it names


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
