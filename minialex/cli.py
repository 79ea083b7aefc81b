"""The command line: `minialex train`, and the functions in `minialex.commands`."""

import argparse
import errno
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import minialex
from minialex.commands import describe, runs
from minialex.config import Config, read
from minialex.errors import InputError, nearest
from minialex.tables import percent

if TYPE_CHECKING:
    from minialex.figures import Result

DISK_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
WRONG_INPUT, INTERRUPTED = 2, 130  # exit codes; 130 is a shell's for Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0: done. 2: the input was wrong or the disk is full, and a message says so. 130: Ctrl-C.
    Any other exception is a defect of ours and keeps its traceback.
    """
    try:
        return _run(sys.argv[1:] if arguments is None else arguments)
    except InputError as error:
        print(f"minialex: error: {error}", file=sys.stderr)
        return WRONG_INPUT
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        if error.errno in DISK_FULL:
            what += ". Every file that was complete before still is: make room and --resume"
        print(f"minialex: error: {what}", file=sys.stderr)
        return WRONG_INPUT
    except MemoryError as error:
        print(f"minialex: error: not enough memory: {error}", file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt as interrupt:
        print(f"\nminialex: {str(interrupt) or 'interrupted'}", file=sys.stderr)
        return INTERRUPTED
    except SystemExit as finished:  # tyro has printed help, or what is wrong with an argument
        return finished.code if isinstance(finished.code, int) else 0


def _run(arguments: Sequence[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())
    elif arguments[0] == "--version":
        print(f"minialex {minialex.__version__}")
    elif arguments[0] == "train":
        train(arguments[1:])
    elif arguments[0] == "bench":
        return bench(arguments[1:])
    elif arguments[0] in COMMANDS:
        _tyro(COMMANDS[arguments[0]], arguments)
    else:
        known = nearest(arguments[0], ["train", "bench", *COMMANDS])
        raise InputError(f"no command is called {arguments[0]!r}{known} (see `minialex --help`)")
    return 0


COMMANDS: dict[str, Callable[..., None]] = {
    "eval": runs.evaluate,
    "predict": runs.predict,
    "plot": runs.plot,
    "compare": runs.compare,
    "summary": describe.summary,
    "models": describe.models,
}


def _usage() -> str:
    """Return the answer to `minialex --help`: each command with the first line of its docstring."""
    listed = {"train": TrainFlags, **COMMANDS, "bench": bench}
    lines = [f"  {name:9}{(what.__doc__ or '').splitlines()[0]}" for name, what in listed.items()]
    return "\n".join(
        [
            "usage: minialex COMMAND ...",
            "",
            "AlexNet from scratch in NumPy: train it, use it, look inside.",
            "",
            *lines,
            "",
            "minialex COMMAND --help explains a command; minialex --version prints the version.",
        ]
    )


def _tyro(target: Callable[..., Any], arguments: Sequence[str], default: Any = None) -> Any:
    """Call `target` with arguments that tyro reads; the first of them is the command's name."""
    import tyro

    name, *rest = arguments
    # tyro suggests a similar name for "--lrr 1", but not for "--lrr=1"
    rest = [word for a in rest for word in (a.split("=", 1) if a.startswith("--") else [a])]
    options = {} if default is None else {"default": default}
    return tyro.cli(target, prog=f"minialex {name}", args=rest, **options)


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

    from minialex import checkpoint, data, models, progress, run
    from minialex.train import fit

    if settings.model not in models.MODELS:
        models.build(settings.model)  # raises before anything is downloaded
    size = settings.image_size or models.MODELS[settings.model].image_size
    splits = data.load(settings.data, settings.data_dir, size)
    network = models.build(
        settings.model, classes=len(splits.train.classes), image_size=size, seed=settings.seed
    )
    if settings.init and not flags.resume:
        trained = Path(settings.init) / "best.safetensors"
        tensors, _ = checkpoint.load(trained)
        checkpoint.copy_all_but_last(network.params, checkpoint.group(tensors), trained)
    folder = Path(flags.resume) if flags.resume else run.new_folder(settings)
    print(f"{settings.model} on {settings.data}, {len(splits.train)} pictures: {folder}")
    shown = progress.of_stdout()
    resume = flags.resume is not None
    history = fit(
        network,
        splits,
        settings,
        folder=folder,
        resume=resume,
        progress=shown,
        profile=flags.profile,
    )
    _report(history.result, folder)


def bench(arguments: Sequence[str]) -> int:
    """Time a model or a layer beside PyTorch and TensorFlow."""
    from minialex.bench import main

    return main(arguments)


def _train_flags(arguments: Sequence[str]) -> TrainFlags:
    """Return the flags, over the defaults of --config or of the run to --resume."""
    from minialex.run import read_config

    scan = argparse.ArgumentParser("minialex train", add_help=False, allow_abbrev=False)
    scan.add_argument("--config")
    scan.add_argument("--resume")
    given, _ = scan.parse_known_args(arguments)
    if given.config and given.resume:
        raise InputError("--config and --resume exclude each other: a run has its configuration")
    base = Config()
    if given.config:
        base = read(given.config)
    if given.resume:
        base = read_config(Path(given.resume))[1]
    return _tyro(TrainFlags, ["train", *arguments], TrainFlags(**asdict(base)))


def _report(result: "Result", folder: Path) -> None:
    """Print what came of a training; the last percentage is the test accuracy."""
    print(
        f"best epoch {result.best_epoch} of {result.epochs}, {result.seconds:.0f} seconds\n"
        f"test accuracy {percent(result.test_accuracy)}\n\n"
        f"The run lies in {folder}: curves.png, log.csv, best.safetensors. Try next:\n"
        f"  minialex predict {folder} PICTURE.png\n"
        f"  minialex eval {folder}\n"
        f"  minialex train --model alexnet-cifar --data cifar10 --epochs 12"
    )
