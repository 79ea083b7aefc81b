"""Counting what makes a program wait for its GPU, and what it sends there."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

HERE = str(Path(__file__).parent)


class Event(NamedTuple):
    """Something between host and GPU, and the file whose code asked for it."""

    what: str  # of a synchronisation "get", "float", ...; of an upload "pinned" or "pageable"
    file: str


@dataclass
class Seen:
    """What happened inside a `watch`."""

    syncs: list[Event] = field(default_factory=list)
    uploads: list[Event] = field(default_factory=list)

    @property
    def files(self) -> set[str]:
        """The files that crossed the border in either direction."""
        return {event.file for event in self.syncs + self.uploads}


_watches: list[Seen] = []


@contextlib.contextmanager
def watch() -> Iterator[Seen]:
    """Collect the synchronisations and the uploads of the body."""
    _watches.append(seen := Seen())
    try:
        yield seen
    finally:
        _watches.remove(seen)


def synchronised(how: str) -> None:
    """Note that the host waited for the GPU."""
    for seen in _watches:
        seen.syncs.append(Event(how, _caller()))


def uploaded(how: str) -> None:
    """Note that a host array was sent to the GPU."""
    for seen in _watches:
        seen.uploads.append(Event(how, _caller()))


def _caller() -> str:
    """Return the name of the file whose code called into this package."""
    frame = sys._getframe(1)
    while frame.f_code.co_filename.startswith(HERE) and frame.f_back:
        frame = frame.f_back
    return Path(frame.f_code.co_filename).name
