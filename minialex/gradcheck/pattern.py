"""What is wrong with a gradient: known mistakes, tried one after the other."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, combinations, permutations

import numpy as np


@dataclass
class Mistake:
    """A wrong gradient beside the derivative that it should be.

    Parameters
    ----------
    yours, numeric : arrays of one shape
    gy : array
        What backward was given.
    axes : tuple of str
        Names of the axes of `yours`.
    noise : float
        Error of `numeric`, relative to its largest entry.
    ratios : dict
        Numbers with a meaning in this layer, such as {"the batch size": 4}.
    terms : (entries of numeric, entries of gy)
        What each derivative is the sum of: dy/dv times gy.
    """

    yours: np.ndarray
    numeric: np.ndarray
    gy: np.ndarray
    axes: tuple[str, ...]
    noise: float
    ratios: dict[str, float]
    terms: np.ndarray

    def __post_init__(self) -> None:
        off = np.abs(self.yours - self.numeric)
        self.scale = float(np.abs(self.numeric).max(initial=0)) or 1.0
        # A pattern explains a mistake that it makes a thousand times smaller.
        largest = float(off[np.isfinite(off)].max(initial=0))
        self.close_to = max(self.noise * self.scale, 1e-3 * largest)
        self.wrong = ~(off <= self.close_to)

    def explain(
        self, derivative_for: Callable[[np.ndarray], np.ndarray], ignores_gy: bool = False
    ) -> str:
        """Return the pattern in words, or "" where none is known.

        `derivative_for(gy)` evaluates the derivative for another gy; `ignores_gy` says that
        another gy gave the same gradient.
        """
        if not self.wrong.any():  # what was wrong lies at kinks
            return ""
        tries = chain(
            ["yours does not depend on gy"] if ignores_gy else [],
            self._nothing(),
            self._ratio(),
            self._transposed(),
            self._flipped(),
            self._part_of_the_batch(derivative_for),
            self._shifted(),
            self._zeros(),
            self._assigned(),
            self._small(),
            self._region(),
        )
        return next(tries, "")

    def _equal(self, a: np.ndarray, b: np.ndarray) -> bool:
        return a.shape == b.shape and bool((np.abs(a - b) <= self.close_to).all())

    def _has_large(self, part: np.ndarray) -> bool:
        return bool(np.abs(part).max(initial=0) > 0.1 * self.scale)

    def _nothing(self) -> Iterator[str]:
        if not self.yours.any():
            yield "yours is zero everywhere"

    def _ratio(self) -> Iterator[str]:
        large = np.abs(self.numeric) > 1e-3 * self.scale
        if large.sum() < 2:
            return
        ratio = float(np.median(self.yours[large] / self.numeric[large]))
        if ratio == 0 or not self._equal(self.yours, ratio * self.numeric):
            return
        if abs(ratio + 1) < 1e-4:
            yield "yours == -numeric: the sign"
        meanings: dict[str, float] = {}
        for what, value in self.ratios.items():
            meanings |= {f"{value:g} ({what})": value, f"1/{value:g} (one over {what})": 1 / value}
        meanings |= {"2": 2.0, "1/2": 0.5}
        for sign in (1, -1):
            fitting = [w for w, v in meanings.items() if abs(ratio - sign * v) <= 1e-4 * v]
            if fitting:
                plain = [w for w in fitting[1:] if w in ("2", "1/2")]  # a factor, whatever its size
                what = ", or ".join(fitting[:1] + plain)
                yield f"yours == {'-' if sign < 0 else ''}numeric * {what}"
        yield f"yours == numeric * {ratio:.10g}, a constant"

    def _transposed(self) -> Iterator[str]:
        for order in permutations(range(self.numeric.ndim)):
            moved = [self.axes[i] for i, j in enumerate(order) if i != j]
            if moved and self._equal(self.yours, self.numeric.transpose(order)):
                yield f"yours == numeric transposed in ({', '.join(moved)})"

    def _flipped(self) -> Iterator[str]:
        for chosen in _subsets(self.numeric.ndim):
            if self._equal(self.yours, np.flip(self.numeric, chosen)):
                yield f"yours == numeric flipped along ({', '.join(self.axes[i] for i in chosen)})"

    def _part_of_the_batch(
        self, derivative_for: Callable[[np.ndarray], np.ndarray]
    ) -> Iterator[str]:
        if self.gy.ndim < 2 or len(self.gy) < 2:
            return
        for image, which in ((0, "the first"), (len(self.gy) - 1, "the last")):
            alone = np.zeros_like(self.gy)
            alone[image] = self.gy[image]
            if self._equal(self.yours, derivative_for(alone)):
                yield (
                    f"yours is the gradient of {which} image alone: the sum over the batch is "
                    "missing"
                )

    def _shifted(self) -> Iterator[str]:
        for chosen in _subsets(self.numeric.ndim, most=2):
            for by in (1, 2, 3, -1, -2, -3):
                to = tuple(_part(by if a in chosen else 0) for a in range(self.numeric.ndim))
                source = tuple(_part(-by if a in chosen else 0) for a in range(self.numeric.ndim))
                yours, numeric = self.yours[to], self.numeric[source]
                enough = 2 * numeric.size >= self.numeric.size and self._has_large(numeric)
                if enough and self._equal(yours, numeric):
                    along = " and ".join(self.axes[a] for a in chosen)
                    yield f"yours == numeric shifted by {by:+d} along {along}: the padding?"

    def _zeros(self) -> Iterator[str]:
        if not self.yours[self.wrong].any():
            yield f"yours is zero where it should not be: {self._where()}"
        elif (np.abs(self.numeric[self.wrong]) <= self.close_to).all():
            yield f"yours should be zero and is not: {self._where()}"

    def _assigned(self) -> Iterator[str]:
        wrong, terms = self.yours[self.wrong], self.terms[self.wrong.reshape(-1)]
        off = np.abs(terms - wrong[:, None]).min(axis=1, initial=np.inf)
        if len(wrong) > 1 and (off <= self.noise * self.scale).all():
            yield (
                "every wrong entry is one term of its sum: `=` in place of `+=`, where windows "
                "overlap or a loop comes by again?"
            )

    def _small(self) -> Iterator[str]:
        off = float(np.abs(self.yours - self.numeric).max() / self.scale)
        if off < 0.01 and self.wrong.mean() > 0.5:
            yield f"right to {off:.0e} almost everywhere: a small term is missing or a constant off"

    def _region(self) -> Iterator[str]:
        if where := self._where(""):
            yield f"wrong only at {where}"

    def _where(self, otherwise: str = "here and there") -> str:
        """Return the smallest box around the wrong entries: "height 4 to 5, channel 0"."""
        parts = []
        for axis, name in enumerate(self.axes):
            others = tuple(a for a in range(self.wrong.ndim) if a != axis)
            hit = np.flatnonzero(self.wrong.any(axis=others))
            if 0 < len(hit) < self.wrong.shape[axis] and hit[-1] - hit[0] + 1 == len(hit):
                parts.append(f"{name} {hit[0]}" + (f" to {hit[-1]}" if len(hit) > 1 else ""))
        return ", ".join(parts) or otherwise


def _subsets(rank: int, most: int | None = None) -> Iterator[tuple[int, ...]]:
    for count in range(1, (most or rank) + 1):
        yield from combinations(range(rank), min(count, rank))


def _part(by: int) -> slice:
    """Return the part of an axis that is left when its beginning (or end) is cut off."""
    return slice(by, None) if by >= 0 else slice(None, by)
