"""The command that draws."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from minialex.commands.plotted import by_configuration, log_of, of_recipe, of_run
from minialex.commands.runs import run_and_data
from minialex.errors import InputError, nearest

if TYPE_CHECKING:
    from matplotlib.figure import Figure

What = Literal["model", "curves", "seeds", "predictions", "confusion", "filters", "augment"]
FORMATS = (".png", ".svg")


def plot(
    what: What,
    names: tuple[str, ...],
    /,
    *,
    out: Path | None = None,
    data_dir: str | None = None,
) -> None:
    """Draw a model, or a run: its curves, its test pictures, its mistakes, its filters, ...

    Parameters
    ----------
    what
        model: the layers, in two towers where there are two groups. curves: loss and accuracy.
        seeds: accuracy of runs that differ in their seed, by configuration. predictions: test
        pictures with their classes. confusion: which class is taken for which. filters: those of
        the first layer. augment: training pictures, and what augmentation makes of each.
    names
        A run folder, for seeds several; for model a model; for augment also a recipe, whose
        augmentation is shown on drawn shapes.
    out
        Picture to write, .png or .svg. Default: WHAT.png in the run folder, or NAME-WHAT.png.
    data_dir
        Folder of the CIFAR files. Default: where the run found them.
    """
    if not names or (len(names) > 1 and what != "seeds"):
        wanted = {"model": "one model", "seeds": "runs"}.get(what, "one run")
        raise InputError(f"plot {what} draws {wanted}, not {len(names) or 'nothing'}")
    path = out or _place(what, names[0])
    if path.suffix not in FORMATS:
        raise InputError(f"--out {path}: pictures are written as {' or '.join(FORMATS)}")
    figure = _seeds(names) if what == "seeds" else DRAWN[what](names[0], data_dir)
    figure.savefig(path)
    print(f"wrote {path}")


def _place(what: What, name: str) -> Path:
    """Return where a picture goes that was given no place."""
    if what == "seeds":
        return Path("seeds.png")
    in_run = what != "model" and (what != "augment" or Path(name).exists())
    return Path(name) / f"{what}.png" if in_run else Path(f"{name}-{what}.png")


def _model(name: str, _: str | None) -> "Figure":
    from minialex import models, plot

    return plot.model(models.plan(name))


def _curves(name: str, _: str | None) -> "Figure":
    from minialex import plot

    return plot.curves(log_of(Path(name)))


def _seeds(names: tuple[str, ...]) -> "Figure":
    from minialex import plot

    return plot.seeds(by_configuration(names))


def _predictions(name: str, data_dir: str | None) -> "Figure":
    from minialex import plot

    trained, splits = run_and_data(Path(name), data_dir)
    return plot.predictions(trained, splits.test)


def _confusion(name: str, data_dir: str | None) -> "Figure":
    from minialex import evaluate, plot

    trained, (_, test) = run_and_data(Path(name), data_dir)
    views = trained.config.views
    result = evaluate.evaluate(trained.network, test, trained.pixels, views=views)
    matrix = evaluate.confusion(result.predicted, test.labels, len(test.classes))
    return plot.confusion(matrix, test.classes)


def _filters(name: str, _: str | None) -> "Figure":
    from minialex import plot
    from minialex.plot.blocks import towers_of
    from minialex.run import load

    network = load(name).network
    first = next((layer for layer in network.layers if layer.params), None)
    if first is None or first.kind != "conv":
        raise InputError(f"{name}: the first layer with weights is no convolution: no filters")
    return plot.filters(first.params["W"], towers_of(network))


def _augment(name: str, data_dir: str | None) -> "Figure":
    from minialex import plot
    from minialex.recipes import RECIPES

    if not Path(name).exists() and name not in RECIPES:
        raise InputError(f"{name}: neither a run folder nor a recipe{nearest(name, RECIPES)}")
    drawn = of_run(Path(name), data_dir) if Path(name).exists() else of_recipe(name)
    return plot.augmentation(*drawn)


DRAWN: dict[str, Callable[[str, str | None], "Figure"]] = {
    "model": _model,
    "curves": _curves,
    "predictions": _predictions,
    "confusion": _confusion,
    "filters": _filters,
    "augment": _augment,
}
