"""The command line, as a user meets it: what it prints, and what bad input gets."""

import dataclasses
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image

import minialex
from minialex import checkpoint, cli, data, figures, models, recipes, run
from minialex.config import Config
from minialex.recipes import Recipe

TRAIN = ("train", "--model=tiny", "--data=tiny", "--epochs=2", "--batch-size=16", "--threads=1")


@pytest.fixture(autouse=True)
def _home(monkeypatch, tmp_path):
    """The tiny model and its pictures are known, and the folder is empty."""
    load = data.load
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)
    monkeypatch.setattr(data, "load", lambda n, *a: tiny.splits() if n == "tiny" else load(n, *a))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def call(capsys):
    """Run a command: (exit code, standard output, standard error)."""

    def call(*arguments):
        code = cli.main([str(argument) for argument in arguments])
        return code, *capsys.readouterr()

    return call


@pytest.fixture
def trained(call):
    """The folder of a trained run."""
    code, _, said = call(*TRAIN, "--out=trained")
    assert code == 0, said
    return "trained"


def test_another_seed_has_other_first_weights(call):
    same = ("--epochs=1", "--lr=1e-12", "--threads=1")
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert call(*TRAIN, *same, f"--seed={seed}", f"--out={name}")[0] == 0
    a, b, c = (minialex.load(name).network.params["conv1.W"] for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 0.01


@pytest.mark.parametrize("command", ["eval", "predict", "export-torch"])
def test_the_checkpoint_that_is_named_is_used(command, call, tmp_path):
    assert call(*TRAIN, "--lr=0.5", "--save-every=1", "--out=run", "--threads=1")[0] == 0
    Image.new("RGB", (8, 8), (90, 10, 200)).save("a.png")
    rest = {"eval": [], "predict": ["a.png"], "export-torch": []}[command]
    printed = []
    for name in ("last", "epoch-001"):
        out = [f"{name}.safetensors"] if command == "export-torch" else []
        code, text, said = call(command, "run", *rest, *out, f"--checkpoint={name}")
        assert code == 0, said
        printed.append(Path(out[0]).read_bytes() if out else text)
    assert printed[0] != printed[1]


def test_a_profile_is_printed_after_training(call):
    out = call(*TRAIN, "--profile")[1]
    assert re.search(r"^ ?conv1 ", out, re.MULTILINE)
    assert "the first" in out


def test_training_ends_with_the_test_accuracy_and_what_to_try(call, tmp_path):
    code, out, said = call(*TRAIN)
    assert (code, said) == (0, "")
    folder = "runs/tiny-tiny-1"
    result = figures.read_result(tmp_path / folder)
    assert float(re.findall(r"([\d.]+) %", out)[-1]) == pytest.approx(
        100 * result.test_accuracy, abs=0.05
    )
    assert [line[:9] for line in out.splitlines() if line.startswith("epoch")] == [
        "epoch 1/2", "epoch 2/2",
    ]  # fmt: skip
    for command in (f"minialex predict {folder}", f"minialex eval {folder}", "minialex train"):
        assert f"\n  {command}" in out


def test_a_runs_configuration_repeats_it_bit_for_bit(call, trained):
    assert call("train", "--config", f"{trained}/config.json", "--threads=1")[0] == 0
    first, again = (run.load(f).network.params for f in (trained, "runs/tiny-tiny-1"))
    assert all(np.array_equal(first[name], again[name]) for name in first)


def test_flags_override_the_configuration_file(call, tmp_path):
    (tmp_path / "c.json").write_text(json.dumps({"model": "tiny", "data": "tiny", "epochs": 9}))
    assert call("train", "--config=c.json", "--epochs=1", "--no-flip", "--out=r")[0] == 0
    stored = run.read_config(tmp_path / "r")[1]
    assert (stored.model, stored.epochs, stored.flip, stored.lr) == ("tiny", 1, False, Config().lr)


RECIPE = Recipe(
    "a recipe of the tests", "nowhere",
    {"model": "tiny", "data": "tiny", "epochs": 2, "batch_size": 16, "lr": 0.5, "crop": 1,
     "lr_scale": {"*.b": 2.0}, "decay": {"conv1.W": 0.0}},
    (),
)  # fmt: skip


def test_flags_override_a_recipe(call, monkeypatch, tmp_path):
    monkeypatch.setitem(recipes.RECIPES, "tiny", RECIPE)
    flags = ("--epochs=1", "--decay", "fc*.W", "0.1", "conv1.b", "1", "--threads=1", "--out=r")
    assert call("train", "--recipe", "tiny", *flags)[0] == 0
    stored = run.read_config(tmp_path / "r")[1]
    assert (stored.model, stored.epochs, stored.lr, stored.crop) == ("tiny", 1, 0.5, 1)
    assert stored.lr_scale == {"*.b": 2.0}
    assert stored.decay == {"fc*.W": 0.1, "conv1.b": 1.0}
    assert (stored.recipe, stored.schedule) == ("tiny", Config().schedule)
    assert call("train", "--resume=r", "--threads=1")[0] == 0


def test_help_shows_the_values_of_a_recipe(call):
    _, out, _ = call("train", "--recipe=krizhevsky", "--help")
    assert re.search(r"--milestones [^-]*default: 25 51 79", out)


def test_larger_pictures_are_loaded_for_crops(call, monkeypatch, tmp_path):
    """Splits of 8x8 stand for whatever size is asked for."""
    asked = []
    monkeypatch.setattr(data, "load", lambda *a: asked.append(a) or tiny.splits())
    flags = ("--image-size=6", "--load-size=8", "--views=9", "--crop=0", "--out=r")
    assert call(*TRAIN, *flags)[0] == 0
    assert asked == [("tiny", None, 8)]
    assert run.read_config(tmp_path / "r")[1].views == 9


def test_init_all_takes_the_last_layer_too(call, trained):
    assert call(*TRAIN, f"--init={trained}", "--init-all", "--lr=1e-12", "--out=tuned")[0] == 0
    first, tuned = (run.load(folder).network.params for folder in (trained, "tuned"))
    assert all(np.allclose(first[name], tuned[name], atol=1e-6) for name in first)


def test_without_held_out_pictures_the_last_epoch_counts(call):
    code, out, _ = call(*TRAIN, "--val-size=0", "--out=r")
    assert code == 0
    assert "last epoch 2 of 2" in out
    assert "val loss" not in out
    assert call("plot", "curves", "r")[0] == 0
    assert re.search(r"^ ?val accuracy +- +- *$", call("compare", "r", "r")[1], re.MULTILINE)


@pytest.mark.parametrize(("colour", "warned"), [("paper", True), ("coded", False)])
def test_colour_noise_larger_than_the_pictures_is_warned_of(call, colour, warned, tmp_path):
    code, out, _ = call(*TRAIN, f"--colour={colour}", "--epochs=1", f"--out={tmp_path / 'run'}")
    assert code == 0
    assert ("--colour coded is what its code does" in out) == warned


def test_init_starts_from_a_run(call, trained):
    assert call(*TRAIN, f"--init={trained}", "--lr=1e-12", "--out=tuned")[0] == 0
    first, tuned = (run.load(folder).network.params for folder in (trained, "tuned"))
    assert np.allclose(first["fc2.W"], tuned["fc2.W"], atol=1e-6)
    assert not np.allclose(first["fc3.W"], tuned["fc3.W"], atol=1e-3)


def test_resuming_a_finished_run_repeats_its_result(call, trained):
    before = figures.read_result(run.Path(trained))
    code, out, _ = call("train", "--resume", trained)
    assert code == 0
    assert "is finished" in out
    assert "test accuracy" in out
    assert figures.read_result(run.Path(trained)) == before


def test_eval_prints_the_accuracy_of_every_class(call, trained, tmp_path):
    code, out, _ = call("eval", trained)
    assert code == 0
    result = figures.read_result(tmp_path / trained)
    assert f"test accuracy {100 * result.test_accuracy:.1f} %" in out
    for name in tiny.CLASSES:
        assert re.search(rf"^ ?{name} +10 +[\d.]+ %", out, re.MULTILINE)


def test_eval_averages_the_views_that_are_asked_for(call, tmp_path):
    """A run whose pictures are larger than what its network sees."""
    flags = ("--image-size=6", "--load-size=8", "--views=9", "--crop=0", "--out=trained")
    assert call(*TRAIN, *flags)[0] == 0
    losses = {}
    for asked in ((), ("--views=1",), ("--views=9",), ("--views=10",), ("--ten-crop",)):
        code, out, said = call("eval", "trained", *asked)
        assert code == 0, said
        *_, last = out.splitlines()
        losses[asked] = last
    assert "(9 views)" in losses[()]
    assert losses[()] == losses["--views=9",]
    assert losses["--ten-crop",] == losses["--views=10",]
    assert len(set(losses.values())) == 3
    result = figures.read_result(tmp_path / "trained")
    assert f"test loss {result.test_loss:.4f}" in losses[()]


def test_predict_prints_the_likeliest_classes(call, trained):
    long = "a" * 120 + ".png"
    for name, colour in (("red.png", (255, 50, 50)), (long, (50, 50, 255))):
        Image.new("RGB", (20, 20), colour).save(name)
    code, out, _ = call("predict", trained, "red.png", long)
    assert code == 0
    assert len(re.findall(rf"^ ?{long} +\w+ +[\d.]+ %", out, re.MULTILINE)) == 3  # not cut off
    shares = [float(share) for share in re.findall(r"red\.png +\w+ +([\d.]+) %", out)]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(100, abs=0.3)


def test_compare_shows_what_differs(call, trained):
    call(*TRAIN, "--lr=0.5", "--out=other")
    code, out, _ = call("compare", trained, "other")
    assert code == 0
    assert re.search(r"^ ?lr +0\.02 +0\.5 *$", out, re.MULTILINE)
    assert re.search(r"^ ?test accuracy +[\d.]+ % +[\d.]+ % *$", out, re.MULTILINE)
    assert "momentum" not in out


def test_summary_adds_up(call):
    code, out, _ = call("summary", "alexnet-2012")
    assert code == 0
    assert re.search(r"^ ?conv1 .* 55x55x96 +34,944 ", out, re.MULTILINE)
    assert re.search(r"^ ?total +60,965,224 +724,406,816 *$", out, re.MULTILINE)
    assert re.search(r"total +61,326 ", call("summary", "lenet5", "--classes=2")[1])


def test_summary_says_where_a_model_comes_from(call):
    out = call("summary", "alexnet-half")[1]
    assert models.MODELS["alexnet-half"].source in out
    assert models.MODELS["alexnet-half"].differs in re.sub(r"\s+", " ", out)
    assert "differs" not in call("summary", "simple-cnn")[1]  # its source is all there is


def test_models_are_listed(call):
    _, out, _ = call("models")
    assert all(name in out for name in models.MODELS)
    assert re.search(
        r"^ ?vgg19 +224x224 +1,000 +143,667,240 +19,632,062,464 +Simonyan", out, re.MULTILINE
    )
    assert re.search(r"^ ?alexnet-tf +224x224 +none +2,469,696 ", out, re.MULTILINE)


def test_two_models_are_shown_side_by_side(call):
    code, out, _ = call("models", "--compare", "alexnet-2012", "alexnet-merged")
    assert code == 0
    assert re.search(r"^ +conv3 .* 885,120 +conv3 .* 885,120 *$", out, re.MULTILINE)
    assert re.search(r"^ ?\* +conv4 .* 663,936 +conv4 .* 1,327,488 *$", out, re.MULTILINE)
    assert re.search(r"^ ?multiply-adds +724,406,816 +1,135,256,096 *$", out, re.MULTILINE)
    assert "5 of 23 rows differ" in out
    for name in ("alexnet-2012", "alexnet-merged"):
        assert models.MODELS[name].differs in re.sub(r"\s+", " ", out)


def test_receptive_fields_are_listed(call):
    code, out, _ = call("receptive-field", "vgg16")
    assert code == 0
    assert re.search(r"^ ?pool5 .* 7x7 +212 +32 +-90 *$", out, re.MULTILINE)


def test_plots_are_written(call, trained, tmp_path):
    for what in ("curves", "predictions", "augment"):
        assert call("plot", what, trained)[:2] == (0, f"wrote {trained}/{what}.png\n")
    call("plot", "curves", trained, "--out=here.png")
    assert (tmp_path / "here.png").read_bytes()[:4] == b"\x89PNG"


def test_a_recipes_augmentation_is_shown_before_any_training(call, tmp_path):
    assert call("plot", "augment", "cuda-convnet-11pct")[:2] == (
        0, "wrote cuda-convnet-11pct-augment.png\n",
    )  # fmt: skip
    assert (tmp_path / "cuda-convnet-11pct-augment.png").read_bytes()[:4] == b"\x89PNG"
    assert call("plot", "augment", "cuda-convnet-11pct", "--out=sheet.png")[0] == 0
    assert (tmp_path / "sheet.png").exists()


def test_help_names_every_command_and_every_field(call):
    code, out, _ = call("--help")
    assert code == 0
    assert all(f"\n  {name} " in out for name in ("train", *cli.COMMANDS))
    code, out, _ = call("train", "--help")
    assert code == 0
    flags = [field.name.replace("_", "-") for field in dataclasses.fields(Config)]
    assert all(f"--{flag}" in out for flag in (*flags, "config", "resume"))
    assert all(call(name, "--help")[0] == 0 for name in cli.COMMANDS)
    assert call("--version") == (0, f"minialex {cli.minialex.__version__}\n", "")


def test_help_loads_nothing_heavy():
    code = "import sys; from minialex import cli; cli.main(['--help']); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"numpy", "numba", "matplotlib", "rich", "tyro", "PIL", "cupy"} & set(loaded)


def a_text_file(tmp_path):
    (tmp_path / "picture.png").write_text("not a picture")


def a_class_folder_with_a_text_file(tmp_path):
    for name in ("cats/1.png", "cats/2.png", "dogs/1.png"):
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 20)).save(path)
    (tmp_path / "pets/dogs/broken.png").write_text("not a picture")


