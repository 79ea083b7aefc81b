"""The models, layer by layer: the order, the settings and the first weights of their sources.

A count of parameters does not see a ReLU on the wrong side of a pool, nor a wrong alpha.
"""

import pytest
import torch
from torch import nn

from minialex import layers, models

PAPERS = ["alexnet-2012", "alexnet-2012-224", "alexnet-2012-coded"]


def order(name: str) -> str:
    """The kinds of the layers."""
    return " ".join(layer.kind for layer in models.plan(name).layers)


CONVS = "conv relu {0}pool conv relu {0}pool conv relu conv relu conv relu pool flatten "


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alexnet-cifar", CONVS.format("lrn ") + "dropout fc relu dropout fc relu fc"),
        ("alexnet-mini", CONVS.format("lrn ") + "dropout fc relu dropout fc relu fc"),
        ("alexnet-cifar-no-lrn", CONVS.format("") + "dropout fc relu dropout fc relu fc"),
        ("alexnet-mini-no-lrn", CONVS.format("") + "dropout fc relu dropout fc relu fc"),
        ("alexnet-tf-cifar", CONVS.format("lrn ") + "fc"),
        ("lenet5", "conv relu pool conv relu pool flatten fc relu fc relu fc"),
    ],
)
def test_networks_for_cifar_are_ordered_as_they_say(name, expected):
    assert order(name) == expected


def test_settings_of_the_networks_for_cifar():
    for name in ("alexnet-cifar", "alexnet-mini"):
        plan = models.plan(name)
        norms = [layer for layer in plan.layers if layer.kind == "lrn"]
        assert {(n.n, n.k, n.c, n.beta) for n in norms} == {(5, 2.0, 1e-4, 0.75)}
        assert {layer.p for layer in plan.layers if layer.kind == "dropout"} == {0.5}
    [one, two] = [layer for layer in models.plan("alexnet-tf-cifar").layers if layer.kind == "lrn"]
    assert (one.n, one.k, one.c, one.beta) == (two.n, two.k, two.c, two.beta)
    assert (one.n, one.k, one.c, one.beta) == (5, 2.0, 1e-4, 0.75)  # as printed: radius 2, bias 2
    weights = models.build("alexnet-tf-cifar").params["conv3.W"]  # sigma .1, cut off at two of them
    assert 0.087 < weights.std() < 0.089
    assert abs(weights).max() <= 0.2


def test_first_weights_where_nothing_is_said_are_hes():
    """Kaiming He et al. 2015: variance 2 / fan-in; biases zero."""
    params = models.build("alexnet-cifar").params
    for name, fan_in in (("conv2.W", 25 * 64), ("fc6.W", 9 * 256), ("fc7.W", 1024)):
        assert params[name].std() == pytest.approx((2 / fan_in) ** 0.5, rel=0.01)
    assert not any(p.any() for name, p in params.items() if name.endswith(".b"))


def test_defaults_of_layers_are_those_of_their_sources():
    assert layers.LeakyReLU().slope == nn.LeakyReLU().negative_slope == 0.01
    assert layers.Dropout().p == nn.Dropout().p == 0.5
    prelu = layers.PReLU()
    prelu.build((3,), None, "float64")
    assert (prelu.params["a"] == nn.PReLU().weight.item()).all()


@pytest.mark.parametrize("name", ["alexnet-2012", "alexnet-2012-224", "alexnet-merged"])
def test_alexnet_is_ordered_as_in_the_paper(name):
    """LRN behind ReLU and before pooling; dropout behind the two hidden dense layers."""
    assert order(name) == (
        "conv relu lrn pool conv relu lrn pool conv relu conv relu conv relu pool "
        "flatten fc relu dropout fc relu dropout fc"
    )


def test_alexnets_code_rectifies_behind_two_pools_and_normalises_conv2_twice():
    assert order("alexnet-2012-coded") == (
        "conv lrn pool relu conv relu lrn maplrn pool conv relu conv relu conv pool relu "
        "flatten fc relu dropout fc relu dropout fc"
    )


