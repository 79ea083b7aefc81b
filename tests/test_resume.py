"""A run that is interrupted and resumed must end as if nothing had happened, to the last bit."""

import dataclasses
import errno
import io
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tiny

from minialex import checkpoint, config, figures, forms, loop, models, run
from minialex.data import Splits
from minialex.errors import InputError
from minialex.evaluate import evaluate
from minialex.interrupt import Interrupt, Interrupted
from minialex.progress import Silent
from minialex.train import fit


@pytest.fixture(autouse=True)
def _tiny_model(monkeypatch):
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


def train(folder, config=tiny.CONFIG, **options):
    return fit(tiny.network(), tiny.splits(), config, folder=folder, **options)


def ctrl_c():
    signal.raise_signal(signal.SIGINT)


def stop_at(step, folder, config=tiny.CONFIG):
    with pytest.raises(Interrupted, match=f"minialex train --resume {folder}"):
        train(folder, config, progress=tiny.At(step, ctrl_c))


def resume(folder, config=tiny.CONFIG, **options):
    """As another process would: with another network, whose weights do not matter."""
    network = tiny.network(seed=99)
    return fit(network, tiny.splits(), config, folder=folder, resume=True, **options)


def assert_same_run(a: Path, b: Path):
    """Weights, velocity, position, generators and log are equal; seconds need not be."""
    for name in ("last.safetensors", "best.safetensors"):
        (tensors, state), (others, other) = checkpoint.load(a / name), checkpoint.load(b / name)
        assert tensors.keys() == others.keys()
        for key, tensor in tensors.items():
            assert np.array_equal(tensor, others[key]), key
        state["position"]["seconds"] = other["position"]["seconds"] = 0
        assert state == other
    logs = [[dataclasses.replace(r, seconds=0) for r in figures.read_log(f)] for f in (a, b)]
    assert logs[0] == logs[1]
    results = [dataclasses.replace(figures.read_result(folder), seconds=0) for folder in (a, b)]
    assert results[0] == results[1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An uninterrupted run: 3 epochs of 6 steps."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(models.MODELS, "tiny", tiny.TINY)
        train(folder)
    return folder


@pytest.mark.parametrize("step", [1, 4, 6, 9, 12, 17])
def test_a_resumed_run_is_the_uninterrupted_run(step, whole, tmp_path):
    stop_at(step, tmp_path)
    resume(tmp_path)
    assert_same_run(tmp_path, whole)


ADAM = dataclasses.replace(tiny.CONFIG, optimiser="adam", lr=0.01, weight_decay=0.1)
MOVING = dataclasses.replace(  # with everything that depends on the epoch, and nothing held out
    tiny.CONFIG, optimiser="keras-adam", schedule="discexp", lr=0.01, lr_samples=150, val_size=0,
    lr_scale={"*.b": 2.0}, lr_changes=((1, "conv1.*", 0.0), (2, "*", 0.5)),
)  # fmt: skip


@pytest.mark.parametrize("config", [ADAM, MOVING], ids=["adam", "moving"])
@pytest.mark.parametrize("step", [4, 12, 16])
def test_a_resumed_run_of_adam_is_the_uninterrupted_run(config, step, tmp_path):
    train(tmp_path / "whole", config)
    stop_at(step, tmp_path / "resumed", config)
    resume(tmp_path / "resumed", config)
    assert_same_run(tmp_path / "resumed", tmp_path / "whole")


def test_another_optimiser_is_refused(tmp_path):
    stop_at(3, tmp_path, ADAM)
    with pytest.raises(InputError, match="optimiser is adam in this run and sgd now"):
        resume(tmp_path)


def test_a_run_from_before_there_were_recipes_goes_on(whole, tmp_path):
    """Its config.json knows fewer fields, and the log and checkpoints look the same."""
    stop_at(9, tmp_path)
    document = config.read_json(tmp_path / "config.json")
    old = ("model", "data", "epochs", "batch_size", "lr", "crop", "threads", "val_size",
           "image_size", "out")  # fmt: skip
    document["config"] = {name: document["config"][name] for name in old}
    figures.write_json(tmp_path / "config.json", document)
    assert any(n.startswith("velocity.") for n in checkpoint.load(tmp_path / "last.safetensors")[0])
    resume(tmp_path)
    assert_same_run(tmp_path, whole)


def test_a_run_may_be_interrupted_again_and_again(whole, tmp_path):
    stop_at(2, tmp_path)
    for step in (3, 8, 9, 16):
        with pytest.raises(Interrupted):
            resume(tmp_path, progress=tiny.At(step, ctrl_c))
    resume(tmp_path)
    assert_same_run(tmp_path, whole)


def test_ctrl_c_in_the_last_step_finishes_the_run(whole, tmp_path):
    train(tmp_path, progress=tiny.At(18, ctrl_c))
    assert_same_run(tmp_path, whole)


def test_plateau_goes_on_counting(tmp_path):
    stalled = dataclasses.replace(
        tiny.CONFIG, lr=1e-12, schedule="plateau", patience=2, epochs=5, seed=1
    )
    train(tmp_path / "whole", stalled)
    stop_at(15, tmp_path / "resumed", stalled)
    resume(tmp_path / "resumed", stalled)
    assert_same_run(tmp_path / "resumed", tmp_path / "whole")


def test_rows_behind_the_checkpoint_are_dropped(whole, tmp_path):
    """As after a crash between log and checkpoint: the epoch is done again."""
    stop_at(9, tmp_path)
    figures.write_log(tmp_path, [*figures.read_log(tmp_path), *figures.read_log(whole)[1:]])
    resume(tmp_path)
    assert [row.epoch for row in figures.read_log(tmp_path)] == [1, 2, 3]
    assert_same_run(tmp_path, whole)


def test_a_finished_run_is_not_measured_again(monkeypatch, tmp_path):
    first = train(tmp_path)
    monkeypatch.setattr(loop, "evaluate", lambda *_: pytest.fail("measured again"))
    assert resume(tmp_path).result == first.result


def test_a_run_that_stopped_before_its_test_measures_it(monkeypatch, whole, tmp_path):
    train(tmp_path)
    (tmp_path / "result.json").unlink()
    measured = []
    monkeypatch.setattr(loop, "evaluate", lambda *a: measured.append(len(a[1])) or evaluate(*a))
    resume(tmp_path)
    assert measured == [30]
    assert_same_run(tmp_path, whole)


def test_more_epochs_continue_a_schedule_without_an_end(tmp_path):
    short = dataclasses.replace(tiny.CONFIG, schedule="constant", epochs=2)
    longer = dataclasses.replace(short, epochs=4)
    train(tmp_path / "whole", longer)
    train(tmp_path / "resumed", short)
    with pytest.raises(Interrupted):
        resume(tmp_path / "resumed", longer, progress=tiny.At(14, ctrl_c))
    assert figures.read_result(tmp_path / "resumed") is None  # no longer that of the short run
    resume(tmp_path / "resumed", longer)
    assert_same_run(tmp_path / "resumed", tmp_path / "whole")
    with pytest.raises(InputError, match="has 4 epochs behind it"):
        resume(tmp_path / "resumed", short)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 9}, "epochs is 3 in this run and 9 now, but the linear schedule"),
        ({"lr": 0.1}, r"lr is 0.05 in this run and 0.1 now, but a resumed run keeps"),
        ({"seed": 5}, "seed is 0"),
    ],
)
def test_a_changed_configuration_is_refused(change, message, tmp_path):
    stop_at(3, tmp_path)
    with pytest.raises(InputError, match=message):
        resume(tmp_path, dataclasses.replace(tiny.CONFIG, **change))


