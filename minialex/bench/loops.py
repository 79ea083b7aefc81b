"""How many machine instructions a thread executes, counted without executing any.

A kernel spends its time in loops, which go from element to element. The instructions of an element
are therefore those on the way round the loop that handles it, and a share of those on the way round
each loop outside. Where ways part, the longest counts, so that this is an upper bound: threads of
one warp that part are not foreseen, but these kernels have no `else` at which they could.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

LABEL = re.compile(r"(\.L_x_\d+):")
INSTRUCTION = re.compile(r"\s*/\*[0-9a-f]{4,}\*/\s+(.*?)\s*;")
JUMP = re.compile(r"BRA\b.*`\((\.L_x_\d+)\)")
LEAVES = re.compile(r"BRA(\.\w+)* `|EXIT|RET")  # at the beginning: without a condition


class Loop(NamedTuple):
    """The first and the last instruction; the last jumps back to the first."""

    first: int
    last: int

    def within(self, other: "Loop") -> bool:
        return self != other and other.first <= self.first and self.last <= other.last


class Code:
    """The instructions of one kernel, read from the lines that nvdisasm prints.

    Attributes
    ----------
    instructions : list of str
    loops : list of Loop
        The shortest first.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self.instructions: list[str] = []
        labels = {}
        for line in lines:
            if found := LABEL.match(line):
                labels[found[1]] = len(self.instructions)
            elif (found := INSTRUCTION.match(line)) and not found[1].startswith("NOP"):
                self.instructions.append(found[1])
        found_jumps = ((at, JUMP.search(text)) for at, text in enumerate(self.instructions))
        self.jumps = {at: labels[jump[1]] for at, jump in found_jumps if jump}
        backwards = {Loop(to, at) for at, to in self.jumps.items() if to < at}
        self.loops = sorted(backwards, key=lambda loop: loop.last - loop.first)

    def nests(self) -> list[list[Loop]]:
        """Return every loop that has none in it, each followed by the loops around it."""
        return [
            [inner, *(loop for loop in self.loops if inner.within(loop))]
            for inner in self.loops
            if not any(loop.within(inner) for loop in self.loops)
        ]

    def way_round(self, loop: Loop) -> int:
        """Return the instructions of the longest way round a loop, without those of inner loops."""
        inner = [other for other in self.loops if other.within(loop)]
        longest: dict[int, int] = {}  # from an instruction to the last one of the loop
        for i in range(loop.last, loop.first - 1, -1):
            ways = [longest.get(i + 1, 0)] if not LEAVES.match(self.instructions[i]) else []
            if i < self.jumps.get(i, 0) <= loop.last:
                ways.append(longest[self.jumps[i]])
            counts = not any(other.first <= i <= other.last for other in inner)
            longest[i] = counts + max(ways, default=0)
        return longest[loop.first]

    def per_element(self, around: Sequence[float]) -> float:
        """Return the instructions that a thread executes for each element.

        Parameters
        ----------
        around : sequence of float
            Elements that are done when a loop was gone round once, the innermost loop first.

        Raises
        ------
        ValueError
            So many loops are not nested anywhere.
        """
        nests = self.nests()
        ways = [
            sum(self.way_round(loop) / n for loop, n in zip(nest, around, strict=True))
            for nest in nests
            if len(nest) == len(around)
        ]
        if not ways:
            depths = sorted(map(len, nests))
            raise ValueError(f"expected {len(around)} nested loops, found nests of {depths}")
        return max(ways)
