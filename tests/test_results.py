"""Stored runs: a figure in the documentation belongs to a configuration that still exists."""

import csv
import json
from pathlib import Path

import pytest

from minialex import config

ROOT = Path(__file__).parents[1]
MANIFESTS = sorted((ROOT / "docs" / "results").glob("*/manifest.json"))


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.parent.name)
def test_a_stored_run_has_the_configuration_that_it_names(path):
    manifest = json.loads(path.read_text())
    settings = config.from_dict(manifest["config"], str(path))
    assert settings.hash() == manifest["config_hash"]
    with (path.parent / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == settings.epochs
    best = max(rows, key=lambda row: float(row["val_accuracy"]))
    assert int(best["epoch"]) == manifest["best_epoch"]
    assert float(best["val_accuracy"]) == manifest["val_accuracy"]


def test_the_readme_quotes_the_stored_accuracy():
    manifest = json.loads((ROOT / "docs/results/cifar10-alexnet/manifest.json").read_text())
    assert f"{100 * manifest['test_accuracy']:.1f} %" in (ROOT / "README.md").read_text()
