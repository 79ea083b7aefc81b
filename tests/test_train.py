"""The loop: what it learns from, what it measures, what it keeps, and where it stops."""

import dataclasses

import matplotlib
import numpy as np
import pytest
import tiny

from minialex import checkpoint, figures, loop, models, parts, run
from minialex.config import Config
from minialex.data.colour import ColourNoise
from minialex.errors import InputError
from minialex.evaluate import Evaluation, accuracy_per_class, evaluate
from minialex.layers import Conv2d, Flatten, Linear
from minialex.network import Sequential
from minialex.progress import Lines, Silent
from minialex.train import fit


@pytest.fixture(autouse=True)
def _tiny_model(monkeypatch):
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)


def train(**changes):
    network = tiny.network()
    return network, fit(network, tiny.splits(), dataclasses.replace(tiny.CONFIG, **changes))


def test_it_learns():
    _, history = train(epochs=12)
    assert history.log[-1].train_loss < history.log[0].train_loss
    assert history.result.test_accuracy >= 0.9


def test_equal_seeds_give_equal_bits_and_others_do_not():
    first, again, other = (train(seed=seed)[0].params for seed in (3, 3, 4))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["fc2.W"], other["fc2.W"])


def test_the_test_pictures_are_measured_once_with_the_best_weights(monkeypatch, tmp_path):
    measured = []

    def spy(network, dataset, pixels, views=1):
        result = evaluate(network, dataset, pixels, views)
        measured.append((len(dataset), {k: p.copy() for k, p in network.params.items()}, result))
        return result

    monkeypatch.setattr(loop, "evaluate", spy)
    network = tiny.network()
    history = fit(network, tiny.splits(), tiny.CONFIG, folder=tmp_path)
    assert [size for size, *_ in measured] == [10, 10, 10, 30]  # held out, ..., test
    _, weights, result = measured[-1]
    best, position = checkpoint.load(tmp_path / "best.safetensors")
    for name, parameter in network.params.items():
        assert np.array_equal(weights[name], best[name])
        assert np.array_equal(parameter, best[name])
    assert history.result.test_accuracy == result.accuracy
    assert history.result.best_epoch == position["position"]["best_epoch"]
    best_row = max(history.log, key=lambda row: row.val_accuracy)
    assert history.result.best_epoch == best_row.epoch
    assert figures.read_result(tmp_path) == history.result
    assert figures.read_log(tmp_path) == history.log


def test_held_out_pictures_are_not_trained_on(monkeypatch):
    seen = []

    class Spy(loop.Loader):
        def __init__(self, dataset, *rest, **options):
            seen.append(dataset.images[np.arange(len(dataset))])
            super().__init__(dataset, *rest, **options)

    def spy(network, dataset, pixels, views=1):
        seen.append(dataset.images[np.arange(len(dataset))])
        return evaluate(network, dataset, pixels)

    monkeypatch.setattr(loop, "Loader", Spy)
    monkeypatch.setattr(loop, "evaluate", spy)
    train(epochs=1, val_size=25)
    trained, held_out = ({image.tobytes() for image in images} for images in seen[:2])
    assert (len(trained), len(held_out)) == (75, 25)
    assert not trained & held_out


def test_arrays_do_without_a_test_set():
    data = tiny.pictures(40)
    network = tiny.network()
    history = fit(network, (data.images, data.labels), tiny.CONFIG)
    assert history.result.test_accuracy is None
    assert len(history.log) == 3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda images, labels: (images, labels + 1), "label 3 .* out of range"),
        (lambda images, labels: (images, labels[1:]), "labels are int64 of shape"),
        (lambda images, labels: (images[:, 1:], labels), r"\(7, 8, 3\).* do not fit tiny"),
        (lambda images, labels: (images / 255.0, labels), "images are float64"),
    ],
)
def test_data_that_does_not_fit_is_refused(change, message):
    data = tiny.pictures(40)
    with pytest.raises(InputError, match=message):
        fit(tiny.network(), change(data.images, data.labels), tiny.CONFIG)


def test_other_classes_than_the_network_has_are_refused():
    with pytest.raises(InputError, match="in 3 classes do not fit tiny"):
        fit(models.build("tiny", classes=4), tiny.splits(), tiny.CONFIG)


