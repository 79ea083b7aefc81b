"""Figures in a page: colours that follow the theme, ids that do not clash, sliders that move."""

import re

import numpy as np
import pytest

from minialex.plot import BLUE, INK, bare, canvas, show, slider
from minialex.plot.style import COLOURS


def line(title: str = "", colour: str = BLUE):
    figure, axes = canvas(size=(3, 2))
    axes.plot([0, 1, 2], [0, 1, 0], color=colour, marker="o")
    axes.set_title(title)
    return figure


@pytest.mark.parametrize("name", COLOURS)
def test_our_colours_are_variables_of_the_page(name):
    markup = show(line(colour=COLOURS[name]), "a line")._repr_html_()
    assert f"var(--minialex-{name}, {COLOURS[name]})" in markup
    assert not re.search(rf"(?<!, ){COLOURS[name]}", markup)


def test_axes_and_titles_are_drawn_in_our_colours():
    """What matplotlib draws by itself would otherwise be black on a dark page."""
    markup = show(line("title"), "a line")._repr_html_()
    assert "#000000" not in markup
    assert INK in markup


def test_those_who_cannot_see_a_figure_are_told():
    shown = show(line(), 'y > x & "more"')
    assert 'aria-label="y &gt; x &amp; &quot;more&quot;"' in shown._repr_html_()
    assert repr(shown) == 'y > x & "more"'


def test_text_stays_text():
    assert ">peak</text>" in show(line("peak"), "a line")._repr_html_()


def test_html_has_no_empty_line():
    """In Markdown, one would end the block of HTML, and the rest would be shown as text."""
    assert not re.search(r"\n\s*\n", slider([line("a"), line("b")], "ab", "x", "y")._repr_html_())


def ids(markup: str) -> list[str]:
    return re.findall(r'<clipPath id="([^"]+)"', markup)


def test_frames_do_not_share_ids():
    """A hidden frame's clip path would hide what another one draws."""
    found = ids(slider([line(), line(), line()], [1, 2, 3], "n", "a line")._repr_html_())
    assert len(found) == len(set(found)) == 3


def test_figures_are_the_same_at_every_build():
    assert show(line("a"), "a")._repr_html_() == show(line("a"), "a")._repr_html_()


def test_a_slider_shows_one_frame_and_its_value():
    markup = slider([line(str(i)) for i in range(3)], [1e-4, 0.5, "<b>"], "alpha", "s", start=1)
    frames = re.findall(
        r'<div class="minialex-figure" data-value="([^"]*)"( hidden)?>', str(markup._repr_html_())
    )
    assert frames == [("0.0001", " hidden"), ("0.5", ""), ("&lt;b&gt;", " hidden")]
    assert "<output>0.5</output>" in markup._repr_html_()
    assert "max='2' value='1'" in markup._repr_html_()


def test_as_many_values_as_figures():
    with pytest.raises(ValueError, match="zip"):
        slider([line(), line()], [1], "n", "a line")


def test_a_bare_picture_has_no_ticks():
    figure, axes = canvas()
    bare(axes).imshow(np.zeros((2, 2)))
    assert "xtick" not in show(figure, "a picture")._repr_html_()
