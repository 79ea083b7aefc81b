"""The configuration: what a run stores must say exactly what it was."""

import dataclasses
import hashlib
import json

import pytest

from minialex import config
from minialex.config import Config
from minialex.errors import InputError

UNUSUAL = Config(
    model="lenet5", lr=0.5, milestones=(3, 5), schedule="step", val_size=7, flip=False, out="x",
    lr_scale={"*.b": 2.0}, lr_changes=((67, "conv1.W", 0.1), (72, "conv1.*", 0.0)), views=10,
    load_size=40, decay={"fc*.W": 0.03},
)  # fmt: skip


def test_a_configuration_survives_json():
    document = json.loads(json.dumps(dataclasses.asdict(UNUSUAL)))
    assert config.from_dict(document) == UNUSUAL


def test_a_file_may_name_some_fields_only(tmp_path):
    (tmp_path / "c.json").write_text('{"lr": 1, "epochs": 3}')
    assert config.read(tmp_path / "c.json") == Config(lr=1.0, epochs=3)


def test_a_runs_own_file_repeats_it_elsewhere(tmp_path):
    document = {"config": dataclasses.asdict(UNUSUAL), "threads": 2}
    (tmp_path / "config.json").write_text(json.dumps(document))
    assert config.read(tmp_path / "config.json") == dataclasses.replace(UNUSUAL, out=None)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"learning": 1}, "unknown key 'learning'"),
        ({"epoch": 1}, "did you mean 'epochs'"),
        ({"epochs": 1.5}, "epochs = 1.5 is not int"),
        ({"lr": 10**400}, "00 is not float"),
        ({"epochs": True}, "epochs = True is not int"),
        ({"lr": "0.1"}, "lr = '0.1' is not float"),
        ({"flip": 1}, "flip = 1 is not bool"),
        ({"milestones": [1, "2"]}, "is not a list of int"),
        ({"schedule": "lineer"}, "not one of 'constant', 'step', 'one-cycle', 'linear', 'plateau'"),
        ({"schedule": "lineer"}, "did you mean 'linear'"),
        ({"val_size": "a tenth"}, "val_size = 'a tenth' is not int or null"),
        ({"lr_scale": {"*.b": "2"}}, "is not an object that maps str to float"),
        ({"lr_changes": [[67, "conv1.W"]]}, "is not a list of (int, str, float)"),
        ({"views": 5}, "views = 5 is not one of 1, 9, 10"),
        ({"views": True}, "views = True is not one of 1, 9, 10"),
        ({"epochs": 0}, "epochs=0: must be at least 1"),
    ],
)
def test_a_wrong_file_is_refused(values, message):
    with pytest.raises(InputError, match=r"^here: ") as error:
        config.from_dict(values, "here")
    assert message in str(error.value)


