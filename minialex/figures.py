"""The figures of a run: log.csv, a row an epoch, and result.json."""

import csv
import dataclasses
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

from minialex import checkpoint, config
from minialex.errors import InputError


@dataclass(frozen=True)
class Epoch:
    """A row of log.csv. Training figures are means over the epoch, while the weights move.

    Where nothing is held out, the validation figures are None, and empty in the file.
    """

    epoch: int
    step: int
    lr: float
    train_loss: float
    train_accuracy: float
    val_loss: float | None
    val_accuracy: float | None
    seconds: float


@dataclass(frozen=True)
class Result:
    """What came of a training.

    `best_epoch` is the one whose weights were kept: the last where nothing was held out, and then
    val_accuracy is None. Test figures are None where no test pictures were given.
    """

    epochs: int
    best_epoch: int
    val_accuracy: float | None
    test_accuracy: float | None
    test_loss: float | None
    seconds: float


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Write a JSON file as a whole."""
    checkpoint.write(path, (json.dumps(document, indent=2) + "\n").encode())


def write_log(folder: Path, rows: Iterable[Epoch]) -> None:
    """Write log.csv as a whole, so that a full disk costs no earlier row."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in dataclasses.fields(Epoch))
    writer.writerows(dataclasses.astuple(row) for row in rows)
    checkpoint.write(folder / "log.csv", text.getvalue().encode())


_PARSERS: dict[Any, Any] = {int: int, float: float, float | None: lambda v: float(v) if v else None}


def read_log(folder: Path) -> list[Epoch]:
    """Return the rows of log.csv; none where the run wrote none."""
    path = folder / "log.csv"
    if not path.exists():
        return []
    parsers = [_PARSERS[kind] for kind in get_type_hints(Epoch).values()]
    try:
        _, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
        return [Epoch(*(parse(v) for parse, v in zip(parsers, r, strict=True))) for r in rows]
    except (ValueError, csv.Error) as error:
        raise InputError(f"{path} is damaged: {error}") from None


def read_result(folder: Path) -> Result | None:
    """Return result.json, or None where the run is not finished."""
    path = folder / "result.json"
    if not path.exists():
        return None
    document = config.read_json(path)
    wanted = get_type_hints(Result)
    if document.keys() != wanted.keys() or any(
        isinstance(value, bool | str | list | dict) for value in document.values()
    ):
        raise InputError(f"{path} is damaged: it needs numbers for {', '.join(wanted)}")
    return Result(**document)
