"""What a name such as "mypkg.mymod:MyConv" stands for, and errors in the reader's code."""

import importlib
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from minialex.errors import InputError, nearest


def imported(name: str) -> list[Any]:
    """Return the one or two things that "module:name" or "module:name,name" stands for.

    Raises
    ------
    InputError
        The name is none, or there is nothing of it; or its module fails, with the reason.
    """
    module_name, _, attributes = name.partition(":")
    parts = [part.strip() for part in attributes.split(",")]
    if not all([module_name, *parts]) or len(parts) > 2:
        raise InputError(
            f"{name!r}: give module:name, such as mypkg.mymod:MyConv, or module:forward,backward"
        )
    if "/" in module_name or module_name.endswith(".py"):
        dotted = module_name.removesuffix(".py").strip("./").replace("/", ".")
        raise InputError(f"{name!r} names a file: give its module, {dotted}:{attributes}")
    module = _module(module_name)
    return [_attribute(module, part) for part in parts]


def described(error: BaseException) -> str:
    """Return an exception in one line, with the last place in the reader's own files."""
    said = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {said[0]}" if said else type(error).__name__
    more = [*filter(None, [place_of(error)]), *getattr(error, "__notes__", ())]
    return f"{text} ({'; '.join(more)})" if more else text


def place_of(error: BaseException) -> str:
    """Return "mymod.py, line 31, in backward": the last place below the current folder, or ""."""
    ours, here = Path(__file__).parents[1], Path.cwd()
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        readers = path.is_relative_to(here) and not path.is_relative_to(ours)
        if readers and "site-packages" not in path.parts:
            return f"{path.relative_to(here)}, line {frame.lineno}, in {frame.name}"
    return ""


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{name}.".startswith(f"{missing}."):
            raise InputError(
                f"no module is called {missing!r}: start in the folder where `import {name}` works"
            ) from None
        raise InputError(f"{name} cannot be imported: {described(error)}") from error


def _attribute(module: ModuleType, dotted: str) -> Any:
    found: Any = module
    for part in dotted.split("."):
        if not hasattr(found, part):
            known = [word for word in dir(found) if not word.startswith("_")]
            owner = getattr(found, "__name__", type(found).__name__)
            raise InputError(f"{owner} has no {part!r}{nearest(part, known)}")
        found = getattr(found, part)
    return found
