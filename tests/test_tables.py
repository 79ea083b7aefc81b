"""Tables on the terminal."""

import sys

import pytest

from minialex import tables


def test_a_narrow_terminal_cuts_nothing_off(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    tables.show(("model", ">parameters", "source"), [("alexnet-2012-coded", 60_965_224, "a" * 60)])
    printed = capsys.readouterr().out
    for cell in ("alexnet-2012-coded", "60,965,224", "a" * 60):
        assert cell in printed


@pytest.mark.parametrize("share", [None, float("nan")])
def test_a_share_of_nothing_is_a_dash(share):
    assert tables.percent(share) == "-"


def test_brackets_are_no_markup(capsys):
    tables.show(("file",), [("[red]x[/red]",)])
    assert "[red]x[/red]" in capsys.readouterr().out
