"""Figures inside a page: they follow its theme, and sliders move without any library.

In a notebook and in the course, the last expression of a cell is shown:

    figure, axes = canvas()
    axes.plot(...)
    show(figure, "what a reader who cannot see the figure should know")
"""

import html
import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from minialex.plot.style import COLOURS, rc

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Hides all frames but the chosen one, and writes its value behind the slider.
MOVE = (
    "const box = this.closest('.minialex-slider');"
    "[...box.children].forEach((frame, i) => { if (frame.dataset.value !== undefined) "
    "{ frame.hidden = i != this.value; "
    "if (!frame.hidden) box.querySelector('output').value = frame.dataset.value } })"
)


class Inline:
    """What a notebook shows as HTML."""

    def __init__(self, markup: str, text: str) -> None:
        self.markup, self.text = markup, text

    def _repr_html_(self) -> str:
        return self.markup

    def __repr__(self) -> str:
        return self.text


def show(figure: "Figure", alt: str) -> Inline:
    """Return a figure for a page, as an SVG whose colours are those of the page's theme.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Best made by `canvas`.
    alt : str
        What it shows, for those who cannot see it.
    """
    label = html.escape(alt, quote=True)
    markup = f'<div class="minialex-figure" role="img" aria-label="{label}">{svg(figure)}</div>'
    return Inline(markup, alt)


def slider(
    figures: Sequence["Figure"], values: Sequence[object], label: str, alt: str, start: int = 0
) -> Inline:
    """Return figures of which a slider shows one at a time.

    Parameters
    ----------
    figures : sequence of Figure
        All of one size.
    values : sequence
        What stands behind the slider while each is shown.
    label : str
        Of the slider.
    alt : str
        What moves, for those who cannot see it.
    start : int
        Which figure is shown first.
    """
    frames = "".join(
        f'<div class="minialex-figure" data-value="{html.escape(str(value), quote=True)}"'
        f"{'' if i == start else ' hidden'}>{svg(figure, f'{label} {value}')}</div>"
        for i, (figure, value) in enumerate(zip(figures, values, strict=True))
    )
    control = (
        f"<label>{html.escape(label)} <input type='range' min='0' max='{len(figures) - 1}' "
        f"value='{start}' oninput=\"{MOVE}\"> <output>{html.escape(str(values[start]))}</output>"
        "</label>"
    )
    box = f'<div class="minialex-slider" role="group" aria-label="{html.escape(alt, quote=True)}">'
    return Inline(f"{box}{frames}{control}</div>", alt)


def svg(figure: "Figure", salt: str = "") -> str:
    """Return a figure as SVG to stand inside a page.

    A colour of ours becomes a variable of the style sheet, with itself where there is none.
    """
    from matplotlib import rc_context

    file = io.StringIO()
    names = f"{salt} {[axes.get_title(loc='left') for axes in figure.axes]}"
    with rc_context({**rc(), "svg.hashsalt": names}):  # ids that no other figure of a page has
        nameless = {"Date": None, "Creator": None}
        figure.savefig(file, format="svg", dpi="figure", facecolor="none", metadata=nameless)
    text = file.getvalue()
    text = text[text.index("<svg") :]
    for name, colour in COLOURS.items():
        text = text.replace(colour, f"var(--minialex-{name}, {colour})")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    return re.sub(r"\n\s*", "\n", text)  # an empty or indented line would end HTML in Markdown