def test_more_held_out_pictures_than_there_are_is_refused():
    with pytest.raises(InputError, match="cannot be held out"):
        train(val_size=100)


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("conv1.W", np.nan, "the parameter conv1.W"),
        ("fc2.b", np.inf, "the parameter fc2.b"),
        ("fc2.W", 3e38, "the output of fc2"),
    ],
)
def test_a_loss_that_is_not_finite_names_step_and_layer_and_keeps_the_checkpoint(
    key, value, where, tmp_path
):
    network = tiny.network()
    spoil = tiny.At(8, lambda: network.params[key].fill(value))  # the second epoch has begun
    with pytest.raises(loop.TrainingError, match=r"step 9 \(epoch 2\)") as error:
        fit(network, tiny.splits(), tiny.CONFIG, folder=tmp_path, progress=spoil)
    assert where in str(error.value)
    assert "--lr" in str(error.value)
    assert str(tmp_path / "last.safetensors") in str(error.value)
    kept, state = checkpoint.load(tmp_path / "last.safetensors")
    assert state["position"]["step"] == 6
    assert all(np.isfinite(tensor).all() for tensor in kept.values())


def test_weights_spoilt_by_an_epochs_last_step_are_not_saved(tmp_path):
    network = tiny.network()
    spoil = tiny.At(12, lambda: network.params["conv1.b"].fill(np.nan))
    with pytest.raises(loop.TrainingError, match=r"step 12 \(epoch 2\).*the parameter conv1\.b"):
        fit(network, tiny.splits(), tiny.CONFIG, folder=tmp_path, progress=spoil)
    assert checkpoint.load(tmp_path / "last.safetensors")[1]["position"]["step"] == 6
    assert len(figures.read_log(tmp_path)) == 1


def test_a_learning_rate_beyond_reason_is_reported_before_any_checkpoint():
    with pytest.raises(loop.TrainingError, match="No checkpoint was written yet"):
        train(lr=1e30, schedule="constant")


def test_biases_decay_only_where_asked():
    with_biases, without = (
        train(lr=0.01, weight_decay=1.0, decay_biases=decay)[0] for decay in (True, False)
    )
    decayed, kept = (np.abs(network.params["fc2.b"]).mean() for network in (with_biases, without))
    assert decayed < 0.95 * kept


def test_crops_are_taken_of_larger_pictures_and_views_averaged_at_the_end_only(monkeypatch):
    """Pictures of 8x8 for a network that sees 6x6 of them."""
    asked, shapes = [], []

    def spy(network, dataset, pixels, views=1):
        asked.append((len(dataset), dataset.images.shape[1:], views))
        return evaluate(network, dataset, pixels, views)

    monkeypatch.setattr(loop, "evaluate", spy)
    network = models.build("tiny", image_size=6)
    watched = network.forward
    network.forward = lambda x, train: shapes.append((x.shape, train)) or watched(x, train)
    config = dataclasses.replace(tiny.CONFIG, load_size=8, crop=0, views=10, epochs=1)
    history = fit(network, tiny.splits(), config)
    assert asked == [(10, (8, 8, 3), 1), (30, (8, 8, 3), 10)]
    assert set(shapes) == {((16, 6, 6, 3), True), ((10, 6, 6, 3), True)}
    assert 0 <= history.result.test_accuracy <= 1


@pytest.mark.parametrize("change", [{}, {"load_size": 9}])
def test_larger_pictures_need_the_load_size_that_they_have(change):
    network = models.build("tiny", image_size=6)
    with pytest.raises(InputError, match=r"pictures of shape \(8, 8, 3\) .* do not fit tiny"):
        fit(network, tiny.splits(), dataclasses.replace(tiny.CONFIG, **change))


def test_views_without_a_border_are_refused_before_the_training():
    config = dataclasses.replace(tiny.CONFIG, load_size=8, views=10)
    with pytest.raises(InputError, match="views=10: crops need pictures that are larger"):
        fit(tiny.network(), tiny.splits(), config, progress=NoStep())


def test_colour_noise_ends_after_its_epochs(monkeypatch):
    drawn = []
    noise = ColourNoise.__call__

    def spy(self, x, rng):
        drawn.append(x.shape)
        return noise(self, x, rng)

    monkeypatch.setattr(ColourNoise, "__call__", spy)
    for colour, batches in (("coded", 2 * 6), ("none", 0)):
        drawn.clear()
        train(colour=colour, colour_epochs=2)
        assert len(drawn) == batches


