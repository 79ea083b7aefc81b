"""Stored runs: a figure in the documentation belongs to a configuration that still exists."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from minialex import config
from minialex.figures import read_log, read_result
from minialex.models import plan

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
RUNS = sorted(path.parent for path in RESULTS.glob("**/manifest.json"))
runs = pytest.mark.parametrize("run", RUNS, ids=lambda run: run.relative_to(RESULTS).as_posix())


def manifest_of(run: Path) -> dict:
    return json.loads((run / "manifest.json").read_text(encoding="utf-8"))


@runs
def test_a_stored_run_has_the_configuration_that_it_names(run):
    manifest = manifest_of(run)
    settings = config.from_dict(manifest["config"], str(run))
    assert settings.hash() == manifest["config_hash"]
    assert settings.seed == manifest["seed"]
    assert manifest.get("commit") or manifest.get("commits")
    assert manifest["parameters"] == plan(settings.model, classes=10).totals()[0]


@runs
def test_log_and_result_are_those_of_the_manifest(run):
    manifest, rows, result = manifest_of(run), read_log(run), read_result(run)
    assert [row.epoch for row in rows] == list(range(1, manifest["config"]["epochs"] + 1))
    assert result is not None
    assert result.epochs == len(rows)
    for key in ("best_epoch", "val_accuracy", "test_accuracy", "seconds"):
        assert getattr(result, key) == manifest[key]
    if result.val_accuracy is not None:
        best = max(rows, key=lambda row: row.val_accuracy or 0)
        assert (best.epoch, best.val_accuracy) == (result.best_epoch, result.val_accuracy)


@pytest.mark.parametrize(
    "path", sorted(RESULTS.glob("**/confusion*.csv")), ids=lambda p: f"{p.parent.name}/{p.stem}"
)
def test_a_confusion_matrix_belongs_to_its_accuracy(path):
    with path.open(encoding="utf-8") as file:
        classes, *rows = csv.reader(file)
    counts = np.array(rows, int)
    assert counts.shape == (len(classes), len(classes))
    assert (counts.sum(axis=1) == 1000).all()  # of CIFAR-10's test pictures
    accuracy, stored = counts.trace() / counts.sum(), manifest_of(path.parent)["test_accuracy"]
    if path.stem == "confusion":
        assert accuracy == pytest.approx(stored)
    else:  # other views of the same pictures
        assert stored - 0.02 < accuracy != stored


@pytest.mark.parametrize(
    "path", sorted(RESULTS.glob("**/filters.npy")), ids=lambda path: path.parent.name
)
def test_stored_filters_are_those_of_the_model(path):
    shapes = plan(manifest_of(path.parent)["config"]["model"]).layers[0].param_shapes((32, 32, 3))
    assert np.load(path).shape == shapes["W"]


def test_the_readme_quotes_the_stored_accuracy():
    manifest = manifest_of(RESULTS / "cifar10-alexnet")
    assert f"{100 * manifest['test_accuracy']:.1f} %" in (ROOT / "README.md").read_text()


def test_no_stored_run_names_a_folder_of_the_machine():
    for run in RUNS:
        assert not any(str(v).startswith("/") for v in manifest_of(run)["config"].values())
