"""Stores a finished run under docs/results/, for the pages that cite it.

    python docs/results/store.py RUN NAME [--data-dir DIR] [--note "..."] [--commit C] [--views N]

writes docs/results/NAME/: log.csv and result.json as the run wrote them; manifest.json, with
configuration, its hash, commit, seed, machine and seconds; confusion.csv, how often test pictures
of each class (row) are given each class (column); filters.npy, the first kernels, (kh, kw, C, F).
The last two are of the weights, and left out where these have been deleted. With --views, another
confusion-N-views.csv is of so many views of each test picture.
"""

import argparse
import json
import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np

from minialex.commands.runs import run_and_data
from minialex.evaluate import evaluate
from minialex.figures import read_result
from minialex.run import read_config

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("name")
    parser.add_argument("--data-dir")
    parser.add_argument("--note", default="")
    parser.add_argument("--commit", help="whose code trained; default: the one that is here")
    parser.add_argument("--views", type=int, help="measure with so many views as well")
    options = parser.parse_args()
    folder = HERE / options.name
    document, settings = read_config(options.run)
    result = read_result(options.run)
    if result is None:
        raise SystemExit(f"{options.run} is not finished")
    folder.mkdir(parents=True, exist_ok=True)
    for path in (*folder.glob("confusion*.csv"), folder / "filters.npy"):
        path.unlink(missing_ok=True)
    for name in ("log.csv", "result.json"):
        shutil.copy(options.run / name, folder)
    if (options.run / "best.safetensors").exists():
        write_confusion_and_filters(options, settings.views, folder)
    paths = ("data_dir", "out", "init")  # of the machine, and not of the run
    manifest = {
        "what": options.note,
        **document,
        "machine": {**document["machine"], "system": platform.system()},
        "config": {k: None if k in paths else v for k, v in document["config"].items()},
        "commit": options.commit or commit(),
        "seed": settings.seed,
        "seconds": result.seconds,
        "test_accuracy": result.test_accuracy,
        "val_accuracy": result.val_accuracy,
        "best_epoch": result.best_epoch,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    print(f"wrote {folder.relative_to(HERE.parent)}")


def write_confusion_and_filters(options: argparse.Namespace, views: int, folder: Path) -> None:
    trained, splits = run_and_data(options.run, options.data_dir)
    test = splits.test
    files = {"confusion.csv": views}
    if options.views:
        files[f"confusion-{options.views}-views.csv"] = options.views
    for name, count in files.items():
        predicted = evaluate(trained.network, test, trained.pixels, count).predicted
        confusion = np.zeros((len(test.classes),) * 2, int)
        np.add.at(confusion, (test.labels, predicted), 1)
        write_confusion(folder / name, test.classes, confusion)
    first = next(iter(trained.network.params.values()))
    if first.ndim == 4:
        np.save(folder / "filters.npy", first)


def write_confusion(path: Path, classes: tuple[str, ...], confusion: np.ndarray) -> None:
    rows = [",".join(classes), *(",".join(map(str, row)) for row in confusion)]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def commit() -> str:
    """Return the commit whose code is here; it says where files of the package were changed."""
    git = ["git", "-C", str(HERE)]
    found = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    changed = subprocess.run(
        [*git, "status", "--porcelain", "--untracked-files=no", ":/minialex", ":/kernels"],
        capture_output=True,
        text=True,
    )
    return found.stdout.strip() + (" with uncommitted changes" if changed.stdout else "")


if __name__ == "__main__":
    main()