def a_cut_off_cifar(tmp_path):
    (tmp_path / "cifar-10-batches-bin").mkdir()
    for name in [*(f"data_batch_{i}.bin" for i in range(1, 6)), "test_batch.bin"]:
        (tmp_path / "cifar-10-batches-bin" / name).write_bytes(bytes(3073 * 5 - 1))
    (tmp_path / "cifar-10-batches-bin/batches.meta.txt").write_text("x\n" * 10)


def another_model(tmp_path):
    path = tmp_path / "trained/best.safetensors"
    tensors, state = checkpoint.load(path)
    checkpoint.save([path], {"conv7.W": tensors["conv1.W"]}, state)


def a_cut_off_checkpoint(tmp_path):
    for name in ("best", "last"):
        path = tmp_path / f"trained/{name}.safetensors"
        path.write_bytes(path.read_bytes()[:200])


def a_file_with_a_typo(tmp_path):
    (tmp_path / "c.json").write_text('{"epoch": 3}')


@pytest.mark.parametrize(
    ("arguments", "message", "prepare"),
    [
        (("trian",), "did you mean 'train'", None),
        (("train", "--model=alexnet-minni"), "did you mean 'alexnet-mini'", None),
        (("train", "--data=shaps"), "shapes", None),
        pytest.param(
            ("train", "--data=~nobody-here"),
            "~nobody-here: there is no user of this name",
            None,
            marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows asks nobody"),
        ),
        (("train", "--epoch=3"), "--epochs", None),
        (("train", "--epochs=many"), "--epochs", None),
        (("train", "--shedule", "step"), "--schedule", None),
        (("train", "--lr=-1"), "lr=-1.0: must be above 0", None),
        (("train", "--epochs=0"), "must be at least 1", None),
        (("train", "--schedule=linaer"), "did you mean 'linear'?", None),
        (("train", "--pixels", "0-11"), "not one of '0-255', '0-1', 'unit-variance'", None),
        (("train", "--views=5"), "not one of 1, 9, 10", None),
        (("train", "--recipe=papper"), "did you mean 'paper'?", None),
        (("train", "--recipe=paper", "--config=c.json"), "exclude each other", None),
        (("train", "--recipe=paper", "--model=lenet5"), "there is no imagenet; give --data", None),
        (("train", "--recipe="), "--recipe is empty", None),
        (("train", "--config="), "--config is empty", None),
        (("train", "--resume="), "--resume is empty", None),
        (("train", "--init="), "init='': is empty", None),
        (("train", "--load-size=16"), "load_size=16: crops of 32 pixels do not fit", None),
        (("train", "--views=10", "--load-size=32"), "views=10: crops need pictures", None),
        (("train", "--recipe=cuda-convnet-11pct-all"), "--init RUN", None),
        (("train", "--model=alexnet-tf"), "without a classifier", None),
        ((*TRAIN, "--lr-scale", "local*", "2"), "'local*' matches none of conv1.W", None),
        ((*TRAIN, "--schedule=plateau", "--val-size=0"), "val_size is 0", None),
        ((*TRAIN, "--load-size=9"), "do not fit tiny", None),
        (("train", "--image-size=8"), "this network needs images of at least", None),
        ((*TRAIN, "--val-size=1000"), "cannot be held out", None),
        ((*TRAIN, "--lr=1e30", "--schedule=constant"), "NaN or infinite", None),
        ((*TRAIN, "--out=trained"), "already holds a run", None),
        ((*TRAIN, "--init=nowhere"), "there is no such checkpoint", None),
        ((*TRAIN, "--init=trained", "--model=lenet5"), "is of another model", None),
        (("train", "--data=pets"), "broken.png", a_class_folder_with_a_text_file),
        (("train", "--data=cifar10", "--data-dir=."), "data_batch_1.bin", a_cut_off_cifar),
        (("train", "--config=none.json"), "there is no such file", None),
        (("train", "--config=c.json"), "did you mean 'epochs'", a_file_with_a_typo),
        (("train", "--config=c.json", "--resume=trained"), "exclude each other", None),
        (("train", "--resume=nowhere"), "holds no run", None),
        (("train", "--resume=trained", "--epochs=9"), "linear schedule", None),
        (("train", "--resume=trained"), "is damaged", a_cut_off_checkpoint),
        (("summary", "alexnet-minni"), "did you mean 'alexnet-mini'", None),
        (("models", "--compare", "lenet5", "lenet6"), "did you mean 'lenet5'", None),
        (("receptive-field", "vgg61"), "did you mean 'vgg", None),
        (("receptive-field", "alexnet-paddle", "--image-size=32"), "at least 37x37", None),
        (("summary", "alexnet-tf", "--classes=10"), "ends without a classifier", None),
        (("summary", "lenet5", "--classes=0"), "lenet5: classes=0 is not a positive number", None),
        (("eval", "nowhere"), "holds no run", None),
        (("eval", "trained"), "conv7.W", another_model),
        (("eval", "trained"), "is damaged", a_cut_off_checkpoint),
        (("eval", "trained", "--checkpont=last"), "--checkpoint", None),
        (("eval", "trained", "--ten-crop"), "leave nothing to crop; train with a larger", None),
        (("eval", "trained", "--ten-crop", "--views=9"), "exclude each other", None),
        (("eval", "trained", "--views=5"), "--views", None),
        (("predict", "trained"), "at least one picture", None),
        (("predict", "trained", "picture.png"), "picture.png", a_text_file),
        (("predict", "trained", "none.png"), "none.png", None),
        (("plot", "curve", "trained"), "curves", None),
        (("plot", "curves", "nowhere"), "holds no run", None),
        (("plot", "augment", "krizevsky"), "recipe; did you mean 'krizhevsky'", None),
        (("plot", "augment", "."), "holds no run", None),
        (("compare", "trained", "nowhere"), "nowhere holds no run", None),
    ],
)
def test_bad_input_gets_a_message_and_2(arguments, message, prepare, call, request, tmp_path):
    if any("trained" in argument for argument in arguments):
        request.getfixturevalue("trained")
    if prepare:
        prepare(tmp_path)
    code, _, said = call(*arguments)
    assert code == 2
    assert message in " ".join(said.split())
    assert "Traceback" not in said
    assert not (tmp_path / "runs").exists() or "NaN" in said  # refused before the first step


