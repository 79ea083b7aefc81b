"""The command line: which function of `minialex.commands` a command is, and its exit code."""

import errno
import io
import os
import sys
from collections.abc import Callable, Sequence

import minialex
from minialex import flags
from minialex.commands import describe, exercise, gradcheck, plots, recipes, runs, train, weights
from minialex.errors import InputError, nearest

DISK_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))
# Exit codes; the first is Rich's for a pipe that nobody reads, the last a shell's for Ctrl-C.
UNREAD, WRONG_INPUT, INTERRUPTED = 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code.

    0: done. 1: `gradcheck` or `exercise` found something wrong, or a pipe was closed, as `head`
    does, before all was printed. 2: the input was wrong or the disk is full, and a message says so.
    130: Ctrl-C. Any other exception is a defect of ours and keeps its traceback.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that it cannot encode is no reason to end
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
        return code
    except InputError as error:
        print(f"minialex: error: {error}", file=sys.stderr)
        return WRONG_INPUT
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes at its end
        return UNREAD
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
        train.train(arguments[1:])
    elif arguments[0] == "bench":
        return bench(arguments[1:])
    elif arguments[0] in COMMANDS:
        flags.call(COMMANDS[arguments[0]], arguments)
    else:
        known = nearest(arguments[0], ["train", "bench", *COMMANDS])
        raise InputError(f"no command is called {arguments[0]!r}{known} (see `minialex --help`)")
    return 0


COMMANDS: dict[str, Callable[..., None]] = {
    "eval": runs.evaluate,
    "predict": runs.predict,
    "plot": plots.plot,
    "compare": runs.compare,
    "summary": describe.summary,
    "models": describe.models,
    "receptive-field": describe.receptive_field,
    "recipes": recipes.recipes,
    "gradcheck": gradcheck.gradcheck,
    "exercise": exercise.exercise,
    "import-torch": weights.import_torch,
    "export-torch": weights.export_torch,
}


def _usage() -> str:
    """Return the answer to `minialex --help`: each command with the first line of its docstring."""
    listed = {"train": train.TrainFlags, **COMMANDS, "bench": bench}
    lines = [f"  {name:17}{(what.__doc__ or '').splitlines()[0]}" for name, what in listed.items()]
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


def bench(arguments: Sequence[str]) -> int:
    """Time a model or a layer beside PyTorch and TensorFlow."""
    from minialex.bench import main

    return main(arguments)