def test_alexnets_code_rounds_up():
    """55 of 224 pixels: the same as three zeros below and to the right."""
    for name in ("alexnet-2012-224", "alexnet-2012-coded"):
        conv1 = models.plan(name).layers[0]
        assert conv1.geometry((224, 224, 3)).pad == (0, 3, 0, 3)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("alexnet-tf", "conv relu lrn pool conv relu lrn pool conv relu conv relu conv relu pool"),
        ("alexnet-keras",
         "conv relu pool conv relu pool conv relu conv relu conv relu pool "
         "flatten fc relu dropout fc relu dropout fc"),
        ("alexnet-half",
         "pad conv relu pool conv relu pool conv relu conv relu conv relu pool "
         "flatten dropout fc relu dropout fc relu fc"),
        ("alexnet-paddle",
         "conv relu pool conv relu pool conv relu conv relu conv relu pool "
         "flatten fc relu dropout fc relu dropout fc"),
        ("alexnet-paddle-lrn",
         "conv relu lrn pool conv relu lrn pool conv relu conv relu conv relu pool "
         "flatten fc relu dropout fc relu dropout fc"),
        ("vgg11",
         "conv relu pool conv relu pool conv relu conv relu pool conv relu conv relu pool "
         "conv relu conv relu pool flatten fc relu dropout fc relu dropout fc"),
        ("vgg11-512",
         "conv relu pool conv relu pool conv relu conv relu pool conv relu conv relu pool "
         "conv relu conv relu pool flatten dropout fc relu dropout fc relu fc"),
        ("simple-cnn", "conv relu pool conv relu pool flatten fc"),
        ("cuda-convnet-80sec",
         "conv pool relu conv relu pool conv relu pool flatten fc relu fc"),
        ("cuda-convnet-19pct", "conv pool relu conv relu pool conv relu pool flatten fc"),
        ("figure1-relu", "conv pool relu conv relu pool conv relu pool flatten fc"),
        ("figure1-tanh", "conv pool tanh conv tanh pool conv tanh pool flatten fc"),
        ("cuda-convnet-18pct",
         "conv pool relu maplrn conv relu pool maplrn conv relu pool flatten fc"),
        ("cuda-convnet-13pct",
         "conv relu pool conv relu pool local relu local relu flatten fc"),
        ("cuda-convnet-11pct",
         "conv relu pool lrn conv relu lrn pool local relu local relu flatten fc"),
    ],
)  # fmt: skip
def test_the_order_is_that_of_the_source(name, expected):
    assert order(name) == expected


@pytest.mark.parametrize(
    ("names", "constants"),
    [
        (["alexnet-2012", "alexnet-2012-224", "alexnet-merged"], (5, 2, 1e-4, 0.75)),
        (["alexnet-2012-coded"], (5, 2, 2e-5, 0.75)),
        (["alexnet-tf", "alexnet-cifar", "alexnet-mini"], (5, 2, 1e-4, 0.75)),
        (["alexnet-paddle-lrn"], (5, 1, 2e-5, 0.75)),
        (["cuda-convnet-11pct"], (9, 1, 1e-3 / 9, 0.75)),
    ],
)
def test_lrn_has_the_constants_of_its_house(names, constants):
    """n, k, the factor c of the sum of squares, beta: four conventions under one name."""
    for name in names:
        found = [
            (layer.n, layer.k, layer.c, layer.beta)
            for layer in models.plan(name).layers
            if layer.kind == "lrn"
        ]
        assert len(found) == 2
        assert all(each == pytest.approx(constants) for each in found)


@pytest.mark.parametrize(
    ("name", "constants"),
    [
        ("alexnet-2012-coded", [(5, 1, 1e-3, 0.75)]),
        ("cuda-convnet-18pct", [(3, 1, 5e-5, 0.75)] * 2),
    ],
)
def test_the_norm_within_maps_has_the_constants_of_the_files(name, constants):
    norms = [layer for layer in models.plan(name).layers if layer.kind == "maplrn"]
    assert [(norm.size, norm.k, norm.alpha, norm.beta) for norm in norms] == constants


AVERAGING = ["cuda-convnet-80sec", "cuda-convnet-19pct", "cuda-convnet-18pct",
             "figure1-relu", "figure1-tanh"]  # fmt: skip