@pytest.mark.parametrize("wildcard", ["*", "*.b"])
def test_of_two_patterns_that_match_a_bias_the_last_one_counts(wildcard):
    params = {"conv1.W": np.ones(3), "conv1.b": np.ones(3)}
    decay = parts.optimiser(Config(decay={wildcard: 0.1, "conv1.b": 0.2}), params).decay
    assert decay["conv1.b"] == 0.2
    decay = parts.optimiser(Config(decay={"conv1.b": 0.2, wildcard: 0.1}), params).decay
    assert decay["conv1.b"] == 0.1


def test_slopes_of_prelu_do_not_decay_either():
    names = ("conv1.W", "conv1.b", "prelu1.a")
    params = {name: np.ones(3) for name in names}
    assert parts.optimiser(Config(), params).decay == dict(zip(names, (5e-4, 0, 0), strict=True))
    decay = parts.optimiser(Config(decay_biases=True), params).decay
    assert decay == dict.fromkeys(names, 5e-4)
    decay = parts.optimiser(Config(decay={"*": 0.1, "conv1.W": 0.2}), params).decay
    assert decay == dict(zip(names, (0.2, 0.1, 0.1), strict=True))


def test_factors_of_the_rate_change_after_epochs(monkeypatch):
    """Here conv1 learns in the second of three epochs only, and fc3's bias in the first."""
    network, changed = tiny.network(), []

    class Watch(Silent):
        def epoch(self, row):
            now = {name: p.copy() for name, p in network.params.items()}
            changed.append({n for n in now if not np.array_equal(now[n], self.before[n])})
            self.before = now

    watch = Watch()
    watch.before = {name: p.copy() for name, p in network.params.items()}
    changes = ((1, "conv1.*", 1.0), (1, "fc3.b", 0.0), (2, "conv1.*", 0.0))
    config = dataclasses.replace(tiny.CONFIG, lr_scale={"conv1.*": 0.0}, lr_changes=changes)
    fit(network, tiny.splits(), config, progress=watch)
    frozen = [set(network.params) - names for names in changed]
    assert frozen == [{"conv1.W", "conv1.b"}, {"fc3.b"}, {"conv1.W", "conv1.b", "fc3.b"}]


@pytest.mark.parametrize(
    "change",
    [{"lr_scale": {"local*": 2.0}}, {"decay": {"local*": 0.1}},
     {"lr_changes": ((99, "local*", 0.0),)}],
)  # fmt: skip
def test_a_pattern_that_fits_another_model_is_refused_at_once(change):
    (name,) = change
    with pytest.raises(InputError, match=rf"{name}: 'local\*' matches none of conv1\.W, conv1\.b"):
        fit(tiny.network(), tiny.splits(), dataclasses.replace(tiny.CONFIG, **change),
            progress=NoStep())  # fmt: skip


def test_discexp_counts_the_pictures_of_a_smaller_last_batch_too():
    """90 pictures an epoch in batches of 16: the rate falls with each whole epoch."""
    _, history = train(schedule="discexp", lr_factor=0.5, lr_samples=90, epochs=3)
    assert [row.lr for row in history.log] == pytest.approx([0.05, 0.025, 0.0125])


@pytest.mark.parametrize("optimiser", ["adam", "keras-adam"])
def test_adam_learns(optimiser):
    _, history = train(optimiser=optimiser, lr=0.01, epochs=6)
    assert history.log[-1].train_loss < 0.8 * history.log[0].train_loss


def test_without_held_out_pictures_all_are_trained_on_and_the_last_weights_kept(tmp_path):
    network, last = tiny.network(), {}
    keep = tiny.At(21, lambda: last.update({n: p.copy() for n, p in network.params.items()}))
    config = dataclasses.replace(tiny.CONFIG, val_size=0)
    history = fit(network, tiny.splits(), config, folder=tmp_path, progress=keep)
    assert [row.step for row in history.log] == [7, 14, 21]  # 100 pictures, not 90
    assert [(row.val_loss, row.val_accuracy) for row in history.log] == [(None, None)] * 3
    assert (history.result.best_epoch, history.result.val_accuracy) == (3, None)
    assert history.result.test_accuracy is not None
    assert (tmp_path / "curves.png").read_bytes()[:4] == b"\x89PNG"
    assert figures.read_log(tmp_path) == history.log
    assert figures.read_result(tmp_path) == history.result
    for name in ("best", "last"):
        tensors, _ = checkpoint.load(tmp_path / f"{name}.safetensors")
        for key, weights in last.items():
            assert np.array_equal(tensors[key], weights)
            assert np.array_equal(network.params[key], weights)