def test_another_order_of_patterns_is_another_configuration(tmp_path):
    config = dataclasses.replace(tiny.CONFIG, lr_scale={"*": 3.0, "conv*": 0.0})
    stop_at(3, tmp_path, config)
    other = dataclasses.replace(config, lr_scale={"conv*": 0.0, "*": 3.0})
    with pytest.raises(InputError, match="lr_scale is"):
        resume(tmp_path, other)


def test_what_does_not_change_the_result_may_change(whole, tmp_path):
    stop_at(3, tmp_path)
    other = {"save_every": 2, "data_dir": "elsewhere", "recipe": "paper"}
    resume(tmp_path, dataclasses.replace(tiny.CONFIG, **other))
    assert (tmp_path / "epoch-002.safetensors").exists()
    assert_same_run(tmp_path, whole)


def test_a_schedule_that_is_laid_out_for_its_end_cannot_be_made_longer(tmp_path):
    config = dataclasses.replace(tiny.CONFIG, schedule="one-cycle")
    stop_at(3, tmp_path, config)
    with pytest.raises(InputError, match="the one-cycle schedule is laid out"):
        resume(tmp_path, dataclasses.replace(config, epochs=9))


def test_training_in_a_thread_hears_no_signals_and_works():
    with ThreadPoolExecutor(1) as other:
        history = other.submit(fit, tiny.network(), tiny.splits(), tiny.CONFIG).result()
    assert len(history.log) == 3


