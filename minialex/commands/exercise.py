"""The command that hands out exercises and checks them."""

import importlib.util
import shutil
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Literal

from minialex import tables
from minialex.errors import InputError
from minialex.exercises import EXERCISES, Exercise, get

WRONG = 1  # exit code


def exercise(
    what: Literal["list", "start", "check"],
    number: int | None = None,
    /,
    *,
    file: Path | None = None,
) -> None:
    """Hand out an exercise of the course, or check what you wrote.

    Exit code 0: right, 1: wrong, 2: it cannot be checked.

    Parameters
    ----------
    what
        list them; start one: its stub is written into the current folder; check it.
    number
        Of the chapter.
    file
        Your answer. Default: exerciseNN.py in the current folder.
    """
    if what == "list":
        if number is not None:
            raise InputError(f"exercise list takes no number; did you mean `start {number}`?")
        rows = [(e.number, e.title, e.file_name) for e in EXERCISES.values()]
        tables.show((">chapter", "write", "file"), rows)
        return
    if number is None:
        raise InputError(f"exercise {what}: which exercise? `minialex exercise list` lists them")
    chosen = get(number)
    path = file or Path(chosen.file_name)
    if what == "start":
        _start(chosen, path)
    elif not _check(chosen, path):
        raise SystemExit(WRONG)


def _start(chosen: Exercise, path: Path) -> None:
    """Write the stub, unless something stands there already."""
    if path.exists():
        raise InputError(f"{path} is there already: move it away, or name another with --file")
    shutil.copyfile(chosen.stub, path)
    print(f"wrote {path}: write {chosen.title}, then `minialex exercise check {chosen.number}`")


def _check(chosen: Exercise, path: Path) -> bool:
    """Print, check by check, whether an answer is right; stop at the first that it is not."""
    if not path.is_file():
        raise InputError(f"there is no {path}: `minialex exercise start {chosen.number}` writes it")
    if path.suffix != ".py":
        raise InputError(f"{path} is not a file of Python: its name should end in .py")
    checks = chosen.checks()
    from minialex.exercises.drawn import Wrong
    from minialex.gradcheck import GradientMismatch

    print(f"exercise {chosen.number}: {chosen.title} ({path})")
    try:
        answer = _imported(path)
    except (Exception, SystemExit) as error:
        print(f" WRONG   it does not run\n{_indented(_described(error, path))}")
        return False
    for check in checks:
        what = (check.__doc__ or "").splitlines()[0]
        try:
            check(answer)
        except (Wrong, GradientMismatch) as error:
            print(f" WRONG   {what}\n{_indented(str(error))}")
            return False
        except (Exception, SystemExit) as error:
            print(f" WRONG   {what}\n{_indented(_described(error, path))}")
            return False
        print(f" ok      {what}")
    return True


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("minialex_answer", path.resolve())
    assert spec  # as for every file that ends in .py
    assert spec.loader
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _described(error: BaseException, path: Path) -> str:
    """Say what an answer raised, and in which of its lines."""
    if isinstance(error, SyntaxError):
        return f"SyntaxError: {error.msg} ({path}, line {error.lineno})"
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == path.resolve()
    ]
    place = f"{path}, line {lines[-1]}" if lines else str(path)
    return f"{type(error).__name__}: {error} ({place})"


def _indented(text: str) -> str:
    return "\n".join(f"         {line}" for line in text.splitlines())
