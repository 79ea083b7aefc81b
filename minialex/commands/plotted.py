"""What `minialex plot` reads before it draws: logs, and pictures with their augmentation."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from minialex.commands.runs import run_and_data
from minialex.errors import InputError

if TYPE_CHECKING:
    from minialex.config import Config
    from minialex.data import Dataset
    from minialex.data.augment import Augment
    from minialex.data.pixels import Pixels
    from minialex.figures import Epoch


def log_of(folder: Path) -> "list[Epoch]":
    """Return a run's log; InputError where there is none."""
    from minialex.figures import read_log
    from minialex.run import read_config

    read_config(folder)  # raises where the folder holds no run
    log = read_log(folder)
    if not log:
        raise InputError(f"{folder} has not finished an epoch yet: there is nothing to draw")
    return log


def by_configuration(names: Sequence[str]) -> "dict[str, list[list[Epoch]]]":
    """Return the logs of runs whose configuration is equal but for the seed, group by group.

    A group is named after its model, and after what else tells it from the other groups.

    Raises
    ------
    InputError
        A folder holds no run, or two runs are the same, with the same seed.
    """
    from minialex.config import NOT_HASHED
    from minialex.run import read_config

    groups: dict[str, list[str]] = {}
    settings: dict[str, dict[str, str]] = {}
    seen: dict[str, str] = {}
    for name in names:
        _, config = read_config(Path(name))
        if seen.setdefault(config.hash(), name) != name or names.count(name) > 1:
            other = seen[config.hash()]
            raise InputError(f"{name} and {other} have one configuration and one seed: name one")
        key = dataclasses.replace(config, seed=0).hash()
        groups.setdefault(key, []).append(name)
        facts = {k: str(v) for k, v in dataclasses.asdict(config).items() if k not in NOT_HASHED}
        settings[key] = {k: v for k, v in facts.items() if k != "seed"}
    differing = [
        field
        for field in next(iter(settings.values()))
        if field != "model" and len({facts[field] for facts in settings.values()}) > 1
    ]
    return {
        ", ".join([settings[key]["model"], *(f"{k} {settings[key][k]}" for k in differing)]): [
            log_of(Path(name)) for name in runs
        ]
        for key, runs in groups.items()
    }


def of_run(run: Path, data_dir: str | None) -> tuple["Dataset", "Augment", "Pixels"]:
    """Return what a run was trained on, and what its first epoch made of it."""
    from minialex import data

    trained, splits = run_and_data(run, data_dir)
    config, pixels = trained.config, trained.pixels
    train, _ = data.split(splits.train, config.val_size or 0, config.seed)
    return train, _augmentation(config, train, pixels), pixels


def of_recipe(name: str) -> tuple["Dataset", "Augment", "Pixels"]:
    """Return drawn shapes at a recipe's size, and what it would make of them."""
    from minialex import models, recipes
    from minialex.data.pixels import Pixels
    from minialex.data.shapes import shapes

    config = recipes.config(name)
    size = config.load_size or config.image_size or models.MODELS[config.model].image_size
    train = shapes(100, size)
    pixels = Pixels.fit(train, scale=config.pixels, mean=config.mean)
    return train, _augmentation(config, train, pixels), pixels


def _augmentation(config: "Config", train: "Dataset", pixels: "Pixels") -> "Augment":
    from minialex import parts
    from minialex.data.colour import ColourNoise

    noisy = config.colour != "none"
    colour = ColourNoise.fit(train, pixels, config.colour) if noisy else None
    return parts.augment(config, colour, epochs=0)