@pytest.mark.parametrize(
    "field", ["batch_size", "image_size", "load_size", "threads", "save_every", "crop_chunk"]
)
def test_sizes_are_at_least_one(field):
    with pytest.raises(InputError, match=f"{field}=0: must be at least 1"):
        Config(**{field: 0})


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lr": 0.0}, "lr=0.0: must be above 0"),
        ({"lr": float("nan")}, "lr=nan"),
        ({"momentum": 1.0}, "momentum=1.0: must be below 1"),
        ({"weight_decay": -1.0}, "weight_decay=-1.0: must be at least 0"),
        ({"seed": -1}, "seed=-1"),
        ({"schedule": "step"}, "needs milestones"),
        ({"milestones": (0,)}, "epochs count from 1"),
        ({"lr_changes": ((0, "*", 1.0),)}, "epochs count from 1"),
        ({"lr_changes": ((1, "*", -1.0), (2, "*", 1.0))}, r"lr_changes: '\*' has -1.0"),
        ({"lr_scale": {"*.b": float("nan")}}, r"lr_scale: '\*.b' has nan"),
        ({"decay": {"fc*": -0.1}}, r"decay: 'fc\*' has -0.1"),
        ({"decay": {"*.W": float("inf")}}, r"'\*.W' has inf, .* a finite number of at least 0"),
        ({"shift": 1.5}, "shift=1.5: must be below 1"),
        ({"out": ""}, "out='': is empty"),
        ({"lr_factor": 0.0}, "lr_factor=0.0: must be above 0"),
        ({"zoom": 1.0}, "zoom=1.0: must be below 1"),
        ({"warmup": 1.0}, "warmup=1.0: must be below 1"),
        ({"warmup": -0.1}, "warmup=-0.1: must be at least 0"),
        ({"patience": 0}, "patience=0: must be at least 1"),
        ({"lr_samples": 0}, "lr_samples=0: must be at least 1"),
        ({"rotate": 200.0}, "rotate=200.0: must be at most 180"),
        ({"schedule": "plateau", "val_size": 0}, "plateau.* held-out pictures, but val_size is 0"),
        ({"views": 10}, "views=10: crops need .*--load-size"),
        ({"views": 9, "load_size": 32, "image_size": 32}, "views=9: crops need"),
        ({"load_size": 24, "image_size": 32}, "crops of 32 pixels do not fit"),
        ({"epochs": 1.5}, "epochs = 1.5 is not int"),
    ],
)
def test_values_out_of_range_are_refused(values, message):
    with pytest.raises(InputError, match=message):
        Config(**values)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "\xff", f'{{"seed": {"9" * 5000}}}'],
    ids=["nothing", "half", "a list", "no UTF-8", "5000 digits"],
)
def test_a_file_that_is_no_json_object_is_named(tmp_path, text):
    path = tmp_path / "c.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"c\.json is not"):
        config.read(path)
    with pytest.raises(InputError, match="there is no such file"):
        config.read(tmp_path / "none.json")


def test_the_hash_names_the_experiment_and_not_the_machine():
    here = dataclasses.replace(UNUSUAL, data="/a/pets", data_dir="/b", threads=2, out="y")
    there = dataclasses.replace(UNUSUAL, data="/c/pets", save_every=3)
    assert here.hash() == there.hash()
    for change in (
        {"seed": 1}, {"lr": 0.1}, {"flip": True}, {"data": "cifar10"}, {"init": "r"},
        {"lr_scale": {}}, {"lr_changes": ()}, {"views": 9}, {"val_size": 0},
    ):  # fmt: skip
        assert dataclasses.replace(UNUSUAL, **change).hash() != UNUSUAL.hash()


def test_a_new_field_changes_no_hash_of_earlier_runs():
    """Two hashes written down: of defaults, and of a run from before there were recipes."""
    assert Config().hash() == hashlib.sha256(b"{}").hexdigest()
    before = b'{"epochs": 12, "image_size": 32, "model": "alexnet-cifar", "val_size": 5000}'
    now = Config(epochs=12, image_size=32, model="alexnet-cifar", val_size=5000)
    assert now.hash() == hashlib.sha256(before).hexdigest()


def test_whole_numbers_may_stand_for_others():
    """Else the same experiment would have one hash in Python and another in its config.json."""
    assert Config(lr=1, lr_scale={"*.b": 2}).hash() == Config(lr=1.0, lr_scale={"*.b": 2.0}).hash()


def test_the_order_of_patterns_is_part_of_the_experiment():
    """The last pattern that matches counts."""
    one, other = {"*": 3.0, "conv*": 0.0}, {"conv*": 0.0, "*": 3.0}
    assert Config(lr_scale=one).hash() != Config(lr_scale=other).hash()


def test_a_callers_dictionary_may_change_later():
    factors = {"*.b": 2.0}
    settings = Config(lr_scale=factors)
    factors.clear()
    assert settings.lr_scale == {"*.b": 2.0}


def test_a_file_may_start_from_a_recipe(tmp_path):
    (tmp_path / "c.json").write_text('{"recipe": "cuda-convnet-18pct", "epochs": 3}')
    settings = config.read(tmp_path / "c.json")
    assert (settings.epochs, settings.milestones, settings.lr) == (3, (120, 130), 0.001)
    (tmp_path / "c.json").write_text('{"recipe": "papper"}')
    with pytest.raises(InputError, match="did you mean 'paper'"):
        config.read(tmp_path / "c.json")
