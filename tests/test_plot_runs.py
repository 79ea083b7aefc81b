"""Filters, confusion matrices and repeated trainings: what is drawn is what was measured."""

import dataclasses
import json

import numpy as np
import pytest
import tiny

from minialex import cli, data, evaluate, figures, models, plot, run
from minialex.errors import InputError
from minialex.figures import Epoch
from minialex.plot.first_layer import scaled, sheet
from minialex.plot.repeats import spaced

TRAIN = ("train", "--model=tiny", "--data=tiny", "--epochs=2", "--batch-size=16", "--threads=1")


@pytest.fixture
def call(monkeypatch, tmp_path, capsys):
    load = data.load
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)
    monkeypatch.setattr(data, "load", lambda n, *a: tiny.splits() if n == "tiny" else load(n, *a))
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        code = cli.main(list(arguments))
        out, said = capsys.readouterr()
        return code, out, " ".join(said.split())

    return call


def log(*accuracies):
    return [Epoch(i, i, 0.1, 1.0, 0.5, 1.0, a, 1.0) for i, a in enumerate(accuracies, 1)]


def written(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_a_confusion_matrix_counts_every_picture_once():
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 4, (2, 500))
    matrix = evaluate.confusion(predicted, labels, 5)
    assert matrix.shape == (5, 5)  # a class without a picture has a row
    for i in range(5):
        for j in range(5):
            assert matrix[i, j] == sum((labels == i) & (predicted == j))


def test_confusion_writes_each_row_in_per_cent():
    matrix = np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]])
    figure = plot.confusion(matrix, ("red", "green", "blue"))
    (axes,) = figure.axes
    numbers = {t.get_position()[::-1]: t.get_text() for t in axes.texts}
    assert numbers == {(0, 0): "80", (0, 1): "20", (1, 0): "10", (1, 1): "90"}
    assert [label.get_text() for label in axes.get_yticklabels()] == ["red", "green", "blue"]
    assert "17 of 20 right" in axes.get_title(loc="left")
    assert "red → green 2, green → red 1" in figure.get_supxlabel()
    on_blue = [t for t in axes.texts if t.get_text() in ("80", "90")]
    assert all(t.get_gid() == "on-colour" for t in on_blue)


def test_a_hundred_classes_have_no_numbers_and_name_the_worst_mistake():
    matrix = 90 * np.eye(100, dtype=int)
    matrix[3, 5] = 10
    figure = plot.confusion(matrix, [f"class{i}" for i in range(100)])
    assert not figure.axes[0].texts
    assert not figure.axes[0].get_yticklabels()
    assert "class3 → class5 10" in figure.get_supxlabel()
    assert "no mistakes" in plot.confusion(np.eye(2, dtype=int), "ab").get_supxlabel()


def test_a_confusion_matrix_of_other_classes_is_refused():
    with pytest.raises(InputError, match="3 classes has no shape"):
        plot.confusion(np.eye(2), "abc")


def test_filters_are_scaled_one_by_one_and_zero_is_grey():
    W = np.random.default_rng(0).normal(size=(5, 5, 3, 6)) * 10.0 ** np.arange(6)
    W[..., 5] = 0
    shown = scaled(W)
    assert abs(shown[..., :5] - 0.5).max(axis=(0, 1, 2)) == pytest.approx(0.5)
    assert (shown[..., 5] == 0.5).all()
    np.testing.assert_allclose(np.sign(shown - 0.5), np.sign(W))
    cells = sheet(shown)
    assert cells.shape == (6, 36, 4)
    np.testing.assert_array_equal(cells[:5, 6:11, :3], shown[..., 1])
    assert not cells[:, 5].any()  # transparent between two


def test_filters_go_from_grey_to_coloured_within_their_group():
    W = np.random.default_rng(0).normal(size=(3, 3, 3, 8))
    W[..., [1, 6]] = W[..., [1, 6]].mean(axis=2, keepdims=True)
    figure = plot.filters(W, groups=2)
    assert [axes.get_title(loc="left")[:7] for axes in figure.axes] == ["group 1", "group 2"]
    for axes, grey in zip(figure.axes, (1, 6), strict=True):
        shown = axes.images[0].get_array()[:3, :3, :3]
        np.testing.assert_allclose(shown, scaled(W)[..., grey])


@pytest.mark.parametrize(("shape", "groups"), [((3, 3, 4, 8), 1), ((3, 3, 3, 7), 2), ((9, 8), 1)])
def test_filters_that_are_no_pictures_are_refused(shape, groups):
    with pytest.raises(InputError, match="filters on a picture"):
        plot.filters(np.zeros(shape), groups)


