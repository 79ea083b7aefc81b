"""The command that trains."""

import argparse
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args, get_origin

from minialex.config import Config, hints, read
from minialex.errors import InputError, nearest
from minialex.flags import call, words
from minialex.tables import percent
from minialex.typed import describe

if TYPE_CHECKING:
    from minialex.figures import Result


@dataclass(frozen=True)
class TrainFlags(Config):
    """Train a network; without flags, alexnet-mini on the embedded shapes."""

    config: str | None = None
    """Configuration, or a run's config.json, for whatever is not given as a flag."""
    resume: str | None = None
    """Run folder of an interrupted training to go on with, to the same weights."""
    profile: bool = False
    """Print the time of every layer and phase, and the peak memory, at the end."""


def train(arguments: Sequence[str]) -> None:
    """Train a network."""
    flags = _train_flags(arguments)
    settings = Config(**{field.name: getattr(flags, field.name) for field in fields(Config)})
    if settings.init_all and not settings.init:
        raise InputError("--init-all takes the last layer of a run as well: --init RUN names it")

    from minialex import backend, checkpoint, data, models, progress, run
    from minialex.train import fit

    backend.device(settings.device)  # raises before data are downloaded, as does the plan
    size = settings.image_size or models.get(settings.model).image_size
    settings = replace(settings, image_size=size)  # crops are checked against it
    models.plan(settings.model, classes=2, image_size=size)
    splits = data.load(settings.data, settings.data_dir, settings.load_size or size)
    network = models.build(
        settings.model, classes=len(splits.train.classes), image_size=size, seed=settings.seed
    )
    if settings.init and not flags.resume:
        trained = Path(settings.init) / "best.safetensors"
        tensors, _ = checkpoint.load(trained)
        copy = checkpoint.copy_into if settings.init_all else checkpoint.copy_all_but_last
        copy(network.params, checkpoint.group(tensors), trained)
    folder = Path(flags.resume) if flags.resume else run.new_folder(settings)
    print(f"{settings.model} on {settings.data}, {len(splits.train)} pictures: {folder}")
    if settings.colour == "paper":
        print(
            "warning: taken by the letter, the paper's colour noise is larger than the pictures "
            "(minialex plot augment paper shows it); --colour coded is what its code does"
        )
    shown = progress.of_stdout()
    resume = flags.resume is not None
    try:
        history = fit(
            network,
            splits,
            settings,
            folder=folder,
            resume=resume,
            progress=shown,
            profile=flags.profile,
        )
    finally:
        if not (settings.out or resume):
            with suppress(OSError):  # not empty: the training has begun
                folder.rmdir()
                folder.parent.rmdir()
    _report(history.result, folder)


def _train_flags(arguments: Sequence[str]) -> TrainFlags:
    """Return the flags, over the values of --recipe, --config or of the run to --resume."""
    from minialex import recipes
    from minialex.run import read_config

    scan = argparse.ArgumentParser("minialex train", add_help=False, allow_abbrev=False)
    sources = ("recipe", "config", "resume")
    for source in sources:
        scan.add_argument(f"--{source}")
    given, _ = scan.parse_known_args(arguments)
    for source in sources:
        if getattr(given, source) == "":
            raise InputError(f"--{source} is empty: leave it out, or say which")
    if sum(getattr(given, source) is not None for source in sources) > 1:
        raise InputError("--recipe, --config and --resume exclude each other: each has all values")
    base = Config()
    if given.recipe:
        base = recipes.config(given.recipe)
    if given.config:
        base = read(given.config)
    if given.resume:
        base = read_config(Path(given.resume))[1]
    _check_choices(arguments)
    # of a dictionary that is not empty tyro would take no other keys
    patterns = {"lr_scale": base.lr_scale, "decay": base.decay}
    default = TrainFlags(**{**asdict(base), "lr_scale": {}, "decay": {}})
    flags = call(TrainFlags, ["train", *arguments], default)
    return replace(flags, **{k: v for k, v in patterns.items() if not getattr(flags, k)})


def _check_choices(arguments: Sequence[str]) -> None:
    """Suggest what may have been meant where a flag takes some words only, and got another one."""
    for flag, value in pairwise(words(arguments)):
        hint = hints().get(flag.removeprefix("--").replace("-", "_"))
        choices = [str(choice) for choice in get_args(hint) if get_origin(hint) is Literal]
        if flag.startswith("--") and choices and value not in choices:
            raise InputError(f"{flag} {value}: not {describe(hint)}{nearest(value, choices)}")


def _report(result: "Result", folder: Path) -> None:
    """Print what came of a training; the last percentage is the test accuracy."""
    kept = "last" if result.val_accuracy is None else "best"
    print(
        f"{kept} epoch {result.best_epoch} of {result.epochs}, {result.seconds:.0f} seconds\n"
        f"test accuracy {percent(result.test_accuracy)}\n\n"
        f"The run lies in {folder}: curves.png, log.csv, best.safetensors. Try next:\n"
        f"  minialex predict {folder} PICTURE.png\n"
        f"  minialex eval {folder}\n"
        f"  minialex train --model alexnet-cifar --data cifar10 --epochs 12"
    )
