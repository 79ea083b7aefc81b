"""The diagram of a network: what it shows is what the network is."""

import re
from itertools import pairwise

import pytest
from PIL import Image

from minialex import cli, models, plot
from minialex.layers import Conv2d, Flatten, Linear, MaxPool2d
from minialex.network import Sequential
from minialex.plot.arrange import WIDTH, arranged
from minialex.plot.blocks import TIMES, Scale, blocks, towers_of
from minialex.plot.page import svg


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("name", models.MODELS)
def test_every_layer_is_named_with_its_shape_inside_the_figure(name):
    plan = models.plan(name)
    figure = plot.model(plan)
    written = texts(figure)
    for layer, _, after in plan.steps():
        if layer.kind in ("conv", "local", "pool", "fc"):
            i = written.index(layer.name)
            assert written[i + 1] == TIMES.join(map(str, after))
    params, work = plan.totals()
    assert f"{params:,} parameters, {work:,} multiply-adds a picture" in written
    width, height = figure.get_size_inches()
    assert width == WIDTH
    assert height < 8
    for text in figure.axes[0].texts:
        box = text.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.x1, text.get_text()


@pytest.mark.parametrize("name", ["alexnet-2012", "alexnet-merged", "vgg19", "lenet5"])
def test_labels_of_neighbours_do_not_touch(name):
    """Names and shapes, in the widest font that a picture has."""
    figure = plot.model(models.plan(name))
    below = [t for t in figure.axes[0].texts if t.get_va() == "top"]
    boxes = sorted((b.y0, b.x0, b.x1) for b in (t.get_window_extent() for t in below))
    assert all(
        x1 <= x0 + 0.5 for (y, _, x1), (y_next, x0, _) in pairwise(boxes) if abs(y - y_next) < 0.01
    )


@pytest.mark.parametrize("name", models.MODELS)
def test_two_towers_are_drawn_where_there_are_two_groups_and_nowhere_else(name):
    plan = models.plan(name)
    lines, _ = arranged(blocks(plan))
    grouped = any(layer.kind == "conv" and layer.groups == 2 for layer in plan.layers)
    assert (max(len(p.ys) for line in lines for p in line) == 2) == grouped
    assert grouped or not name.startswith("alexnet-2012")


def test_the_towers_are_those_of_figure_2():
    drawn = {block.name: block for block in blocks(models.plan("alexnet-2012"))}
    assert {name for name, block in drawn.items() if block.towers == 1} == {"input", "fc8"}
    crossing = {name for name, b in drawn.items() if b.crosses and b.towers == 2} - {"conv1"}
    assert crossing == {"conv3", "fc6", "fc7"}
    assert [name for name, block in drawn.items() if block.marks] == ["conv1", "conv2"]
    written = texts(plot.model(models.plan("alexnet-2012")))
    for maps, count in {"48": 4, "128": 8, "192": 4, "2048": 4, "LRN": 4}.items():
        assert written.count(maps) == count


def test_lines_between_towers_cross_only_where_layers_do():
    """Lines that join different heights, from layer to layer."""
    (line,), _ = arranged(blocks(models.plan("alexnet-2012")))
    goals = {place.block.name: {place.entrance(t)[1] for t in (0, 1)} for place in line[1:-1]}
    towers = sorted(goals["conv3"])
    middle = sum(towers) / 2
    crossed = set()
    for drawn in plot.model(models.plan("alexnet-2012")).axes[0].lines:
        (_, x), (y, y_goal) = drawn.get_data()
        if (y - middle) * (y_goal - middle) < 0:
            crossed |= {p.block.name for p in line[2:] if abs(p.x - x) < 1e-9}
    assert crossed == {"conv3"}


@pytest.mark.parametrize("name", ["alexnet-2012", "vgg19", "lenet5", "cuda-convnet-11pct"])
def test_edges_are_in_proportion_to_square_roots(name):
    drawn = blocks(models.plan(name))
    scale = Scale.of(drawn)
    for block in drawn:
        box, channels = scale.box(block), block.shape[-1] / block.towers
        along = box.thickness if len(block.shape) == 3 else box.height
        assert along == pytest.approx(scale.channel * channels**0.5)
        if len(block.shape) == 3:
            assert box.height == pytest.approx(scale.pixel * block.shape[0] ** 0.5)


def test_a_name_wider_than_the_figure_is_drawn():
    table = [("a" * 120, Conv2d(2, 3)), Flatten(), Linear(3)]
    assert plot.model(Sequential(table, (9, 9, 3)))


def test_any_network_can_be_drawn():
    wide = Sequential([("stem", Conv2d(8, (3, 5), groups=2)), MaxPool2d(2)], (10, 16, 2), name="n")
    written = texts(plot.model(wide))
    assert {"n", "stem", f"8{TIMES}12{TIMES}8", f"3{TIMES}5", "groups 2"} <= set(written)
    vectors = Sequential([Linear(7), Linear(3)], (5,))
    assert {"fc1", "7", "fc2", "3"} <= set(texts(plot.model(vectors)))
    odd = Sequential([Conv2d(6, 3, groups=2), Conv2d(9, 3, groups=3), Flatten()], (9, 9, 6))
    assert towers_of(odd) == 1  # two numbers of groups are no towers


def test_a_page_gets_its_own_colours():
    text = svg(plot.model(models.plan("lenet5")))
    assert "var(--minialex-blue" in text
    colours = set(re.findall(r"#[0-9a-f]{6}", text))
    assert colours <= set(plot.style.COLOURS.values()) | {"#000000"}


@pytest.mark.parametrize("ending", [".png", ".svg"])
def test_the_command_writes_a_picture(ending, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"lenet5{ending}"
    assert cli.main(["plot", "model", "lenet5", "--out", str(path)]) == 0
    if ending == ".png":
        assert Image.open(path).getpixel((0, 0))[:3] == (254, 254, 254)  # not transparent
    else:
        assert path.read_text().count("<svg") == 1
    assert cli.main(["plot", "model", "lenet5"]) == 0
    assert (tmp_path / "lenet5-model.png").exists()
    assert capsys.readouterr().out.endswith("wrote lenet5-model.png\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["model", "lenet6"], "did you mean 'lenet5'"),
        (["model"], "plot model draws one model, not nothing"),
        (["model", "lenet5", "vgg16"], "plot model draws one model, not 2"),
        (["curves", "a", "b"], "plot curves draws one run, not 2"),
        (["seeds"], "plot seeds draws runs, not nothing"),
        (["model", "lenet5", "--out", "a.jpg"], "written as .png or .svg"),
    ],
)
def test_wrong_commands_say_what_to_do(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["plot", *arguments]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())