def test_another_number_of_threads_is_worth_a_warning(tmp_path):
    stop_at(3, tmp_path)
    heard = Heard()
    resume(tmp_path, dataclasses.replace(tiny.CONFIG, threads=2), progress=heard)
    assert "this run had 1 threads and now has 2" in heard.lines[0]


def test_another_form_is_worth_a_warning(tmp_path):
    stop_at(3, tmp_path)
    heard = Heard()
    with forms.use("reference"):
        resume(tmp_path, progress=heard)
    assert "the form 'kernels' of MINIALEX_KERNELS and now has 'reference'" in heard.lines[0]


def test_changed_training_pictures_are_noticed(tmp_path):
    stop_at(3, tmp_path)
    others = tiny.splits()._replace(train=tiny.pictures(100, seed=5))
    with pytest.raises(InputError, match="training pictures have changed"):
        fit(tiny.network(), others, tiny.CONFIG, folder=tmp_path, resume=True)


def without_the_first(train):
    return train.subset(np.arange(1, len(train)))


def with_two_classes_exchanged(train):
    return dataclasses.replace(train, labels=np.array([1, 0, 2])[train.labels])


def with_other_names(train):
    return dataclasses.replace(train, classes=("a", "b", "c"))


def brighter(train):
    return dataclasses.replace(train, images=np.minimum(train.images, 254) + np.uint8(1))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without_the_first, "100 pictures then, 99 now"),
        (with_two_classes_exchanged, "other labels"),
        (with_other_names, "the classes were red, green, blue"),
        (brighter, r"a mean grey level of \d+\.\d\d then"),
    ],
)
def test_changed_pictures_are_noticed_without_a_mean(change, message, tmp_path):
    config = dataclasses.replace(tiny.CONFIG, mean="none", val_size=0)
    stop_at(3, tmp_path, config)
    train, test = tiny.splits()
    others = Splits(change(train), dataclasses.replace(test, classes=change(train).classes))
    with pytest.raises(InputError, match=f"training pictures have changed.*: {message}"):
        fit(tiny.network(), others, config, folder=tmp_path, resume=True)


class Unplugged:
    """Pictures on a disk that is gone after some batches of a size.

    It is 16, or 10 for the last batch of an epoch and for the held-out pictures.
    """

    def __init__(self, images, batches, size):
        self.images, self.left, self.size = images, batches, size
        self.shape, self.dtype = images.shape, images.dtype

    def __len__(self):
        return len(self.images)

    def __getitem__(self, key):
        if len(np.atleast_1d(key)) == self.size:
            self.left -= 1
        if self.left < 0:
            raise InputError("pets/cat/1.jpg: there is no such picture; check the path")
        return self.images[key]

    def __array__(self, dtype=None, copy=None):
        return np.asarray(self.images, dtype)