def test_a_defect_of_ours_keeps_its_traceback(call, monkeypatch):
    monkeypatch.setitem(cli.COMMANDS, "models", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        call("models")


def test_ctrl_c_outside_of_the_loop(call, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "load", interrupted)
    assert call(*TRAIN) == (130, "", "\nminialex: interrupted\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of this kind")
def test_a_disk_without_room_is_reported(tmp_path):
    """A limit on the size of files stands for the full disk: config.json fits, no checkpoint."""
    code = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000)); "
        f"sys.argv[:] = {[tiny.__file__, *TRAIN, '--out=small']}; "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "best.safetensors: File too large. Every file that was complete" in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(p.name for p in (tmp_path / "small").iterdir()) == ["config.json", "log.csv"]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("config.json", '{"config": [], "classes": ["a"], "pixels": {}, "parameters": 1}'),
        ("config.json", '{"config": {}, "classes": 5, "pixels": {}, "parameters": 1}'),
        ("config.json", '{"config": {}, "classes": [], "pixels": {}, "parameters": 1}'),
        ("config.json", '{"config": {}, "classes": ["a"], "pixels": 3, "parameters": 1}'),
        (
            "config.json",
            '{"config": {}, "classes": ["a"], "pixels": {}, "parameters": 1, '
            '"trained_on": {"pictures": 3}}',
        ),
        ("config.json", "[" * 100_000),
        ("result.json", "{}"),
        ("result.json", '{"epochs": "two"}'),
        ("log.csv", ""),
        ("log.csv", "a,b\n" + "9" * 200_000),
    ],
    ids=lambda value: value[:60],
)
def test_damaged_files_of_a_run_are_named(file, text, call, trained, tmp_path):
    (tmp_path / trained / file).write_text(text)
    command = ["plot", "curves", trained] if file == "log.csv" else ["compare", trained, trained]
    code, _, said = call(*command)
    assert (code, file in said, "Traceback" in said) == (2, True, False)


