"""Alternating rounds, medians, and ratios of what ran side by side."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minialex.bench.contestants import Contestant

OURS = "minialex"
REST = 0.2  # seconds between contestants: idle threads of one library's pool spin for a while
Seconds = dict[tuple[str, str], list[float]]  # (contestant, phase) -> seconds of each round


@dataclass(frozen=True)
class Row:
    """What one contestant took for one phase, in seconds.

    `ratio` is the median over the rounds of its time divided by ours in the same round: above 1
    where minialex is faster. `best` marks the faster layout of a library that has two.
    """

    contestant: str
    phase: str
    median: float
    fastest: float
    slowest: float
    ratio: float
    best: bool
    rounds: list[float]


def measure(
    contestants: "Sequence[Contestant]",
    phases: Sequence[str],
    rounds: int,
    warmup: int = 2,
    *,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> Seconds:
    """Time every phase of every contestant once a round: A B C A B C ...

    A slow moment of the machine thus meets all of them. Each contestant rests before its turn, so
    that the threads of the one before have gone to sleep, and then runs once untimed: that wakes
    its own threads and leaves its memory as a training does.
    """
    seconds: Seconds = {(c.name, phase): [] for c in contestants for phase in phases}
    for turn in range(-warmup, rounds):
        for contestant in contestants:
            sleep(REST)
            contestant.once()
            for phase in phases:
                run = getattr(contestant, phase)
                begun = clock()
                run()
                taken = clock() - begun
                if turn >= 0:
                    seconds[contestant.name, phase].append(taken)
    return seconds


def rows(seconds: Seconds) -> list[Row]:
    """Return a row for every contestant and phase."""
    ratios = {
        (name, phase): median(t / ours for t, ours in zip(taken, seconds[OURS, phase], strict=True))
        for (name, phase), taken in seconds.items()
    }
    found = []
    for (name, phase), taken in seconds.items():
        layouts = [n for n, p in seconds if p == phase and _library(n) == _library(name)]
        best = len(layouts) > 1 and name == min(layouts, key=lambda n: ratios[n, phase])
        times = median(taken), min(taken), max(taken)
        found.append(Row(name, phase, *times, ratios[name, phase], best, taken))
    return found


def _library(contestant: str) -> str:
    """Return "torch" for "torch contiguous" and "torch channels_last"; others stand alone."""
    return contestant.partition(" ")[0]