def test_a_line_without_held_out_pictures_has_no_figures_of_them(capsys):
    fit(tiny.network(), tiny.splits(), dataclasses.replace(tiny.CONFIG, val_size=0, epochs=1),
        progress=Lines())  # fmt: skip
    said = capsys.readouterr().out
    assert "train loss" in said
    assert "val" not in said


def test_a_network_without_a_classifier_is_refused():
    features = Sequential([Conv2d(4, 3)], (8, 8, 3), name="features")
    with pytest.raises(InputError, match="features ends with conv1, whose output is 6x6x4"):
        fit(features, tiny.splits(), tiny.CONFIG)


def test_plateau_lowers_the_rate_when_the_held_out_pictures_stall():
    """Without any progress, as at this rate, the first epoch is and stays the best."""
    _, history = train(lr=1e-12, schedule="plateau", patience=2, epochs=6)
    rates = [row.lr for row in history.log]
    assert rates == pytest.approx([1e-12, 1e-12, 1e-12, 1e-13, 1e-13, 1e-14])
    assert history.result.best_epoch == 1


def test_plateau_keeps_the_rate_while_they_get_better(monkeypatch):
    accuracies = iter([0.1, 0.2, 0.3, 0.4, 0.5])  # the last one on the test pictures
    monkeypatch.setattr(loop, "evaluate", lambda *_: Evaluation(1.0, next(accuracies), np.empty(0)))
    _, history = train(schedule="plateau", patience=1, epochs=4)
    assert [row.lr for row in history.log] == [0.05] * 4
    assert history.result.best_epoch == 4


def test_the_checkpoint_to_resume_from_is_written_last(monkeypatch, tmp_path):
    """Otherwise a crash between two files could pair it with an older best one."""
    names, write = [], checkpoint.write

    def spy(path, data):
        names.append(path.stem)
        write(path, data)

    monkeypatch.setattr(checkpoint, "write", spy)
    config = dataclasses.replace(tiny.CONFIG, epochs=1, save_every=1)
    fit(tiny.network(), tiny.splits(), config, folder=tmp_path)
    assert names == ["config", "log", "best", "epoch-001", "last", "result"]


def test_milestones_are_epochs():
    _, history = train(schedule="step", milestones=(1, 2))
    assert [row.lr for row in history.log] == pytest.approx([0.05, 0.005, 0.0005])


def test_numbered_checkpoints_are_kept(tmp_path):
    fit(tiny.network(), tiny.splits(), dataclasses.replace(tiny.CONFIG, save_every=2, epochs=5),
        folder=tmp_path)  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "best.safetensors", "config.json", "curves.png", "epoch-002.safetensors",
        "epoch-004.safetensors", "last.safetensors", "log.csv", "result.json",
    ]  # fmt: skip
    numbered, state = checkpoint.load(tmp_path / "epoch-004.safetensors")
    assert state["position"]["epoch"] == 4
    assert numbered.keys() >= {"conv1.W", "velocity.conv1.W", "pixels.mean"}


def test_a_folder_with_a_run_is_not_overwritten(tmp_path):
    fit(tiny.network(), tiny.splits(), tiny.CONFIG, folder=tmp_path)
    before = (tmp_path / "last.safetensors").read_bytes()
    with pytest.raises(InputError, match=r"already holds a run.*--resume"):
        fit(tiny.network(), tiny.splits(), tiny.CONFIG, folder=tmp_path)
    assert (tmp_path / "last.safetensors").read_bytes() == before