def test_classes_that_changed_since_the_training_are_noticed(call, trained, monkeypatch):
    splits = tiny.splits()
    splits.test.classes = ("red", "green", "violet")
    monkeypatch.setattr(data, "load", lambda *_: splits)
    code, out, said = call("eval", trained)
    assert (code, out) == (2, "")
    assert "violet" in said


def test_pictures_that_were_added_since_the_training_are_warned_of(call, tmp_path):
    """Another number of pictures is another draw of the fifth that is the test."""
    rng = np.random.default_rng(0)
    for i in range(21):
        path = tmp_path / "pets" / ("cat", "dog")[i % 2] / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)).save(path)
    last = path.rename(tmp_path / "20.png")
    code, _, said = call("train", "--model=tiny", "--data=pets", "--epochs=1", "--out=run")
    assert code == 0, said
    assert call("eval", "run")[2] == ""
    last.rename(path)
    code, _, said = call("eval", "run")
    assert code == 0
    assert "pets have changed since run was trained (16 pictures then, 17 now)" in said
    assert call("eval", "run", "--data=pets")[2] == ""  # as asked for


def test_a_test_that_is_its_own_is_not_warned_of(call, trained, monkeypatch):
    few = tiny.splits()._replace(train=tiny.pictures(50))
    monkeypatch.setattr(data, "load", lambda *_: few)
    assert call("eval", trained)[2] == ""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are text")
