"""Learning rates over time."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from minialex.errors import InputError, nearest

DROPS = 3  # of a schedule that waits for the validation error, at most; the paper's section 5


class Schedule:
    """A learning rate for every step; steps count from 0, over all epochs.

    Parameters
    ----------
    curve : function of step -> learning rate
    patience : int, optional
        Epochs without a better validation error after which the rate is divided by 10; without
        it, validation changes nothing.
    """

    def __init__(self, curve: Callable[[int], float], patience: int | None = None) -> None:
        self.curve, self.patience = curve, patience
        self.dropped, self.waited = 0, 0
        self.best = math.inf

    def lr(self, step: int) -> float:
        """Return the learning rate of this step."""
        return self.curve(step) / 10**self.dropped

    def epoch_end(self, val_error: float) -> None:
        """Take note of the validation error (or loss) of an epoch."""
        if val_error < self.best:
            self.best, self.waited = val_error, 0
        else:
            self.waited += 1
        if self.patience and self.waited >= self.patience and self.dropped < DROPS:
            self.dropped, self.waited = self.dropped + 1, 0

    def state(self) -> dict[str, float | None]:
        """Return what `set_state` needs to continue; it goes through JSON."""
        best = None if math.isinf(self.best) else self.best
        return {"dropped": self.dropped, "best": best, "waited": self.waited}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continue from what `state` returned."""
        self.dropped, self.waited = state["dropped"], state["waited"]
        self.best = math.inf if state["best"] is None else state["best"]


def make(
    name: str,
    lr: float,
    steps: int,
    *,
    warmup: float = 0.1,
    milestones: Sequence[int] = (),
    patience: int = 5,
    factor: float = 0.1,
    every: int = 5_000_000,
    seen: Callable[[int], int] = lambda step: step,
) -> Schedule:
    """Return a schedule by name.

    Parameters
    ----------
    name : str
        "constant"
            lr.
        "step"
            lr, divided by 10 at every milestone.
        "linear"
            Rises to lr over the first `warmup` of all steps, then falls linearly to 0.
        "one-cycle"
            lr / 25, up to lr over 30 % of the steps, down to lr / 250,000, both along half a
            cosine (Smith & Topin 2018, in the form of PyTorch's OneCycleLR).
        "plateau"
            The paper's: lr, divided by 10 when the validation error stalls for `patience` epochs,
            at most three times.
        "discexp"
            lr * factor^floor(pictures / every), as PaddlePaddle's schedule of this name.
    lr : float
        The largest learning rate.
    steps : int
        Of the whole training.
    milestones : sequence of int
        Steps, not epochs.
    seen : function of step -> int
        How many pictures were learnt from before this step; for discexp.

    Raises
    ------
    InputError
        No schedule of this name.
    """
    curves: dict[str, Callable[[int], float]] = {
        "constant": lambda step: lr,
        "step": lambda step: lr / 10 ** sum(step >= m for m in milestones),
        "linear": lambda step: lr * _linear(step, steps, warmup),
        "one-cycle": lambda step: lr * _one_cycle(step, steps),
        "plateau": lambda step: lr,
        "discexp": lambda step: lr * factor ** (seen(step) // every),
    }
    if name not in curves:
        raise InputError(
            f"no schedule is called {name!r}{nearest(name, curves)} ({', '.join(curves)})"
        )
    return Schedule(curves[name], patience if name == "plateau" else None)


def _linear(step: int, steps: int, warmup: float) -> float:
    rise = warmup * steps
    return min((step + 1) / rise if rise else 1, max(steps - step, 0) / max(steps - rise, 1), 1.0)


def _one_cycle(step: int, steps: int) -> float:
    top = 0.3 * steps - 1
    if step <= top:
        return _cosine(1 / 25, 1, step / top)
    return _cosine(1, 1 / 25e4, (step - top) / (steps - 1 - top))


def _cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2