@pytest.mark.parametrize(
    ("size", "batches", "step"),
    [(16, 2, 2), (16, 8, 9), (10, 1, 6), (10, 5, 18)],
    ids=["first epoch", "second epoch", "first validation", "last validation"],
)
def test_a_picture_that_cannot_be_read_any_more_costs_nothing(size, batches, step, whole, tmp_path):
    train, test = tiny.splits()
    gone = dataclasses.replace(train, images=Unplugged(train.images, batches, size))
    with pytest.raises(InputError, match=r"no such picture.*\n.*Go on with: .*--resume"):
        fit(tiny.network(), Splits(gone, test), tiny.CONFIG, folder=tmp_path)
    assert checkpoint.load(tmp_path / "last.safetensors")[1]["position"]["step"] == step
    resume(tmp_path)
    assert_same_run(tmp_path, whole)


def test_resuming_needs_a_run(tmp_path):
    with pytest.raises(InputError, match="needs the folder"):
        fit(tiny.network(), tiny.splits(), tiny.CONFIG, resume=True)
    with pytest.raises(InputError, match="holds no run"):
        resume(tmp_path)


def test_a_damaged_checkpoint_is_named(tmp_path):
    stop_at(9, tmp_path)
    path = tmp_path / "last.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"last\.safetensors is damaged"):
        resume(tmp_path)


class FullDisk(io.FileIO):
    """A file on a disk that has room for half of what is written."""

    def write(self, data):
        super().write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("victim", ["log.csv", "last.safetensors"])
def test_a_full_disk_leaves_every_earlier_file(victim, monkeypatch, whole, tmp_path):
    """The disk is full in the second epoch; the run goes on when there is room again."""

    def fill():
        opener = lambda path, mode: (FullDisk if victim in str(path) else open)(path, mode)  # noqa: E731
        monkeypatch.setattr(checkpoint, "open", opener, raising=False)

    with pytest.raises(OSError, match=f"No space left on device: .*{victim}"):
        train(tmp_path, progress=tiny.At(7, fill))
    assert not list(tmp_path.glob("*.tmp"))
    assert checkpoint.load(tmp_path / "last.safetensors")[1]["position"]["step"] == 6
    assert run.load(tmp_path).classes == tiny.CLASSES
    monkeypatch.delattr(checkpoint, "open")
    resume(tmp_path)
    assert_same_run(tmp_path, whole)


@pytest.fixture
def _ctrl_c_is_heard():
    """A shell may have started the tests with it ignored, as it does in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_ctrl_c_is_heard")
def test_the_second_ctrl_c_acts_at_once():
    with Interrupt() as interrupt:
        ctrl_c()
        assert interrupt.asked
        with pytest.raises(KeyboardInterrupt):
            ctrl_c()
    with pytest.raises(KeyboardInterrupt):  # the handler from before is back
        ctrl_c()


def test_terminate_is_heard_as_well(whole, tmp_path):
    with pytest.raises(Interrupted):
        train(tmp_path, progress=tiny.At(7, lambda: signal.raise_signal(signal.SIGTERM)))
    resume(tmp_path)
    assert_same_run(tmp_path, whole)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")
def test_a_process_that_is_interrupted_and_resumed(tmp_path):
    """Two shells: one where nothing happens, and one where Ctrl-C comes in the midst of it."""
    script = [sys.executable, str(Path(tiny.__file__)), "train"]
    flags = ["--model=tiny", "--data=tiny", "--epochs=60", "--batch-size=16", "--threads=1"]

    def start(*arguments):
        return subprocess.Popen(
            [*script, *arguments], cwd=tmp_path, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    whole, process = start(*flags, "--out=whole"), start(*flags, "--out=resumed")
    while "epoch  2/60" not in (line := process.stdout.readline()):
        assert line, process.stderr.read()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Go on with: minialex train --resume resumed" in said
    assert "Traceback" not in said
    assert figures.read_result(tmp_path / "resumed") is None
    process = start("--resume", "resumed")
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "test accuracy" in out
    assert whole.communicate(timeout=60)[1] == ""
    assert_same_run(tmp_path / "resumed", tmp_path / "whole")