ROUNDING_UP = ("cuda-convnet", "figure1", "alexnet-2012-coded", "alexnet-paddle")


@pytest.mark.parametrize("name", models.MODELS)
def test_pools_average_and_round_up_where_the_source_does(name):
    pools = [layer for layer in models.plan(name).layers if layer.kind == "pool"]
    kinds = [type(pool) for pool in pools]
    if name in AVERAGING:
        assert kinds == [layers.MaxPool2d, layers.AvgPool2d, layers.AvgPool2d]
    else:
        assert set(kinds) == {layers.MaxPool2d}
    assert {pool.rounding for pool in pools} == {
        "ceil" if name.startswith(ROUNDING_UP) else "floor"
    }
    tiled = name.startswith(("vgg", "lenet", "simple"))
    sizes = ((2, 2), (2, 2), 0) if tiled else ((3, 3), (2, 2), 0)
    assert {(pool.kernel, pool.stride, pool.pad) for pool in pools} == {sizes}


@pytest.mark.parametrize(
    ("name", "dropouts"),
    [
        ("alexnet-2012", [(0.5, "paper")] * 2),
        ("alexnet-2012-coded", [(0.5, "paper")] * 2),
        ("alexnet-half", [(0.2, "inverted")] * 2),
        ("alexnet-keras", [(0.5, "inverted")] * 2),
        ("alexnet-paddle", [(0.5, "paper")] * 2),
        ("torchvision-alexnet", [(0.5, "inverted")] * 2),
        ("vgg16", [(0.5, "inverted")] * 2),
        ("vgg16-512", [(0.5, "inverted")] * 2),
    ],
)
def test_dropout(name, dropouts):
    found = [layer for layer in models.plan(name).layers if layer.kind == "dropout"]
    assert [(layer.p, layer.mode) for layer in found] == dropouts


