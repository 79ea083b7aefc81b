"""The command that draws."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from minialex.commands.runs import run_and_data
from minialex.errors import InputError, nearest

if TYPE_CHECKING:
    from minialex.config import Config
    from minialex.data import Dataset
    from minialex.data.augment import Augment
    from minialex.data.pixels import Pixels


def plot(
    what: Literal["curves", "predictions", "augment"],
    run: Path,
    /,
    *,
    out: Path | None = None,
    data_dir: str | None = None,
) -> None:
    """Draw a run's curves, test pictures with their predicted classes, or what it trains on.

    Parameters
    ----------
    what
        What to draw; augment: training pictures, each with what augmentation makes of it.
    run
        Run folder. For augment also a recipe, whose augmentation is shown on drawn shapes.
    out
        Picture to write. Default: WHAT.png in the run folder; RECIPE-augment.png.
    data_dir
        Folder of the CIFAR files. Default: where the run found them.
    """
    from minialex import plot
    from minialex.figures import read_log
    from minialex.recipes import RECIPES
    from minialex.run import read_config

    is_recipe = what == "augment" and not run.exists()
    if is_recipe and str(run) not in RECIPES:
        near = nearest(str(run), RECIPES)
        raise InputError(f"{run}: neither a run folder nor a recipe{near}")
    path = out or (Path(f"{run}-{what}.png") if is_recipe else run / f"{what}.png")
    if path.suffix != ".png":
        raise InputError(f"--out {path}: pictures are written as .png")
    if what == "curves":
        read_config(run)  # raises where the folder holds no run
        log = read_log(run)
        if not log:
            raise InputError(f"{run} has not finished an epoch yet: there is nothing to draw")
        plot.curves(log, path)
    elif what == "predictions":
        trained, splits = run_and_data(run, data_dir)
        plot.predictions(trained, splits.test, path)
    else:
        plot.augmentation(*(_of_recipe(str(run)) if is_recipe else _of_run(run, data_dir)), path)
    print(f"wrote {path}")


def _of_run(run: Path, data_dir: str | None) -> tuple["Dataset", "Augment", "Pixels"]:
    """Return what a run was trained on, and what its first epoch made of it."""
    from minialex import data

    trained, splits = run_and_data(run, data_dir)
    config, pixels = trained.config, trained.pixels
    train, _ = data.split(splits.train, config.val_size or 0, config.seed)
    return train, _augment(config, train, pixels), pixels


def _of_recipe(name: str) -> tuple["Dataset", "Augment", "Pixels"]:
    """Return drawn shapes at a recipe's size, and what it would make of them."""
    from minialex import models, recipes
    from minialex.data.pixels import Pixels
    from minialex.data.shapes import shapes

    config = recipes.config(name)
    size = config.load_size or config.image_size or models.MODELS[config.model].image_size
    train = shapes(100, size)
    pixels = Pixels.fit(train, scale=config.pixels, mean=config.mean)
    return train, _augment(config, train, pixels), pixels


def _augment(config: "Config", train: "Dataset", pixels: "Pixels") -> "Augment":
    from minialex import parts
    from minialex.data.colour import ColourNoise

    noisy = config.colour != "none"
    colour = ColourNoise.fit(train, pixels, config.colour) if noisy else None
    return parts.augment(config, colour, epochs=0)
