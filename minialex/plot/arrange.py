"""Where the blocks of a network stand: in lines, as words do, and in towers above each other."""

from math import ceil
from typing import NamedTuple

from minialex.plot.blocks import Block, Box, Scale

WIDTH, MARGIN, GAP = 7.2, 0.1, 0.1  # inches
SMALL, LINE = 7, 0.125  # points of text, and inches from one of its lines to the next
LETTER = 0.63 * SMALL / 72  # inches
SLANT = 0.22  # how much of a box's depth is drawn, to the right and up


class Place(NamedTuple):
    """A block in the figure: its box, the lower left corner of each tower's, its labels' top."""

    block: Block
    box: Box
    x: float
    ys: tuple[float, ...]
    label_y: float

    def face(self, tower: int, across: float, up: float) -> tuple[float, float]:
        """Return a point of the side that faces the next block; both run from 0 to 1."""
        slant = across * SLANT * self.box.depth
        return self.x + self.box.thickness + slant, self.ys[tower] + slant + up * self.box.height

    def entrance(self, tower: int, up: float = 0.5) -> tuple[float, float]:
        """Return a point of the edge that faces the block before."""
        return self.x, self.ys[tower] + up * self.box.height


def arranged(drawn: list[Block]) -> tuple[list[list[Place]], float]:
    """Return the blocks' places, line by line, and the height of all lines; y = 0 is below."""
    scale = Scale.of(drawn)
    boxed = [(block, scale.box(block)) for block in drawn]
    lines = broken([(block, box, slot(block, box)) for block, box in boxed])
    total = sum(sum(extent(line)) for line in lines)
    places, top = [], total
    for line in lines:
        above, below, labels = extent(line)
        places.append(placed(line, top - above, top - above - below - 0.6 * LINE))
        top -= above + below + labels
    return places, total


def slot(block: Block, box: Box) -> float:
    """Return the width that a block takes up with its text."""
    letters = max(map(len, (block.name, block.size, *block.notes, *block.marks)))
    return GAP + max(box.thickness + SLANT * box.depth, letters * LETTER)


Slots = list[tuple[Block, Box, float]]


def broken(slots: Slots) -> list[Slots]:
    """Break the blocks into as few lines as hold them, about equally full."""
    room, total = WIDTH - 2 * MARGIN, sum(width for *_, width in slots)
    for count in range(ceil(total / room), len(slots) + 1):
        lines: list[Slots] = [[] for _ in range(count)]
        end = 0.0
        for one in slots:
            lines[min(int((end + one[2] / 2) * count / total), count - 1)].append(one)
            end += one[2]
        if all(sum(width for *_, width in line) <= room for line in lines):
            return lines
    return [[one] for one in slots]  # a block alone is wider than a line


def extent(line: Slots) -> tuple[float, float, float]:
    """Return what a line needs above and below the middle of its boxes, and for its labels."""
    above = max(offsets(line, b)[0] + box.height / 2 + over(b, box) for b, box, _ in line)
    below = max(offsets(line, b)[0] + box.height / 2 for b, box, _ in line)
    return above, below, LINE * (3.4 + max(len(block.notes) for block, *_ in line))


def over(block: Block, box: Box) -> float:
    """Return what stands above a box: its upper side, and text."""
    return SLANT * box.depth + LINE * (len(block.marks) + (block.towers > 1) + 0.3)


def offsets(line: Slots, block: Block) -> list[float]:
    """Return how far above the middle of the line each tower of a block is."""
    split = [(b, box) for b, box, _ in line if b.towers > 1]
    pitch = max((box.height + over(b, box) for b, box in split), default=0.0) + GAP / 2
    return [((block.towers - 1) / 2 - tower) * pitch for tower in range(block.towers)]


def placed(line: Slots, middle: float, label_y: float) -> list[Place]:
    """Return the places of a line's blocks, each in the middle of its slot."""
    places = []
    spare = max(WIDTH - 2 * MARGIN - sum(width for *_, width in line), 0) / len(line)
    left = MARGIN
    for block, box, width in line:
        width += min(spare, 0.4)
        x = left + (width - box.thickness - SLANT * box.depth) / 2
        ys = tuple(middle + up - box.height / 2 for up in offsets(line, block))
        places.append(Place(block, box, x, ys, label_y))
        left += width
    return places
