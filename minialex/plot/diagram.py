"""The layers of a network, drawn as blocks."""

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from minialex.assembly import Plan
from minialex.plot.arrange import GAP, LINE, MARGIN, SLANT, SMALL, WIDTH, Place, arranged
from minialex.plot.blocks import blocks
from minialex.plot.style import BLUE, GREEN, GREY, INK, ORANGE, PAPER, PURPLE, SKY, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"conv": BLUE, "local": SKY, "pool": GREEN, "fc": ORANGE}
HEADER, FOOTER = 0.36, 0.24  # inches
SCALE = (
    "Edges: square roots of height, width and channels. Dense layers stand upright. "
    "Windows: to the scale of their map."
)


def model(plan: Plan) -> "Figure":
    """Draw the layers of a network, from left to right, with the shapes of their outputs.

    A network of two groups is drawn as two towers, as in the paper's figure 2: a layer whose
    connections do not cross sees its own tower only. Edges grow with the square root of height,
    width and channels, so that a map of 6 pixels can be seen beside a picture of 227.

    Parameters
    ----------
    plan : Plan
        `minialex.models.plan(name)`, or any network.
    """
    lines, height = arranged(blocks(plan))
    figure, axes = canvas(size=(WIDTH, height + HEADER + FOOTER))
    figure.set_layout_engine("none")
    axes.set_position((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(-FOOTER, height + HEADER))  # in inches
    axes.set_axis_off()
    params, work = plan.totals()
    totals = f"{params:,} parameters, {work:,} multiply-adds a picture"
    axes.text(MARGIN, height + 0.17, plan.name, size=11, weight="bold")
    axes.text(WIDTH - MARGIN, height + 0.17, totals, size=8, color=GREY, ha="right")
    axes.text(MARGIN, 0.1 - FOOTER, SCALE, size=SMALL, color=GREY)
    for line in lines:
        for place in line:
            draw(axes, place)
        for before, after in pairwise(line):
            connect(axes, before, after)
    for line in lines[:-1]:
        arrow(axes, line[-1])
    return figure


def draw(axes: "Axes", place: Place) -> None:
    """Draw a block, what normalises it, and its labels."""
    block, (thickness, height, depth), x = place.block, place.box, place.x
    colour = COLOURS.get(block.kind, GREY)
    slant = SLANT * depth
    for tower, y in enumerate(place.ys):
        corners = [place.face(tower, *corner) for corner in ((0, 0), (1, 0), (1, 1), (0, 1))]
        lid = [(x, y + height), corners[3], corners[2], (x + slant, y + height + slant)]
        front = [(x, y), corners[0], corners[3], (x, y + height)]
        for side, alpha in ((front, 1.0), (lid, 0.65), (corners, 0.4)):
            polygon(axes, side, facecolor=(colour, alpha), edgecolor=PAPER, linewidth=0.5, zorder=2)
        tags = [str(block.shape[-1] // block.towers)] if block.towers > 1 else []
        for i, tag in enumerate((*tags, *block.marks)):
            above = y + height + slant + LINE * (i + 0.3)
            marked = tag in block.marks
            style: dict[str, Any] = {"color": PURPLE if marked else GREY}
            style["weight"] = "bold" if marked else "normal"
            axes.text(x + (thickness + slant) / 2, above, tag, size=SMALL, ha="center", **style)
    middle = x + (thickness + slant) / 2
    styles: tuple[dict[str, Any], ...] = ({"weight": "bold"}, {}, {"color": GREY})
    for i, text in enumerate((block.name, block.size, *block.notes)):
        y = place.label_y - LINE * i
        axes.text(middle, y, text, size=SMALL, ha="center", va="top", **styles[min(i, 2)])


def connect(axes: "Axes", before: Place, after: Place) -> None:
    """Draw what each tower of a block sees of the block before."""
    for here in range(len(after.ys)):
        for there in range(len(before.ys)):
            if len(before.ys) == len(after.ys) and here != there and not after.block.crosses:
                continue
            if after.block.window and len(before.block.shape) == 3:
                look(axes, before, there, after, here)
            else:
                ends = [after.entrance(here, 1), after.entrance(here, 0)]
                faces = [before.face(there, 0, 0), before.face(there, 1, 1)]
                polygon(axes, [*faces, *ends], facecolor=(GREY, 0.22), linewidth=0, zorder=3)


def look(axes: "Axes", before: Place, there: int, after: Place, here: int) -> None:
    """Draw one window on the face of a tower, and the lines from it to what it becomes."""
    assert after.block.window is not None
    high, wide = (
        min(k / size, 1) / 2
        for k, size in zip(after.block.window, before.block.shape, strict=False)
    )
    sides = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    corners = [before.face(there, 0.5 + a * wide, 0.5 + b * high) for a, b in sides]
    goal = after.entrance(here)
    for start, end in ((corners[0], corners[2]), (corners[1], corners[3])):
        polygon(axes, [start, end, goal], facecolor=(GREY, 0.12), linewidth=0, zorder=3)
    for corner in corners:
        axes.plot(*zip(corner, goal, strict=True), color=GREY, linewidth=0.5, zorder=3)
    polygon(axes, corners, facecolor=(INK, 0.25), edgecolor=INK, linewidth=0.6, zorder=4)


def arrow(axes: "Axes", last: Place) -> None:
    """Draw that the network goes on in the next line."""
    for tower in range(len(last.ys)):
        x, y = last.face(tower, 1, 0.5)
        axes.text(x + GAP / 2, y, "→", size=11, color=GREY, va="center")


def polygon(axes: "Axes", corners: list[tuple[float, float]], **style) -> None:
    from matplotlib.patches import Polygon

    axes.add_patch(Polygon(corners, closed=True, **style))
