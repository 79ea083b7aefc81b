"""What all pictures share: colours, and how a page shows them in its own theme."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's colours, distinct to colour-blind eyes; in a page with a dark theme, its style
# sheet (docs/_static/minialex.css) gives each a lighter tone, under the name that stands here.
INK, GREY, FAINT, PAPER = "#1f2328", "#5c5c5c", "#d9dce0", "#fefefe"
BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY = (
    "#0072b2", "#d55e00", "#009e73", "#aa4499", "#e69f00", "#56b4e9",
)  # fmt: skip
COLOURS = {
    "ink": INK, "grey": GREY, "faint": FAINT, "paper": PAPER, "blue": BLUE, "orange": ORANGE,
    "green": GREEN, "purple": PURPLE, "yellow": YELLOW, "sky": SKY,
}  # fmt: skip
LINES = (BLUE, ORANGE, GREEN, PURPLE, YELLOW, SKY)  # in the order in which lines take them


def canvas(
    rows: int = 1, columns: int = 1, size: tuple[float, float] = (7.2, 3.2), **subplots: Any
) -> tuple["Figure", Any]:
    """Return a figure and its axes, as `matplotlib.pyplot.subplots` does, in our style.

    What is drawn later is in our style too: matplotlib keeps it for the whole process.

    Parameters
    ----------
    rows, columns : int
    size : (width, height)
        In inches; a page shows 7.2 inches at its full width.
    **subplots
        Passed on to `Figure.subplots`.
    """
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams.update(rc())
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(rows, columns, **subplots)


def rc() -> Any:
    """Return what `matplotlib.rcParams` says in our style."""
    from cycler import cycler

    return {
        "svg.fonttype": "none",
        "font.family": "sans-serif",
        "font.size": 10,
        "mathtext.fontset": "dejavusans",
        "figure.facecolor": "none",
        "savefig.facecolor": PAPER,
        "savefig.dpi": 200,
        "axes.facecolor": "none",
        "axes.prop_cycle": cycler(color=LINES),
        "axes.edgecolor": GREY,
        "axes.labelcolor": GREY,
        "axes.titlecolor": INK,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "grid.color": FAINT,
        "text.color": INK,
        "xtick.color": GREY,
        "ytick.color": GREY,
        "legend.frameon": False,
        "lines.linewidth": 1.8,
    }


def bare(axes: "Axes") -> "Axes":
    """Take ticks and frame away, as for a picture; return the axes."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return axes