@pytest.mark.parametrize("name", ["config.json", "log.csv", "curves.png"])
def test_a_file_that_a_run_would_replace_is_kept(name, tmp_path):
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match=f"already holds {name}: choose another --out"):
        fit(tiny.network(), tiny.splits(), tiny.CONFIG, folder=tmp_path)
    assert (tmp_path / name).read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_did_not_get_through_an_epoch_may_be_tried_again(tmp_path):
    config = dataclasses.replace(tiny.CONFIG, lr=1e30, schedule="constant")
    with pytest.raises(loop.TrainingError):
        fit(tiny.network(), tiny.splits(), config, folder=tmp_path)
    fit(tiny.network(), tiny.splits(), tiny.CONFIG, folder=tmp_path)
    assert run.read_config(tmp_path)[1].lr == tiny.CONFIG.lr


def test_nobodys_figures_are_restyled(tmp_path):
    before = {**matplotlib.rcParams, "backend": None}  # which is chosen when it is first needed
    fit(tiny.network(), tiny.splits(), tiny.CONFIG, folder=tmp_path)
    assert {**matplotlib.rcParams, "backend": None} == before


def test_config_json_resolves_what_was_left_open(tmp_path):
    network = tiny.network()
    fit(network, tiny.splits(), tiny.CONFIG, folder=tmp_path)
    document, stored = run.read_config(tmp_path)
    assert (stored.val_size, stored.image_size, stored.out) == (10, 8, str(tmp_path))
    assert document["config_hash"] == stored.hash()
    assert document["classes"] == list(tiny.CLASSES)
    assert document["parameters"] == sum(p.size for p in network.params.values())
    assert document["threads"] == 1
    assert document["versions"].keys() == {"minialex", "python", "numpy", "numba"}
    assert document["machine"]["cores"] >= 1
    assert document["pixels"]["scale"] == Config().pixels


def test_config_json_names_what_was_trained_on_what(tmp_path):
    """A run from Python must not be evaluated on the default data of the command line."""
    fit(tiny.network(), tiny.splits(), Config(epochs=1), folder=tmp_path / "a")
    stored = run.read_config(tmp_path / "a")[1]
    assert (stored.model, stored.data) == ("tiny", "tiny")
    config = Config(epochs=1, data="/somewhere/tiny")
    fit(tiny.network(), tiny.splits(), config, folder=tmp_path / "b")
    assert run.read_config(tmp_path / "b")[1].data == "/somewhere/tiny"


def test_accuracy_of_a_class_without_pictures_is_unknown():
    predicted, labels = np.array([0, 2, 2, 0]), np.array([0, 0, 2, 2])
    assert np.array_equal(accuracy_per_class(predicted, labels, 4), [0.5, np.nan, 0.5, np.nan],
                          equal_nan=True)  # fmt: skip


def test_a_test_that_does_not_fit_is_found_before_the_training():
    for change in ({"classes": ("a", "b", "c")}, {"images": np.zeros((30, 9, 9, 3), np.uint8)}):
        splits = tiny.splits()
        test = dataclasses.replace(splits.test, **change)
        with pytest.raises(InputError, match="tiny"):
            fit(tiny.network(), splits._replace(test=test), tiny.CONFIG, progress=NoStep())


class NoStep(Silent):
    """Fails the test at the first step."""

    def step(self, position):
        raise AssertionError("a step was taken")


def test_layers_without_biases_can_be_trained():
    class Scale(Flatten):
        def build(self, input_shape, rng, dtype="float32"):
            self.params = {"W": np.ones(3, dtype)}
            self.grads = {"W": np.zeros(3, dtype)}

        def output_shape(self, input_shape):
            return (3,)

        def forward(self, x, train=False):
            self.colour = x.mean(axis=(1, 2))
            return self.colour * self.params["W"]

        def backward(self, gy, need_gx=True):
            self.grads["W"][...] = (gy * self.colour).sum(axis=0)

    network = Sequential([Scale()], (8, 8, 3))
    history = fit(network, tiny.splits(), dataclasses.replace(tiny.CONFIG, epochs=1))
    assert len(history.log) == 1


def test_names_may_have_brackets():
    """They mean something in a pattern, and the decay of biases is given by one."""
    table = [("block[0]", Conv2d(2, 3)), ("flatten", Flatten()), ("block[1]", Linear(3))]
    network = Sequential(table, (8, 8, 3))
    fit(network, tiny.splits(), dataclasses.replace(tiny.CONFIG, epochs=1))
    made = parts.optimiser(tiny.CONFIG, network.params)
    assert {name for name, decay in made.decay.items() if not decay} == {"block[0].b", "block[1].b"}
