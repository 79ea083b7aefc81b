"""The commands that use a run."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from minialex import tables
from minialex.errors import InputError

if TYPE_CHECKING:
    from minialex.data import Dataset
    from minialex.run import Run


def evaluate(run: Path, /, *, data_dir: str | None = None, checkpoint: str = "best") -> None:
    """Measure a run on its test pictures, with the accuracy of every class.

    Parameters
    ----------
    run
        Run folder.
    data_dir
        Folder of the CIFAR files. Default: where the run found them.
    checkpoint
        best, last, or a numbered one such as epoch-010.
    """
    from minialex.evaluate import accuracy_per_class
    from minialex.evaluate import evaluate as measure

    trained, test = _run_and_test(run, data_dir, checkpoint)
    result = measure(trained.network, test, trained.pixels)
    per_class = accuracy_per_class(result.predicted, test.labels, len(test.classes))
    rows = [
        (name, (test.labels == i).sum(), tables.percent(per_class[i]))
        for i, name in enumerate(test.classes)
    ]
    tables.show(("class", ">pictures", ">accuracy"), rows)
    print(f"test loss {result.loss:.4f}, test accuracy {tables.percent(result.accuracy)}")


def predict(run: Path, pictures: tuple[Path, ...], /, *, checkpoint: str = "best") -> None:
    """Name the five likeliest classes of pictures.

    Parameters
    ----------
    run
        Run folder.
    pictures
        Files of any size: PNG, JPEG and what else Pillow opens.
    checkpoint
        best, last, or a numbered one such as epoch-010.
    """
    from minialex.run import load

    if not pictures:
        raise InputError("name at least one picture after the run")
    trained = load(run, checkpoint)
    rows = [
        (picture, trained.classes[i], tables.percent(p[i]))
        for picture, p in zip(pictures, trained.predict(pictures), strict=True)
        for i in p.argsort()[::-1][:5]
    ]
    tables.show(("picture", "class", ">probability"), rows)


def compare(run: Path, other: Path, /) -> None:
    """Print two runs side by side: where their configurations differ, and what came of them.

    Parameters
    ----------
    run
        Run folder.
    other
        Run folder to compare it with.
    """
    a, b = _facts(run), _facts(other)
    rows = [(name, a[name], b[name]) for name in a if name in RESULTS or a[name] != b[name]]
    tables.show(("", str(run), str(other)), rows)


def plot(
    what: Literal["curves", "predictions"],
    run: Path,
    /,
    *,
    out: Path | None = None,
    data_dir: str | None = None,
) -> None:
    """Draw a run's curves, or some test pictures with their predicted classes.

    Parameters
    ----------
    what
        What to draw.
    run
        Run folder.
    out
        Picture to write. Default: curves.png or predictions.png in the run folder.
    data_dir
        Folder of the CIFAR files. Default: where the run found them.
    """
    from minialex import plot
    from minialex.figures import read_log
    from minialex.run import read_config

    path = out or run / f"{what}.png"
    if path.suffix != ".png":
        raise InputError(f"--out {path}: pictures are written as .png")
    if what == "curves":
        read_config(run)  # raises where the folder holds no run
        log = read_log(run)
        if not log:
            raise InputError(f"{run} has not finished an epoch yet: there is nothing to draw")
        plot.curves(log, path)
    else:
        plot.predictions(*_run_and_test(run, data_dir), path)
    print(f"wrote {path}")


RESULTS = ("parameters", "best epoch", "val accuracy", "test accuracy", "seconds")


def _facts(folder: Path) -> dict[str, str]:
    """Return a run's configuration and results in words, by name."""
    from minialex.figures import read_result
    from minialex.run import read_config

    document, config = read_config(folder)
    result = read_result(folder)
    facts = {
        **dataclasses.asdict(config),
        "parameters": f"{document['parameters']:,}",
        "best epoch": result and result.best_epoch,
        "val accuracy": result and tables.percent(result.val_accuracy),
        "test accuracy": result and tables.percent(result.test_accuracy),
        "seconds": result and f"{result.seconds:.0f}",
    }
    return {name: "-" if fact is None else str(fact) for name, fact in facts.items()}


def _run_and_test(
    run: Path, data_dir: str | None, checkpoint: str = "best"
) -> tuple["Run", "Dataset"]:
    """Return a trained network and the test pictures of its data."""
    from minialex import data
    from minialex.run import load

    trained = load(run, checkpoint)
    config = trained.config
    splits = data.load(config.data, data_dir or config.data_dir, config.image_size)
    if splits.test.classes != trained.classes:
        raise InputError(
            f"{config.data} now has the classes {', '.join(splits.test.classes)}, but {run} was "
            f"trained on {', '.join(trained.classes)}"
        )
    return trained, splits.test
