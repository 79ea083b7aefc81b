"""The configuration: what a run stores must say exactly what it was."""

import dataclasses
import json

import pytest

from minialex import config
from minialex.config import Config
from minialex.errors import InputError

UNUSUAL = Config(
    model="lenet5", lr=0.5, milestones=(3, 5), schedule="step", val_size=7, flip=False, out="x"
)


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
        ({"epochs": True}, "epochs = True is not int"),
        ({"lr": "0.1"}, "lr = '0.1' is not float"),
        ({"flip": 1}, "flip = 1 is not bool"),
        ({"milestones": [1, "2"]}, "is not a list of int"),
        ({"schedule": "lineer"}, "not one of 'constant', 'step', 'one-cycle', 'linear', 'plateau'"),
        ({"val_size": "a tenth"}, "val_size = 'a tenth' is not int or null"),
        ({"epochs": 0}, "epochs=0: must be at least 1"),
    ],
)
def test_a_wrong_file_is_refused(values, message):
    with pytest.raises(InputError, match=r"^here: ") as error:
        config.from_dict(values, "here")
    assert message in str(error.value)


@pytest.mark.parametrize(
    "field", ["batch_size", "image_size", "val_size", "threads", "save_every", "patience"]
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
    ],
)
def test_values_out_of_range_are_refused(values, message):
    with pytest.raises(InputError, match=message):
        Config(**values)


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff"])
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
    for change in ({"seed": 1}, {"lr": 0.1}, {"flip": True}, {"data": "cifar10"}, {"init": "r"}):
        assert dataclasses.replace(UNUSUAL, **change).hash() != UNUSUAL.hash()
