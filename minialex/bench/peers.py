"""Who can take part, and who is installed."""

import importlib
import importlib.util
import os
import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from minialex.bench.timing import OURS
from minialex.errors import InputError, nearest

if TYPE_CHECKING:
    from minialex.bench.contestants import Contestant
    from minialex.bench.work import Case

COMPILERS = ("g++", "clang++", "c++")


class Entry(NamedTuple):
    """A contestant by its class, found when it is needed, and what that imports."""

    peer: str  # what --peers calls it
    libraries: tuple[str, ...]
    module: str
    contestant: str  # class


_TORCH = ("torch",), "minialex.bench.peers_torch", "Torch"
_OURS = ("numba", "minialex.models", "minialex.optim")
ENTRIES = {
    OURS: Entry(OURS, _OURS, "minialex.bench.contestants", "Minialex"),
    "torch contiguous": Entry("torch", *_TORCH),
    "torch channels_last": Entry("torch", *_TORCH),
    "torch.compile": Entry("torch-compile", *_TORCH),
    "tensorflow": Entry(
        "tensorflow", ("tensorflow",), "minialex.bench.peers_tensorflow", "TensorFlow"
    ),
}
PEERS = [peer for peer in dict.fromkeys(entry.peer for entry in ENTRIES.values()) if peer != OURS]


def names(peers: Sequence[str] | None) -> list[str]:
    """Return the contestants of these peers, minialex first; None means PyTorch if it is there.

    Raises
    ------
    InputError
        A peer is unknown, or something that it needs is not installed.
    """
    if peers is None:
        peers = ["torch"] if installed("torch") else []
    for peer in peers:
        if peer not in PEERS:
            raise InputError(
                f"--peers: {peer!r} is none of {', '.join(PEERS)}{nearest(peer, PEERS)} "
                "(`--peers none` times minialex alone)"
            )
        library = peer.partition("-")[0]
        if not installed(library):
            raise InputError(
                f"--peers: {peer} cannot take part: the library {library} is not installed here. "
                f"Install it (pip install {library}), or leave it out of --peers"
            )
        if peer == "torch-compile" and not _has_compiler():
            raise InputError(
                "--peers: torch-compile cannot take part: there is no C++ compiler. Install g++ or "
                "clang++, set CXX, or leave it out of --peers"
            )
    return [OURS, *(name for name, entry in ENTRIES.items() if entry.peer in peers)]


def installed(library: str) -> bool:
    """Tell whether a library could be imported, without doing so."""
    return importlib.util.find_spec(library) is not None


def _has_compiler() -> bool:
    return any(map(shutil.which, (os.environ.get("CXX", ""), *COMPILERS)))


def contestant_class(name: str) -> "type[Contestant]":
    """Return the class of a contestant, with everything that it imports."""
    entry = ENTRIES[name]
    return getattr(importlib.import_module(entry.module), entry.contestant)


def enter(names: Sequence[str], case: "Case") -> "list[Contestant]":
    """Return contestants that are ready to run a case."""
    return [contestant_class(name)(name, case) for name in names]
