"""Known-wrong layers: every one is caught with the default settings, and the right thing is blamed.

A checker that lets one of these pass tells its user that a wrong gradient is right.
"""

import mutant_table
import pytest
from mutants import MUTANTS, Case


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_wrong_layer_is_caught_and_the_place_is_named(mutant):
    report = mutant_table.report(mutant)
    blamed = [f"{p.kind}: {p.where}: {p.summary}" for p in report.problems]
    assert any(mutant.where in text for text in blamed), f"{mutant.where} is not in {blamed}"


@pytest.mark.parametrize("make", dict.fromkeys(mutant.make for mutant in MUTANTS))
def test_without_its_fault_the_layer_is_right(make):
    """Otherwise the test above would show nothing."""
    report = make(None).check()
    assert report.ok, report


def test_names_are_unique():
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 40


def test_the_page_is_what_its_generator_writes():
    """Verdicts of all checkers are run again: no cell of the page is an old claim."""
    assert mutant_table.PAGE.read_text() == mutant_table.page()


def test_a_fault_with_an_unknown_name_would_pass():
    """The suite depends on names: a misspelt one must show as a mutant that is not caught."""
    mutant = MUTANTS[0]
    assert isinstance(mutant.make(None), Case)
    assert mutant.make("no such fault").check().ok
