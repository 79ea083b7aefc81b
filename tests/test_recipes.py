"""Recipes: every number against its source, and every recipe as a training that runs."""

import copy
import dataclasses

import numpy as np
import pytest

from minialex import cli, models, parts, recipes, run
from minialex.data import Dataset, Splits
from minialex.errors import InputError
from minialex.layers import Conv2d, Linear, LocallyConnected2d
from minialex.train import fit

ALL = sorted(recipes.RECIPES)
PICTURES = 50_000  # of CIFAR-10, for schedules


def names(model: str) -> dict[str, tuple[int, ...]]:
    """Shapes of the parameters of a model, none of which is made."""
    steps = models.plan(model).steps()
    return {f"{la.name}.{k}": s for la, x, _ in steps for k, s in la.param_shapes(x).items()}


def rates(recipe: str, epoch: int) -> dict[str, float]:
    """The learning rate of every parameter in an epoch, counted from 1."""
    config = recipes.config(recipe)
    schedule = parts.schedule(config, PICTURES)
    steps = -(-PICTURES // config.batch_size)
    scale = parts.lr_scale(config, names(config.model), epoch - 1)
    first, last = (schedule.lr(step) for step in ((epoch - 1) * steps, epoch * steps - 1))
    assert first == last
    return {name: first * factor for name, factor in scale.items()}


def decays(recipe: str) -> dict[str, float]:
    config = recipes.config(recipe)
    params = {name: np.zeros(1) for name in names(config.model)}
    return parts.optimiser(config, params).decay


def small(table: models.Table) -> models.Table:
    """The same layers, with 4 filters and 8 units."""
    layers = []
    for entry in copy.deepcopy(table):
        layer = entry[1] if isinstance(entry, tuple) else entry
        if isinstance(layer, Conv2d | LocallyConnected2d):
            layer.filters = 4
        elif isinstance(layer, Linear) and entry is not table[-1]:
            layer.units = min(layer.units, 8)
        layers.append(entry)
    return tuple(layers)


@pytest.mark.parametrize("name", ALL)
def test_every_recipe_trains_its_model(name, monkeypatch, tmp_path):
    """On a few pictures, with few filters; all patterns meet the names of the real model."""
    config = recipes.config(name)
    parts.optimiser(config, {n: np.zeros(1) for n in names(config.model)})
    model = models.MODELS[config.model]
    monkeypatch.setitem(models.MODELS, config.model, model._replace(layers=small(model.layers)))
    size, rng = config.load_size or config.image_size, np.random.default_rng(0)
    images = rng.integers(0, 256, (9, size, size, 3), dtype=np.uint8)
    labels = np.arange(9) % 3
    parts_of = (Dataset(images[i], labels[i], ("a", "b", "c"), "few")
                for i in (slice(6), slice(6, 9)))  # fmt: skip
    network = models.build(config.model, classes=3, image_size=config.image_size)
    val_size = config.val_size and 2
    settings = dataclasses.replace(config, epochs=1, val_size=val_size, threads=1)
    history = fit(network, Splits(*parts_of), settings, folder=tmp_path)
    assert history.result.test_accuracy is not None
    assert (history.result.val_accuracy is None) == (config.val_size == 0)
    stored = run.read_config(tmp_path)[1]
    assert (stored.recipe, stored.pixels) == (name, config.pixels)


@pytest.mark.parametrize("name", ALL)
def test_every_recipe_says_its_scale_and_how_long_it_trains(name):
    values = recipes.get(name).values
    assert values.keys() >= {
        "model", "data", "image_size", "pixels", "mean", "epochs", "batch_size", "lr", "momentum",
        "weight_decay", "schedule", "flip", "crop",
    }  # fmt: skip
    assert "Pixels are" in " ".join(recipes.get(name).notes)


def test_krizhevskys_rates():
    """Run 145: weights 25 epochs at .01, to 51 at .001, to 79 at 1e-4; biases always at .02."""
    for epoch, expected in ((1, 1e-2), (25, 1e-2), (26, 1e-3), (51, 1e-3), (52, 1e-4), (79, 1e-4),
                            (80, 1e-5), (91, 1e-5)):  # fmt: skip
        found = rates("krizhevsky", epoch)
        assert found["fc8.W"] == pytest.approx(expected)
        assert found["conv2.b"] == pytest.approx(0.02)
    conv1 = {epoch: rates("krizhevsky", epoch) for epoch in (67, 68, 72, 73, 91)}
    assert [found["conv1.W"] for found in conv1.values()] == pytest.approx([1e-4, 1e-5, 1e-5, 0, 0])
    assert [found["conv1.b"] for found in conv1.values()] == pytest.approx([0.02] * 3 + [0, 0])
    assert recipes.config("krizhevsky").epochs == 91


def test_krizhevskys_decay_spares_biases():
    for name, decay in decays("krizhevsky").items():
        assert decay == (5e-4 if name.endswith(".W") else 0)


def test_what_the_paper_and_its_code_share():
    paper, coded = map(recipes.config, ("paper", "krizhevsky"))
    for config in (paper, coded):
        assert (config.load_size, config.image_size, config.crop, config.flip) == (
            256,
            224,
            0,
            True,
        )
        assert (config.batch_size, config.lr, config.momentum) == (128, 0.01, 0.9)
        assert (config.weight_decay, config.views) == (5e-4, 10)
        assert (config.pixels, config.mean, config.optimiser) == ("0-255", "image", "sgd")
    assert (paper.epochs, paper.schedule, paper.colour, paper.crop_chunk) == (
        90, "plateau", "paper", 1,
    )  # fmt: skip
    assert paper.lr_scale == {}  # "an equal learning rate for all layers"
    assert (coded.colour, coded.colour_epochs, coded.crop_chunk) == ("coded", 67, 32)
    assert coded.val_size == 0


def test_the_two_curves_of_figure_1_differ_in_the_unit_and_in_the_rate():
    relu, tanh = (recipes.config(f"figure1-{name}") for name in ("relu", "tanh"))
    assert dataclasses.replace(relu, recipe=tanh.recipe, model=tanh.model, lr=tanh.lr) == tanh
    for name in ("relu", "tanh"):  # "no regularization of any kind was employed"
        assert set(decays(f"figure1-{name}").values()) == {0.0}
    assert (relu.flip, relu.crop, relu.colour, relu.val_size) == (False, 0, "none", 0)


FIVE = {  # wc of the files layer-params-*.cfg: (convolutions, local layers, dense layers)
    "80sec": (0.004, None, 0.03), "19pct": (0.004, None, 3.0), "18pct": (0.004, None, 1.0),
    "13pct": (0.0, 0.004, 0.004), "11pct": (0.0, 0.004, 0.01),
    "13pct-all": (0.0, 0.004, 0.004), "11pct-all": (0.0, 0.004, 0.01),
}  # fmt: skip


@pytest.mark.parametrize("name", FIVE)
def test_decay_and_first_rates_of_cuda_convnet(name):
    wanted = dict(zip(("conv", "local", "fc"), FIVE[name], strict=True))
    found = decays(f"cuda-convnet-{name}")
    assert found == {n: wanted[n.split(".")[0].rstrip("0123456789")] if n.endswith("W") else 0.0
                     for n in found}  # fmt: skip
    for parameter, rate in rates(f"cuda-convnet-{name}", 1).items():
        assert rate == pytest.approx(0.001 if parameter.endswith(".W") else 0.002)
    config = recipes.config(f"cuda-convnet-{name}")
    assert (config.batch_size, config.momentum) == (128, 0.9)
    assert (config.pixels, config.mean, config.data) == ("0-255", "image", "cifar10")


@pytest.mark.parametrize(
    ("name", "drops", "epochs", "biases"),
    [
        ("80sec", (8,), 10, (2e-3, 2e-4)),
        ("18pct", (120, 130), 140, (2e-3, 2e-4, 2e-5)),
        ("13pct", (), 100, (2e-3,)),
        ("13pct-all", (40, 50), 60, (2e-3,) * 3),
        ("11pct", (), 350, (2e-3,)),
        ("11pct-all", (150, 160), 170, (2e-3,) * 3),
    ],
)
def test_rates_of_cuda_convnet_over_time(name, drops, epochs, biases):
    assert recipes.config(f"cuda-convnet-{name}").epochs == epochs
    starts = (0, *drops)
    for k, (start, end, bias) in enumerate(zip(starts, (*drops, epochs), biases, strict=True)):
        for epoch in (start + 1, end):
            found = rates(f"cuda-convnet-{name}", epoch)
            assert found["fc10.W"] == pytest.approx(0.001 / 10**k)
            assert found["conv1.b"] == pytest.approx(bias)


def test_the_shortened_training_differs_from_its_second_stage_in_the_schedule_alone():
    short, whole = (recipes.config(f"cuda-convnet-11pct-{name}") for name in ("short", "all"))
    schedule = ("epochs", "schedule", "lr", "milestones", "lr_changes", "init_all", "recipe")
    assert dataclasses.replace(short, **{n: getattr(whole, n) for n in schedule}) == whole
    lr = parts.schedule(short, PICTURES).lr
    falls = [lr(epoch * 391) for epoch in (10, 55, 100)]
    assert falls == pytest.approx([0.004, 0.002, 0], abs=1e-9)
    assert lr(0) < 0.004 / 3900
    assert short.lr_scale == {"*.b": 2}


def test_pictures_of_cuda_convnet():
    for name in ("80sec", "19pct", "18pct"):
        config = recipes.config(f"cuda-convnet-{name}")
        assert (config.image_size, config.load_size, config.crop, config.views) == (32, None, 0, 1)
        assert not config.flip
        assert config.val_size == 0
    for name, views, val_size in (("13pct", 10, 10_000), ("13pct-all", 10, 0),
                                  ("11pct", 10, 10_000), ("11pct-all", 10, 0),
                                  ("11pct-short", 10, 0)):  # fmt: skip
        config = recipes.config(f"cuda-convnet-{name}")
        assert (config.image_size, config.load_size, config.crop) == (24, 32, 0)
        assert (config.views, config.val_size, config.flip) == (views, val_size, True)
        assert config.init_all == name.endswith("-all")


def test_the_posts_in_keras():
    config = recipes.config("keras-monkeys")
    assert (config.optimiser, config.lr, config.weight_decay) == ("keras-adam", 0.001, 0)
    assert (config.batch_size, config.epochs, config.seed, config.image_size) == (32, 10, 7, 224)
    assert (config.rotate, config.shift, config.shear, config.zoom) == (40, 0.2, 0.2, 0.2)
    assert (config.flip, config.vertical_flip, config.crop) == (True, True, 0)
    assert (config.pixels, config.mean, config.schedule) == ("0-1", "none", "constant")


def test_the_post_in_paddle():
    config = recipes.config("paddle-cifar")
    assert (config.lr / 128, config.weight_decay * 128) == (0.1 / 128, 0.0002 * 128)  # as printed
    assert (config.lr_factor, config.lr_samples, config.epochs) == (0.1, 50_000 * 100, 200)
    assert rates("paddle-cifar", 100)["fc8.W"] == pytest.approx(0.1)
    assert rates("paddle-cifar", 101)["fc8.W"] == pytest.approx(0.01)
    assert set(decays("paddle-cifar").values()) == {2e-4}  # biases as well
    assert (config.flip, config.crop, config.pixels, config.mean) == (False, 0, "0-1", "none")
    with pytest.raises(InputError, match="at least 37x37"):
        models.plan(config.model, image_size=config.image_size - 1)


def test_an_unknown_recipe_suggests_the_nearest():
    with pytest.raises(InputError, match=r"'krizhevski'.*did you mean 'krizhevsky'\?"):
        recipes.get("krizhevski")


def test_the_command_lists_recipes_and_prints_every_value(capsys):
    assert cli.main(["recipes"]) == 0
    listed = capsys.readouterr().out
    for name, recipe in recipes.RECIPES.items():
        assert f" {name} " in listed
        assert recipe.title in listed
        assert cli.main(["recipes", name]) == 0
        printed = capsys.readouterr().out
        assert recipe.source in printed
        assert all(note in printed for note in recipe.notes)
        assert all(f"\n {key} " in printed for key in recipe.values)
    assert cli.main(["recipes", "papper"]) == 2
    assert "did you mean 'paper'" in capsys.readouterr().err
