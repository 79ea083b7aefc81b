"""A network as blocks: which of its layers are drawn, how large, and what is written below them."""

import re
from math import sqrt
from typing import NamedTuple

from minialex.assembly import Plan
from minialex.layer import Layer, Shape
from minialex.tables import shape as times

DRAWN = ("conv", "local", "pool", "fc")  # and whatever changes a shape
MARKS = {"lrn": "LRN", "maplrn": "map LRN"}  # written above the block that they normalise
TIMES = "\N{MULTIPLICATION SIGN}"
MOST_TOWERS = 4
TALLEST, WIDEST, LONGEST = 1.15, 0.32, 1.0  # inches: largest map, most channels, longest vector
THIN = 0.09  # inches of a vector


class Block(NamedTuple):
    """A layer that is drawn.

    Attributes
    ----------
    name, kind : str
    shape : tuple
        Of its output, of all towers together.
    towers : int
        Boxes that it is split into: the paper's two GPUs, or one.
    window : (height, width) or None
        What one output sees of the map before; None where it sees everything, or copies.
    crosses : bool
        Whether a tower sees the other towers of the block before.
    notes : tuple of str
        Lines to write below the name and the shape.
    marks : tuple of str
        Normalisations that follow.
    """

    name: str
    kind: str
    shape: Shape
    towers: int = 1
    window: tuple[int, int] | None = None
    crosses: bool = False
    notes: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()

    @property
    def size(self) -> str:
        """The shape as it is written below the block."""
        return times(self.shape).replace("x", TIMES)


class Box(NamedTuple):
    """The edges of one tower of a block, in inches: of channels, height and width."""

    thickness: float
    height: float
    depth: float


class Scale(NamedTuple):
    """Inches for each square root of a pixel, of a channel."""

    pixel: float
    channel: float

    @classmethod
    def of(cls, drawn: list[Block]) -> "Scale":
        """Return the scale at which the largest map and the longest vector have their sizes."""
        pixels = max((max(b.shape[:2]) for b in drawn if len(b.shape) == 3), default=1)
        fits = [
            (WIDEST if len(b.shape) == 3 else LONGEST) / sqrt(b.shape[-1] / b.towers) for b in drawn
        ]
        return cls(TALLEST / sqrt(pixels), min(fits))

    def box(self, block: Block) -> Box:
        """Return the box of one of the block's towers; vectors stand upright."""
        channels = self.channel * sqrt(block.shape[-1] / block.towers)
        if len(block.shape) != 3:
            return Box(THIN, channels, THIN)
        height, width, _ = block.shape
        return Box(channels, self.pixel * sqrt(height), self.pixel * sqrt(width))


def blocks(plan: Plan) -> list[Block]:
    """Return the blocks of a network, first the picture."""
    towers = towers_of(plan)
    drawn = [Block("input", "input", plan.input_shape)]
    last = max((i for i, layer in enumerate(plan.layers) if layer.kind == "fc"), default=None)
    for i, (layer, before, after) in enumerate(plan.steps()):
        if layer.kind in MARKS:
            marks = (*drawn[-1].marks, MARKS[layer.kind])
            drawn[-1] = drawn[-1]._replace(marks=marks)
        elif layer.kind in DRAWN or (before != after and layer.kind != "flatten"):
            splits = i != last and after[-1] % towers == 0 and drawn_in_towers(layer, drawn[-1])
            mixes = layer.kind not in ("pool", "pad") and getattr(layer, "groups", 1) == 1
            block = Block(
                layer.name, layer.kind, after, towers if splits else 1,
                None if layer.kind == "fc" else getattr(layer, "kernel", None),
                mixes, notes(layer),
            )  # fmt: skip
            drawn.append(block)
    return drawn


def towers_of(plan: Plan) -> int:
    """Return in how many towers a network is drawn: its number of groups, if there is just one.

    >>> from minialex.models import plan
    >>> towers_of(plan("alexnet-2012")), towers_of(plan("alexnet-merged"))
    (2, 1)
    """
    numbers = {getattr(layer, "groups", 1) for layer in plan.layers if layer.kind == "conv"} - {1}
    only = numbers.pop() if len(numbers) == 1 else 1
    return only if only <= MOST_TOWERS else 1


def drawn_in_towers(layer: Layer, before: Block) -> bool:
    """Tell whether a layer has towers at all: padding of the one picture has not."""
    return layer.kind in ("conv", "local", "fc") or before.towers > 1


def notes(layer: Layer) -> tuple[str, ...]:
    """Return a layer's details, one a line, without what the diagram shows or goes without saying.

    >>> from minialex.layers import Conv2d
    >>> notes(Conv2d(96, 11, stride=4, rounding="ceil"))[1:]
    ('stride 4', 'rounds up')
    """
    if layer.kind == "fc":
        return ()
    text = f"pad {layer.details()}" if layer.kind == "pad" else layer.details()
    parts = re.split(r", (?![^(]*\))", text)  # not within (top, bottom, left, right)
    told = [part for part in parts if part not in ("", "stride 1")]
    lines = [re.sub(r"(?<=\d)x(?=\d)", TIMES, part) for part in told]
    if getattr(layer, "rounding", "floor") == "ceil":
        lines.append("rounds up")
    return tuple(lines)
