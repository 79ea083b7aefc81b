"""The commands that use a run."""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from minialex import tables
from minialex.commands.weights import UNKNOWN
from minialex.errors import InputError

if TYPE_CHECKING:
    from minialex.data import Splits
    from minialex.run import Run


def evaluate(
    run: Path,
    /,
    *,
    views: Literal[1, 9, 10] | None = None,
    ten_crop: bool = False,
    data: str | None = None,
    data_dir: str | None = None,
    checkpoint: str = "best",
    device: str = "cpu",
) -> None:
    """Measure a run on its test pictures, with the accuracy of every class.

    Parameters
    ----------
    run
        Run folder.
    views
        Crops of a picture that are averaged: the centre, 3x3 places, or corners and centre with
        their mirror images. Default: as many as the run's configuration has.
    ten_crop
        The same as --views 10.
    data
        Data set, or folder of class folders, with the run's classes. Default: the run's own.
    data_dir
        Folder of the CIFAR files. Default: where the run found them.
    checkpoint
        best, last, or a numbered one such as epoch-010.
    device
        Where to compute: cpu, cuda (the first GPU), cuda:1, ...
    """
    from minialex.evaluate import accuracy_per_class
    from minialex.evaluate import evaluate as measure

    if ten_crop and views is not None:
        raise InputError(f"--ten-crop and --views {views} exclude each other: give one of them")
    trained, (_, test) = run_and_data(run, data_dir, checkpoint, data, device)
    count = 10 if ten_crop else views or trained.config.views
    result = measure(trained.network, test, trained.pixels, views=count)
    per_class = accuracy_per_class(result.predicted, test.labels, len(test.classes))
    rows = [
        (name, (test.labels == i).sum(), tables.percent(per_class[i]))
        for i, name in enumerate(test.classes)
    ]
    tables.show(("class", ">pictures", ">accuracy"), rows)
    over = f" ({count} views)" if count > 1 else ""
    print(f"test loss {result.loss:.4f}, test accuracy {tables.percent(result.accuracy)}{over}")


def predict(
    run: Path, pictures: tuple[Path, ...], /, *, checkpoint: str = "best", device: str = "cpu"
) -> None:
    """Name the five likeliest classes of pictures.

    Parameters
    ----------
    run
        Run folder.
    pictures
        Files of any size: PNG, JPEG and what else Pillow opens.
    checkpoint
        best, last, or a numbered one such as epoch-010.
    device
        Where to compute: cpu, cuda (the first GPU), cuda:1, ...
    """
    from minialex.run import load

    if not pictures:
        raise InputError("name at least one picture after the run")
    trained = load(run, checkpoint, device)
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


def run_and_data(
    run: Path,
    data_dir: str | None,
    checkpoint: str = "best",
    data: str | None = None,
    device: str = "cpu",
) -> tuple["Run", "Splits"]:
    """Return a trained network, and its data (or other data) as the training had them."""
    from minialex import data as sets
    from minialex.run import load, read_config

    trained = load(run, checkpoint, device)
    config = trained.config
    name, size = data or config.data, config.load_size or config.image_size
    if name == UNKNOWN:
        raise InputError(
            f"{run} was imported without --data, and so names no pictures: give them with "
            f"`minialex eval {run} --data DATA`, or import the weights again"
        )
    splits = sets.load(name, data_dir or (None if data else config.data_dir), size)
    if splits.test.classes != trained.classes:
        imported = config.data == UNKNOWN
        remedy = "import-torch --classes FILE names them" if imported else "give other --data"
        raise InputError(
            f"{name} now has the classes {', '.join(splits.test.classes)}, but {run} was "
            f"trained on {', '.join(trained.classes)}: {remedy}"
        )
    if not data and (words := _changed(read_config(run)[0], splits)):
        print(
            f"warning: the pictures of {name} have changed since {run} was trained ({words}): it "
            "may have been trained on some of what is now the test",
            file=sys.stderr,
        )
    return trained, splits


def _changed(document: dict[str, Any], splits: "Splits") -> str:
    """Say in what both parts of a data set differ from what they were; nothing if one does not."""
    from minialex.data import difference

    parts = {"trained_on": splits.train, "tested_on": splits.test}
    words = [
        difference(before, part.described())
        for key, part in parts.items()
        if (before := document.get(key))
    ]
    return words[0] if words and all(words) else ""