def torch_alexnet(filters) -> nn.Sequential:
    """torchvision's module, and the post's, which has other numbers of filters; without weights."""
    a, b, c, d, e = filters
    return nn.Sequential(
        nn.Conv2d(3, a, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(a, b, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(b, c, 3, padding=1), nn.ReLU(),
        nn.Conv2d(c, d, 3, padding=1), nn.ReLU(),
        nn.Conv2d(d, e, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Flatten(), nn.Dropout(),
        nn.Linear(e * 36, 4096), nn.ReLU(), nn.Dropout(),
        nn.Linear(4096, 4096), nn.ReLU(),
        nn.Linear(4096, 1000),
    ).to("meta")  # fmt: skip


@pytest.mark.parametrize(
    ("name", "filters"),
    [
        ("alexnet-torch-96", (96, 256, 384, 384, 256)),
        ("torchvision-alexnet", (64, 192, 384, 256, 256)),
    ],
)
@pytest.mark.parametrize("image_size", [224, 227])
def test_pytorchs_alexnets_layer_by_layer(name, filters, image_size):
    with torch.device("meta"):
        module = torch_alexnet(filters)
        h = torch.empty(1, 3, image_size, image_size)
    kinds = {"Conv2d": "conv", "MaxPool2d": "pool", "Linear": "fc"}
    rows = models.plan(name, image_size=image_size).summary()
    for row, theirs in zip(rows, module, strict=True):
        h = theirs(h)
        kind = type(theirs).__name__
        assert row.kind == kinds.get(kind, kind.lower())
        assert row.params == sum(p.numel() for p in theirs.parameters())
        shape = row.output_shape
        assert tuple(h.shape[1:]) == ((shape[2], *shape[:2]) if len(shape) == 3 else shape)


def test_vggs_layers_have_the_names_of_the_authors_models():
    names = [layer.name for layer in models.plan("vgg16").layers if layer.kind in ("conv", "fc")]
    assert " ".join(names) == (
        "conv1_1 conv1_2 conv2_1 conv2_2 conv3_1 conv3_2 conv3_3 conv4_1 conv4_2 conv4_3 "
        "conv5_1 conv5_2 conv5_3 fc6 fc7 fc8"
    )


# First weights --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "convolutions", "denses"),
    [
        ("alexnet-2012", ["gaussian(0.01)"] * 5, ["gaussian(0.01)"] * 3),
        ("alexnet-2012-coded",
         ["gaussian(0.01)"] * 2 + ["gaussian(0.03)"] * 3, ["gaussian(0.01)"] * 3),
        ("alexnet-merged", ["gaussian(0.01)"] * 5, ["gaussian(0.01)"] * 3),
        ("alexnet-tf", ["truncated(0.1)"] * 5, []),
        ("alexnet-torch-96", ["uniform"] * 5, ["uniform"] * 3),
        ("torchvision-alexnet", ["uniform"] * 5, ["uniform"] * 3),
        ("alexnet-keras", ["glorot"] * 5, ["glorot"] * 3),
        ("alexnet-half", ["glorot"] * 5, ["glorot"] * 3),
        ("alexnet-paddle", ["he"] * 5, ["lecun"] * 3),
        ("vgg11", ["glorot"] * 8, ["glorot"] * 3),
        ("vgg16-512", ["glorot"] * 13, ["glorot"] * 3),
        ("figure1-relu", ["he"] * 3, ["lecun"]),
        ("figure1-tanh", ["lecun"] * 3, ["lecun"]),
        ("cuda-convnet-80sec",
         ["gaussian(0.0001)", "gaussian(0.01)", "gaussian(0.01)"], ["gaussian(0.1)"] * 2),
        ("cuda-convnet-19pct",
         ["gaussian(0.0001)", "gaussian(0.01)", "gaussian(0.01)"], ["gaussian(0.01)"]),
        ("cuda-convnet-18pct",
         ["gaussian(0.0001)", "gaussian(0.01)", "gaussian(0.01)"], ["gaussian(0.01)"]),
        ("cuda-convnet-13pct",
         ["gaussian(0.0001)", "gaussian(0.01)", "gaussian(0.04)", "gaussian(0.04)"],
         ["gaussian(0.01)"]),
        ("cuda-convnet-11pct",
         ["gaussian(0.0001)", "gaussian(0.01)", "gaussian(0.04)", "gaussian(0.04)"],
         ["gaussian(0.01)"]),
    ],
)  # fmt: skip
def test_weights_start_as_the_source_says(name, convolutions, denses):
    found = models.plan(name).layers
    assert [la.init.__name__ for la in found if la.kind in ("conv", "local")] == convolutions
    assert [la.init.__name__ for la in found if la.kind == "fc"] == denses


ONES = {"conv2", "conv4", "conv5", "fc6", "fc7"}  # section 5 of the paper


@pytest.mark.parametrize("name", models.MODELS)
def test_biases_start_at_one_where_the_paper_says_so(name):
    biases = {la.name: la.bias for la in models.plan(name).layers if hasattr(la, "bias")}
    if name in (*PAPERS, "alexnet-merged"):
        assert biases == {layer: float(layer in ONES) for layer in biases}
    elif name in ("alexnet-torch-96", "torchvision-alexnet"):
        assert {bias.__name__ for bias in biases.values()} == {"uniform_bias"}
    else:
        assert set(biases.values()) == {0}


def test_alexnet_starts_as_the_paper_says():
    alexnet = models.build("alexnet-2012")
    ones = {name for name, p in alexnet.params.items() if name.endswith(".b") and (p == 1).all()}
    assert ones == {f"{name}.b" for name in ONES}
    assert not any(alexnet.params[f"{name}.b"].any() for name in ("conv1", "conv3", "fc8"))
    for name in ("conv1.W", "conv5.W", "fc8.W"):
        assert alexnet.params[name].std() == pytest.approx(0.01, rel=0.02)


def test_a_network_for_cifar_starts_as_its_file_says():
    params = models.build("cuda-convnet-11pct").params
    sigmas = {name: p.std() for name, p in params.items() if name.endswith(".W")}
    assert sigmas == pytest.approx(
        {"conv1.W": 1e-4, "conv2.W": 0.01, "local3.W": 0.04, "local4.W": 0.04, "fc10.W": 0.01},
        rel=0.03,
    )
    assert not any(p.any() for name, p in params.items() if name.endswith(".b"))
