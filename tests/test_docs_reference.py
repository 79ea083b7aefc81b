"""docs/reference, the maps and CITATION.cff: nothing public is missing, and nothing is stale."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import minialex
from minialex.models import MODELS
from minialex.recipes import RECIPES

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs" / "reference").glob("*.rst"))
DIRECTIVE = re.compile(r"^\.\. (auto|py:)(?:class|function|data|exception):: (\S+)$", re.MULTILINE)
TABLE = re.compile(r"^\.\. autosummary::\n(?:   :.*\n)*\n((?:   \S+\n)+)", re.MULTILINE)

# Modules whose every function and class is public; of others, only what __all__ names.
OPEN = (
    "adam", "assembly", "backend", "convert", "errors", "evaluate", "initial", "inside", "layer",
    "optim", "receptive", "schedules", "shapes", "windows", "window_layer", "data.augment",
    "data.colour", "data.pixels", "data.views", "exercises.drawn", "models.compare",
)  # fmt: skip


def thing(name: str):
    """Return what a dotted name stands for."""
    module, attribute = name.rsplit(".", 1)
    return getattr(importlib.import_module(module), attribute)


def documented() -> list[str]:
    """Return the names that have a directive of autodoc."""
    return [
        name
        for page in PAGES
        for kind, name in DIRECTIVE.findall(page.read_text(encoding="utf-8"))
        if kind == "auto"
    ]


def modules_with_all() -> list[str]:
    found = [
        module.name
        for module in pkgutil.walk_packages(minialex.__path__, "minialex.")
        if not re.search(r"\.(kernels|bench|__main__|pytest_plugin)", module.name)
    ]
    return [
        "minialex", *(name for name in found if hasattr(importlib.import_module(name), "__all__"))
    ]  # fmt: skip


def identity(name: str):
    """Return something that two names of one object share, and those of two objects do not."""
    value = thing(name)
    if inspect.isroutine(value) or inspect.isclass(value) or hasattr(value, "reference"):
        return value.__module__, getattr(value, "__qualname__", name)
    return name.rsplit(".", 1)[1], id(value)


PUBLIC = [
    f"{module}.{name}"
    for module in modules_with_all()
    for name in importlib.import_module(module).__all__
]
PUBLIC += [
    f"minialex.{module}.{name}"
    for module in OPEN
    for name, value in vars(importlib.import_module(f"minialex.{module}")).items()
    if not name.startswith("_")
    and callable(value)
    and getattr(value, "__module__", "") == f"minialex.{module}"
]


def test_every_public_name_is_documented():
    shown = {identity(name) for name in documented()}
    by_hand = {  # py:data and py:function, for names that autodoc cannot show
        name
        for page in PAGES
        for kind, name in DIRECTIVE.findall(page.read_text(encoding="utf-8"))
        if kind == "py:"
    }
    missing = [name for name in PUBLIC if identity(name) not in shown and name not in by_hand]
    for name in by_hand:
        thing(name)  # raises where it is gone
    assert not missing


def test_no_name_is_documented_twice():
    names = documented()
    assert len(names) > 140
    assert len(set(names)) == len(names) == len({identity(name) for name in names})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_tables_of_a_page_list_what_follows_them(page):
    text = page.read_text(encoding="utf-8")
    listed = [line.strip(" ~") for table in TABLE.findall(text) for line in table.splitlines()]
    shown = [name for kind, name in DIRECTIVE.findall(text) if kind == "auto"]
    if page.stem == "index":  # whose names are explained on the other pages
        assert sorted(set(minialex.__all__) - {"__version__", "MODELS"}) == sorted(
            name.removeprefix("minialex.") for name in listed
        )
    else:
        assert sorted(listed) == sorted(shown)


def test_the_index_has_every_page():
    text = (ROOT / "docs" / "reference" / "index.rst").read_text(encoding="utf-8")
    assert {page.stem for page in PAGES} - {"index"} == set(re.findall(r"^   (\w+)$", text, re.M))


def test_the_map_has_every_model_every_recipe_and_files_that_exist():
    text = (ROOT / "docs" / "paper-map.md").read_text(encoding="utf-8")
    assert not [name for name in (*MODELS, *RECIPES) if f"`{name}`" not in text]
    theirs = {"convdata_jpeg.py"}
    files = set(re.findall(r"`([\w/]+\.py)`", text)) - theirs
    assert not [name for name in files if not (ROOT / "minialex" / name).exists()]


def test_the_glossary_is_sorted_and_every_term_that_it_refers_to_is_there():
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = re.findall(r"^([^\s`#].*)\n  \S", text, re.MULTILINE)
    assert len(terms) > 60
    assert terms == sorted(terms, key=str.lower)
    known = {term.lower() for term in terms}
    assert {term.lower() for term in re.findall(r"\{term\}`([^`]+)`", text)} <= known


def test_citation_states_this_version():
    for file in ("CITATION.cff", "docs/cite.md"):
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"\bversion\W+{re.escape(minialex.__version__)}\b", text), file
