"""The loop: what it learns from, what it measures, what it keeps, and where it stops."""

import dataclasses

import numpy as np
import pytest
import tiny

from minialex import checkpoint, figures, loop, models, run
from minialex.config import Config
from minialex.errors import InputError
from minialex.evaluate import Evaluation, accuracy_per_class, evaluate
from minialex.layers import Flatten
from minialex.network import Sequential
from minialex.progress import Silent
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

    def spy(network, dataset, pixels):
        result = evaluate(network, dataset, pixels)
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

    def spy(network, dataset, pixels):
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
    assert not np.array_equal(with_biases.params["fc2.b"], without.params["fc2.b"])


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