def test_names_that_the_terminal_cannot_write_are_escaped(trained):
    os.mkdir(b"caf\xe9")
    Image.new("RGB", (8, 8), (90, 10, 200)).save("a.png")
    os.rename("a.png", b"caf\xe9/a.png")
    command = [sys.executable, tiny.__file__, "predict", trained, b"caf\xe9/a.png"]
    done = subprocess.run(command, capture_output=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert b"caf\\udce9/a.png" in done.stdout


def test_a_run_without_an_epoch_has_no_curves(call, trained, tmp_path):
    (tmp_path / trained / "log.csv").unlink()
    code, _, said = call("plot", "curves", trained)
    assert code == 2
    assert "has not finished an epoch" in said
    assert call("plot", "predictions", trained, "--out", "picture.foo")[0] == 2


def test_too_little_memory_is_no_defect(call, monkeypatch):
    def exhausted(*_):
        raise MemoryError("Unable to allocate 3 TiB")

    monkeypatch.setattr(data, "load", exhausted)
    code, _, said = call(*TRAIN)
    assert code == 2
    assert "not enough memory: Unable to allocate 3 TiB" in said


@pytest.mark.parametrize("command", ["--version", "models", "recipes"])
def test_a_pipe_that_nobody_reads_ends_it_without_a_word(command):
    """As in `minialex recipes | head -3`, where the rest is not wanted."""
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "minialex", command], stdout=write, stderr=subprocess.PIPE
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")