def test_seeds_show_each_run_the_mean_and_the_deviation():
    logs = [log(0.5, 0.79), log(0.5, 0.80), log(0.6, 0.81)]
    figure = plot.seeds({"a": logs, "b": [log(0.4, 0.7)]})
    (axes,) = figure.axes
    assert written(figure) == ["b\n70.0 (1 run)", "a\n80.0 ± 1.0 (3 runs)"]
    curves = [line.get_ydata().tolist() for line in axes.lines]
    np.testing.assert_allclose(curves[:3], [[50, 79], [50, 80], [60, 81]])
    assert curves[3] == pytest.approx([160 / 3, 80])
    assert len(axes.lines) == 5


@pytest.mark.parametrize(
    ("logs", "message"),
    [
        ([log(0.5), log(0.5, 0.6)], "equally many epochs.* 1 and 2"),
        ([[]], "at least one"),
        ([[dataclasses.replace(log(0.5)[0], val_accuracy=None)]], "held nothing out"),
    ],
)
def test_runs_that_cannot_be_compared_are_refused(logs, message):
    with pytest.raises(InputError, match=message):
        plot.seeds({"group": logs})


def test_long_names_are_broken_and_leave_the_axes_their_room():
    """Runs that differ in much are named after all of it."""
    name = ", ".join(f"setting_{i} {i}.125" for i in range(10))
    figure = plot.seeds({name: [log(0.5, 0.6)], "lenet5": [log(0.4, 0.5)]})
    figure.draw_without_rendering()
    [axes] = figure.axes
    assert axes.get_position().width > 0.4
    for label in axes.texts:
        assert label.get_window_extent().x1 <= figure.bbox.x1
    assert max(len(line) for text in axes.texts for line in text.get_text().split("\n")) <= 28


def test_labels_keep_their_distance_and_stay_in_the_middle():
    values = sorted(np.random.default_rng(0).uniform(0, 5, 8))
    places = spaced(values, 1.0)
    assert (np.diff(places) >= 1 - 1e-9).all()
    assert places.mean() == pytest.approx(np.mean(values), abs=0.6)
    np.testing.assert_array_equal(spaced([1.0, 3.0], 1.0), [1, 3])


def test_the_commands_draw_runs(call, tmp_path):
    for seed in (0, 1):
        assert call(*TRAIN, f"--seed={seed}", f"--out=s{seed}")[0] == 0
    assert call(*TRAIN, "--lr=0.01", "--out=slow")[0] == 0
    for what in ("filters", "confusion"):
        assert call("plot", what, "s0") == (0, f"wrote s0/{what}.png\n", "")
        assert (tmp_path / "s0" / f"{what}.png").read_bytes()[:4] == b"\x89PNG"
    assert call("plot", "seeds", "s0", "s1", "slow", "--out=s.svg")[:2] == (0, "wrote s.svg\n")
    text = (tmp_path / "s.svg").read_text()
    assert "tiny, lr 0.02" in text
    assert "(2 runs)" in text
    assert "tiny, lr 0.01" in text
    assert call("plot", "seeds", "s0", "s1") == (0, "wrote seeds.png\n", "")


def test_a_matrix_from_the_command_agrees_with_the_runs_result(call, monkeypatch):
    assert call(*TRAIN, "--out=r")[0] == 0
    seen = []
    draw = plot.confusion
    monkeypatch.setattr(plot, "confusion", lambda m, c: seen.append(m) or draw(m, c))
    assert call("plot", "confusion", "r")[0] == 0
    (matrix,) = seen
    assert matrix.sum() == len(tiny.splits().test)
    result = figures.read_result(run.Path("r"))
    assert np.trace(matrix) / matrix.sum() == pytest.approx(result.test_accuracy)


@pytest.mark.parametrize("what", ["filters", "confusion", "seeds", "curves", "predictions"])
def test_a_folder_without_a_run_is_named(what, call):
    code, _, said = call("plot", what, "nowhere")
    assert (code, "nowhere holds no run" in said) == (2, True)


def test_runs_that_are_one_and_the_same_are_refused(call, tmp_path):
    assert call(*TRAIN, "--out=r")[0] == 0
    assert "one configuration and one seed" in call("plot", "seeds", "r", "r")[2]
    assert call(*TRAIN, "--out=again")[0] == 0
    code, _, said = call("plot", "seeds", "r", "again")
    assert (code, "again and r have one configuration" in said) == (2, True)
    (tmp_path / "again" / "log.csv").unlink()
    document = json.loads((tmp_path / "again" / "config.json").read_text())
    document["config"]["seed"] = 5
    (tmp_path / "again" / "config.json").write_text(json.dumps(document))
    assert "has not finished an epoch" in call("plot", "seeds", "r", "again")[2]
