"""What only a fresh process can tell: peak memory, and the time until the first step is done.

As a module it is that process: `python -m minialex.bench.probe '<order as JSON>'`.
"""

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from minialex.errors import InputError

if TYPE_CHECKING:
    from minialex.bench.work import Request

STEPS = 3  # after which nothing grows any more
STARTS = 3  # measured, after one that fills the caches


@dataclass(frozen=True)
class Probe:
    """What a fresh process reported.

    Attributes
    ----------
    import_seconds : float
        For the contestant's own modules; for minialex with Numba.
    step_seconds : float
        The first step, with whatever is compiled or loaded for it.
    peak_bytes : int or None
        The most memory during a few steps, above what was held after all imports.
    """

    import_seconds: float
    step_seconds: float
    peak_bytes: int | None


def memory(names: Sequence[str], request: "Request") -> dict[str, int]:
    """Return the peak memory of a few steps of each contestant, above that after import.

    Raises
    ------
    InputError
        This system does not tell.
    """
    peaks = {name: run(name, request).peak_bytes for name in names}
    if None in peaks.values():
        raise InputError(f"--memory: {sys.platform} does not tell the peak memory of a process")
    return {name: peak for name, peak in peaks.items() if peak is not None}


def startup(names: Sequence[str], request: "Request") -> dict[str, Probe]:
    """Return each contestant's second start on a machine: medians of alternating processes."""
    turns = [{name: run(name, request) for name in names} for _ in range(1 + STARTS)]
    return {
        name: Probe(
            median(turn[name].import_seconds for turn in turns[1:]),
            median(turn[name].step_seconds for turn in turns[1:]),
            None,
        )
        for name in names
    }


def run(name: str, request: "Request") -> Probe:
    """Start a process for one contestant and return what it reports."""
    from minialex import threads

    order = json.dumps({"name": name, "request": asdict(request)})
    environment = {**os.environ, "MINIALEX_THREADS": str(threads.count())}
    finished = subprocess.run(
        [sys.executable, "-P", "-m", "minialex.bench.probe", order],  # -P: the installed one
        env=environment, capture_output=True, text=True,
    )  # fmt: skip
    if finished.returncode:
        raise RuntimeError(f"the process for {name} failed:\n{finished.stderr}")
    return Probe(**json.loads(finished.stdout.splitlines()[-1]))


def report(order: dict[str, Any]) -> Probe:
    """Import, run a few steps, and measure both: the work of the fresh process."""
    from minialex.bench import peers

    begun = time.perf_counter()
    for library in peers.ENTRIES[order["name"]].libraries:
        if peers.installed(library):  # Numba may be missing
            importlib.import_module(library)
    imported = time.perf_counter() - begun

    from minialex.bench import work
    from minialex.bench.memory import peak_bytes, resident_bytes

    peers.contestant_class(order["name"])
    before = resident_bytes()
    [contestant] = peers.enter([order["name"]], work.make(work.Request(**order["request"])))
    begun = time.perf_counter()
    contestant.once()
    first = time.perf_counter() - begun
    for _ in range(STEPS):
        contestant.once()
    peak = peak_bytes()
    above = None if peak is None or before is None else peak - before
    return Probe(imported, first, above)


if __name__ == "__main__":
    print(json.dumps(asdict(report(json.loads(sys.argv[1])))))
