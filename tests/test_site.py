"""What can be said of the site without building it; `.ci/run` builds it and opens its pages."""

import re
import runpy
from pathlib import Path

import pytest

from minialex.exercises import EXERCISES

DOCS = Path(__file__).parents[1] / "docs"
CHAPTERS = {int(path.name[:2]): path for path in (DOCS / "course").glob("[0-9]*.md")}
NUMBERS = pytest.mark.parametrize("number", sorted(CHAPTERS))
LINKS = runpy.run_path(str(DOCS / "links.py"))


def text_of(number: int) -> str:
    return CHAPTERS[number].read_text(encoding="utf-8")


def prose_of(number: int) -> str:
    """Return a chapter without its front matter, cells and directives."""
    _, _, text = text_of(number).split("---\n", 2)
    return re.sub(r"```.*?```", "", text, flags=re.DOTALL)


def test_the_course_is_whole():
    assert sorted(CHAPTERS) == list(range(1, 16))
    assert sorted(EXERCISES) == sorted(CHAPTERS)


@NUMBERS
def test_a_chapter_has_its_parts(number):
    text = text_of(number)
    assert f"\n# {number}. " in text
    assert re.search(r"\{\.question\}\n.*\?\n", text)
    for part in ("## Exercise\n", "## What to read next\n", "```{livesource}", "$$\n"):
        assert part in text
    for command in ("start", "check"):
        assert f"minialex exercise {command} {number}\n" in text


@NUMBERS
def test_a_chapter_can_be_read_at_a_sitting(number):
    assert 1000 <= len(prose_of(number).split()) <= 2500


@NUMBERS
def test_every_figure_is_described(number):
    """`show` and `slider` ask for the words; what is shown otherwise has none."""
    cells = "".join(re.findall(r"```\{code-cell\} python\n(.*?)```", text_of(number), re.DOTALL))
    assert "plt." not in cells
    assert re.search(r"\b(show|slider)\(", cells)


@pytest.fixture
def site(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.html").write_text('<p id="here"><img src="../p.png"></p>')
    (tmp_path / "p.png").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("a/b.html", True),
        ("a/b.html#here", True),
        ("#top", True),
        ("https://example.org/x", True),
        ("a/b.html#there", False),
        ("a/c.html", False),
        ("#bottom", False),
        ("a", False),
        ("http://example.org", False),
        ("file:///etc/passwd", False),
    ],
)
def test_links_are_followed(site, link, leads):
    (site / "index.html").write_text(f'<h1 id="top"><a href="{link}">x</a></h1>')
    assert (LINKS["broken"](site) == []) == leads


def test_a_picture_that_is_missing_is_found(site):
    (site / "p.png").unlink()
    assert len(LINKS["broken"](site)) == 1
