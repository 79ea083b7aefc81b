"""The run folder: what is stored is what is used, and what cannot be used is named."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import tiny
from PIL import Image
from safetensors.numpy import save_file

from minialex import checkpoint, figures, models, run
from minialex.config import Config
from minialex.data import split
from minialex.data.pictures import read_picture
from minialex.data.pixels import Pixels
from minialex.data.views import views
from minialex.errors import InputError
from minialex.layers import Softmax
from minialex.train import fit


@pytest.fixture(autouse=True)
def _tiny_model(monkeypatch):
    monkeypatch.setitem(models.MODELS, "tiny", tiny.TINY)


@pytest.fixture(
    scope="module", params=[("0-255", "none"), ("0-1", "image"), ("unit-variance", "channel")]
)
def trained(request, tmp_path_factory):
    """A network as training left it, and its folder; at several pixel scales."""
    scale, mean = request.param
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(models.MODELS, "tiny", tiny.TINY)
        network = tiny.network()
        config = dataclasses.replace(tiny.CONFIG, pixels=scale, mean=mean, lr=1e-4, epochs=2)
        fit(network, tiny.splits(), config, folder=folder)
    return network, folder


def test_predict_repeats_the_pixel_scale_of_the_training(trained):
    network, folder = trained
    test = tiny.splits().test
    loaded = run.load(folder)
    trained_on, _ = split(tiny.splits().train, 10, seed=0)
    config = loaded.config
    scaled = Pixels.fit(trained_on, scale=config.pixels, mean=config.mean)(test.images)
    expected = Softmax().forward(network.predict(scaled))
    found = loaded.predict(test.images)
    assert found.dtype == np.float32
    assert np.array_equal(found, expected)


def test_predict_takes_paths_pictures_and_arrays(trained, tmp_path):
    loaded = run.load(trained[1])
    array = tiny.pictures(1).images[0]
    picture = Image.fromarray(array)
    picture.save(tmp_path / "picture.png")
    p = loaded.predict([array, picture, tmp_path / "picture.png", str(tmp_path / "picture.png")])
    assert p.shape == (4, 3)
    assert (p == p[0]).all()
    assert p.sum(axis=1) == pytest.approx(1)
    assert loaded.predict([]).shape == (0, 3)


def test_pictures_of_any_size_are_fitted(trained):
    big = Image.new("RGB", (50, 31), (200, 0, 0))
    loaded = run.load(trained[1])
    grey = big.convert("L")
    np.testing.assert_array_equal(
        loaded.predict([big, grey]),
        loaded.predict(np.stack([read_picture(big, 8), read_picture(grey, 8)])),
    )
    assert (loaded.predict([big]) != loaded.predict([grey])).any()


def test_crops_of_pictures_are_averaged_as_the_run_says(tmp_path):
    """The network sees 6x6 of the 8x8 pixels that were loaded; the mean picture has all of them."""
    network = models.build("tiny", image_size=6)
    sizes = {"load_size": 8, "image_size": 6, "mean": "image", "crop": 0}
    config = dataclasses.replace(tiny.CONFIG, **sizes, epochs=1, views=10)
    fit(network, tiny.splits(), config, folder=tmp_path)
    loaded, images = run.load(tmp_path), tiny.pictures(5, seed=2).images
    x = loaded.pixels(images)
    p = [Softmax().forward(network.predict(v.copy())) for v in views(x, 6, 10)]
    assert np.allclose(loaded.predict(images), np.mean(p, axis=0), atol=1e-6)
    centre = dataclasses.replace(loaded, config=dataclasses.replace(config, views=1))
    assert np.allclose(centre.predict(images), p[2], atol=1e-6)
    assert loaded.predict([Image.new("RGB", (50, 31))]).sum() == pytest.approx(1)


def test_a_numbered_checkpoint_can_be_used(tmp_path):
    config = dataclasses.replace(tiny.CONFIG, save_every=1)
    fit(tiny.network(), tiny.splits(), config, folder=tmp_path)
    first, last = (run.load(tmp_path, name) for name in ("epoch-001", "last"))
    assert not np.array_equal(first.network.params["fc2.W"], last.network.params["fc2.W"])
    with pytest.raises(InputError, match=r"epoch-009\.safetensors: there is no such checkpoint"):
        run.load(tmp_path, "epoch-009")


def test_a_checkpoint_of_another_model_lists_the_tensors(tmp_path):
    fit(tiny.network(), tiny.splits(), tiny.CONFIG, folder=tmp_path)
    path = tmp_path / "best.safetensors"
    tensors, state = checkpoint.load(path)
    tensors["conv9.W"] = tensors.pop("conv1.b")
    tensors["fc2.W"] = tensors["fc2.W"][:, 1:]
    checkpoint.save([path], tensors, state)
    with pytest.raises(InputError) as error:
        run.load(tmp_path)
    assert str(error.value) == (
        f"{path} is of another model. Tensors missing: conv1.b; unexpected: conv9.W; "
        "of another shape: fc2.W (64, 7) where (64, 8) is needed"
    )


def test_init_copies_all_layers_but_the_last(tmp_path):
    source, target = tiny.network(seed=1), models.build("tiny", classes=5, seed=2)
    before = {name: p.copy() for name, p in target.params.items()}
    checkpoint.copy_all_but_last(target.params, source.params, "here")
    for name, parameter in target.params.items():
        expected = before if name.startswith("fc3") else source.params
        assert np.array_equal(parameter, expected[name])
    with pytest.raises(InputError, match=r"here is of another model.*conv1\.W"):
        checkpoint.copy_all_but_last(models.build("lenet5").params, source.params, "here")


@pytest.mark.parametrize("keep", [0, 4, 100, -1])
def test_a_file_that_is_cut_off_is_named(keep, tmp_path):
    path = tmp_path / "best.safetensors"
    checkpoint.save([path], {"a": np.arange(100.0)}, {})
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(InputError, match=r"best\.safetensors is damaged"):
        checkpoint.load(path)


def test_files_of_others_are_refused(tmp_path):
    (tmp_path / "text").write_text("not a checkpoint at all")
    save_file({"a": np.zeros(3)}, tmp_path / "foreign")
    with pytest.raises(InputError, match="text is damaged"):
        checkpoint.load(tmp_path / "text")
    with pytest.raises(InputError, match="foreign is not a checkpoint of minialex"):
        checkpoint.load(tmp_path / "foreign")


def test_arrays_that_are_not_contiguous_survive(tmp_path):
    array = np.arange(12.0).reshape(3, 4).T[1:]
    checkpoint.save([tmp_path / "c"], {"a": array}, {"n": 1})
    tensors, state = checkpoint.load(tmp_path / "c")
    assert np.array_equal(tensors["a"], array)
    assert state == {"n": 1}


def test_a_failing_copy_changes_nothing():
    network, other = tiny.network(), tiny.network(seed=1)
    before = {name: p.copy() for name, p in network.params.items()}
    with pytest.raises(InputError):
        checkpoint.copy_into(network.params, {**other.params, "extra": np.zeros(1)}, "here")
    assert all(np.array_equal(before[name], p) for name, p in network.params.items())


def test_new_runs_take_the_first_free_number(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    config = Config(model="lenet5", data="/somewhere/pets")
    assert run.new_folder(config).as_posix() == "runs/lenet5-pets-1"
    (tmp_path / "runs/lenet5-pets-3").mkdir(parents=True)
    assert run.new_folder(config).as_posix() == "runs/lenet5-pets-2"
    assert run.new_folder(config).as_posix() == "runs/lenet5-pets-4"
    assert run.new_folder(dataclasses.replace(config, out="here")).as_posix() == "here"


def test_a_file_in_the_place_of_runs_is_an_error(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").symlink_to(tmp_path / "not mounted")
    with pytest.raises(FileExistsError):
        run.new_folder(Config())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "holds no run"),
        ("{", r"config\.json is not JSON"),
        ("{}", "has no 'config'"),
        (
            json.dumps({"config": {"modle": "x"}, "classes": [], "pixels": {}, "parameters": 1}),
            "unknown key 'modle'; did you mean 'model'",
        ),
    ],
)
def test_a_folder_without_a_run_is_refused(text, message, tmp_path):
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(InputError, match=message):
        run.load(tmp_path)


def test_a_damaged_log_is_named(tmp_path):
    (tmp_path / "log.csv").write_text("epoch,step\n1,x\n")
    with pytest.raises(InputError, match=r"log\.csv is damaged"):
        figures.read_log(tmp_path)
    assert figures.read_log(tmp_path / "none") == []


@pytest.mark.parametrize(
    "single",
    [np.zeros((8, 8, 3), np.uint8), "picture.png", Path("picture.png"), Image.new("RGB", (8, 8))],
    ids=type,
)
def test_a_single_picture_is_not_taken_for_a_list(single, trained):
    with pytest.raises(InputError, match="list of pictures"):
        run.load(trained[1]).predict(single)
